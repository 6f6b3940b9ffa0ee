/*
 * stats_report - the few numbers that are worth keeping of a group that will go.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats.h"

#include <string.h>

#include "cgroups/stats_source.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The first source that can be read counts.  The v2 tree of a hybrid host measures time finer than v1. */
static const struct row {
	const char *object, *key;
	struct stats_source sources[2];
} rows[] = {
	{"cpu", "usage_usec",
	 {{SOURCE_FIELD, 0, "cpu.stat", "usage_usec"}, {SOURCE_NUMBER, CGROUP_CPUACCT, "cpuacct.usage", .by = 1000}}},
	{"cpu", "user_usec",
	 {{SOURCE_FIELD, 0, "cpu.stat", "user_usec"}, {SOURCE_FIELD, CGROUP_CPUACCT, "cpuacct.stat", "user", 10000}}},
	{"cpu", "system_usec",
	 {{SOURCE_FIELD, 0, "cpu.stat", "system_usec"}, {SOURCE_FIELD, CGROUP_CPUACCT, "cpuacct.stat", "system", 10000}}},
	{"cpu", "periods",
	 {{SOURCE_FIELD, 0, "cpu.stat", "nr_periods"}, {SOURCE_FIELD, CGROUP_CPU, "cpu.stat", "nr_periods"}}},
	{"cpu", "throttled_periods",
	 {{SOURCE_FIELD, 0, "cpu.stat", "nr_throttled"}, {SOURCE_FIELD, CGROUP_CPU, "cpu.stat", "nr_throttled"}}},
	{"cpu", "throttled_usec",
	 {{SOURCE_FIELD, 0, "cpu.stat", "throttled_usec"}, {SOURCE_FIELD, CGROUP_CPU, "cpu.stat", "throttled_time", .by = 1000}}},
	{"memory", "peak_bytes",
	 {{SOURCE_NUMBER, 0, "memory.peak"}, {SOURCE_NUMBER, CGROUP_MEMORY, "memory.max_usage_in_bytes"}}},
	{"memory", "swap_peak_bytes", {{SOURCE_NUMBER, 0, "memory.swap.peak"}}},
	/* v1 has no peak of swap alone, and v2 none of both. */
	{"memory", "memory_and_swap_peak_bytes", {{SOURCE_NUMBER, CGROUP_MEMORY, "memory.memsw.max_usage_in_bytes"}}},
	{"memory", "oom_kills",
	 {{SOURCE_FIELD, 0, "memory.events", "oom_kill"}, {SOURCE_FIELD, CGROUP_MEMORY, "memory.oom_control", "oom_kill"}}},
	{"pids", "peak", {{SOURCE_NUMBER, 0, "pids.peak"}, {SOURCE_NUMBER, CGROUP_PIDS, "pids.peak"}}},
	{"pids", "refused", {{SOURCE_FIELD, 0, "pids.events", "max"}, {SOURCE_FIELD, CGROUP_PIDS, "pids.events", "max"}}},
	{"io", "read_bytes",
	 {{SOURCE_IO, 0, "io.stat", "rbytes"}, {SOURCE_IO, CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", "Read"}}},
	{"io", "written_bytes",
	 {{SOURCE_IO, 0, "io.stat", "wbytes"}, {SOURCE_IO, CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", "Write"}}},
	{"pressure", "cpu_some_usec", {{SOURCE_PRESSURE, 0, "cpu.pressure", "some"}}},
	{"pressure", "cpu_full_usec", {{SOURCE_PRESSURE, 0, "cpu.pressure", "full"}}},
	{"pressure", "memory_some_usec", {{SOURCE_PRESSURE, 0, "memory.pressure", "some"}}},
	{"pressure", "memory_full_usec", {{SOURCE_PRESSURE, 0, "memory.pressure", "full"}}},
	{"pressure", "io_some_usec", {{SOURCE_PRESSURE, 0, "io.pressure", "some"}}},
	{"pressure", "io_full_usec", {{SOURCE_PRESSURE, 0, "io.pressure", "full"}}},
};

static bool read_row(const struct cgroup *cgroup, const struct row *row, uint64_t *ret)
{
	return stats_source_read(cgroup, row->sources, COUNT(row->sources), ret);
}

void stats_emit_report(const struct cgroup *cgroup, struct emitter *e)
{
	uint64_t n;

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool first = i == 0 || strcmp(rows[i].object, rows[i - 1].object) != 0;
		bool last = i + 1 == COUNT(rows) || strcmp(rows[i].object, rows[i + 1].object) != 0;

		if (first) {
			emit_key(e, rows[i].object);
			emit_object(e);
		}
		if (read_row(cgroup, &rows[i], &n)) {
			emit_key_uint(e, rows[i].key, n);
		} else {
			emit_key(e, rows[i].key);
			emit_raw(e, "null", 4);
		}
		if (last)
			emit_end_object(e);
	}
}

bool stats_oom_kills(const struct cgroup *cgroup, uint64_t *ret)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].key, "oom_kills") == 0)
			return read_row(cgroup, &rows[i], ret);
	return false;
}
