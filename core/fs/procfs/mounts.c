// SPDX-License-Identifier: BSD-2-Clause
/*
 * /proc/PID/mounts and mountinfo: the mounts that the process can see from its root.
 */
#include "proc.h"

#include "../mount.h"

static void show_flags(struct textbuf *t, const struct mount *m)
{
	static const struct { u32 flag; const char *text; } names[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" }, { MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" }, { MS_RELATIME, ",relatime" }, { MS_NOSYMFOLLOW, ",nosymfollow" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (m->flags & names[i].flag)
			tb_puts(t, names[i].text);
}

static void show_super_flags(struct textbuf *t, const struct super_block *sb)
{
	if (sb->flags & MS_SYNCHRONOUS)
		tb_puts(t, ",sync");
}

/* What only this kind of file system knows. */
static void show_own_options(struct textbuf *t, struct super_block *sb)
{
	char options[128];
	int n;

	if (!sb->ops || !sb->ops->show_options)
		return;
	n = sb->ops->show_options(options, sizeof(options), sb);
	tb_write(t, options, min_t(size_t, n, sizeof(options)));
}

static void line_mounts(struct textbuf *t, struct mount *m, const char *path, char *page)
{
	tb_escape(t, m->source, " \t\n#");
	tb_putc(t, ' ');
	tb_escape(t, path, " \t\n#");
	tb_printf(t, " %s %s", m->sb->type->name, (m->flags | m->sb->flags) & MS_RDONLY ? "ro" : "rw");
	show_super_flags(t, m->sb);
	show_flags(t, m);
	show_own_options(t, m->sb);
	tb_puts(t, " 0 0\n");
}

static void line_mountinfo(struct textbuf *t, struct mount *m, const char *path, char *page)
{
	struct path root = { m, m->sb->root }, at = { m, m->root };
	struct mount alone = { .root = m->sb->root, .parent = NULL };
	bool outside;
	char *inner;

	/* The part of the file system that is mounted: its path below the superblock's root. */
	alone.parent = &alone;
	root.mnt = at.mnt = &alone;
	inner = d_path_root(&at, &root, page, PAGE_SIZE, &outside);
	tb_printf(t, "%d %d %u:%u ", m->id, m->parent->id, MAJOR(m->sb->dev), MINOR(m->sb->dev));
	tb_escape(t, IS_ERR(inner) ? "/" : inner, " \t\n\\");
	tb_putc(t, ' ');
	tb_escape(t, path, " \t\n");
	tb_puts(t, m->flags & MS_RDONLY ? " ro" : " rw");
	show_flags(t, m);
	tb_printf(t, " - %s ", m->sb->type->name);
	tb_escape(t, m->source, " \t\n");
	tb_puts(t, m->sb->flags & MS_RDONLY ? " ro" : " rw");
	show_super_flags(t, m->sb);
	show_own_options(t, m->sb);
	tb_putc(t, '\n');
}

static int show(struct textbuf *t, const struct proc_target *target,
		void (*line)(struct textbuf *t, struct mount *m, const char *path, char *page))
{
	char *path_page = kmalloc(2 * PAGE_SIZE, GFP_KERNEL);
	struct thread *thread = target->thread;
	struct path root = { NULL, NULL };
	struct mount *m;
	bool outside;
	char *path;

	if (!path_page)
		return -ENOMEM;
	spin_lock(&thread->lock);
	if (thread->fs)
		root = fs_root_get(thread->fs);
	spin_unlock(&thread->lock);
	if (root.mnt) {
		mutex_lock(&namespace_sem);
		list_for_each_entry(m, &init_mnt_ns.mounts, all) {
			struct path at = { m, m->root };

			/* Where it hangs, which is not deleted when what is mounted there is. */
			if (m->parent != m && m != root.mnt)
				at = (struct path){ m->parent, m->mountpoint };
			path = d_path_root(&at, &root, path_page, PAGE_SIZE, &outside);
			if (!IS_ERR(path) && !outside)
				line(t, m, path, path_page + PAGE_SIZE);
		}
		mutex_unlock(&namespace_sem);
		path_put(&root);
	}
	kfree(path_page);
	return root.mnt ? 0 : -EINVAL;
}

int proc_show_mounts(struct textbuf *t, const struct proc_target *target)
{
	return show(t, target, line_mounts);
}

int proc_show_mountinfo(struct textbuf *t, const struct proc_target *target)
{
	return show(t, target, line_mountinfo);
}
