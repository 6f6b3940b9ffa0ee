/*
 * guardian - who takes down what a `sandbox` made when the one who watches it is killed: a process that waits for that, and for
 * nothing else.
 *
 * The sandbox's processes end with its watcher by themselves (STEP_REAP, tied); its directories and control groups do not.  One
 * that is over in no time has no guardian: what a kill -9 in its first moments leaves is seen by `list` and removed by `delete`.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/state/handle.h"

#include <sys/types.h>

/* So long after its start. */
#define GUARDIAN_AFTER_MS 100

struct guardian {
	const struct runtime_options *runtime;
	const char *id;
	pid_t pid;              /* 0: not yet, or it could not be made */
};

/* Makes it (`arg`: a struct guardian). */
void guardian_start(void *arg);
/* Everything was taken down, or is about to be by us. */
void guardian_end(struct guardian *guardian);
