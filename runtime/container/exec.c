/*
 * exec - one more process in a container that runs: init with another plan (runtime/plan/exec.c).
 *
 * No lock is held: what the container is, is said by one process, whose pidfd is open before its start time is compared,
 * and all namespaces are taken from that fd.  A hook may so exec into the container that it belongs to.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/launch/console.h"
#include "runtime/launch/exec_process.h"
#include "runtime/launch/foreground.h"
#include "runtime/state/handle.h"
#include "runtime/launch/launch_acts.h"
#include "runtime/launch/pidfile.h"
#include "runtime/launch/scheduler.h"
#include "runtime/launch/seccomp_agent.h"
#include "runtime/launch/slots.h"
#include "runtime/state/unit_end.h"
#include "runtime/plan/build.h"
#include "spec/lists.h"
#include "spec/names.h"

struct exec {
	const struct exec_options *options;
	struct create_options as_create;        /* what the acts of launch look at */
	struct handle handle;
	struct config *container, *file;        /* l.config is one of them */
	int target;                             /* pidfd of the container's process */
	uint32_t namespaces;                    /* CLONE_NEW* to join */
	bool moved;                             /* into the group, by the user's systemd */
	int listener;                           /* of the filter, or -1 */
	struct launch l;
};

/* ---- deciding ---- */

static int find_container(struct exec *e, struct error *err)
{
	int r = handle_open(e->options->runtime, e->options->id, STORE_READ, &e->handle, err);

	if (r < 0)
		return r;
	if (e->handle.status == STATUS_STOPPED)
		return handle_not_running(err);
	if (e->handle.status == STATUS_CREATING)
		return error_set(err, ERROR_SAID, "cannot exec in a container that is creating");
	if (e->handle.status == STATUS_PAUSED && !e->options->ignore_paused) {
		error_set(err, ERROR_SAID, "cannot exec in a paused container");
		return error_hint(err, "resume it first; with --ignore-paused the program starts when somebody does");
	}
	e->l.frozen = e->handle.status == STATUS_PAUSED;
	e->target = state_pidfd(&e->handle.state);
	if (e->target == -ESRCH)
		return handle_not_running(err);
	return e->target < 0 ? error_set(err, -e->target, "find process %d of the container", e->handle.state.pid) : 0;
}

static int load_config(struct exec *e, struct error *err)
{
	int r = store_read_config(&e->handle.store, &e->container, err);

	e->l.config = e->container;
	if (r < 0)
		return r;
	snprintf(e->l.bundle, sizeof(e->l.bundle), "%s", e->handle.state.bundle);
	snprintf(e->l.rootfs, sizeof(e->l.rootfs), "%s", e->handle.state.rootfs);
	/* The maps are those of create: so before the process is another one. */
	return launch_learn_caller(&e->l, err);
}

static int choose_process(struct exec *e, struct error *err)
{
	return exec_process(e->options, e->container, &e->l.config, &e->file, err);
}

static int check_terminal(struct exec *e, struct error *err)
{
	return launch_check_terminal(&e->l, err);
}

static int check_labels(struct exec *e, struct error *err)
{
	return launch_check_labels(&e->l, err);
}

static int differs(pid_t pid, const char *file, bool *ret, struct error *err)
{
	char path[64];
	struct stat theirs, ours;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, file);
	if (stat(path, &theirs) < 0) {
		if (errno == ENOENT && kill(pid, 0) == 0)       /* a kernel without this kind */
			return *ret = false, 0;
		return errno == ENOENT || errno == ESRCH ? handle_not_running(err) : error_set(err, errno, "look at %s", path);
	}
	snprintf(path, sizeof(path), "/proc/self/ns/%s", file);
	if (stat(path, &ours) < 0)
		return error_set(err, errno, "look at %s", path);
	*ret = theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino;
	return 0;
}

/*
 * What the configuration made is joined without a look; everything else only if it is not ours: setns(2) refuses
 * the user namespace that we are in, and the host's to who has no rights over it.
 */
static int find_namespaces(struct exec *e, struct error *err)
{
	pid_t pid = e->handle.state.pid;
	int r = 0;

	for (int kind = 0; kind < NS_KINDS && r == 0; kind++) {
		const struct namespace *ns = &e->l.config->linux_.namespaces[kind];
		/* Of the network a flag may have decided otherwise. */
		bool other = ns->set && !ns->path.s && !(kind == NS_NETWORK && e->handle.state.network);

		if (!other)
			r = differs(pid, namespace_files[kind], &other, err);
		if (r == 0 && other)
			e->namespaces |= (uint32_t)namespace_flags[kind];
	}
	return r;
}

static int locate_group(struct exec *e, struct error *err)
{
	const struct state *s = &e->handle.state;
	struct launch *l = &e->l;
	int r = 0;

	l->group.host = &l->cgroup_host;
	if (s->n_groups)
		r = cgroup_host_open(&l->cgroup_host, err);
	if (r == 0 && s->n_groups)
		r = cgroup_reopen(&l->cgroup_host, s->n_groups, s->groups, &l->group, err);
	for (size_t i = 0; i < e->options->cgroups.n && r == 0; i++)
		r = cgroup_enter_below(&l->group, e->options->cgroups.v[i], err);
	if (r == 0 && !e->options->cgroups.n)
		e->moved = unit_moves(s, &l->caller, &l->group);
	if (r == 0 && l->group.n)
		r = cgroup_task_fds(&l->group, l->tasks, &l->n_tasks, &l->present, err);
	return r;
}

static int compile_filter(struct exec *e, struct error *err)
{
	e->l.root = e->handle.root;
	return launch_compile_filter(&e->l, err);
}

static bool names_ptrace(const struct texts *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->v[i].s, "CAP_SYS_PTRACE") == 0)
			return true;
	return false;
}

static bool has_ptrace(const struct capabilities *c)
{
	return names_ptrace(&c->bounding) || names_ptrace(&c->permitted) || names_ptrace(&c->effective);
}

/*
 * ptrace(2): init's memory belongs to the runtime's user namespace, so it is one of that who can.  Who shares the pid
 * namespace of others knows nothing of their capabilities.
 */
static bool may_be_traced(const struct launch *l, const struct config *container)
{
	const struct namespace *pid = &container->linux_.namespaces[NS_PID];

	return !pid->set || pid->path.s || has_ptrace(&container->process.capabilities) ||
	       has_ptrace(&l->config->process.capabilities);
}

int exec_plan(struct launch *l, const struct exec_options *o, const struct config *container, uint32_t namespaces,
              bool moved, struct error *err)
{
	const struct plan_enter enter = {
		.input = &(struct plan_input){
			.config = l->config,
			.bundle = l->bundle,
			.id = o->id,
			.cgroups = &l->cgroup_host,
			.group = &l->group,
			/* user_namespaces(7): who joins has them all. */
			.caps = {namespaces & CLONE_NEWUSER ? l->caps.known : l->caps.permitted, l->caps.known},
			.caller = l->caller,
			.late_group = moved,
			.filter = l->imagined ? NULL : &l->filter,
			.preserve_fds = o->preserve_fds,
		},
		.namespaces = namespaces,
		.traced = !(namespaces & CLONE_NEWUSER) && may_be_traced(l, container),
	};

	return plan_build_exec(&enter, &l->plan, err);
}

static int plan(struct exec *e, struct error *err)
{
	int r = exec_plan(&e->l, e->options, e->container, e->namespaces, e->moved, err);

	return r < 0 ? r : launch_log_plan(&e->l, err);
}

/* ---- making the process ---- */

/* config.md "execCPUAffinity.initial": where the runtime itself runs until the process is in the container. */
static int set_affinity(struct exec *e, struct error *err)
{
	const struct text *list = &e->l.config->process.exec_cpu_affinity.initial;
	uint64_t bits[LIST_WORDS] = {0};

	if (!list->s || list_parse(list->s, LIST_BITS, bits) < 0)
		return 0;
	if (sched_setaffinity(0, sizeof(bits), (const cpu_set_t *)bits) == 0)
		return 0;
	error_set(err, errno, "run on the processors %s", list->s);
	return error_locate(err, list->at);
}

/* proc(5): the process is not dumpable, its files are root's, which an ordinary user is not; so it is born with it. */
static int set_own_oom_score(struct exec *e, struct error *err)
{
	int r = 0;

	if (e->l.caller.ordinary) {
		e->l.pid = getpid();
		r = launch_write_oom_score(&e->l, err);
		e->l.pid = 0;
	}
	return r;
}

static int make_sync(struct exec *e, struct error *err)
{
	return launch_make_sync(&e->l, err);
}

static int open_slots(struct exec *e, struct error *err)
{
	struct plan_slot *slots = (struct plan_slot *)plan_at(e->l.plan, e->l.plan->slots.offset);
	int r = slots_open(e->l.plan, &e->l.group, err);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < e->l.plan->slots.n; i++)
		if (slots[i].kind == SLOT_PROCESS)
			slots[i].fd = fcntl(e->target, F_DUPFD, 3);
	return 0;
}

/* As runc: what the container has made below its group may have left no room for processes but where its own is. */
static int make_process(struct exec *e, struct error *err)
{
	struct error other;
	int r = launch_make_process(&e->l, err);

	if (r != -EBUSY || e->options->cgroups.n || cgroup_enter_as(&e->l.group, e->handle.state.pid, &other) < 0)
		return r;
	return launch_make_process(&e->l, err);
}

static int send_group(struct exec *e, struct error *err)
{
	int r = e->moved ? unit_move(&e->handle.state, e->l.pid, err) : 0;

	return r < 0 ? r : launch_send_group(&e->l, err);
}

static int meet_mounted(struct exec *e, struct error *err)
{
	return launch_meet_mounted(&e->l, err);
}

/* ---- the process in the container ---- */

static int meet_listener(struct exec *e, struct error *err)
{
	const struct step *filter = launch_find_step(e->l.plan, STEP_SECCOMP);
	struct reply reply;
	int r;

	if (!filter || !(filter->flags & STEP_F_ENTER) || !filter->seccomp.listener)
		return 0;
	r = launch_meet(&e->l, MSG_LISTENER, &reply, err);
	e->listener = r == 0 ? reply.fd : -1;
	return r;
}

/* Who traces the new process may speak for it: what comes over the socket is believed of our own child only. */
static int meet_second(struct exec *e, struct error *err)
{
	struct launch *l = &e->l;
	siginfo_t child;
	struct reply reply;
	int r = launch_meet(l, MSG_CLONED, &reply, err), pidfd;

	if (r < 0)
		return r;
	l->tty = reply.fd;
	pidfd = (int)syscall(SYS_pidfd_open, reply.head.code, 0);
	if (pidfd < 0 || waitid(P_PIDFD, (id_t)pidfd, &child, WEXITED | WNOHANG | WNOWAIT) < 0)
		return error_set(err, errno, "find the process that init made");
	TEMP_FAILURE_RETRY(waitpid(l->pid, NULL, 0));
	close(l->pidfd);
	l->pid = reply.head.code;
	l->pidfd = pidfd;
	return launch_know_process(l, err);
}

/* With the filter it has already; nothing that it does from here to START is notified. */
static int introduce_agent(struct exec *e, struct error *err)
{
	cleanup_close int listener = steal_fd(&e->listener);
	const struct launch *l = &e->l;

	return listener < 0 ? 0 : seccomp_agent_send(l->config, l->options->id, l->bundle, l->pid, listener, err);
}

static int give(struct exec *e, struct error *err)
{
	struct launch *l = &e->l;
	int r = l->caller.ordinary ? 0 : launch_write_oom_score(l, err);

	if (r == 0)
		r = launch_raise_hard_limits(l, err);
	return r < 0 ? r : launch_set_io_priority(l, err);
}

static int meet_ready(struct exec *e, struct error *err)
{
	struct reply reply;
	int r = 0;

	if (launch_find_step(e->l.plan, STEP_READY)->flags & STEP_F_TELL) {
		r = launch_tell(&e->l, MSG_MAPPED, NULL, err);
		if (r == 0)
			r = launch_meet(&e->l, MSG_READY, &reply, err);
	}
	return r < 0 ? r : scheduler_set(e->l.pid, &e->l.config->process.scheduler, err);
}

static int send_terminal(struct exec *e, struct error *err)
{
	return e->l.console < 0 ? 0 : console_socket_send(e->l.console, e->l.tty, "/dev/ptmx", err);
}

static int tell_pid(struct exec *e, struct error *err)
{
	launch_log_process(&e->l, err);
	return launch_tell_pid(&e->l, err);
}

static int prepare(struct exec *e, struct error *err)
{
	static int (*const acts[])(struct exec *, struct error *) = {
		find_container, load_config, choose_process, check_terminal, check_labels, find_namespaces, locate_group,
		compile_filter, plan,
		set_affinity, set_own_oom_score, make_sync, open_slots, make_process, send_group, meet_mounted,
		meet_listener, meet_second, give, introduce_agent, meet_ready, send_terminal, tell_pid,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]) && r >= 0; i++)
		r = acts[i](e, err);
	/* Unless that was done with the text that it is about. */
	if (r < 0 && e->l.config && !err->line)
		config_blame(e->l.config, err);
	return r;
}

/* How long the container's process may take to die when all are killed at once. */
#define DYING_MS 100

/* Of all that are killed at once init may be the first to go. */
static bool was_killed(const struct exec *e, const struct foreground *fg)
{
	siginfo_t end = {0};

	if (e->l.pid > 0)
		waitid(P_PID, (id_t)e->l.pid, &end, WEXITED | WNOHANG | WNOWAIT);
	return fg->never_ran || (end.si_pid && end.si_code != CLD_EXITED);
}

/* The container ended while we were on the way in: that is what is to be said. */
static int explain(const struct exec *e, bool killed, struct error *err)
{
	struct pollfd target = {.fd = e->target, .events = POLLIN};

	if (err->code == ESRCH ||
	    (e->target >= 0 && TEMP_FAILURE_RETRY(poll(&target, 1, killed ? DYING_MS : 0)) > 0))
		return handle_not_running(err);
	return -err->code;
}

static void init(struct exec *e, const struct exec_options *o, int interrupt)
{
	e->options = o;
	e->target = e->listener = -1;
	e->as_create = (struct create_options){
		.runtime = o->runtime,
		.id = o->id,
		.console_socket = o->console_socket,
		.pid_file = o->pid_file,
		.pidfd_socket = o->pidfd_socket,
		.detach = o->detach,
		.preserve_fds = o->preserve_fds,
	};
	launch_init(&e->l, &e->as_create);
	e->l.interrupt = interrupt;
}

int container_exec(const struct exec_options *options, int *ret_status, struct error *err)
{
	static struct exec e;   /* large, and mostly never touched: what is static costs no page until it is */
	struct foreground fg;
	int r = foreground_begin(&fg, err);

	if (r < 0)
		return r;
	*ret_status = 0;
	init(&e, options, fg.signal_fd);
	r = prepare(&e, err);
	if (r == 0) {
		if (e.l.tty >= 0)
			foreground_resize(e.l.tty);
		r = launch_go(&e.l, err);
	}
	if (r == 0 && !options->detach) {
		r = foreground_wait(&fg, e.l.pid, e.l.pidfd, e.l.tty, ret_status, err);
		if (r == 0 && fg.never_ran)
			r = process_blame_init(fg.never_ran, err);
	}
	if (r < 0) {
		bool killed = was_killed(&e, &fg);

		/* First: as long as ours are not reaped, the container's process has not ended. */
		undo_all(&e.l.undo);
		r = explain(&e, killed, err);
	}
	/* Two configurations may share what they hold; the process ends now. */
	return r;
}
