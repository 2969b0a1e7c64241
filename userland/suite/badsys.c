// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every system call number, known, unknown and wild: each returns, and what does not exist is ENOSYS.
 */
#include "ktap.h"
#include "machine.h"

/* Calls that by their nature do not come back to say what they gave, or end the machine's run. */
static bool skip(long nr)
{
	static const long no_return[] = {
		SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigsuspend, SYS_reboot,
		SYS_clone, SYS_clone3, SYS_vhangup, SYS_ppoll, SYS_pselect6, SYS_kexec_load,
		SYS_init_module, SYS_delete_module, SYS_restart_syscall, SYS_execve,
#ifdef SYS_pause
		SYS_pause,
#endif
#ifdef SYS_fork
		SYS_fork, SYS_vfork,
#endif
#ifdef SYS_select
		SYS_select,
#endif
	};

	for (size_t i = 0; i < sizeof(no_return) / sizeof(no_return[0]); i++)
		if (no_return[i] == nr)
			return true;
	return false;
}

/* Call each number in a child that may be hurt by what it does, and see the child get through. */
static void call_all(long from, long to, long argument)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		become_nobody();
		for (long nr = from; nr < to; nr++) {
			long got;

			if (skip(nr))
				continue;
			got = machine_syscall(nr, argument, argument, argument, argument, argument,
					      argument);
			if (nr == SYS_msgget && got >= 0)	/* it would outlive us */
				machine_syscall(SYS_msgctl, got, 0, 0, 0, 0, 0);
			if (got < 0 && got < -4095) {
				ktap_note("call %ld gave %ld", nr, got);
				EXPECT_TRUE(false);
			}
		}
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(badsys, "every number from 0 to 1023 returns, all arguments -1")
{
	call_all(0, 1024, -1);
}

TEST(badsys, "every number from 0 to 1023 returns, all arguments in the kernel's half")
{
	call_all(0, 1024, (long)0xffff888000001000);
}

TEST(badsys, "every number from 0 to 1023 returns, all arguments in no half")
{
	call_all(0, 1024, (long)0x8000000000000000);
}

TEST(badsys, "numbers from 451 to 1023 are ENOSYS")
{
	for (long nr = 451; nr < 1024; nr++)
		EXPECT_RAW(machine_syscall(nr, 0, 0, 0, 0, 0, 0), -ENOSYS);
}

TEST(badsys, "wild numbers are ENOSYS")
{
	static const long wild[] = { 1024, 4096, 65535, 65536, 100000, 1L << 30, 1L << 31, 0x7fffffff,
				     -1, -2, -4096, 0xffffffff, 0x80000000, 0x40000000 | 2000 };

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++)
		EXPECT_RAW(machine_syscall(wild[i], 0, 0, 0, 0, 0, 0), -ENOSYS);
}

TEST(badsys, "the upper half of the number does not matter")
{
	EXPECT_RAW(machine_syscall(SYS_getpid | 1L << 40, 0, 0, 0, 0, 0, 0), getpid());
	EXPECT_RAW(machine_syscall(SYS_getpid | 0xffffffffL << 32, 0, 0, 0, 0, 0, 0), getpid());
}

TEST(badsys, "a call that does not exist changes nothing it was handed")
{
	long words[6] = { 1, 2, 3, 4, 5, 6 };

	for (long nr = 460; nr < 470; nr++)
		machine_syscall(nr, (long)words, (long)words, (long)words, (long)words, (long)words,
				(long)words);
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(words[i], i + 1);
}

TEST(badsys, "restart_syscall with nothing to restart is EINTR")
{
	EXPECT_RAW(machine_syscall(SYS_restart_syscall, 0, 0, 0, 0, 0, 0), -EINTR);
}

TEST(badsys, "a hundred thousand bad calls leave the process as it was")
{
	for (int i = 0; i < 100000; i++)
		if (machine_syscall(1000 + i % 7, 0, 0, 0, 0, 0, 0) != -ENOSYS)
			EXPECT_TRUE(false);
	EXPECT_EQ(getppid() > 0, 1);
}
