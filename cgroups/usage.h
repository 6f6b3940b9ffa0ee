/*
 * usage - what a group uses now, in a few numbers for people.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"

#include <stdint.h>

/* Not counted here, or no limit. */
#define USAGE_UNKNOWN UINT64_MAX

struct usage {
	uint64_t cpu_usec;              /* since the group was made */
	uint64_t memory, memory_limit;  /* bytes; without `cache` */
	uint64_t cache;                 /* bytes of files that nobody has used for a while */
	uint64_t pids, pids_limit;
	uint64_t read, written;         /* bytes, from and to block devices */
};

/* Never fails: what cannot be read is USAGE_UNKNOWN. */
void usage_read(const struct cgroup *cgroup, struct usage *ret);
