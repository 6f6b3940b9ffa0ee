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

#include <stdbool.h>
#include <sys/types.h>

/*
 * Opens every slot of `plan` that is OPENED_BY_PARENT (written into its table; slots_close ends them).  The error names
 * the source and its place.
 */
int slots_open(struct plan *plan, const struct cgroup *group, struct error *err);
void slots_close(struct plan *plan);
/*
 * Opens the OPENED_INSIDE ones in the mount namespace of `pid` (whose pidfd is given), where this process goes and
 * comes back from.
 */
bool slots_are_inside(const struct plan *plan);
int slots_open_inside(struct plan *plan, pid_t pid, int pidfd, struct error *err);
/* What is wrong with a slot that init could not open, in the words of slots_open; returns -code. */
int slots_blame(const struct plan *plan, uint32_t slot, int code, struct error *err);
/* Hands up to `room` open fds over to the caller, out of the table; how many. */
size_t slots_take(struct plan *plan, int *ret_fds, size_t room);
/* The namespace of this type (CLONE_NEW*) that the container joins, as an fd of the caller's own; -1 = none. */
int slots_namespace(const struct plan *plan, uint32_t type);
