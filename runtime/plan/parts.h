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

/* process.env, then ours; malloc'ed, NULL without memory. */
struct variable *plan_environment(const struct plan_input *in, size_t *ret_n);
/* The value of the variable `name`, or NULL. */
const char *plan_value_of(const struct variable *v, size_t n, const char *name);
int plan_env(struct builder *b, const struct config *c, const struct variable *env, size_t n_env,
             struct plan_list *ret, struct error *err);

/* `path`: the value of PATH, or NULL. */
void plan_program(const struct config *c, const char *path, struct builder *b);
void plan_exec(struct builder *b, const struct config *c, struct plan_list env);
void plan_rlimits(const struct process *p, struct builder *b);
/* `flags`: STEP_F_* */
void plan_seccomp(const struct plan_input *in, uint32_t flags, struct builder *b);
unsigned plan_last_capability(uint64_t known);

/* layers.c: the steps for a root of layers; *in has upper_dir. */
int plan_overlay(const struct plan_input *in, struct builder *b, struct error *err);
uint32_t plan_root_slot(const struct plan_input *in, struct builder *b);
void plan_pivot(const struct plan_input *in, struct builder *b, uint32_t slot);
