/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* DIR/.NAME.PID, where PID is the container's and so nobody else's now. */
static int temporary_name(const char *path, pid_t pid, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0;
	int n = snprintf(ret, size, "%.*s.%s.%d", dir, path, path + dir, pid);

	return n < (int)size ? 0 : -ENAMETOOLONG;
}

/* A file of that name can only be a left-over; it is not written to, whoever it belongs to. */
static int create_anew(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST && unlink(path) == 0)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd;
}

/*
 * Without a name until it is whole: whoever kills us leaves no temporary file beside it, which nobody would ever
 * find.  It fails where one is there already, and in file systems that have no such files.
 */
static int link_anew(const char *path, pid_t pid)
{
	cleanup_free char *copy = strdup(path);
	cleanup_close int fd = -1;
	char text[16], link[32];
	int n = snprintf(text, sizeof(text), "%d", pid);

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	errno = ENOSPC; /* cut short */
	if (write(fd, text, (size_t)n) != n)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* What could not be finished is removed. */
static int fill(const char *temporary, const char *path, pid_t pid)
{
	cleanup_close int fd = create_anew(temporary);
	char text[16];
	int r = snprintf(text, sizeof(text), "%d", pid);

	if (fd < 0)
		return -errno;
	errno = 0;
	if (write(fd, text, (size_t)r) == r && rename(temporary, path) == 0)
		return 0;
	r = errno ? -errno : -ENOSPC; /* cut short */
	unlink(temporary);
	return r;
}

int pidfile_write(const char *path, pid_t pid, struct error *err)
{
	char temporary[PATH_MAX];
	int r;

	if (link_anew(path, pid) == 0)
		return 0;
	/* One that is there is replaced whole: that takes a temporary name. */
	r = temporary_name(path, pid, temporary, sizeof(temporary));
	if (r == 0)
		r = fill(temporary, path, pid);
	return r < 0 ? error_set(err, -r, "write the pid file %s", path) : 0;
}
