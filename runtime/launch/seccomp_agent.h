/*
 * seccomp_agent - who answers what a profile's SCMP_ACT_NOTIFY asks (config-linux.md "Seccomp"): listens
 * at listenerPath, and gets the filter's listener with the container process state.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <sys/types.h>

/* There is a socket, if one is needed.  Nothing is sent: an agent takes each connection for a container. */
int seccomp_agent_check(const struct seccomp *profile, struct error *err);
/* One connection, one message, `listener` beside it (it stays the caller's).  Bounded, whatever the agent does. */
int seccomp_agent_send(const struct config *config, const char *id, const char *bundle, pid_t pid, int listener,
                       struct error *err);
