/*
 * validate_ids - ranges of ids: of the user namespace, and of single mounts.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/checks.h"

#include "spec/validate.h"

#define ID_RANGES_MAX 340       /* UID_GID_MAP_MAX_EXTENTS */
#define ID_ROWS_MAX   4096      /* of the user namespace, before neighbours are made one */

/* user_namespaces(7): no id is mapped twice, in neither direction. */
static bool overlap(const struct id_mapping *a, const struct id_mapping *b)
{
	return a->container_id - (uint64_t)b->container_id < b->size ||
	       b->container_id - (uint64_t)a->container_id < a->size ||
	       a->host_id - (uint64_t)b->host_id < b->size || b->host_id - (uint64_t)a->host_id < a->size;
}

static int check_ranges(const struct id_mappings *mappings, struct error *err)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct id_mapping *m = &mappings->v[i];

		if (m->size == 0)
			return refuse(err, m->at, "maps no id at all: size is 0");
		/* 4294967295 is no id, so the last one is 4294967294. */
		if ((uint64_t)m->container_id + m->size > UINT32_MAX ||
		    (uint64_t)m->host_id + m->size > UINT32_MAX)
			return refuse(err, m->at, "maps ids above %u", UINT32_MAX - 1);
		for (size_t j = 0; j < i; j++)
			if (overlap(m, &mappings->v[j]))
				return refuse(err, m->at, "maps an id that another range maps already");
	}
	return 0;
}

int id_mappings_check(const struct id_mappings *mappings, struct error *err)
{
	if (mappings->n > ID_RANGES_MAX)
		return refuse(err, mappings->at, "%zu ranges of ids: the kernel takes %d", mappings->n, ID_RANGES_MAX);
	return check_ranges(mappings, err);
}

/* Those of the user namespace: neighbours become one row when they are written (runtime/plan/userns.h). */
static int check_rows(const struct id_mappings *mappings, struct error *err)
{
	if (mappings->n > ID_ROWS_MAX)
		return refuse(err, mappings->at, "%zu ranges of ids", mappings->n);
	return check_ranges(mappings, err);
}

/* uidMappings and gidMappings: both or neither. */
int check_mount_mappings(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->mounts.n; i++) {
		const struct mount *m = &config->mounts.v[i];
		int r = 0;

		if ((m->uid_mappings.n > 0) != (m->gid_mappings.n > 0))
			return refuse(err, m->at, "a mount needs uidMappings and gidMappings, or neither");
		r = id_mappings_check(&m->uid_mappings, err);
		if (r == 0)
			r = id_mappings_check(&m->gid_mappings, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- config-linux.md "User namespace mappings" ---- */

int check_user_mappings(const struct config *config, struct error *err)
{
	const struct linux_config *l = &config->linux_;
	int r = 0;

	if (l->uid_mappings.n > 0)
		r = check_namespace(config, NS_USER, l->uid_mappings.at, "uidMappings", err);
	if (r == 0 && l->gid_mappings.n > 0)
		r = check_namespace(config, NS_USER, l->gid_mappings.at, "gidMappings", err);
	if (r == 0)
		r = check_rows(&l->uid_mappings, err);
	return r < 0 ? r : check_rows(&l->gid_mappings, err);
}
