/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/group.h"

int group_open(const struct state *state, struct group *ret, struct error *err)
{
	int r;

	ret->open = false;
	ret->host.root_fd = -1;
	r = cgroup_host_open(&ret->host, err);
	if (r == 0)
		r = cgroup_reopen(&ret->host, state->n_groups, state->groups, &ret->cgroup, err);
	ret->open = r == 0;
	return r;
}

void group_close(struct group *group)
{
	if (group->open)
		cgroup_close(&group->cgroup);
	cgroup_host_close(&group->host);
}
