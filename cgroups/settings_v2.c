/*
 * settings_v2 - linux.resources in the files of cgroup v2.
 *
 * The specification speaks v1; where v2 counts otherwise the value is converted, and
 * where v2 has no such thing asking for it is an error, not silence.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/settings.h"

static int only_v1(struct source at, const char *what, struct error *err)
{
	error_set(err, ERROR_SAID, "%s does not exist on cgroup v2", what);
	return error_locate(err, at);
}

/* Negative: "max". */
static struct setting *put_limit(struct settings *ret, struct source at, const char *file,
                                 int64_t value)
{
	struct setting *s;

	if (value >= 0)
		return settings_put(ret, at, file, "%" PRId64, value);
	s = settings_put(ret, at, file, "max");
	s->flags = SETTING_DEFAULT;
	return s;
}

int settings_v2_pids(const struct resources *r, struct settings *ret, struct error *err)
{
	if (r->pids_limit.set)
		put_limit(ret, r->pids_limit.at, "pids.max", r->pids_limit.value);
	return 0;
}

/* memory.swap counts memory and swap together, memory.swap.max swap alone. */
static int put_swap(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_int *limit = &r->memory.limit, *swap = &r->memory.swap;
	bool limited = opt_int_asked(limit) && limit->value > 0;
	struct setting *s;

	if (!opt_int_asked(swap)) {
		/* As on v1: no limit of memory means none of both. */
		if (opt_int_asked(limit) && limit->value < 0)
			put_limit(ret, limit->at, "memory.swap.max", -1);
		return 0;
	}
	if (swap->value > 0 && !opt_int_asked(limit)) {
		error_set(err, ERROR_SAID, "memory.swap %" PRId64 " without memory.limit", swap->value);
		error_hint(err, "memory.swap is the limit of memory and swap together: cgroup v2 needs both "
		                "to know that of swap");
		return error_locate(err, swap->at);
	}
	s = put_limit(ret, swap->at, "memory.swap.max",
	              swap->value > 0 && limited ? swap->value - limit->value : swap->value);
	/* A kernel without swap accounting has no such file, and "no swap" holds if there is none. */
	if (limited && swap->value == limit->value)
		s->flags |= SETTING_IF_EXISTS;
	return 0;
}

int settings_v2_memory(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_bool *check = &r->memory.check_before_update;
	int e = settings_check_swap(r, err);
	struct setting *s;

	if (e == 0 && r->memory.swappiness.set && r->memory.swappiness.value != UINT64_MAX)
		e = only_v1(r->memory.swappiness.at, "memory.swappiness", err);
	if (e == 0)
		e = put_swap(r, ret, err);
	if (e < 0)
		return e;
	if (opt_int_asked(&r->memory.limit)) {
		s = put_limit(ret, r->memory.limit.at, "memory.max", r->memory.limit.value);
		s->flags |= r->memory.limit.value > 0 && check->set && check->value ? SETTING_CHECK : 0;
	}
	/* Unlike a limit's, the default of a protection is 0: "max" has to be written. */
	if (opt_int_asked(&r->memory.reservation))
		put_limit(ret, r->memory.reservation.at, "memory.low", r->memory.reservation.value)->flags =
			0;
	return 0;
}

/* BFQ takes the weight as it is (10..1000), iocost its own scale; a kernel has one, both or none. */
static void put_weight(struct settings *ret, struct source at, const char *device, uint64_t weight)
{
	settings_put(ret, at, "io.bfq.weight", "%s%" PRIu64, device, weight)->flags =
		SETTING_ELSE_NEXT;
	settings_put(ret, at, "io.weight", "%s%u", device, settings_io_weight(weight));
}

static int put_weights(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_uint *weight = &r->block_io.weight;
	int e = settings_check_weight(weight, "blockIO.weight", err);
	char device[48];

	if (e == 0 && opt_uint_asked(&r->block_io.leaf_weight))
		e = only_v1(r->block_io.leaf_weight.at, "blockIO.leafWeight", err);
	if (e == 0 && opt_uint_asked(weight))
		put_weight(ret, weight->at, "", weight->value);
	for (size_t i = 0; i < r->block_io.weight_devices.n && e == 0; i++) {
		const struct weight_device *d = &r->block_io.weight_devices.v[i];

		if (opt_uint_asked(&d->leaf_weight))
			e = only_v1(d->at, "blockIO.weightDevice leafWeight", err);
		else
			e = settings_check_weight(&d->weight, "blockIO.weightDevice weight", err);
		snprintf(device, sizeof(device), "%" PRId64 ":%" PRId64 " ", d->major, d->minor);
		if (e == 0 && opt_uint_asked(&d->weight))
			put_weight(ret, d->at, device, d->weight.value);
	}
	return e;
}

int settings_v2_io(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct {
		const struct throttle_devices *list;
		const char *key;
	} throttles[] = {
		{&r->block_io.read_bps,   "rbps" },
		{&r->block_io.write_bps,  "wbps" },
		{&r->block_io.read_iops,  "riops"},
		{&r->block_io.write_iops, "wiops"},
	};
	int e = put_weights(r, ret, err);

	for (size_t i = 0; i < sizeof(throttles) / sizeof(throttles[0]) && e == 0; i++)
		for (size_t k = 0; k < throttles[i].list->n; k++) {
			const struct throttle_device *d = &throttles[i].list->v[k];
			struct setting *s = settings_put(ret, d->at, "io.max",
			                                 "%" PRId64 ":%" PRId64 " %s=%" PRIu64, d->major,
			                                 d->minor, throttles[i].key, d->rate);

			if (d->rate > 0)
				continue;
			/* On v1 a rate of 0 takes the limit away; v2 says "max". */
			s->len = (size_t)snprintf(s->line, sizeof(s->line), "%" PRId64 ":%" PRId64 " %s=max",
			                          d->major, d->minor, throttles[i].key);
			s->flags = SETTING_DEFAULT;
		}
	return e;
}

static void put_cpu_max(const struct resources *r, struct settings *ret)
{
	const struct opt_int *quota = &r->cpu.quota;
	uint64_t period = opt_uint_asked(&r->cpu.period) ? r->cpu.period.value : 100000;
	struct source at = opt_int_asked(quota) ? quota->at : r->cpu.period.at;

	if (!opt_int_asked(quota) && !opt_uint_asked(&r->cpu.period))
		return;
	if (opt_int_asked(quota) && quota->value > 0)
		settings_put(ret, at, "cpu.max", "%" PRId64 " %" PRIu64, quota->value, period)->flags =
			SETTING_RETRY;
	else
		settings_put(ret, at, "cpu.max", "max %" PRIu64, period)->flags =
			SETTING_RETRY | SETTING_DEFAULT;
}

int settings_v2_cpu(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_int *idle = &r->cpu.idle;

	if (opt_int_asked(&r->cpu.realtime_runtime))
		return only_v1(r->cpu.realtime_runtime.at, "cpu.realtimeRuntime", err);
	if (opt_uint_asked(&r->cpu.realtime_period))
		return only_v1(r->cpu.realtime_period.at, "cpu.realtimePeriod", err);
	if (idle->set) /* before the weight, which a group that idles refuses */
		settings_put(ret, idle->at, "cpu.idle", "%" PRId64, idle->value)->flags =
			idle->value ? 0 : SETTING_DEFAULT;
	if (opt_uint_asked(&r->cpu.shares) && !(idle->set && idle->value == 1))
		settings_put(ret, r->cpu.shares.at, "cpu.weight", "%u",
		             settings_cpu_weight(r->cpu.shares.value));
	/* burst <= quota: which of them must come first depends on the old values. */
	if (r->cpu.burst.set)
		settings_put(ret, r->cpu.burst.at, "cpu.max.burst", "%" PRIu64, r->cpu.burst.value)->flags =
			SETTING_RETRY | (r->cpu.burst.value ? 0 : SETTING_DEFAULT);
	put_cpu_max(r, ret);
	return 0;
}

int settings_v2_hugetlb(const struct resources *r, struct settings *ret, struct error *err)
{
	return settings_put_hugepages(r, "max", ret, err);
}

int settings_v2_net_cls(const struct resources *r, struct settings *ret, struct error *err)
{
	return opt_uint_asked(&r->network.class_id) ? only_v1(r->network.class_id.at, "network.classID", err) : 0;
}

int settings_v2_net_prio(const struct resources *r, struct settings *ret, struct error *err)
{
	return r->network.priorities.n
	               ? only_v1(r->network.priorities.v[0].at, "network.priorities", err)
	               : 0;
}

int settings_v2_devices(const struct resources *r, struct settings *ret, struct error *err)
{
	struct source at = r->devices.n ? r->devices.v[0].at : r->at;

	settings_put(ret, at, "devices", "%s", "")->kind = SETTING_DEVICE_PROGRAM;
	return 0;
}

/* These act on processes: on init, which would stop before it can say a word, or on the runtime itself. */
static bool acts_on_processes(const char *file)
{
	static const char *const files[] = {"cgroup.freeze", "cgroup.kill", "cgroup.procs", "cgroup.threads"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(file, files[i]) == 0)
			return true;
	return false;
}

/* "memory.high": the part before the dot is the controller, without which the kernel has no such file. */
static int put_unified(const struct pair *p, struct settings *ret, struct error *err)
{
	size_t prefix = strcspn(p->key, ".");

	if (!p->key[prefix] || prefix == 0 || strchr(p->key, '/')) {
		error_set(err, ERROR_SAID, "unified: '%.100s' is not a file of a cgroup", p->key);
		error_hint(err, "keys are file names such as memory.high, without a directory");
		return error_locate(err, p->at);
	}
	if (acts_on_processes(p->key)) {
		error_set(err, ERROR_SAID, "unified: %s is no limit: it acts on the processes of the group", p->key);
		return error_locate(err, p->at);
	}
	ret->controller = cgroup_controllers_parse(p->key, prefix, '.');
	if (!*p->value) /* a write of nothing does not reach the file */
		settings_put_text(ret, p->at, p->key, "\n", 1);
	/* Files with a line per device take one line per write. */
	for (const char *line = p->value; *line; line += *line == '\n') {
		size_t len = strcspn(line, "\n");

		if (len > 0)
			settings_put_text(ret, p->at, p->key, line, len);
		line += len;
	}
	return 0;
}

int settings_v2_unified(const struct resources *r, struct settings *ret, struct error *err)
{
	int e = 0;

	for (size_t i = 0; i < r->unified.n && e == 0; i++)
		e = put_unified(&r->unified.v[i], ret, err);
	return e;
}
