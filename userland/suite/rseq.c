// SPDX-License-Identifier: BSD-2-Clause
/*
 * Restartable sequences: the area of a thread, its CPU's number there, and sequences that are broken off.
 */
#include <linux/membarrier.h>
#include <linux/ptrace.h>
#include <linux/rseq.h>
#include <sys/ptrace.h>

#include "ktap.h"
#include "machine.h"

static struct rseq area;
static struct rseq_cs sequence;

static uint32_t signature(void)
{
	uint32_t sig;

	memcpy(&sig, machine_rseq_abort - sizeof(sig), sizeof(sig));
	return sig;
}

static long rseq(volatile void *at, unsigned len, int flags, uint32_t sig)
{
	return syscall(SYS_rseq, at, len, flags, sig);
}

static void begin(struct rseq *at)
{
	ASSERT_OK(rseq(at, sizeof(*at), 0, signature()));
}

static void describe(struct rseq_cs *cs)
{
	*cs = (struct rseq_cs){
		.start_ip = (uintptr_t)machine_rseq_start,
		.post_commit_offset = machine_rseq_commit - machine_rseq_start,
		.abort_ip = (uintptr_t)machine_rseq_abort,
	};
}

/* ---- registration ---- */

TEST(rseq, "a registered area holds the number of the CPU, an unregistered one none")
{
	stay_on_this_cpu();
	area.cpu_id = RSEQ_CPU_ID_UNINITIALIZED;
	begin(&area);
	EXPECT_EQ(area.cpu_id, sched_getcpu());
	EXPECT_EQ(area.cpu_id_start, sched_getcpu());
	EXPECT_EQ(area.rseq_cs, 0);
	EXPECT_OK(rseq(&area, sizeof(area), RSEQ_FLAG_UNREGISTER, signature()));
	EXPECT_EQ(area.cpu_id, (uint32_t)RSEQ_CPU_ID_UNINITIALIZED);
	EXPECT_EQ(area.cpu_id_start, 0);
	begin(&area);
	EXPECT_EQ(area.cpu_id, sched_getcpu());
}

TEST(rseq, "one area a thread: EBUSY for the same, EINVAL for another, EPERM for another signature")
{
	static struct rseq other;

	begin(&area);
	EXPECT_ERRNO(rseq(&area, sizeof(area), 0, signature()), EBUSY);
	EXPECT_ERRNO(rseq(&area, sizeof(area), 0, signature() + 1), EPERM);
	EXPECT_ERRNO(rseq(&other, sizeof(other), 0, signature()), EINVAL);
	EXPECT_ERRNO(rseq(&area, sizeof(area) + 32, 0, signature()), EINVAL);
	EXPECT_ERRNO(rseq(NULL, sizeof(area), 0, signature()), EINVAL);
}

TEST(rseq, "what cannot be an area: EINVAL for its place, length and flags, EFAULT beyond the user's memory")
{
	EXPECT_ERRNO(rseq((char *)&area + 16, sizeof(area), 0, 1), EINVAL);
	EXPECT_ERRNO(rseq(&area, sizeof(area) - 1, 0, 1), EINVAL);
	EXPECT_ERRNO(rseq(&area, sizeof(area) + 1, 0, 1), EINVAL);
	EXPECT_ERRNO(rseq(&area, 0, 0, 1), EINVAL);
	EXPECT_ERRNO(rseq(&area, sizeof(area), 2, 1), EINVAL);
	EXPECT_ERRNO(rseq(&area, sizeof(area), -1, 1), EINVAL);
	EXPECT_ERRNO(rseq((void *)machine_user_end, sizeof(area), 0, 1), EFAULT);
	EXPECT_ERRNO(rseq((void *)machine_foreign[0], sizeof(area), 0, 1), EFAULT);
	EXPECT_ERRNO(rseq(NULL, sizeof(area), 0, 1), EFAULT);
	EXPECT_ERRNO(rseq(guarded_pages(1) + page_size(), sizeof(area), 0, 1), EFAULT);
	begin(&area);
}

TEST(rseq, "unregistering wants the same area, length and signature, and no other flag")
{
	const int flag = RSEQ_FLAG_UNREGISTER;

	EXPECT_ERRNO(rseq(&area, sizeof(area), flag, signature()), EINVAL);
	EXPECT_ERRNO(rseq(NULL, sizeof(area), flag, 0), EINVAL);
	begin(&area);
	EXPECT_ERRNO(rseq(&area, sizeof(area), flag | 2, signature()), EINVAL);
	EXPECT_ERRNO(rseq(&area + 1, sizeof(area), flag, signature()), EINVAL);
	EXPECT_ERRNO(rseq(&area, sizeof(area) + 1, flag, signature()), EINVAL);
	EXPECT_ERRNO(rseq(&area, sizeof(area), flag, ~signature()), EPERM);
	EXPECT_OK(rseq(&area, sizeof(area), flag, signature()));
	EXPECT_ERRNO(rseq(&area, sizeof(area), flag, signature()), EINVAL);
}

static int unregister_what_is_read_only(void)
{
	struct rseq *at = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool refused;

	begin(at);
	ASSERT_OK(mprotect(at, page_size(), PROT_READ));
	refused = rseq(at, sizeof(*at), RSEQ_FLAG_UNREGISTER, signature()) == -1 && errno == EFAULT;
	ASSERT_OK(mprotect(at, page_size(), PROT_READ | PROT_WRITE));
	return refused && rseq(at, sizeof(*at), RSEQ_FLAG_UNREGISTER, signature()) == 0 ? 0 : 1;
}

TEST(rseq, "an area that goes away cannot be unregistered: EFAULT, and it stays")
{
	int status;

	do {	/* if its turn ends just then, the kernel cannot write the area either: SIGSEGV */
		pid_t pid = ktap_fork();

		if (pid == 0)
			_exit(unregister_what_is_read_only());
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
	} while (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	EXPECT_EQ(status, 0);
}

TEST(rseq, "an area that can be read but not written is SIGSEGV when it is registered")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		rseq(mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), sizeof(area), 0, 1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST(rseq, "what is named as the sequence when an area is registered is forgotten, were it wrong")
{
	area.rseq_cs = 8;
	begin(&area);
	EXPECT_EQ(area.rseq_cs, 0);
}

TEST(rseq, "wherever a thread is moved to, it reads that CPU's number")
{
	cpu_set_t all, one;

	ASSERT_OK(sched_getaffinity(0, sizeof(all), &all));
	begin(&area);
	for (int round = 0; round < 3; round++) {
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (!CPU_ISSET(cpu, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			ASSERT_OK(sched_setaffinity(0, sizeof(one), &one));
			EXPECT_EQ(((volatile struct rseq *)&area)->cpu_id, cpu);
			EXPECT_EQ(((volatile struct rseq *)&area)->cpu_id_start, cpu);
		}
	}
}

/* ---- who has it ---- */

TEST(rseq, "a child by fork has its parent's area and signature in its own memory")
{
	pid_t pid;

	begin(&area);
	pid = ktap_fork();
	if (pid == 0) {
		stay_on_this_cpu();
		EXPECT_EQ(area.cpu_id, sched_getcpu());
		EXPECT_ERRNO(rseq(&area, sizeof(area), 0, signature()), EBUSY);
		EXPECT_OK(rseq(&area, sizeof(area), RSEQ_FLAG_UNREGISTER, signature()));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(rseq(&area, sizeof(area), 0, signature()), EBUSY);
	EXPECT_NE(area.cpu_id, RSEQ_CPU_ID_UNINITIALIZED);
}

static int sharing_child(void *unused)
{
	static struct rseq its_own;

	if (rseq(&area, sizeof(area), RSEQ_FLAG_UNREGISTER, signature()) != -1 || errno != EINVAL)
		_exit(1);
	_exit(rseq(&its_own, sizeof(its_own), 0, 5) ? 2 : 0);
}

TEST(rseq, "one who shares the memory begins without an area")
{
	char *stack = guarded_pages(4);
	pid_t pid;

	begin(&area);
	pid = ASSERT_OK(clone(sharing_child, stack + 4 * page_size(), CLONE_VM | SIGCHLD, NULL));
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(rseq(&area, sizeof(area), 0, signature()), EBUSY);
}

TEST(rseq, "a program begins without an area")
{
	char *argv[] = { "rseq", "--reexec", NULL }, *envp[] = { NULL };
	pid_t pid = ktap_fork();

	if (pid == 0) {
		begin(&area);
		execve("/proc/self/exe", argv, envp);
		_exit(1);
	}
	EXPECT_EXIT(pid, 44);
}

int ktap_reexec(int argc, char **argv)
{
	return rseq(&area, sizeof(area), 0, 7) ? 1 : 44;
}

TEST(rseq, "PTRACE_GET_RSEQ_CONFIGURATION tells a tracer of area and signature")
{
	struct ptrace_rseq_configuration got;
	pid_t pid = ktap_fork();
	int status;

	if (pid == 0) {
		begin(&area);
		ASSERT_OK(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	memset(&got, 0x55, sizeof(got));
	EXPECT_EQ(ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid, sizeof(got), &got), sizeof(got));
	EXPECT_EQ(got.rseq_abi_pointer, (uintptr_t)&area);
	EXPECT_EQ(got.rseq_abi_size, sizeof(area));
	EXPECT_EQ(got.signature, signature());
	EXPECT_EQ(got.flags, 0);
	EXPECT_EQ(got.pad, 0);
	memset(&got, 0x55, sizeof(got));
	EXPECT_EQ(ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid, 8, &got), sizeof(got));
	EXPECT_EQ(got.rseq_abi_pointer, (uintptr_t)&area);
	EXPECT_EQ(got.rseq_abi_size, 0x55555555);
	ASSERT_OK(ptrace(PTRACE_CONT, pid, 0, 0));
	EXPECT_EXIT(pid, 0);
}

/* ---- sequences ---- */

/* Shared with the one who watches: the words of machine_rseq_spin(). */
static volatile int *word;

/* Be in a sequence until it is broken, or word[1] is set. */
static long spin(void)
{
	begin(&area);
	describe(&sequence);
	return machine_rseq_spin((uint64_t *)&area.rseq_cs, &sequence, word);
}

static pid_t spinning_child(void)
{
	pid_t pid;

	word = shared_page();
	pid = ktap_fork();
	if (pid == 0)
		_exit(spin() == 1 && !area.rseq_cs ? 0 : 1);
	return pid;
}

/* Or until it has ended: its turn may be over at the first instruction. */
static void wait_until_within(pid_t pid)
{
	siginfo_t info = { 0 };

	while (!word[0] && !info.si_pid) {
		sched_yield();
		ASSERT_OK(waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT));
	}
}

TEST(rseq, "a sequence is broken when its thread loses its turn")
{
	pid_t pid;

	stay_on_this_cpu();
	pid = spinning_child();
	wait_until_within(pid);		/* so the child, on the same CPU, has run, and we run now */
	EXPECT_EXIT(pid, 0);
}

TEST(rseq, "a sequence is broken when its thread is moved")
{
	cpu_set_t all, one;
	pid_t pid;
	int other;

	ASSERT_OK(sched_getaffinity(0, sizeof(all), &all));
	if (CPU_COUNT(&all) < 2)
		ktap_skip("one CPU");
	stay_on_this_cpu();
	pid = spinning_child();
	CPU_ZERO(&one);
	for (other = 0; !CPU_ISSET(other, &all) || other == sched_getcpu(); other++)
		;
	CPU_SET(other, &one);
	ASSERT_OK(sched_setaffinity(pid, sizeof(one), &one));
	wait_until_within(pid);
	ASSERT_OK(sched_setaffinity(pid, sizeof(all), &all));
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ASSERT_OK(sched_setaffinity(pid, sizeof(one), &one));
	EXPECT_EXIT(pid, 0);
}

static volatile unsigned long handler_cs;
static volatile bool came, came_at_abort;

static void note_frame(int sig, siginfo_t *info, void *context)
{
	came = true;
	came_at_abort |= machine_frame_pc(context) == (uintptr_t)machine_rseq_abort;
	handler_cs |= area.rseq_cs;
}

TEST(rseq, "a handler interrupts a sequence at its abort address, and finds none named")
{
	pid_t pid;

	word = shared_page();
	pid = ktap_fork();
	if (pid == 0) {
		handle_info(SIGUSR1, note_frame, 0);
		EXPECT_EQ(spin(), 1);
		while (!came_at_abort)		/* the signal has come between two of them */
			EXPECT_EQ(machine_rseq_spin((uint64_t *)&area.rseq_cs, &sequence, word), 1);
		EXPECT_EQ(handler_cs, 0);
		word[2] = 1;
		_exit(0);
	}
	wait_until_within(pid);
	while (!word[2]) {
		ASSERT_OK(kill(pid, SIGUSR1));
		sched_yield();
	}
	EXPECT_EXIT(pid, 0);
}

TEST(rseq, "a sequence that its thread has left, or not entered, is forgotten and not broken")
{
	handle_info(SIGUSR1, note_frame, 0);
	begin(&area);
	describe(&sequence);
	area.rseq_cs = (uintptr_t)&sequence;
	ASSERT_OK(raise(SIGUSR1));
	EXPECT_TRUE(came && !came_at_abort);
	EXPECT_EQ(handler_cs, 0);
	EXPECT_EQ(area.rseq_cs, 0);
}

TEST(rseq, "a sequence that is let through ends by itself")
{
	static int none[2] = { 0, 1 };

	begin(&area);
	describe(&sequence);
	while (machine_rseq_spin((uint64_t *)&area.rseq_cs, &sequence, none))	/* a turn lost just then */
		;
	EXPECT_EQ(none[0], 1);
}

static int spin_beside(void *unused)
{
	static struct rseq its_own;

	if (rseq(&its_own, sizeof(its_own), 0, signature()))
		_exit(1);
	describe(&sequence);
	_exit(machine_rseq_spin((uint64_t *)&its_own.rseq_cs, &sequence, word) == 1 ? 0 : 2);
}

TEST(rseq, "membarrier breaks the sequences of all who share the memory, once that was asked for")
{
	char *stack = guarded_pages(4);
	const int all = MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
	pid_t pid;

	EXPECT_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) & 3 << 7, 3 << 7);
	EXPECT_ERRNO(syscall(SYS_membarrier, all, 0, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_membarrier, all, 2, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_FLAG_CPU, 0), EINVAL);
	ASSERT_OK(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0));
	EXPECT_ERRNO(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), EPERM);
	EXPECT_OK(syscall(SYS_membarrier, all, MEMBARRIER_CMD_FLAG_CPU, 0));
	EXPECT_OK(syscall(SYS_membarrier, all, MEMBARRIER_CMD_FLAG_CPU, 99999));
	EXPECT_OK(syscall(SYS_membarrier, all, MEMBARRIER_CMD_FLAG_CPU, -1));
	word = shared_page();
	pid = ASSERT_OK(clone(spin_beside, stack + 4 * page_size(), CLONE_VM | SIGCHLD, NULL));
	wait_until_within(pid);
	EXPECT_OK(syscall(SYS_membarrier, all, 0, 0));
	EXPECT_EXIT(pid, 0);
}

/* ---- what no sequence may be ---- */

#define BEYOND (1UL << 63)		/* no user's on any machine */

static void ignore(int sig)
{
}

/* A signal comes while the area names the sequence, which is wrong somehow: SIGSEGV, and no handler helps. */
static void expect_killed_at_signal(uint64_t at)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		handle(SIGSEGV, ignore, 0);
		handle_info(SIGUSR2, note_frame, 0);
		begin(&area);
		area.rseq_cs = at;
		raise(SIGUSR2);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST(rseq, "a descriptor out of memory is SIGSEGV, which no handler averts")
{
	char *end = guarded_pages(1) + page_size();

	expect_killed_at_signal(8);
	expect_killed_at_signal((uintptr_t)end);
	expect_killed_at_signal((uintptr_t)end - 16);
	expect_killed_at_signal(BEYOND);
	expect_killed_at_signal(UINT64_MAX);
}

TEST(rseq, "a descriptor of another version, out of the user's half or around its own abort is SIGSEGV")
{
	describe(&sequence);
	sequence.version = 1;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.start_ip = BEYOND;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.post_commit_offset = BEYOND - sequence.start_ip;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.post_commit_offset = UINT64_MAX;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.abort_ip = BEYOND;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.abort_ip = sequence.start_ip;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.post_commit_offset = sequence.abort_ip - sequence.start_ip + 1;
	expect_killed_at_signal((uintptr_t)&sequence);
}

TEST(rseq, "an abort address without the signature before it is SIGSEGV")
{
	describe(&sequence);
	sequence.abort_ip += 4;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.abort_ip = 2;
	expect_killed_at_signal((uintptr_t)&sequence);
	describe(&sequence);
	sequence.abort_ip = (uintptr_t)guarded_pages(1) + page_size() + 8;
	expect_killed_at_signal((uintptr_t)&sequence);
}

/* A sequence with flags is broken by a signal. */
static void expect_killed_within(uint32_t its_flags, uint32_t area_flags)
{
	pid_t pid;

	word = shared_page();
	pid = ktap_fork();
	if (pid == 0) {
		handle_info(SIGUSR1, note_frame, 0);
		begin(&area);
		describe(&sequence);
		sequence.flags = its_flags;
		area.flags = area_flags;
		machine_rseq_spin((uint64_t *)&area.rseq_cs, &sequence, word);
		_exit(0);
	}
	wait_until_within(pid);
	kill(pid, SIGUSR1);
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST(rseq, "flags of a sequence or an area, all of them of no use any more, are SIGSEGV when it is broken")
{
	expect_killed_within(1, 0);
	expect_killed_within(8, 0);
	expect_killed_within(0, 1);
	expect_killed_within(0, 1u << 31);
}
