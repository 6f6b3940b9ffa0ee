/*
 * blame - init's {step, stage, errno} as a sentence that names the operation, the object and the way out.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/launch/sync.h"
#include "runtime/plan/plan.h"

/* Fills *err from MSG_FAILED; err->status is 126 or 127 where the program was the fault.  Returns -err->code. */
int blame_init(const struct plan *plan, const struct reply *failure, struct error *err);
