/*
 * timeout - the end of a program that takes too long: TERM to it, then KILL to all that the container is.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct timeout {
	uint64_t after_ns, kill_after_ns;
	uint64_t told_ns;       /* what --timeout said, where after_ns is what is left of it; 0: the same */
	bool passes_on;         /* process 1 gives TERM to the program (while it waits for one, it is not seen to block it) */
	const struct cgroup *group;     /* killed as a whole; NULL: the process alone, and its pid namespace with it */
	int fd;                         /* readable when it is time for timeout_act; -1: not armed */
	enum { TIMEOUT_WAITS, TIMEOUT_TERMED, TIMEOUT_KILLED } phase;
};

/* Starts the clock: the members up to `group` are the caller's. */
int timeout_arm(struct timeout *timeout, struct error *err);
/*
 * What it is time for.  A process that TERM cannot reach (the first of a pid namespace, without a handler:
 * pid_namespaces(7)) is not waited for.
 */
void timeout_act(struct timeout *timeout, pid_t pid, int pidfd);
/* As timeout(1): 124, or 137 for who had to be killed; `status` if it was in time. */
int timeout_status(const struct timeout *timeout, int status);
