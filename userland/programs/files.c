// SPDX-License-Identifier: BSD-2-Clause
/*
 * Files as a C library's stdio and directory functions use them, and a child over a pipe.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void lines(const char *path)
{
	FILE *file = fopen(path, "w+");
	char line[64];
	long total = 0;

	for (int i = 0; i < 5000; i++)
		fprintf(file, "line %d\n", i);
	fseek(file, 0, SEEK_SET);
	while (fgets(line, sizeof(line), file))
		total += strlen(line);
	printf("%ld bytes, ends at %ld\n", total, ftell(file));
	fclose(file);
}

static void mapped(const char *path)
{
	FILE *file = fopen(path, "r+");
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	char word[5] = "";

	memcpy(memory, "LINE", 4);
	munmap(memory, 4096);
	if (fread(word, 1, 4, file) == 4)
		printf("through the mapping: %s\n", word);
	fclose(file);
}

static void directory(void)
{
	struct dirent **names;
	int count = scandir("/tmp/programs", &names, NULL, alphasort);

	for (int i = 0; i < count; i++)
		printf("%s%s", names[i]->d_name, i + 1 < count ? " " : "\n");
}

int main(void)
{
	char output[128] = "";
	FILE *child;
	int status;

	mkdir("/tmp/programs", 0755);
	lines("/tmp/programs/lines");
	mapped("/tmp/programs/lines");
	symlink("lines", "/tmp/programs/link");
	directory();
	child = popen("echo from the child; exit 5", "r");
	if (!child || !fgets(output, sizeof(output), child))
		return 1;
	status = pclose(child);
	printf("%sstatus %d\n", output, WEXITSTATUS(status));
	unlink("/tmp/programs/link");
	unlink("/tmp/programs/lines");
	printf("rmdir: %d\n", rmdir("/tmp/programs"));
	return 0;
}
