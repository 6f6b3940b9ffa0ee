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

/*
 * Opens every slot of `plan` (written into its table; slots_close ends them) but the
 * SLOT_CGROUP_TREEs of a group that is made later (`group_later`).  The error names the source and its
 * place in config.json.
 */
int slots_open(struct plan *plan, const struct cgroup *group, bool group_later, struct error *err);
void slots_close(struct plan *plan);
/* Hands up to `room` open fds over to the caller, out of the table; how many. */
size_t slots_take(struct plan *plan, int *ret_fds, size_t room);
/*
 * Trees of the group for MSG_GROUP, in the order of their slots; *ret_n is raised.  On failure
 * what was opened stays in ret_fds, the caller's.
 */
int slots_group_trees(const struct plan *plan, const struct cgroup *group, int *ret_fds, unsigned *ret_n,
                      struct error *err);
