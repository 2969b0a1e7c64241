// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the subjects of System V IPC share: see sysvipc.h.
 */
#include "sysvipc.h"

enum { QUEUE, SET, SEGMENT };

int queue, set, segment;

/* Shared with the subtests' processes, which run one after the other. */
static struct made { int n, id[300], kind[300]; } *made;

__attribute__((constructor)) static void note_what_is_made(void)
{
	made = mmap(0, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

__attribute__((destructor)) static void remove_what_is_left(void)
{
	for (int i = 0; made != MAP_FAILED && i < made->n; i++) {
		if (made->kind[i] == QUEUE)
			msgctl(made->id[i], IPC_RMID, 0);
		else if (made->kind[i] == SET)
			semctl(made->id[i], 0, IPC_RMID);
		else
			shmctl(made->id[i], IPC_RMID, 0);
	}
}

static int note(int kind, int id)
{
	if (id >= 0 && made != MAP_FAILED && made->n < 300) {
		made->kind[made->n] = kind;
		made->id[made->n++] = id;
	}
	return id;
}

int make_queue(key_t key, int flags) { return ASSERT_OK(note(QUEUE, msgget(key, flags))); }
int make_set(key_t key, int n, int flags) { return ASSERT_OK(note(SET, semget(key, n, flags))); }
int make_segment(key_t key, size_t size, int flags) { return ASSERT_OK(note(SEGMENT, shmget(key, size, flags))); }
void new_queue(void) { queue = make_queue(IPC_PRIVATE, 0600); }
void new_set(int n) { set = make_set(IPC_PRIVATE, n, 0600); }
void new_segment(size_t size) { segment = make_segment(IPC_PRIVATE, size, 0600); }

void drop_queue(void) { EXPECT_OK(msgctl(queue, IPC_RMID, 0)); }
void drop_set(void) { EXPECT_OK(semctl(set, 0, IPC_RMID)); }
void drop_segment(void) { EXPECT_OK(shmctl(segment, IPC_RMID, 0)); }

static void nothing(int sig)
{
	(void)sig;
}

pid_t waiter(int (*wait)(void), int err)
{
	pid_t pid = ktap_fork();

	if (!pid) {
		handle(SIGUSR1, nothing, SA_RESTART);
		EXPECT_ERRNO(wait(), err);
		_exit(0);
	}
	wait_until_blocked(pid);
	return pid;
}

int send_text(long type, const char *text, int flags)
{
	struct text m = { type, "" };

	strcpy(m.data, text);
	return msgsnd(queue, &m, strlen(text), flags);
}

key_t own_key(void)
{
	return 0x4a000000 | getpid();
}
