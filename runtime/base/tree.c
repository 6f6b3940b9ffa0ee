/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/cleanup.h"

/* A container may nest a hundred thousand directories: what is deeper is moved up, so that neither fds nor the stack run out. */
#define DEPTH_MAX 32

struct removal {
	int top;                /* where deep directories are moved to */
	unsigned long moved;
	bool again;
};

static int open_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* Ours, but we may not read it (an ordinary user's 0000). */
	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0)
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int remove_entry(struct removal *r, int dir, const char *name, unsigned depth);

static int empty(struct removal *r, int fd, unsigned depth)
{
	cleanup_dir DIR *list = fdopendir(fd);
	struct dirent *e;
	int failed = 0;

	if (!list) {
		failed = -errno;
		close(fd);
		return failed;
	}
	while ((e = readdir(list)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			int one = remove_entry(r, dirfd(list), e->d_name, depth);

			failed = failed ?: one;
		}
	return failed;
}

static int move_up(struct removal *r, int dir, const char *name)
{
	char flat[32];

	do
		snprintf(flat, sizeof(flat), ".deep.%lu", r->moved++);
	while (renameat2(dir, name, r->top, flat, RENAME_NOREPLACE) < 0 && errno == EEXIST);
	if (faccessat(r->top, flat, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	r->again = true;
	return 0;
}

static int remove_dir(struct removal *r, int dir, const char *name, unsigned depth)
{
	int fd, failed;

	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
		return -errno;
	if (depth == DEPTH_MAX)
		return move_up(r, dir, name);
	fd = open_dir(dir, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	failed = empty(r, fd, depth + 1);
	if (failed)
		return failed;
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_entry(struct removal *r, int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* A directory that we may not write to: ours, perhaps. */
	if (errno == EACCES && fchmod(dir, 0700) == 0 && unlinkat(dir, name, 0) == 0)
		return 0;
	return errno == EISDIR || errno == EPERM ? remove_dir(r, dir, name, depth) : -errno;
}

int tree_remove(int dir, const char *name)
{
	struct removal r = {.top = -1};
	int failed;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* Where nothing can be removed nothing is looked for. */
	if (errno == EROFS && faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	r.top = open_dir(dir, name);
	if (r.top < 0)
		return errno == ENOENT ? 0 : -errno;
	do {
		int fd = openat(r.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r.again = false;
		failed = fd < 0 ? -errno : empty(&r, fd, 1);
	} while (!failed && r.again);
	close(r.top);
	if (failed)
		return failed;
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
