/*
 * clone - the one clone3 that makes a container's first process.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A child with `namespaces` (CLONE_NEW*) of its own, born in the v2 group `group` (a directory fd;
 * -1: ours), that executes the sealed file `image` (init, and at `plan_offset` its plan) with our fds.  CLONE_VM|CLONE_VFORK: no page is
 * copied, and we go on once the child has left our memory.  In a new user namespace it keeps the first `capabilities`
 * capabilities through the exec.  `frozen`: nobody in the
 * group runs now, so it gets a copy of our memory instead, and we go on at once.  *ret_pidfd is the caller's.
 */
int clone_init(int image, size_t plan_offset, uint32_t namespaces, unsigned capabilities, int group, bool frozen,
               pid_t *ret_pid, int *ret_pidfd, struct error *err);
