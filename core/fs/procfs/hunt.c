// SPDX-License-Identifier: BSD-2-Clause
/*
 * Files of debug builds: who holds the kernel's memory, and which of a thread's allocations are to fail. Reading and
 * setting the latter allocates nothing, or the file itself would be what fails.
 */
#ifdef CONFIG_DEBUG

#include "proc.h"

#include <janus/alloc_site.h>

int proc_show_allocinfo(struct textbuf *t, const struct proc_target *target)
{
	alloc_sites_show(t);
	return 0;
}

static ssize_t read_number(struct file *f, struct iov_iter *it, loff_t *pos, u32 (*get)(const struct thread *t))
{
	struct thread *t = proc_thread(proc_of(f->inode));
	char text[16];
	size_t n;

	if (!t)
		return -ESRCH;
	n = scnprintf(text, sizeof(text), "%u\n", get(t));
	thread_put(t);
	if (*pos < 0 || (u64)*pos >= n)
		return 0;
	n = copy_to_iter(text + *pos, n - (size_t)*pos, it);
	*pos += n;
	return n;
}

static ssize_t write_number(struct file *f, struct iov_iter *it, loff_t *pos, u64 max,
			    void (*set)(struct thread *t, u32 value))
{
	struct thread *t;
	char text[16] = "", *end;
	size_t n = min(it->count, sizeof(text) - 1);
	u64 value;

	if (copy_from_iter(text, n, it) < n)
		return -EFAULT;
	value = strtoull(text, &end, 10);
	if (end == text || (*end && *end != '\n') || value > max)
		return -EINVAL;
	t = proc_thread(proc_of(f->inode));
	if (!t)
		return -ESRCH;
	set(t, (u32)value);
	thread_put(t);
	return n;
}

static u32 get_fail_nth(const struct thread *t) { return READ_ONCE(t->fail_nth); }
static void set_fail_nth(struct thread *t, u32 value) { WRITE_ONCE(t->fail_nth, value); }
static u32 get_make_it_fail(const struct thread *t) { return READ_ONCE(t->make_it_fail); }
static void set_make_it_fail(struct thread *t, u32 value) { WRITE_ONCE(t->make_it_fail, value); }

static ssize_t fail_nth_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return read_number(f, it, pos, get_fail_nth);
}

static ssize_t fail_nth_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return write_number(f, it, pos, INT32_MAX, set_fail_nth);
}

static ssize_t make_it_fail_read(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return read_number(f, it, pos, get_make_it_fail);
}

static ssize_t make_it_fail_write(struct file *f, struct iov_iter *it, loff_t *pos)
{
	return write_number(f, it, pos, 1, set_make_it_fail);
}

const struct file_ops proc_fail_nth_fops = {
	.read = fail_nth_read, .write = fail_nth_write, .llseek = generic_llseek,
};
const struct file_ops proc_make_it_fail_fops = {
	.read = make_it_fail_read, .write = make_it_fail_write, .llseek = generic_llseek,
};

#endif
