// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bad programs: each crime gets its signal, with the code and the address that Linux gives, and the
 * kernel goes on. The list is the machine's; the trial is the same everywhere.
 */
#include <setjmp.h>

#include "ktap.h"
#include "machine.h"

static sigjmp_buf out;
static volatile int caught_signal, caught_code;
static volatile unsigned long caught_address;

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught_signal = sig;
	caught_code = info->si_code;
	caught_address = (unsigned long)info->si_addr;
	siglongjmp(out, 1);
}

static void catch_all(void)
{
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE };

	ASSERT_OK(sigaltstack(&alternate, NULL));
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		handle_info(signals[i], caught, SA_ONSTACK);
}

TEST(badprog, "each crime is caught with its signal, code and address")
{
	catch_all();
	for (volatile int i = 0; i < machine_crime_count; i++) {
		const struct machine_crime *crime = &machine_crimes[i];

		caught_signal = 0;
		if (sigsetjmp(out, 1) == 0)
			crime->commit();
		if (caught_signal != crime->signal || caught_code != crime->code)
			ktap_note("%s", crime->name);
		EXPECT_EQ(caught_signal, crime->signal);
		EXPECT_EQ(caught_code, crime->code);
		if (crime->address != MACHINE_ANY_ADDRESS) {
			if (caught_address != crime->address)
				ktap_note("%s", crime->name);
			EXPECT_EQ(caught_address, crime->address);
		}
	}
}

TEST(badprog, "each crime uncaught ends its process by its signal")
{
	for (int i = 0; i < machine_crime_count; i++) {
		int status = 0;
		pid_t pid = ktap_fork();

		if (pid == 0) {
			machine_crimes[i].commit();
			_exit(0);
		}
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != machine_crimes[i].signal)
			ktap_note("%s", machine_crimes[i].name);
		EXPECT_EQ(WTERMSIG(status), machine_crimes[i].signal);
	}
}

TEST(badprog, "each crime ends its process even where its signal is ignored or blocked")
{
	sigset_t all;

	for (int i = 0; i < machine_crime_count; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			signal(machine_crimes[i].signal, SIG_IGN);
			sigfillset(&all);
			sigprocmask(SIG_BLOCK, &all, NULL);
			machine_crimes[i].commit();
			_exit(0);
		}
		EXPECT_KILLED(pid, machine_crimes[i].signal);
	}
}

/* The first signal's number and address of a load or a store. */
static void access_at(unsigned long address, bool write)
{
	catch_all();
	caught_signal = 0;
	if (sigsetjmp(out, 1) == 0) {
		if (write)
			*(volatile char *)address = 1;
		else
			(void)*(volatile char *)address;
	}
}

TEST(badprog, "reading and writing foreign addresses is a signal each time")
{
	for (volatile int i = 0; i < machine_foreign_count; i++) {
		access_at(machine_foreign[i], false);
		EXPECT_EQ(caught_signal, SIGSEGV);
		access_at(machine_foreign[i], true);
		EXPECT_EQ(caught_signal, SIGSEGV);
	}
}

TEST(badprog, "a null pointer is SEGV_MAPERR at its address")
{
	access_at(0, false);
	EXPECT_EQ(caught_signal, SIGSEGV);
	EXPECT_EQ(caught_code, SEGV_MAPERR);
	EXPECT_EQ(caught_address, 0);
	access_at(0x123, true);
	EXPECT_EQ(caught_code, SEGV_MAPERR);
	EXPECT_EQ(caught_address, 0x123);
}

TEST(badprog, "writing to one's own code is SEGV_ACCERR")
{
	access_at((unsigned long)access_at, true);
	EXPECT_EQ(caught_signal, SIGSEGV);
	EXPECT_EQ(caught_code, SEGV_ACCERR);
	EXPECT_EQ(caught_address, (unsigned long)access_at);
}

TEST(badprog, "writing to a constant is SEGV_ACCERR")
{
	static const char constant[] = "constant";

	access_at((unsigned long)constant, true);
	EXPECT_EQ(caught_signal, SIGSEGV);
	EXPECT_EQ(caught_code, SEGV_ACCERR);
}

TEST(badprog, "executing data is SEGV_ACCERR at its address")
{
	static char data[64];

	catch_all();
	caught_signal = 0;
	if (sigsetjmp(out, 1) == 0)
		((void (*)(void))data)();
	EXPECT_EQ(caught_signal, SIGSEGV);
	EXPECT_EQ(caught_code, SEGV_ACCERR);
	EXPECT_EQ(caught_address, (unsigned long)data);
}

TEST(badprog, "executing the stack is SEGV_ACCERR")
{
	char here[64];

	memset(here, 0, sizeof(here));
	catch_all();
	caught_signal = 0;
	if (sigsetjmp(out, 1) == 0)
		((void (*)(void))here)();
	EXPECT_EQ(caught_signal, SIGSEGV);
	EXPECT_EQ(caught_code, SEGV_ACCERR);
}

TEST(badprog, "memory mapped to be executed is executed after mprotect")
{
	static const char *const code = (const char *)getpid;
	char *p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	memcpy(p, code, 64);
	__builtin___clear_cache(p, p + 64);
	ASSERT_OK(mprotect(p, page_size(), PROT_READ | PROT_EXEC));
	EXPECT_EQ(((pid_t (*)(void))p)(), getpid());
}

TEST(badprog, "a signal sent by hand is not taken for a fault")
{
	catch_all();
	caught_signal = 0;
	if (sigsetjmp(out, 1) == 0)
		raise(SIGSEGV);
	EXPECT_EQ(caught_signal, SIGSEGV);
	EXPECT_EQ(caught_code, SI_TKILL);
}

TEST(badprog, "a handler that faults itself ends the process")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		signal(SIGSEGV, (void (*)(int))16);
		*(volatile char *)1 = 1;
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST(badprog, "three hundred crashing processes leave the kernel standing")
{
	for (int i = 0; i < 300; i++) {
		pid_t pid = ktap_fork();

		if (pid == 0) {
			*(volatile char *)(unsigned long)(i * 16) = 1;
			_exit(0);
		}
		EXPECT_KILLED(pid, SIGSEGV);
	}
}
