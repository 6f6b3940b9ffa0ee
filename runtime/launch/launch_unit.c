/*
 * launch_unit - the container's group where systemd makes it: together with its first process, which waits for it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups/manager.h"
#include "cgroups/systemd.h"
#include "runtime/base/log.h"
#include "runtime/launch/foreground.h"
#include "runtime/state/group.h"
#include "runtime/launch/placeholder.h"
#include "runtime/state/unit_end.h"

/* For all that is asked of systemd while a container starts. */
#define START_TIMEOUT_MS 30000
#define GROUP_TIMEOUT_MS 10000

/* What a bundle may not ask of systemd is refused before there is a process. */
static int check_properties(const struct launch *l, struct error *err)
{
	struct wire ignored = {0};
	int r = unit_properties(&l->unit, 0, &l->config->linux_.resources, &l->config->annotations, 0, &ignored, err);

	wire_free(&ignored);
	return r;
}

static int interrupted(const struct launch *l, struct error *err)
{
	return error_set(err, ERROR_SAID, "interrupted by SIG%s", sigabbrev_np(l->bus_interrupt.caught));
}

/* Before anything is made that would have to be undone: most often there is no systemd to be asked. */
int launch_reach_systemd(struct launch *l, struct error *err)
{
	int r;

	if (!*l->unit.name)
		return 0;
	r = check_properties(l, err);
	if (r < 0)
		return r;
	l->group_settled = true;
	l->bus_interrupt = (struct dbus_interrupt){l->interrupt, foreground_interrupted, 0};
	r = dbus_open(l->unit.user, START_TIMEOUT_MS, &l->bus_interrupt, &l->bus, err);
	if (r < 0 && l->bus_interrupt.caught)
		return interrupted(l, err);
	if (r == 0 || err->code == ETIMEDOUT || (!l->caller.ordinary && !l->caller.nested_root))
		return r;
	/* In a container of an ordinary user there is no systemd; engines ask for it all the same. */
	r = launch_do_without_group(l, err);
	if (r < 0) {
		err->hint[0] = '\0';
		error_hint(err, "limits need a systemd of the user (loginctl enable-linger starts one, "
				"$XDG_RUNTIME_DIR names it), or "
				"a delegated group and --cgroup-manager cgroupfs");
		return r;
	}
	l->unit.name[0] = '\0';
	return 0;
}

void launch_let_go(struct launch *l)
{
	if (l->unit.holder)
		placeholder_end(l->unit.holder);
	l->unit.holder = 0;
}

static void undo_hold(void *arg)
{
	launch_let_go(arg);
}

/*
 * Our signals are blocked (foreground_begin) and so are its: who stops the scope with TERM waits for the container, which
 * the holder must outlive.
 */
static int hold_unit(struct launch *l, struct error *err)
{
	static char stack[PLACEHOLDER_STACK] __attribute__((aligned(16)));
	pid_t pid = placeholder_start(0, stack + sizeof(stack));

	if (pid < 0)
		return error_set(err, errno, "make a process that holds %s", l->unit.name);
	l->unit.holder = pid;
	undo_push(&l->undo, undo_hold, l);
	return 0;
}

/* Killed first: systemd would ask politely, and wait for 90 s. */
static void undo_unit(void *arg)
{
	struct launch *l = arg;
	struct error ignored;

	launch_let_go(l);
	if (l->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, l->pidfd, SIGKILL, NULL, 0);
	if ((!l->state.n_groups || group_end(&l->group, GROUP_TIMEOUT_MS, &ignored) == 0) &&
	    unit_end(&l->state, true, &ignored) == 0)
		return;
	l->not_undone = true;
	log_warning("%s: %s", ignored.text, error_reason(&ignored));
}

static void record(struct launch *l)
{
	struct state *s = &l->state;

	for (s->n_groups = 0; s->n_groups < l->group.n; s->n_groups++)
		s->groups[s->n_groups] = l->group.dirs[s->n_groups].path;
	s->unit_group = cgroup_identity(s->n_groups, s->groups);
}

/* Why systemd could not: a signal to us, init's own end, or what it says. */
static int explain(struct launch *l, int r, struct error *err)
{
	struct pollfd sync = {.fd = l->sync, .events = POLLIN};

	if (l->bus_interrupt.caught)
		return interrupted(l, err);
	if (poll(&sync, 1, 0) > 0 && (sync.revents & POLLHUP))
		return launch_last_words(l, r, err);
	return error_locate(err, l->config->linux_.cgroups_path.at);
}

int launch_start_unit(struct launch *l, struct error *err)
{
	bool started = false;
	int r;

	if (!*l->unit.name)
		return 0;
	r = l->unit.held ? hold_unit(l, err) : 0;
	if (r < 0)
		return r;
	r = cgroup_start(&l->group, &l->unit, l->pid, &l->bus, &l->config->linux_.resources, &l->config->annotations,
	                 &started, err);
	if (started)
		undo_push(&l->undo, undo_unit, l);
	dbus_close(&l->bus);
	if (r < 0)
		return explain(l, r, err);
	record(l);
	r = l->unit.user ? 0 : launch_give_group(l, err);
	return r < 0 ? r : cgroup_task_fds(&l->group, l->tasks, &l->n_tasks, &l->present, err);
}
