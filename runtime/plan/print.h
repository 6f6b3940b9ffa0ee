/*
 * print - a plan for people (a line a step) and for programs (JSON).  Stable across machines:
 * what golden tests compare.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/plan/plan.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stdio.h>

/* `config` finds the line and column that asked for each step. */
void plan_print(const struct plan *plan, const struct config *config, bool json, FILE *out);
/* "mount", "pivot" ... */
const char *step_name(enum step_kind kind);
