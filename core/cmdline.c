// SPDX-License-Identifier: BSD-2-Clause
/* The command line, cut into words; "double quotes" keep blanks in a word. */
#include <arch/boot.h>
#include <janus/cmdline.h>
#include <janus/printk.h>
#include <janus/string.h>

#define MAX_WORDS 64

static char text[BOOT_CMDLINE_SIZE];
static char *words[MAX_WORDS];
static unsigned nr_words;

const char *init_argv[INIT_STRINGS_MAX + 2] = { "init" };
const char *init_envp[INIT_STRINGS_MAX + 2] = { "HOME=/", "TERM=linux" };

/* What the kernel itself reads, or Linux does: not handed to init. */
static const char *const kernel_words[] = {
	"console", "debug", "earlycon", "earlyprintk", "ignore_loglevel", "init", "ip", "loglevel", "maxcpus", "mem",
	"mitigations", "nokaslr", "norandmaps", "nosmp", "panic", "quiet", "rdinit", "reboot", "ro", "root",
	"rootfstype", "rootwait", "rw", "tsc", "BOOT_IMAGE", "initrd",
};

/* Next word at *s, unquoted in place and terminated; NULL at the end. */
static char *next_word(char **s)
{
	char *in = *s, *out, *word;
	bool quoted = false;

	while (*in == ' ' || *in == '\t' || *in == '\n')
		in++;
	if (!*in)
		return NULL;
	for (word = out = in; *in && (quoted || (*in != ' ' && *in != '\t' && *in != '\n')); in++) {
		if (*in == '"')
			quoted = !quoted;
		else
			*out++ = *in;
	}
	*s = *in ? in + 1 : in;
	*out = '\0';
	return word;
}

static bool is_kernel_word(const char *word)
{
	const char *end = strchr(word, '=');
	size_t n = end ? (size_t)(end - word) : strlen(word);

	if (memchr(word, '.', n))
		return true;	/* a module's parameter */
	for (unsigned i = 0; i < ARRAY_SIZE(kernel_words); i++)
		if (strlen(kernel_words[i]) == n && !strncmp(word, kernel_words[i], n))
			return true;
	return false;
}

static void append(const char **list, const char *word)
{
	unsigned i = 0;

	while (list[i])
		i++;
	if (i <= INIT_STRINGS_MAX)
		list[i] = word;
	else
		printk(KERN_WARNING "command line: too many words for init, '%s' is dropped\n", word);
}

void cmdline_init(void)
{
	char *s = text, *word;
	bool for_init = false;

	strlcpy(text, boot_info.cmdline, sizeof(text));
	while ((word = next_word(&s))) {
		if (!for_init && !strcmp(word, "--"))
			for_init = true;
		else if (for_init)
			append(init_argv, word);
		else if (!is_kernel_word(word))
			append(strchr(word, '=') ? init_envp : init_argv, word);
		else if (nr_words < MAX_WORDS)
			words[nr_words++] = word;
	}
}

const char *cmdline_get(const char *name)
{
	size_t n = strlen(name);

	for (unsigned i = nr_words; i-- > 0;) {
		if (strncmp(words[i], name, n))
			continue;
		if (words[i][n] == '=')
			return words[i] + n + 1;
		if (!words[i][n])
			return "";
	}
	return NULL;
}
