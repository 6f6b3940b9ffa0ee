/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <time.h>

#include "runtime/state/group.h"
#include "runtime/state/handle.h"

/* A process that sleeps in the kernel, on a disk that does not answer, say, cannot be stopped before that is over. */
#define FREEZE_TIMEOUT_MS 10000

static int freeze(const struct state *state, bool frozen, struct error *err)
{
	struct group group;
	int r = group_open(state, &group, err);

	if (r == 0 && group.cgroup.n == 0) {
		error_set(err, ERROR_SAID, "the container has no control group: nothing holds its processes together");
		r = error_hint(err, "without --cgroup-manager disabled, and where this user may make groups, it has one");
	}
	if (r == 0)
		r = cgroup_freeze(&group.cgroup, frozen, FREEZE_TIMEOUT_MS, err);
	group_close(&group);
	return r;
}

static int check(enum status status, bool frozen, struct error *err)
{
	if (status == STATUS_STOPPED)
		return handle_not_running(err);
	if (frozen ? status == STATUS_RUNNING || status == STATUS_CREATED : status == STATUS_PAUSED)
		return 0;
	if (frozen)
		return error_set(err, ERROR_SAID, "cannot pause a container that is %s", status_name(status));
	return error_set(err, ERROR_SAID, "container not paused: it is %s", status_name(status));
}

/* A group above it may be frozen still.  On v1 a `kill --all`, which holds no lock, stops the processes for some ms, too. */
static bool stays_paused(const struct state *state)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	bool paused = true;

	for (int i = 0; i < 40 && (paused = group_is_paused(state)); i++)
		nanosleep(&pause, NULL);
	return paused;
}

int container_freeze(const struct runtime_options *runtime, const char *id, bool frozen, struct error *err)
{
	struct handle h;
	int r = handle_open(runtime, id, STORE_LOCK, &h, err);

	if (r == 0)
		r = check(h.status, frozen, err);
	if (r == 0)
		r = freeze(&h.state, frozen, err);
	if (r == 0 && !frozen && stays_paused(&h.state))
		r = error_set(err, ERROR_SAID, "it stays paused: a control group above the container's is frozen");
	handle_close(&h);
	return r;
}
