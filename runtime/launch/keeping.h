/*
 * keeping - what a start knows of the process that stays beside its container (runtime/container/keeper.h): of one whose output
 * is kept, or that is started again.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Shared by the process that starts a container and the one that waits for it. */
struct attempt {
	bool ran;               /* it came to the program */
	bool timed_out;
	uint64_t began_ns;      /* CLOCK_BOOTTIME: when it did */
	int r, status;          /* container_run's */
	struct error err;
};

struct keeping {
	bool detached;          /* whoever called does not wait for the end */
	pid_t pid;              /* of who stays until the last of its ends */
	uint64_t start_time;
	const char *log;        /* absolute; NULL: none */
	const char *policy;     /* of --restart; NULL: none */
	unsigned restarts;      /* so many starts before this one */
	int store;              /* the container's directory, of an earlier start; -1: this is the first */
	const char *upper;      /* the same: what goes with the container (struct state); NULL: none */
	uint64_t timeout_ns;    /* for all starts together; 0: none, or it is this one's alone */
	unsigned passed;        /* fds from 3 on that are the container's */
	int announce;           /* a pipe that gets a byte once the program runs; -1: nobody waits */
	struct attempt *attempt;
};

/* Is it one more start of a container that is there? */
static inline bool keeping_again(const struct keeping *keeping)
{
	return keeping && keeping->store >= 0;
}
