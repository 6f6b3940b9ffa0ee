/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/plan/builder.h"
#include "runtime/plan/overlay.h"
#include "runtime/plan/parts.h"
#include "spec/emit.h"
#include "spec/names.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* A pipe takes so much (fcntl(2) F_SETPIPE_SZ, for an ordinary user); nobody may read it. */
#define HOOK_STATE_MAX (1u << 20)
/* execve(2): a quarter of the stack's limit, 2 MiB by default, is what the kernel takes of pointers and strings. */
#define EXEC_POINTERS_MAX (2u << 20)

static const struct source nowhere;

static bool is_new(const struct config *c, enum namespace_kind kind)
{
	return c->linux_.namespaces[kind].set && !c->linux_.namespaces[kind].path.s;
}

static bool is_joined(const struct config *c, enum namespace_kind kind)
{
	return c->linux_.namespaces[kind].set && c->linux_.namespaces[kind].path.s;
}

/* CLONE_NEW* of the clone that makes the container's process; the rest is unshared later. */
static uint32_t new_namespaces(const struct config *c)
{
	uint32_t flags = 0;

	for (int kind = 0; kind < NS_KINDS; kind++)
		if (is_new(c, kind) && kind != NS_CGROUP && kind != NS_TIME)
			flags |= (uint32_t)namespace_flags[kind];
	return flags;
}

/* ---- namespaces and the group ---- */

bool plan_owns(const struct config *c, enum namespace_kind kind)
{
	return is_new(c, kind) || (is_joined(c, NS_USER) && is_joined(c, kind));
}

static void plan_join(const struct config *c, enum namespace_kind kind, struct builder *b)
{
	const struct namespace *ns = &c->linux_.namespaces[kind];
	uint32_t slot;
	struct step *s;

	if (!is_joined(c, kind))
		return;
	slot = builder_slot(b, SLOT_NAMESPACE, ns->path.s, (uint32_t)namespace_flags[kind], ns->at);
	s = builder_step(b, STEP_JOIN, 0, ns->path.at);
	s->join.slot = slot;
	s->join.type = (uint32_t)namespace_flags[kind];
}

/*
 * The user namespace comes first for an ordinary user, whom it gives the rights over the others; and last for who has
 * them, because it takes those over the host's.
 */
static void plan_joins(const struct plan_input *in, struct builder *b)
{
	if (in->caller.ordinary)
		plan_join(in->config, NS_USER, b);
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (kind != NS_USER)
			plan_join(in->config, kind, b);
	if (!in->caller.ordinary)
		plan_join(in->config, NS_USER, b);
}

/*
 * What has joined a pid namespace is not in it: its child is.  In a user namespace that is joined the new ones
 * belong to it only when they are made after that; and from inside a new one the host's could not be joined.
 */
static bool needs_second(const struct plan_input *in)
{
	const struct config *c = in->config;

	if (is_joined(c, NS_PID) || is_joined(c, NS_USER))
		return true;
	for (int kind = 0; kind < NS_KINDS && is_new(c, NS_USER) && !in->caller.ordinary; kind++)
		if (is_joined(c, kind))
			return true;
	return false;
}

static bool in_user_namespace(const struct config *c)
{
	return c->linux_.namespaces[NS_USER].set;
}

static void plan_clone(const struct plan_input *in, struct builder *b)
{
	const struct config *c = in->config;
	uint32_t group = 0;
	struct step *s;

	if (!needs_second(in))
		return;
	/* From a user namespace nobody may enter a group of the host: then the first clone is born in it. */
	if (in->group->n && !in->late_group && !is_joined(c, NS_USER) &&
	    (in->cgroups->layout == CGROUP_V2 || in->cgroups->layout == CGROUP_HYBRID))
		group = builder_slot(b, SLOT_GROUP, NULL, 0, c->linux_.cgroups_path.at) + 1;
	s = builder_step(b, STEP_CLONE, 0, c->linux_.namespaces[is_joined(c, NS_PID) ? NS_PID : NS_USER].at);
	s->clone.flags = new_namespaces(c);
	s->clone.group_slot_1 = group;
}

static bool shows_group(const struct config *c)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.v[i].type.s && strncmp(c->mounts.v[i].type.s, "cgroup", 6) == 0)
			return true;
	return false;
}

bool plan_cgroup_first(const struct plan_input *in)
{
	if (in->cgroups->layout != CGROUP_V2 || !plan_owns(in->config, NS_CGROUP))
		return false;
	return in_user_namespace(in->config) || (in->late_group && is_new(in->config, NS_CGROUP) && shows_group(in->config));
}

static void plan_mapped(const struct plan_input *in, struct builder *b)
{
	const struct config *c = in->config;
	bool joined = is_joined(c, NS_USER);
	struct step *s;

	if (!in_user_namespace(c) && !needs_second(in))
		return;
	s = builder_step(b, STEP_MAPPED, joined ? STEP_F_OPTIONAL : 0u, c->linux_.namespaces[NS_USER].at);
	s->mapped.own = in_user_namespace(c);
	s->mapped.uid = userns_first_id(c, MAP_UIDS);
	s->mapped.gid = userns_first_id(c, MAP_GIDS);
}

/* systemd moves the process, which waits: v1 hierarchies it joins by itself. */
static bool awaits_group(const struct plan_input *in)
{
	return in->group->n && (plan_joins_group(in) || in->late_group);
}

/* A group that comes by the time the mounts show it: before them, and then its namespace. */
static void plan_group_first(const struct plan_input *in, struct builder *b)
{
	const struct namespace *ns = &in->config->linux_.namespaces[NS_CGROUP];

	if (!plan_cgroup_first(in))
		return;
	if (awaits_group(in))
		builder_step(b, STEP_GROUP, 0, in->config->linux_.cgroups_path.at);
	if (is_new(in->config, NS_CGROUP))
		builder_step(b, STEP_UNSHARE, 0, ns->at)->unshare.flags = CLONE_NEWCGROUP;
}

/* See enum slot_opener. */
static enum slot_opener opener_of(const struct plan_input *in)
{
	if (in->caller.ordinary)
		return OPENED_BY_INIT;
	return in_user_namespace(in->config) && is_new(in->config, NS_MOUNT) ? OPENED_INSIDE : OPENED_BY_PARENT;
}

/* time_namespaces(7): the offsets can be set until somebody is in it. */
static void plan_time_offset(struct builder *b, const char *clock, const struct time_offset *offset)
{
	struct step *s;

	if (!offset->set)
		return;
	s = builder_step(b, STEP_TIME_OFFSET, 0, offset->at);
	s->sysctl.path = builder_str(b, "self/timens_offsets");
	s->sysctl.value = builder_format(b, "%s %lld %u", clock, (long long)offset->secs, offset->nanosecs);
}

/* Not in the clone: its flag would put the process into the namespace, where the offsets are fixed. */
static void plan_time(const struct config *c, struct builder *b)
{
	const struct namespace *ns = &c->linux_.namespaces[NS_TIME];

	if (!is_new(c, NS_TIME))
		return;
	builder_step(b, STEP_UNSHARE, 0, ns->at)->unshare.flags = CLONE_NEWTIME;
	plan_time_offset(b, "monotonic", &c->linux_.monotonic);
	plan_time_offset(b, "boottime", &c->linux_.boottime);
	builder_step(b, STEP_ENTER_TIME, 0, ns->at);
}

bool plan_joins_group(const struct plan_input *in)
{
	return in->group->n && (in->cgroups->layout == CGROUP_V1 || in->cgroups->layout == CGROUP_HYBRID);
}

/* A new cgroup namespace shows the group as its root, so the group comes first. */
static void plan_group(const struct plan_input *in, struct builder *b)
{
	const struct namespace *ns = &in->config->linux_.namespaces[NS_CGROUP];

	if (awaits_group(in) && !plan_cgroup_first(in))
		builder_step(b, STEP_GROUP, 0, in->config->linux_.cgroups_path.at);
	if (is_new(in->config, NS_CGROUP) && !plan_cgroup_first(in))
		builder_step(b, STEP_UNSHARE, 0, ns->at)->unshare.flags = CLONE_NEWCGROUP;
}

static bool has_create_hooks(const struct config *c)
{
	return c->hooks[HOOK_PRESTART].n || c->hooks[HOOK_CREATE_RUNTIME].n || c->hooks[HOOK_CREATE_CONTAINER].n;
}


/* ---- the root file system ---- */

static uint32_t propagation_flags(const char *word)
{
	const struct name *row = word ? name_find(propagation_names, word) : NULL;

	return row ? (uint32_t)row->value : 0;
}

static plan_str root_path(const struct plan_input *in, struct builder *b)
{
	const char *path = in->config->root.path.s;

	return path[0] == '/' ? builder_str(b, path) : builder_format(b, "%s/%s", in->bundle, path);
}

static uint32_t slot_of_root(const struct plan_input *in, struct builder *b, enum slot_kind kind)
{
	cleanup_free char *joined = NULL;
	const char *path = in->config->root.path.s;

	if (path[0] != '/' && asprintf(&joined, "%s/%s", in->bundle, path) < 0) {
		joined = NULL;
		b->failed = true;
		return 0;
	}
	return builder_slot(b, kind, joined ? joined : path, 0, in->config->root.path.at);
}

uint32_t plan_root_slot(const struct plan_input *in, struct builder *b)
{
	return slot_of_root(in, b, SLOT_ROOT);
}

static uint32_t place_slot(const struct plan_input *in, struct builder *b)
{
	return slot_of_root(in, b, SLOT_PLACE);
}

static int plan_root(const struct plan_input *in, struct builder *b, uint32_t slot, struct error *err)
{
	const struct config *c = in->config;
	uint32_t wanted = propagation_flags(c->linux_.rootfs_propagation.s) & ~(uint32_t)MS_REC;
	/* A slave still hears of new mounts on the host below the root; everything else starts private. */
	bool slave = wanted == MS_SLAVE || wanted == MS_SHARED;
	bool overlay = overlay_asked(c);
	uint32_t place = 0;
	struct step *s = builder_step(b, STEP_PRIVATE, 0, nowhere);

	s->propagation.propagation = slave ? MS_SLAVE : MS_PRIVATE;
	if (b->opener == OPENED_BY_INIT)
		builder_step(b, STEP_OPEN, 0, nowhere);
	/* The container's root may not be able to go there by itself. */
	if (has_create_hooks(c) && b->opener == OPENED_INSIDE)
		place = place_slot(in, b) + 1;
	if (overlay && plan_overlay(in, b, err) < 0)
		return -err->code;
	s = builder_step(b, STEP_ROOT, overlay ? STEP_F_OVERLAY : 0, c->root.path.at);
	s->root.slot = slot;
	s->root.propagation = slave ? MS_SLAVE : MS_PRIVATE;
	/* Hooks that enter the namespace before pivot_root look for the root where config.json says it is. */
	if (has_create_hooks(c))
		s->root.path = root_path(in, b);
	s->root.place_slot_1 = place;
	return 0;
}

void plan_pivot(const struct plan_input *in, struct builder *b, uint32_t slot)
{
	const struct config *c = in->config;
	bool new_mounts = is_new(c, NS_MOUNT);
	struct step *s = builder_step(b, STEP_PIVOT, new_mounts && !in->no_pivot ? 0 : STEP_F_CHROOT, c->root.path.at);

	s->pivot.slot = slot;
	if (new_mounts && has_create_hooks(c))
		s->flags |= STEP_F_FROM_PATH;
}

/* Last of all: an unbindable root could not be cloned for readonlyPaths, a shared one would give it peers. */
static void plan_propagation(const struct config *c, struct builder *b)
{
	uint32_t propagation = propagation_flags(c->linux_.rootfs_propagation.s);
	struct step *s;

	if (!propagation || (propagation & ~(uint32_t)MS_REC) == MS_SLAVE)
		return;
	s = builder_step(b, STEP_PROPAGATION, 0, c->linux_.rootfs_propagation.at);
	s->propagation.propagation = propagation;
}

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

/* ---- the environment ---- */

static int by_name(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int r = memcmp(x->text, y->text, n);

	if (r == 0)
		r = (x->name_len > y->name_len) - (x->name_len < y->name_len);
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

/* process.env, then ours; of two with the same name the last one counts (F008), in its own place. */
struct variable *plan_environment(const struct plan_input *in, size_t *ret_n)
{
	const struct texts *env = &in->config->process.env;
	size_t n = env->n + in->n_env;
	struct variable *v = calloc(n + 1, sizeof(*v));

	if (!v)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *text = i < env->n ? env->v[i].s : in->env[i - env->n];

		v[i] = (struct variable){text, strcspn(text, "="), i, false};
	}
	qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 0; i + 1 < n; i++)
		v[i].dropped = v[i].name_len == v[i + 1].name_len &&
		               memcmp(v[i].text, v[i + 1].text, v[i].name_len) == 0;
	qsort(v, n, sizeof(*v), by_order);
	*ret_n = n;
	return v;
}

const char *plan_value_of(const struct variable *v, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!v[i].dropped && v[i].name_len == len && memcmp(v[i].text, name, len) == 0 &&
		    v[i].text[len] == '=')
			return v[i].text + len + 1;
	return NULL;
}

/* ---- the program ---- */

static plan_str absolute(struct builder *b, const char *cwd, const char *directory, size_t len,
                         const char *name)
{
	if (len && directory[0] == '/')
		return builder_format(b, "%.*s/%s", (int)len, directory, name);
	return builder_format(b, "%s/%.*s%s%s", strcmp(cwd, "/") == 0 ? "" : cwd, (int)len, directory,
	                      len ? "/" : "", name);
}

/* As execvp(3): a name with a slash is a path, another one is looked for in the container's PATH. */
void plan_program(const struct config *c, const char *path, struct builder *b)
{
	const char *name = c->process.args.v[0].s, *cwd = c->process.cwd.s, *p = path ? path : PATH_DEFAULT;
	struct step *s = builder_step(b, STEP_PROGRAM, 0, c->process.args.v[0].at);
	plan_str candidates[256];
	size_t n = 0;

	s->program.name = builder_str(b, name);
	if (strchr(name, '/')) {
		candidates[n++] = name[0] == '/' ? builder_str(b, name) : absolute(b, cwd, "", 0, name);
	} else if (*name) {
		for (; n < 256; p++) {
			size_t len = strcspn(p, ":");

			candidates[n++] = absolute(b, cwd, p, len, name);
			p += len;
			if (!*p)
				break;
		}
	}
	s->program.candidates = (struct plan_list){builder_bytes(b, candidates, n * sizeof(*candidates), 4),
	                                           (uint32_t)n};
}

int plan_env(struct builder *b, const struct config *c, const struct variable *env, size_t n_env,
                    struct plan_list *ret, struct error *err)
{
	cleanup_free const char **kept = calloc(n_env + 1, sizeof(*kept));
	size_t n = 0;

	if (!kept)
		return error_set(err, ENOMEM, "plan the environment");
	if ((c->process.args.n + n_env) * sizeof(char *) > EXEC_POINTERS_MAX) {
		error_set(err, E2BIG, "exec: %zu arguments and %zu variables", c->process.args.n, n_env);
		return error_locate(err, c->process.args.v[0].at);
	}
	for (size_t i = 0; i < n_env; i++)
		if (!env[i].dropped)
			kept[n++] = env[i].text;
	*ret = builder_strs(b, kept, n);
	return 0;
}

void plan_exec(struct builder *b, const struct config *c, struct plan_list env)
{
	struct step *s = builder_step(b, STEP_EXEC, 0, c->process.args.v[0].at);

	s->exec.args = builder_texts(b, &c->process.args);
	s->exec.env = env;
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

unsigned plan_last_capability(uint64_t known)
{
	return known ? 63u - (unsigned)__builtin_clzll(known) : 0;
}

static void plan_user(const struct plan_input *in, struct builder *b)
{
	const struct process *p = &in->config->process;
	struct cap_sets sets;
	struct step *s;

	caps_resolve(&p->capabilities, &in->caps, &sets);
	s = builder_step(b, STEP_CAPS, 0, p->at);
	s->caps.bounding = sets.bounding;
	s->caps.last = plan_last_capability(in->caps.known);
	s = builder_step(b, STEP_USER, 0, p->user.at);
	if (is_joined(in->config, NS_USER) || userns_keeps_groups(in->config, &in->caller))
		s->flags |= STEP_F_KEEP_GROUPS;
	s->user.uid = p->user.uid;
	s->user.gid = p->user.gid;
	s->user.groups = (struct plan_list){
		builder_bytes(b, p->user.additional_gids.v, p->user.additional_gids.n * sizeof(uint32_t), 4),
		(uint32_t)p->user.additional_gids.n};
	s->user.effective = sets.effective;
	s->user.permitted = sets.permitted;
	s->user.inheritable = sets.inheritable;
	s->user.ambient = sets.ambient;
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

static void plan_console(const struct process *p, struct builder *b)
{
	struct step *s;

	if (!p->terminal)
		return;
	s = builder_step(b, STEP_CONSOLE, 0, p->at);
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

	if (!in_user_namespace(c) || (strcmp(p->key, "kernel.domainname") != 0 && strcmp(p->key, "kernel/domainname") != 0))
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

static void plan_mounted(const struct plan_input *in, struct builder *b, bool home)
{
	const struct config *c = in->config;
	bool hooks = has_create_hooks(c);

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

	if (is_joined(c, NS_MOUNT)) {
		plan_mounted(in, b, home);
		return 0;
	}
	slot = overlay_asked(c) ? 0 : plan_root_slot(in, b);
	if (!is_new(c, NS_MOUNT)) {
		if (b->opener == OPENED_BY_INIT)
			builder_step(b, STEP_OPEN, 0, nowhere);
		plan_pivot(in, b, slot);
		plan_mounted(in, b, home);
		return 0;
	}
	r = plan_root(in, b, slot, err);
	if (r == 0)
		r = plan_mounts(in, b, err);
	if (r < 0)
		return r;
	plan_devices(in, b);
	if (c->root.readonly && c->process.set && strcmp(c->process.cwd.s, "/") != 0)
		plan_cwd(c, b);
	if (has_create_hooks(c))
		plan_group(in, b);
	plan_mounted(in, b, home);
	r = plan_hooks(in, b, HOOK_CREATE_CONTAINER, "creating", plan_our_env(in, b), err);
	if (r < 0)
		return r;
	plan_pivot(in, b, slot);
	plan_console(&c->process, b);
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

static void plan_loopback(const struct config *c, struct builder *b)
{
	if (is_new(c, NS_NETWORK))
		builder_step(b, STEP_LOOPBACK, 0, c->linux_.namespaces[NS_NETWORK].at);
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

	b->opener = opener_of(in);
	plan_joins(in, b);
	plan_clone(in, b);
	/* While the parent writes the maps; but after a second clone nothing may be said before MAPPED, a failure neither. */
	early = in_user_namespace(c) && !needs_second(in);
	if (early)
		plan_loopback(c, b);
	plan_mapped(in, b);
	plan_group_first(in, b);
	plan_time(c, b);
	if (has_create_hooks(c) && !is_new(c, NS_MOUNT))
		plan_group(in, b);
	plan_session(in, b);
	if (!early)
		plan_loopback(c, b);
	r = plan_inside(in, b, home, err);
	if (r < 0)
		return r;
	plan_names(c, b);
	plan_sysctls(c, b);
	plan_attributes(in, b);
	if (c->process.set)
		plan_program(c, plan_value_of(env, n_env, "PATH"), b);
	/* As late as possible: the parent makes it meanwhile, and what init mounts is not charged to it. */
	if (!has_create_hooks(c))
		plan_group(in, b);
	ready = builder_step(b, STEP_READY, 0, nowhere);
	ready->flags = (tells_ready(in) ? STEP_F_TELL : 0) | (in->create ? STEP_F_LISTEN : 0);
	if (!c->process.set)
		return 0;
	r = plan_env(b, c, env, n_env, &program_env, err);
	r = r < 0 ? r : plan_process(in, b, program_env, err);
	if (r == 0)
		plan_exec(b, c, program_env);
	return r;
}

int plan_build(const struct plan_input *in, struct plan **ret, struct error *err)
{
	struct plan head = {
		.clone_flags = needs_second(in) ? 0 : new_namespaces(in->config),
		.preserve_fds = in->preserve_fds,
	};
	cleanup_free struct variable *env = NULL;
	struct builder b = {0};
	size_t n_env = 0;
	int r = plan_refuse(in->config, err);

	if (r == 0)
		r = plan_check_scheduler(in->config, err);
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
