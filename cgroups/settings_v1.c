/*
 * settings_v1 - linux.resources in the files of cgroup v1.
 *
 * 0 is a value of pids.limit, hugepageLimits, rdma, cpu.idle and cpu.burst only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/devices.h"
#include "cgroups/settings.h"

static struct setting *put_uint(struct settings *ret, const char *file, const struct opt_uint *v)
{
	return settings_put(ret, v->at, file, "%" PRIu64, v->value);
}

/* Negative: no limit. */
static struct setting *put_int(struct settings *ret, const char *file, const struct opt_int *v)
{
	struct setting *s =
		settings_put(ret, v->at, file, "%" PRId64, v->value < 0 ? -1 : v->value);

	s->flags = v->value < 0 ? SETTING_DEFAULT : 0;
	return s;
}

int settings_v1_pids(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_int *limit = &r->pids_limit;

	if (limit->set && limit->value < 0)
		settings_put(ret, limit->at, "pids.max", "max")->flags = SETTING_DEFAULT;
	else if (limit->set)
		settings_put(ret, limit->at, "pids.max", "%" PRId64, limit->value);
	return 0;
}

int settings_v1_memory(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_int *limit = &r->memory.limit, *swap = &r->memory.swap;
	int e = settings_check_swap(r, err);

	if (e < 0)
		return e;
	/*
	 * The kernel keeps limit_in_bytes <= memsw.limit_in_bytes and says EINVAL to what would break that:
	 * a new or shrinking group takes this order, a growing one the other.
	 */
	if (opt_int_asked(limit))
		put_int(ret, "memory.limit_in_bytes", limit)->flags |= SETTING_RETRY;
	if (opt_int_asked(swap))
		put_int(ret, "memory.memsw.limit_in_bytes", swap);
	else if (opt_int_asked(limit) && limit->value < 0)
		put_int(ret, "memory.memsw.limit_in_bytes", limit);
	if (opt_int_asked(&r->memory.reservation))
		put_int(ret, "memory.soft_limit_in_bytes", &r->memory.reservation);
	/* Counted apart from the rest, by v1 alone. */
	if (opt_int_asked(&r->memory.kernel_tcp))
		put_int(ret, "memory.kmem.tcp.limit_in_bytes", &r->memory.kernel_tcp)->flags |= SETTING_IF_EXISTS;
	/* An engine's -1, "not set", in an unsigned field. */
	if (r->memory.swappiness.set && r->memory.swappiness.value != UINT64_MAX)
		put_uint(ret, "memory.swappiness", &r->memory.swappiness);
	if (r->memory.disable_oom_killer.set && r->memory.disable_oom_killer.value)
		settings_put(ret, r->memory.disable_oom_killer.at, "memory.oom_control", "1");
	return 0;
}

/* Two names for one thing: the first was CFQ's (gone in 5.0), the second is BFQ's. */
static void put_weight(struct settings *ret, struct source at, const char *file, const char *bfq,
                       const char *value)
{
	settings_put(ret, at, file, "%s", value)->flags = SETTING_ELSE_NEXT;
	settings_put(ret, at, bfq, "%s", value);
}

static int put_weight_device(struct settings *ret, const struct weight_device *d, struct error *err)
{
	char line[80];
	int e = settings_check_weight(&d->weight, "blockIO.weightDevice weight", err);

	if (e == 0)
		e = settings_check_weight(&d->leaf_weight, "blockIO.weightDevice leafWeight", err);
	if (e < 0)
		return e;
	if (opt_uint_asked(&d->weight)) {
		snprintf(line, sizeof(line), "%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor,
		         d->weight.value);
		put_weight(ret, d->at, "blkio.weight_device", "blkio.bfq.weight_device", line);
	}
	if (opt_uint_asked(&d->leaf_weight))
		settings_put(ret, d->at, "blkio.leaf_weight_device", "%" PRId64 ":%" PRId64 " %" PRIu64,
		             d->major, d->minor, d->leaf_weight.value);
	return 0;
}

static int put_weights(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_uint *weight = &r->block_io.weight, *leaf = &r->block_io.leaf_weight;
	int e = settings_check_weight(weight, "blockIO.weight", err);
	char line[24];

	if (e == 0)
		e = settings_check_weight(leaf, "blockIO.leafWeight", err);
	if (e < 0)
		return e;
	if (opt_uint_asked(weight)) {
		snprintf(line, sizeof(line), "%" PRIu64, weight->value);
		put_weight(ret, weight->at, "blkio.weight", "blkio.bfq.weight", line);
	}
	if (opt_uint_asked(leaf))
		put_uint(ret, "blkio.leaf_weight", leaf);
	for (size_t i = 0; i < r->block_io.weight_devices.n && e == 0; i++)
		e = put_weight_device(ret, &r->block_io.weight_devices.v[i], err);
	return e;
}

int settings_v1_io(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct {
		const struct throttle_devices *list;
		const char *file;
	} throttles[] = {
		{&r->block_io.read_bps,   "blkio.throttle.read_bps_device"  },
		{&r->block_io.write_bps,  "blkio.throttle.write_bps_device" },
		{&r->block_io.read_iops,  "blkio.throttle.read_iops_device" },
		{&r->block_io.write_iops, "blkio.throttle.write_iops_device"},
	};
	int e = put_weights(r, ret, err);

	for (size_t i = 0; i < sizeof(throttles) / sizeof(throttles[0]) && e == 0; i++)
		for (size_t k = 0; k < throttles[i].list->n; k++) {
			const struct throttle_device *d = &throttles[i].list->v[k];

			/* A rate of 0 takes a limit away, as the kernel has it. */
			settings_put(ret, d->at, throttles[i].file, "%" PRId64 ":%" PRId64 " %" PRIu64,
			             d->major, d->minor, d->rate)
				->flags = d->rate ? 0 : SETTING_DEFAULT;
		}
	return e;
}

int settings_v1_cpu(const struct resources *r, struct settings *ret, struct error *err)
{
	const struct opt_int *idle = &r->cpu.idle;

	if (idle->set) /* before shares, which a group that idles refuses */
		settings_put(ret, idle->at, "cpu.idle", "%" PRId64, idle->value)->flags =
			idle->value ? 0 : SETTING_DEFAULT;
	if (opt_uint_asked(&r->cpu.shares) && !(idle->set && idle->value == 1))
		put_uint(ret, "cpu.shares", &r->cpu.shares);
	/*
	 * burst <= quota, and quota/period within the parent's: of an old and a new set of values
	 * either order may be the one that the kernel takes.
	 */
	if (r->cpu.burst.set)
		put_uint(ret, "cpu.cfs_burst_us", &r->cpu.burst)->flags =
			SETTING_RETRY | (r->cpu.burst.value ? 0 : SETTING_DEFAULT);
	if (opt_uint_asked(&r->cpu.period))
		put_uint(ret, "cpu.cfs_period_us", &r->cpu.period)->flags = SETTING_RETRY;
	if (opt_int_asked(&r->cpu.quota))
		put_int(ret, "cpu.cfs_quota_us", &r->cpu.quota)->flags |= SETTING_RETRY;
	if (opt_uint_asked(&r->cpu.realtime_period))
		put_uint(ret, "cpu.rt_period_us", &r->cpu.realtime_period)->flags = SETTING_RETRY;
	if (opt_int_asked(&r->cpu.realtime_runtime))
		settings_put(ret, r->cpu.realtime_runtime.at, "cpu.rt_runtime_us", "%" PRId64,
		             r->cpu.realtime_runtime.value)
			->flags = SETTING_RETRY;
	return 0;
}

int settings_v1_hugetlb(const struct resources *r, struct settings *ret, struct error *err)
{
	return settings_put_hugepages(r, "limit_in_bytes", ret, err);
}

int settings_v1_net_cls(const struct resources *r, struct settings *ret, struct error *err)
{
	if (opt_uint_asked(&r->network.class_id))
		put_uint(ret, "net_cls.classid", &r->network.class_id);
	return 0;
}

int settings_v1_net_prio(const struct resources *r, struct settings *ret, struct error *err)
{
	for (size_t i = 0; i < r->network.priorities.n; i++) {
		const struct net_priority *p = &r->network.priorities.v[i];

		/* IFNAMSIZ; a space would make two words of it. */
		if (!*p->name || strlen(p->name) > 15 || strpbrk(p->name, " \n")) {
			error_set(err, ERROR_SAID, "'%.40s' is not the name of a network interface", p->name);
			return error_locate(err, p->at);
		}
		settings_put(ret, p->at, "net_prio.ifpriomap", "%s %" PRIu64, p->name, p->priority);
	}
	return 0;
}

static void put_rule(const char *file, struct source at, const char *line, bool ours, void *arg)
{
	settings_put(arg, at, file, "%s", line)->flags = ours ? SETTING_OURS : 0;
}

int settings_v1_devices(const struct resources *r, struct settings *ret, struct error *err)
{
	return devices_v1(r, put_rule, ret, err);
}

int settings_v1_unified(const struct resources *r, struct settings *ret, struct error *err)
{
	if (r->unified.n == 0)
		return 0;
	/* config-linux.md "Unified": an error where cgroup v2 is not used. */
	error_set(err, ERROR_SAID, "unified: %.100s needs a host with cgroup v2 alone", r->unified.v[0].key);
	error_hint(err, "this host has controllers on cgroup v1: use memory, cpu, pids ... instead of "
	                "unified");
	return error_locate(err, r->unified.v[0].at);
}
