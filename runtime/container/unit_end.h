/*
 * unit_end - the end of a container's unit, for a later command that finds it by its state.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/container/state.h"

/* Before its group goes: is the unit of that name still this container's? */
bool unit_is_there(const struct state *state);
/*
 * Stops the unit, whose processes have ended; `there`: of unit_is_there.  A scope that systemd cannot be asked about
 * ends by itself, now that it is empty: that is a warning.
 */
int unit_end(const struct state *state, bool there, struct error *err);
