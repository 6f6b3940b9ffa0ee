/*
 * hints - what to do about a step that the kernel refused.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/message.h"
#include "runtime/plan/plan.h"

/* Adds a hint to *err, if there is one for what init was doing (`step`) and met (`met`). */
void hint_step(const struct plan *plan, const struct step *step, const struct message *met, struct error *err);
