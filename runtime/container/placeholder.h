/*
 * holder - a process that does nothing: as long as it is in a scope, systemd does not remove the scope.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <sys/types.h>

/* In our memory, on a stack of its own: it costs a scope's limits one task.  It ends with us, or with holder_end. */
int holder_start(pid_t *ret, struct error *err);
/* 0: there is none. */
void holder_end(pid_t pid);
