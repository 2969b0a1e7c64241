// SPDX-License-Identifier: BSD-2-Clause
/*
 * Threads: clone's flags one by one, and what a C library builds on them.
 */
#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>

#include "ktap.h"

static char stack[65536] __attribute__((aligned(16)));
static char *const stack_top = stack + sizeof(stack);

enum { THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM };

/* Wait until the kernel cleared the word that CLONE_CHILD_CLEARTID named. */
static void wait_cleared(volatile int *word)
{
	int value;

	while ((value = *word))
		syscall(SYS_futex, word, 0, value, NULL, NULL, 0);
}

static volatile int shared_value, child_tid;
static volatile pid_t child_pid;

static int set_value(void *arg)
{
	shared_value = (long)arg;
	child_pid = syscall(SYS_getpid);
	return 0;
}

TEST(thread, "CLONE_VM: the child's writes are the parent's")
{
	pid_t pid = ASSERT_OK(clone(set_value, stack_top, CLONE_VM | SIGCHLD, (void *)7L));

	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shared_value, 7);
}

TEST(thread, "without CLONE_VM they are its own")
{
	pid_t pid = ASSERT_OK(clone(set_value, stack_top, SIGCHLD, (void *)7L));

	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shared_value, 0);
}

TEST(thread, "CLONE_THREAD: one pid, another tid, no wait")
{
	volatile int ptid = 0;
	long tid;

	child_tid = -1;
	tid = ASSERT_OK(clone(set_value, stack_top, THREAD | CLONE_PARENT_SETTID |
			      CLONE_CHILD_CLEARTID, (void *)9L, &ptid, NULL, &child_tid));
	wait_cleared(&child_tid);
	EXPECT_EQ(ptid, tid);
	EXPECT_NE(tid, getpid());
	EXPECT_EQ(child_pid, getpid());
	EXPECT_EQ(shared_value, 9);
	EXPECT_ERRNO(waitpid(-1, NULL, __WALL), ECHILD);
}

static int check_tid(void *arg)
{
	(void)arg;
	return child_tid == syscall(SYS_gettid) ? 5 : 1;
}

TEST(thread, "CLONE_CHILD_SETTID is written in the child's memory before it runs")
{
	pid_t pid = ASSERT_OK(clone(check_tid, stack_top, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL,
				    NULL, &child_tid));

	EXPECT_EXIT(pid, 5);
	EXPECT_EQ(child_tid, 0);
}

static int open_one(void *arg)
{
	shared_value = dup(0);
	*(int *)arg = shared_value;
	return 0;
}

TEST(thread, "CLONE_FILES: a descriptor opened by one is open for both")
{
	int *fd = shared_page();
	pid_t pid = ASSERT_OK(clone(open_one, stack_top, CLONE_FILES | SIGCHLD, fd));

	EXPECT_EXIT(pid, 0);
	EXPECT_OK(fcntl(*fd, F_GETFD));
	pid = ASSERT_OK(clone(open_one, stack_top, SIGCHLD, fd));
	EXPECT_EXIT(pid, 0);
	EXPECT_ERRNO(fcntl(*fd, F_GETFD), EBADF);
}

static int go_home(void *arg)
{
	umask(0123);
	return chdir(arg);
}

TEST(thread, "CLONE_FS: directory and umask are shared")
{
	char cwd[64];
	pid_t pid;

	ASSERT_OK(chdir("/"));
	pid = ASSERT_OK(clone(go_home, stack_top, SIGCHLD, "/proc"));
	EXPECT_EXIT(pid, 0);
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), "/");
	pid = ASSERT_OK(clone(go_home, stack_top, CLONE_FS | SIGCHLD, "/proc"));
	EXPECT_EXIT(pid, 0);
	EXPECT_STREQ(getcwd(cwd, sizeof(cwd)), "/proc");
	EXPECT_EQ(umask(022), 0123);
}

static int set_handler(void *arg)
{
	(void)arg;
	signal(SIGUSR1, SIG_IGN);
	return 0;
}

TEST(thread, "CLONE_SIGHAND: dispositions are shared")
{
	struct sigaction act;
	pid_t pid = ASSERT_OK(clone(set_handler, stack_top, CLONE_VM | CLONE_SIGHAND | SIGCHLD,
				    NULL));

	EXPECT_EXIT(pid, 0);
	ASSERT_OK(sigaction(SIGUSR1, NULL, &act));
	EXPECT_TRUE(act.sa_handler == SIG_IGN);
}

static int leave(void *arg)
{
	return (long)arg;
}

TEST(thread, "flags that contradict each other are EINVAL")
{
	EXPECT_ERRNO(clone(leave, stack_top, CLONE_SIGHAND | SIGCHLD, NULL), EINVAL);
	EXPECT_ERRNO(clone(leave, stack_top, CLONE_THREAD | CLONE_VM | SIGCHLD, NULL), EINVAL);
	EXPECT_ERRNO(clone(leave, stack_top, CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL), EINVAL);
}

TEST(thread, "CLONE_PARENT makes a sibling")
{
	pid_t *sibling = shared_page();
	struct gate born = gate_new();
	pid_t pid = ktap_fork();

	if (pid == 0) {
		*sibling = clone(leave, stack_top, CLONE_PARENT | SIGCHLD, (void *)6L);
		gate_open(&born);
		_exit(*sibling > 0 ? 0 : 1);
	}
	EXPECT_EXIT(pid, 0);
	gate_wait(&born);
	EXPECT_EXIT(*sibling, 6);
}

TEST(thread, "a child with another exit signal is found with __WCLONE or __WALL only")
{
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	pid = ASSERT_OK(clone(leave, stack_top, SIGUSR1, (void *)3L));
	EXPECT_ERRNO(waitpid(pid, NULL, WNOHANG), ECHILD);
	EXPECT_EQ(waitpid(pid, NULL, __WALL), pid);
}

TEST(thread, "clone3 makes a process, and refuses a size or a flag it does not know")
{
	struct { uint64_t flags, pidfd, child, parent, exit_signal, stack, size, tls; } args = {
		.exit_signal = SIGCHLD };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(8);
	EXPECT_EXIT(ASSERT_OK(pid), 8);
	EXPECT_ERRNO(syscall(SYS_clone3, &args, 16L), EINVAL);
	args.flags = 1ULL << 60;
	EXPECT_ERRNO(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
	EXPECT_ERRNO(syscall(SYS_clone3, 16, sizeof(args)), EFAULT);
}

TEST(thread, "CLONE_PIDFD gives a descriptor that polls readable at the end")
{
	int pidfd = -1;
	pid_t pid = ASSERT_OK(clone(leave, stack_top, 0x1000 | SIGCHLD, (void *)4L, &pidfd));
	siginfo_t info = { 0 };

	EXPECT_TRUE(pidfd >= 0);
	EXPECT_OK(waitid(3 /* P_PIDFD */, pidfd, &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 4);
}

/* ---- what the C library makes of it ---- */

static void *return_arg(void *arg)
{
	return arg;
}

TEST(thread, "a joined thread gives its value")
{
	void *value;
	pthread_t t;

	ASSERT_EQ(pthread_create(&t, NULL, return_arg, (void *)123L), 0);
	EXPECT_EQ(pthread_join(t, &value), 0);
	EXPECT_EQ(value, 123);
}

TEST(thread, "two hundred threads one after the other")
{
	pthread_t t;

	for (long i = 0; i < 200; i++) {
		void *value;

		ASSERT_EQ(pthread_create(&t, NULL, return_arg, (void *)i), 0);
		ASSERT_EQ(pthread_join(t, &value), 0);
		EXPECT_EQ(value, i);
	}
}

static pthread_barrier_t barrier;

static void *meet(void *arg)
{
	int rc = pthread_barrier_wait(&barrier);

	return rc == 0 || rc == PTHREAD_BARRIER_SERIAL_THREAD ? arg : NULL;
}

TEST(thread, "thirty threads at once meet at a barrier")
{
	pthread_t t[30];
	void *value;

	pthread_barrier_init(&barrier, NULL, 30);
	for (long i = 0; i < 30; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, meet, (void *)(i + 1)), 0);
	for (long i = 0; i < 30; i++) {
		EXPECT_EQ(pthread_join(t[i], &value), 0);
		EXPECT_EQ(value, i + 1);
	}
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long guarded;

static void *add(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mutex);
		guarded++;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

TEST(thread, "a mutex guards a counter against four threads")
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, add, NULL), 0);
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pthread_join(t[i], NULL), 0);
	EXPECT_EQ(guarded, 20000);
}

static int queue[8], head, tail;

static void *produce(void *arg)
{
	for (int i = 1; i <= 1000; i++) {
		pthread_mutex_lock(&mutex);
		while (head - tail == 8)
			pthread_cond_wait(&cond, &mutex);
		queue[head++ % 8] = i;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

TEST(thread, "a condition variable carries a thousand items from one to the other")
{
	long sum = 0;
	pthread_t t;

	ASSERT_EQ(pthread_create(&t, NULL, produce, NULL), 0);
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		while (head == tail)
			pthread_cond_wait(&cond, &mutex);
		sum += queue[tail++ % 8];
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	EXPECT_EQ(pthread_join(t, NULL), 0);
	EXPECT_EQ(sum, 500500);
}

static __thread int own = 5;

static void *use_own(void *arg)
{
	if (own != 5)
		return NULL;
	own = (long)arg;
	for (int i = 0; i < 50; i++)
		sched_yield();
	return own == (long)arg ? arg : NULL;
}

TEST(thread, "thread-local variables are each thread's own")
{
	pthread_t t[8];
	void *value;

	own = 99;
	for (long i = 0; i < 8; i++)
		ASSERT_EQ(pthread_create(&t[i], NULL, use_own, (void *)(i + 10)), 0);
	for (long i = 0; i < 8; i++) {
		EXPECT_EQ(pthread_join(t[i], &value), 0);
		EXPECT_EQ(value, i + 10);
	}
	EXPECT_EQ(own, 99);
}

static sem_t semaphore;

static void *sleep_in_read(void *arg)
{
	int *fds = arg;
	char c;

	sem_post(&semaphore);
	read(fds[0], &c, 1);
	return NULL;
}

TEST(thread, "a thread blocked in read can be cancelled")
{
	void *value;
	pthread_t t;
	int fds[2];

	ASSERT_OK(pipe(fds));
	sem_init(&semaphore, 0, 0);
	ASSERT_EQ(pthread_create(&t, NULL, sleep_in_read, fds), 0);
	sem_wait(&semaphore);
	EXPECT_EQ(pthread_cancel(t), 0);
	EXPECT_EQ(pthread_join(t, &value), 0);
	EXPECT_EQ(value, (long)PTHREAD_CANCELED);
}

static volatile pid_t handled_by;

static void note_thread(int sig)
{
	(void)sig;
	handled_by = gettid();
}

static volatile pid_t thread_id;

static void *wait_for_signal(void *arg)
{
	thread_id = gettid();
	sem_post(&semaphore);
	while (!handled_by)
		sched_yield();
	return arg;
}

TEST(thread, "pthread_kill's signal is handled by that thread")
{
	pthread_t t;

	sem_init(&semaphore, 0, 0);
	handle(SIGUSR1, note_thread, 0);
	ASSERT_EQ(pthread_create(&t, NULL, wait_for_signal, NULL), 0);
	sem_wait(&semaphore);
	EXPECT_EQ(pthread_kill(t, SIGUSR1), 0);
	EXPECT_EQ(pthread_join(t, NULL), 0);
	EXPECT_EQ(handled_by, thread_id);
}

TEST(thread, "a signal to the process goes to a thread that does not block it")
{
	sigset_t set;
	pthread_t t;

	sem_init(&semaphore, 0, 0);
	handle(SIGUSR1, note_thread, 0);
	ASSERT_EQ(pthread_create(&t, NULL, wait_for_signal, NULL), 0);
	sem_wait(&semaphore);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	EXPECT_OK(kill(getpid(), SIGUSR1));
	EXPECT_EQ(pthread_join(t, NULL), 0);
	EXPECT_EQ(handled_by, thread_id);
}

static struct gate other_heard, vfork_gate;

static void tell_heard(int sig)
{
	(void)sig;
	gate_open(&other_heard);
}

/* The first thread's handler does not end before the other signal was handled elsewhere. */
static void await_other(int sig)
{
	(void)sig;
	gate_wait(&other_heard);
}

static void *only_wait(void *arg)
{
	gate_open(&vfork_gate);
	for (;;)
		pause();
	return arg;
}

TEST(thread, "a signal to the process that the chosen thread comes to block goes to another thread")
{
	struct sigaction act = { .sa_handler = await_other };
	pthread_t t;
	pid_t pid;

	other_heard = gate_new();
	vfork_gate = gate_new();
	handle(SIGUSR2, tell_heard, SA_RESTART);
	sigaddset(&act.sa_mask, SIGUSR2);
	ASSERT_OK(sigaction(SIGUSR1, &act, NULL));
	ASSERT_EQ(pthread_create(&t, NULL, only_wait, NULL), 0);
	gate_wait(&vfork_gate);
	/*
	 * Who waits for its vfork is woken by no signal that can be handled: both are there when it goes on. The C
	 * library's vfork is a fork on some machines.
	 */
	pid = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		kill(getppid(), SIGUSR2);
		syscall(SYS_tgkill, getppid(), getppid(), SIGUSR1);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST(thread, "fork in a threaded process copies the calling thread alone")
{
	pthread_t t;
	int fds[2];
	pid_t pid;

	ASSERT_OK(pipe(fds));
	sem_init(&semaphore, 0, 0);
	ASSERT_EQ(pthread_create(&t, NULL, sleep_in_read, fds), 0);
	sem_wait(&semaphore);
	pid = ktap_fork();
	if (pid == 0)
		_exit(strstr(slurp("/proc/self/status"), "Threads:\t1\n") ? 2 : 1);
	EXPECT_EXIT(pid, 2);
	EXPECT_EQ(write(fds[1], "x", 1), 1);
	EXPECT_EQ(pthread_join(t, NULL), 0);
}

static void *crash(void *arg)
{
	*(volatile int *)arg = 1;
	return NULL;
}

TEST(thread, "a thread that crashes ends the whole process")
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, crash, (void *)8L);
		for (;;)
			pause();
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

/* All threads of the process are in this state now. */
static void expect_tasks(pid_t pid, int threads, char state)
{
	char path[300];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	ASSERT_TRUE(tasks != NULL);
	while ((entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid, entry->d_name);
		EXPECT_EQ(strrchr(slurp(path), ')')[2], state);
		threads--;
	}
	closedir(tasks);
	EXPECT_EQ(threads, 0);
}

TEST(thread, "stop and continue reach every thread")
{
	volatile int *beats = shared_page();
	struct gate gate = gate_new();
	int status;
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, wait_for_signal, NULL);
		gate_open(&gate);
		for (;;)
			(*beats)++;
	}
	gate_wait(&gate);
	kill(pid, SIGSTOP);
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	expect_tasks(pid, 2, 'T');
	int seen = *beats;
	for (int i = 0; i < 100; i++)
		sched_yield();
	EXPECT_EQ(*beats, seen);
	kill(pid, SIGCONT);
	while (*beats == seen)
		sched_yield();
	kill(pid, SIGKILL);
	EXPECT_KILLED(pid, SIGKILL);
}

static volatile char *page;
static volatile long reads;

static void *keep_reading(void *arg)
{
	for (;;) {
		(void)*page;
		reads++;
	}
	return arg;
}

/* A second thread reads a page without pause; the first takes it away by `how`. */
static void take_page(int (*how)(void))
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t t;

		page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		*page = 1;
		pthread_create(&t, NULL, keep_reading, NULL);
		while (reads < 1000)
			sched_yield();
		if (how() == 0)
			for (;;)
				pause();
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

static int unmap(void)
{
	return munmap((void *)page, page_size());
}

static int protect(void)
{
	return mprotect((void *)page, page_size(), PROT_NONE);
}

TEST(thread, "memory unmapped by one thread is gone for one that reads it on another CPU")
{
	take_page(unmap);
}

TEST(thread, "memory protected by one thread is closed for one that reads it on another CPU")
{
	take_page(protect);
}
