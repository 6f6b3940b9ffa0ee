/*
 * placeholder - a process that does nothing; its only use is that it is there: it has a /proc/PID/uid_map, or keeps
 * systemd from removing the scope that it is in.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <sys/types.h>

#define PLACEHOLDER_STACK 16384

/*
 * Runs in our memory (a fork would copy the page tables) and with our fds, on `stack` (its upper end; as long as it
 * lives), until it is killed or we end.  `flags`: namespaces of its own.  -1 and errno.
 */
pid_t placeholder_start(int flags, char *stack);
/* Where a security module forbids to kill it, it ends with us. */
void placeholder_end(pid_t pid);
