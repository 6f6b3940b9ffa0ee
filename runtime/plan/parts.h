/*
 * parts - pieces of a plan that a container's first process and `exec` have in common; between files of runtime/plan only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/plan/build.h"
#include "runtime/plan/builder.h"

struct variable {               /* of the environment */
	const char *text;
	size_t name_len;
	size_t order;
	bool dropped;           /* the same name comes again */
};

/* ---- the configuration's namespaces, in two words ---- */

static inline bool plan_is_new(const struct config *c, enum namespace_kind kind)
{
	return c->linux_.namespaces[kind].set && !c->linux_.namespaces[kind].path.s;
}

static inline bool plan_is_joined(const struct config *c, enum namespace_kind kind)
{
	return c->linux_.namespaces[kind].set && c->linux_.namespaces[kind].path.s;
}

static inline bool plan_in_userns(const struct config *c)
{
	return c->linux_.namespaces[NS_USER].set;
}

static inline bool plan_has_create_hooks(const struct config *c)
{
	return c->hooks[HOOK_PRESTART].n || c->hooks[HOOK_CREATE_RUNTIME].n || c->hooks[HOOK_CREATE_CONTAINER].n;
}

/* ---- namespaces.c ---- */

/* CLONE_NEW* of the clone that makes the container's process; the rest is unshared later. */
uint32_t plan_new_namespaces(const struct config *c);
/* Is there a second clone? */
bool plan_needs_second(const struct plan_input *in);
/* Who opens what is mounted: see enum slot_opener. */
enum slot_opener plan_opener(const struct plan_input *in);
void plan_joins(const struct plan_input *in, struct builder *b);
void plan_clone(const struct plan_input *in, struct builder *b);
void plan_mapped(const struct plan_input *in, struct builder *b);
void plan_time(const struct config *c, struct builder *b);
void plan_loopback(const struct config *c, struct builder *b);
/* The group, and a new cgroup namespace, which shows it as its root: before the mounts where they need it, or here. */
void plan_group_first(const struct plan_input *in, struct builder *b);
void plan_join_group(const struct plan_input *in, struct builder *b);

/* ---- program.c ---- */

/* process.env, then ours; malloc'ed, NULL without memory. */
struct variable *plan_environment(const struct plan_input *in, size_t *ret_n);
/* The value of the variable `name`, or NULL. */
const char *plan_value_of(const struct variable *v, size_t n, const char *name);
int plan_env(struct builder *b, const struct config *c, const struct variable *env, size_t n_env,
             struct plan_list *ret, struct error *err);

/* `path`: the value of PATH, or NULL. */
void plan_program(const struct config *c, const char *path, struct builder *b);
void plan_exec(struct builder *b, const struct config *c, struct plan_list env);

/* ---- build.c ---- */

void plan_rlimits(const struct process *p, struct builder *b);
/* `flags`: STEP_F_* */
void plan_seccomp(const struct plan_input *in, uint32_t flags, struct builder *b);
/* The bounding set, then ids, groups and sets of the user; `kept`: capabilities more, until STEP_SHED; flags: STEP_F_*. */
void plan_identity(const struct plan_input *in, const struct cap_sets *sets, uint64_t kept, unsigned flags,
                   struct builder *b);
void plan_console(const struct process *p, unsigned flags, struct builder *b);

/* ---- root.c; layers.c: the steps for a root of layers (*in has upper_dir) ---- */

int plan_overlay(const struct plan_input *in, struct builder *b, uint32_t *ret_slot, struct error *err);
/* A tmpfs for copies (org.crun-lite.copies), where the root is written to nowhere that could take them. */
int plan_copies(const struct plan_input *in, struct builder *b, struct error *err);
uint32_t plan_root_slot(const struct plan_input *in, struct builder *b);
int plan_root(const struct plan_input *in, struct builder *b, uint32_t slot, struct error *err);
void plan_pivot(const struct plan_input *in, struct builder *b, uint32_t slot);
void plan_propagation(const struct config *c, struct builder *b);
