/*
 * init_image - the freestanding init (runtime/init), as it travels inside the runtime.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/plan.h"

#include <stddef.h>

/*
 * Puts init and `plan` into one file (a sealed memfd, or of a read-only tmpfs) that can be executed and cannot be written by
 * anybody (CVE-2019-5736): an fd, the caller's, deliberately not close-on-exec,
 * because init maps its plan from it, at *ret_offset.
 */
int init_image_open(const struct plan *plan, int *ret_fd, size_t *ret_offset, struct error *err);
