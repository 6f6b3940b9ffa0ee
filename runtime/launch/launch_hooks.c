/*
 * launch_hooks - hooks that run outside, and what else happens when init has come to a certain point.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/launch/console.h"
#include "runtime/launch/home.h"
#include "runtime/launch/hooks.h"
#include "runtime/launch/scheduler.h"
#include "runtime/launch/seccomp_agent.h"
#include "runtime/state/network.h"
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

/* They look what network there is: it is among the annotations of the state that they get (and of what `state` prints). */
static int tell_network(struct launch *l, struct config *told, struct pair **pairs, char **status, struct error *err)
{
	struct pairs *all = &told->annotations;
	int r = l->network.record.up ? network_status(&l->store, &l->state, STATUS_CREATING, status, err) : STATE_NOT_FOUND;

	if (r != 0)
		return r < 0 ? r : 0;
	*pairs = reallocarray(NULL, all->n + 1, sizeof(**pairs));
	if (!*pairs)
		return error_set(err, ENOMEM, "tell hooks of the network");
	if (all->n)
		memcpy(*pairs, all->v, all->n * sizeof(**pairs));
	(*pairs)[all->n++] = (struct pair){.key = NET_STATUS, .value = *status};
	all->v = *pairs;
	return 0;
}

static int run_runtime_hooks(struct launch *l, struct error *err)
{
	static const enum hook_kind kinds[] = {HOOK_PRESTART, HOOK_CREATE_RUNTIME};
	struct config told = *l->config;
	cleanup_free struct pair *pairs = NULL;
	cleanup_free char *status = NULL;
	int r = told.hooks[HOOK_PRESTART].n || told.hooks[HOOK_CREATE_RUNTIME].n ? tell_network(l, &told, &pairs, &status, err) : 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && r == 0; i++)
		r = launch_hooks(&told, kinds[i], l->options->id, l->bundle, "creating", l->pid, err);
	return r;
}

static int run_create_hooks(struct launch *l, struct error *err)
{
	int r;

	r = launch_know_process(l, err);
	launch_record_groups(l);
	/* From here on delete has poststop hooks to run, whatever becomes of us. */
	if (r == 0)
		r = launch_keep_config(l, err);
	if (r == 0)
		r = state_write(&l->store, &l->state, err);     /* a hook may ask for the state */
	return r < 0 ? r : run_runtime_hooks(l, err);
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
