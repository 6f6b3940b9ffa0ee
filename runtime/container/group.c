/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/group.h"

#include <signal.h>
#include <string.h>

/* cgroup_reopen leaves out groups of hierarchies that are gone. */
static void remember(const struct state *state, struct cgroup_dir *dir)
{
	for (size_t i = 0; i < state->n_groups; i++) {
		if (strcmp(state->groups[i], dir->path) != 0)
			continue;
		dir->made = !state->group_kept[i];
		dir->parents = state->group_parents[i];
	}
}

int group_open(const struct state *state, struct group *ret, struct error *err)
{
	int r;

	ret->open = false;
	ret->host.root_fd = -1;
	r = cgroup_host_open(&ret->host, err);
	if (r == 0)
		r = cgroup_reopen(&ret->host, state->n_groups, state->groups, &ret->cgroup, err);
	ret->open = r == 0;
	for (size_t i = 0; r == 0 && i < ret->cgroup.n; i++)
		remember(state, &ret->cgroup.dirs[i]);
	return r;
}

int group_end(const struct cgroup *group, unsigned timeout_ms, struct error *err)
{
	int r = cgroup_remove(group, 0, err);

	if (r == 0)
		return 0;
	for (size_t i = 0; i < group->n; i++)
		if (!group->dirs[i].made)       /* not ours alone: who is in it may be somebody else */
			return cgroup_remove(group, timeout_ms, err);
	r = cgroup_kill(group, SIGKILL, err);
	return r < 0 ? r : cgroup_remove(group, timeout_ms, err);
}

void group_close(struct group *group)
{
	if (group->open)
		cgroup_close(&group->cgroup);
	cgroup_host_close(&group->host);
}
