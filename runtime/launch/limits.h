/*
 * limits - the flags of `run` and `create` that overrule linux.resources: for a bundle that is somebody else's.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>

struct limits {                 /* as they were given; NULL: not */
	const char *memory, *memory_swap, *cpus, *pids, *cpu_weight, *cpu_shares;
	struct strings io_max;
};

static inline bool limits_given(const struct limits *l)
{
	return l->memory || l->memory_swap || l->cpus || l->pids || l->cpu_weight || l->cpu_shares || l->io_max.n;
}

/* Into `config`, before it is validated.  What was not given stays as config.json has it. */
int limits_apply(const struct limits *limits, struct config *config, struct error *err);
