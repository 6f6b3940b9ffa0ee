/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/idmap.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "spec/validate.h"

#define MAP_TEXT_MAX 4095       /* bytes: user_namespaces(7), less than a page at once */
#define RANGE_TEXT_MAX 33       /* three numbers of ten digits, blanks, newline */

/* ---- the text of the option ---- */

struct ranges {
	struct id_mapping *v;
	size_t n, room;
};

static bool add_range(struct ranges *list, uint64_t inside, uint64_t outside, uint64_t size, struct source at)
{
	if (list->n == list->room) {
		size_t room = 2 * list->room + 8;
		struct id_mapping *bigger = realloc(list->v, room * sizeof(*bigger));

		if (!bigger)
			return false;
		list->v = bigger;
		list->room = room;
	}
	list->v[list->n++] = (struct id_mapping){(uint32_t)inside, (uint32_t)outside, (uint32_t)size, at};
	return true;
}

static bool read_id(const char **p, uint64_t *ret)
{
	uint64_t n = 0;
	const char *s = *p;

	for (; isdigit((unsigned char)*s) && n <= UINT32_MAX; s++)
		n = 10 * n + (uint64_t)(*s - '0');
	if (s == *p || n > UINT32_MAX)
		return false;
	*p = s;
	*ret = n;
	return true;
}

/* "0-1000-10": first id of the file system, first id that is shown, how many. */
static bool read_range(const char **p, uint64_t ret[3])
{
	return read_id(p, &ret[0]) && *(*p)++ == '-' && read_id(p, &ret[1]) && *(*p)++ == '-' && read_id(p, &ret[2]);
}

static const struct id_mapping *find_inside(const struct id_mappings *own, uint64_t id)
{
	for (size_t i = 0; i < own->n; i++)
		if (id - own->v[i].container_id < own->v[i].size)
			return &own->v[i];
	return NULL;
}

/* "@": what is shown are ids of the container.  A range that lies in several of its ranges becomes as many. */
static int add_relative(struct ranges *list, const struct id_mappings *own, uint64_t range[3], const struct text *word,
                        struct error *err)
{
	while (range[2] > 0) {
		const struct id_mapping *m = find_inside(own, range[1]);
		uint64_t skip, n;

		if (!m) {
			error_set(err, EINVAL, "mount option %s: the container's user namespace does not map id %llu",
			          word->s, (unsigned long long)range[1]);
			return error_locate(err, word->at);
		}
		skip = range[1] - m->container_id;
		n = m->size - skip < range[2] ? m->size - skip : range[2];
		if (!add_range(list, range[0], m->host_id + skip, n, word->at))
			return error_set(err, ENOMEM, "read the mount option %s", word->s);
		range[0] += n;
		range[1] += n;
		range[2] -= n;
	}
	return 0;
}

static int malformed(const struct text *word, struct error *err)
{
	error_set(err, EINVAL, "mount option %s: it does not list ranges of ids", word->s);
	error_hint(err, "such as idmap=uids=0-1000-1#1-5000-10;gids=0-1000-1: file system's id, shown id, how many");
	return error_locate(err, word->at);
}

/* Ranges up to ';' or the end, separated by '#' (crun) or ','. */
static int read_ranges(const char **p, const struct id_mappings *own, const struct text *word, struct ranges *ret,
                       struct error *err)
{
	for (;; (*p)++) {
		bool relative = **p == '@';
		uint64_t range[3];
		int r = 0;

		*p += relative;
		if (!read_range(p, range))
			return malformed(word, err);
		if (relative && range[2])
			r = add_relative(ret, own, range, word, err);
		else if (!add_range(ret, range[0], range[1], range[2], word->at))
			r = error_set(err, ENOMEM, "read the mount option %s", word->s);
		if (r < 0)
			return r;
		if (**p == '\0' || **p == ';')
			return 0;
		if (**p != '#' && **p != ',')
			return malformed(word, err);
	}
}

static int read_option(const struct config *c, const struct text *word, struct ranges ret[2], struct error *err)
{
	static const char *const names[2] = {"uids=", "gids="};
	const struct id_mappings *own[2] = {&c->linux_.uid_mappings, &c->linux_.gid_mappings};
	const char *p = strchr(word->s, '=') + 1;

	for (;; p++) {
		unsigned kind = strncmp(p, names[1], 5) == 0;
		int r;

		if (strncmp(p, names[kind], 5) != 0 || ret[kind].n)
			return malformed(word, err);
		p += 5;
		r = read_ranges(&p, own[kind], word, &ret[kind], err);
		if (r < 0 || !*p)
			return r;
	}
}

/* ---- the slot ---- */

static plan_str map_text(struct builder *b, const struct id_mappings *map, struct error *err)
{
	cleanup_free char *text = malloc(RANGE_TEXT_MAX * map->n + 1);
	size_t n = 0;

	if (!text) {
		b->failed = true;
		return 0;
	}
	for (size_t i = 0; i < map->n; i++)
		n += (size_t)sprintf(text + n, "%u %u %u\n", map->v[i].container_id, map->v[i].host_id, map->v[i].size);
	if (n > MAP_TEXT_MAX) {
		error_set(err, EINVAL, "%zu ranges of ids take %zu bytes: the kernel takes %d", map->n, n, MAP_TEXT_MAX);
		error_locate(err, map->at);
		return 0;
	}
	return builder_str(b, text);
}

static const char *text_at(const struct builder *b, plan_str s)
{
	return b->data + s;
}

/* One namespace for each pair of maps, however many mounts use it. */
static uint32_t find_slot(const struct builder *b, plan_str uids, plan_str gids)
{
	for (size_t i = 0; i < b->n_slots && !b->failed; i++)
		if (b->slots[i].kind == SLOT_IDS && strcmp(text_at(b, b->slots[i].path), text_at(b, uids)) == 0 &&
		    strcmp(text_at(b, b->slots[i].gids), text_at(b, gids)) == 0)
			return (uint32_t)i + 1;
	return 0;
}

static int add_slot(struct builder *b, const struct id_mappings *uids, const struct id_mappings *gids,
                    struct source at, uint32_t *ret, struct error *err)
{
	plan_str uid_text, gid_text = 0;
	int r = id_mappings_check(uids, err);

	if (r == 0)
		r = id_mappings_check(gids, err);
	if (r < 0)
		return r;
	uid_text = map_text(b, uids, err);
	if (uid_text)
		gid_text = map_text(b, gids, err);
	if (!gid_text)
		return b->failed ? 0 : -EINVAL;
	*ret = find_slot(b, uid_text, gid_text);
	if (*ret == 0) {
		*ret = builder_slot(b, SLOT_IDS, NULL, 0, at) + 1;
		if (b->failed)
			return 0;
		b->slots[*ret - 1].path = uid_text;
		b->slots[*ret - 1].gids = gid_text;
	}
	return 0;
}

/* ---- which mappings ---- */

static int no_mappings(const struct text *word, struct error *err)
{
	error_set(err, EINVAL, "mount option %s: neither the mount nor the container has mappings", word->s);
	error_hint(err, "give the mount uidMappings and gidMappings, or linux a user namespace with its own");
	return error_locate(err, word->at);
}

static int half_a_mapping(const struct text *word, const char *what, struct error *err)
{
	error_set(err, EINVAL, "mount option %s: \"%s=\" is missing, and the container has no mapping", word->s, what);
	error_hint(err, "%s=0-0-4294967295 leaves them as they are", what);
	return error_locate(err, word->at);
}

int plan_idmap_own(const struct config *c, struct builder *b, struct source at, uint32_t *ret, struct error *err)
{
	const struct linux_config *l = &c->linux_;
	const struct namespace *ns = &l->namespaces[NS_USER];

	if (!ns->path.s)
		return add_slot(b, &l->uid_mappings, &l->gid_mappings, at, ret, err);
	*ret = builder_slot(b, SLOT_NAMESPACE, ns->path.s, CLONE_NEWUSER, at) + 1;
	return 0;
}

/* config.md "Mounts", idmap: "the runtime MAY use the container's user namespace mapping". */
static int from_container(const struct config *c, struct builder *b, const struct text *word, uint32_t *ret,
                          struct error *err)
{
	const struct linux_config *l = &c->linux_;
	const struct namespace *ns = &l->namespaces[NS_USER];

	if (!ns->set || (!ns->path.s && (!l->uid_mappings.n || !l->gid_mappings.n)))
		return no_mappings(word, err);
	return plan_idmap_own(c, b, word->at, ret, err);
}

/* What the option leaves out is the container's. */
static int from_option(const struct config *c, struct builder *b, const struct text *word, uint32_t *ret,
                       struct error *err)
{
	const struct id_mappings *own[2] = {&c->linux_.uid_mappings, &c->linux_.gid_mappings};
	struct ranges ranges[2] = {0};
	struct id_mappings maps[2];
	int r = read_option(c, word, ranges, err);

	for (unsigned i = 0; i < 2 && r == 0; i++) {
		maps[i] = ranges[i].n ? (struct id_mappings){true, ranges[i].n, ranges[i].v, word->at} : *own[i];
		if (!maps[i].n)
			r = half_a_mapping(word, i ? "gids" : "uids", err);
	}
	if (r == 0) {
		r = add_slot(b, &maps[0], &maps[1], word->at, ret, err);
		if (r < 0)
			error_wrap(err, "mount option %s", word->s);
	}
	free(ranges[0].v);
	free(ranges[1].v);
	return r;
}

bool plan_idmap_below(const struct mount_options *o)
{
	return o->idmap && o->idmap->s[0] == 'r';
}

int plan_idmap(const struct config *c, struct builder *b, const struct mount *m, const struct mount_options *o,
               uint32_t *ret, struct error *err)
{
	bool text = o->idmap && strchr(o->idmap->s, '=');

	*ret = 0;
	if (m->uid_mappings.n && text) {
		error_set(err, EINVAL, "mount option %s beside uidMappings", o->idmap->s);
		error_hint(err, "ids can be mapped once: give the option without ranges, or no uidMappings");
		return error_locate(err, o->idmap->at);
	}
	/* Mappings without the option are meant all the same: not to apply them would open files to the wrong ids. */
	if (m->uid_mappings.n)
		return add_slot(b, &m->uid_mappings, &m->gid_mappings, m->uid_mappings.at, ret, err);
	if (!o->idmap)
		return 0;
	return text ? from_option(c, b, o->idmap, ret, err) : from_container(c, b, o->idmap, ret, err);
}
