/*
 * restart - whether a container that has ended is started again, and when: Docker's policies and pauses.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum restart_kind { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct restart_policy {
	enum restart_kind kind;
	unsigned max;           /* restarts; 0: no end */
	const char *text;       /* as it was given */
};

/* "no", "on-failure", "on-failure:N", "always"; what only a daemon can do is refused by name. */
int restart_parse(const char *text, struct restart_policy *ret, struct error *err);
/* After `restarts` of them it has ended with `status`. */
bool restart_wanted(const struct restart_policy *policy, unsigned restarts, int status);
/* The pause before the next start, of which the last was `before_ns` (0: none) and it ran `ran_ns` since. */
uint64_t restart_pause(uint64_t before_ns, uint64_t ran_ns);
