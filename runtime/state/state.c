/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "cgroups/unit.h"
#include "runtime/state/reader.h"
#include "spec/emit.h"
#include "spec/json.h"

/* ---- writing ---- */

static void emit_groups(struct emitter *e, const char *key, const struct state *s, bool kept)
{
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < s->n_groups; i++)
		if (s->group_kept[i] == kept)
			emit_string(e, s->groups[i]);
	emit_end_array(e);
}

/* Few have any: a path of several parts whose first ones were missing. */
static void emit_parents(struct emitter *e, const struct state *s)
{
	bool any = false;

	for (size_t i = 0; i < s->n_groups; i++)
		any |= s->group_parents[i] > 0;
	if (!any)
		return;
	emit_key(e, "madeParents");
	emit_array(e);
	for (size_t i = 0; i < s->n_groups; i++) {
		char parent[CGROUP_PATH_MAX];

		snprintf(parent, sizeof(parent), "%.*s", (int)s->group_parents[i], s->groups[i]);
		if (*parent)
			emit_string(e, parent);
	}
	emit_end_array(e);
}

static void emit_unit(struct emitter *e, const struct state *s)
{
	if (!s->unit)
		return;
	emit_key(e, "systemd");
	emit_object(e);
	emit_key_string(e, "unit", s->unit);
	emit_key_bool(e, "user", s->unit_user);
	if (s->unit_held)
		emit_key_bool(e, "held", true);
	emit_key_uint(e, "group", s->unit_group);
	emit_end_object(e);
}

static void emit_rdt(struct emitter *e, const struct rdt_group *g)
{
	if (!g->name)
		return;
	emit_key(e, "rdt");
	emit_object(e);
	emit_key_string(e, "group", g->name);
	emit_key_bool(e, "made", g->made);
	emit_key_bool(e, "shared", g->shared);
	emit_key_bool(e, "monitored", g->monitored);
	emit_end_object(e);
}

static void emit_keeper(struct emitter *e, const struct state_keeper *k)
{
	if (!k->pid)
		return;
	emit_key(e, "keeper");
	emit_object(e);
	emit_key_int(e, "pid", k->pid);
	emit_key_uint(e, "startTime", k->start_time);
	if (k->log)
		emit_key_string(e, "log", k->log);
	if (k->policy)
		emit_key_string(e, "policy", k->policy);
	emit_key_uint(e, "restarts", k->restarts);
	if (k->ended)
		emit_key_int(e, "exitStatus", k->exit_status);
	emit_end_object(e);
}

/* Common members in another order, or with others between them, are read more slowly (reader.c). */
static void emit_fields(struct emitter *e, const struct state *s)
{
	emit_object(e);
	emit_key_string(e, "ociVersion", "1.3.0");
	emit_key_string(e, "id", s->id);
	emit_key_string(e, "bundle", s->bundle);
	emit_key_string(e, "rootfs", s->rootfs);
	emit_key_string(e, "created", s->created);
	emit_key_bool(e, "creating", s->creating);
	emit_key_int(e, "pid", s->pid);
	emit_key_uint(e, "startTime", s->start_time);
	if (s->inode)
		emit_key_uint(e, "inode", s->inode);
	emit_key_uint(e, "owner", s->owner);
	emit_key_bool(e, "notify", s->notify);
	emit_groups(e, "groups", s, false);
	emit_groups(e, "keptGroups", s, true);
	emit_parents(e, s);
	emit_unit(e, s);
	emit_rdt(e, &s->rdt);
	if (s->upper)
		emit_key_string(e, "upper", s->upper);
	if (s->network)
		emit_key_bool(e, "network", true);
	emit_key_pairs(e, "annotations", &s->annotations);
	emit_keeper(e, &s->keeper);
	emit_end_object(e);
}

static int write_state(const struct store *store, const struct state *state,
                       int (*write)(const struct store *, const char *, const void *, size_t, struct error *), struct error *err)
{
	cleanup_free char *text = NULL;
	struct emitter e = {0};
	size_t len = 0;
	int r;

	emit_fields(&e, state);
	r = emit_finish(&e, &text, &len, err);
	return r < 0 ? r : write(store, "state.json", text, len, err);
}

int state_write(const struct store *store, const struct state *state, struct error *err)
{
	return write_state(store, state, store_write_file, err);
}

int state_write_first(const struct store *store, const struct state *state, struct error *err)
{
	return write_state(store, state, store_write_first, err);
}

/* ---- reading ---- */

static const char *get_string(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->text : "";
}

static uint64_t get_number(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_NUMBER ? strtoull(value->text, NULL, 10) : 0;
}

static bool get_bool(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_BOOL && value->truth;
}

static void get_groups(const struct json *root, const char *key, bool kept, struct state *ret)
{
	const struct json *list = json_get(root, key);

	for (const struct json *g = list ? list->first : NULL; g; g = g->next)
		if (g->type == JSON_STRING && ret->n_groups < CGROUP_HIERARCHIES_MAX) {
			ret->group_kept[ret->n_groups] = kept;
			ret->groups[ret->n_groups++] = g->text;
		}
}

/* Each belongs to the group that is below it. */
static void get_parents(const struct json *root, struct state *ret)
{
	const struct json *list = json_get(root, "madeParents");

	for (const struct json *p = list ? list->first : NULL; p; p = p->next) {
		size_t len = p->type == JSON_STRING ? strlen(p->text) : 0;

		for (size_t i = 0; len > 0 && i < ret->n_groups; i++)
			if (strncmp(ret->groups[i], p->text, len) == 0 && ret->groups[i][len] == '/')
				ret->group_parents[i] = len;
	}
}

static void get_unit(const struct json *root, struct state *ret)
{
	const struct json *unit = json_get(root, "systemd");

	if (!unit || unit->type != JSON_OBJECT || !unit_is_name(get_string(unit, "unit")))
		return;
	ret->unit = get_string(unit, "unit");
	ret->unit_user = get_bool(unit, "user");
	ret->unit_held = get_bool(unit, "held");
	ret->unit_group = get_number(unit, "group");
}

static void get_rdt(const struct json *root, struct rdt_group *ret)
{
	const struct json *rdt = json_get(root, "rdt");

	if (!rdt || rdt->type != JSON_OBJECT || !*get_string(rdt, "group"))
		return;
	*ret = (struct rdt_group){
		.name = get_string(rdt, "group"),
		.made = get_bool(rdt, "made"),
		.shared = get_bool(rdt, "shared"),
		.monitored = get_bool(rdt, "monitored"),
	};
}

static void get_keeper(const struct json *root, struct state_keeper *ret)
{
	const struct json *keeper = json_get(root, "keeper");

	if (!keeper || keeper->type != JSON_OBJECT)
		return;
	ret->pid = (pid_t)get_number(keeper, "pid");
	ret->start_time = get_number(keeper, "startTime");
	ret->log = *get_string(keeper, "log") == '/' ? get_string(keeper, "log") : NULL;
	ret->policy = *get_string(keeper, "policy") ? get_string(keeper, "policy") : NULL;
	ret->restarts = (unsigned)get_number(keeper, "restarts");
	ret->ended = json_get(keeper, "exitStatus") != NULL;
	ret->exit_status = (int)get_number(keeper, "exitStatus");
}

static int get_annotations(const struct json *root, struct state *ret, struct error *err)
{
	const struct json *map = json_get(root, "annotations");

	if (!map || map->type != JSON_OBJECT || !map->len)      /* what a list has, has no names */
		return 0;
	ret->annotations.v = json_alloc(ret->doc, map->len * sizeof(struct pair));
	if (!ret->annotations.v)
		return error_set(err, ENOMEM, "read the state");
	for (const struct json *a = map->first; a; a = a->next)
		if (a->type == JSON_STRING)
			ret->annotations.v[ret->annotations.n++] =
				(struct pair){a->key, a->text, json_source(a)};
	return 0;
}

int state_parse(const char *text, size_t len, const char *id, struct state *ret, struct error *err)
{
	const struct json *root;

	*ret = (struct state){0};
	if (json_parse(text, len, "state.json", &ret->doc, err) < 0)
		return error_wrap(err, "read the state of container %s", id);
	root = json_root(ret->doc);
	ret->id = get_string(root, "id");
	ret->bundle = get_string(root, "bundle");
	ret->rootfs = get_string(root, "rootfs");
	ret->created = get_string(root, "created");
	ret->creating = get_bool(root, "creating");
	ret->notify = get_bool(root, "notify");
	ret->pid = (pid_t)get_number(root, "pid");
	ret->start_time = get_number(root, "startTime");
	ret->inode = get_number(root, "inode");
	ret->owner = (uid_t)get_number(root, "owner");
	get_groups(root, "groups", false, ret);
	get_groups(root, "keptGroups", true, ret);
	get_parents(root, ret);
	get_unit(root, ret);
	get_rdt(root, &ret->rdt);
	ret->network = get_bool(root, "network");
	get_keeper(root, &ret->keeper);
	ret->upper = *get_string(root, "upper") == '/' ? get_string(root, "upper") : NULL;
	return get_annotations(root, ret, err);
}

int state_read(const struct store *store, struct state *ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	*ret = (struct state){0};
	r = store_read_file(store, "state.json", &text, &len, err);
	if (r < 0)
		return err->code == ENOENT ? STATE_EMPTY : r;
	if (!reader_take(text, len, ret))
		r = state_parse(text, len, store->id, ret, err);
	/* The next boot begins to count anew. */
	if (ret->inode && store_place(store) != PLACE_MEMORY)
		ret->inode = 0;
	return r;
}

void state_free(struct state *state)
{
	json_free(state->doc);
	free(state->owned[0]);
	free(state->owned[1]);
	*state = (struct state){0};
}
