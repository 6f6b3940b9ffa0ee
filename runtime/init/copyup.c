/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <linux/time_types.h>

/*
 * tmpcopyup: what the image has below a tmpfs's target is copied into it, by fds from one
 * directory to the other; links are copied as links, so nothing is followed.
 */

#define DEPTH_MAX 64
#define MKDEV_(major, minor) (((minor) & 0xff) | ((major) << 8) | (((minor) & ~0xffu) << 12))

struct directory_entry {        /* struct linux_dirent64 */
	uint64_t ino, off;
	unsigned short len;
	unsigned char type;
	char name[];
};

/* Bytes start..end, which both files stand at. */
static long copy_range(long from, long to, long start, long end)
{
	long n = 1;

	for (; start < end && n > 0; start += n)
		n = sys(sendfile, to, from, NULL, end - start);
	return n;
}

/* Holes stay holes: a sparse file may be larger than the tmpfs. */
static int copy_content(long from, long to, long size)
{
	long start = 0, end, r = sys(ftruncate, to, size);

	while (r >= 0 && start < size) {
		start = sys(lseek, from, start, SEEK_DATA);
		if (start < 0)
			return start == -ENXIO ? 0 : (int)start;
		end = sys(lseek, from, start, SEEK_HOLE);
		r = end < 0 ? end : sys(lseek, from, start, SEEK_SET);
		if (r >= 0)
			r = sys(lseek, to, start, SEEK_SET);
		if (r >= 0)
			r = copy_range(from, to, start, end);
		start = end;
	}
	return r < 0 ? (int)r : 0;
}

/* Capabilities of a program, access lists, what users note down; what a tmpfs, or a user namespace, has no place for is left. */
static int copy_attribute(long from, long to, const char *name)
{
	char value[4096];
	long n = sys(fgetxattr, from, name, value, sizeof(value)), r;

	r = n < 0 ? n : sys(fsetxattr, to, name, value, n, 0);
	return r == -EOPNOTSUPP || r == -EPERM || r == -EACCES || r == -ENODATA ? 0 : (int)r;
}

static int copy_attributes(long from, long to)
{
	char names[4096];
	long n = sys(flistxattr, from, names, sizeof(names));
	int r = 0;

	if (n < 0)
		return n == -EOPNOTSUPP ? 0 : (int)n;
	for (const char *name = names; name < names + n && r == 0; name += strlen(name) + 1)
		r = copy_attribute(from, to, name);
	return r;
}

/*
 * Owner before mode and attributes: a new owner takes setuid and capabilities away.  EINVAL: an owner that the user namespace does not
 * map; then the copy is its root's, and so nothing in it may count for more than its bytes.
 */
static int copy_nature(long from, long to, const struct statx *st)
{
	const struct __kernel_timespec times[2] = {
		{st->stx_atime.tv_sec, st->stx_atime.tv_nsec},
		{st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec},
	};
	long r = sys(fchown, to, st->stx_uid, st->stx_gid);
	int foreign = r == -EINVAL;

	if (r == 0 || foreign)
		r = sys(fchmod, to, st->stx_mode & (foreign ? 01777 : 07777));
	if (r == 0 && !foreign)
		r = copy_attributes(from, to);
	return r < 0 ? (int)r : (int)sys(utimensat, to, NULL, times, 0);
}

/* Of what has no bytes; an owner that is not mapped stays the namespace's root. */
static int give_owner(int dir, const char *name, const struct statx *st, int flags)
{
	long r = sys(fchownat, dir, name, st->stx_uid, st->stx_gid, flags);

	return r == -EINVAL ? 0 : (int)r;
}

/* What was opened, which need not be what had the name a moment ago: its owner and setuid bit go with its own bytes. */
static int look_again(long fd, unsigned type, struct statx *ret)
{
	long r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, ret);

	return r < 0 ? (int)r : (ret->stx_mode & S_IFMT) == type ? 0 : -ESTALE;
}

static int copy_file(int from, int to, const char *name)
{
	long in_fd = sys(openat, from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out_fd;
	struct statx st;
	int r;

	if (in_fd < 0)
		return (int)in_fd;
	r = look_again(in_fd, S_IFREG, &st);
	out_fd = r < 0 ? r : sys(openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = out_fd < 0 ? (int)out_fd : copy_content(in_fd, out_fd, (long)st.stx_size);
	if (r == 0)
		r = copy_nature(in_fd, out_fd, &st);
	sys(close, in_fd);
	if (out_fd >= 0)
		sys(close, out_fd);
	return r;
}

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	long n = sys(readlinkat, from, name, target, sizeof(target) - 1);

	if (n < 0)
		return (int)n;
	target[n] = '\0';
	return (int)sys(symlinkat, target, to, name);
}

struct copying {
	unsigned depth;
	int devices;            /* copied, or left out */
};

static int copy_directory(int from, int to, struct copying c);

static int copy_subdirectory(int from, int to, const char *name, struct copying c)
{
	struct statx st;
	long in_fd, out_fd, r = sys(mkdirat, to, name, 0700);

	if (r < 0)
		return (int)r;
	in_fd = sys(openat, from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in_fd < 0)
		return (int)in_fd;
	out_fd = sys(openat, to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = out_fd < 0 ? out_fd : copy_directory((int)in_fd, (int)out_fd, (struct copying){c.depth + 1, c.devices});
	if (r == 0)
		r = look_again(in_fd, S_IFDIR, &st);
	if (r == 0)
		r = copy_nature(in_fd, out_fd, &st);
	sys(close, in_fd);
	if (out_fd >= 0)
		sys(close, out_fd);
	return (int)r;
}

static int copy_entry(int from, int to, const char *name, struct copying c)
{
	struct statx st;
	long r = sys(statx, from, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);

	if (r < 0)
		return (int)r;
	switch (st.stx_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdirectory(from, to, name, c);
	case S_IFREG:
		return copy_file(from, to, name);
	case S_IFLNK:
		r = copy_link(from, to, name);
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!c.devices)
			return 0;
		__attribute__((fallthrough));
	default:
		r = sys(mknodat, to, name, st.stx_mode, MKDEV_(st.stx_rdev_major, st.stx_rdev_minor));
	}
	return r < 0 ? (int)r : give_owner(to, name, &st, AT_SYMLINK_NOFOLLOW);
}

static int is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static int copy_directory(int from, int to, struct copying c)
{
	char buf[4096] __attribute__((aligned(8)));
	long n;

	if (c.depth > DEPTH_MAX)
		return -ELOOP;
	while ((n = sys(getdents64, from, buf, sizeof(buf))) > 0)
		for (long i = 0; i < n;) {
			const struct directory_entry *entry = (const void *)(buf + i);
			int r = is_dot(entry->name) ? 0 : copy_entry(from, to, entry->name, c);

			if (r < 0)
				return r;
			i += entry->len;
		}
	return (int)n;
}

int copy_tree(int from, int to, int keep_owner)
{
	struct statx st;
	long fd = sys(openat, from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return (int)fd;
	r = copy_directory((int)fd, to, (struct copying){.devices = 1});
	/* The mount takes the owner of what it covers. */
	if (r == 0 && !keep_owner)
		r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
	if (r == 0 && !keep_owner)
		r = give_owner(to, "", &st, AT_EMPTY_PATH);
	sys(close, fd);
	return (int)r;
}

int fill_tree(int from, int to)
{
	struct statx st;
	long in_fd = sys(openat, from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), out_fd, r;

	if (in_fd < 0)
		return (int)in_fd;
	out_fd = sys(openat, to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = out_fd < 0 ? out_fd : copy_directory((int)in_fd, (int)out_fd, (struct copying){0});
	if (r == 0)
		r = look_again(in_fd, S_IFDIR, &st);
	if (r == 0)
		r = copy_nature(in_fd, out_fd, &st);
	sys(close, in_fd);
	if (out_fd >= 0)
		sys(close, out_fd);
	return (int)r;
}
