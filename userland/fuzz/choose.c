// SPDX-License-Identifier: BSD-2-Clause
/*
 * Choosing: which call comes next, who makes it, and a value for each of its arguments that is likely to
 * mean something, or that is likely to be refused.
 *
 * Each program has two themes, sections of the system call table, that most of its calls are of: what one
 * call makes the next one can use.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/ioprio.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "fuzz.h"

uint32_t random_next(struct random *r)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	uint32_t x = ((r->state >> 18) ^ r->state) >> 27;
	uint32_t turn = r->state >> 59;

	return x >> turn | x << (-turn & 31);
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint64_t)random_next(r) * n >> 32;
}

struct choices {
	const char *what;
	int count;
	long values[24];
};

#define CHOICES(what, ...) \
	{ what, sizeof((long[]){ __VA_ARGS__ }) / sizeof(long), { __VA_ARGS__ } }

/* What goes into an argument with this detail in the table. */
static const struct choices by_detail[] = {
	CHOICES("open", O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
		O_RDWR | O_CREAT | O_TRUNC, O_RDWR | O_APPEND, O_DIRECTORY, O_PATH, O_NOFOLLOW,
		O_WRONLY | O_CREAT | O_APPEND, O_RDONLY | O_CLOEXEC, O_RDWR | O_TRUNC, 3, O_RDWR | O_NONBLOCK,
		O_TMPFILE | O_RDWR, O_RDONLY | O_NONBLOCK, O_PATH | O_NOFOLLOW, O_RDWR | O_DIRECT,
		O_DIRECTORY | O_CREAT),
	CHOICES("at", 0, 0, 0, AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_EACCESS,
		0x10000),
	CHOICES("access", F_OK, R_OK, W_OK, X_OK, R_OK | W_OK, 7, 8),
	CHOICES("seek", SEEK_SET, SEEK_CUR, SEEK_END, 3, 4, 5, -1),
	CHOICES("rename", 0, 0, 1, 2, 3, 8),
	CHOICES("fcntl", F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_SETPIPE_SZ,
		F_GET_SEALS, F_ADD_SEALS, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
		F_GETOWN, F_SETOWN, F_SETSIG, F_GETSIG, 9999),
	CHOICES("flock", 1, 2, 8, 5, 6, 5, 6, 77),
	CHOICES("prot", PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_EXEC, PROT_READ | PROT_EXEC, PROT_WRITE, 0x100000),
	CHOICES("map", MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, MAP_FIXED | MAP_SHARED, MAP_FIXED | MAP_SHARED,
		MAP_FIXED | MAP_PRIVATE, MAP_FIXED | MAP_PRIVATE, MAP_FIXED, MAP_FIXED | 3,
		MAP_PRIVATE | MAP_ANONYMOUS, MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_FIXED | MAP_SHARED | MAP_POPULATE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED),
	CHOICES("mremap", 1, 1, 3, 3, 3, 0, 5, 7, 8),
	CHOICES("madvise", 0, 1, 2, 3, 4, 4, 9, 10, 11, 14, 15, 16, 17, 18, 19, 22, 23, 999),
	CHOICES("msync", MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_ASYNC, 0, 64),
	CHOICES("mlock", 0, 1, 2),
	CHOICES("mlockall", 1, 2, 3, 4, 5, 0, 8),
	CHOICES("membarrier", 1, 2, 4, 8, 16, 999),
	CHOICES("fallocate", 0, 0, 1, 2, 3, 8, 16, 17, 32, 0x100),
	CHOICES("fadvise", 0, 1, 4, 99),
	CHOICES("rwf", 0, 0, 1, 2, 4, 8, 16, 1 << 20),
	CHOICES("eventfd", 0, 1, O_NONBLOCK, O_NONBLOCK | 1, O_NONBLOCK, 2),
	CHOICES("signalfd", O_NONBLOCK, O_NONBLOCK, 0, O_CLOEXEC, 1),
	CHOICES("epoll", 0, O_CLOEXEC, 1),
	CHOICES("epoll_ctl", EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, 9),
	CHOICES("timerfd", 0, O_NONBLOCK, O_CLOEXEC, 1, 2, 3),
	CHOICES("memfd", 0, 1, 2, 3, 0x1000),
	CHOICES("rlimit", 7 /* NOFILE */, 7, 4 /* CORE */, 1 /* FSIZE */, 12 /* MSGQUEUE */, 8, 6, 11, 13, 14, 3, 99),
	CHOICES("sigprocmask", 0, 1, 2, 9),
	CHOICES("splice", 2 /* NONBLOCK */, 2, 2, 0, 1 << 10),
	CHOICES("statx", 0x7ff, 0xfff, 0, 0x80000000L),
	CHOICES("close_range", 0, 0, 4, 2, 64),
	CHOICES("af", AF_UNIX, AF_UNIX, AF_UNIX, AF_UNIX, 99, -1),
	CHOICES("sock", SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM | SOCK_NONBLOCK,
		SOCK_DGRAM | SOCK_NONBLOCK, SOCK_SEQPACKET | SOCK_NONBLOCK, SOCK_RAW, 0, SOCK_STREAM | SOCK_CLOEXEC,
		99, -1),
	CHOICES("msg", 0, MSG_DONTWAIT, MSG_DONTWAIT, MSG_DONTWAIT, MSG_PEEK | MSG_DONTWAIT,
		MSG_NOSIGNAL | MSG_DONTWAIT, MSG_TRUNC | MSG_DONTWAIT, MSG_WAITALL | MSG_DONTWAIT,
		MSG_CMSG_CLOEXEC | MSG_DONTWAIT),
	CHOICES("shut", 0, 1, 2, 3, -1),
	CHOICES("sol", SOL_SOCKET, SOL_SOCKET, SOL_SOCKET, SOL_SOCKET, SOL_SOCKET, 0, 6, -1),
	CHOICES("futex", FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI,
		FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET, FUTEX_WAIT | 128,
		FUTEX_WAKE | 128, FUTEX_WAIT, FUTEX_WAKE, FUTEX_LOCK_PI2, 99),
	CHOICES("wait", 0, WNOHANG, WNOHANG, WNOHANG | WUNTRACED, WNOHANG | WCONTINUED, WEXITED | WNOHANG,
		WEXITED | WNOWAIT, WSTOPPED | WNOHANG, WEXITED | WSTOPPED | WCONTINUED | WNOHANG, __WALL | WNOHANG, 99),
	CHOICES("idtype", P_ALL, P_PID, P_PGID, P_PIDFD, P_PID, 9),
	CHOICES("clone", SIGCHLD, SIGCHLD, 0, SIGCHLD | CLONE_FS, SIGCHLD | CLONE_FILES,
		SIGCHLD | CLONE_FS | CLONE_FILES, SIGCHLD | CLONE_SIGHAND, SIGCHLD | CLONE_THREAD, SIGUSR1,
		SIGCHLD | 1L << 32 /* CLEAR_SIGHAND */, CLONE_PIDFD | SIGCHLD, SIGCHLD | CLONE_PARENT_SETTID,
		CLONE_FS, CLONE_FILES),
	CHOICES("prio", 0, 0, 1, 7),
	CHOICES("sched", 0, 1, 2, 3, 5, 6, 7, 0x40000001, -1),
	CHOICES("timer", 0, 0, TIMER_ABSTIME, 2),
	CHOICES("itimer", 0, 0, 1, 2, 3, -1),
	CHOICES("prctl", PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS,
		PR_SET_KEEPCAPS, PR_GET_TIMING, PR_GET_NAME, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_SECUREBITS,
		PR_SET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_SET_CHILD_SUBREAPER,
		PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS, PR_CAP_AMBIENT,
		PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, 9999),
	CHOICES("arch_prctl", 0x1001, 0x1003, 0x1004, 0x1011, 99),
	CHOICES("ioctl", FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TIOCOUTQ, FIOQSIZE, TCGETS, TIOCGWINSZ, 0x12345),
	CHOICES("xattr", 0, 0, 1, 2, 3, 4),
	CHOICES("mount", 0, 0, MS_RDONLY, MS_BIND, MS_BIND, MS_BIND | MS_REC, MS_REMOUNT | MS_RDONLY,
		MS_REMOUNT | MS_BIND | MS_RDONLY, MS_REMOUNT, MS_MOVE, MS_NOEXEC | MS_NODEV, MS_PRIVATE, MS_NOSUID),
	CHOICES("umount", 0, 0, MNT_DETACH, 1, 4, 8, 16),
	CHOICES("getrandom", 0, 1, 2, 4, 6, 8),
	CHOICES("ipc", 0, IPC_NOWAIT, IPC_NOWAIT, IPC_NOWAIT | MSG_NOERROR, MSG_NOERROR, IPC_CREAT | 0666,
		IPC_CREAT | 0600, IPC_CREAT | IPC_EXCL | 0666, 0444, MSG_EXCEPT | IPC_NOWAIT,
		040000 /* MSG_COPY */ | IPC_NOWAIT),
	CHOICES("shm", 0, SHM_REMAP, SHM_REMAP, SHM_REMAP | SHM_RDONLY, SHM_REMAP | SHM_EXEC, SHM_RND),
	CHOICES("rusage", 0, -1, 1, 9),
	CHOICES("inotify", 0, IN_NONBLOCK, IN_NONBLOCK, IN_CLOEXEC | IN_NONBLOCK, 1),
	CHOICES("inotify_mask", IN_ALL_EVENTS, IN_ALL_EVENTS, IN_ALL_EVENTS, IN_MODIFY, IN_ATTRIB,
		IN_ACCESS | IN_OPEN | IN_CLOSE, IN_CREATE | IN_DELETE | IN_MOVE, IN_DELETE_SELF | IN_MOVE_SELF,
		IN_ALL_EVENTS | IN_ONESHOT, IN_OPEN | IN_MASK_ADD, IN_OPEN | IN_MASK_CREATE,
		IN_ALL_EVENTS | IN_ONLYDIR, IN_ALL_EVENTS | IN_DONT_FOLLOW, IN_ALL_EVENTS | IN_EXCL_UNLINK, 0,
		IN_MASK_ADD | IN_MASK_CREATE | IN_OPEN),
};

/* What an argument of this call takes of its kind of flags. */
static const struct choices by_call[] = {
	CHOICES("dup3", 0, O_CLOEXEC, O_CLOEXEC, 1),
	CHOICES("pipe2", 0, O_NONBLOCK, O_NONBLOCK, O_CLOEXEC, O_DIRECT | O_NONBLOCK, 1),
	CHOICES("newfstatat", 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_REMOVEDIR),
	CHOICES("linkat", 0, 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW),
	CHOICES("unlinkat", 0, 0, AT_REMOVEDIR, AT_REMOVEDIR, 1),
	CHOICES("fchownat", 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1),
	CHOICES("utimensat", 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1),
	CHOICES("execveat", 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1),
	CHOICES("copy_file_range", 0, 0, 0, 0, 0, 1),
	CHOICES("futex_waitv", 0, 0, 0, 0, 1),
	CHOICES("pidfd_open", 0, 0, O_NONBLOCK, 1),
	CHOICES("process_vm_readv", 0, 0, 0, 0, 0, 0, 1),
	CHOICES("process_vm_writev", 0, 0, 0, 0, 0, 0, 1),
	CHOICES("faccessat2", 0, 0, AT_SYMLINK_NOFOLLOW, AT_EACCESS, AT_EMPTY_PATH, 1),
	/* Not the commands that go by an object's place, which earlier programs have part in. */
	CHOICES("msgctl", IPC_RMID, IPC_SET, IPC_STAT, IPC_STAT, 99),
	CHOICES("semctl", IPC_RMID, IPC_SET, IPC_STAT, GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETVAL,
		SETVAL, SETALL, SETALL, 99),
	CHOICES("shmctl", IPC_RMID, IPC_SET, IPC_STAT, IPC_STAT, SHM_LOCK, SHM_UNLOCK, 99),
};

/* And what goes into one with this name, where there is no detail. */
static const struct choices by_name[] = {
	CHOICES("flags", 0, 0, 0, 0, 0, 0, 1, 2),
	CHOICES("protocol", 0, 0, 0, 0, 1, 2, -1),
	CHOICES("count", 0, 1, 8, 24, 64, 1000, 4096, 8192),
	CHOICES("bufsiz", 0, 1, 3, 64, 4096, -1),
	CHOICES("sigsetsize", 8, 8, 8, 8, 8, 8, 8, 4, 16),
	CHOICES("sizemask", 8, 8, 8, 8, 8, 8, 8, 4),
	CHOICES("usize", 24, 24, 24, 16, 32, 0),
	CHOICES("addrlen", 4, 5, 4, 4, 5, 5, 110, 2, 1, 0, 111, -1),
	CHOICES("addr_len", 0, 0, 4, 5, 5, 110, 2),
	CHOICES("optname", SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_SNDBUF, SO_RCVBUF, SO_PASSCRED, SO_PASSCRED,
		SO_PEERCRED, SO_RCVTIMEO, SO_SNDTIMEO, SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN, SO_LINGER, SO_KEEPALIVE,
		SO_OOBINLINE, SO_PRIORITY, SO_RCVLOWAT, SO_BROADCAST, 99),
	CHOICES("optlen", 4, 4, 4, 4, 12, 16, 0, 1, 8, -1),
	CHOICES("timeout", 0, 0, 0, -1, 1000000),
	CHOICES("timeout_msecs", 0, 0, 0, -1, 1000000),
	CHOICES("seconds", 0, 1000, 100000),
	CHOICES("nfds", 0, 1, 2, 3, 3, 3),
	CHOICES("n", 0, 10, 25, 64, 100, -1),
	CHOICES("who", 0, 0, PID_A, PID_B, PID_B, PID_NOBODY),
	CHOICES("backlog", 0, 1, 5, -1),
	CHOICES("val", 0, 0, 0, 1, 1, 2, 10),
	CHOICES("val3", 0, 0, 1, -1, 0x1000, 0x7ff003, 0x7fe000),
	CHOICES("key", IPC_PRIVATE, 1, 1, 2, 2, 3, 3, 4),
	CHOICES("msqid", ID_MSG, ID_MSG, ID_MSG, ID_MSG, ID_MSG, ID_MSG, ID_MSG, -1, 99999),
	CHOICES("semid", ID_SEM, ID_SEM, ID_SEM, ID_SEM, ID_SEM, ID_SEM, ID_SEM, -1, 99999),
	CHOICES("shmid", ID_SHM, ID_SHM, ID_SHM, ID_SHM, ID_SHM, ID_SHM, ID_SHM, -1, 99999),
	CHOICES("wd", 1, 1, 1, 2, 2, 3, -1),
	CHOICES("msg_prio", 0, 0, 1, 1, 2, 32767, 32768),
	CHOICES("semnum", 0, 1, 2, 3, -1),
	CHOICES("msgtyp", 0, 0, 1, 2, 3, -2, -3),
	CHOICES("persona", 0xffffffff, 0xffffffff, 0, 0x40000, 0x400000, 8),
};

enum { N_BY_DETAIL = sizeof(by_detail) / sizeof(by_detail[0]), N_BY_NAME = sizeof(by_name) / sizeof(by_name[0]) };

static bool chosen_from(const struct choices *list, int count, const char *what, long *value, struct random *r)
{
	for (int i = 0; what && i < count; i++)
		if (!strcmp(list[i].what, what)) {
			*value = list[i].values[random_below(r, list[i].count)];
			return true;
		}
	return false;
}

/* Descriptors that calls whose name holds a word have a use for. */
static long choose_fd(const struct call *call, const char *name, struct random *r)
{
	static const struct {
		const char *words;
		int8_t count, fds[8];
	} fitting[] = {
		{ "epoll", 8, { 5, 6, 7, 10, 11, 13, 15, 17 } }, { "timerfd", 1, { 10 } }, { "signalfd", 2, { -1, 17 } },
		{ "mq_", 1, { 20 } }, { "inotify", 1, { 21 } }, { "pidfd", 1, { 22 } }, { "getdents fchdir", 1, { 4 } },
		{ "listen accept connect bind getpeer getsock setsock shutdown", 8, { 11, 12, 15, 16, 15, 16, 23, 24 } },
		{ "sendfile copy_file", 6, { 3, 3, 18, 18, 8, 6 } }, { "send recv", 8, { 11, 11, 12, 12, 16, 16, 11, 23 } },
		{ "splice tee vmsplice", 8, { 5, 6, 6, 5, 13, 14, 3, 11 } },
		{ "truncate fallocate lseek pread pwrite fadvise readahead sync", 6, { 3, 3, 18, 18, 8, 23 } },
		{ "mmap", 5, { 3, 18, 18, 8, 23 } },
		{ "read write readv writev", 8, { 3, 5, 6, 7, 11, 12, 18, 21 } },
		{ "fchmod fchown", 4, { 3, 4, 18, 23 } },
	};
	bool fits = random_below(r, 4);
	char word[24];

	if (strstr(call->name, "xattr"))
		return 3 + random_below(r, 2);
	if (!strcmp(name, "epfd") && random_below(r, 8))
		return 9;
	for (size_t i = 0; fits && i < sizeof(fitting) / sizeof(fitting[0]); i++) {
		const char *at = fitting[i].words;

		for (int n; *at; at += n + (at[n] == ' ')) {
			n = strcspn(at, " ");
			memcpy(word, at, n);
			word[n] = '\0';
			if (strstr(call->name, word))
				return fitting[i].fds[random_below(r, fitting[i].count)];
		}
	}
	return random_below(r, 12) ? 3 + (long)random_below(r, 24) : random_below(r, 2) ? -1 : 99;
}

static long choose_value(const struct call *call, const struct arg *arg, struct random *r)
{
	static const long dirs[] = { AT_FDCWD, AT_FDCWD, AT_FDCWD, AT_FDCWD, 4, 4, 3, 19, -1 };
	static const long sizes[] = { 0, 1, 2, 3, 5, 8, 10, 16, 64, 100, 1000, 4095, 4096, 4097, 8192 };
	static const long offsets[] = { 0, 0, 1, 3, 5, 10, 100, 4096, 5000, 65536, -1, -5, 1L << 33 };
	static const long modes[] = { 0644, 0755, 0, 0777, 0600, 0400, 0100644, 0010600, 0040755, 07777, 02755, 01777 };
	static const long users[] = { 0, 0, 1000, 1000, 2000, -1, 65534 };
	static const long small[] = { 0, 0, 1, 2, 3, 4, 5, 7, 8, 10, 16, 64, -1, 100 };
	static const long pids[] = { 0, 0, PID_A, PID_B, PID_B, PID_T, PID_NOBODY, -PID_A, -PID_NOBODY };
	static const long signals[] = { 0, SIGUSR1, SIGUSR1, SIGUSR2, SIGUSR2, SIGURG, SIGCHLD, SIGCONT, SIGCONT,
		SIGSTOP, SIGTERM, 34, 34, 64, 65, -1, SIGKILL };
	static const long clocks[] = { 0, 1, 1, 4, 7, 2, 3, 99 };
	long value;

	if ((!strcmp(arg->name, "flags") || !strcmp(arg->name, "flag") || !strcmp(arg->name, "cmd")) &&
	    chosen_from(by_call, sizeof(by_call) / sizeof(by_call[0]), call->name, &value, r))
		return value;
	if (chosen_from(by_detail, N_BY_DETAIL, arg->detail, &value, r) ||
	    chosen_from(by_name, N_BY_NAME, arg->name, &value, r))
		return value;
	switch (arg->kind) {
	case K_FD: return choose_fd(call, arg->name, r);
	case K_DFD: return PICK(r, dirs);
	case K_SIZE: return PICK(r, sizes);
	case K_OFF: return PICK(r, offsets);
	case K_MODE: return PICK(r, modes);
	case K_UID: case K_GID: return PICK(r, users);
	case K_PID: return PICK(r, pids);
	case K_SIG: return PICK(r, signals);
	case K_CLOCK: return PICK(r, clocks);
	case K_TIMER: return random_below(r, 4);
	case K_DEV: return random_below(r, 2) ? 0x103 : 0x105;
	case K_ADDR: return ZONE + random_below(r, ZONE_PAGES) * PAGE + (random_below(r, 12) == 0);
	default: return PICK(r, small);
	}
}

static bool is(const struct step *step, const char *name)
{
	return !strcmp(step->call->name, name);
}

/* Arguments that the command before them turns into memory. */
static void find_pointers(struct step *step, struct random *r)
{
	long command = step->value[is(step, "prctl") || is(step, "arch_prctl") ? 0 : 1];
	bool locks = command >= F_GETLK && command <= F_SETLKW;
	int at = -1;

	if (is(step, "semctl") && (step->value[2] == IPC_SET || step->value[2] == IPC_STAT ||
				   step->value[2] == GETALL || step->value[2] == SETALL))
		at = 3;
	else if (is(step, "fcntl") && (locks || (command >= F_OFD_GETLK && command <= F_OFD_SETLKW)))
		at = 2;
	else if (is(step, "ioctl"))
		at = 2;
	else if ((is(step, "prctl") && (command == PR_GET_PDEATHSIG || command == PR_GET_NAME ||
					command == PR_GET_CHILD_SUBREAPER || command == PR_GET_TID_ADDRESS)) ||
		 (is(step, "arch_prctl") && command > 0x1001))
		at = 1;
	if (at < 0)
		return;
	step->pointer = 1 << at;
	step->value[at] = random_below(r, 16) ? PLACE_GOOD : random_below(r, PLACES - 1);
	choose_memory_bytes(step, at, r);
}

static void choose_memory(struct step *step, int i, struct random *r)
{
	const struct arg *arg = &step->call->args[i];
	bool optional = arg->kind == K_STRUCT && arg->direction != IN;

	step->value[i] = random_below(r, 20) ? PLACE_GOOD : random_below(r, PLACES - 1);
	if (optional && !random_below(r, arg->detail && !strcmp(arg->detail, "loff") ? 2 : 12))
		step->value[i] = PLACE_NULL;
	if (is(step, "futex") ? arg->kind == K_STRUCT && arg->direction == INOUT && random_below(r, 10)
			      : arg->kind == K_BUF && strncmp(step->call->name, "get", 3) && !random_below(r, 16))
		step->value[i] = PLACE_ZONE;
	if (arg->direction != OUT || step->value[i] == PLACE_ZONE)
		choose_memory_bytes(step, i, r);
	if (step->value[i] == PLACE_ZONE) {
		long at = is(step, "futex") ? FUTEX_AT(random_below(r, 2)) - ZONE :
			  random_below(r, ZONE_PAGES) * (long)PAGE;

		memcpy(step->memory[i].bytes, &at, sizeof(at));
	}
}

static void between(long *value, long least, long most)
{
	*value = *value < least ? least : *value > most ? most : *value;
}

/* Lengths and counts that belong to memory stay within what there is, or nearly so; nothing may end what
 * compares the programs, take the machine's memory, or depend on the time. */
static void tame(struct step *step, struct random *r)
{
	static const long pages[] = { PAGE, PAGE, 2 * PAGE, 3 * PAGE, 5000, 1, 0 };
	static const long owners[] = { 0, PID_A, PID_B, -PID_A, PID_NOBODY, -PID_NOBODY };
	bool maps = false;

	for (int i = 0; i < step->call->nargs; i++)
		maps |= step->call->args[i].kind == K_ADDR;
	for (int i = 0; i < step->call->nargs; i++) {
		const struct arg *arg = &step->call->args[i];

		if (maps &&
		    (!strcmp(arg->name, "len") || !strcmp(arg->name, "old_len") || !strcmp(arg->name, "new_len")))
			step->value[i] = PICK(r, pages);
		if (arg->kind == K_ARRAY && arg->length >= 0)
			between(&step->value[arg->length], -1, arg->size > 16 ? 2 : 3);
	}
	if (is(step, "mmap") && step->value[4] >= 11 && step->value[4] != 18)
		step->value[4] = 3;	/* a socket refuses when Linux has already unmapped what was there */
	if (is(step, "mmap"))
		step->value[5] = random_below(r, 3) * PAGE + (random_below(r, 12) == 0);
	if (is(step, "sendfile") && step->value[0] == (step->value[1] == 8 ? 3 : step->value[1]))
		/* from a page onto itself Linux copies in memcpy's order */
		step->value[1] = step->value[0] == 18 ? 8 : 18;
	if (is(step, "lseek") && step->value[0] == 4 && step->value[2] == SEEK_CUR)
		step->value[2] = SEEK_SET;	/* where a directory's reader is, is the file system's own number */
	if (is(step, "fcntl") && step->value[1] == F_SETOWN)
		step->value[2] = PICK(r, owners);
	if (is(step, "close_range"))
		step->value[1] = step->value[0] + 2;
	if (is(step, "fallocate") || is(step, "ftruncate") || is(step, "truncate"))
		between(&step->value[step->call->nargs - 1], -1, 65536);
	if (is(step, "fallocate"))
		between(&step->value[2], -1, 65536);
	if (is(step, "clone"))
		step->value[1] = 0;
	if (is(step, "kill") || is(step, "rt_sigqueueinfo"))	/* -1 is all */
		step->value[0] = step->value[0] == -1 ? 0 : step->value[0];
	if (is(step, "mremap") && !(step->value[3] & 2))
		step->value[3] &= ~1L;		/* it may not go where the kernel likes */
	if (is(step, "shmget") && (step->value[2] & (SHM_HUGETLB | SHM_NORESERVE)) == (SHM_HUGETLB | SHM_NORESERVE))
		step->value[2] &= ~(long)SHM_HUGETLB;	/* Linux makes what could not be touched */
	if (!strncmp(step->call->name, "ioprio_", 7) && step->value[0] == IOPRIO_WHO_USER)
		/* the conductor is the user's too, and so are Linux's own threads */
		step->value[0] = IOPRIO_WHO_PGRP;
	if (is(step, "unshare"))
		step->value[0] &= CLONE_FS | CLONE_FILES;
	if (is(step, "setsockopt") && step->value[4] > 16)
		step->value[4] = 4;
	if (is(step, "sched_setaffinity") || is(step, "sched_getaffinity"))
		step->value[1] = random_below(r, 4) ? 8 : step->value[1];
	if (strstr(step->call->name, "tgkill") || is(step, "rt_tgsigqueueinfo"))
		step->value[0] = random_below(r, 4) ? PID_A : step->value[0];
	if (is(step, "set_robust_list"))
		step->value[1] = random_below(r, 4) ? 24 : step->value[1];
	if (is(step, "sched_setattr"))
		step->value[2] = random_below(r, 8) == 0;
	if (is(step, "sched_getattr"))
		step->value[2] = random_below(r, 4) ? 48 : step->value[2];
	if (is(step, "clone3"))
		step->value[1] = random_below(r, 4) ? 88 : 64;
	if (is(step, "exit_group") || is(step, "exit"))
		step->value[0] &= 255;
}

/* Calls that mostly wait: A, which has most to do, seldom makes them. */
static bool waits(const struct call *call)
{
	static const char *const names[] = { "pause", "rt_sigsuspend", "rt_sigtimedwait", "nanosleep",
		"clock_nanosleep", "wait4", "waitid", "futex", "futex_waitv", "epoll_wait", "epoll_pwait",
		"epoll_pwait2", "poll", "ppoll", "select", "pselect6", "accept", "accept4", "semop", "semtimedop",
		"msgrcv" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(call->name, names[i]))
			return true;
	return false;
}

static void step_choose(struct step *step, const struct call *call, struct random *r)
{
	static const enum actor cast[] = { A, A, A, A, A, T, T, B, B };

	memset(step, 0, sizeof(*step));
	step->call = call;
	step->actor = waits(call) && random_below(r, 8) ? 1 + random_below(r, 2) : PICK(r, cast);
	for (int i = 0; i < call->nargs; i++)
		if (!is_memory(&call->args[i]))
			step->value[i] = choose_value(call, &call->args[i], r);
	tame(step, r);
	for (int i = 0; i < call->nargs; i++)
		if (is_memory(&call->args[i]))
			choose_memory(step, i, r);
	find_pointers(step, r);
}

/* Loads and stores are steps too. */
static const struct call accesses[] = {
	{ "load", DO_LOAD, 1, true, 0, { { "address", 0, K_ADDR, VALUE, -1, 1 } } },
	{ "store", DO_STORE, 2, true, 0, { { "address", 0, K_ADDR, VALUE, -1, 1 }, { "byte", 0, K_INT, VALUE, -1, 1 } } },
};

static const struct call *call_choose(const int *themes, struct random *r)
{
	bool any = random_below(r, 4) == 0;

	if (random_below(r, 20) == 0)
		return &accesses[random_below(r, 2)];
	for (;;) {
		const struct call *call = &calls[random_below(r, call_count)];

		if (!call->fuzzed || !(any || call->theme == themes[0] || call->theme == themes[1]))
			continue;
		/* What ends an actor would make most programs short. */
		if (!strncmp(call->name, "exit", 4) && random_below(r, 8))
			continue;
		return call;
	}
}

void program_make(struct program *program, uint64_t seed, uint32_t number)
{
	struct random r = { seed * 0x9e3779b97f4a7c15 + number * 0xbf58476d1ce4e5b9ULL };
	int themes[2];

	for (int i = 0; i < 4; i++)
		random_next(&r);
	for (int i = 0; i < 2; i++)
		themes[i] = calls[random_below(&r, call_count)].theme;	/* a long section is a likely theme */
	program->steps = 12 + random_below(&r, PROGRAM_MAX - 12 + 1);
	for (int i = 0; i < program->steps; i++)
		step_choose(&program->step[i], call_choose(themes, &r), &r);
}
