/*
 * freeze - stops the processes of a group and lets them go on.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"

/* A v1 group that forks while it is being frozen may never get there: let it run for a moment so often. */
#define V1_TRIES_TILL_THAW 50

static int fail(const struct cgroup_dir *dir, int code, bool frozen, struct error *err)
{
	error_set(err, code, "%s the cgroup /sys/fs/cgroup/%s", frozen ? "freeze" : "thaw", dir->path);
	if (code == EBUSY)
		error_hint(err, "a process of it is stuck in the kernel (state D in ps), where nothing stops it: again when "
		                "what it waits for is back");
	return -err->code;
}

static int v1_state(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *state)
{
	return cgroup_file_write(cgroup, dir, "freezer.state", state, strlen(state));
}

static int v1_freeze(const struct cgroup *cgroup, const struct cgroup_dir *dir, unsigned timeout_ms,
                     struct error *err)
{
	uint64_t end = cgroup_now_ms() + timeout_ms;
	unsigned wait_us = 20;
	char state[32];

	for (unsigned i = 1;; i++) {
		if (v1_state(cgroup, dir, "FROZEN") < 0 ||
		    cgroup_file_read(cgroup, dir, "freezer.state", state, sizeof(state)) < 0)
			return fail(dir, errno, true, err);
		if (strcmp(state, "FROZEN") == 0)
			return 0;
		if (cgroup_now_ms() >= end)
			break;
		if (i % V1_TRIES_TILL_THAW == 0)
			v1_state(cgroup, dir, "THAWED");
		cgroup_sleep_us(wait_us);
		wait_us = wait_us < 2000 ? 2 * wait_us : wait_us;
	}
	v1_state(cgroup, dir, "THAWED");
	return fail(dir, EBUSY, true, err);
}

/* The kernel marks cgroup.events as having news when the last process has stopped. */
static int v2_wait(const struct cgroup *cgroup, const struct cgroup_dir *dir, unsigned timeout_ms,
                   struct error *err)
{
	cleanup_close int fd = cgroup_file_open(cgroup, dir, "cgroup.events", O_RDONLY);
	uint64_t end = cgroup_now_ms() + timeout_ms;
	char events[128];

	if (fd < 0)
		return fail(dir, errno, true, err);
	for (;;) {
		struct pollfd news = {.fd = fd, .events = POLLPRI};
		ssize_t n = pread(fd, events, sizeof(events) - 1, 0);
		uint64_t now = cgroup_now_ms();

		if (n < 0)
			return fail(dir, errno, true, err);
		events[n] = '\0';
		if (strstr(events, "frozen 1"))
			return 0;
		if (now >= end)
			return fail(dir, EBUSY, true, err);
		poll(&news, 1, (int)(end - now));
	}
}

static int v2_freeze(const struct cgroup *cgroup, const struct cgroup_dir *dir, bool frozen,
                     unsigned timeout_ms, struct error *err)
{
	int r = 0;

	if (cgroup_file_write(cgroup, dir, "cgroup.freeze", frozen ? "1" : "0", 1) < 0)
		return fail(dir, errno, frozen, err);
	if (frozen)
		r = v2_wait(cgroup, dir, timeout_ms, err);
	if (r < 0)
		cgroup_file_write(cgroup, dir, "cgroup.freeze", "0", 1);
	return r;
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen, unsigned timeout_ms, struct error *err)
{
	const struct cgroup_dir *v1 = cgroup_v1_dir(cgroup, CGROUP_FREEZER);
	const struct cgroup_dir *v2 = cgroup_v2_dir(cgroup);

	/* Where there are both, what others look at to see that a container is paused is the v1 freezer. */
	if (v1 && frozen)
		return v1_freeze(cgroup, v1, timeout_ms, err);
	if (v1)
		return v1_state(cgroup, v1, "THAWED") < 0 ? fail(v1, errno, false, err) : 0;
	if (v2)
		return v2_freeze(cgroup, v2, frozen, timeout_ms, err);
	error_set(err, EOPNOTSUPP, "%s the container", frozen ? "freeze" : "thaw");
	return error_hint(err, "no freezer is mounted below /sys/fs/cgroup (mount -t cgroup -o freezer "
	                       "cgroup /sys/fs/cgroup/freezer)");
}

bool cgroup_frozen(const struct cgroup *cgroup)
{
	const struct cgroup_dir *v1 = cgroup_v1_dir(cgroup, CGROUP_FREEZER);
	const struct cgroup_dir *v2 = cgroup_v2_dir(cgroup);
	char state[32];

	if (v1)
		return cgroup_file_read(cgroup, v1, "freezer.state", state, sizeof(state)) > 0 &&
		       strcmp(state, "THAWED") != 0;
	return v2 && cgroup_file_read(cgroup, v2, "cgroup.freeze", state, sizeof(state)) > 0 &&
	       strcmp(state, "1") == 0;
}
