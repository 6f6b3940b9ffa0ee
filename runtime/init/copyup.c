/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

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

static int copy_content(long from, long to)
{
	char buf[16384];
	long n;

	while ((n = sys(read, from, buf, sizeof(buf))) > 0)
		for (long done = 0, w; done < n; done += w) {
			w = sys(write, to, buf + done, n - done);
			if (w < 0)
				return (int)w;
		}
	return (int)n;
}

static int copy_file(int from, int to, const char *name, const struct statx *st)
{
	long in_fd = sys(openat, from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out_fd;
	int r;

	if (in_fd < 0)
		return (int)in_fd;
	out_fd = sys(openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = out_fd < 0 ? (int)out_fd : copy_content(in_fd, out_fd);
	if (r == 0)
		r = (int)sys(fchown, out_fd, st->stx_uid, st->stx_gid);
	if (r == 0)
		r = (int)sys(fchmod, out_fd, st->stx_mode & 07777);
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

static int copy_directory(int from, int to, unsigned depth);

static int copy_subdirectory(int from, int to, const char *name, const struct statx *st, unsigned depth)
{
	long in_fd, out_fd, r = sys(mkdirat, to, name, 0700);

	if (r < 0)
		return (int)r;
	in_fd = sys(openat, from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in_fd < 0)
		return (int)in_fd;
	out_fd = sys(openat, to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = out_fd < 0 ? out_fd : copy_directory((int)in_fd, (int)out_fd, depth + 1);
	if (r == 0)
		r = sys(fchown, out_fd, st->stx_uid, st->stx_gid);
	if (r == 0)
		r = sys(fchmod, out_fd, st->stx_mode & 07777);
	sys(close, in_fd);
	if (out_fd >= 0)
		sys(close, out_fd);
	return (int)r;
}

static int copy_entry(int from, int to, const char *name, unsigned depth)
{
	struct statx st;
	long r = sys(statx, from, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);

	if (r < 0)
		return (int)r;
	switch (st.stx_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdirectory(from, to, name, &st, depth);
	case S_IFREG:
		return copy_file(from, to, name, &st);
	case S_IFLNK:
		r = copy_link(from, to, name);
		break;
	default:
		r = sys(mknodat, to, name, st.stx_mode, MKDEV_(st.stx_rdev_major, st.stx_rdev_minor));
	}
	return r < 0 ? (int)r
	             : (int)sys(fchownat, to, name, st.stx_uid, st.stx_gid, AT_SYMLINK_NOFOLLOW);
}

static int is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static int copy_directory(int from, int to, unsigned depth)
{
	char buf[4096] __attribute__((aligned(8)));
	long n;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	while ((n = sys(getdents64, from, buf, sizeof(buf))) > 0)
		for (long i = 0; i < n;) {
			const struct directory_entry *entry = (const void *)(buf + i);
			int r = is_dot(entry->name) ? 0 : copy_entry(from, to, entry->name, depth);

			if (r < 0)
				return r;
			i += entry->len;
		}
	return (int)n;
}

int copy_tree(int from, int to)
{
	struct statx st;
	long fd = sys(openat, from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return (int)fd;
	r = copy_directory((int)fd, to, 0);
	if (r == 0)
		r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
	/* The mount takes the owner of what it covers. */
	if (r == 0)
		r = sys(fchownat, to, "", st.stx_uid, st.stx_gid, AT_EMPTY_PATH);
	sys(close, fd);
	return (int)r;
}
