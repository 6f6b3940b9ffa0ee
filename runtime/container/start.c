/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/launch/blame.h"
#include "runtime/state/handle.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/notify.h"
#include "runtime/launch/seccomp_agent.h"
#include "runtime/launch/sync.h"

static int cannot_start(enum status status, struct error *err)
{
	return error_set(err, ERROR_SAID, "cannot start a container that is %s", status_name(status));
}

static int connect_init(const struct store *store, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set(err, errno, "make a socket to init");
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start", store->dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		/* It was there when its status was asked for; only who holds the lock takes its socket away. */
		return errno == ECONNREFUSED ? cannot_start(STATUS_STOPPED, err) : error_set(err, errno, "reach the waiting container");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* Init names the step by its number; create left the words for it (see remember_failure). */
static int explain(const struct store *store, const struct reply *reply, struct error *err)
{
	cleanup_free char *bytes = NULL;
	struct error ignored;
	const struct plan *plan;
	size_t len = 0;

	if (store_read_file(store, "plan", &bytes, &len, &ignored) < 0)
		return error_set(err, reply->head.code, "start the program");
	plan = (const struct plan *)bytes;
	if (len < sizeof(*plan) || plan->magic != PLAN_MAGIC || plan->size != len)
		return error_set(err, reply->head.code, "start the program");
	return blame_init(plan, reply, err);
}

static int never_ran(struct error *err)
{
	error_set(err, ERROR_SAID, "init ended before the program ran");
	return error_hint(err, "it was killed, by somebody or for want of memory: the container is stopped");
}

/* Init waits for it: nothing of the container runs before the agent has the listener. */
static int introduce_agent(int sock, const struct state *state, const struct config *config, struct reply *reply,
                           struct error *err)
{
	cleanup_close int listener = -1;
	int r;

	if (!seccomp_notifies(&config->linux_.seccomp))
		return 0;
	r = sync_receive(sock, MSG_LISTENER, reply, err);
	if (r == SYNC_CLOSED || r == SYNC_RESET)
		return never_ran(err);
	if (r != 0)
		return r;
	listener = reply->fd;
	r = seccomp_agent_send(config, state->id, state->bundle, state->pid, listener, err);
	return r < 0 ? r : sync_send(sock, MSG_LISTENED, NULL, err);
}

/* The program runs once the connection, which is close-on-exec, ends without a word. */
static int tell_init(const struct store *store, const struct state *state, const struct config *config,
                     bool *ret_sent, struct error *err)
{
	cleanup_close int sock = -1;
	struct reply reply;
	int r = connect_init(store, &sock, err);

	if (r == 0)
		r = sync_send(sock, MSG_START, NULL, err);
	/* Killed since its status was asked for. */
	if (r == -EPIPE || r == -ECONNRESET)
		r = cannot_start(STATUS_STOPPED, err);
	*ret_sent = r == 0;
	if (r == 0)
		r = introduce_agent(sock, state, config, &reply, err);
	if (r == 0)
		r = sync_receive(sock, MSG_NONE, &reply, err);
	if (r == SYNC_FAILED)
		return explain(store, &reply, err);
	if (r == SYNC_RESET)
		return never_ran(err);
	/* Init that was killed lets go of the connection too. */
	return r < 0 ? r : process_never_ran(state->pid) ? never_ran(err) : 0;
}

static int run_poststart(const struct state *state, const struct config *config, struct error *err)
{
	int r = launch_hooks(config, HOOK_POSTSTART, state->id, state->bundle, "running", state->pid, err);

	/* runtime.md "Lifecycle" 8: the container is stopped; poststop hooks run at delete. */
	if (r < 0) {
		cleanup_close int pidfd = state_pidfd(state);

		if (pidfd >= 0)
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	}
	return r;
}

/* Init that failed ends by itself: `state` must not find it still running. */
static void await_end(const struct state *state)
{
	cleanup_close int pidfd = state_pidfd(state);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (pidfd >= 0)
		TEMP_FAILURE_RETRY(poll(&p, 1, 1000));
}

static int start(struct store *store, const struct state *state, const struct config *config, struct error *err)
{
	int status = state_status(store, state, err);
	cleanup_close int notify = -1;
	bool sent = false;
	int r = 0;

	if (status < 0)
		return status;
	if (status != STATUS_CREATED)
		return cannot_start((enum status)status, err);
	if (!config->process.set)
		return error_set(err, ERROR_SAID, "config.json has no \"process\": there is nothing to start");
	if (state->notify)
		r = notify_open(store->dir, &notify, err);
	if (r < 0)
		return r;
	r = tell_init(store, state, config, &sent, err);
	if (sent) {
		unlinkat(store->dir, "start", 0);
		unlinkat(store->dir, "plan", 0);
	}
	if (r < 0) {
		if (sent)
			await_end(state);
		return r;
	}
	r = run_poststart(state, config, err);
	if (r < 0 || notify < 0)
		return r;
	/* Whether the service manager hears of it decides nothing here; and the container is everybody's again. */
	store_unlock(store);
	if (notify_until_ready(notify, state->pid, err) < 0)
		log_warning("%s: %s", err->text, error_reason(err));
	return 0;
}

int container_start(const struct runtime_options *runtime, const char *id, struct error *err)
{
	struct config *config = NULL;
	struct handle h;
	int r = handle_find(runtime, id, STORE_LOCK, &h, err);

	if (r == 0)
		r = store_read_config(&h.store, &config, err);
	if (r == 0) {
		r = start(&h.store, &h.state, config, err);
		if (r < 0)
			config_blame(config, err);
	}
	config_free(config);
	handle_close(&h);
	return r;
}
