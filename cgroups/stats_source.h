/*
 * stats_source - one number of a group, and where v1 and v2 have it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

enum source_kind { SOURCE_NUMBER, SOURCE_FIELD, SOURCE_IO, SOURCE_PRESSURE };

struct stats_source {
	enum source_kind kind;
	uint32_t controller;    /* of v1; 0: the v2 group, of a hybrid host too */
	const char *file;       /* NULL: no such source */
	const char *word;       /* FIELD: the key, IO: the op, PRESSURE: the line */
	unsigned times, by;     /* units; 0 is 1 */
};

/* The first of `n` sources that can be read; false: none can.  No limit is STATS_MAX (stats_text.h). */
bool stats_source_read(const struct cgroup *cgroup, const struct stats_source *sources, size_t n, uint64_t *ret);
