/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/usage.h"

#include "cgroups/stats_source.h"
#include "cgroups/stats_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* v2 first: the v2 tree of a hybrid host has cpu.stat, finer than v1's, and no controllers. */
static const struct row {
	size_t offset;
	struct stats_source sources[2];
} rows[] = {
	{offsetof(struct usage, cpu_usec), {{SOURCE_FIELD, 0, "cpu.stat", "usage_usec"}, {SOURCE_NUMBER, CGROUP_CPUACCT, "cpuacct.usage", .by = 1000}}},
	{offsetof(struct usage, memory), {{SOURCE_NUMBER, 0, "memory.current"}, {SOURCE_NUMBER, CGROUP_MEMORY, "memory.usage_in_bytes"}}},
	{offsetof(struct usage, memory_limit), {{SOURCE_NUMBER, 0, "memory.max"}, {SOURCE_NUMBER, CGROUP_MEMORY, "memory.limit_in_bytes"}}},
	{offsetof(struct usage, cache),
	 {{SOURCE_FIELD, 0, "memory.stat", "inactive_file"}, {SOURCE_FIELD, CGROUP_MEMORY, "memory.stat", "total_inactive_file"}}},
	{offsetof(struct usage, pids), {{SOURCE_NUMBER, 0, "pids.current"}, {SOURCE_NUMBER, CGROUP_PIDS, "pids.current"}}},
	{offsetof(struct usage, pids_limit), {{SOURCE_NUMBER, 0, "pids.max"}, {SOURCE_NUMBER, CGROUP_PIDS, "pids.max"}}},
	{offsetof(struct usage, read), {{SOURCE_IO, 0, "io.stat", "rbytes"}, {SOURCE_IO, CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", "Read"}}},
	{offsetof(struct usage, written), {{SOURCE_IO, 0, "io.stat", "wbytes"}, {SOURCE_IO, CGROUP_IO, "blkio.throttle.io_service_bytes_recursive", "Write"}}},
};

/* v1 says "no limit" as the largest multiple of a page. */
#define V1_UNLIMITED (UINT64_C(1) << 62)

void usage_read(const struct cgroup *cgroup, struct usage *ret)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t *field = (uint64_t *)((char *)ret + rows[i].offset);

		if (!stats_source_read(cgroup, rows[i].sources, COUNT(rows[i].sources), field))
			*field = USAGE_UNKNOWN;
	}
	if (ret->memory_limit >= V1_UNLIMITED)
		ret->memory_limit = USAGE_UNKNOWN;
	/* What the kernel takes back at once where memory is wanted, as podman and docker count. */
	if (ret->memory != USAGE_UNKNOWN && ret->cache != USAGE_UNKNOWN && ret->cache < ret->memory)
		ret->memory -= ret->cache;
}
