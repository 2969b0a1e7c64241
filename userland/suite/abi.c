// SPDX-License-Identifier: BSD-2-Clause
/*
 * The entry ABI: what a system call takes, what it gives back, and what it must not touch; the same
 * for faults, interrupts, switches and signals.
 */
#include <sys/uio.h>

#include "ktap.h"
#include "machine.h"

static struct machine_state in, out;

/* Fill every register and vector with its own pattern. */
static void fill(unsigned long seed)
{
	for (int i = 0; i < MACHINE_REGS; i++)
		in.reg[i] = 0x1122334400000000 * (seed | 1) + 0x01010101 * i + seed;
	for (int i = 0; i < MACHINE_VECTOR_BYTES; i++)
		in.vector[i] = i * 13 + seed;
	in.flags = machine_flags_user & (seed & 1 ? ~0UL : 0);
}

static void set_call(long nr, long a0, long a1, long a2)
{
	in.reg[MACHINE_REG_NUMBER] = nr;
	in.reg[machine_reg_arg(0)] = a0;
	in.reg[machine_reg_arg(1)] = a1;
	in.reg[machine_reg_arg(2)] = a2;
}

/* Everything that must be as it was is; `call` says that it was a system call. */
static void check_kept(bool call)
{
	for (int i = 0; i < MACHINE_REGS; i++) {
		if (call && machine_reg_role(i) != ROLE_KEPT)
			continue;
		if (out.reg[i] != in.reg[i])
			ktap_note("%s changed", machine_reg_name[i]);
		EXPECT_EQ(out.reg[i], in.reg[i]);
	}
	EXPECT_EQ(out.flags & machine_flags_user, in.flags);
	EXPECT_MEMEQ(out.vector, in.vector, MACHINE_VECTOR_BYTES);
}

TEST(abi, "a call keeps every register but those that it may lose")
{
	for (int seed = 0; seed < 8; seed++) {
		fill(seed);
		set_call(SYS_getppid, 0, 0, 0);
		machine_probe_syscall(&in, &out);
		EXPECT_EQ(out.reg[MACHINE_REG_RESULT], getppid());
		check_kept(true);
	}
}

TEST(abi, "a call that fails keeps them too")
{
	fill(3);
	set_call(SYS_close, -1, 0, 0);
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], -EBADF);
	check_kept(true);
}

TEST(abi, "a call that does not exist keeps them too")
{
	fill(5);
	set_call(100000, 0, 0, 0);
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], -ENOSYS);
	check_kept(true);
}

TEST(abi, "a call that sleeps keeps them too")
{
	struct timespec nap = { 0, 2000000 };

	fill(7);
	set_call(SYS_nanosleep, (long)&nap, 0, 0);
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], 0);
	check_kept(true);
}

TEST(abi, "a call that copies a lot keeps them too")
{
	static char bytes[100000];
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));

	fill(9);
	set_call(SYS_read, fd, (long)bytes, sizeof(bytes));
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], sizeof(bytes));
	check_kept(true);
}

TEST(abi, "a call that switches to another process keeps them too")
{
	int there[2], back[2];
	pid_t pid;
	char c;

	stay_on_this_cpu();
	ASSERT_OK(pipe(there));
	ASSERT_OK(pipe(back));
	pid = ktap_fork();
	for (int i = 0; i < 50; i++) {
		fill(i + (pid ? 100 : 0));
		if (pid == 0) {
			set_call(SYS_read, there[0], (long)&c, 1);
			machine_probe_syscall(&in, &out);
			check_kept(true);
			write(back[1], "x", 1);
		} else {
			write(there[1], "x", 1);
			set_call(SYS_read, back[0], (long)&c, 1);
			machine_probe_syscall(&in, &out);
			check_kept(true);
		}
	}
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST(abi, "timer interrupts keep every register, with two programs in one CPU's way")
{
	pid_t pid;

	stay_on_this_cpu();
	pid = ktap_fork();
	for (int i = 0; i < 3; i++) {
		fill(i + (pid ? 1 : 50));
		in.reg[MACHINE_REG_COUNT] = 10000000;
		machine_probe_spin(&in, &out);
		in.reg[MACHINE_REG_COUNT] = 0;
		check_kept(false);
	}
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST(abi, "a page fault keeps every register")
{
	char *p = mmap(NULL, 16 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	for (int i = 0; i < 16; i++) {
		fill(i);
		in.reg[machine_reg_arg(0)] = (long)(p + i * page_size());
		machine_probe_store(&in, &out);
		check_kept(false);
	}
}

TEST(abi, "a copy-on-write fault keeps every register")
{
	char *p = mmap(NULL, 16 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	pid_t pid;

	memset(p, 1, 16 * page_size());
	pid = ktap_fork();
	for (int i = 0; i < 16; i++) {
		fill(i + 1);
		in.reg[machine_reg_arg(0)] = (long)(p + i * page_size());
		machine_probe_store(&in, &out);
		check_kept(false);
	}
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

static void spoil(int sig)
{
	struct machine_state other_in, other_out;

	(void)sig;
	memset(&other_in, 0x5c, sizeof(other_in));
	other_in.flags = 0;
	other_in.reg[MACHINE_REG_NUMBER] = SYS_getpid;
	machine_probe_syscall(&other_in, &other_out);
}

TEST(abi, "a signal's handler may change every register; the program finds its own")
{
	handle(SIGUSR1, spoil, 0);
	for (int i = 0; i < 8; i++) {
		fill(i);
		set_call(SYS_kill, getpid(), SIGUSR1, 0);
		machine_probe_syscall(&in, &out);
		EXPECT_RAW(out.reg[MACHINE_REG_RESULT], 0);
		check_kept(true);
	}
}

TEST(abi, "a signal in the middle of computing keeps every register")
{
	struct { struct timespec interval, value; } timer = { { 0, 3000000 }, { 0, 3000000 } };
	timer_t id;

	handle(SIGALRM, spoil, 0);
	ASSERT_OK(timer_create(CLOCK_MONOTONIC, NULL, &id));
	ASSERT_OK(timer_settime(id, 0, (void *)&timer, NULL));
	for (int i = 0; i < 3; i++) {
		fill(i);
		in.reg[MACHINE_REG_COUNT] = 10000000;
		machine_probe_spin(&in, &out);
		in.reg[MACHINE_REG_COUNT] = 0;
		check_kept(false);
	}
	timer_delete(id);
}

TEST(abi, "a forked child has every register of its parent, and the result 0")
{
	struct machine_state copy;
	pid_t me = getpid(), pid;

	fill(11);
	in.reg[MACHINE_REG_NUMBER] = SYS_clone;
	for (int i = 0; i < 5; i++)
		in.reg[machine_reg_arg(i)] = 0;
	in.reg[machine_reg_arg(0)] = SIGCHLD;
	machine_probe_syscall(&in, &copy);
	out = copy;
	pid = out.reg[MACHINE_REG_RESULT];
	check_kept(true);
	if (getpid() != me) {
		EXPECT_EQ(pid, 0);
		_exit(0);
	}
	ASSERT_TRUE(pid > 0);
	EXPECT_EXIT(pid, 0);
}

TEST(abi, "six arguments arrive")
{
	char *p = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long got;

	scratch();
	int fd = scratch_file("f", "", 0644);
	ASSERT_EQ(pwrite(fd, "sixth", 5, 3 * page_size()), 5);
	got = machine_syscall(SYS_mmap, (long)p, page_size(), PROT_READ, MAP_PRIVATE | MAP_FIXED,
			      fd, 3 * page_size());
	EXPECT_EQ(got, (long)p);
	EXPECT_MEMEQ(p, "sixth", 5);
}

TEST(abi, "the upper half of an int argument does not matter")
{
	long high = 0xdeadbeefL << 32;
	char c = 1;
	int fd = ASSERT_OK(open("/dev/zero", O_RDONLY));

	EXPECT_RAW(machine_syscall(SYS_read, high | fd, (long)&c, 1, 0, 0, 0), 1);
	EXPECT_EQ(c, 0);
	EXPECT_RAW(machine_syscall(SYS_fcntl, high | fd, high | F_GETFD, 0, 0, 0, 0), 0);
	EXPECT_RAW(machine_syscall(SYS_openat, high | (unsigned int)AT_FDCWD, (long)"/dev/null",
				   high | O_RDONLY, 0, 0, 0), fd + 1);
	EXPECT_RAW(machine_syscall(SYS_close, high | (fd + 1), 0, 0, 0, 0, 0), 0);
	EXPECT_RAW(machine_syscall(SYS_close, high | 0xffffffff, 0, 0, 0, 0, 0), -EBADF);
}

TEST(abi, "a negative int argument is negative whatever its upper half")
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(4);
	EXPECT_RAW(machine_syscall(SYS_wait4, 0xffffffff, 0, 0, 0, 0, 0), pid);
}

TEST(abi, "a length is a whole word")
{
	EXPECT_RAW(machine_syscall(SYS_getrandom, 0, 1L << 62, 0, 0, 0, 0), -EFAULT);
	EXPECT_RAW(machine_syscall(SYS_munmap, 4096, 1L << 62, 0, 0, 0, 0), -EINVAL);
}

TEST(abi, "a result that looks like a large number is not taken for an error")
{
	char *p = (char *)0x7f0000000000UL < (char *)machine_user_end ? (char *)0x7f0000000000UL : NULL;

	EXPECT_EQ(machine_syscall(SYS_mmap, (long)p, page_size(), PROT_READ,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), (long)p);
}

TEST(abi, "a call does not look at the stack: a wild stack pointer does no harm")
{
	pid_t pid = getpid();

	EXPECT_RAW(machine_syscall_on_stack(SYS_getpid, 0), pid);
	EXPECT_RAW(machine_syscall_on_stack(SYS_getpid, 16), pid);
	for (int i = 0; i < machine_foreign_count; i++)
		EXPECT_RAW(machine_syscall_on_stack(SYS_getpid, machine_foreign[i] & ~15UL), pid);
}

TEST(abi, "a call does not look at the stack: an unaligned stack pointer does no harm")
{
	char here[64];

	for (int i = 0; i < 16; i++)
		EXPECT_RAW(machine_syscall_on_stack(SYS_getpid, (long)here + i), getpid());
}

static volatile unsigned long frame_pc, frame_number, frame_arg;
static int wake_fd = -1;	/* where the handler writes, if anywhere */

static void look(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	frame_pc = machine_frame_pc(context);
	frame_number = machine_frame_reg(context, MACHINE_REG_NUMBER);
	frame_arg = machine_frame_reg(context, machine_reg_arg(0));
	write(wake_fd, "x", 1);
}

/* A child that sends us SIGUSR1 when we sleep. */
static pid_t interrupter(void)
{
	pid_t parent = getpid(), pid = ktap_fork();

	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	return pid;
}

TEST(abi, "a restart goes back to the instruction that called, its registers as at first")
{
	int fds[2];
	pid_t pid;
	char c;

	ASSERT_OK(pipe(fds));
	wake_fd = fds[1];
	handle_info(SIGUSR1, look, SA_RESTART);
	pid = interrupter();
	fill(13);
	set_call(SYS_read, fds[0], (long)&c, 1);
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], 1);
	EXPECT_EQ(frame_pc, (long)machine_probe_call);
	EXPECT_EQ(frame_number, SYS_read);
	EXPECT_EQ(frame_arg, fds[0]);
	check_kept(true);
	EXPECT_EXIT(pid, 0);
}

TEST(abi, "without a restart the frame stands behind the call with EINTR in it")
{
	int fds[2];
	pid_t pid;
	char c;

	ASSERT_OK(pipe(fds));
	handle_info(SIGUSR1, look, 0);
	pid = interrupter();
	fill(13);
	set_call(SYS_read, fds[0], (long)&c, 1);
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], -EINTR);
	EXPECT_EQ(frame_pc, (long)machine_probe_return);
	check_kept(true);
	EXPECT_EXIT(pid, 0);
}

TEST(abi, "a call stopped and continued goes on without a handler")
{
	pid_t parent = getpid(), pid;
	int fds[2];
	char c;

	ASSERT_OK(pipe(fds));
	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGSTOP);
		wait_for_state(parent, 'T');
		kill(parent, SIGCONT);
		write(fds[1], "x", 1);
		_exit(0);
	}
	fill(15);
	set_call(SYS_read, fds[0], (long)&c, 1);
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], 1);
	check_kept(true);
	EXPECT_EXIT(pid, 0);
}

TEST(abi, "nanosleep is continued after a stop through restart_syscall")
{
	struct timespec nap = { 0, 60000000 };
	pid_t parent = getpid(), pid;
	long long began;

	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGSTOP);
		wait_for_state(parent, 'T');
		kill(parent, SIGCONT);
		_exit(0);
	}
	began = now_ns(CLOCK_MONOTONIC);
	fill(17);
	set_call(SYS_nanosleep, (long)&nap, 0, 0);
	machine_probe_syscall(&in, &out);
	EXPECT_RAW(out.reg[MACHINE_REG_RESULT], 0);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 60000000);
	in.reg[MACHINE_REG_NUMBER] = out.reg[MACHINE_REG_NUMBER];	/* restart_syscall's, maybe */
	check_kept(true);
	EXPECT_EXIT(pid, 0);
}

/* ---- the rest of a thread's state ---- */

static struct machine_rest rest_in, rest_out;

static void check_rest(void)
{
	const char *part = machine_rest_differs(&rest_in, &rest_out);

	if (part)
		ktap_note("%s changed", part);
	EXPECT_TRUE(!part);
}

static void spoil_rest(int sig)
{
	static struct machine_rest other, seen;

	(void)sig;
	machine_rest_fill(&other, 77);
	machine_probe_rest(&other, &seen, SYS_getpid, 0, 0, 0);
	spoil(sig);
}

TEST(abi, "floating point's control and status and the wide vectors survive a call")
{
	for (int seed = 0; seed < 32; seed++) {
		machine_rest_fill(&rest_in, seed);
		EXPECT_RAW(machine_probe_rest(&rest_in, &rest_out, SYS_close, -1, 0, 0), -EBADF);
		check_rest();
	}
}

TEST(abi, "they survive a signal whose handler changes all of it")
{
	handle(SIGUSR1, spoil_rest, 0);
	for (int seed = 0; seed < 8; seed++) {
		machine_rest_fill(&rest_in, seed);
		EXPECT_RAW(machine_probe_rest(&rest_in, &rest_out, SYS_kill, getpid(), SIGUSR1, 0), 0);
		check_rest();
	}
}

TEST(abi, "they survive switches to a process that has others")
{
	int there[2], back[2];
	pid_t pid;
	char c;

	stay_on_this_cpu();
	ASSERT_OK(pipe(there));
	ASSERT_OK(pipe(back));
	pid = ktap_fork();
	for (int i = 0; i < 30; i++) {
		machine_rest_fill(&rest_in, i + (pid ? 1 : 40));
		if (pid)
			write(there[1], "x", 1);
		machine_probe_rest(&rest_in, &rest_out, SYS_read, pid ? back[0] : there[0], (long)&c, 1);
		check_rest();
		if (!pid)
			write(back[1], "x", 1);
	}
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}

TEST(abi, "a forked child has them too")
{
	pid_t me = getpid(), pid;

	machine_rest_fill(&rest_in, 21);
	pid = machine_probe_rest(&rest_in, &rest_out, SYS_clone, SIGCHLD, 0, 0);
	check_rest();
	if (getpid() != me)
		_exit(0);
	ASSERT_TRUE(pid > 0);
	EXPECT_EXIT(pid, 0);
}

/* Every flag alone, all at once, and none. */
static void check_flags(long nr, long a0, long a1)
{
	unsigned long all = machine_flags_user | machine_flags_rare(), left = all;

	EXPECT_EQ(machine_flags_across(all, nr, a0, a1) & all, all);
	EXPECT_EQ(machine_flags_across(0, nr, a0, a1) & all, 0);
	for (; left; left &= left - 1) {
		unsigned long one = left & -left;

		EXPECT_EQ(machine_flags_across(one, nr, a0, a1) & all, one);
	}
}

TEST(abi, "each flag that a user may set survives a call, the rare ones too")
{
	check_flags(SYS_getppid, 0, 0);
	check_flags(100000, 0, 0);
}

static void do_nothing(int sig)
{
	(void)sig;
}

TEST(abi, "each flag survives a signal whose handler lets it be")
{
	handle(SIGUSR1, do_nothing, 0);
	check_flags(SYS_kill, getpid(), SIGUSR1);
}

static volatile int steps;
static unsigned long stepped[16];

static void on_step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	EXPECT_EQ(info->si_code, TRAP_TRACE);
	if (steps < 16)
		stepped[steps++] = machine_frame_pc(context);
}

TEST(abi, "a program that steps itself steps over a call, not into it")
{
	handle_info(SIGTRAP, on_step, 0);
	EXPECT_EQ(machine_step_call(), getpid());
	EXPECT_EQ(steps, machine_step_count);
	for (int i = 0; i < machine_step_count; i++)
		EXPECT_EQ(stepped[i], machine_steps[i]);
}

static void at_the_end(int sig, siginfo_t *info, void *context)
{
	bool right = sig == SIGSEGV && info->si_code == SEGV_MAPERR &&
		     (unsigned long)info->si_addr == machine_user_end &&
		     machine_frame_pc(context) == machine_user_end &&
		     machine_frame_reg(context, MACHINE_REG_RESULT) == (unsigned long)getpid();

	_exit(right ? 33 : 1);
}

TEST(abi, "a call by the last bytes of the user's memory returns to where nothing is: SIGSEGV there")
{
	char *page = (char *)machine_user_end - page_size(), *end = (char *)machine_user_end;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		void *code = mmap(page, page_size(), PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		ASSERT_EQ(code, page);
		code = memcpy(end - machine_last_call_size, machine_last_call, machine_last_call_size);
		ASSERT_OK(mprotect(page, page_size(), PROT_READ | PROT_EXEC));
		__builtin___clear_cache(page, end);
		handle_info(SIGSEGV, at_the_end, 0);
		((void (*)(void))code)();
		_exit(0);
	}
	EXPECT_EXIT(pid, 33);
}

TEST(abi, "exec gives a program clean registers: no bit of the old one in its vectors")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		fill(0x55);
		in.reg[MACHINE_REG_NUMBER] = SYS_execve;
		char *const argv[] = { "abi", "--reexec", NULL };
		in.reg[machine_reg_arg(0)] = (long)"/proc/self/exe";
		in.reg[machine_reg_arg(1)] = (long)argv;
		in.reg[machine_reg_arg(2)] = 0;
		machine_probe_syscall(&in, &out);
		_exit(1);
	}
	EXPECT_EXIT(pid, 55);
}

/* The program after exec: no vector may still hold what the old program had in it. */
int ktap_reexec(int argc, char **argv)
{
	unsigned char now[MACHINE_VECTOR_BYTES];
	int same = 0;

	machine_read_vectors(now);
	fill(0x55);
	for (int i = 0; i < MACHINE_VECTOR_BYTES; i += 16)
		same += !memcmp(now + i, in.vector + i, 16);
	return same || argc || *argv ? 1 : 55;
}
