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

/* Mounts, by their place in the configuration that is kept: those whose sources flags resolved (struct mount's links_followed). */
#define KEPT_MOUNTS_MAX 1024

struct kept_mounts {
	uint64_t links_followed[KEPT_MOUNTS_MAX / 64];
};

/* Shared by the process that starts a container and the one that waits for it. */
struct attempt {
	bool ran;               /* it came to the program */
	bool timed_out;
	bool announced;         /* who waited for `announce` knows */
	uint64_t began_ns;      /* CLOCK_BOOTTIME: when it did */
	struct kept_mounts mounts;
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
	struct kept_mounts mounts;      /* the same: what its text cannot say, so that no bundle's text can */
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
