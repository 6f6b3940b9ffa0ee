/*
 * exec - the plan of one more process in a container that runs.
 *
 * What enters is seen by the container from the second clone on, which makes it a member of the pid namespace.  It is not
 * dumpable; but a process of the container with CAP_SYS_PTRACE may look at it all the same, where there is no user
 * namespace (ptrace(2)).  So everything that needs privileges comes before that clone, and what comes out of it has no more
 * rights, and no more files, than the program will have (V22).  Without noNewPrivileges loading a filter needs
 * CAP_SYS_ADMIN, which alone is kept until the filter is loaded: before the clone the filter would forbid it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/build.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/plan/parts.h"
#include "spec/lists.h"

static const struct source nowhere;

static bool filters(const struct plan_input *in)
{
	return in->config->linux_.seccomp.set && !(in->filter && in->filter->n == 0);
}

/* Of the container's process, which the parent has verified. */
static void plan_join(const struct plan_enter *enter, struct builder *b)
{
	uint32_t slot = builder_slot(b, SLOT_PROCESS, NULL, enter->namespaces, nowhere);
	struct step *s = builder_step(b, STEP_JOIN, STEP_F_ENTER, nowhere);

	s->join.slot = slot;
	s->join.type = enter->namespaces;
}

/* In the user namespace: its root, if it maps one, so that files have an owner. */
static void plan_become_root(const struct plan_input *in, struct builder *b)
{
	struct step *s = builder_step(b, STEP_MAPPED, STEP_F_ENTER | STEP_F_OPTIONAL, nowhere);

	s->mapped.own = 1;
	s->mapped.uid = userns_first_id(in->config, MAP_UIDS);
	s->mapped.gid = userns_first_id(in->config, MAP_GIDS);
}

static void plan_terminal(const struct process *p, struct builder *b)
{
	struct step *s;

	if (!p->terminal)
		return;
	s = builder_step(b, STEP_CONSOLE, STEP_F_ENTER, p->at);
	s->console.uid = p->user.uid;
	if (p->console_size.set) {
		s->console.height = (uint32_t)p->console_size.height;
		s->console.width = (uint32_t)p->console_size.width;
	}
}

/* What only a privileged process can do. */
static void plan_outside(const struct plan_enter *enter, const struct variable *env, size_t n_env, struct builder *b)
{
	const struct plan_input *in = enter->input;
	const struct process *p = &in->config->process;

	/* By which the terminal's multiplexer is opened that was looked at, and no other one that the container puts there. */
	if (p->terminal)
		builder_step(b, STEP_PROCFS, 0, nowhere);
	/* Written to a procfs of ours, which shows the host's processes: it is closed before the clone, they stay. */
	plan_key_label(in, b);
	plan_attributes(in, b);
	plan_join(enter, b);
	if (enter->namespaces & CLONE_NEWUSER)
		plan_become_root(in, b);
	if (!in->config->linux_.namespaces[NS_MOUNT].set)
		plan_pivot(in, b, plan_root_slot(in, b));
	plan_terminal(p, b);
	plan_program(in->config, plan_value_of(env, n_env, "PATH"), b);
	if (!plan_value_of(env, n_env, "HOME"))
		builder_step(b, STEP_MOUNTED, STEP_F_HOME, nowhere);
	if (p->user.uid != 0)
		builder_step(b, STEP_STDIO, 0, p->user.at)->user.uid = p->user.uid;
	builder_step(b, STEP_CWD, STEP_F_ENTER, p->cwd.at)->path.path = builder_str(b, p->cwd.s);
	builder_step(b, STEP_UMASK, 0, p->user.umask.at)->umask.mask =
		p->user.umask.set ? (uint32_t)p->user.umask.value : PLAN_UMASK_CALLER;
}

/* Becoming the user; `kept`: a capability more, until STEP_SHED. */
static void plan_identity(const struct plan_enter *enter, const struct cap_sets *sets, uint64_t kept, struct builder *b)
{
	const struct plan_input *in = enter->input;
	const struct user *u = &in->config->process.user;
	struct step *s = builder_step(b, STEP_CAPS, 0, in->config->process.at);

	s->caps.bounding = sets->bounding;
	s->caps.last = plan_last_capability(in->caps.known);
	s = builder_step(b, STEP_USER, STEP_F_ENTER | (enter->namespaces & CLONE_NEWUSER ? STEP_F_KEEP_GROUPS : 0), u->at);
	s->user.uid = u->uid;
	s->user.gid = u->gid;
	s->user.groups = (struct plan_list){builder_bytes(b, u->additional_gids.v, u->additional_gids.n * sizeof(uint32_t), 4),
	                                    (uint32_t)u->additional_gids.n};
	s->user.effective = sets->effective | kept;
	s->user.permitted = sets->permitted | kept;
	s->user.inheritable = sets->inheritable;
	s->user.ambient = sets->ambient;
}

static void plan_affinity(const struct process *p, struct builder *b)
{
	uint64_t bits[LIST_WORDS] = {0};
	struct step *s;

	if (!p->exec_cpu_affinity.final.s || list_parse(p->exec_cpu_affinity.final.s, LIST_BITS, bits) < 0)
		return;
	s = builder_step(b, STEP_AFFINITY, 0, p->exec_cpu_affinity.final.at);
	s->affinity.list = builder_str(b, p->exec_cpu_affinity.final.s);
	s->affinity.mask = (struct plan_list){builder_bytes(b, bits, sizeof(bits), 8), LIST_WORDS};
}

/* A member of the pid namespace, with the rights of the program. */
static void plan_session(const struct plan_input *in, struct builder *b)
{
	const struct process *p = &in->config->process;

	builder_step(b, STEP_SESSION, 0, nowhere)->session.keyring = !in->no_new_keyring;
	if (p->terminal)
		builder_step(b, STEP_CONTROL, 0, p->at);
	plan_memory_policy(in, b);
	/* It is set by the parent, once the process is in its group. */
	builder_step(b, STEP_READY, p->scheduler.set ? STEP_F_TELL : 0, nowhere);
	plan_affinity(p, b);
	plan_rlimits(p, b);
}

static void plan_shed(const struct cap_sets *sets, struct builder *b)
{
	struct step *s = builder_step(b, STEP_SHED, 0, nowhere);

	s->user.effective = sets->effective;
	s->user.permitted = sets->permitted;
	s->user.inheritable = sets->inheritable;
}

/* cgroups(7): who opened `tasks` decides whether it may be written; an ordinary user must still be itself. */
static void plan_group(const struct plan_input *in, bool first, struct builder *b)
{
	if ((plan_joins_group(in) || in->late_group) && in->caller.ordinary == first)
		builder_step(b, STEP_GROUP, 0, in->config->linux_.cgroups_path.at);
}

static int build(const struct plan_enter *enter, struct builder *b, const struct variable *env, size_t n_env,
                 struct error *err)
{
	const struct plan_input *in = enter->input;
	const struct process *p = &in->config->process;
	bool sheds = filters(in) && !p->no_new_privileges;
	struct plan_list program_env;
	struct cap_sets sets;
	int r;

	caps_resolve(&p->capabilities, &in->caps, &sets);
	plan_group(in, true, b);
	plan_outside(enter, env, n_env, b);
	plan_identity(enter, &sets, sheds ? in->caps.permitted & 1ull << CAP_SYS_ADMIN : 0, b);
	if (p->no_new_privileges)
		builder_step(b, STEP_NO_NEW_PRIVS, 0, p->at);
	builder_step(b, STEP_CLONE, STEP_F_ENTER, nowhere);
	plan_group(in, false, b);
	plan_session(in, b);
	plan_seccomp(in, b);
	if (sheds)
		plan_shed(&sets, b);
	r = plan_env(b, in->config, env, n_env, &program_env, err);
	if (r == 0)
		plan_exec(b, in->config, program_env);
	return r;
}

int plan_build_exec(const struct plan_enter *enter, struct plan **ret, struct error *err)
{
	struct plan head = {.preserve_fds = enter->input->preserve_fds};
	cleanup_free struct variable *env = NULL;
	struct builder b = {0};
	size_t n_env = 0;
	int r;

	env = plan_environment(enter->input, &n_env);
	if (!env)
		return error_set(err, ENOMEM, "plan the environment");
	r = build(enter, &b, env, n_env, err);
	if (r == 0)
		r = builder_finish(&b, &head, ret, err);
	builder_free(&b);
	return r;
}
