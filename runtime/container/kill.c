/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/state/group.h"
#include "runtime/state/handle.h"

static int kill_process(const struct state *state, int sig, struct error *err)
{
	cleanup_close int pidfd = state_pidfd(state);

	if (pidfd == -ESRCH)
		return handle_not_running(err);
	if (pidfd < 0)
		return error_set(err, -pidfd, "find process %d of the container", state->pid);
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) == 0)
		return 0;
	return errno == ESRCH ? handle_not_running(err) : error_set(err, errno, "send signal %d to process %d", sig, state->pid);
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

/* Who sends one of these wants it to end, and not to come back. */
static bool asks_to_end(int sig)
{
	return sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGQUIT;
}

static int kill_state(const struct store *store, const struct state *state, enum status status, int sig, bool all, struct error *err)
{
	int r;

	if (asks_to_end(sig))
		state_end_for_good(store, state);
	/* Between its end and its next start, or at the start. */
	if (asks_to_end(sig) && (status == STATUS_STOPPED || status == STATUS_CREATING) && state_wake_keeper(state))
		return 0;
	if (all) {
		r = state->n_groups ? kill_group(state, sig, err) : 0;
		if (r < 0 || status == STATUS_STOPPED || state->n_groups)
			return r;
	}
	if (status == STATUS_STOPPED || (status == STATUS_CREATING && state->pid == 0))
		return handle_not_running(err);
	r = kill_process(state, sig, err);
	if (r == 0 && sig == SIGKILL && status == STATUS_PAUSED)
		thaw(state);
	return r;
}

int container_kill(const struct runtime_options *runtime, const char *id, int sig, bool all, struct error *err)
{
	struct handle h;
	int r = handle_open(runtime, id, STORE_READ, &h, err);

	if (r == 0)
		r = kill_state(&h.store, &h.state, h.status, sig, all, err);
	handle_close(&h);
	return r;
}
