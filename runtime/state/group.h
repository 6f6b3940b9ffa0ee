/*
 * group - the control group of a container that a later command finds by its state.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "runtime/state/state.h"

struct group {
	struct cgroup_host host;
	struct cgroup cgroup;
	bool open;
};

/* group_close ends *ret, also after a failure. */
int group_open(const struct state *state, struct group *ret, struct error *err);
void group_close(struct group *group);
/*
 * Stopped by `pause`, or by who froze a group above it?  By the one file that says so: no list of hierarchies is read
 * for each container of `list`.
 */
bool group_is_paused(const struct state *state);
/* Removes the group; whoever is left in it is killed first, if the group is the container's own. */
int group_end(const struct cgroup *group, unsigned timeout_ms, struct error *err);
