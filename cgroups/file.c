/*
 * file - small files below /sys/fs/cgroup.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/fds.h"

/* Longer than any file name of a controller; place.c leaves that much room in every path. */
#define FILE_NAME_MAX 256

int cgroup_file_open(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *file,
                     int flags)
{
	char path[CGROUP_PATH_MAX + FILE_NAME_MAX];
	size_t dir_len = strlen(dir->path), len = file ? strlen(file) : 0;

	if (!file)
		return openat(cgroup->host->root_fd, dir->path, flags | O_CLOEXEC);
	if (dir->fd >= 0)
		return openat(dir->fd, file, flags | O_CLOEXEC);
	if (len > FILE_NAME_MAX - 2) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, dir->path, dir_len);
	path[dir_len] = '/';
	memcpy(path + dir_len + 1, file, len + 1);
	return openat(cgroup->host->root_fd, path, flags | O_CLOEXEC);
}

static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len;
	ssize_t n;

	if (fd < 0)
		return -1;
	/* These file systems give all that fits at once: a second read would only say that it was all. */
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -1;
	len = (size_t)n;
	while (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return (ssize_t)len;
}

ssize_t cgroup_file_read(const struct cgroup *cgroup, const struct cgroup_dir *dir,
                         const char *file, char *buf, size_t size)
{
	cleanup_close_soon int fd = cgroup_file_open(cgroup, dir, file, O_RDONLY);

	return read_all(fd, buf, size);
}

ssize_t cgroup_read_at(int dirfd, const char *path, char *buf, size_t size)
{
	cleanup_close_soon int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	return read_all(fd, buf, size);
}

int cgroup_file_write(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *file,
                      const char *value, size_t len)
{
	cleanup_close_soon int fd = cgroup_file_open(cgroup, dir, file, O_WRONLY);

	return fd < 0 || write(fd, value, len) < 0 ? -1 : 0;
}

int cgroup_write_at(int dirfd, const char *path, const char *value, size_t len)
{
	cleanup_close_soon int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, value, len) < 0 ? -1 : 0;
}

int cgroup_file_field(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *file,
                      const char *key, uint64_t *ret)
{
	char buf[1024];
	size_t len = strlen(key);

	if (cgroup_file_read(cgroup, dir, file, buf, sizeof(buf)) < 0)
		return -1;
	for (const char *line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ') {
			*ret = strtoull(line + len + 1, NULL, 10);
			return 0;
		}
	}
	errno = ENODATA;
	return -1;
}

const struct cgroup_dir *cgroup_v2_dir(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n; i++)
		if (cgroup->dirs[i].hierarchy->v2)
			return &cgroup->dirs[i];
	return NULL;
}

const struct cgroup_dir *cgroup_v1_dir(const struct cgroup *cgroup, uint32_t controller)
{
	for (size_t i = 0; i < cgroup->n; i++)
		if (!cgroup->dirs[i].hierarchy->v2 &&
		    (cgroup->dirs[i].hierarchy->controllers & controller))
			return &cgroup->dirs[i];
	return NULL;
}

uint64_t cgroup_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cgroup_sleep_us(unsigned us)
{
	nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L}, NULL);
}
