/*
 * remove - the end of a group, and of what the container made below it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"

#define WAIT_MAX_US 20000

/* cgroup file systems say EBUSY for processes and for groups below; other layers ENOTEMPTY. */
static bool is_busy(int code)
{
	return code == EBUSY || code == ENOTEMPTY;
}

/* 0 also for what is gone; one that is busy must not keep its brothers. */
static int remove_below(int parent_fd, const char *name, void *arg)
{
	const uint64_t *end = arg;

	if (cgroup_now_ms() > *end) {
		errno = EBUSY;
		return -1;
	}
	return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || cgroup_is_gone(errno) || is_busy(errno) ? 0 : -1;
}

/* A group: 0, or -1 and errno.  The usual one costs a single call. */
static int try_remove(int root_fd, const char *path, uint64_t *end)
{
	int fd;

	if (unlinkat(root_fd, path, AT_REMOVEDIR) == 0 || cgroup_is_gone(errno))
		return 0;
	if (!is_busy(errno))
		return -1;
	fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cgroup_is_gone(errno) ? 0 : -1;
	if (cgroup_walk(fd, remove_below, end) < 0)
		return -1;
	return unlinkat(root_fd, path, AT_REMOVEDIR) == 0 || cgroup_is_gone(errno) ? 0 : -1;
}

static int say_why(const struct cgroup *cgroup, const struct cgroup_dir *dir, int code,
                   struct error *err)
{
	char procs[64];

	error_set(err, code, "remove the cgroup /sys/fs/cgroup/%s", dir->path);
	if (is_busy(code) && cgroup_file_read(cgroup, dir, "cgroup.procs", procs, sizeof(procs)) > 0) {
		procs[strcspn(procs, "\n")] = '\0';
		error_hint(err, "process %s is still in it", procs);
	}
	return -err->code;
}

static int remove_dir(const struct cgroup *cgroup, const struct cgroup_dir *dir, uint64_t *end,
                      struct error *err)
{
	unsigned wait_us = 50;

	while (try_remove(cgroup->host->root_fd, dir->path, end) < 0) {
		if (!is_busy(errno))
			return say_why(cgroup, dir, errno, err);
		if (cgroup_now_ms() >= *end)
			return say_why(cgroup, dir, EBUSY, err);
		/* A process that was killed leaves its group a moment later. */
		cgroup_sleep_us(wait_us);
		wait_us = wait_us < WAIT_MAX_US ? 2 * wait_us : WAIT_MAX_US;
	}
	return 0;
}

void cgroup_remove_parents(const struct cgroup *cgroup, const struct cgroup_dir *dir)
{
	char path[CGROUP_PATH_MAX];
	size_t root_len = strlen(dir->hierarchy->dir);

	if (dir->parents <= root_len)
		return;
	strcpy(path, dir->path);
	/* One that somebody else uses by now refuses, as do those above it. */
	for (char *slash = strrchr(path, '/'); slash && (size_t)(slash - path) >= dir->parents;
	     slash = strrchr(path, '/')) {
		*slash = '\0';
		if (unlinkat(cgroup->host->root_fd, path, AT_REMOVEDIR) < 0 && !cgroup_is_gone(errno))
			return;
	}
}

int cgroup_remove(const struct cgroup *cgroup, unsigned timeout_ms, struct error *err)
{
	uint64_t end = cgroup_now_ms() + timeout_ms;
	struct error other;
	int r = 0;

	/* All that can go goes; the first failure is told. */
	for (size_t i = 0; i < cgroup->n; i++)
		if (cgroup->dirs[i].made) {
			int failed = remove_dir(cgroup, &cgroup->dirs[i], &end, r < 0 ? &other : err);

			if (failed == 0)
				cgroup_remove_parents(cgroup, &cgroup->dirs[i]);
			r = r < 0 ? r : failed;
		}
	return r;
}
