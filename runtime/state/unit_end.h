/*
 * unit_end - the unit of a container that a later command finds by its state: who comes into it, and its end.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/state/state.h"
#include "runtime/plan/userns.h"

/* Before its group goes: is the unit of that name still this container's? */
bool unit_is_there(const struct state *state);
/*
 * Must the user's systemd move a process into `group` (which is closed then), because an ordinary user may not?  It
 * does so also where it has to ask the system's for it.
 */
bool unit_moves(const struct state *state, const struct caller *caller, struct cgroup *group);
int unit_move(const struct state *state, pid_t pid, struct error *err);
/*
 * Stops the unit, whose processes have ended; `there`: of unit_is_there.  A scope that systemd cannot be asked about
 * ends by itself, now that it is empty: that is a warning.
 */
int unit_end(const struct state *state, bool there, struct error *err);
