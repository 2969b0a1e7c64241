// SPDX-License-Identifier: BSD-2-Clause
/*
 * /proc/sys: variables of the kernel. A node's data is what it shows: a number, or a text.
 */
#include "proc.h"

#include <janus/pipe.h>
#include <janus/poll.h>
#include <janus/random.h>
#include <janus/syscall.h>
#include <janus/version.h>
#include <uapi/ipc.h>

#include "../notify/inotify.h"

static int show_number(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%d\n", READ_ONCE(*(const int *)target->node->data));
	return 0;
}

static int show_long(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%ld\n", READ_ONCE(*(const long *)target->node->data));
	return 0;
}

/* Not negative; by root, as the file's mode says. */
static int write_long(const struct proc_target *target, char *text, size_t n)
{
	char *end;
	u64 v = strtoull(text, &end, 10);

	if (end == text || (*end && *end != '\n') || v > INT64_MAX)
		return -EINVAL;
	WRITE_ONCE(*(long *)target->node->data, (long)v);
	return 0;
}

/* 0 or 1, by root (the file's mode says so, the capability is asked as on Linux). */
static int write_switch(const struct proc_target *target, char *text, size_t n)
{
	char *end;
	u64 v = strtoull(text, &end, 10);

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (end == text || (*end && *end != '\n') || v > 1)
		return -EINVAL;
	WRITE_ONCE(*(int *)target->node->data, (int)v);
	return 0;
}

/* Any number that is not negative. */
static int write_count(const struct proc_target *target, char *text, size_t n)
{
	char *end;
	u64 v = strtoull(text, &end, 10);

	if (end == text || (*end && *end != '\n') || v > INT32_MAX)
		return -EINVAL;
	WRITE_ONCE(*(int *)target->node->data, (int)v);
	return 0;
}

/* 1 to 4, as on Linux; all there is to drop is dropped: memory is the only store of what pages hold. */
static int write_drop_caches(const struct proc_target *target, char *text, size_t n)
{
	char *end;
	u64 v = strtoull(text, &end, 10);

	if (end == text || (*end && *end != '\n') || v < 1 || v > 4)
		return -EINVAL;
	drop_caches();
	return 0;
}

static int show_text(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%s\n", (const char *)target->node->data);
	return 0;
}

/* A name of at most 64 bytes; from a place within it on. */
static int write_name(const struct proc_target *target, char *text, size_t n)
{
	char *nl = strchr(text, '\n'), *name = (char *)target->node->data;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (nl)
		*nl = 0;
	if (target->pos <= (loff_t)strlen(name))
		strlcpy(name + target->pos, text, 65 - target->pos);
	return 0;
}

static void tb_uuid(struct textbuf *t, const u8 *u)
{
	for (int i = 0; i < 16; i++)
		tb_printf(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
	tb_putc(t, '\n');
}

static int show_uuid(struct textbuf *t, const struct proc_target *target)
{
	u8 u[16];

	random_bytes(u, sizeof(u));
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	tb_uuid(t, u);
	return 0;
}

/* The same for as long as the system is up. */
static int show_boot_id(struct textbuf *t, const struct proc_target *target)
{
	static spinlock_t lock;
	static u8 id[16];

	spin_lock(&lock);
	if (!id[8]) {
		random_bytes(id, sizeof(id));
		id[6] = (id[6] & 0x0f) | 0x40;
		id[8] = (id[8] & 0x3f) | 0x80;
	}
	spin_unlock(&lock);
	tb_uuid(t, id);
	return 0;
}

static int show_file_nr(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%lu\t0\t9223372036854775807\n", (unsigned long)file_count());
	return 0;
}

static int show_threads_max(struct textbuf *t, const struct proc_target *target)
{
	tb_printf(t, "%lu\n", (unsigned long)(nr_total_pages / 32));
	return 0;
}

static int show_file_max(struct textbuf *t, const struct proc_target *target)
{
	tb_puts(t, "9223372036854775807\n");
	return 0;
}

static const int pid_max = PID_MAX, ngroups_max = 65536, cap_last_cap = CAP_LAST_CAP, overflow_id = 65534,
	randomize_va_space = 2, zero = 0, one = 1, nr_open = 1048576, pipe_max_size = 1048576, mount_max = 100000,
	max_map_count = 65530, mmap_min_addr = 65536, overcommit_ratio = 50, entropy = 256, sixty = 60,
	msgmax = MSGMAX, msgmnb = MSGMNB, msgmni = MSGMNI, shmmni = SHMMNI;

#define NUMBER(n, v) { .name = n, .mode = S_IFREG | 0444, .show = show_number, .data = &(v) }
#define SETTING(n, v, shows, writes) \
	{ .name = n, .mode = S_IFREG | 0644, .show = shows, .write = writes, .number = true, .data = &(v) }
#define LONG(n, v) SETTING(n, v, show_long, write_long)
#define SWITCH(n, v) SETTING(n, v, show_number, write_switch)
#define COUNT(n, v) SETTING(n, v, show_number, write_count)
#define TEXT(n, s) { .name = n, .mode = S_IFREG | 0444, .show = show_text, .data = s }
#define NAME(n, s) { .name = n, .mode = S_IFREG | 0644, .show = show_text, .write = write_name, .data = s }
#define SHOW(n, fn) { .name = n, .mode = S_IFREG | 0444, .show = fn }
#define DIRECTORY(n, nodes) { .name = n, .mode = S_IFDIR | 0555, .children = nodes }

static const struct proc_node random_nodes[] = {
	SHOW("uuid", show_uuid), SHOW("boot_id", show_boot_id), NUMBER("entropy_avail", entropy),
	NUMBER("poolsize", entropy),
	{ NULL },
};

static const struct proc_node kernel_nodes[] = {
	TEXT("ostype", UTS_SYSNAME), TEXT("osrelease", UTS_RELEASE), TEXT("version", UTS_VERSION),
	NAME("hostname", system_nodename), NAME("domainname", system_domainname),
	NUMBER("pid_max", pid_max), SHOW("threads-max", show_threads_max), NUMBER("ngroups_max", ngroups_max),
	NUMBER("cap_last_cap", cap_last_cap), NUMBER("overflowuid", overflow_id), NUMBER("overflowgid", overflow_id),
	NUMBER("randomize_va_space", randomize_va_space), NUMBER("tainted", zero), NUMBER("dmesg_restrict", one),
	TEXT("core_pattern", "core"),
	NUMBER("msgmax", msgmax), NUMBER("msgmnb", msgmnb), NUMBER("msgmni", msgmni),
	TEXT("sem", "32000\t1024000000\t500\t32000"),	/* SEMMSL, SEMMNS, SEMOPM, SEMMNI */
	TEXT("shmmax", "18446744073692774399"), TEXT("shmall", "18446744073692774399"), NUMBER("shmmni", shmmni),
	DIRECTORY("random", random_nodes),
	{ NULL },
};

static const struct proc_node vm_nodes[] = {
	NUMBER("overcommit_memory", zero), NUMBER("overcommit_ratio", overcommit_ratio), NUMBER("swappiness", sixty),
	{ .name = "drop_caches", .mode = S_IFREG | 0200, .write = write_drop_caches, .number = true },
	NUMBER("max_map_count", max_map_count), NUMBER("mmap_min_addr", mmap_min_addr),
	{ NULL },
};

static const struct proc_node epoll_nodes[] = { LONG("max_user_watches", epoll_max_watches), { NULL } };
static const struct proc_node inotify_nodes[] = {
	COUNT("max_queued_events", inotify_max_events), COUNT("max_user_instances", inotify_max_instances),
	COUNT("max_user_watches", inotify_max_watches),
	{ NULL },
};

static const struct proc_node fs_nodes[] = {
	SHOW("file-max", show_file_max), SHOW("file-nr", show_file_nr), NUMBER("nr_open", nr_open),
	NUMBER("pipe-max-size", pipe_max_size), LONG("pipe-user-pages-soft", pipe_user_pages_soft),
	LONG("pipe-user-pages-hard", pipe_user_pages_hard), DIRECTORY("epoll", epoll_nodes),
	NUMBER("mount-max", mount_max),
	SWITCH("protected_symlinks", protected_symlinks), SWITCH("protected_hardlinks", protected_hardlinks),
	NUMBER("protected_regular", zero), NUMBER("protected_fifos", zero), NUMBER("suid_dumpable", zero),
	DIRECTORY("inotify", inotify_nodes),
	{ NULL },
};

const struct proc_node proc_sys_nodes[] = {
	DIRECTORY("kernel", kernel_nodes), DIRECTORY("vm", vm_nodes), DIRECTORY("fs", fs_nodes),
	{ NULL },
};
