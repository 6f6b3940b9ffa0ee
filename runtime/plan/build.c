/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/base/weak.h"
#include "runtime/plan/extras.h"
#include "runtime/plan/overlay.h"
#include "spec/emit.h"

/* A pipe takes so much (fcntl(2) F_SETPIPE_SZ, for an ordinary user); nobody may read it. */
#define HOOK_STATE_MAX (1u << 20)

static const struct source nowhere;

/* ---- hooks ---- */

/* config.md says nothing of a hook without `env`: `fallback` is what it gets. */
static int plan_hooks(const struct plan_input *in, struct builder *b, enum hook_kind kind, const char *status,
                      struct plan_list fallback, struct error *err)
{
	const struct hooks *hooks = &in->config->hooks[kind];
	cleanup_free char *state = NULL;
	size_t len, hole;
	plan_str stored;
	int r;

	if (!hooks->n)
		return 0;
	r = emit_state(in->config, in->id, in->bundle, status, 0, &state, &len, &hole, err);
	if (r < 0)
		return r;
	if (len > HOOK_STATE_MAX)
		return error_set(err, E2BIG, "give the state, %zu bytes with its annotations, to a hook", len);
	stored = builder_str(b, state);
	for (size_t i = 0; i < hooks->n; i++) {
		const struct hook *h = &hooks->v[i];
		struct step *s = builder_step(b, STEP_HOOK, 0, h->at);

		s->hook.path = builder_str(b, h->path.s);
		s->hook.args = builder_texts(b, &h->args);
		s->hook.env = h->env.set ? builder_texts(b, &h->env) : fallback;
		s->hook.state = stored;
		s->hook.state_len = (uint32_t)len;
		s->hook.pid_hole = (uint32_t)hole;
		s->hook.timeout = (int32_t)h->timeout.value;
	}
	return 0;
}

/* ---- becoming the container's process ---- */

void plan_rlimits(const struct process *p, struct builder *b)
{
	for (size_t i = 0; i < p->rlimits.n; i++) {
		struct step *s = builder_step(b, STEP_RLIMIT, 0, p->rlimits.v[i].at);

		s->rlimit.resource = (uint32_t)p->rlimits.v[i].resource;
		s->rlimit.soft = p->rlimits.v[i].soft;
		s->rlimit.hard = p->rlimits.v[i].hard;
	}
}

void plan_seccomp(const struct plan_input *in, uint32_t flags, struct builder *b)
{
	const struct seccomp *profile = &in->config->linux_.seccomp;
	struct step *s;

	if (!profile->set || (in->filter && in->filter->n == 0))
		return;
	s = builder_step(b, STEP_SECCOMP, flags, profile->at);
	s->seccomp.listener = seccomp_notifies(profile);
	if (!in->filter)
		return;
	s->seccomp.may_wait = in->filter->may_wait;
	s->seccomp.offset = builder_bytes(b, in->filter->bytes, in->filter->n * 8, 8);
	s->seccomp.n = (uint32_t)in->filter->n;
	s->seccomp.flags = in->filter->flags;
}

void plan_identity(const struct plan_input *in, const struct cap_sets *sets, uint64_t kept, unsigned flags,
                   struct builder *b)
{
	const struct user *u = &in->config->process.user;
	bool callers = userns_callers_groups(in->config);
	size_t n = callers ? 0 : u->additional_gids.n;
	struct step *s = builder_step(b, STEP_CAPS, 0, in->config->process.at);

	s->caps.bounding = sets->bounding;
	s->caps.last = in->caps.known ? 63u - (unsigned)__builtin_clzll(in->caps.known) : 0;
	s = builder_step(b, STEP_USER, flags | (callers ? STEP_F_CALLERS_GROUPS : 0), u->at);
	s->user.uid = u->uid;
	s->user.gid = u->gid;
	s->user.groups = (struct plan_list){builder_bytes(b, u->additional_gids.v, n * sizeof(uint32_t), 4), (uint32_t)n};
	s->user.effective = sets->effective | kept;
	s->user.permitted = sets->permitted | kept;
	s->user.inheritable = weak(V12) ? sets->permitted : sets->inheritable;
	s->user.ambient = sets->ambient;
}

static void plan_user(const struct plan_input *in, struct builder *b)
{
	bool keeps = plan_is_joined(in->config, NS_USER) || userns_keeps_groups(in->config, &in->caller);
	struct cap_sets sets;

	caps_resolve(&in->config->process.capabilities, &in->caps, &sets);
	plan_identity(in, &sets, 0, keeps ? STEP_F_KEEP_GROUPS : 0, b);
}

/*
 * After START.  Without noNewPrivileges loading a filter needs CAP_SYS_ADMIN, so it comes before
 * the capabilities go; with it as late as possible.
 */
static int plan_process(const struct plan_input *in, struct builder *b, struct plan_list env, struct error *err)
{
	const struct process *p = &in->config->process;
	int r;

	plan_memory_policy(in, b);
	if (p->user.uid != 0)
		builder_step(b, STEP_STDIO, 0, p->user.at)->user.uid = p->user.uid;
	builder_step(b, STEP_CWD, 0, p->cwd.at)->path.path = builder_str(b, p->cwd.s);
	builder_step(b, STEP_UMASK, 0, p->user.umask.at)->umask.mask =
		p->user.umask.set ? (uint32_t)p->user.umask.value : PLAN_UMASK_CALLER;
	if (in->config->hooks[HOOK_START_CONTAINER].n)
		builder_step(b, STEP_HOOK_INPUTS, 0, in->config->hooks[HOOK_START_CONTAINER].v[0].at);
	plan_rlimits(p, b);     /* after the last file that init opens for itself: RLIMIT_NOFILE may be tiny */
	if (!p->no_new_privileges)
		plan_seccomp(in, 0, b);
	plan_user(in, b);
	if (p->no_new_privileges)
		builder_step(b, STEP_NO_NEW_PRIVS, 0, p->at);
	r = plan_hooks(in, b, HOOK_START_CONTAINER, "created", env, err);
	if (r < 0)
		return r;
	if (p->no_new_privileges)
		plan_seccomp(in, 0, b);
	return 0;
}

/* ---- the whole ---- */

static void plan_session(const struct plan_input *in, struct builder *b)
{
	struct step *s;

	plan_key_label(in, b);
	s = builder_step(b, STEP_SESSION, 0, nowhere);
	if (!in->no_new_keyring)
		s->session.keyring = 1;
}

void plan_console(const struct process *p, unsigned flags, struct builder *b)
{
	struct step *s;

	if (!p->terminal)
		return;
	s = builder_step(b, STEP_CONSOLE, flags, p->at);
	s->console.uid = p->user.uid;
	if (p->console_size.set) {
		s->console.height = (uint32_t)p->console_size.height;
		s->console.width = (uint32_t)p->console_size.width;
	}
}

static void plan_names(const struct config *c, struct builder *b)
{
	const struct { enum step_kind kind; const struct text *text; } names[] = {
		{STEP_HOSTNAME, &c->hostname},
		{STEP_DOMAINNAME, &c->domainname},
	};

	for (size_t i = 0; i < 2; i++) {
		struct step *s;

		if (!names[i].text->s || !*names[i].text->s)
			continue;
		s = builder_step(b, names[i].kind, 0, names[i].text->at);
		s->name.name = builder_str(b, names[i].text->s);
		s->name.len = (uint32_t)strlen(names[i].text->s);
	}
}

/* The file is root's of the host, whoever owns the uts namespace; the system call is not. */
static bool is_domainname(const struct config *c, const struct pair *p, struct builder *b)
{
	struct step *s;

	if (!plan_in_userns(c) || (strcmp(p->key, "kernel.domainname") != 0 && strcmp(p->key, "kernel/domainname") != 0))
		return false;
	s = builder_step(b, STEP_DOMAINNAME, 0, p->at);
	s->name.name = builder_str(b, p->value);
	s->name.len = (uint32_t)strlen(p->value);
	return true;
}

/* sysctl(8) takes "net.ipv4.ip_forward" and "net/ipv4/ip_forward": the first separator tells which is meant. */
static void plan_sysctl(const struct pair *p, struct builder *b)
{
	struct step *s = builder_step(b, STEP_SYSCTL, 0, p->at);
	plan_str path = builder_format(b, "sys/%s", p->key);
	bool dots = p->key[strcspn(p->key, "./")] == '.';

	s->sysctl.path = path;
	s->sysctl.value = builder_str(b, p->value);
	for (char *k = b->failed || !dots ? NULL : b->data + path + 4; k && *k; k++)
		*k = *k == '.' ? '/' : *k == '/' ? '.' : *k;
}

static void plan_sysctls(const struct config *c, struct builder *b)
{
	for (size_t i = 0; i < c->linux_.sysctl.n; i++)
		if (!is_domainname(c, &c->linux_.sysctl.v[i], b))
			plan_sysctl(&c->linux_.sysctl.v[i], b);
}

static void plan_output(const struct plan_input *in, struct builder *b)
{
	uint32_t out, error;
	struct step *s;

	if (!in->piped)
		return;
	out = builder_slot(b, SLOT_STREAM, NULL, 0, nowhere);
	error = builder_slot(b, SLOT_STREAM, NULL, 0, nowhere);
	s = builder_step(b, STEP_OUTPUT, 0, nowhere);
	s->output.slots[0] = out;
	s->output.slots[1] = error;
}

static void plan_reap(const struct plan_input *in, struct builder *b)
{
	struct step *s;

	if (!extras_init(in->config))
		return;
	s = builder_step(b, STEP_REAP, 0, nowhere);
	s->reap.tell = in->stays;
	s->reap.tied = in->stays && in->tied;
}

static void plan_mounted(const struct plan_input *in, struct builder *b, bool home)
{
	const struct config *c = in->config;
	bool hooks = plan_has_create_hooks(c);

	if (hooks || home)
		builder_step(b, STEP_MOUNTED, (hooks ? STEP_F_TELL : 0u) | (home ? STEP_F_HOME : 0u), nowhere);
}

/* Made before the root is read-only. */
static void plan_cwd(const struct config *c, struct builder *b)
{
	struct step *s = builder_step(b, STEP_DIRECTORY, 0, c->process.cwd.at);

	s->directory.path = builder_str(b, c->process.cwd.s);
}

static struct plan_list plan_our_env(const struct plan_input *in, struct builder *b)
{
	size_t n = 0;

	if (!in->config->hooks[HOOK_CREATE_CONTAINER].n || !in->hook_env)
		return (struct plan_list){0};
	while (in->hook_env[n])
		n++;
	return builder_strs(b, in->hook_env, n);
}

static int plan_inside(const struct plan_input *in, struct builder *b, bool home, struct error *err)
{
	const struct config *c = in->config;
	uint32_t slot;
	int r;

	if (plan_is_joined(c, NS_MOUNT)) {
		plan_mounted(in, b, home);
		return 0;
	}
	slot = overlay_asked(c) ? 0 : plan_root_slot(in, b);
	if (!plan_is_new(c, NS_MOUNT)) {
		if (b->opener == OPENED_BY_INIT)
			builder_step(b, STEP_OPEN, 0, nowhere);
		plan_pivot(in, b, slot);
		plan_mounted(in, b, home);
		return 0;
	}
	r = plan_root(in, b, slot, err);
	if (r == 0)
		r = plan_mounts(in, b, err);
	if (r == 0)
		r = plan_devices(in, b, err);
	if (r < 0)
		return r;
	if (c->root.readonly && c->process.set && strcmp(c->process.cwd.s, "/") != 0)
		plan_cwd(c, b);
	if (plan_has_create_hooks(c))
		plan_join_group(in, b);
	plan_mounted(in, b, home);
	r = plan_hooks(in, b, HOOK_CREATE_CONTAINER, "creating", plan_our_env(in, b), err);
	if (r < 0)
		return r;
	if (weak(V02))
		plan_console(&c->process, 0, b);
	plan_pivot(in, b, slot);
	if (!weak(V02))
		plan_console(&c->process, 0, b);
	plan_hidden(in, b);
	if (c->root.readonly)
		builder_step(b, STEP_ROOT_READONLY, 0, c->root.at);
	plan_propagation(c, b);
	return 0;
}

/* The scheduler is set once the process is in its group, which READY says. */
static bool tells_ready(const struct plan_input *in)
{
	return in->create || in->config->process.terminal || in->config->process.scheduler.set;
}

static int build(const struct plan_input *in, struct builder *b, const struct variable *env, size_t n_env,
                 struct error *err)
{
	const struct config *c = in->config;
	bool home = c->process.set && !plan_value_of(env, n_env, "HOME");
	struct plan_list program_env;
	struct step *ready;
	bool early;
	int r;

	b->opener = plan_opener(in);
	plan_joins(in, b);
	plan_clone(in, b);
	/* While the parent writes the maps; but after a second clone nothing may be said before MAPPED, a failure neither. */
	early = plan_in_userns(c) && !plan_needs_second(in);
	if (early)
		plan_loopback(c, b);
	plan_mapped(in, b);
	plan_group_first(in, b);
	plan_time(c, b);
	if (plan_has_create_hooks(c) && !plan_is_new(c, NS_MOUNT))
		plan_join_group(in, b);
	plan_session(in, b);
	if (!early)
		plan_loopback(c, b);
	r = plan_inside(in, b, home, err);
	if (r < 0)
		return r;
	plan_names(c, b);
	plan_sysctls(c, b);
	plan_attributes(in, b);
	plan_output(in, b);
	if (c->process.set)
		plan_program(c, plan_value_of(env, n_env, "PATH"), b);
	/* As late as possible: the parent makes it meanwhile, and what init mounts is not charged to it. */
	if (!plan_has_create_hooks(c))
		plan_join_group(in, b);
	ready = builder_step(b, STEP_READY, 0, nowhere);
	ready->flags = (tells_ready(in) ? STEP_F_TELL : 0) | (in->create ? STEP_F_LISTEN : 0);
	if (!c->process.set)
		return 0;
	r = plan_env(b, c, env, n_env, &program_env, err);
	r = r < 0 ? r : plan_process(in, b, program_env, err);
	if (r == 0)
		plan_reap(in, b);
	if (r == 0)
		plan_exec(b, c, program_env);
	return r;
}

int plan_build(const struct plan_input *in, struct plan **ret, struct error *err)
{
	struct plan head = {
		.clone_flags = plan_needs_second(in) ? 0 : plan_new_namespaces(in->config),
		.preserve_fds = in->preserve_fds,
	};
	cleanup_free struct variable *env = NULL;
	struct builder b = {0};
	size_t n_env = 0;
	int r = plan_refuse(in->config, err);

	if (r == 0)
		r = plan_check_scheduler(in->config, err);
	if (r == 0)
		r = extras_check(in->config, err);
	if (r < 0)
		return r;
	env = plan_environment(in, &n_env);
	if (!env)
		return error_set(err, ENOMEM, "plan the environment");
	r = build(in, &b, env, n_env, err);
	if (r == 0)
		r = builder_finish(&b, &head, ret, err);
	builder_free(&b);
	return r;
}
