/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/parts.h"

#include <string.h>

#include "runtime/base/sys.h"
#include "spec/names.h"

/* CLONE_NEW* of the clone that makes the container's process; the rest is unshared later. */
uint32_t plan_new_namespaces(const struct config *c)
{
	uint32_t flags = 0;

	for (int kind = 0; kind < NS_KINDS; kind++)
		if (plan_is_new(c, kind) && kind != NS_CGROUP && kind != NS_TIME)
			flags |= (uint32_t)namespace_flags[kind];
	return flags;
}

bool plan_owns(const struct config *c, enum namespace_kind kind)
{
	return plan_is_new(c, kind) || (plan_is_joined(c, NS_USER) && plan_is_joined(c, kind));
}

static void plan_join(const struct config *c, enum namespace_kind kind, struct builder *b)
{
	const struct namespace *ns = &c->linux_.namespaces[kind];
	uint32_t slot;
	struct step *s;

	if (!plan_is_joined(c, kind))
		return;
	slot = builder_slot(b, SLOT_NAMESPACE, ns->path.s, (uint32_t)namespace_flags[kind], ns->at);
	s = builder_step(b, STEP_JOIN, 0, ns->path.at);
	s->join.slot = slot;
	s->join.type = (uint32_t)namespace_flags[kind];
}

/*
 * The user namespace comes first for an ordinary user, whom it gives the rights over the others; and last for who has
 * them, because it takes those over the host's.
 */
void plan_joins(const struct plan_input *in, struct builder *b)
{
	if (in->caller.ordinary)
		plan_join(in->config, NS_USER, b);
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (kind != NS_USER)
			plan_join(in->config, kind, b);
	if (!in->caller.ordinary)
		plan_join(in->config, NS_USER, b);
}

/*
 * What has joined a pid namespace is not in it: its child is.  In a user namespace that is joined the new ones
 * belong to it only when they are made after that; and from inside a new one the host's could not be joined.
 */
bool plan_needs_second(const struct plan_input *in)
{
	const struct config *c = in->config;

	if (plan_is_joined(c, NS_PID) || plan_is_joined(c, NS_USER))
		return true;
	for (int kind = 0; kind < NS_KINDS && plan_is_new(c, NS_USER) && !in->caller.ordinary; kind++)
		if (plan_is_joined(c, kind))
			return true;
	return false;
}

void plan_clone(const struct plan_input *in, struct builder *b)
{
	const struct config *c = in->config;
	uint32_t group = 0;
	struct step *s;

	if (!plan_needs_second(in))
		return;
	/* From a user namespace nobody may enter a group of the host: then the first clone is born in it. */
	if (in->group->n && !in->late_group && !plan_is_joined(c, NS_USER) &&
	    (in->cgroups->layout == CGROUP_V2 || in->cgroups->layout == CGROUP_HYBRID))
		group = builder_slot(b, SLOT_GROUP, NULL, 0, c->linux_.cgroups_path.at) + 1;
	s = builder_step(b, STEP_CLONE, 0, c->linux_.namespaces[plan_is_joined(c, NS_PID) ? NS_PID : NS_USER].at);
	s->clone.flags = plan_new_namespaces(c);
	s->clone.group_slot_1 = group;
}

static bool shows_group(const struct config *c)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.v[i].type.s && strncmp(c->mounts.v[i].type.s, "cgroup", 6) == 0)
			return true;
	return false;
}

bool plan_cgroup_first(const struct plan_input *in)
{
	if (in->cgroups->layout != CGROUP_V2 || !plan_owns(in->config, NS_CGROUP))
		return false;
	return plan_in_userns(in->config) || (in->late_group && plan_is_new(in->config, NS_CGROUP) && shows_group(in->config));
}

void plan_mapped(const struct plan_input *in, struct builder *b)
{
	const struct config *c = in->config;
	bool joined = plan_is_joined(c, NS_USER);
	struct step *s;

	if (!plan_in_userns(c) && !plan_needs_second(in))
		return;
	s = builder_step(b, STEP_MAPPED, joined ? STEP_F_OPTIONAL : 0u, c->linux_.namespaces[NS_USER].at);
	s->mapped.own = plan_in_userns(c);
	s->mapped.uid = userns_first_id(c, MAP_UIDS);
	s->mapped.gid = userns_first_id(c, MAP_GIDS);
}

/* systemd moves the process, which waits: v1 hierarchies it joins by itself. */
static bool awaits_group(const struct plan_input *in)
{
	return in->group->n && (plan_joins_group(in) || in->late_group);
}

/* A group that comes by the time the mounts show it: before them, and then its namespace. */
void plan_group_first(const struct plan_input *in, struct builder *b)
{
	const struct namespace *ns = &in->config->linux_.namespaces[NS_CGROUP];

	if (!plan_cgroup_first(in))
		return;
	if (awaits_group(in))
		builder_step(b, STEP_GROUP, 0, in->config->linux_.cgroups_path.at);
	if (plan_is_new(in->config, NS_CGROUP))
		builder_step(b, STEP_UNSHARE, 0, ns->at)->unshare.flags = CLONE_NEWCGROUP;
}

/* See enum slot_opener. */
enum slot_opener plan_opener(const struct plan_input *in)
{
	if (in->caller.ordinary)
		return OPENED_BY_INIT;
	return plan_in_userns(in->config) && plan_is_new(in->config, NS_MOUNT) ? OPENED_INSIDE : OPENED_BY_PARENT;
}

/* time_namespaces(7): the offsets can be set until somebody is in it. */
static void plan_time_offset(struct builder *b, const char *clock, const struct time_offset *offset)
{
	struct step *s;

	if (!offset->set)
		return;
	s = builder_step(b, STEP_TIME_OFFSET, 0, offset->at);
	s->sysctl.path = builder_str(b, "self/timens_offsets");
	s->sysctl.value = builder_format(b, "%s %lld %u", clock, (long long)offset->secs, offset->nanosecs);
}

/* Not in the clone: its flag would put the process into the namespace, where the offsets are fixed. */
void plan_time(const struct config *c, struct builder *b)
{
	const struct namespace *ns = &c->linux_.namespaces[NS_TIME];

	if (!plan_is_new(c, NS_TIME))
		return;
	builder_step(b, STEP_UNSHARE, 0, ns->at)->unshare.flags = CLONE_NEWTIME;
	plan_time_offset(b, "monotonic", &c->linux_.monotonic);
	plan_time_offset(b, "boottime", &c->linux_.boottime);
	builder_step(b, STEP_ENTER_TIME, 0, ns->at);
}

bool plan_joins_group(const struct plan_input *in)
{
	return in->group->n && (in->cgroups->layout == CGROUP_V1 || in->cgroups->layout == CGROUP_HYBRID);
}

/* A new cgroup namespace shows the group as its root, so the group comes first. */
void plan_join_group(const struct plan_input *in, struct builder *b)
{
	const struct namespace *ns = &in->config->linux_.namespaces[NS_CGROUP];

	if (awaits_group(in) && !plan_cgroup_first(in))
		builder_step(b, STEP_GROUP, 0, in->config->linux_.cgroups_path.at);
	if (plan_is_new(in->config, NS_CGROUP) && !plan_cgroup_first(in))
		builder_step(b, STEP_UNSHARE, 0, ns->at)->unshare.flags = CLONE_NEWCGROUP;
}

void plan_loopback(const struct config *c, struct builder *b)
{
	if (plan_is_new(c, NS_NETWORK))
		builder_step(b, STEP_LOOPBACK, 0, c->linux_.namespaces[NS_NETWORK].at);
}
