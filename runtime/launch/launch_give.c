/*
 * launch_give - what a process cannot give to itself, or not from inside: set by its parent, by pid.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/scheduler.h"

/* proc(5) oom_score_adj; by pid, because the container may not raise its own importance. */
int launch_write_oom_score(struct launch *l, struct error *err)
{
	const struct opt_int *score = &l->config->process.oom_score_adj;
	char path[64], value[16];
	cleanup_close int fd = -1;
	int n;

	if (!score->set)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", l->pid);
	n = snprintf(value, sizeof(value), "%d", (int)score->value);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, value, (size_t)n) == n)
		return 0;
	error_set(err, errno, "set oom_score_adj to %s", value);
	if (err->code == EACCES)
		error_hint(err, "a value below that of the caller needs CAP_SYS_RESOURCE");
	return error_locate(err, score->at);
}

int launch_set_oom_score(struct launch *l, struct error *err)
{
	return launch_find_step(l->plan, STEP_MAPPED) ? 0 : launch_write_oom_score(l, err);
}

int launch_set_io_priority(struct launch *l, struct error *err)
{
	return io_priority_set(l->pid, &l->config->process.io_priority, err);
}

/*
 * setrlimit(2): no right of a user namespace raises a hard limit.  The soft ones are left to init, which still has files
 * to open.
 */
int launch_raise_hard_limits(struct launch *l, struct error *err)
{
	const struct process *p = &l->config->process;

	for (size_t i = 0; i < p->rlimits.n; i++) {
		struct rlimit64 now, wanted = {.rlim_max = p->rlimits.v[i].hard};
		int resource = p->rlimits.v[i].resource;

		if (prlimit64(0, resource, NULL, &now) < 0 || wanted.rlim_max <= now.rlim_max)
			continue;
		wanted.rlim_cur = now.rlim_cur;
		if (prlimit64(l->pid, resource, &wanted, NULL) == 0)
			continue;
		error_set(err, errno, "set %s to %llu:%llu", p->rlimits.v[i].type.s,
		          (unsigned long long)p->rlimits.v[i].soft, (unsigned long long)p->rlimits.v[i].hard);
		if (err->code == EPERM)
			error_hint(err, "the caller's own hard limit is %llu, and raising it needs CAP_SYS_RESOURCE",
			           (unsigned long long)now.rlim_max);
		return error_locate(err, p->rlimits.v[i].at);
	}
	return 0;
}

static void undo_rdt(void *arg)
{
	struct launch *l = arg;
	cleanup_close int root = -1;
	struct error err;

	root = rdt_open(RDT_ROOT, &err);
	if (root >= 0 && rdt_remove(root, &l->state.rdt, l->state.id, &err) == 0)
		return;
	l->not_undone = true;
	log_warning("%s: %s", err.text, error_reason(&err));
}

/*
 * What will be made is in the state before it is made (C220).  Before there is a process, so that it is undone after the
 * process has ended: a group that others share is removed only when nobody is in it.
 */
int launch_make_rdt(struct launch *l, struct error *err)
{
	const struct intel_rdt *rdt = &l->config->linux_.intel_rdt;
	cleanup_close int root = -1;
	int r;

	if (!rdt->set)
		return 0;
	root = rdt_open(RDT_ROOT, err);
	if (root < 0)
		return error_locate(err, rdt->at);
	r = rdt_decide(root, rdt, l->state.id, &l->state.rdt, err);
	if (r == 0)
		r = state_write(&l->store, &l->state, err);
	if (r < 0)
		return r;
	undo_push(&l->undo, undo_rdt, l);
	r = rdt_make(root, rdt, &l->state.rdt, err);
	if (r < 0)
		l->state.rdt.made = false;
	return r;
}

int launch_enter_rdt(struct launch *l, struct error *err)
{
	const struct intel_rdt *rdt = &l->config->linux_.intel_rdt;
	cleanup_close int root = -1;

	if (!rdt->set)
		return 0;
	root = rdt_open(RDT_ROOT, err);
	return root < 0 ? error_locate(err, rdt->at) : rdt_enter(root, rdt, &l->state.rdt, l->state.id, l->pid, err);
}

static void undo_net_devices(void *arg)
{
	struct launch *l = arg;

	net_devices_return(&l->net_devices);
}

/* Before the hooks, which may look at them. */
int launch_move_net_devices(struct launch *l, struct error *err)
{
	const struct linux_config *linux_ = &l->config->linux_;
	char path[64];
	int r;

	if (!linux_->net_devices.n)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", l->pid);
	if (l->netns < 0)
		l->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (l->netns < 0) {
		r = error_set(err, errno, "open the container's network namespace");
		return r == -ENOENT ? launch_last_words(l, r, err) : r;         /* init is no more */
	}
	r = net_devices_move(linux_->net_devices.v, linux_->net_devices.n, steal_fd(&l->netns), &l->net_devices, err);
	if (r == 0)
		undo_push(&l->undo, undo_net_devices, l);
	return r;
}
