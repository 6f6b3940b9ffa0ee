/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/emit.h"
#include "spec/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- values; `key` is written by the first of them that has one ---- */

static void put_texts(struct emitter *e, const char *key, const struct texts *list)
{
	if (!list->n && !list->set)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < list->n; i++)
		emit_string(e, list->v[i].s);
	emit_end_array(e);
}

static void put_text(struct emitter *e, const char *key, const struct text *text)
{
	if (text->s)
		emit_key_string(e, key, text->s);
}

/* ---- process ---- */

static void put_terminal(struct emitter *e, const char *key, const struct config *c)
{
	emit_key_bool(e, key, c->process.terminal);
}

static void put_cwd(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->process.cwd);
}

static void put_env(struct emitter *e, const char *key, const struct config *c)
{
	put_texts(e, key, &c->process.env);
}

static void put_args(struct emitter *e, const char *key, const struct config *c)
{
	put_texts(e, key, &c->process.args);
}

static void put_rlimits(struct emitter *e, const char *key, const struct config *c)
{
	const struct process *p = &c->process;

	if (!p->rlimits.n)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < p->rlimits.n; i++) {
		emit_object(e);
		emit_key_string(e, "type", p->rlimits.v[i].type.s);
		emit_key_uint(e, "soft", p->rlimits.v[i].soft);
		emit_key_uint(e, "hard", p->rlimits.v[i].hard);
		emit_end_object(e);
	}
	emit_end_array(e);
}

static void put_apparmor(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->process.apparmor_profile);
}

static void put_label(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->process.selinux_label);
}

static void put_capabilities(struct emitter *e, const char *key, const struct config *c)
{
	const struct capabilities *sets = &c->process.capabilities;
	const struct { const char *key; const struct texts *list; } lists[] = {
		{"bounding", &sets->bounding},       {"effective", &sets->effective}, {"permitted", &sets->permitted},
		{"inheritable", &sets->inheritable}, {"ambient", &sets->ambient},
	};

	if (!sets->set)
		return;
	emit_key(e, key);
	emit_object(e);
	for (size_t i = 0; i < COUNT(lists); i++)
		put_texts(e, lists[i].key, lists[i].list);
	emit_end_object(e);
}

static void put_no_new_privileges(struct emitter *e, const char *key, const struct config *c)
{
	emit_key_bool(e, key, c->process.no_new_privileges);
}

static void put_oom_score(struct emitter *e, const char *key, const struct config *c)
{
	emit_key_opt_int(e, key, &c->process.oom_score_adj);
}

static void put_user(struct emitter *e, const char *key, const struct config *c)
{
	const struct user *u = &c->process.user;

	emit_key(e, key);
	emit_object(e);
	emit_key_uint(e, "uid", u->uid);
	emit_key_uint(e, "gid", u->gid);
	emit_key_opt_uint(e, "umask", &u->umask);
	if (u->additional_gids.n) {
		emit_key(e, "additionalGids");
		emit_array(e);
		for (size_t i = 0; i < u->additional_gids.n; i++)
			emit_uint(e, u->additional_gids.v[i]);
		emit_end_array(e);
	}
	emit_end_object(e);
}

/* ---- the root, names, mounts, annotations ---- */

static void put_root_readonly(struct emitter *e, const char *key, const struct config *c)
{
	emit_key_bool(e, key, c->root.readonly);
}

static void put_hostname(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->hostname);
}

static void put_domainname(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->domainname);
}

static void put_mappings(struct emitter *e, const char *key, const struct id_mappings *m)
{
	if (!m->set)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < m->n; i++) {
		emit_object(e);
		emit_key_uint(e, "containerID", m->v[i].container_id);
		emit_key_uint(e, "hostID", m->v[i].host_id);
		emit_key_uint(e, "size", m->v[i].size);
		emit_end_object(e);
	}
	emit_end_array(e);
}

static void put_mounts(struct emitter *e, const char *key, const struct config *c)
{
	if (!c->mounts.n)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount *m = &c->mounts.v[i];

		emit_object(e);
		put_text(e, "destination", &m->destination);
		put_text(e, "type", &m->type);
		put_text(e, "source", &m->source);
		put_texts(e, "options", &m->options);
		put_mappings(e, "uidMappings", &m->uid_mappings);
		put_mappings(e, "gidMappings", &m->gid_mappings);
		emit_end_object(e);
	}
	emit_end_array(e);
}

static void put_annotations(struct emitter *e, const char *key, const struct config *c)
{
	if (c->annotations.n)
		emit_key_pairs(e, key, &c->annotations);
}

/* ---- linux ---- */

static void put_sysctl(struct emitter *e, const char *key, const struct config *c)
{
	if (c->linux_.sysctl.n)
		emit_key_pairs(e, key, &c->linux_.sysctl);
}

static void put_masked(struct emitter *e, const char *key, const struct config *c)
{
	put_texts(e, key, &c->linux_.masked_paths);
}

static void put_readonly(struct emitter *e, const char *key, const struct config *c)
{
	put_texts(e, key, &c->linux_.readonly_paths);
}

static void put_mount_label(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->linux_.mount_label);
}

static void put_seccomp(struct emitter *e, const char *key, const struct config *c)
{
	if (!c->linux_.seccomp.set)
		return;
	emit_key(e, key);
	emit_raw(e, c->linux_.seccomp.raw, c->linux_.seccomp.raw_len);
}

static void put_devices(struct emitter *e, const char *key, const struct config *c)
{
	if (!c->linux_.devices.n)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < c->linux_.devices.n; i++) {
		const struct device *d = &c->linux_.devices.v[i];

		emit_object(e);
		emit_key_string(e, "type", (char[]){d->type, '\0'});
		put_text(e, "path", &d->path);
		/* validate_linux: -1 was not given. */
		if (d->major >= 0)
			emit_key_int(e, "major", d->major);
		if (d->minor >= 0)
			emit_key_int(e, "minor", d->minor);
		emit_key_opt_uint(e, "fileMode", &d->file_mode);
		emit_key_opt_uint(e, "uid", &d->uid);
		emit_key_opt_uint(e, "gid", &d->gid);
		emit_end_object(e);
	}
	emit_end_array(e);
}

/* ---- linux.resources ---- */

static void put_device_rules(struct emitter *e, const char *key, const struct config *c)
{
	const struct resources *r = &c->linux_.resources;

	if (!r->devices.n)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct device_rule *d = &r->devices.v[i];
		char access[4] = "";
		size_t n = 0;

		if (d->read)
			access[n++] = 'r';
		if (d->write)
			access[n++] = 'w';
		if (d->mknod)
			access[n++] = 'm';
		access[n] = '\0';
		emit_object(e);
		emit_key_bool(e, "allow", d->allow);
		emit_key_string(e, "type", (char[]){d->type, '\0'});
		emit_key_opt_int(e, "major", &d->major);
		emit_key_opt_int(e, "minor", &d->minor);
		emit_key_string(e, "access", access);
		emit_end_object(e);
	}
	emit_end_array(e);
}

#define RESOURCE_INT(name, field) \
	static void name(struct emitter *e, const char *key, const struct config *c) { emit_key_opt_int(e, key, &c->linux_.resources.field); }
#define RESOURCE_UINT(name, field) \
	static void name(struct emitter *e, const char *key, const struct config *c) { emit_key_opt_uint(e, key, &c->linux_.resources.field); }
#define RESOURCE_TEXT(name, field) \
	static void name(struct emitter *e, const char *key, const struct config *c) { put_text(e, key, &c->linux_.resources.field); }
RESOURCE_INT(put_memory, memory.limit)
RESOURCE_INT(put_swap, memory.swap)
RESOURCE_INT(put_reservation, memory.reservation)
RESOURCE_UINT(put_shares, cpu.shares)
RESOURCE_INT(put_quota, cpu.quota)
RESOURCE_UINT(put_period, cpu.period)
RESOURCE_UINT(put_burst, cpu.burst)
RESOURCE_INT(put_realtime_runtime, cpu.realtime_runtime)
RESOURCE_UINT(put_realtime_period, cpu.realtime_period)
RESOURCE_INT(put_idle, cpu.idle)
RESOURCE_TEXT(put_cpus, cpu.cpus)
RESOURCE_TEXT(put_mems, cpu.mems)
RESOURCE_INT(put_pids, pids_limit)
RESOURCE_UINT(put_weight, block_io.weight)

static void put_l3_cache(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->linux_.intel_rdt.l3_cache_schema);
}

static void put_bandwidth(struct emitter *e, const char *key, const struct config *c)
{
	put_text(e, key, &c->linux_.intel_rdt.mem_bw_schema);
}

static void put_schemata(struct emitter *e, const char *key, const struct config *c)
{
	put_texts(e, key, &c->linux_.intel_rdt.schemata);
}

#define RESOURCE_RATES(name, field) \
	static void name(struct emitter *e, const char *key, const struct config *c) \
	{ \
		emit_key_throttle(e, key, &c->linux_.resources.block_io.field); \
	}
RESOURCE_RATES(put_read_bps, read_bps)
RESOURCE_RATES(put_write_bps, write_bps)
RESOURCE_RATES(put_read_iops, read_iops)
RESOURCE_RATES(put_write_iops, write_iops)

/* ---- all of them: where each stands ---- */

static bool has_process(const struct config *c) { return c->process.set; }
static bool has_memory(const struct config *c) { return c->linux_.resources.memory.set; }
static bool has_cpu(const struct config *c) { return c->linux_.resources.cpu.set; }
static bool has_pids(const struct config *c) { return c->linux_.resources.pids_limit.set; }
static bool has_block_io(const struct config *c) { return c->linux_.resources.block_io.set; }
static bool has_rdt(const struct config *c) { return c->linux_.intel_rdt.set; }
static bool has_resources(const struct config *c) { return c->linux_.resources.set; }
static bool always(const struct config *c) { return true; }

static const struct chapter {
	const char *path;       /* of the object, from the root */
	bool (*has)(const struct config *c);    /* whether it is made where the text has none */
} chapters[] = {
	{"", always}, {"/process", has_process}, {"/root", always}, {"/linux", always}, {"/linux/resources", has_resources},
	{"/linux/resources/memory", has_memory}, {"/linux/resources/cpu", has_cpu}, {"/linux/resources/pids", has_pids},
	{"/linux/resources/blockIO", has_block_io}, {"/linux/intelRdt", has_rdt},
};

static const struct member {
	const char *chapter, *key;
	void (*put)(struct emitter *e, const char *key, const struct config *c);
} members[] = {
	{"/process", "terminal", put_terminal},
	{"/process", "user", put_user},
	{"/process", "args", put_args},
	{"/process", "env", put_env},
	{"/process", "cwd", put_cwd},
	{"/process", "capabilities", put_capabilities},
	{"/process", "rlimits", put_rlimits},
	{"/process", "noNewPrivileges", put_no_new_privileges},
	{"/process", "apparmorProfile", put_apparmor},
	{"/process", "selinuxLabel", put_label},
	{"/process", "oomScoreAdj", put_oom_score},
	{"/root", "readonly", put_root_readonly},
	{"", "hostname", put_hostname},
	{"", "domainname", put_domainname},
	{"", "mounts", put_mounts},
	{"", "annotations", put_annotations},
	{"/linux", "devices", put_devices},
	{"/linux", "sysctl", put_sysctl},
	{"/linux", "seccomp", put_seccomp},
	{"/linux", "maskedPaths", put_masked},
	{"/linux", "readonlyPaths", put_readonly},
	{"/linux", "mountLabel", put_mount_label},
	{"/linux/intelRdt", "schemata", put_schemata},
	{"/linux/intelRdt", "l3CacheSchema", put_l3_cache},
	{"/linux/intelRdt", "memBwSchema", put_bandwidth},
	{"/linux/resources", "devices", put_device_rules},
	{"/linux/resources/memory", "limit", put_memory},
	{"/linux/resources/memory", "swap", put_swap},
	{"/linux/resources/memory", "reservation", put_reservation},
	{"/linux/resources/cpu", "shares", put_shares},
	{"/linux/resources/cpu", "quota", put_quota},
	{"/linux/resources/cpu", "period", put_period},
	{"/linux/resources/cpu", "burst", put_burst},
	{"/linux/resources/cpu", "realtimeRuntime", put_realtime_runtime},
	{"/linux/resources/cpu", "realtimePeriod", put_realtime_period},
	{"/linux/resources/cpu", "idle", put_idle},
	{"/linux/resources/cpu", "cpus", put_cpus},
	{"/linux/resources/cpu", "mems", put_mems},
	{"/linux/resources/pids", "limit", put_pids},
	{"/linux/resources/blockIO", "weight", put_weight},
	{"/linux/resources/blockIO", "throttleReadBpsDevice", put_read_bps},
	{"/linux/resources/blockIO", "throttleWriteBpsDevice", put_write_bps},
	{"/linux/resources/blockIO", "throttleReadIOPSDevice", put_read_iops},
	{"/linux/resources/blockIO", "throttleWriteIOPSDevice", put_write_iops},
};

static bool is_ours(const char *chapter, const char *key)
{
	for (size_t i = 0; i < COUNT(members); i++)
		if (strcmp(members[i].chapter, chapter) == 0 && strcmp(members[i].key, key) == 0)
			return true;
	return false;
}

static const struct chapter *find_chapter(const char *path, const char *key)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < COUNT(chapters); i++)
		if (strncmp(chapters[i].path, path, len) == 0 && chapters[i].path[len] == '/' && strcmp(chapters[i].path + len + 1, key) == 0)
			return &chapters[i];
	return NULL;
}

static bool is_below(const struct chapter *below, const char *path)
{
	size_t len = strlen(path);

	return strncmp(below->path, path, len) == 0 && below->path[len] == '/' && !strchr(below->path + len + 1, '/');
}

/* `object` may be NULL.  What is ours comes last. */
static void put_chapter(struct emitter *e, const struct config *c, const struct chapter *chapter, const struct json *object)
{
	emit_object(e);
	for (const struct json *m = object ? object->first : NULL; m; m = m->next) {
		const struct chapter *below = m->type == JSON_OBJECT ? find_chapter(chapter->path, m->key) : NULL;

		if (is_ours(chapter->path, m->key) || (!below && find_chapter(chapter->path, m->key)))
			continue;
		emit_key(e, m->key);
		if (below)
			put_chapter(e, c, below, m);
		else
			emit_raw(e, json_raw(c->doc, m), m->span);
	}
	for (size_t i = 0; i < COUNT(members); i++)
		if (strcmp(members[i].chapter, chapter->path) == 0)
			members[i].put(e, members[i].key, c);
	for (size_t i = 1; i < COUNT(chapters); i++) {
		const char *key = strrchr(chapters[i].path, '/') + 1;
		const struct json *there = object ? json_get(object, key) : NULL;

		if (!is_below(&chapters[i], chapter->path) || (there && there->type == JSON_OBJECT) || !chapters[i].has(c))
			continue;
		emit_key(e, key);
		put_chapter(e, c, &chapters[i], NULL);
	}
	emit_end_object(e);
}

int flags_text(const struct config *config, char **ret, size_t *ret_len, struct error *err)
{
	struct emitter e = {.pretty = true};

	put_chapter(&e, config, &chapters[0], json_root(config->doc));
	if (e.foreign) {
		free(e.text);
		error_set(err, ERROR_SAID, "%s: %.200s is not UTF-8", e.foreign_key, e.foreign);
		return error_hint(err, "what flags and the command say becomes a part of config.json, which exec and restarts go by: it has UTF-8 alone");
	}
	return emit_finish(&e, ret, ret_len, err);
}
