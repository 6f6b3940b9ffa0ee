/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "cgroups/stats_text.h"

static int watch_failed(const struct cgroup_dir *dir, const char *file, struct error *err)
{
	return error_set(err, errno, "watch /sys/fs/cgroup/%s/%s", dir->path, file);
}

/* Documentation/admin-guide/cgroup-v1/memory.rst, "OOM Control": "eventfd fd-of-memory.oom_control" */
static int watch_v1(const struct cgroup *cgroup, const struct cgroup_dir *dir, struct oom_watch *w, struct error *err)
{
	char line[32];
	int n;

	w->v1 = true;
	w->events = POLLIN;
	w->counter = cgroup_file_open(cgroup, dir, "memory.oom_control", O_RDONLY);
	if (w->counter < 0)
		return watch_failed(dir, "memory.oom_control", err);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n = snprintf(line, sizeof(line), "%d %d", w->fd, w->counter);
	if (w->fd < 0 || cgroup_file_write(cgroup, dir, "cgroup.event_control", line, (size_t)n) < 0)
		return watch_failed(dir, "memory.oom_control", err);
	return 0;
}

/* -1: the group is gone, or does not tell */
static int read_counter(const struct oom_watch *w, uint64_t *ret)
{
	char text[1024];
	ssize_t n = pread(w->counter, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -1;
	text[n] = '\0';
	return stats_field(text, "oom_kill", ret) ? 0 : -1;
}

static int watch_v2(const struct cgroup *cgroup, const struct cgroup_dir *dir, struct oom_watch *w, struct error *err)
{
	w->events = POLLPRI;
	w->counter = cgroup_file_open(cgroup, dir, "memory.events", O_RDONLY);
	if (w->counter < 0)
		return errno == ENOENT ? 0 : watch_failed(dir, "memory.events", err);
	w->fd = w->counter;
	read_counter(w, &w->seen);
	return 0;
}

int oom_watch_open(const struct cgroup *cgroup, struct oom_watch *ret, struct error *err)
{
	const struct cgroup_dir *v1 = cgroup_v1_dir(cgroup, CGROUP_MEMORY), *v2 = cgroup_v2_dir(cgroup);

	*ret = (struct oom_watch){.fd = -1, .counter = -1};
	if (v1)
		return watch_v1(cgroup, v1, ret, err);
	return v2 ? watch_v2(cgroup, v2, ret, err) : 0;
}

/* The kernel also tells when the group goes (once). */
static uint64_t take_v1(struct oom_watch *w)
{
	uint64_t n = 0, kills;

	if (read(w->fd, &n, sizeof(n)) != sizeof(n))
		return 0;
	return n - (read_counter(w, &kills) < 0);
}

uint64_t oom_watch_take(struct oom_watch *w)
{
	uint64_t kills, before = w->seen;

	if (w->fd < 0)
		return 0;
	if (w->v1)
		return take_v1(w);
	if (read_counter(w, &kills) < 0 || kills <= before)
		return 0;
	w->seen = kills;
	return kills - before;
}

void oom_watch_close(struct oom_watch *w)
{
	if (w->counter >= 0)
		close(w->counter);
	if (w->v1 && w->fd >= 0)
		close(w->fd);
	w->fd = w->counter = -1;
}
