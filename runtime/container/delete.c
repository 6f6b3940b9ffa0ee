/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/state/group.h"
#include "runtime/launch/launch.h"
#include "runtime/state/network.h"
#include "runtime/state/unit_end.h"
#include "runtime/state/upper.h"

/* How long a killed process (which may be in the kernel) and its group may take to go. */
#define KILL_TIMEOUT_MS 10000
/* A process that was killed and has not died by then may be frozen. */
#define FROZEN_TIMEOUT_MS 100

static bool has_died(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return TEMP_FAILURE_RETRY(poll(&p, 1, timeout_ms)) > 0;
}

/* A frozen process does not die before it is thawed; killing the group does that. */
static void kill_frozen(const struct state *state)
{
	struct error ignored;
	struct group group;

	if (group_open(state, &group, &ignored) == 0)
		cgroup_kill(&group.cgroup, SIGKILL, &ignored);
	group_close(&group);
}

/* The container's process dies, and has died when this returns. */
static int end_process(const struct state *state, struct error *err)
{
	cleanup_close int pidfd = state_pidfd(state);

	if (pidfd == -ESRCH)
		return 0;
	if (pidfd < 0)
		return error_set(err, -pidfd, "find process %d of the container", state->pid);
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (has_died(pidfd, FROZEN_TIMEOUT_MS))
		return 0;
	if (state->n_groups)
		kill_frozen(state);
	if (has_died(pidfd, KILL_TIMEOUT_MS))
		return 0;
	error_set(err, ETIMEDOUT, "wait for process %d to die", state->pid);
	return error_hint(err, "it is stuck in the kernel (state D in ps); try again when what it waits for is back");
}

static int end_group(const struct state *state, const struct cgroup *at_hand, struct error *err)
{
	struct group group;
	int r;

	if (!state->n_groups)
		return 0;
	if (at_hand)
		return group_end(at_hand, KILL_TIMEOUT_MS, err);
	r = group_open(state, &group, err);
	/* A create that died before its process existed may not even have made the group: nobody in it is its own. */
	if (r == 0 && state->creating && state->pid == 0)
		r = cgroup_remove(&group.cgroup, KILL_TIMEOUT_MS, err);
	else if (r == 0)
		r = group_end(&group.cgroup, KILL_TIMEOUT_MS, err);
	group_close(&group);
	return r;
}

/* A resctrl that is no longer mounted has no groups either. */
static int end_rdt(const struct state *state, struct error *err)
{
	cleanup_close int root = -1;

	if (!state->rdt.name)
		return 0;
	root = rdt_open(RDT_ROOT, err);
	return root < 0 ? 0 : rdt_remove(root, &state->rdt, state->id, err);
}

/* It may be read another time: a file that is damaged will never be. */
static bool is_passing(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM || code == EIO || code == EINTR || code == EAGAIN ||
	       code == EACCES || code == EPERM;
}

/*
 * The hooks to run at the end, before anything is ended: without them what others have set up would stay for good.
 * *ret is NULL where there is no use in trying again.
 */
static int load_poststop(const struct store *store, const struct state *state, struct config **ret, struct error *err)
{
	int r = store_read_config(store, ret, err);

	if (r == 0 || is_passing(err->code))
		return r;
	/* A create that was killed before its first hook had not written its configuration yet. */
	if (err->code != ENOENT && !state->creating)
		log_warning("%s: %s; poststop hooks, if any, are not run", err->text, error_reason(err));
	return 0;
}

/* runtime.md "Lifecycle" 13: a poststop hook that fails is a warning, the rest goes on. */
static void run_poststop(const struct state *state, const struct config *config)
{
	struct error err = {0};

	if (config && launch_hooks(config, HOOK_POSTSTOP, state->id, state->bundle, "stopped", 0, &err) < 0)
		log_warning("%s: %s", err.text, error_reason(&err));
}

/* What hooks, groups and others have; what is left is what it wrote, its directory and its addresses. */
static int rest(struct store *store, const struct state *state, struct config *config, struct error *err)
{
	bool unit = unit_is_there(state);
	int r = end_process(state, err);

	if (r == 0)
		r = end_group(state, NULL, err);
	if (r == 0)
		r = unit_end(state, unit, err);
	if (r == 0)
		r = end_rdt(state, err);
	if (r == 0 && state->network)
		r = network_rest(store, err);
	if (r == 0)
		run_poststop(state, config);
	return r;
}

int container_rest(struct store *store, const struct state *state, struct error *err)
{
	struct state rested = *state;
	struct config *config = NULL;
	int r = load_poststop(store, state, &config, err);

	if (r == 0)
		r = rest(store, state, config, err);
	config_free(config);
	rested.pid = 0;
	rested.n_groups = 0;
	rested.unit = NULL;
	rested.rdt = (struct rdt_group){0};
	return r == 0 ? state_write(store, &rested, err) : r;
}

int container_dispose(struct store *store, const struct state *state, const struct cgroup *group,
                      const struct config *config, struct error *err)
{
	struct config *kept = NULL;
	bool unit = unit_is_there(state);
	int r = config ? 0 : load_poststop(store, state, &kept, err);

	if (r == 0)
		r = end_process(state, err);
	if (r == 0)
		r = end_group(state, state->unit ? NULL : group, err);     /* looked at again: whose is it? */
	if (r == 0)
		r = unit_end(state, unit, err);
	if (r == 0)
		r = end_rdt(state, err);
	if (r == 0 && state->upper)
		r = upper_remove(state->upper, err);
	if (r == 0 && state->network)
		r = network_end(store, NULL, err);
	if (r == 0) {
		run_poststop(state, config ?: kept);
		r = store_remove(store, err);
	}
	config_free(kept);
	return r;
}

static int may_delete(const struct store *store, const struct state *state, struct error *err)
{
	int status = state_status(store, state, err);

	if (status < 0)
		return status;
	/* We hold the lock: nobody is creating any more. */
	if (status == STATUS_STOPPED || status == STATUS_CREATED || status == STATUS_CREATING)
		return 0;
	error_set(err, ERROR_SAID, "cannot delete container %s that is not stopped: %s", state->id,
	          status_name((enum status)status));
	return error_hint(err, "delete --force kills it first");
}

static int delete_one(struct store *store, bool force, struct error *err)
{
	struct state state = {0};
	int r = state_read(store, &state, err);

	/* Killed between making the directory and writing the state: nothing else was made yet. */
	if (r == STATE_EMPTY)
		return force ? store_remove(store, err)
		             : error_set(err, ERROR_SAID, "container \"%s\" does not exist", store->id);
	/* Damaged: what it said of processes and groups is lost, but the name must not be lost for good. */
	if (r < 0 && force && !is_passing(err->code)) {
		log_warning("%s: %s; processes and groups of the container, if any, are left", err->text,
		            error_reason(err));
		return store_remove(store, err);
	}
	if (r == 0 && !force)
		r = may_delete(store, &state, err);
	if (r == 0)
		r = container_dispose(store, &state, NULL, NULL, err);
	if (r == 0)
		state_wake_keeper(&state);      /* it finds nothing to start again */
	state_free(&state);
	return r;
}

/*
 * Who works on the container (a `start` whose hook hangs, a `run` in the foreground) ends with its process.  One that does
 * not die in time is not waited for twice; all else is looked at again with the lock.
 */
static int end_first(int root, const char *id, struct error *err)
{
	struct store store = {.dir = -1};
	struct state state = {0};
	struct error why = {0};
	int r = store_open(root, id, STORE_READ, &store, &why);

	if (r == 0)
		r = state_read(&store, &state, &why);
	if (r == 0) {
		state_end_for_good(&store, &state);
		r = end_process(&state, &why);
	}
	state_free(&state);
	store_close(&store);
	if (r != -ETIMEDOUT)
		return 0;
	*err = why;
	return r;
}

int container_delete(const struct runtime_options *runtime, const char *id, bool force, struct error *err)
{
	cleanup_close int root = -1;
	struct store store = {.dir = -1};
	int r = state_root_open(runtime->root, false, &root, err);

	if (r == 0 && force)
		r = end_first(root, id, err);
	if (r == 0)
		r = store_open(root, id, STORE_LOCK, &store, err);
	if (r == STATE_NOT_FOUND)
		return force ? 0 : -err->code;
	if (r == 0)
		r = delete_one(&store, force, err);
	store_close(&store);
	return r;
}
