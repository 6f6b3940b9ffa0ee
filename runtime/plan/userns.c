/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/userns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"
#include "spec/json.h"

static const char *const kind_names[MAP_KINDS] = {[MAP_UIDS] = "uid", [MAP_GIDS] = "gid"};

const struct id_mappings *userns_mappings(const struct config *config, enum map_kind kind)
{
	return kind == MAP_UIDS ? &config->linux_.uid_mappings : &config->linux_.gid_mappings;
}

static const struct namespace *user_namespace(const struct config *c)
{
	return &c->linux_.namespaces[NS_USER];
}

static bool is_new(const struct config *c)
{
	return user_namespace(c)->set && !user_namespace(c)->path.s;
}

bool userns_maps(const struct config *config, enum map_kind kind, uint64_t id)
{
	const struct id_mappings *m = userns_mappings(config, kind);

	if (!user_namespace(config)->set || !m->n)
		return true;
	for (size_t i = 0; i < m->n; i++)
		if (id >= m->v[i].container_id && id - m->v[i].container_id < m->v[i].size)
			return true;
	return false;
}

bool userns_is_own_id(const struct config *config, enum map_kind kind, const struct caller *caller)
{
	const struct id_mappings *m = userns_mappings(config, kind);

	return m->n == 1 && m->v[0].size == 1 && m->v[0].host_id == caller->ids[kind];
}

bool userns_keeps_groups(const struct config *config, const struct caller *caller)
{
	if (caller->groups_denied)
		return true;
	return caller->ordinary && is_new(config) && userns_is_own_id(config, MAP_GIDS, caller);
}

/* crun's annotation, by which `podman run --group-add keep-groups` asks: what the caller may read, the program may. */
bool userns_callers_groups(const struct config *config)
{
	const char *value = config_annotation(config, "run.oci.keep_original_groups");

	return value && strcmp(value, "0") != 0;
}

uint32_t userns_first_id(const struct config *config, enum map_kind kind)
{
	const struct id_mappings *m = userns_mappings(config, kind);

	return !m->n || userns_maps(config, kind, 0) ? 0 : m->v[0].container_id;
}

uint32_t userns_host_id(const struct config *config, enum map_kind kind, uint32_t id)
{
	const struct id_mappings *m = userns_mappings(config, kind);

	for (size_t i = 0; i < m->n; i++)
		if (id >= m->v[i].container_id && id - m->v[i].container_id < m->v[i].size)
			return m->v[i].host_id + (id - m->v[i].container_id);
	return id;
}

static int by_container_id(const void *a, const void *b)
{
	const struct id_mapping *x = a, *y = b;

	return (x->container_id > y->container_id) - (x->container_id < y->container_id);
}

size_t userns_merge(const struct id_mappings *m, struct id_mapping *ret)
{
	size_t n = 0;

	if (!m->n)
		return 0;
	memcpy(ret, m->v, m->n * sizeof(*ret));
	qsort(ret, m->n, sizeof(*ret), by_container_id);
	for (size_t i = 1; i < m->n; i++) {
		struct id_mapping *last = &ret[n];

		if (last->container_id + last->size == ret[i].container_id && last->host_id + last->size == ret[i].host_id)
			last->size += ret[i].size;
		else
			ret[++n] = ret[i];
	}
	return n + 1;
}

/* ---- what is left out ---- */

/*
 * The caller is the container's user, who thus owns what it makes in bind mounts; ids below and above it come from
 * the caller's range.
 */
static int map_caller(struct config *c, enum map_kind kind, const struct caller *caller, struct error *err)
{
	struct id_mappings *m = kind == MAP_UIDS ? &c->linux_.uid_mappings : &c->linux_.gid_mappings;
	uint32_t inside = kind == MAP_UIDS ? c->process.user.uid : c->process.user.gid;
	struct sub_range left = caller->sub[kind];
	struct id_mapping *v = json_alloc(c->doc, 3 * sizeof(*v));
	uint32_t below = inside < left.n ? inside : left.n;
	size_t n = 0;

	if (!v)
		return error_set(err, ENOMEM, "map the caller's ids");
	if (below)
		v[n++] = (struct id_mapping){0, left.first, below, user_namespace(c)->at};
	v[n++] = (struct id_mapping){inside, caller->ids[kind], 1, user_namespace(c)->at};
	if (left.n - below)
		v[n++] = (struct id_mapping){inside + 1, left.first + below, left.n - below, user_namespace(c)->at};
	*m = (struct id_mappings){true, n, v, user_namespace(c)->at};
	return 0;
}

static int no_mappings(const struct config *c, enum map_kind kind, struct error *err)
{
	error_set(err, EINVAL, "a new user namespace without %sMappings", kind_names[kind]);
	error_hint(err, "linux.%sMappings says which ids of the host are the container's: [{\"containerID\": 0, "
	                "\"hostID\": 100000, \"size\": 65536}]", kind_names[kind]);
	return error_locate(err, user_namespace(c)->at);
}

static int complete_maps(struct config *c, const struct caller *caller, struct error *err)
{
	int r = 0;

	for (enum map_kind kind = 0; kind < MAP_KINDS && r == 0; kind++) {
		if (userns_mappings(c, kind)->n)
			continue;
		r = caller->ordinary ? map_caller(c, kind, caller, err) : no_mappings(c, kind, err);
	}
	return r;
}

/* ---- what names an id ---- */

static int not_mapped(enum map_kind kind, uint64_t id, const char *who, struct source at, struct error *err)
{
	error_set(err, EINVAL, "%s %llu is not mapped in the container's user namespace", who, (unsigned long long)id);
	error_hint(err, "add a row that covers it to linux.%sMappings, or use an id that is mapped", kind_names[kind]);
	return error_locate(err, at);
}

static int check_user(const struct config *c, struct error *err)
{
	const struct user *u = &c->process.user;

	if (!c->process.set)
		return 0;
	if (!userns_maps(c, MAP_UIDS, u->uid))
		return not_mapped(MAP_UIDS, u->uid, "user", u->at, err);
	if (!userns_maps(c, MAP_GIDS, u->gid))
		return not_mapped(MAP_GIDS, u->gid, "group", u->at, err);
	for (size_t i = 0; i < u->additional_gids.n; i++)
		if (!userns_maps(c, MAP_GIDS, u->additional_gids.v[i]))
			return not_mapped(MAP_GIDS, u->additional_gids.v[i], "additional group", u->at, err);
	return 0;
}

static int check_groups(const struct config *c, const struct caller *caller, struct error *err)
{
	if (!c->process.user.additional_gids.n || userns_callers_groups(c) || !userns_keeps_groups(c, caller))
		return 0;
	error_set(err, EPERM, "set the additional groups");
	error_hint(err, "the kernel denies setgroups where a user maps nothing but its own group: map a range of /etc/subgid "
	                "as well, or leave additionalGids out");
	return error_locate(err, c->process.user.at);
}

int userns_complete(struct config *config, const struct caller *caller, struct error *err)
{
	struct namespace *ns = &config->linux_.namespaces[NS_USER];
	int r = 0;

	if (!ns->set && caller->ordinary && caller->ids[MAP_UIDS] != 0) {
		log_debug("no user namespace is asked for: one is made, as an ordinary user can do nothing without");
		*ns = (struct namespace){.set = true, .at = config->linux_.at};
	}
	if (is_new(config))
		r = complete_maps(config, caller, err);
	if (r == 0)
		r = check_user(config, err);
	return r < 0 ? r : check_groups(config, caller, err);
}
