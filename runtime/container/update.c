/*
 * update - other limits for a container that runs (features C060-C064).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/restore.h"
#include "cgroups/systemd.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/units.h"
#include "runtime/state/group.h"
#include "runtime/state/handle.h"
#include "runtime/container/known_limits.h"
#include "runtime/launch/text_file.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SYSTEMD_TIMEOUT_MS 25000

/* ---- what is asked for ---- */

enum form { SIZE_OR_ALL, COUNT_OR_ALL, NUMBER, SIGNED, LIST };

static const struct flag {
	const char *name;
	enum form form;
	size_t option, member;
	bool is_unsigned;
} flags[] = {
#define FLAG(name, form, option, member, u) {name, form, offsetof(struct update_options, option), offsetof(struct resources, member), u}
	FLAG("memory", SIZE_OR_ALL, memory, memory.limit, false),
	FLAG("memory-reservation", SIZE_OR_ALL, memory_reservation, memory.reservation, false),
	FLAG("memory-swap", SIZE_OR_ALL, memory_swap, memory.swap, false),
	FLAG("kernel-memory", SIZE_OR_ALL, kernel_memory, memory.kernel, false),
	FLAG("kernel-memory-tcp", SIZE_OR_ALL, kernel_memory_tcp, memory.kernel_tcp, false),
	FLAG("pids-limit", COUNT_OR_ALL, pids_limit, pids_limit, false),
	FLAG("cpu-quota", COUNT_OR_ALL, cpu_quota, cpu.quota, false),
	FLAG("cpu-rt-runtime", COUNT_OR_ALL, cpu_rt_runtime, cpu.realtime_runtime, false),
	FLAG("cpu-idle", SIGNED, cpu_idle, cpu.idle, false),
	FLAG("cpu-period", NUMBER, cpu_period, cpu.period, true),
	FLAG("cpu-burst", NUMBER, cpu_burst, cpu.burst, true),
	FLAG("cpu-share", NUMBER, cpu_share, cpu.shares, true),
	FLAG("cpu-rt-period", NUMBER, cpu_rt_period, cpu.realtime_period, true),
	FLAG("blkio-weight", NUMBER, blkio_weight, block_io.weight, true),
	FLAG("cpuset-cpus", LIST, cpuset_cpus, cpu.cpus, false),
	FLAG("cpuset-mems", LIST, cpuset_mems, cpu.mems, false),
#undef FLAG
};

static const char *const expectations[] = {
	[SIZE_OR_ALL] = "a size such as 512k, 50m or 1.5g, or -1 for no limit, is expected",
	[COUNT_OR_ALL] = "a number, or -1 for no limit, is expected",
	[NUMBER] = "a number is expected",
	[SIGNED] = "0 or 1 is expected",
	[LIST] = "a list such as 0-3,7 is expected",
};

static bool parse(enum form form, const char *text, int64_t *ret)
{
	uint64_t n = 0;
	bool all = form == SIZE_OR_ALL || form == COUNT_OR_ALL;

	if (all && strcmp(text, "-1") == 0) {
		*ret = -1;
		return true;
	}
	if (form == SIZE_OR_ALL ? !units_bytes(text, &n) : !units_scaled(text, 1, &n) || strchr(text, '.'))
		return false;
	*ret = (int64_t)n;
	return n <= INT64_MAX && !(form == SIGNED && n > 1);
}

static int set_flag(const struct flag *f, const char *text, struct resources *r, struct error *err)
{
	void *member = (char *)r + f->member;
	int64_t n = 0;

	if (f->form == LIST) {
		*(struct text *)member = (struct text){.s = text};
		return 0;
	}
	if (!parse(f->form, text, &n))
		return error_set(err, ERROR_SAID, "--%s %.80s: %s", f->name, text, expectations[f->form]);
	if (f->is_unsigned)
		*(struct opt_uint *)member = (struct opt_uint){.set = true, .value = (uint64_t)n};
	else
		*(struct opt_int *)member = (struct opt_int){.set = true, .value = n};
	return 0;
}

static int read_flags(const struct update_options *o, struct resources *r, struct error *err)
{
	int e = 0;

	for (size_t i = 0; i < COUNT(flags) && e == 0; i++) {
		const char *text = *(const char *const *)((const char *)o + flags[i].option);

		if (text)
			e = set_flag(&flags[i], text, r, err);
	}
	r->set = r->memory.set = r->cpu.set = r->block_io.set = true;
	return e;
}

/* The kernel takes some for "no limit", and refuses others. */
static int check_signs(const struct resources *r, struct error *err)
{
	const struct { const char *name; const struct opt_int *v; } limits[] = {
		{"memory.limit", &r->memory.limit}, {"memory.reservation", &r->memory.reservation},
		{"memory.swap", &r->memory.swap}, {"cpu.quota", &r->cpu.quota}, {"pids.limit", &r->pids_limit},
		{"cpu.realtimeRuntime", &r->cpu.realtime_runtime},
	};

	for (size_t i = 0; i < COUNT(limits); i++) {
		if (!limits[i].v->set || limits[i].v->value >= -1)
			continue;
		error_set(err, EINVAL, "%s %lld", limits[i].name, (long long)limits[i].v->value);
		error_hint(err, "-1 is no limit; other negative numbers mean nothing");
		return error_locate(err, limits[i].v->at);
	}
	return 0;
}

static int read_file(const char *path, struct config **ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = text_file_read(path, "resources", &text, &len, err);

	if (r == 0)
		r = config_parse_resources(text, len, text_file_name(path), ret, err);
	if (r == 0)
		r = config_validate(*ret, err);
	return r;
}

/* ---- carrying it out ---- */

static int update_rdt(const struct state *state, const struct intel_rdt *rdt, struct error *err)
{
	cleanup_close int root = -1;

	if (!rdt->set)
		return 0;
	if (!state->rdt.name) {
		error_set(err, ERROR_SAID, "the container is in no class of service of resctrl");
		return error_hint(err, "config.json's linux.intelRdt makes one");
	}
	if (!state->rdt.made) {
		error_set(err, ERROR_SAID, "the class of service %s was there before the container, which has not made it", state->rdt.name);
		return error_hint(err, RDT_ROOT "/%s/schemata says what all who are in it may use", state->rdt.name);
	}
	root = rdt_open(RDT_ROOT, err);
	return root < 0 ? root : rdt_enter(root, rdt, &state->rdt, state->id, state->pid, err);
}

/* What systemd does not know of it would set back, at the next daemon-reload. */
static int tell_systemd(const struct state *state, const struct group *group, const struct resources *r, struct error *err)
{
	struct dbus bus;
	int e;

	if (!state->unit)
		return 0;
	e = dbus_open(state->unit_user, SYSTEMD_TIMEOUT_MS, NULL, &bus, err);
	if (e < 0)
		return e;
	e = systemd_update(&bus, state->unit, r,
	                   (group->host.layout != CGROUP_V2 ? UNIT_V1 : 0) | (state->unit_held ? UNIT_HELD : 0), err);
	dbus_close(&bus);
	return e;
}

static int apply(const struct handle *h, const struct update_options *o, const struct known_limits *known,
                 const struct resources *given, struct error *err)
{
	const struct intel_rdt rdt = {
		.set = o->l3_cache_schema || o->mem_bw_schema, .l3_cache_schema.s = o->l3_cache_schema, .mem_bw_schema.s = o->mem_bw_schema};
	struct restore restore = {0};
	struct group group;
	int r = group_open(&h->state, &group, err);

	if (r == 0 && group.cgroup.n == 0) {
		error_set(err, ERROR_SAID, "the container has no control group to limit it with");
		r = error_hint(err, "without --cgroup-manager disabled, and where this user may make groups, it has one");
	}
	if (r == 0)
		r = cgroup_update(&group.cgroup, given, &restore, err);
	if (r == 0) {
		r = tell_systemd(&h->state, &group, given, err);
		r = r < 0 ? r : update_rdt(&h->state, &rdt, err);
		r = r < 0 ? r : known_limits_write(&h->store, known, given, &rdt, err);
		if (r < 0)
			restore_all(&restore, &group.cgroup);
	}
	restore_free(&restore);
	group_close(&group);
	return r;
}

static int update(const struct handle *h, const struct update_options *o, const struct resources *from_file,
                  struct error *err)
{
	struct config *config = NULL;
	struct known_limits known = {0};
	struct resources given = {0};
	int r = h->status == STATUS_STOPPED ? handle_not_running(err) : 0;

	if (from_file)
		given = *from_file;
	r = r < 0 ? r : read_flags(o, &given, err);
	r = r < 0 ? r : check_signs(&given, err);
	r = r < 0 ? r : store_read_config(&h->store, &config, err);
	r = r < 0 ? r : known_limits_read(&h->store, config, &known, err);
	if (r == 0) {
		known_limits_complete(&given, &known.resources);
		r = apply(h, o, &known, &given, err);
	}
	config_free(config);
	known_limits_free(&known);
	return r;
}

int container_update(const struct runtime_options *runtime, const char *id, const struct update_options *options,
                     struct error *err)
{
	struct config *file = NULL;
	struct handle h = {.root = -1, .store.dir = -1};
	int r = options->resources ? read_file(options->resources, &file, err) : 0;

	if (r == 0) {
		r = handle_open(runtime, id, STORE_LOCK, &h, err);
		if (r == 0)
			r = update(&h, options, file ? &file->linux_.resources : NULL, err);
		handle_close(&h);
	}
	if (r < 0 && file && !err->line)
		config_blame(file, err);
	config_free(file);
	return r;
}
