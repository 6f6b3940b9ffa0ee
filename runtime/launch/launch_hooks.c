/*
 * launch_hooks - hooks that run outside, and what else happens when init has come to a certain point.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/launch/console.h"
#include "runtime/launch/home.h"
#include "runtime/launch/hooks.h"
#include "runtime/launch/scheduler.h"
#include "runtime/launch/seccomp_agent.h"
#include "spec/emit.h"

int launch_hooks(const struct config *config, enum hook_kind kind, const char *id, const char *bundle,
                 const char *status, pid_t pid, struct error *err)
{
	cleanup_free char *state = NULL;
	size_t len, hole;
	int r;

	if (!config->hooks[kind].n)
		return 0;
	r = emit_state(config, id, bundle, status, pid, &state, &len, &hole, err);
	return r < 0 ? r : hooks_run(&config->hooks[kind], kind, state, len, err);
}

static int run_create_hooks(struct launch *l, struct error *err)
{
	const struct create_options *o = l->options;
	int r;

	r = launch_know_process(l, err);
	launch_record_groups(l);
	/* From here on delete has poststop hooks to run, whatever becomes of us. */
	if (r == 0)
		r = launch_keep_config(l, err);
	if (r == 0)
		r = state_write(&l->store, &l->state, err);     /* a hook may ask for the state */
	if (r == 0)
		r = launch_hooks(l->config, HOOK_PRESTART, o->id, l->bundle, "creating", l->pid, err);
	return r < 0 ? r : launch_hooks(l->config, HOOK_CREATE_RUNTIME, o->id, l->bundle, "creating", l->pid, err);
}

int launch_meet_mounted(struct launch *l, struct error *err)
{
	const struct step *step = launch_find_step(l->plan, STEP_MOUNTED);
	struct reply reply;
	int r;

	if (!step)
		return 0;
	r = launch_meet(l, MSG_MOUNTED, &reply, err);
	if (r < 0)
		return r;
	if (step->flags & STEP_F_HOME)
		r = home_find(reply.fd, l->config->process.user.uid, l->home, sizeof(l->home), err);
	if (reply.fd >= 0)
		close(reply.fd);
	if (r < 0 || !(step->flags & STEP_F_TELL))
		return r;
	r = run_create_hooks(l, err);
	return r < 0 ? r : launch_tell(l, MSG_HOOKS_DONE, NULL, err);
}

int launch_meet_ready(struct launch *l, struct error *err)
{
	const struct step *step = launch_find_step(l->plan, STEP_READY);
	struct reply reply;
	int r;

	if (!(step->flags & STEP_F_TELL))
		return 0;
	r = launch_meet(l, MSG_READY, &reply, err);
	if (r < 0)
		return r;
	l->tty = reply.fd;
	r = scheduler_set(l->pid, &l->config->process.scheduler, err);
	if (r < 0 || l->console < 0)
		return r;
	return console_socket_send(l->console, l->tty, "/dev/ptmx", err);
}

/* Init waits for it: nothing of the container runs before the agent has the listener. */
int launch_introduce_agent(struct launch *l, struct error *err)
{
	const struct step *filter = launch_find_step(l->plan, STEP_SECCOMP);
	cleanup_close int listener = -1;
	struct reply reply;
	int r;

	if (!filter || !filter->seccomp.listener || filter->flags & STEP_F_ENTER)
		return 0;
	r = launch_meet(l, MSG_LISTENER, &reply, err);
	if (r < 0)
		return r;
	listener = reply.fd;
	r = seccomp_agent_send(l->config, l->options->id, l->bundle, l->pid, listener, err);
	return r < 0 ? r : launch_tell(l, MSG_LISTENED, NULL, err);
}
