// SPDX-License-Identifier: BSD-2-Clause
/*
 * execve: programs, scripts, arguments, what the new program finds, and what is refused.
 *
 * The new program is this one again, with "--reexec" and a word that says what it shall look at.
 */
#include <elf.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "ktap.h"

static pid_t run(char *const argv[], char *const envp[])
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		execve("/proc/self/exe", argv, envp);
		ktap_note("execve: %s", ktap_errno_name(errno));
		_exit(99);
	}
	return pid;
}

static pid_t run_word(const char *word)
{
	char *argv[] = { "exec", "--reexec", (char *)word, NULL }, *envp[] = { NULL };

	return run(argv, envp);
}

static char self[256];	/* this program's path, for scripts */

static void find_self(void)
{
	ssize_t n = ASSERT_OK(readlink("/proc/self/exe", self, sizeof(self) - 1));

	self[n] = 0;
}

TEST(exec, "arguments and environment arrive as they were")
{
	char *argv[] = { "", "--reexec", "args", "two words", "", "\xff\x01", NULL };
	char *envp[] = { "A=1", "no equals sign", "", "B=x=y", NULL };

	EXPECT_EXIT(run(argv, envp), 41);
}

TEST(exec, "many arguments arrive: 10,000 of them")
{
	static char *argv[10004] = { "exec", "--reexec", "many" };
	char *envp[] = { NULL };

	for (int i = 3; i < 10003; i++)
		argv[i] = "argument";
	EXPECT_EXIT(run(argv, envp), 42);
}

TEST(exec, "an argument of 128 KiB less one arrives, one more byte is E2BIG")
{
	static char big[131073];
	char *argv[] = { "exec", "--reexec", "big", big, NULL }, *envp[] = { NULL };

	memset(big, 'x', 131071);
	EXPECT_EXIT(run(argv, envp), 43);
	big[131071] = 'x';
	EXPECT_ERRNO(execve("/proc/self/exe", argv, envp), E2BIG);
}

TEST(exec, "arguments beyond a quarter of the stack limit are E2BIG")
{
	unsigned long limit[2] = { 1 << 20, 1 << 20 };
	static char big[100001];
	char *argv[8] = { "exec", "--reexec", "big", big, big, NULL }, *envp[] = { NULL };

	memset(big, 'x', 100000);
	ASSERT_OK(syscall(SYS_prlimit64, 0, 3, limit, NULL));
	EXPECT_EXIT(run(argv, envp), 43);
	argv[5] = big;
	argv[6] = NULL;
	EXPECT_ERRNO(execve("/proc/self/exe", argv, envp), E2BIG);
}

TEST(exec, "the auxiliary vector tells the truth")
{
	EXPECT_EXIT(run_word("auxv"), 44);
}

TEST(exec, "the stack at the start is aligned, and holds argc, argv, envp and auxv in order")
{
	EXPECT_EXIT(run_word("stack"), 45);
}

TEST(exec, "descriptors stay open, but those to be closed on exec")
{
	char a[16], b[16];
	char *argv[] = { "exec", "--reexec", "fds", a, b, NULL }, *envp[] = { NULL };
	int stay = ASSERT_OK(dup(0)), gone = ASSERT_OK(fcntl(0, F_DUPFD_CLOEXEC, 0));

	snprintf(a, sizeof(a), "%d", stay);
	snprintf(b, sizeof(b), "%d", gone);
	EXPECT_EXIT(run(argv, envp), 46);
}

TEST(exec, "the pid, the parent, the group and the directory stay")
{
	char pid[16], *argv[] = { "exec", "--reexec", "ids", pid, NULL }, *envp[] = { NULL };
	pid_t child;

	ASSERT_OK(chdir("/proc"));
	child = ktap_fork();
	if (child == 0) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		execve("/proc/self/exe", argv, envp);
		_exit(99);
	}
	EXPECT_EXIT(child, 47);
}

TEST(exec, "memory of the old program is gone and the break is new")
{
	char at[32], *argv[] = { "exec", "--reexec", "memory", at, NULL }, *envp[] = { NULL };
	char *p = mmap((void *)0x100000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	snprintf(at, sizeof(at), "%p", p);
	EXPECT_EXIT(run(argv, envp), 48);
}

TEST(exec, "the name of the process becomes the program's")
{
	prctl(PR_SET_NAME, "before");
	EXPECT_EXIT(run_word("name"), 49);
}

TEST(exec, "/proc/self/cmdline holds the arguments")
{
	EXPECT_EXIT(run_word("cmdline"), 50);
}

TEST(exec, "other threads end, whichever thread calls")
{
	EXPECT_EXIT(run_word("threads"), 51);
}

static void script(const char *name, const char *text, mode_t mode)
{
	close(scratch_file(name, text, mode));
}

static pid_t run_file(const char *path, const char *word)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		execl(path, path, word, NULL);
		_exit(errno);
	}
	return pid;
}

TEST(exec, "a script runs its interpreter with one argument, its path, and its arguments")
{
	char text[300];

	find_self();
	scratch();
	snprintf(text, sizeof(text), "#! %s  --reexec\nthe rest does not matter\n", self);
	script("s", text, 0755);
	EXPECT_EXIT(run_file("./s", "script"), 52);
}

TEST(exec, "a script's interpreter line takes everything behind the name as one argument")
{
	char text[300];

	find_self();
	scratch();
	snprintf(text, sizeof(text), "#!%s --reexec one two \t \n", self);
	script("s", text, 0755);
	EXPECT_EXIT(run_file("./s", "x"), 2);	/* one word, which is no option of ours */
}

TEST(exec, "a script without a newline at its end, and with a carriage return")
{
	char text[300];

	find_self();
	scratch();
	snprintf(text, sizeof(text), "#!%s --reexec", self);
	script("s", text, 0755);
	EXPECT_EXIT(run_file("./s", "script"), 52);
	snprintf(text, sizeof(text), "#!%s\r\n", self);
	script("t", text, 0755);
	EXPECT_EXIT(run_file("./t", "script"), ENOENT);
}

TEST(exec, "scripts nest four deep, five are ELOOP")
{
	char text[300], name[8], below[8];

	find_self();
	scratch();
	snprintf(text, sizeof(text), "#!%s --reexec\n", self);
	script("s1", text, 0755);
	for (int i = 2; i <= 6; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(below, sizeof(below), "./s%d", i - 1);
		snprintf(text, sizeof(text), "#!%s\n", below);
		script(name, text, 0755);
	}
	EXPECT_EXIT(run_file("./s2", "nested"), 53);
	EXPECT_EXIT(run_file("./s5", "nested"), 53);
	EXPECT_EXIT(run_file("./s6", "nested"), ELOOP);
}

TEST(exec, "an interpreter that is missing is ENOENT, one not executable EACCES")
{
	scratch();
	script("a", "#!/missing/interpreter\n", 0755);
	script("b", "#!./plain\n", 0755);
	script("plain", "text", 0644);
	EXPECT_EXIT(run_file("./a", "x"), ENOENT);
	EXPECT_EXIT(run_file("./b", "x"), EACCES);
}

TEST(exec, "an empty interpreter line is ENOEXEC")
{
	scratch();
	script("a", "#!\n", 0755);
	script("b", "#!   \n", 0755);
	EXPECT_EXIT(run_file("./a", "x"), ENOEXEC);
	EXPECT_EXIT(run_file("./b", "x"), ENOEXEC);
}

TEST(exec, "text, an empty file and half a header are ENOEXEC")
{
	scratch();
	script("text", "echo hello\n", 0755);
	script("empty", "", 0755);
	script("half", "\177ELF\2\1\1", 0755);
	EXPECT_EXIT(run_file("./text", "x"), ENOEXEC);
	EXPECT_EXIT(run_file("./empty", "x"), ENOEXEC);
	EXPECT_EXIT(run_file("./half", "x"), ENOEXEC);
}

TEST(exec, "a missing file is ENOENT, a directory EACCES, a file as directory ENOTDIR")
{
	scratch();
	script("f", "", 0755);
	EXPECT_EXIT(run_file("./missing", "x"), ENOENT);
	EXPECT_EXIT(run_file(".", "x"), EACCES);
	EXPECT_EXIT(run_file("./f/x", "x"), ENOTDIR);
	EXPECT_EXIT(run_file("", "x"), ENOENT);
	EXPECT_EXIT(run_file("/dev/null", "x"), EACCES);
}

TEST(exec, "a file without any x bit is EACCES, even for root")
{
	scratch();
	script("f", "#!/bin/true\n", 0644);
	EXPECT_EXIT(run_file("./f", "x"), EACCES);
}

/* A copy of this program, to be damaged. */
static int copy_self(const char *name)
{
	static char bytes[65536];
	int from = ASSERT_OK(open("/proc/self/exe", O_RDONLY));
	int to = ASSERT_OK(open(name, O_RDWR | O_CREAT | O_TRUNC, 0755));
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		ASSERT_EQ(write(to, bytes, n), n);
	close(from);
	return to;
}

static pid_t run_copy(int fd)
{
	close(fd);
	pid_t pid = ktap_fork();
	if (pid == 0) {
		execl("./copy", "exec", "--reexec", "ok", NULL);
		_exit(errno);
	}
	return pid;
}

TEST(exec, "a file open for writing is ETXTBSY, and a running program cannot be written")
{
	scratch();
	int fd = copy_self("copy");
	EXPECT_EXIT(run_file("./copy", "x"), ETXTBSY);
	EXPECT_EXIT(run_copy(fd), 54);
	struct gate gate = gate_new();
	pid_t pid = ktap_fork();
	if (pid == 0) {
		char fd_text[16];

		fcntl(gate.fds[0], F_SETFD, 0);
		gate_close(&gate);
		snprintf(fd_text, sizeof(fd_text), "%d", gate.fds[0]);
		execl("./copy", "exec", "--reexec", "wait", fd_text, NULL);
		_exit(errno);
	}
	for (char path[64], target[128];;) {
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		ssize_t n = readlink(path, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = 0;
		if (strstr(target, "/copy"))
			break;
		sched_yield();
	}
	EXPECT_ERRNO(open("copy", O_WRONLY), ETXTBSY);
	EXPECT_ERRNO(truncate("copy", 0), ETXTBSY);
	EXPECT_OK(unlink("copy"));
	gate_open(&gate);
	EXPECT_EXIT(pid, 55);
}

TEST(exec, "each wrong field of the header is ENOEXEC")
{
	static const struct { int offset, size; uint64_t value; } wrong[] = {
		{ 0, 1, 0x7e },			/* magic */
		{ offsetof(Elf64_Ehdr, e_type), 2, ET_REL },
		{ offsetof(Elf64_Ehdr, e_type), 2, ET_CORE },
		{ offsetof(Elf64_Ehdr, e_machine), 2, EM_PPC64 },
		{ offsetof(Elf64_Ehdr, e_phentsize), 2, 55 },
		{ offsetof(Elf64_Ehdr, e_phnum), 2, 0 },
		{ offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff },
	};

	scratch();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int fd = copy_self("copy");

		ASSERT_EQ(pwrite(fd, &wrong[i].value, wrong[i].size, wrong[i].offset), wrong[i].size);
		EXPECT_EXIT(run_copy(fd), ENOEXEC);
	}
}

TEST(exec, "a program header table beyond the file is refused")
{
	uint64_t far = 1 << 30;
	int status;

	scratch();
	int fd = copy_self("copy");
	ASSERT_EQ(pwrite(fd, &far, 8, offsetof(Elf64_Ehdr, e_phoff)), 8);
	pid_t pid = run_copy(fd);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_TRUE(WEXITSTATUS(status) == EIO || WEXITSTATUS(status) == ENOEXEC);
}

TEST(exec, "a program cut off in the middle dies or is refused, and the kernel stands")
{
	static const long cuts[] = { 64, 120, 200, 4096, 5000, 20000 };

	scratch();
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		int fd = copy_self("copy"), status;

		ASSERT_OK(ftruncate(fd, cuts[i]));
		pid_t pid = run_copy(fd);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_NE(status, 54 << 8);
	}
}

TEST(exec, "segments in foreign or overlapping places are refused or killed")
{
	static const uint64_t places[] = { 0, 1, 0xfff, 0x7fffffffffff, 0xffff800000000000,
					   0xffffffffffffffff, 0x8000000000000000 };
	Elf64_Ehdr head;
	Elf64_Phdr phdr;

	scratch();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (int field = 0; field < 3; field++) {
			int fd = copy_self("copy"), status;

			ASSERT_EQ(pread(fd, &head, sizeof(head), 0), sizeof(head));
			for (int k = 0; k < head.e_phnum; k++) {
				long at = head.e_phoff + k * sizeof(phdr);

				ASSERT_EQ(pread(fd, &phdr, sizeof(phdr), at), sizeof(phdr));
				if (phdr.p_type != PT_LOAD)
					continue;
				if (field == 0)
					phdr.p_vaddr = places[i];
				else if (field == 1)
					phdr.p_memsz = places[i];
				else
					phdr.p_offset = places[i];
				ASSERT_EQ(pwrite(fd, &phdr, sizeof(phdr), at), sizeof(phdr));
				break;
			}
			pid_t pid = run_copy(fd);
			ASSERT_EQ(waitpid(pid, &status, 0), pid);
			if (field == 0 && places[i] > 0xfff)
				EXPECT_NE(status, 54 << 8);
		}
}

TEST(exec, "a set-user-id program runs as its owner, unless without new privileges")
{
	int fd;

	scratch();
	fd = copy_self("copy");
	ASSERT_OK(fchown(fd, 1234, 2345));
	ASSERT_OK(fchmod(fd, 06755));
	close(fd);
	pid_t pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		execl("./copy", "exec", "--reexec", "setuid", NULL);
		_exit(errno);
	}
	EXPECT_EXIT(pid, 56);
	pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		execl("./copy", "exec", "--reexec", "nosetuid", NULL);
		_exit(errno);
	}
	EXPECT_EXIT(pid, 57);
}

static int share_fs(void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

TEST(exec, "a set-user-id program gives no rights to one who shares its root with another process")
{
	static char stack[16384];
	int fd;

	scratch();
	fd = copy_self("copy");
	ASSERT_OK(fchown(fd, 1234, 2345));
	ASSERT_OK(fchmod(fd, 06755));
	close(fd);
	pid_t pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		if (clone(share_fs, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL) > 0)
			execl("./copy", "exec", "--reexec", "unshared", NULL);
		_exit(errno);
	}
	EXPECT_EXIT(pid, 59);
}

TEST(exec, "execveat runs a descriptor with AT_EMPTY_PATH")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
		char *argv[] = { "exec", "--reexec", "ok", NULL }, *envp[] = { NULL };

		syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
		_exit(errno);
	}
	EXPECT_EXIT(pid, 54);
}

TEST(exec, "bad pointers are EFAULT and the caller lives on")
{
	char *argv[] = { "exec", (char *)16, NULL }, *envp[] = { NULL };

	EXPECT_ERRNO(syscall(SYS_execve, 16, envp, envp), EFAULT);
	EXPECT_ERRNO(syscall(SYS_execve, "/proc/self/exe", argv, envp), EFAULT);
	EXPECT_ERRNO(syscall(SYS_execve, "/proc/self/exe", 16, envp), EFAULT);
	EXPECT_ERRNO(syscall(SYS_execve, "/proc/self/exe", envp, 16), EFAULT);
}

/* ---- what the new program looks at ---- */

static bool check_args(int argc, char **argv)
{
	return argc == 4 && !strcmp(argv[1], "two words") && !strcmp(argv[2], "") &&
	       !strcmp(argv[3], "\xff\x01") && !strcmp(environ[0], "A=1") &&
	       !strcmp(environ[1], "no equals sign") && !strcmp(environ[2], "") &&
	       !strcmp(environ[3], "B=x=y") && !environ[4];
}

static bool check_auxv(void)
{
	const Elf64_Phdr *phdr = (const void *)getauxval(AT_PHDR);
	const unsigned char *random = (const void *)getauxval(AT_RANDOM);
	const char *name = (const void *)getauxval(AT_EXECFN);
	bool load = false;

	if (!phdr || !random || !name || strcmp(name, "/proc/self/exe"))
		return false;
	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		load |= phdr[i].p_type == PT_LOAD;
	return load && getauxval(AT_PAGESZ) == 4096 && getauxval(AT_PHENT) == sizeof(Elf64_Phdr) &&
	       getauxval(AT_CLKTCK) == 100 && getauxval(AT_UID) == getuid() &&
	       getauxval(AT_EUID) == geteuid() && getauxval(AT_GID) == getgid() &&
	       getauxval(AT_EGID) == getegid() && getauxval(AT_SECURE) == 0 &&
	       getauxval(AT_BASE) == 0 && getauxval(AT_FLAGS) == 0 && getauxval(AT_ENTRY) &&
	       getauxval(AT_HWCAP) && getauxval(AT_PLATFORM) && getauxval(AT_MINSIGSTKSZ) >= 2048 &&
	       (random[0] | random[1] | random[2] | random[3] | random[4]);
}

/* argv was handed on by main() two words on. */
static bool check_stack(char **argv)
{
	long *start = (long *)(argv - 2) - 1;
	long *p = start;

	if ((unsigned long)start % 16 || *start != 3)
		return false;
	p += 1 + *start;
	if (*p++)
		return false;
	if (p != (long *)environ)
		return false;
	while (*p++)
		;
	return *p != 0 && getauxval(AT_PAGESZ) == 4096;
}

static void *exec_from_thread(void *arg)
{
	char *argv[] = { "exec", "--reexec", "single", arg, NULL }, *envp[] = { NULL };

	execve("/proc/self/exe", argv, envp);
	return NULL;
}

static void *wait_forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int threads(void)
{
	pthread_t t[3];
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	pthread_create(&t[0], NULL, wait_forever, NULL);
	pthread_create(&t[1], NULL, wait_forever, NULL);
	pthread_create(&t[2], NULL, exec_from_thread, pid);
	wait_forever(NULL);
	return 1;
}

static int look(int argc, char **argv)
{
	char *text;

	if (!strcmp(argv[0], "args"))
		return check_args(argc, argv) ? 41 : 1;
	if (!strcmp(argv[0], "many"))
		return argc == 10001 && !strcmp(argv[10000], "argument") ? 42 : 1;
	if (!strcmp(argv[0], "big"))
		return argc >= 2 && strlen(argv[1]) >= 100000 ? 43 : 1;
	if (!strcmp(argv[0], "auxv"))
		return check_auxv() ? 44 : 1;
	if (!strcmp(argv[0], "stack"))
		return check_stack(argv) ? 45 : 1;
	if (!strcmp(argv[0], "fds"))
		return fcntl(atoi(argv[1]), F_GETFD) >= 0 && fcntl(atoi(argv[2]), F_GETFD) < 0 ? 46 : 1;
	if (!strcmp(argv[0], "ids"))
		return atoi(argv[1]) == getpid() && slurp("self/stat") ? 47 : 1;
	if (!strcmp(argv[0], "memory"))
		return msync((void *)strtoul(argv[1], NULL, 16), 4096, MS_ASYNC) < 0 ? 48 : 1;
	if (!strcmp(argv[0], "name")) {
		char name[16] = "";

		prctl(PR_GET_NAME, name);
		return !strcmp(name, "exe") ? 49 : 1;
	}
	if (!strcmp(argv[0], "cmdline")) {
		text = slurp("/proc/self/cmdline");
		return text && !memcmp(text, "exec\0--reexec\0cmdline\0", 23) ? 50 : 1;
	}
	if (!strcmp(argv[0], "threads"))
		return threads();
	if (!strcmp(argv[0], "single"))
		return atoi(argv[1]) == getpid() && getpid() == gettid() &&
		       strstr(slurp("/proc/self/status"), "Threads:\t1\n") ? 51 : 1;
	if (!strcmp(argv[0], "./s"))
		return argc == 2 && !strcmp(argv[1], "script") ? 52 : 1;
	if (!strcmp(argv[0], "./s1"))
		return !strcmp(argv[argc - 1], "nested") ? 53 : 1;
	if (!strcmp(argv[0], "ok"))
		return 54;
	if (!strcmp(argv[0], "wait")) {
		char c;

		return read(atoi(argv[1]), &c, 1) == 1 ? 55 : 1;
	}
	if (!strcmp(argv[0], "setuid"))
		return getuid() == 1000 && geteuid() == 1234 && getegid() == 2345 &&
		       getauxval(AT_SECURE) == 1 ? 56 : 1;
	if (!strcmp(argv[0], "nosetuid"))
		return geteuid() == 1000 && getegid() == 1000 ? 57 : 1;
	if (!strcmp(argv[0], "unshared"))	/* no right, and yet AT_SECURE */
		return geteuid() == 1000 && getegid() == 1000 && getauxval(AT_SECURE) == 1 ? 59 : 1;
	return 2;
}

int ktap_reexec(int argc, char **argv)
{
	return argc > 0 ? look(argc, argv) : 2;
}
