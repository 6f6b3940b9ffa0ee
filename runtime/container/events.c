/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cgroups/stats.h"
#include "runtime/base/cleanup.h"
#include "runtime/state/group.h"
#include "runtime/state/handle.h"
#include "spec/emit.h"

/* What runc prints: one line for each event, `data` with those of type "stats".  "exit" is ours. */
struct event {
	const char *type, *id;
	const struct cgroup *stats;     /* NULL: none of type "stats" */
	int status;                     /* of type "exit"; -1: not known */
};

static int print_event(const struct event *event, struct error *err)
{
	cleanup_free char *text = NULL;
	struct emitter e = {0};
	size_t len;
	int r;

	emit_object(&e);
	emit_key_string(&e, "type", event->type);
	emit_key_string(&e, "id", event->id);
	if (event->stats) {
		emit_key(&e, "data");
		stats_emit(event->stats, &e);
	}
	if (event->status >= 0) {
		emit_key(&e, "data");
		emit_object(&e);
		emit_key_int(&e, "status", event->status);
		emit_end_object(&e);
	}
	emit_end_object(&e);
	r = emit_finish(&e, &text, &len, err);
	if (r < 0)
		return r;
	if (fwrite(text, 1, len, stdout) != len || putchar('\n') == EOF || fflush(stdout) != 0)
		return error_set(err, errno, "write to standard output");
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* In ms, rounded up: a poll that returns early would be made twice. */
static int until(uint64_t when_ns)
{
	uint64_t now = now_ns(), ms = when_ns > now ? (when_ns - now + 999999) / 1000000 : 0;

	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static int print_ooms(struct oom_watch *watch, const char *id, struct error *err)
{
	int r = 0;

	for (uint64_t n = oom_watch_take(watch); n > 0 && r == 0; n--)
		r = print_event(&(struct event){"oom", id, NULL, -1}, err);
	return r;
}

/* Until the container's process has ended. */
static int follow(const struct state *state, const struct cgroup *group, struct oom_watch *watch, int pidfd,
                  uint64_t interval_ns, struct error *err)
{
	uint64_t next = now_ns() + interval_ns;
	int r = 0;

	while (r == 0) {
		struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = watch->fd, .events = watch->events}};
		int n = poll(fds, 2, until(next));

		if (n < 0 && errno != EINTR)
			return error_set(err, errno, "wait for events");
		/* Before the end: what killed the process came first. */
		r = print_ooms(watch, state->id, err);
		if (n > 0 && fds[0].revents)
			break;
		if (r == 0 && until(next) == 0) {
			r = print_event(&(struct event){"stats", state->id, group, -1}, err);
			next += interval_ns;
			/* A reader that stood still gets the present, not all that it missed. */
			next = next < now_ns() ? now_ns() + interval_ns : next;
		}
	}
	return r;
}

static int watch(const struct state *state, const struct events_options *options, struct error *err)
{
	cleanup_close int pidfd = state_pidfd(state);
	struct oom_watch oom = {.fd = -1, .counter = -1};
	struct group group;
	int r;

	if (pidfd < 0)
		return error_set(err, ERROR_SAID, "container with id %s is not running", state->id);
	r = group_open(state, &group, err);
	if (r == 0 && group.cgroup.n == 0) {
		error_set(err, ERROR_SAID, "the container has no control group: nobody counts what it uses");
		r = error_hint(err, "without --cgroup-manager disabled, and where this user may make groups, it has one");
	}
	if (r == 0 && options->stats) {
		r = print_event(&(struct event){"stats", state->id, &group.cgroup, -1}, err);
	} else if (r == 0) {
		r = oom_watch_open(&group.cgroup, &oom, err);
		if (r == 0)
			r = follow(state, &group.cgroup, &oom, pidfd, options->interval_ns, err);
		if (r == 0 && options->follow)
			r = print_event(&(struct event){"exit", state->id, NULL, process_exit_status(state, pidfd)}, err);
		oom_watch_close(&oom);
	}
	group_close(&group);
	return r;
}

int container_events(const struct runtime_options *runtime, const char *id, const struct events_options *options,
                     struct error *err)
{
	struct handle h;
	int r = handle_find(runtime, id, STORE_READ, &h, err);

	/* What goes on for days holds no directory that is long gone. */
	store_close(&h.store);
	if (r == 0)
		r = watch(&h.state, options, err);
	handle_close(&h);
	return r;
}
