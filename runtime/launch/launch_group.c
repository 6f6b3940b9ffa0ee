/*
 * launch_group - the container's control group, as far as its manager lets us choose when.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/fds.h"
#include "runtime/base/log.h"
#include "runtime/state/group.h"

/* How long a group may stay busy after its processes were killed. */
#define GROUP_TIMEOUT_MS 10000

static bool mounts_cgroups(const struct config *c)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.v[i].type.s && strncmp(c->mounts.v[i].type.s, "cgroup", 6) == 0)
			return true;
	return false;
}

struct cgroup_wish launch_wish(const struct launch *l)
{
	return (struct cgroup_wish){
		.cgroups_path = &l->config->linux_.cgroups_path,
		.annotations = &l->config->annotations,
		.id = l->options->id,
		.held = l->options->report,
	};
}

int launch_locate_group(struct launch *l, struct error *err)
{
	enum cgroup_manager_kind manager = l->options->runtime->manager;
	struct cgroup_wish wish = launch_wish(l);
	int r;

	/* Some hosts have none where they should be: not looked at but to be shown. */
	if (manager == CGROUP_BY_NOBODY)
		return mounts_cgroups(l->config) ? cgroup_host_open(&l->cgroup_host, err) : 0;
	r = cgroup_host_open(&l->cgroup_host, err);
	if (r < 0)
		return r;
	l->group.host = &l->cgroup_host;
	/* Without cgroups there is nothing to limit with: cgroup_set refuses what was asked for, by name. */
	if (l->cgroup_host.layout == CGROUP_NONE)
		return cgroup_set(&l->group, &l->config->linux_.resources, err);
	wish.user = manager == CGROUP_BY_SYSTEMD && cgroup_user_manager();
	return cgroup_managers[manager].locate(&l->cgroup_host, &wish, &l->group, &l->unit, err);
}

static void undo_group(void *arg)
{
	struct launch *l = arg;
	struct error ignored;

	if (group_end(&l->group, GROUP_TIMEOUT_MS, &ignored) == 0)
		return;
	l->not_undone = true;
	log_warning("%s: %s", ignored.text, error_reason(&ignored));
}

static bool is_writable(const struct mount *m)
{
	bool writable = true;

	for (size_t i = 0; i < m->options.n; i++) {
		const char *word = m->options.v[i].s;

		if (strcmp(word, "ro") == 0 || strcmp(word, "rro") == 0)
			writable = false;
		else if (strcmp(word, "rw") == 0)
			writable = true;
	}
	return writable;
}

/* config-linux.md "Cgroup ownership": v2, a cgroup namespace of its own, and a view of it that may be written to. */
static bool is_delegated(const struct launch *l)
{
	const struct config *c = l->config;
	const struct namespace *ns = &c->linux_.namespaces[NS_CGROUP];

	if (l->cgroup_host.layout != CGROUP_V2 || !ns->set || ns->path.s)
		return false;
	/* Whom a namespace that is joined maps it to, is not known yet. */
	if (c->linux_.namespaces[NS_USER].path.s && !c->linux_.uid_mappings.n)
		return false;
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.v[i].type.s && strncmp(c->mounts.v[i].type.s, "cgroup", 6) == 0 && is_writable(&c->mounts.v[i]))
			return true;
	return false;
}

int launch_give_group(struct launch *l, struct error *err)
{
	return is_delegated(l) ? cgroup_give(&l->group, userns_host_id(l->config, MAP_UIDS, l->config->process.user.uid), err)
	                       : 0;
}

/* What clone3 needs: the v2 directory that the child is born in. */
int launch_make_birthplace(struct launch *l, struct error *err)
{
	int r;

	if (!l->group.n || l->group_settled)
		return 0;
	r = cgroup_make(&l->group, &l->config->linux_.resources, CGROUP_PART_V2, err);
	if (r < 0)
		return r;
	undo_push(&l->undo, undo_group, l);
	return launch_give_group(l, err);
}

int launch_do_without_group(struct launch *l, struct error *err)
{
	int r = cgroup_refuse_limits(&l->cgroup_host, &l->config->linux_.resources, err);

	if (r < 0)
		return r;
	log_debug("no control group: %s", err->text);
	cgroup_close(&l->group);
	l->group.n = l->state.n_groups = 0;
	l->state.unit = NULL;
	return state_write(&l->store, &l->state, err);
}

/*
 * An ordinary user, or root of its namespace, may make groups only where that is delegated.  A container that asks for
 * no limit does without: so it is found out before the plan is made.
 */
int launch_settle_group(struct launch *l, struct error *err)
{
	const struct resources *resources = &l->config->linux_.resources;
	struct error ignored;
	int r;

	if (!l->group.n || *l->unit.name || (!l->caller.ordinary && !l->caller.nested_root))
		return 0;
	l->group_settled = true;
	r = cgroup_make(&l->group, resources, CGROUP_PART_ALL, err);
	if (r == 0) {
		r = cgroup_check_enter(&l->group, err);
		if (r < 0)
			cgroup_remove(&l->group, 0, &ignored);
		else
			undo_push(&l->undo, undo_group, l);
	}
	if (r == 0)
		return 0;
	if (err->code != EACCES && err->code != EPERM && err->code != EROFS)
		return r;
	return launch_do_without_group(l, err);
}

/* The v1 directories, while init mounts. */
int launch_make_group(struct launch *l, struct error *err)
{
	int r;

	if (!l->group.n || l->cgroup_host.layout == CGROUP_V2 || *l->unit.name)
		return 0;
	r = l->group_settled ? 0 : cgroup_make(&l->group, &l->config->linux_.resources, CGROUP_PART_V1, err);
	if (r == 0)
		r = cgroup_task_fds(&l->group, l->tasks, &l->n_tasks, &l->present, err);
	return r;
}

/* Nothing of the container runs before START, and what init needs for its work is not held against the limits. */
int launch_set_limits(struct launch *l, struct error *err)
{
	return l->group.n ? cgroup_set(&l->group, &l->config->linux_.resources, err) : 0;
}

static void close_tasks(struct launch *l)
{
	while (l->n_tasks)
		fds_close_soon(l->tasks[--l->n_tasks]);
}

/* Only where init shows it: then its mounts wait for no more than the directories. */
int launch_announce_group(struct launch *l, struct error *err)
{
	if (!launch_find_step(l->plan, STEP_AWAIT_GROUP))
		return 0;
	return launch_tell(l, MSG_GROUP_MADE, &(struct parcel){.aux = l->present}, err);
}

int launch_send_group(struct launch *l, struct error *err)
{
	int r;

	if (!launch_find_step(l->plan, STEP_GROUP))
		return 0;
	r = launch_tell(l, MSG_GROUP, &(struct parcel){.fds = l->tasks, .n_fds = (unsigned)l->n_tasks}, err);
	close_tasks(l);
	return r;
}
