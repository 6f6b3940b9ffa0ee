/*
 * exec - the plan of one more process in a container that runs.
 *
 * What enters is seen by the container from the second clone on, which makes it a member of the pid namespace.  It is not
 * dumpable; but a process of the container with CAP_SYS_PTRACE may take it all the same, where there is no user namespace
 * (ptrace(2): that capability stands for all that the other one has).  So everything that needs privileges comes before
 * that clone, the seccomp filter too, and what comes out of it has no more rights, and no more files, than the program will
 * have (V22).  From the filter on init makes few system calls.  If the profile denies one of them, the filter is loaded
 * last of all, as runc and crun do; not where somebody may trace what has no filter yet.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/build.h"

#include <errno.h>
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

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
	bool callers = userns_callers_groups(enter->input->config);
	struct step *s = builder_step(b, STEP_JOIN, STEP_F_ENTER | (callers ? STEP_F_CALLERS_GROUPS : 0), nowhere);

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
	plan_console(p, STEP_F_ENTER, b);
	plan_program(in->config, plan_value_of(env, n_env, "PATH"), b);
	if (!plan_value_of(env, n_env, "HOME"))
		builder_step(b, STEP_MOUNTED, STEP_F_HOME, nowhere);
	if (p->user.uid != 0)
		builder_step(b, STEP_STDIO, 0, p->user.at)->user.uid = p->user.uid;
	builder_step(b, STEP_CWD, STEP_F_ENTER, p->cwd.at)->path.path = builder_str(b, p->cwd.s);
	builder_step(b, STEP_UMASK, 0, p->user.umask.at)->umask.mask =
		p->user.umask.set ? (uint32_t)p->user.umask.value : PLAN_UMASK_CALLER;
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

	builder_step(b, STEP_SESSION, 0, nowhere);
	if (p->terminal)
		builder_step(b, STEP_CONTROL, 0, p->at);
	plan_memory_policy(in, b);
	/* READY must not overtake the first process's CLONED. */
	if (p->scheduler.set)
		builder_step(b, STEP_MAPPED, 0, nowhere);
	/* It is set by the parent, once the process is in its group. */
	builder_step(b, STEP_READY, STEP_F_ENTER | (p->scheduler.set ? STEP_F_TELL : 0), nowhere);
	plan_affinity(p, b);
	plan_rlimits(p, b);
}

/* Without noNewPrivileges it needs CAP_SYS_ADMIN, which was kept. */
static void plan_filter(const struct plan_input *in, const struct cap_sets *sets, uint32_t flags, struct builder *b)
{
	struct step *s;

	if (!filters(in))
		return;
	plan_seccomp(in, flags, b);
	if (in->config->process.no_new_privileges)
		return;
	s = builder_step(b, STEP_SHED, 0, nowhere);
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

/* What both orders have in common. */
struct parts {
	const struct plan_enter *enter;
	struct cap_sets sets;
	struct variable *env;
	size_t n_env;
};

static int build_steps(const struct parts *parts, bool filter_first, struct builder *b, struct error *err)
{
	const struct plan_input *in = parts->enter->input;
	const struct process *p = &in->config->process;
	bool sheds = filters(in) && !p->no_new_privileges;
	bool keeps = (parts->enter->namespaces & CLONE_NEWUSER) || in->caller.groups_denied;
	struct plan_list program_env;
	int r;

	plan_group(in, true, b);
	plan_outside(parts->enter, parts->env, parts->n_env, b);
	plan_identity(in, &parts->sets, sheds ? in->caps.permitted & 1ull << CAP_SYS_ADMIN : 0,
	              STEP_F_ENTER | (keeps ? STEP_F_KEEP_GROUPS : 0), b);
	if (p->no_new_privileges)
		builder_step(b, STEP_NO_NEW_PRIVS, 0, p->at);
	/* Engines' profiles deny keyctl(2). */
	if (!in->no_new_keyring)
		builder_step(b, STEP_KEYRING, 0, nowhere);
	builder_step(b, STEP_TIDY, STEP_F_ENTER, nowhere);
	if (filter_first)
		plan_filter(in, &parts->sets, STEP_F_ENTER, b);
	builder_step(b, STEP_CLONE, STEP_F_ENTER, nowhere);
	plan_group(in, false, b);
	plan_session(in, b);
	if (!filter_first)
		plan_filter(in, &parts->sets, 0, b);
	r = plan_env(b, in->config, parts->env, parts->n_env, &program_env, err);
	if (r == 0)
		plan_exec(b, in->config, program_env);
	return r;
}

static int build(const struct parts *parts, bool filter_first, struct plan **ret, struct error *err)
{
	struct plan head = {.preserve_fds = parts->enter->input->preserve_fds};
	struct builder b = {0};
	int r = build_steps(parts, filter_first, &b, err);

	if (r == 0)
		r = builder_finish(&b, &head, ret, err);
	builder_free(&b);
	return r;
}

/* ---- under the filter ---- */

struct call {
	enum step_kind kind;            /* that makes it */
	const char *name;
	int nr;
	uint64_t args[6];               /* those that are known */
};

/* What a step calls that does not fail; and what tells of a failure, which is left to its luck. */
static const struct call calls[] = {
	{STEP_SHED, "capset", SYS_capset, {0}},
	{STEP_CLONE, "clone", SYS_clone, {CLONE_PARENT | SIGCHLD}},
	{STEP_CLONE, "sendmsg", SYS_sendmsg, {0}},
	{STEP_CLONE, "close", SYS_close, {0}},
	{STEP_CLONE, "exit_group", SYS_exit_group, {0}},
	{STEP_GROUP, "write", SYS_write, {0}},
	{STEP_SESSION, "setsid", SYS_setsid, {0}},
	{STEP_CONTROL, "ioctl", SYS_ioctl, {0, TIOCSCTTY}},
	{STEP_MEMORY_POLICY, "set_mempolicy", SYS_set_mempolicy, {0}},
	{STEP_MAPPED, "recvmsg", SYS_recvmsg, {0}},
	{STEP_READY, "recvmsg", SYS_recvmsg, {0}},
	{STEP_READY, "rt_sigaction", SYS_rt_sigaction, {0}},
	{STEP_READY, "sched_setaffinity", SYS_sched_setaffinity, {0}},
	{STEP_RLIMIT, "prlimit64", SYS_prlimit64, {0}},
	{STEP_EXEC, "rt_sigprocmask", SYS_rt_sigprocmask, {SIG_SETMASK}},
	{STEP_EXEC, "execve", SYS_execve, {0}},
};

static const char *denied_to(const struct step *step, const struct seccomp_filter *filter)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].kind == step->kind && !seccomp_allows(filter, calls[i].nr, calls[i].args))
			return calls[i].name;
	return NULL;
}

/* A call that the steps behind the filter make and the profile denies, or has an agent asked about; NULL: there is none. */
static const char *denied(const struct plan *plan, const struct seccomp_filter *filter)
{
	const struct step *steps = plan_at(plan, plan->steps.offset);
	const char *name = NULL;
	bool loaded = false;

	for (uint32_t i = 0; i < plan->steps.n && !name; i++) {
		if (loaded)
			name = denied_to(&steps[i], filter);
		loaded |= steps[i].kind == STEP_SECCOMP;
	}
	return name;
}

static int refuse(const struct plan_input *in, const char *call, struct error *err)
{
	error_set(err, ERROR_SAID, "the container's seccomp profile does not allow %s, which a new process has to call under it", call);
	error_hint(err, "allow it in the profile, or take CAP_SYS_PTRACE away: a program that has it could take hold of the new "
	                "process before the filter holds");
	return error_locate(err, in->config->linux_.seccomp.at);
}

static int build_safely(const struct parts *parts, struct plan **ret, struct error *err)
{
	const struct plan_input *in = parts->enter->input;
	const char *call;
	int r = build(parts, true, ret, err);

	if (r < 0 || !in->filter || !(call = denied(*ret, in->filter)))
		return r;
	free(*ret);
	*ret = NULL;
	return parts->enter->traced ? refuse(in, call, err) : build(parts, false, ret, err);
}

int plan_build_exec(const struct plan_enter *enter, struct plan **ret, struct error *err)
{
	struct parts parts = {.enter = enter};
	int r;

	parts.env = plan_environment(enter->input, &parts.n_env);
	if (!parts.env)
		return error_set(err, ENOMEM, "plan the environment");
	caps_resolve(&enter->input->config->process.capabilities, &enter->input->caps, &parts.sets);
	r = build_safely(&parts, ret, err);
	free(parts.env);
	return r;
}
