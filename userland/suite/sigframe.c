// SPDX-License-Identifier: BSD-2-Clause
/*
 * Signal frames: what the kernel writes onto the stack, field by field, and what it takes back.
 */
#include <setjmp.h>

#include "ktap.h"
#include "machine.h"

static struct machine_state in, out;
static ucontext_t seen;
static siginfo_t seen_info;
static volatile int seen_signal;
static unsigned char seen_vector[MACHINE_VECTOR_BYTES];
static volatile unsigned long handler_frame, handler_flags;

static void copy_frame(int sig, siginfo_t *info, void *context)
{
	handler_flags = machine_flags();
	handler_frame = (unsigned long)__builtin_frame_address(0);
	seen_signal = sig;
	memcpy(&seen, context, sizeof(seen));
	memcpy(&seen_info, info, sizeof(seen_info));
	if (machine_frame_vector(context))
		memcpy(seen_vector, machine_frame_vector(context), MACHINE_VECTOR_BYTES);
}

static void send_to_self(int seed)
{
	for (int i = 0; i < MACHINE_REGS; i++)
		in.reg[i] = 0x0123456700000000 * (seed | 1) + i;
	for (int i = 0; i < MACHINE_VECTOR_BYTES; i++)
		in.vector[i] = i * 7 + seed;
	in.flags = seed & 1 ? machine_flags_user : 0;
	in.reg[MACHINE_REG_NUMBER] = SYS_kill;
	in.reg[machine_reg_arg(0)] = getpid();
	in.reg[machine_reg_arg(1)] = SIGUSR1;
	machine_probe_syscall(&in, &out);
}

TEST(sigframe, "holds every general register")
{
	handle_info(SIGUSR1, copy_frame, 0);
	for (int seed = 1; seed < 5; seed++) {
		send_to_self(seed);
		for (int i = 0; i < MACHINE_REGS; i++) {
			if (machine_reg_role(i) != ROLE_KEPT)
				continue;
			if (machine_frame_reg(&seen, i) != in.reg[i])
				ktap_note("%s", machine_reg_name[i]);
			EXPECT_EQ(machine_frame_reg(&seen, i), in.reg[i]);
		}
		EXPECT_EQ(machine_frame_reg(&seen, MACHINE_REG_RESULT), 0);
	}
}

TEST(sigframe, "holds the program counter, the stack pointer and the flags")
{
	int here;

	handle_info(SIGUSR1, copy_frame, 0);
	send_to_self(1);
	EXPECT_EQ(machine_frame_pc(&seen), (long)machine_probe_return);
	EXPECT_EQ(machine_frame_flags(&seen) & machine_flags_user, machine_flags_user);
	EXPECT_TRUE(machine_frame_sp(&seen) < (unsigned long)&here &&
		    machine_frame_sp(&seen) > (unsigned long)&here - 4096);
}

TEST(sigframe, "holds the vector state")
{
	handle_info(SIGUSR1, copy_frame, 0);
	send_to_self(5);
	EXPECT_MEMEQ(seen_vector, in.vector, MACHINE_VECTOR_BYTES);
}

TEST(sigframe, "holds the mask that will be restored")
{
	sigset_t set;

	handle_info(SIGUSR1, copy_frame, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	send_to_self(1);
	EXPECT_TRUE(sigismember(&seen.uc_sigmask, SIGUSR2));
	EXPECT_TRUE(sigismember(&seen.uc_sigmask, SIGTERM));
	EXPECT_TRUE(!sigismember(&seen.uc_sigmask, SIGUSR1));
}

TEST(sigframe, "tells the sender in siginfo, and nothing of the kernel's in its rest")
{
	const unsigned char *rest = (const unsigned char *)&seen_info.si_uid + sizeof(uid_t);
	const unsigned char *end = (const unsigned char *)(&seen_info + 1);

	handle_info(SIGUSR1, copy_frame, 0);
	send_to_self(1);
	EXPECT_EQ(seen_signal, SIGUSR1);
	EXPECT_EQ(seen_info.si_signo, SIGUSR1);
	EXPECT_EQ(seen_info.si_errno, 0);
	EXPECT_EQ(seen_info.si_code, SI_USER);
	EXPECT_EQ(seen_info.si_pid, getpid());
	EXPECT_EQ(seen_info.si_uid, getuid());
	while (rest < end)
		ASSERT_EQ(*rest++, 0);
}

TEST(sigframe, "the handler starts with an aligned stack and the flags of a function call")
{
	handle_info(SIGUSR1, copy_frame, 0);
	send_to_self(1);
	EXPECT_EQ(handler_frame % 16, 0);
	if (machine_flags_user & 0x400)		/* a direction flag, which must be clear */
		EXPECT_EQ(handler_flags & 0x400, 0);
	EXPECT_TRUE(handler_frame < machine_frame_sp(&seen));
}

TEST(sigframe, "lies below what the interrupted function may use without moving its stack pointer")
{
	handle_info(SIGUSR1, copy_frame, 0);
	send_to_self(1);
	EXPECT_TRUE(machine_frame_sp(&seen) - handler_frame > sizeof(siginfo_t));
}

static void change_vector(int sig, siginfo_t *info, void *context)
{
	unsigned char *v = machine_frame_vector(context);

	(void)sig;
	(void)info;
	for (int i = 0; v && i < MACHINE_VECTOR_BYTES; i++)
		v[i] = ~v[i];
}

TEST(sigframe, "vector state changed in the frame is what the program goes on with")
{
	handle_info(SIGUSR1, change_vector, 0);
	send_to_self(9);
	for (int i = 0; i < MACHINE_VECTOR_BYTES; i++)
		ASSERT_EQ(out.vector[i], (unsigned char)~in.vector[i]);
}

static sigjmp_buf away;

static void elsewhere(void)
{
	siglongjmp(away, 5);
}

static void change_pc(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	machine_frame_set_pc(context, (unsigned long)elsewhere);
}

TEST(sigframe, "a program counter changed in the frame is where the program goes on")
{
	volatile int arrived;

	handle_info(SIGUSR1, change_pc, 0);
	arrived = sigsetjmp(away, 1);
	if (!arrived)
		send_to_self(1);
	EXPECT_EQ(arrived, 5);
}

static void change_mask(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	sigfillset(&((ucontext_t *)context)->uc_sigmask);
}

TEST(sigframe, "the mask in the frame is taken, but SIGKILL and SIGSTOP stay unblocked")
{
	sigset_t now;

	handle_info(SIGUSR1, change_mask, 0);
	send_to_self(1);
	sigprocmask(SIG_SETMASK, NULL, &now);
	EXPECT_TRUE(sigismember(&now, SIGTERM));
	EXPECT_TRUE(!sigismember(&now, SIGKILL));
	EXPECT_TRUE(!sigismember(&now, SIGSTOP));
}

static volatile int depth, deepest;

static void nest(int sig, siginfo_t *info, void *context)
{
	unsigned long pc = machine_frame_pc(context);

	(void)info;
	if (++depth < 10)
		raise(sig);
	deepest = depth > deepest ? depth : deepest;
	depth--;
	EXPECT_EQ(machine_frame_pc(context), pc);
}

TEST(sigframe, "ten frames nest and unwind")
{
	handle_info(SIGUSR1, nest, SA_NODEFER);
	send_to_self(1);
	EXPECT_EQ(deepest, 10);
	EXPECT_EQ(depth, 0);
	for (int i = 0; i < MACHINE_REGS; i++)
		if (machine_reg_role(i) == ROLE_KEPT)
			EXPECT_EQ(out.reg[i], in.reg[i]);
}

static void (*forge)(ucontext_t *uc);

static void forging(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	forge(context);
}

/* The frame is forged; the program dies of the right signal or goes on without new rights. */
static void forged_child(const struct machine_forgery *forgery)
{
	forge = forgery->forge;
	handle_info(SIGUSR1, forging, 0);
	send_to_self(2);
	for (int i = 0; i < MACHINE_VECTOR_BYTES && forgery->signal == MACHINE_FORGETS; i++)
		ASSERT_EQ(out.vector[i], 0);
	_exit(0);
}

TEST(sigframe, "forged in every field: refused or harmless, never more rights")
{
	for (int i = 0; i < machine_forgery_count; i++) {
		const struct machine_forgery *forgery = &machine_forgeries[i];
		int status = 0, expected = forgery->signal == MACHINE_FORGETS ? 0 : forgery->signal;
		pid_t pid = ktap_fork();

		if (pid == 0)
			forged_child(forgery);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (WTERMSIG(status) != expected)
			ktap_note("%s", forgery->name);
		EXPECT_EQ(WTERMSIG(status), expected);
		if (!expected)
			EXPECT_EQ(WEXITSTATUS(status), 0);
	}
}

TEST(sigframe, "a forged frame that survives still cannot do what no user may")
{
	for (int i = 0; i < machine_forgery_count; i++) {
		const struct machine_forgery *forgery = &machine_forgeries[i];

		for (int c = 0; c < machine_crime_count && !forgery->signal; c++) {
			pid_t pid = ktap_fork();

			if (pid == 0) {
				forge = forgery->forge;
				handle_info(SIGUSR1, forging, 0);
				send_to_self(2);
				machine_crimes[c].commit();
				ktap_note("with a frame that has %s: %s goes through", forgery->name,
					  machine_crimes[c].name);
				_exit(0);
			}
			EXPECT_KILLED(pid, machine_crimes[c].signal);
		}
	}
}

TEST(sigframe, "sigreturn without a frame ends the process")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		machine_syscall_on_stack(SYS_rt_sigreturn, 16);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST(sigframe, "sigreturn from foreign memory ends the process")
{
	for (int i = 0; i < machine_foreign_count; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			machine_syscall_on_stack(SYS_rt_sigreturn, machine_foreign[i] & ~15UL);
			_exit(0);
		}
		EXPECT_KILLED(pid, SIGSEGV);
	}
}

TEST(sigframe, "sigreturn from zeros, ones and noise ends the process or its privileges stay")
{
	for (int noise = 0; noise < 40; noise++) {
		static unsigned char junk[16384] __attribute__((aligned(16)));
		unsigned int state = noise * 2654435761u + 1;
		int status;
		pid_t pid = ktap_fork();

		if (pid == 0) {
			for (size_t i = 0; i < sizeof(junk); i++) {
				state = state * 1664525 + 1013904223;
				junk[i] = noise == 0 ? 0 : noise == 1 ? 0xff : state >> 24;
			}
			machine_syscall_on_stack(SYS_rt_sigreturn, (unsigned long)junk + 8192);
			_exit(0);
		}
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_TRUE(WIFSIGNALED(status));
	}
}

TEST(sigframe, "a frame that finds no stack to lie on ends the process")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		sigset_t set;

		handle_info(SIGUSR1, copy_frame, 0);
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGUSR1);
		machine_syscall_on_stack(SYS_rt_sigreturn, 4096);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}
