// SPDX-License-Identifier: BSD-2-Clause
/*
 * Used time: the clocks of processes and threads, timers and sleeps on them; and setting the time of day.
 */
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timex.h>

#include "ktap.h"

#define PROCESS_CLOCK(pid) ((clockid_t)(~(unsigned)(pid) << 3 | 2))
#define THREAD_CLOCK(tid) ((clockid_t)(~(unsigned)(tid) << 3 | 6))

static long clock_get(clockid_t clock, struct timespec *ts)
{
	return syscall(SYS_clock_gettime, clock, ts);
}

static long long used(clockid_t clock)
{
	struct timespec ts = { 0 };

	ASSERT_OK(clock_get(clock, &ts));
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void burn(long ms)
{
	long long end = used(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000;

	while (used(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

TEST(cputime, "the clocks of a process and of a thread by number, of all kinds")
{
	burn(5);
	EXPECT_TRUE(used(PROCESS_CLOCK(0)) >= 5000000);
	EXPECT_TRUE(used(PROCESS_CLOCK(getpid())) >= 5000000);
	EXPECT_TRUE(used(THREAD_CLOCK(0)) >= 5000000);
	EXPECT_TRUE(used(THREAD_CLOCK(getpid())) >= 5000000);
	EXPECT_TRUE(used(PROCESS_CLOCK(getpid()) & ~3) >= 0);
	EXPECT_TRUE(used((PROCESS_CLOCK(getpid()) & ~3) | 1) >= 0);
	EXPECT_TRUE(used((THREAD_CLOCK(getpid()) & ~3) | 1) >= 0);
	EXPECT_TRUE(used(PROCESS_CLOCK(getppid())) > 0);
}

TEST(cputime, "no such process, a kind that is none, another process's thread: EINVAL")
{
	struct timespec ts;

	EXPECT_ERRNO(clock_get(PROCESS_CLOCK(999999), &ts), EINVAL);
	EXPECT_ERRNO(clock_get(THREAD_CLOCK(999999), &ts), EINVAL);
	EXPECT_ERRNO(clock_get(THREAD_CLOCK(getppid()), &ts), EINVAL);
	EXPECT_ERRNO(clock_get(PROCESS_CLOCK(getpid()) | 3, &ts), EINVAL);
}

TEST(cputime, "clock_getcpuclockid's clock has a resolution and cannot be set")
{
	struct timespec ts = { 0 };
	clockid_t clock;

	EXPECT_EQ(clock_getcpuclockid(getpid(), &clock), 0);
	EXPECT_OK(clock_getres(clock, &ts));
	EXPECT_EQ(ts.tv_sec, 0);
	EXPECT_ERRNO(syscall(SYS_clock_settime, PROCESS_CLOCK(getpid()), &ts), EPERM);
	EXPECT_ERRNO(syscall(SYS_clock_settime, PROCESS_CLOCK(999999), &ts), EINVAL);
}

static volatile sig_atomic_t fired;

static void note(int sig) { fired = sig; }

static timer_t timer_on(clockid_t clock, long ms, int flags)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec set = { .it_value = { 0, ms * 1000000 } };
	timer_t timer;

	handle(SIGUSR1, note, 0);
	ASSERT_OK(timer_create(clock, &ev, &timer));
	ASSERT_OK(timer_settime(timer, flags, &set, NULL));
	return timer;
}

TEST(cputime, "a timer on the process's clock fires by used time")
{
	struct itimerspec left, late = { .it_value = { 10000, 0 } };
	long long before = used(CLOCK_PROCESS_CPUTIME_ID);
	timer_t timer = timer_on(CLOCK_PROCESS_CPUTIME_ID, 30, 0);

	while (!fired)
		;
	EXPECT_TRUE(used(CLOCK_PROCESS_CPUTIME_ID) - before >= 30000000);
	EXPECT_OK(timer_gettime(timer, &left));
	EXPECT_EQ(left.it_value.tv_nsec, 0);
	EXPECT_OK(timer_settime(timer, 0, &late, NULL));
	EXPECT_OK(timer_gettime(timer, &left));
	EXPECT_IN(left.it_value.tv_sec, 9000, 10000);
	EXPECT_OK(timer_delete(timer));
}

TEST(cputime, "a timer on the thread's clock fires by used time, also by number")
{
	timer_t timer = timer_on(CLOCK_THREAD_CPUTIME_ID, 20, 0);

	while (!fired)
		;
	EXPECT_OK(timer_delete(timer));
	fired = 0;
	timer = timer_on(THREAD_CLOCK(getpid()), 20, 0);
	while (!fired)
		;
	EXPECT_OK(timer_delete(timer));
}

TEST(cputime, "a timer on a used-time clock to an absolute time that is past fires at once")
{
	timer_t timer;

	burn(5);
	timer = timer_on(CLOCK_PROCESS_CPUTIME_ID, 1, TIMER_ABSTIME);
	while (!fired)
		;
	EXPECT_OK(timer_delete(timer));
}

TEST(cputime, "a repeating timer on a used-time clock fires again")
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec set = { { 0, 10000000 }, { 0, 10000000 } };
	timer_t timer;

	handle(SIGUSR1, note, 0);
	ASSERT_OK(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &timer));
	ASSERT_OK(timer_settime(timer, 0, &set, NULL));
	for (int i = 0; i < 3; i++) {
		fired = 0;
		while (!fired)
			;
	}
	EXPECT_OK(timer_delete(timer));
}

TEST(cputime, "SIGEV_THREAD_ID tells the thread it names; one of another process, or no notice known, is EINVAL")
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec set = { .it_value = { 0, 1000000 } };
	timer_t timer;
	siginfo_t info;
	sigset_t mask;

	mask_signal(SIG_BLOCK, SIGUSR1);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	*((int *)&ev.sigev_notify + 1) = syscall(SYS_gettid);
	ASSERT_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &timer));
	ASSERT_OK(syscall(SYS_timer_settime, *(int *)&timer, 0, &set, NULL));
	EXPECT_EQ(sigwaitinfo(&mask, &info), SIGUSR1);
	EXPECT_EQ(info.si_code, SI_TIMER);
	*((int *)&ev.sigev_notify + 1) = getppid();
	EXPECT_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &timer), EINVAL);
	ev.sigev_notify = 77;
	EXPECT_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &timer), EINVAL);
}

TEST(cputime, "clock_nanosleep on a process's clock sleeps until it has used its time")
{
	struct timespec ask = { 0, 20000000 };
	pid_t child = ktap_fork();
	long long before;

	if (!child) {
		for (;;)
			;
	}
	before = used(PROCESS_CLOCK(child));
	EXPECT_RAW(-syscall(SYS_clock_nanosleep, PROCESS_CLOCK(child), 0, &ask, NULL), 0);
	EXPECT_TRUE(used(PROCESS_CLOCK(child)) - before >= 20000000);
	kill(child, SIGKILL);
	EXPECT_KILLED(child, SIGKILL);
}

TEST(cputime, "a caught signal ends that sleep with EINTR and the time that was left")
{
	struct timespec ask = { 1000, 0 }, left = { 0 };
	pid_t sleeper = ktap_fork();

	if (!sleeper) {
		handle(SIGUSR1, note, 0);
		EXPECT_ERRNO(syscall(SYS_clock_nanosleep, PROCESS_CLOCK(getppid()), 0, &ask, &left), EINTR);
		EXPECT_IN(left.tv_sec, 990, 1000);
		EXPECT_ERRNO(syscall(SYS_clock_nanosleep, THREAD_CLOCK(0), 0, &ask, &left), EINVAL);
		EXPECT_ERRNO(syscall(SYS_clock_nanosleep, PROCESS_CLOCK(999999), 0, &ask, &left), EINVAL);
		_exit(0);
	}
	wait_until_blocked(sleeper);
	kill(sleeper, SIGUSR1);
	EXPECT_EXIT(sleeper, 0);
}

TEST(cputime, "settimeofday sets the clock, for root alone; nonsense is EINVAL")
{
	struct timeval now, set;

	EXPECT_OK(gettimeofday(&now, NULL));
	set = (struct timeval){ now.tv_sec + 1000, 5 };
	EXPECT_OK(syscall(SYS_settimeofday, &set, NULL));
	EXPECT_OK(gettimeofday(&set, NULL));
	EXPECT_IN(set.tv_sec - now.tv_sec, 1000, 1060);
	set = (struct timeval){ set.tv_sec - 1000, now.tv_usec };
	EXPECT_OK(syscall(SYS_settimeofday, &set, NULL));
	set.tv_usec = 1000001;
	EXPECT_ERRNO(syscall(SYS_settimeofday, &set, NULL), EINVAL);
	set.tv_usec = -1;
	EXPECT_ERRNO(syscall(SYS_settimeofday, &set, NULL), EINVAL);
	set = (struct timeval){ -5, 0 };
	EXPECT_ERRNO(syscall(SYS_settimeofday, &set, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_settimeofday, (void *)8, NULL), EFAULT);
	EXPECT_ERRNO(syscall(SYS_settimeofday, NULL, (void *)8), EFAULT);
	become_nobody();
	EXPECT_ERRNO(syscall(SYS_settimeofday, &now, NULL), EPERM);
}

TEST(cputime, "the time zone is kept and given back; one too far is EINVAL")
{
	struct timezone zone = { 60, 0 }, far = { 15 * 60 + 1, 0 }, got = { 1, 1 };

	EXPECT_OK(syscall(SYS_settimeofday, NULL, &zone));
	EXPECT_OK(syscall(SYS_gettimeofday, NULL, &got));
	EXPECT_EQ(got.tz_minuteswest, 60);
	EXPECT_ERRNO(syscall(SYS_settimeofday, NULL, &far), EINVAL);
	zone.tz_minuteswest = 0;
	EXPECT_OK(syscall(SYS_settimeofday, NULL, &zone));
}

TEST(cputime, "clock_settime moves an absolute timer of the real clock, and one on the monotonic clock not")
{
	struct timespec now, later;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec set = { { 0 }, { 0 } };
	timer_t timer;

	handle(SIGUSR1, note, 0);
	ASSERT_OK(clock_gettime(CLOCK_REALTIME, &now));
	ASSERT_OK(timer_create(CLOCK_REALTIME, &ev, &timer));
	set.it_value = (struct timespec){ now.tv_sec + 500, 0 };
	ASSERT_OK(timer_settime(timer, TIMER_ABSTIME, &set, NULL));
	later = (struct timespec){ now.tv_sec + 1000, 0 };
	ASSERT_OK(clock_settime(CLOCK_REALTIME, &later));
	while (!fired)
		;
	ASSERT_OK(clock_gettime(CLOCK_REALTIME, &later));
	later.tv_sec -= 1000;
	EXPECT_OK(clock_settime(CLOCK_REALTIME, &later));
	EXPECT_OK(timer_delete(timer));
}

TEST(cputime, "adjtimex tells the state, adjusts for root alone")
{
	struct timex t = { 0 };

	EXPECT_IN(adjtimex(&t), 0, 5);
	EXPECT_IN(t.tick, 9000, 11000);
	EXPECT_TRUE(t.time.tv_sec > 0);
	EXPECT_ERRNO(syscall(SYS_adjtimex, (void *)8), EFAULT);
	EXPECT_ERRNO(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &t), EOPNOTSUPP);
	EXPECT_ERRNO(syscall(SYS_clock_adjtime, 77, &t), EINVAL);
	become_nobody();
	t.modes = ADJ_TICK;
	EXPECT_ERRNO(adjtimex(&t), EPERM);
}
