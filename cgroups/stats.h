/*
 * stats - what a container has used, as its control group counts it.
 *
 * Tables say which file of v1 and of v2 holds what; stats_text.h reads the files.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "spec/emit.h"

/*
 * One object as the `data` of runc's `events --stats`: the same keys in the same order, zeros left out where runc
 * leaves them out.  What a controller that is not there would say is zero.
 */
void stats_emit(const struct cgroup *cgroup, struct emitter *e);
/*
 * The members of the report of a `run`: peaks, sums, pressure; null for what this kernel does not count.  In units
 * that the keys name.
 */
void stats_emit_report(const struct cgroup *cgroup, struct emitter *e);
/* How many processes of the group (v2: and below it) the kernel killed for want of memory; false if it does not say. */
bool stats_oom_kills(const struct cgroup *cgroup, uint64_t *ret);
