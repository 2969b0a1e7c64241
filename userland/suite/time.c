// SPDX-License-Identifier: BSD-2-Clause
/*
 * Clocks, sleeping and timers.
 */
#include <sys/time.h>
#include <sys/times.h>

#include "ktap.h"

static volatile int count;

static void counting(int sig)
{
	(void)sig;
	count++;
}

static const struct timespec ms20 = { 0, 20000000 };

TEST(time, "each clock answers, and the monotonic ones never go back")
{
	static const clockid_t steady[] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME,
					    CLOCK_MONOTONIC_COARSE };

	for (size_t i = 0; i < sizeof(steady) / sizeof(steady[0]); i++) {
		long long last = 0, now;

		for (int k = 0; k < 200; k++) {
			now = now_ns(steady[i]);
			EXPECT_TRUE(now >= last);
			last = now;
		}
		EXPECT_TRUE(last > 0);
	}
	EXPECT_TRUE(now_ns(CLOCK_REALTIME) > 0);
	EXPECT_TRUE(now_ns(CLOCK_REALTIME_COARSE) > 0);
	EXPECT_TRUE(now_ns(CLOCK_TAI) > 0);
}

TEST(time, "the monotonic clock runs, and runs at the same rate as the real one")
{
	struct look { long long before, real, after; } looks[2];
	long long passed;

	/* However long this one must wait between two clocks, the real one is read between the monotonic ones. */
	for (int i = 0; i < 2; i++) {
		looks[i].before = now_ns(CLOCK_MONOTONIC);
		looks[i].real = now_ns(CLOCK_REALTIME);
		looks[i].after = now_ns(CLOCK_MONOTONIC);
		nanosleep(&ms20, NULL);
	}
	passed = looks[1].real - looks[0].real;
	EXPECT_TRUE(looks[1].before - looks[0].after >= 20000000);
	EXPECT_TRUE(passed > looks[1].before - looks[0].after - 1000000);
	EXPECT_TRUE(passed < looks[1].after - looks[0].before + 1000000);
}

TEST(time, "an unknown clock is EINVAL")
{
	struct timespec ts;

	EXPECT_ERRNO(syscall(SYS_clock_gettime, 99, &ts), EINVAL);
	EXPECT_ERRNO(syscall(SYS_clock_getres, 99, &ts), EINVAL);
	EXPECT_ERRNO(syscall(SYS_clock_nanosleep, 99, 0, &ts, NULL), EINVAL);
}

TEST(time, "the call and the C library agree")
{
	struct timespec a, b;

	EXPECT_OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &a));
	EXPECT_OK(clock_gettime(CLOCK_MONOTONIC, &b));
	EXPECT_TRUE((b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec >= 0);
	EXPECT_TRUE(b.tv_sec - a.tv_sec < 1000);
	EXPECT_TRUE(b.tv_nsec >= 0 && b.tv_nsec < 1000000000);
}

TEST(time, "the resolution is a nanosecond, of a coarse clock a tick")
{
	struct timespec ts;

	EXPECT_OK(clock_getres(CLOCK_MONOTONIC, &ts));
	EXPECT_EQ(ts.tv_sec, 0);
	EXPECT_EQ(ts.tv_nsec, 1);
	EXPECT_OK(clock_getres(CLOCK_MONOTONIC_COARSE, &ts));
	EXPECT_IN(ts.tv_nsec, 1000000, 10000000);
}

TEST(time, "gettimeofday and time agree with the real clock")
{
	struct timeval tv;
	long long now;

	EXPECT_OK(gettimeofday(&tv, NULL));
	now = now_ns(CLOCK_REALTIME);
	EXPECT_TRUE(now - (tv.tv_sec * 1000000000LL + tv.tv_usec * 1000) >= 0);
	EXPECT_IN(time(NULL) - tv.tv_sec, 0, 1000);
	EXPECT_IN(tv.tv_usec, 0, 999999);
}

TEST(time, "nanosleep sleeps at least as long as it was asked")
{
	long long began = now_ns(CLOCK_MONOTONIC);

	EXPECT_OK(nanosleep(&ms20, NULL));
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
}

TEST(time, "nanosleep of nothing returns, of nonsense is EINVAL")
{
	struct timespec zero = { 0, 0 }, big = { 0, 1000000000 }, negative = { -1, 0 },
			low = { 0, -1 };

	EXPECT_OK(nanosleep(&zero, NULL));
	EXPECT_ERRNO(nanosleep(&big, NULL), EINVAL);
	EXPECT_ERRNO(nanosleep(&negative, NULL), EINVAL);
	EXPECT_ERRNO(nanosleep(&low, NULL), EINVAL);
}

TEST(time, "a caught signal ends nanosleep with EINTR and the time that was left")
{
	struct timespec long_time = { 10000, 0 }, left = { 0, 0 };
	pid_t parent = getpid(), pid;

	handle(SIGUSR1, counting, SA_RESTART);
	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	EXPECT_ERRNO(nanosleep(&long_time, &left), EINTR);
	EXPECT_IN(left.tv_sec, 9000, 9999);
	EXPECT_EXIT(pid, 0);
}

TEST(time, "a sleep that a handler ended is over: restart_syscall is EINTR")
{
	struct timespec day = { 86400, 0 };
	pid_t parent = getpid(), pid;

	handle(SIGUSR1, counting, 0);
	pid = ktap_fork();
	if (pid == 0) {
		wait_until_blocked(parent);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	EXPECT_ERRNO(nanosleep(&day, NULL), EINTR);
	EXPECT_ERRNO(syscall(SYS_restart_syscall), EINTR);
	EXPECT_EXIT(pid, 0);
}

TEST(time, "clock_nanosleep to an absolute time sleeps until then, to a past one not at all")
{
	long long then = now_ns(CLOCK_MONOTONIC) + 20000000;
	struct timespec ts = { then / 1000000000, then % 1000000000 };

	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) >= then);
	ts.tv_sec = 0;
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	then = now_ns(CLOCK_REALTIME) + 20000000;
	ts = (struct timespec){ then / 1000000000, then % 1000000000 };
	EXPECT_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
	EXPECT_TRUE(now_ns(CLOCK_REALTIME) >= then);
}

TEST(time, "clock_nanosleep on one's own thread's clock is not possible")
{
	EXPECT_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ms20, NULL), EINVAL);
}

TEST(time, "alarm sends SIGALRM once and tells what was left of the old one")
{
	sigset_t none;

	sigemptyset(&none);
	handle(SIGALRM, counting, 0);
	hold_signal(SIGALRM);
	EXPECT_EQ(alarm(10000), 0);
	EXPECT_IN(alarm(1), 9000, 10000);
	EXPECT_ERRNO(sigsuspend(&none), EINTR);
	EXPECT_EQ(count, 1);
	EXPECT_EQ(alarm(0), 0);
}

TEST(time, "setitimer repeats, getitimer tells what is left, 0 stops it")
{
	struct itimerval timer = { { 0, 10000 }, { 0, 10000 } }, left, old;

	handle(SIGALRM, counting, 0);
	EXPECT_OK(setitimer(ITIMER_REAL, &timer, NULL));
	while (count < 3)
		pause();
	EXPECT_OK(getitimer(ITIMER_REAL, &left));
	EXPECT_EQ(left.it_interval.tv_usec, 10000);
	EXPECT_IN(left.it_value.tv_usec, 0, 10000);
	memset(&timer, 0, sizeof(timer));
	EXPECT_OK(setitimer(ITIMER_REAL, &timer, &old));
	EXPECT_EQ(old.it_interval.tv_usec, 10000);
	EXPECT_OK(getitimer(ITIMER_REAL, &left));
	EXPECT_EQ(left.it_value.tv_usec + left.it_value.tv_sec, 0);
}

TEST(time, "setitimer refuses an unknown timer and microseconds out of range")
{
	struct itimerval timer = { { 0, 0 }, { 0, 1000000 } };

	EXPECT_ERRNO(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
	EXPECT_ERRNO(getitimer(7, &timer), EINVAL);
}

TEST(time, "a timer of used time sends SIGVTALRM to one who computes")
{
	struct itimerval timer = { { 0, 0 }, { 0, 20000 } };
	long long began = now_ns(CLOCK_MONOTONIC);

	handle(SIGVTALRM, counting, 0);
	EXPECT_OK(setitimer(ITIMER_VIRTUAL, &timer, NULL));
	while (!count)
		;
	EXPECT_TRUE(now_ns(CLOCK_MONOTONIC) - began >= 10000000);
}

TEST(time, "a POSIX timer sends its signal with SI_TIMER and its value")
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN,
				  .sigev_value.sival_int = 77 };
	struct itimerspec when = { .it_value = ms20 };
	siginfo_t info;
	sigset_t set;
	timer_t id;

	set = hold_signal(SIGRTMIN);
	EXPECT_OK(timer_create(CLOCK_MONOTONIC, &event, &id));
	EXPECT_OK(timer_settime(id, 0, &when, NULL));
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
	EXPECT_EQ(info.si_code, SI_TIMER);
	EXPECT_EQ(info.si_value.sival_int, 77);
	EXPECT_OK(timer_delete(id));
}

TEST(time, "a POSIX timer that runs out while its signal waits counts an overrun")
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec when = { { 0, 1000000 }, { 0, 1000000 } };
	struct timespec ms60 = { 0, 60000000 };
	siginfo_t info;
	sigset_t set;
	timer_t id;

	set = hold_signal(SIGRTMIN);
	EXPECT_OK(timer_create(CLOCK_MONOTONIC, &event, &id));
	EXPECT_OK(timer_settime(id, 0, &when, NULL));
	nanosleep(&ms60, NULL);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
	EXPECT_TRUE(info.si_overrun >= 5);
	EXPECT_TRUE(timer_getoverrun(id) >= 5);
	EXPECT_OK(timer_delete(id));
}

TEST(time, "the overrun of a timer that began long ago counts the turns up to now")
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec when = { { 1000, 0 }, ms20 };
	siginfo_t info;
	sigset_t set;
	timer_t id;

	set = hold_signal(SIGRTMIN);
	when.it_value.tv_sec = now_ns(CLOCK_REALTIME) / 1000000000 - 5500;
	EXPECT_OK(timer_create(CLOCK_REALTIME, &event, &id));
	EXPECT_OK(timer_settime(id, TIMER_ABSTIME, &when, NULL));
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
	EXPECT_EQ(info.si_overrun, 5);
	EXPECT_EQ(timer_getoverrun(id), 5);
	when.it_value.tv_sec += 1000000;
	EXPECT_OK(timer_settime(id, TIMER_ABSTIME, &when, NULL));
	EXPECT_EQ(timer_getoverrun(id), 0);
	EXPECT_OK(timer_delete(id));
}

TEST(time, "a timer set to nothing stands still and has no interval; without an event its value is its number")
{
	struct itimerspec when = { { 5, 0 }, { 10000, 0 } }, none = { { 5, 0 }, { 0, 0 } }, left;
	siginfo_t info;
	sigset_t set;
	int id;

	set = hold_signal(SIGALRM);
	EXPECT_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
	EXPECT_OK(syscall(SYS_timer_delete, id));
	EXPECT_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
	EXPECT_OK(syscall(SYS_timer_settime, id, 0, &when, NULL));
	EXPECT_OK(syscall(SYS_timer_settime, id, 0, &none, &left));
	EXPECT_EQ(left.it_interval.tv_sec, 5);
	EXPECT_OK(syscall(SYS_timer_gettime, id, &left));
	EXPECT_EQ(left.it_interval.tv_sec, 0);
	EXPECT_EQ(left.it_value.tv_sec, 0);
	when = (struct itimerspec){ .it_value = ms20 };
	EXPECT_OK(syscall(SYS_timer_settime, id, 0, &when, NULL));
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGALRM);
	EXPECT_EQ(info.si_value.sival_int, id);
	EXPECT_OK(syscall(SYS_timer_delete, id));
}

TEST(time, "timer_gettime tells what is left; a deleted timer is EINVAL")
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct itimerspec when = { { 5, 0 }, { 10000, 0 } }, left;
	timer_t id;

	EXPECT_OK(timer_create(CLOCK_REALTIME, &event, &id));
	EXPECT_OK(timer_gettime(id, &left));
	EXPECT_EQ(left.it_value.tv_sec, 0);
	EXPECT_OK(timer_settime(id, 0, &when, NULL));
	EXPECT_OK(timer_gettime(id, &left));
	EXPECT_IN(left.it_value.tv_sec, 9000, 10000);
	EXPECT_EQ(left.it_interval.tv_sec, 5);
	EXPECT_OK(timer_delete(id));
	EXPECT_ERRNO(syscall(SYS_timer_gettime, (int)(long)id, &left), EINVAL);
	EXPECT_ERRNO(syscall(SYS_timer_delete, 12345), EINVAL);
}

TEST(time, "timer_create refuses unknown clocks and signals")
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99 };
	timer_t id;

	EXPECT_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.sigev_signo = 0;
	EXPECT_ERRNO(timer_create(CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.sigev_signo = SIGUSR1;
	EXPECT_ERRNO(timer_create(99, &event, &id), EINVAL);
}

TEST(time, "a timer that could not be made has used a number, but for one of an unknown clock")
{
	struct sigevent good = { .sigev_notify = SIGEV_NONE }, bad = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99 };
	int id;

	EXPECT_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &good, &id));
	EXPECT_EQ(id, 0);
	EXPECT_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &bad, &id), EINVAL);
	EXPECT_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &good, (void *)8), EFAULT);
	EXPECT_ERRNO(syscall(SYS_timer_create, ~999999 * 8 | 2 /* a process that is not there */, &good, &id), EINVAL);
	EXPECT_EQ(id, 3);
	EXPECT_ERRNO(syscall(SYS_timer_create, 99, &good, &id), EINVAL);
	EXPECT_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &good, &id));
	EXPECT_EQ(id, 4);
}

static void compute(long long ns)
{
	long long began = now_ns(CLOCK_PROCESS_CPUTIME_ID);

	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - began < ns)
		;
}

TEST(time, "times counts the ticks of parent and children")
{
	struct tms t;
	clock_t began = times(&t);
	pid_t pid = ktap_fork();

	if (pid == 0) {
		compute(50000000);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	while (times(&t) - began < 4)
		;		/* the ticks of a guest that had no turn come later */
	EXPECT_TRUE(t.tms_cutime + t.tms_cstime >= 3);
}

TEST(time, "a process's clock runs while it computes, not while it sleeps")
{
	long long used = -1, before;
	clockid_t clock;
	pid_t pid;

	compute(5000000);
	pid = ktap_fork();
	if (pid == 0)
		pause();
	wait_until_blocked(pid);
	ASSERT_EQ(clock_getcpuclockid(pid, &clock), 0);
	do {		/* on its way to sleep it may still compute */
		before = used;
		compute(20000000);
		used = now_ns(clock);
	} while (used != before);
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

TEST(time, "clock_settime of the monotonic clock is EINVAL, of the real one for a user EPERM")
{
	struct timespec ts = { 1, 0 };

	EXPECT_ERRNO(clock_settime(CLOCK_MONOTONIC, &ts), EINVAL);
	EXPECT_ERRNO(clock_settime(CLOCK_PROCESS_CPUTIME_ID, &ts), EINVAL);
	EXPECT_ERRNO(clock_settime(CLOCK_THREAD_CPUTIME_ID, &ts), EINVAL);
	become_nobody();
	EXPECT_ERRNO(clock_settime(CLOCK_REALTIME, &ts), EPERM);
}

TEST(time, "a hundred short sleeps of several processes all end")
{
	pid_t pids[8];

	for (int i = 0; i < 8; i++) {
		pids[i] = ktap_fork();
		if (pids[i] == 0) {
			for (int k = 1; k <= 20; k++) {
				struct timespec nap = { 0, (i + 1) * k * 10000 };

				if (nanosleep(&nap, NULL) < 0)
					_exit(1);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++)
		EXPECT_EXIT(pids[i], 0);
}
