// SPDX-License-Identifier: BSD-2-Clause
/*
 * seccomp: strict mode, filters and what they answer, who inherits them, and which programs are none.
 */
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include "ktap.h"

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RET(value) BPF_STMT(BPF_RET | BPF_K, value)
/* `action` for this call, what follows for others. */
#define ON(call, action) LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), RET(action)
#define ALLOW RET(SECCOMP_RET_ALLOW)

static long seccomp(unsigned op, unsigned flags, void *args)
{
	return syscall(SYS_seccomp, op, flags, args);
}

#define PROGRAM(...) \
	struct sock_filter insns[] = { __VA_ARGS__ }; \
	struct sock_fprog program = { sizeof(insns) / sizeof(insns[0]), insns }
#define FILTER(...) ({ PROGRAM(__VA_ARGS__); seccomp(SECCOMP_SET_MODE_FILTER, 0, &program); })

TEST(seccomp, "strict mode leaves read, write and exit")
{
	char c = 0;
	int p[2];
	pid_t pid;

	ASSERT_OK(pipe(p));
	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
		write(p[1], "a", 1);
		read(p[0], &c, 1);
		syscall(SYS_exit, c == 'a' ? 3 : 4);
	}
	EXPECT_EXIT(pid, 3);
}

TEST(seccomp, "any other call in strict mode is SIGKILL")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		ASSERT_OK(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL));
		syscall(SYS_getpid);
		syscall(SYS_exit, 0);
	}
	EXPECT_KILLED(pid, SIGKILL);
	pid = ktap_fork();
	if (pid == 0) {
		ASSERT_OK(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL));
		syscall(SYS_exit_group, 0);
	}
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(seccomp, "unknown operations, flags and modes are EINVAL, bad pointers EFAULT")
{
	char byte = 0;

	EXPECT_ERRNO(seccomp(99, 0, NULL), EINVAL);
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL);
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_STRICT, 0, &byte), EINVAL);
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0x80, NULL), EINVAL);
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL), EFAULT);
	EXPECT_ERRNO(seccomp(SECCOMP_GET_ACTION_AVAIL, 1, NULL), EINVAL);
	EXPECT_ERRNO(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, NULL), EFAULT);
	EXPECT_ERRNO(prctl(PR_SET_SECCOMP, 0, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_SET_SECCOMP, 3, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0), EFAULT);
	EXPECT_EQ(prctl(PR_GET_SECCOMP), 0);
}

TEST(seccomp, "GET_ACTION_AVAIL knows the actions")
{
	const uint32_t known[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
		SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW };
	uint32_t action;

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		action = known[i];
		EXPECT_OK(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action));
	}
	action = 0x20000;
	EXPECT_ERRNO(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP);
	action = SECCOMP_RET_ERRNO | 1;
	EXPECT_ERRNO(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP);
}

TEST(seccomp, "a filter wants no_new_privs or CAP_SYS_ADMIN")
{
	PROGRAM(ALLOW);
	struct sock_fprog empty = { 0, insns }, none = { 1, NULL };

	become_nobody();
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0, &empty), EINVAL);
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0, &none), EACCES);
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0, &program), EACCES);
	ASSERT_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0, &none), EINVAL);
	none.filter = (struct sock_filter *)8;
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0, &none), EFAULT);
	EXPECT_OK(seccomp(SECCOMP_SET_MODE_FILTER, 0, &program));
	EXPECT_EQ(prctl(PR_GET_SECCOMP), 2);
}

TEST(seccomp, "a mode that is on stays on, filters add up")
{
	EXPECT_OK(FILTER(ALLOW));
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL), EINVAL);
	EXPECT_OK(FILTER(ALLOW));
	EXPECT_EQ(prctl(PR_GET_SECCOMP), 2);
	EXPECT_TRUE(strstr(slurp("/proc/self/status"), "\nSeccomp:\t2\nSeccomp_filters:\t2\n") != NULL);
}

TEST(seccomp, "/proc/PID/status says when there is none")
{
	EXPECT_TRUE(strstr(slurp("/proc/self/status"), "\nSeccomp:\t0\nSeccomp_filters:\t0\n") != NULL);
}

TEST(seccomp, "RET_ERRNO is the call's result and the call is not made; 4095 is the most, 0 succeeds")
{
	int fd = ASSERT_OK(dup(0));

	EXPECT_OK(FILTER(ON(SYS_close, SECCOMP_RET_ERRNO | EXDEV), ON(SYS_getppid, SECCOMP_RET_ERRNO | 0xffff),
			 ON(SYS_getuid, SECCOMP_RET_ERRNO), ALLOW));
	EXPECT_ERRNO(close(fd), EXDEV);
	EXPECT_OK(fcntl(fd, F_GETFD));
	EXPECT_RAW(syscall(SYS_getuid), 0);
	EXPECT_ERRNO(syscall(SYS_getppid), 4095);
}

TEST(seccomp, "of several filters the strictest answer counts, of equal ones the newest")
{
	EXPECT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_ERRNO | 1), ON(SYS_getuid, SECCOMP_RET_ERRNO | 1), ALLOW));
	EXPECT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_ERRNO | 2), ON(SYS_getuid, SECCOMP_RET_TRACE), ALLOW));
	EXPECT_ERRNO(syscall(SYS_getppid), 2);
	EXPECT_ERRNO(syscall(SYS_getuid), 1);
}

TEST(seccomp, "RET_KILL_PROCESS, also of an unknown action, is SIGSYS whatever the handler says")
{
	const uint32_t actions[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, 0x00020000, 0x7fc10000 };

	for (unsigned i = 0; i < 4; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			signal(SIGSYS, SIG_IGN);
			ASSERT_OK(FILTER(ON(SYS_getppid, actions[i]), ALLOW));
			syscall(SYS_getppid);
			_exit(0);
		}
		EXPECT_KILLED(pid, SIGSYS);
	}
}

static void *kill_thread(void *unused)
{
	ASSERT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_KILL_THREAD), ALLOW));
	syscall(SYS_getppid);
	_exit(5);
}

TEST(seccomp, "RET_KILL_THREAD ends one thread of several")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t other;

		ASSERT_EQ(pthread_create(&other, NULL, kill_thread, NULL), 0);
		while (strstr(slurp("/proc/self/status"), "Threads:\t1\n") == NULL)
			sched_yield();
		_exit(3);
	}
	EXPECT_EXIT(pid, 3);
}

static volatile siginfo_t last;

static void on_sys(int sig, siginfo_t *info, void *context)
{
	last = *info;
}

static unsigned machine(void)
{
	Elf64_Ehdr head = { 0 };
	int fd = ASSERT_OK(open("/proc/self/exe", O_RDONLY));

	read(fd, &head, sizeof(head));
	close(fd);
	return head.e_machine;
}

TEST(seccomp, "RET_TRAP is SIGSYS with the call, its place, the data and the machine")
{
	unsigned arch = machine() | 0xc0000000;

	handle_info(SIGSYS, on_sys, 0);
	ASSERT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_TRAP | 77), ALLOW));
	syscall(SYS_getppid);
	EXPECT_EQ(last.si_signo, SIGSYS);
	EXPECT_EQ(last.si_code, 1);
	EXPECT_EQ(last.si_errno, 77);
	EXPECT_EQ(last.si_syscall, SYS_getppid);
	EXPECT_EQ(last.si_arch, arch);
	EXPECT_TRUE(last.si_call_addr != NULL);
}

TEST(seccomp, "RET_TRAP with the signal blocked kills")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		handle_info(SIGSYS, on_sys, 0);
		mask_signal(SIG_BLOCK, SIGSYS);
		ASSERT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_TRAP), ALLOW));
		syscall(SYS_getppid);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSYS);
}

TEST(seccomp, "a filter sees the number, the machine and all six arguments")
{
	unsigned arch = machine() | 0xc0000000;

#define WANT(field, value) LOAD(field), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0), RET(SECCOMP_RET_ERRNO | 9)
	ASSERT_OK(FILTER(LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0), ALLOW,
			 WANT(arch, arch), WANT(args[0], 1), WANT(args[1], 2), WANT(args[2], 3), WANT(args[3], 4),
			 WANT(args[4], 5), WANT(args[5], 0x89abcdef),
			 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5]) + 4),
			 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x01234567, 1, 0), RET(SECCOMP_RET_ERRNO | 10),
			 RET(SECCOMP_RET_ERRNO | 11)));
	EXPECT_ERRNO(syscall(SYS_getppid, 1L, 2L, 3L, 4L, 5L, 0x0123456789abcdefL), 11);
	EXPECT_ERRNO(syscall(SYS_getppid, 1L, 2L, 3L, 4L, 5L, 0x89abcdefL), 10);
	EXPECT_ERRNO(syscall(SYS_getppid, 1L, 2L, 3L, 7L, 5L, 0x89abcdefL), 9);
}

/* getppid(x) is an errno that the instructions made of A = x, and its low 12 bits. */
#define EXPECT_MADE(x, want, ...) do {						\
	pid_t pid = ktap_fork();						\
	if (pid == 0) {								\
		ASSERT_OK(FILTER(LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0), ALLOW,	\
				 LOAD(args[0]), __VA_ARGS__,			\
				 BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),	\
				 BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),			\
				 BPF_STMT(BPF_RET | BPF_A, 0)));		\
		errno = 0;							\
		syscall(SYS_getppid, (long)(x));				\
		EXPECT_EQ(errno, want);						\
		_exit(0);							\
	}									\
	EXPECT_EXIT(pid, 0);							\
} while (0)
#define ALU(op, k) BPF_STMT(BPF_ALU | BPF_##op | BPF_K, k)
#define ALUX(op) BPF_STMT(BPF_ALU | BPF_##op | BPF_X, 0)
#define TAX BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define TXA BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define LDX(k) BPF_STMT(BPF_LDX | BPF_IMM, k)

TEST(seccomp, "arithmetic of filters is of 32 bits, without sign")
{
	EXPECT_MADE(7, 12, ALU(ADD, 5));
	EXPECT_MADE(7, 2, ALU(SUB, 5));
	EXPECT_MADE(7, 35, ALU(MUL, 5));
	EXPECT_MADE(-1, 0xfff & (0xffffffffu / 10), ALU(DIV, 10));
	EXPECT_MADE(0x150, 0x10, ALU(AND, 0x1f));
	EXPECT_MADE(0x50, 0x5f, ALU(OR, 0xf));
	EXPECT_MADE(0x5f, 0x50, ALU(XOR, 0xf));
	EXPECT_MADE(3, 24, ALU(LSH, 3));
	EXPECT_MADE(0x80000000L, 8, ALU(RSH, 28));
	EXPECT_MADE(-5, 5, ALU(NEG, 0));
	EXPECT_MADE(7, 10, LDX(3), ALUX(ADD));
	EXPECT_MADE(7, 2, LDX(3), ALUX(DIV));
	EXPECT_MADE(7, 14, LDX(33), ALUX(LSH));
	EXPECT_MADE(0x700, 0x380, LDX(33), ALUX(RSH));
	EXPECT_MADE(9, 9, TAX, BPF_STMT(BPF_LD | BPF_IMM, 4), TXA);
	EXPECT_MADE(0, 64, BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
	EXPECT_MADE(0, 64, BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), TXA);
	EXPECT_MADE(6, 6, BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_LD | BPF_MEM, 15));
	EXPECT_MADE(6, 12, TAX, BPF_STMT(BPF_STX, 3), BPF_STMT(BPF_LDX | BPF_MEM, 3), ALUX(ADD));
}

TEST(seccomp, "jumps of filters compare without sign")
{
#define TAKEN(op, with) BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, with, 0, 2), BPF_STMT(BPF_LD | BPF_IMM, 1), \
	BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), BPF_STMT(BPF_LD | BPF_IMM, 2)
	EXPECT_MADE(5, 1, TAKEN(JEQ, 5));
	EXPECT_MADE(5, 2, TAKEN(JEQ, 6));
	EXPECT_MADE(-1, 1, TAKEN(JGT, 5));
	EXPECT_MADE(5, 2, TAKEN(JGT, 5));
	EXPECT_MADE(5, 1, TAKEN(JGE, 5));
	EXPECT_MADE(6, 1, TAKEN(JSET, 4));
	EXPECT_MADE(3, 2, TAKEN(JSET, 4));
	EXPECT_MADE(5, 1, LDX(5), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 2), BPF_STMT(BPF_LD | BPF_IMM, 1),
		    BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), BPF_STMT(BPF_LD | BPF_IMM, 2));
}

TEST(seccomp, "division by a zero X returns 0: the thread is killed")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		ASSERT_OK(FILTER(LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0), ALLOW, ALUX(DIV),
				 ALLOW));
		syscall(SYS_getppid);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSYS);
}

#define EXPECT_UNFIT(...) EXPECT_ERRNO(FILTER(__VA_ARGS__), EINVAL)

TEST(seccomp, "programs that are none are EINVAL")
{
	EXPECT_UNFIT(BPF_STMT(BPF_LD | BPF_IMM, 0));				/* no return at the end */
	EXPECT_UNFIT(BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0), LOAD(nr));
	EXPECT_UNFIT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), ALLOW);		/* beyond the data */
	EXPECT_UNFIT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), ALLOW);		/* not a word's place */
	EXPECT_UNFIT(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), ALLOW);
	EXPECT_UNFIT(ALU(DIV, 0), ALLOW);
	EXPECT_UNFIT(ALU(MOD, 3), ALLOW);
	EXPECT_UNFIT(ALU(LSH, 32), ALLOW);
	EXPECT_UNFIT(ALU(RSH, 32), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_ST, 16), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_STX, 16), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW);			/* never written */
	EXPECT_UNFIT(LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), BPF_STMT(BPF_ST, 0),
		     BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW);			/* not on each way */
	EXPECT_UNFIT(BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), ALLOW);
	EXPECT_UNFIT(BPF_JUMP(BPF_JMP | BPF_JA, 0xffffffff, 0, 0), ALLOW);
	EXPECT_UNFIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), ALLOW);
	EXPECT_UNFIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), ALLOW);
	EXPECT_UNFIT(BPF_STMT(0xffff, 0), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_RET | BPF_X, 0));
	EXPECT_UNFIT(BPF_STMT(BPF_ALU | 0xb0, 0), ALLOW);
	EXPECT_UNFIT(BPF_STMT(BPF_JMP | 0x50, 0), ALLOW);
	EXPECT_EQ(prctl(PR_GET_SECCOMP), 0);
}

TEST(seccomp, "4096 instructions are a filter, one more is EINVAL")
{
	struct sock_filter *insns = calloc(4097, sizeof(*insns));
	struct sock_fprog program = { 4097, insns };

	for (int i = 0; i < 4097; i++)
		insns[i] = (struct sock_filter)ALLOW;
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, 0, &program), EINVAL);
	program.len = 4096;
	EXPECT_OK(seccomp(SECCOMP_SET_MODE_FILTER, 0, &program));
	free(insns);
}

TEST(seccomp, "the filters of one thread together are bounded: ENOMEM")
{
	struct sock_filter *insns = calloc(4096, sizeof(*insns));
	struct sock_fprog program = { 4096, insns };
	int n = 0;

	for (int i = 0; i < 4096; i++)
		insns[i] = (struct sock_filter)ALLOW;
	while (n < 64 && seccomp(SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		n++;
	EXPECT_EQ(errno, ENOMEM);
	EXPECT_IN(n, 1, 7);
}

TEST(seccomp, "children and executed programs have the filters too")
{
	pid_t pid;

	ASSERT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_ERRNO | 33), ALLOW));
	pid = ktap_fork();
	if (pid == 0) {
		EXPECT_ERRNO(syscall(SYS_getppid), 33);
		EXPECT_TRUE(strstr(slurp("/proc/self/status"), "\nSeccomp:\t2\nSeccomp_filters:\t1\n") != NULL);
		execl("/bin/busybox", "busybox", "grep", "-q", "Seccomp:.2", "/proc/self/status", NULL);
		_exit(99);
	}
	EXPECT_EXIT(pid, 0);
}

static int turns[2];
static volatile long other_result;

static void *ask_later(void *own)
{
	if (own)
		ASSERT_OK(FILTER(ALLOW));
	write(turns[1], "r", 1);
	while (!__atomic_load_n((int *)&other_result, __ATOMIC_ACQUIRE))
		;
	other_result = syscall(SYS_getppid) < 0 ? errno : -1;
	return NULL;
}

/* A thread that asks when it is let go; own: it has a filter of its own by then. */
static pthread_t start_other(bool own)
{
	pthread_t other;
	char c;

	ASSERT_OK(pipe(turns));
	ASSERT_EQ(pthread_create(&other, NULL, ask_later, own ? turns : NULL), 0);
	ASSERT_EQ(read(turns[0], &c, 1), 1);
	return other;
}

static void let_go(pthread_t other)
{
	__atomic_store_n((int *)&other_result, 1, __ATOMIC_RELEASE);
	pthread_join(other, NULL);
}

TEST(seccomp, "TSYNC gives the filters to all threads of the process")
{
	pthread_t other = start_other(false);

	PROGRAM(ON(SYS_getppid, SECCOMP_RET_ERRNO | 44), ALLOW);
	ASSERT_EQ(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program), 0);
	let_go(other);
	EXPECT_EQ(other_result, 44);
	EXPECT_ERRNO(syscall(SYS_getppid), 44);
}

TEST(seccomp, "TSYNC answers with the thread that has filters of its own, or ESRCH")
{
	pthread_t other = start_other(true);
	long result;

	PROGRAM(ON(SYS_getppid, SECCOMP_RET_ERRNO | 44), ALLOW);
	result = seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
	EXPECT_TRUE(result > 0 && result != getpid());
	EXPECT_ERRNO(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
			     &program),
		     ESRCH);
	EXPECT_EQ(prctl(PR_GET_SECCOMP), 0);
	let_go(other);
	EXPECT_EQ(other_result, -1);
}

TEST(seccomp, "LOG, and the flags LOG and SPEC_ALLOW, let the call be made")
{
	PROGRAM(ON(SYS_getppid, SECCOMP_RET_LOG), ALLOW);

	ASSERT_OK(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program));
	EXPECT_EQ(syscall(SYS_getppid), getppid());
}

TEST(seccomp, "RET_TRACE without a tracer is ENOSYS")
{
	ASSERT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_TRACE), ALLOW));
	EXPECT_ERRNO(syscall(SYS_getppid), ENOSYS);
}

#define SECCOMP_STOP (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)
#define EVENT_(status) ((status) >> 8)

/* A child that waits for its tracer, filters getppid with TRACE | 5, and ends with what getppid gave. */
static pid_t traced_child(long options)
{
	int status;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		long n;

		ASSERT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_TRACE | 5), ALLOW));
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		n = syscall(SYS_getppid);
		_exit(n == getpid() ? 7 : n < 0 ? 1 : 2);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, options));
	ASSERT_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	return pid;
}

TEST(seccomp, "RET_TRACE stops at the tracer with the data as its message, and the call goes on")
{
	pid_t pid = traced_child(PTRACE_O_TRACESECCOMP);
	unsigned long message = 0;
	int status;

	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(EVENT_(status), SECCOMP_STOP);
	EXPECT_OK(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	EXPECT_EQ(message, 5);
	EXPECT_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	EXPECT_EXIT(pid, 2);
}

TEST(seccomp, "a tracer that did not ask for it is not told: ENOSYS")
{
	EXPECT_EXIT(traced_child(0), 1);
}

TEST(seccomp, "PTRACE_GET_SYSCALL_INFO tells a stop of a filter")
{
	pid_t pid = traced_child(PTRACE_O_TRACESECCOMP);
	struct { uint8_t op, pad[3]; uint32_t arch; uint64_t ip, sp, nr, args[6]; uint32_t data; } info = { 0 };
	int status;

	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(ptrace(0x420e, pid, sizeof(info), &info), 84);
	EXPECT_EQ(info.op, 3);
	EXPECT_EQ(info.nr, SYS_getppid);
	EXPECT_EQ(info.data, 5);
	EXPECT_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	EXPECT_EXIT(pid, 2);
}

TEST(seccomp, "a tracer may suspend the filters, if it has CAP_SYS_ADMIN")
{
	pid_t pid;
	int status;

	EXPECT_EXIT(traced_child(PTRACE_O_SUSPEND_SECCOMP), 2);
	pid = ktap_fork();
	if (pid == 0) {
		become_nobody();
		ASSERT_OK(prctl(PR_SET_DUMPABLE, 1));
		pid = ktap_fork();
		if (pid == 0) {
			ptrace(PTRACE_TRACEME, 0, 0, 0);
			raise(SIGSTOP);
			_exit(0);
		}
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_ERRNO(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_SUSPEND_SECCOMP), EPERM);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(seccomp, "a call that a filter stops at and a tracer watches is stopped at twice")
{
	pid_t pid = ktap_fork();
	int status, stops = 0, events = 0;

	if (pid == 0) {
		ASSERT_OK(FILTER(ON(SYS_getppid, SECCOMP_RET_TRACE), ALLOW));
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		syscall(SYS_getppid);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_OK(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD));
	for (;;) {
		ASSERT_OK(ptrace(PTRACE_SYSCALL, pid, 0, 0));
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			break;
		if (EVENT_(status) == SECCOMP_STOP)
			events++;
		else if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			stops++;
	}
	EXPECT_EQ(events, 1);
	EXPECT_IN(stops, 4, 6);		/* raise()'s last call, getppid's two, exit_group's one, and signal masks */
}
