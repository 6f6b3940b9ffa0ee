/*
 * slots - opens what the plan says init needs and cannot open by itself.
 *
 * The fds are deliberately not close-on-exec: clearing the flag would cost the child of
 * vfork one system call each.  The only other programs that the runtime starts are
 * hooks, and those close everything above 2 (container/hooks.c).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "runtime/base/error.h"
#include "runtime/plan/plan.h"

/* Opens every slot of `plan` (written into its table; slots_close ends them).  The error names the source and its place. */
int slots_open(struct plan *plan, const struct cgroup *group, struct error *err);
void slots_close(struct plan *plan);
/* Hands up to `room` open fds over to the caller, out of the table; how many. */
size_t slots_take(struct plan *plan, int *ret_fds, size_t room);
/* The namespace of this type (CLONE_NEW*) that the container joins, as an fd of the caller's own; -1 = none. */
int slots_namespace(const struct plan *plan, uint32_t type);
