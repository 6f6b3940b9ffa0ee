/*
 * maps - gives a new user namespace its ids: by writing /proc/PID/{uid,gid}_map, or through newuidmap and newgidmap
 * where an ordinary user asks for more than its own id.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/plan/userns.h"

#include <sys/types.h>

/* The namespace is that of `pid`, our child, which waits. */
int maps_write(pid_t pid, const struct config *config, const struct caller *caller, struct error *err);
/* `pid` has joined a namespace: does it map what config.json says (if it says anything)? */
int maps_compare(pid_t pid, const struct config *config, struct error *err);
