/*
 * stats_report - the few numbers that are worth keeping of a group that will go.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats.h"

#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/stats_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* io.stat has a line for each device. */
#define TEXT_SIZE 16384

enum how { NUMBER, FIELD, IO, PRESSURE };

struct source_file {
	enum how how;
	uint32_t controller;    /* of v1; 0: the v2 group, of a hybrid host too */
	const char *file;       /* NULL: no such source */
	const char *word;       /* FIELD: the key, IO: the op, PRESSURE: the line */
	unsigned times, by;     /* units; 0 is 1 */
};

/* The first source that can be read counts.  The v2 tree of a hybrid host measures time finer than v1. */
static const struct row {
	const char *object, *key;
	struct source_file sources[2];
} rows[] = {
	{"cpu", "usage_usec",
	 {{FIELD, 0, "cpu.stat", "usage_usec"}, {NUMBER, CGROUP_CPUACCT, "cpuacct.usage", .by = 1000}}},
	{"cpu", "user_usec",
	 {{FIELD, 0, "cpu.stat", "user_usec"}, {FIELD, CGROUP_CPUACCT, "cpuacct.stat", "user", 10000}}},
	{"cpu", "system_usec",
	 {{FIELD, 0, "cpu.stat", "system_usec"}, {FIELD, CGROUP_CPUACCT, "cpuacct.stat", "system", 10000}}},
	{"cpu", "periods",
	 {{FIELD, 0, "cpu.stat", "nr_periods"}, {FIELD, CGROUP_CPU, "cpu.stat", "nr_periods"}}},
	{"cpu", "throttled_periods",
	 {{FIELD, 0, "cpu.stat", "nr_throttled"}, {FIELD, CGROUP_CPU, "cpu.stat", "nr_throttled"}}},
	{"cpu", "throttled_usec",
	 {{FIELD, 0, "cpu.stat", "throttled_usec"}, {FIELD, CGROUP_CPU, "cpu.stat", "throttled_time", .by = 1000}}},
	{"memory", "peak_bytes",
	 {{NUMBER, 0, "memory.peak"}, {NUMBER, CGROUP_MEMORY, "memory.max_usage_in_bytes"}}},
	{"memory", "swap_peak_bytes", {{NUMBER, 0, "memory.swap.peak"}}},
	/* v1 has no peak of swap alone, and v2 none of both. */
	{"memory", "memory_and_swap_peak_bytes", {{NUMBER, CGROUP_MEMORY, "memory.memsw.max_usage_in_bytes"}}},
	{"memory", "oom_kills",
	 {{FIELD, 0, "memory.events", "oom_kill"}, {FIELD, CGROUP_MEMORY, "memory.oom_control", "oom_kill"}}},
	{"pids", "peak", {{NUMBER, 0, "pids.peak"}, {NUMBER, CGROUP_PIDS, "pids.peak"}}},
	{"pids", "refused", {{FIELD, 0, "pids.events", "max"}, {FIELD, CGROUP_PIDS, "pids.events", "max"}}},
	{"io", "read_bytes",
	 {{IO, 0, "io.stat", "rbytes"}, {IO, CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", "Read"}}},
	{"io", "written_bytes",
	 {{IO, 0, "io.stat", "wbytes"}, {IO, CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", "Write"}}},
	{"pressure", "cpu_some_usec", {{PRESSURE, 0, "cpu.pressure", "some"}}},
	{"pressure", "cpu_full_usec", {{PRESSURE, 0, "cpu.pressure", "full"}}},
	{"pressure", "memory_some_usec", {{PRESSURE, 0, "memory.pressure", "some"}}},
	{"pressure", "memory_full_usec", {{PRESSURE, 0, "memory.pressure", "full"}}},
	{"pressure", "io_some_usec", {{PRESSURE, 0, "io.pressure", "some"}}},
	{"pressure", "io_full_usec", {{PRESSURE, 0, "io.pressure", "full"}}},
};

static uint64_t sum_of(const char *text, const char *op)
{
	struct stats_io io = {.text = text};
	uint64_t sum = 0;

	while (stats_next_io(&io))
		if (strcmp(io.op, op) == 0 && __builtin_add_overflow(sum, io.value, &sum))
			return STATS_MAX;
	return sum;
}

static bool read_source(const struct cgroup *cgroup, const struct source_file *s, uint64_t *ret)
{
	const struct cgroup_dir *dir = s->controller ? cgroup_v1_dir(cgroup, s->controller) : cgroup_v2_dir(cgroup);
	struct stats_pressure pressure;
	char text[TEXT_SIZE];
	bool known = true;

	if (!s->file || !dir || cgroup_file_read(cgroup, dir, s->file, text, sizeof(text)) < 0)
		return false;
	switch (s->how) {
	case NUMBER:
		known = stats_number(text, ret);
		break;
	case FIELD:
		known = stats_field(text, s->word, ret);
		break;
	case IO:
		*ret = sum_of(text, s->word);
		break;
	case PRESSURE:
		known = stats_pressure(text, s->word, &pressure);
		*ret = known ? pressure.total : 0;
		break;
	}
	if (known)
		*ret = *ret / (s->by ?: 1) * (s->times ?: 1);
	return known;
}

static bool read_row(const struct cgroup *cgroup, const struct row *row, uint64_t *ret)
{
	for (size_t i = 0; i < COUNT(row->sources); i++)
		if (read_source(cgroup, &row->sources[i], ret))
			return true;
	return false;
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
