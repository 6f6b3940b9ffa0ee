/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/container/group.h"

/* The words that containerd and CRI-O look for (features C208). */
static int not_running(struct error *err)
{
	return error_set(err, ERROR_SAID, "container not running");
}

static int kill_process(const struct state *state, int sig, struct error *err)
{
	cleanup_close int pidfd = state_pidfd(state);

	if (pidfd == -ESRCH)
		return not_running(err);
	if (pidfd < 0)
		return error_set(err, -pidfd, "find process %d of the container", state->pid);
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0)
		return 0;
	return errno == ESRCH ? not_running(err) : error_set(err, errno, "send signal %d to process %d", sig, state->pid);
}

/* Without a pid namespace of its own, what the container left behind dies with it only this way. */
static int kill_group(const struct state *state, int sig, struct error *err)
{
	struct group group;
	int r = group_open(state, &group, err);

	if (r == 0)
		r = cgroup_kill(&group.cgroup, sig, err);
	group_close(&group);
	return r;
}

/* Who is frozen by v1 dies when it runs again. */
static void thaw(const struct state *state)
{
	struct error ignored;
	struct group group;

	if (group_open(state, &group, &ignored) == 0)
		cgroup_freeze(&group.cgroup, false, 0, &ignored);
	group_close(&group);
}

static int kill_state(const struct store *store, const struct state *state, int sig, bool all, struct error *err)
{
	int status = state_status(store, state, err), r;

	if (status < 0)
		return status;
	if (all) {
		r = state->n_groups ? kill_group(state, sig, err) : 0;
		if (r < 0 || status == STATUS_STOPPED || state->n_groups)
			return r;
	}
	if (status == STATUS_STOPPED || (status == STATUS_CREATING && state->pid == 0))
		return not_running(err);
	r = kill_process(state, sig, err);
	if (r == 0 && sig == SIGKILL && status == STATUS_PAUSED)
		thaw(state);
	return r;
}

int container_kill(const struct runtime_options *runtime, const char *id, int sig, bool all, struct error *err)
{
	cleanup_close int root = -1;
	struct store store = {.dir = -1};
	struct state state = {0};
	int r = state_root_open(runtime->root, false, &root, err);

	if (r == 0)
		r = store_open(root, id, STORE_READ, &store, err);
	if (r == 0)
		r = state_read(&store, &state, err);
	if (r == STATE_EMPTY)
		r = error_set(err, ERROR_SAID, "container \"%s\" does not exist", id);
	if (r == 0)
		r = kill_state(&store, &state, sig, all, err);
	state_free(&state);
	store_close(&store);
	return r == STATE_NOT_FOUND ? -err->code : r;
}
