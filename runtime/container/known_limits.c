/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/known_limits.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/flags/text.h"
#include "spec/emit.h"
#include "spec/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define AT(member) offsetof(struct resources, member)

enum kind { INT, UINT, TEXT };

/* `together`: bit n = written together with all others that have it. */
static const struct limit {
	const char *chapter, *key;
	enum kind kind;
	size_t offset;
	unsigned together;
} limits[] = {
	{"memory", "limit", INT, AT(memory.limit), 1},
	{"memory", "swap", INT, AT(memory.swap), 1},
	{"memory", "reservation", INT, AT(memory.reservation), 0},
	{"cpu", "shares", UINT, AT(cpu.shares), 0},
	{"cpu", "quota", INT, AT(cpu.quota), 2},
	{"cpu", "period", UINT, AT(cpu.period), 2},
	{"cpu", "burst", UINT, AT(cpu.burst), 2},
	{"cpu", "realtimeRuntime", INT, AT(cpu.realtime_runtime), 4},
	{"cpu", "realtimePeriod", UINT, AT(cpu.realtime_period), 4},
	{"cpu", "idle", INT, AT(cpu.idle), 0},
	{"cpu", "cpus", TEXT, AT(cpu.cpus), 0},
	{"cpu", "mems", TEXT, AT(cpu.mems), 0},
	{"blockIO", "weight", UINT, AT(block_io.weight), 0},
	{"pids", "limit", INT, AT(pids_limit), 0},
};

static const void *member(const struct resources *r, const struct limit *l)
{
	return (const char *)r + l->offset;
}

static bool is_set(const struct resources *r, const struct limit *l)
{
	switch (l->kind) {
	case INT:
		return ((const struct opt_int *)member(r, l))->set;
	case UINT:
		return ((const struct opt_uint *)member(r, l))->set;
	case TEXT:
		return ((const struct text *)member(r, l))->s;
	}
	return false;
}

/* Without its place, which is one of another text. */
static void copy(struct resources *to, const struct resources *from, const struct limit *l)
{
	void *dest = (char *)to + l->offset;

	switch (l->kind) {
	case INT:
		*(struct opt_int *)dest = (struct opt_int){.set = true, .value = ((const struct opt_int *)member(from, l))->value};
		break;
	case UINT:
		*(struct opt_uint *)dest = (struct opt_uint){.set = true, .value = ((const struct opt_uint *)member(from, l))->value};
		break;
	case TEXT:
		*(struct text *)dest = (struct text){.s = ((const struct text *)member(from, l))->s};
		break;
	}
	to->memory.set |= strcmp(l->chapter, "memory") == 0;
	to->cpu.set |= strcmp(l->chapter, "cpu") == 0;
	to->block_io.set |= strcmp(l->chapter, "blockIO") == 0;
}

static void overrule(struct resources *r, const struct resources *later)
{
	for (size_t i = 0; i < COUNT(limits); i++)
		if (is_set(later, &limits[i]))
			copy(r, later, &limits[i]);
}

/* What linux.resources has no word for stands beside it. */
static void read_rdt(struct config *config)
{
	const struct json *rdt = json_get(json_root(config->doc), "intelRdt");
	const struct json *l3 = json_get(rdt, "l3CacheSchema"), *mb = json_get(rdt, "memBwSchema");

	config->linux_.intel_rdt.l3_cache_schema.s = l3 && l3->type == JSON_STRING ? l3->text : NULL;
	config->linux_.intel_rdt.mem_bw_schema.s = mb && mb->type == JSON_STRING ? mb->text : NULL;
}

/* *ret is NULL where no update set any. */
static int read_limits(const struct store *store, struct config **ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = store_read_file(store, "resources.json", &text, &len, err);

	*ret = NULL;
	if (r < 0)
		return err->code == ENOENT ? 0 : r;
	r = config_parse_resources(text, len, "resources.json", ret, err);
	if (r == 0)
		read_rdt(*ret);
	return r;
}

int known_limits_read(const struct store *store, const struct config *config, struct known_limits *ret, struct error *err)
{
	int r;

	*ret = (struct known_limits){0};
	r = read_limits(store, &ret->later, err);
	overrule(&ret->resources, &config->linux_.resources);
	if (r == 0 && ret->later)
		overrule(&ret->resources, &ret->later->linux_.resources);
	return r;
}

void known_limits_free(struct known_limits *known)
{
	config_free(known->later);
}

void known_limits_complete(struct resources *given, const struct resources *known)
{
	unsigned together = 0;

	for (size_t i = 0; i < COUNT(limits); i++)
		if (is_set(given, &limits[i]))
			together |= limits[i].together;
	/* No limit of memory is none of swap either. */
	if (given->memory.limit.set && given->memory.limit.value < 0)
		together &= ~1u;
	for (size_t i = 0; i < COUNT(limits); i++)
		if ((limits[i].together & together) && !is_set(given, &limits[i]) && is_set(known, &limits[i]))
			copy(given, known, &limits[i]);
}

static void emit_limit(struct emitter *e, const struct resources *r, const struct limit *l)
{
	switch (l->kind) {
	case INT:
		emit_key_int(e, l->key, ((const struct opt_int *)member(r, l))->value);
		break;
	case UINT:
		emit_key_uint(e, l->key, ((const struct opt_uint *)member(r, l))->value);
		break;
	case TEXT:
		emit_key_string(e, l->key, ((const struct text *)member(r, l))->s);
		break;
	}
}

static void emit_rdt(struct emitter *e, const struct intel_rdt *known, const struct intel_rdt *given)
{
	const char *l3 = given->l3_cache_schema.s, *mb = given->mem_bw_schema.s;

	l3 = l3 || !known ? l3 : known->l3_cache_schema.s;
	mb = mb || !known ? mb : known->mem_bw_schema.s;
	if (!l3 && !mb)
		return;
	emit_key(e, "intelRdt");
	emit_object(e);
	if (l3)
		emit_key_string(e, "l3CacheSchema", l3);
	if (mb)
		emit_key_string(e, "memBwSchema", mb);
	emit_end_object(e);
}

int known_limits_write(const struct store *store, const struct known_limits *known, const struct resources *given,
                       const struct intel_rdt *rdt, struct error *err)
{
	cleanup_free char *text = NULL;
	struct resources all = known->resources;
	const char *chapter = NULL;
	struct emitter e = {0};
	size_t len = 0;
	int r;

	overrule(&all, given);
	if (given->memory.limit.set && given->memory.limit.value < 0 && !given->memory.swap.set)
		all.memory.swap = (struct opt_int){0};
	emit_object(&e);
	for (size_t i = 0; i < COUNT(limits); i++) {
		if (!is_set(&all, &limits[i]))
			continue;
		if (!chapter || strcmp(chapter, limits[i].chapter) != 0) {
			if (chapter)
				emit_end_object(&e);
			chapter = limits[i].chapter;
			emit_key(&e, chapter);
			emit_object(&e);
		}
		emit_limit(&e, &all, &limits[i]);
	}
	if (chapter)
		emit_end_object(&e);
	emit_rdt(&e, known->later ? &known->later->linux_.intel_rdt : NULL, rdt);
	emit_end_object(&e);
	r = emit_finish(&e, &text, &len, err);
	return r < 0 ? r : store_write_file(store, "resources.json", text, len, err);
}

/* ---- one more start ---- */

/* "L3:0=f" and " L3:0=3;1=3" are of the same resource; of several lines any. */
static bool names_resource(const char *lines, const char *line)
{
	line += strspn(line, " ");
	for (; lines && *lines; lines = strchr(lines, '\n'), lines += lines != NULL) {
		const char *one = lines + strspn(lines, " ");
		size_t len = strcspn(one, ":");

		if (one[len] && strcspn(line, ":") == len && strncmp(one, line, len) == 0)
			return true;
	}
	return false;
}

/* Lines of `schemata` are written last, and would undo it. */
static void overrule_rdt(struct intel_rdt *to, const struct intel_rdt *later)
{
	size_t kept = 0;

	if (later->l3_cache_schema.s)
		to->l3_cache_schema = later->l3_cache_schema;
	if (later->mem_bw_schema.s)
		to->mem_bw_schema = later->mem_bw_schema;
	for (size_t i = 0; i < to->schemata.n; i++)
		if (!names_resource(later->l3_cache_schema.s, to->schemata.v[i].s) &&
		    !names_resource(later->mem_bw_schema.s, to->schemata.v[i].s))
			to->schemata.v[kept++] = to->schemata.v[i];
	to->schemata.n = kept;
}

/* `given`: NULL where no update set any. */
static int merge(const char *text, size_t len, const struct config *given, char **ret, size_t *ret_len, struct error *err)
{
	struct config *config = NULL;
	int r = config_parse(text, len, "config.json", &config, err);

	if (r == 0) {
		struct resources *to = &config->linux_.resources;

		/* It has all that is known: a limit of swap that it has no more is none. */
		to->memory.swap = (struct opt_int){0};
		overrule(to, &given->linux_.resources);
		to->set = true;
		overrule_rdt(&config->linux_.intel_rdt, &given->linux_.intel_rdt);
		r = flags_text(config, ret, ret_len, err);
	}
	config_free(config);
	return r;
}

int known_limits_text(const struct store *store, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_free char *text = NULL;
	struct config *given = NULL;
	size_t len = 0;
	int r = store_read_file(store, "config.json", &text, &len, err);

	r = r < 0 ? r : read_limits(store, &given, err);
	if (r == 0 && given) {
		r = merge(text, len, given, ret, ret_len, err);
	} else if (r == 0) {
		*ret = steal_ptr(&text);
		*ret_len = len;
	}
	config_free(given);
	return r;
}
