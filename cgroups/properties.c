/*
 * properties - what systemd is told of a unit, in its own words (systemd.resource-control(5), and the D-Bus names of
 * org.freedesktop.systemd1(5), which differ in units of time).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/devices.h"
#include "cgroups/settings.h"
#include "cgroups/unit.h"
#include "cgroups/variant.h"
#include "spec/lists.h"

#define PREFIX "org.systemd.property."
#define SEC 1000000ull
/* systemd keeps percents in its files: what is no whole one would be less after a reload. */
#define PERCENT (SEC / 100)

struct builder {
	struct wire *w;
	unsigned flags;
	struct error *err;
};

/* ---- one property: (sv) ---- */

static void begin(struct builder *b, const char *name, const char *type)
{
	wire_align(b->w, 8);
	wire_string(b->w, name);
	wire_signature(b->w, type);
}

static void put_number(struct builder *b, const char *name, uint64_t value)
{
	begin(b, name, "t");
	wire_number(b->w, 8, value);
}

static void put_bool(struct builder *b, const char *name, bool value)
{
	begin(b, name, "b");
	wire_number(b->w, 4, value);
}

static void put_string(struct builder *b, const char *name, const char *value)
{
	begin(b, name, "s");
	wire_string(b->w, value);
}

/* What v2 calls one thing and v1 another; NULL: not there. */
static void put_either(struct builder *b, const char *v2, const char *v1, uint64_t value)
{
	const char *name = b->flags & UNIT_V1 ? v1 : v2;

	if (name)
		put_number(b, name, value);
}

/* -1: no limit. */
static uint64_t limit(int64_t value)
{
	return value < 0 ? UINT64_MAX : (uint64_t)value;
}

/* 0 is no number of tasks for systemd; the file gets it.  The holder is one task more in the unit. */
static void put_tasks(struct builder *b, const char *name, uint64_t n)
{
	bool held = b->flags & UNIT_HELD && n < UINT64_MAX;

	put_number(b, name, (n ?: 1) + held);
}

/* ---- limits ---- */

static void put_memory(struct builder *b, const struct resources *r)
{
	const struct opt_int *max = &r->memory.limit, *swap = &r->memory.swap;

	if (opt_int_asked(max))
		put_either(b, "MemoryMax", "MemoryLimit", limit(max->value));
	if (opt_int_asked(&r->memory.reservation))
		put_either(b, "MemoryLow", NULL, limit(r->memory.reservation.value));
	/* memory.swap counts both. */
	if (opt_int_asked(swap) &&
	    (swap->value < 0 || (opt_int_asked(max) && max->value > 0 && swap->value >= max->value)))
		put_either(b, "MemorySwapMax", NULL,
			   swap->value < 0 ? UINT64_MAX : (uint64_t)(swap->value - max->value));
}

static void put_quota(struct builder *b, int64_t quota, uint64_t period)
{
	uint64_t per_second = UINT64_MAX;

	if (quota > 0 && (uint64_t)quota < UINT64_MAX / SEC && period) {
		per_second = (uint64_t)quota * SEC / period;
		per_second = (per_second + PERCENT - 1) / PERCENT * PERCENT;
	}
	put_number(b, "CPUQuotaPerSecUSec", per_second);
}

static void put_cpu(struct builder *b, const struct resources *r)
{
	uint64_t period = opt_uint_asked(&r->cpu.period) ? r->cpu.period.value : 100000;
	bool idle = r->cpu.idle.set && r->cpu.idle.value == 1;

	if (opt_uint_asked(&r->cpu.shares) && !idle)
		put_either(b, "CPUWeight", "CPUShares",
		           b->flags & UNIT_V1 ? r->cpu.shares.value : settings_cpu_weight(r->cpu.shares.value));
	if (idle && !(b->flags & UNIT_OLD))     /* 252 */
		put_either(b, "CPUWeight", NULL, 0);
	if (opt_uint_asked(&r->cpu.period) && !(b->flags & UNIT_OLD))   /* 242 */
		put_number(b, "CPUQuotaPeriodUSec", period);
	if (opt_int_asked(&r->cpu.quota))
		put_quota(b, r->cpu.quota.value, period);
}

/* "0-3,7" as bits, the lowest first.  What is no list, the kernel refuses with better words. */
static void put_cpus(struct builder *b, const char *name, const char *list)
{
	uint64_t bits[LIST_WORDS];
	unsigned char mask[LIST_BITS / 8];
	size_t n = sizeof(mask);
	struct wire_array array;

	if (!list || !*list || b->flags & (UNIT_V1 | UNIT_OLD) || list_parse(list, LIST_BITS, bits) < 0) /* 244 */
		return;
	for (size_t i = 0; i < sizeof(mask); i++)
		mask[i] = (unsigned char)(bits[i / 8] >> (8 * (i % 8)));
	while (n > 0 && !mask[n - 1])
		n--;
	begin(b, name, "ay");
	array = wire_array(b->w, 1);
	wire_bytes(b->w, mask, n);
	wire_array_end(b->w, array);
}

static struct wire_array begin_list(struct builder *b, const char *name, const char *type)
{
	begin(b, name, type);
	return wire_array(b->w, 8);
}

static void put_device_number(struct builder *b, int64_t major, int64_t minor, uint64_t value)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/block/%lld:%lld", (long long)major, (long long)minor);
	wire_align(b->w, 8);
	wire_string(b->w, path);
	wire_number(b->w, 8, value);
}

static void put_throttle(struct builder *b, const char *v2, const char *v1, const struct throttle_devices *list)
{
	const char *name = b->flags & UNIT_V1 ? v1 : v2;
	struct wire_array array;

	if (!list->n || !name)
		return;
	array = begin_list(b, name, "a(st)");
	for (size_t i = 0; i < list->n; i++)    /* a rate of 0 is none */
		put_device_number(b, list->v[i].major, list->v[i].minor,
				  list->v[i].rate ? list->v[i].rate : UINT64_MAX);
	wire_array_end(b->w, array);
}

static uint64_t io_weight(const struct builder *b, uint64_t weight)
{
	return b->flags & UNIT_V1 ? weight : settings_io_weight(weight);
}

static void put_io(struct builder *b, const struct resources *r)
{
	struct wire_array array;

	if (opt_uint_asked(&r->block_io.weight))
		put_either(b, "IOWeight", "BlockIOWeight", io_weight(b, r->block_io.weight.value));
	if (r->block_io.weight_devices.n) {
		array = begin_list(b, b->flags & UNIT_V1 ? "BlockIODeviceWeight" : "IODeviceWeight", "a(st)");
		for (size_t i = 0; i < r->block_io.weight_devices.n; i++) {
			const struct weight_device *d = &r->block_io.weight_devices.v[i];

			if (opt_uint_asked(&d->weight))
				put_device_number(b, d->major, d->minor, io_weight(b, d->weight.value));
		}
		wire_array_end(b->w, array);
	}
	put_throttle(b, "IOReadBandwidthMax", "BlockIOReadBandwidth", &r->block_io.read_bps);
	put_throttle(b, "IOWriteBandwidthMax", "BlockIOWriteBandwidth", &r->block_io.write_bps);
	put_throttle(b, "IOReadIOPSMax", NULL, &r->block_io.read_iops);
	put_throttle(b, "IOWriteIOPSMax", NULL, &r->block_io.write_iops);
}

/* ---- linux.resources.unified ---- */

static bool read_number(const char *value, uint64_t *ret)
{
	char *end;

	*ret = UINT64_MAX;
	if (strcmp(value, "max") == 0)
		return true;
	*ret = strtoull(value, &end, 10);
	return end != value && !*end;
}

static void unified_number(struct builder *b, const char *name, const char *value)
{
	uint64_t n;

	if (read_number(value, &n))
		put_number(b, name, n);
}

static void unified_tasks(struct builder *b, const char *name, const char *value)
{
	uint64_t n;

	if (read_number(value, &n))
		put_tasks(b, name, n);
}

static void unified_cpu_max(struct builder *b, const char *name, const char *value)
{
	unsigned long long period = 100000;
	long long quota;

	if (strncmp(value, "max", 3) == 0)
		put_quota(b, -1, period);
	else if (sscanf(value, "%lld %llu", &quota, &period) >= 1)
		put_quota(b, quota, period);
}

static void unified_oom(struct builder *b, const char *name, const char *value)
{
	put_string(b, name, strcmp(value, "1") == 0 ? "kill" : "continue");
}

/* Files that systemd has a word for; it would write its own value over ours at its next reload. */
static const struct unified {
	const char *file, *name;
	bool newer, at_start;
	void (*put)(struct builder *b, const char *name, const char *value);
} unified[] = {
	{"pids.max", "TasksMax", false, false, unified_tasks},
	{"memory.min", "MemoryMin", true, false, unified_number},
	{"memory.low", "MemoryLow", false, false, unified_number},
	{"memory.high", "MemoryHigh", false, false, unified_number},
	{"memory.max", "MemoryMax", false, false, unified_number},
	{"memory.swap.max", "MemorySwapMax", false, false, unified_number},
	{"memory.zswap.max", "MemoryZSwapMax", true, false, unified_number},
	{"memory.oom.group", "OOMPolicy", true, true, unified_oom},
	{"cpu.weight", "CPUWeight", false, false, unified_number},
	{"cpu.max", "", false, false, unified_cpu_max},
	{"cpuset.cpus", "AllowedCPUs", true, false, put_cpus},
	{"cpuset.mems", "AllowedMemoryNodes", true, false, put_cpus},
	{"io.weight", "IOWeight", false, false, unified_number},
};

static void put_unified(struct builder *b, const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->n && !(b->flags & UNIT_V1); i++)
		for (size_t k = 0; k < sizeof(unified) / sizeof(unified[0]); k++)
			if (strcmp(pairs->v[i].key, unified[k].file) == 0 &&
			    !(unified[k].newer && (b->flags & UNIT_OLD)) &&
			    !(unified[k].at_start && (b->flags & UNIT_UPDATE)))
				unified[k].put(b, unified[k].name, pairs->v[i].value);
}

static void put_limits(struct builder *b, const struct resources *r)
{
	put_memory(b, r);
	put_cpu(b, r);
	put_cpus(b, "AllowedCPUs", r->cpu.cpus.s);
	put_cpus(b, "AllowedMemoryNodes", r->cpu.mems.s);
	if (r->pids_limit.set)
		put_tasks(b, "TasksMax", limit(r->pids_limit.value));
	put_io(b, r);
	put_unified(b, &r->unified);
}

/* ---- devices ---- */

struct devices {
	struct wire *w;
	bool allow_all;
};

/* "c 1:3 rwm" as ("/dev/char/1:3", "rwm"), with a wildcard ("char-136", ..) or ("char-*", ..). */
static void put_rule(const char *file, struct source at, const char *line, bool ours, void *arg)
{
	struct devices *d = arg;
	char major[24], minor[24], access[8] = "", node[64];
	const char *kind = *line == 'b' ? "block" : "char";

	if (*line == 'a') {
		d->allow_all = strcmp(file, "devices.allow") == 0;
		return;
	}
	if (d->allow_all || sscanf(line + 1, " %23[^:]:%23s %7s", major, minor, access) < 3)
		return;
	if (strcmp(minor, "*") == 0)
		snprintf(node, sizeof(node), "%s-%s", kind, major);
	else
		snprintf(node, sizeof(node), "/dev/%s/%s:%s", kind, major, minor);
	wire_align(d->w, 8);
	wire_string(d->w, node);
	wire_string(d->w, access);
}

/*
 * systemd has lists of what is allowed, and no exceptions from them: where the rules need those, the program that we
 * attach is alone, as it decides in any case.
 */
static void put_devices(struct builder *b, const struct resources *r)
{
	struct wire rules = {0};
	struct devices d = {.w = &rules};
	struct error ignored;
	struct wire_array array;
	bool listed = devices_v1(r, put_rule, &d, &ignored) == 0 && !d.allow_all;

	put_string(b, "DevicePolicy", listed ? "strict" : "auto");
	if (listed) {
		array = begin_list(b, "DeviceAllow", "a(ss)");
		wire_bytes(b->w, rules.v, rules.len);
		wire_array_end(b->w, array);
	}
	if (rules.failed)
		b->w->failed = true;
	wire_free(&rules);
}

/* ---- annotations ---- */

/*
 * What a bundle may say of its own unit.  Not here, and refused: what names other units, processes, programs, files or
 * acts on the host (PIDs, Slice, Requires, Conflicts, OnFailure, FailureAction, BPFProgram, ...): systemd does that
 * with all rights.  A name ending in '*' stands for all that begin so.
 */
static const char *const allowed[] = {
	"After",
	"AllowedCPUs",
	"AllowedMemoryNodes",
	"Before",
	"BlockIO*",
	"CPU*",
	"CollectMode",
	"DefaultMemory*",
	"DefaultStartupMemoryLow",
	"DeviceAllow",
	"DevicePolicy",
	"Documentation",
	"FinalKillSignal",
	"IO*",
	"IPAccounting",
	"IPAddressAllow",
	"IPAddressDeny",
	"JobRunningTimeoutUSec",
	"JobTimeoutUSec",
	"KillMode",
	"KillSignal",
	"ManagedOOM*",
	"Memory*",
	"OOMPolicy",
	"PartOf",
	"RestartKillSignal",
	"RuntimeMaxUSec",
	"RuntimeRandomizedExtraUSec",
	"SendSIGHUP",
	"SendSIGKILL",
	"SocketBindAllow",
	"SocketBindDeny",
	"Startup*",
	"Tasks*",
	"TimeoutStopUSec",
	"WatchdogSignal",
};

static bool is_allowed(const char *name)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		size_t n = strlen(allowed[i]);

		if (allowed[i][n - 1] == '*' ? strncmp(name, allowed[i], n - 1) == 0 : strcmp(name, allowed[i]) == 0)
			return true;
	}
	return false;
}

/* "TimeoutStopSec" is what people know; systemd's bus has "TimeoutStopUSec". */
static bool in_seconds(const char *name, char *ret, size_t size)
{
	size_t n = strlen(name);
	bool seconds = n > 3 && strcmp(name + n - 3, "Sec") == 0 && name[n - 4] >= 'a' && name[n - 4] <= 'z';

	snprintf(ret, size, "%.*s%s", (int)(seconds ? n - 3 : n), name, seconds ? "USec" : "");
	return seconds;
}

static int check_name(const char *name, struct error *err)
{
	size_t n = 0;

	while ((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= 'A' && name[n] <= 'Z'))
		n++;
	/* runc's rule: at least three latin letters, and nothing else. */
	if (n < 3 || n > 60 || name[n])
		return error_set(err, EINVAL, "'%.60s' is not the name of a property", name);
	return 0;
}

static int put_annotation(struct builder *b, const char *given, const struct pair *p)
{
	char name[80];
	bool seconds;
	int r = check_name(given, b->err);

	if (r < 0)
		return r;
	seconds = in_seconds(given, name, sizeof(name));
	if (!is_allowed(name)) {
		error_set(b->err, EPERM, "property %s is not for a bundle to set", given);
		return error_hint(b->err, "systemd would act on more than the container; limits, time-outs and signals "
					  "of the unit itself "
					  "are allowed");
	}
	wire_align(b->w, 8);
	wire_string(b->w, name);
	return seconds ? variant_parse_seconds(p->value, b->w, b->err) : variant_parse(p->value, b->w, b->err);
}

static int put_annotations(struct builder *b, const struct pairs *annotations)
{
	int r = 0;

	for (size_t i = 0; annotations && i < annotations->n && r == 0; i++) {
		const struct pair *p = &annotations->v[i];

		if (strncmp(p->key, PREFIX, strlen(PREFIX)) != 0)
			continue;
		r = put_annotation(b, p->key + strlen(PREFIX), p);
		if (r < 0) {
			error_wrap(b->err, "annotation %.100s", p->key);
			error_locate(b->err, p->at);
		}
	}
	return r;
}

/* ---- the whole ---- */

static void put_identity(struct builder *b, const struct unit *unit, pid_t pid)
{
	static const char *const accounts[] = {"MemoryAccounting", "CPUAccounting", "TasksAccounting", NULL};
	struct wire_array array;

	put_string(b, "Description", unit->description);
	if (!unit->is_slice) {
		put_string(b, "Slice", unit->slice);
		put_bool(b, "Delegate", true);
		begin(b, "PIDs", "au");
		array = wire_array(b->w, 4);
		wire_number(b->w, 4, (uint32_t)pid);
		/* On v1 it is only where systemd counts who is left, and in no group that limits. */
		if (unit->holder && !(b->flags & UNIT_V1))
			wire_number(b->w, 4, (uint32_t)unit->holder);
		wire_array_end(b->w, array);
	}
	for (size_t i = 0; accounts[i]; i++)
		put_bool(b, accounts[i], true);
	put_bool(b, b->flags & UNIT_V1 ? "BlockIOAccounting" : "IOAccounting", true);
	put_bool(b, "DefaultDependencies", false);
	/* One that failed does not stay, and keep its name from the next. */
	put_string(b, "CollectMode", "inactive-or-failed");
}

int unit_properties(const struct unit *unit, pid_t pid, const struct resources *resources,
		    const struct pairs *annotations, unsigned flags, struct wire *ret, struct error *err)
{
	struct builder b = {ret, flags | (unit->held && !(flags & UNIT_V1) ? UNIT_HELD : 0), err};
	struct wire_array array = wire_array(ret, 8);
	int r = 0;

	if (!(flags & UNIT_UPDATE))
		put_identity(&b, unit, pid);
	put_limits(&b, resources);
	/* Who may attach no program may not have systemd do it either: the user's manager leaves them alone. */
	if (!(flags & UNIT_UPDATE) && !unit->user)
		put_devices(&b, resources);
	if (!(flags & UNIT_UPDATE))
		r = put_annotations(&b, annotations);
	wire_array_end(ret, array);
	return r == 0 && ret->failed ? error_set(err, ENOMEM, "list the properties of unit %s", unit->name) : r;
}

void unit_properties_print(const struct wire *properties, FILE *out)
{
	struct wire_reader r = {.v = properties->v, .len = properties->len};
	size_t end = wire_read_array(&r, 8);

	while (!r.failed && r.at < end) {
		const char *value = "v";

		wire_read_align(&r, 8);
		fprintf(out, "%s=", wire_read_string(&r));
		wire_print(&r, &value, out);
		fputc('\n', out);
	}
}
