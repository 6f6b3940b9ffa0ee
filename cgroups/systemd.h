/*
 * systemd - asks systemd to start, change and stop a unit.  Every call ends by the deadline of its connection.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/dbus.h"
#include "cgroups/unit.h"

/*
 * Starts the unit with `pid` in it and all its limits, and returns when it has started.  A unit of that name that has
 * failed makes room; one that runs is -EEXIST.  *ret_started: it is ours to be stopped, also after a failure.
 */
int systemd_start(struct dbus *bus, const struct unit *unit, pid_t pid, const struct resources *resources,
                  const struct pairs *annotations, bool v1, bool *ret_started, struct error *err);
/* Other limits for a unit that runs; until the next boot.  `flags`: UNIT_V1, UNIT_HELD. */
int systemd_update(struct dbus *bus, const char *unit, const struct resources *resources, unsigned flags, struct error *err);
/*
 * Moves a process of the caller's into the group of a unit that is delegated, or into one below it ("/container"; else
 * ""): for who may not write to the group above both.
 */
int systemd_attach(struct dbus *bus, const char *unit, const char *subgroup, pid_t pid, struct error *err);
/* Stops it and forgets that it failed, if it did.  One that does not exist is no error. */
int systemd_stop(struct dbus *bus, const char *unit, struct error *err);
/*
 * A text among its properties ("Description" of "Unit", "ControlGroup" of "Slice") into ret (`size` bytes); cut off
 * if it is longer.
 */
int systemd_get(struct dbus *bus, const char *unit, const char *interface, const char *property, char *ret, size_t size,
                struct error *err);
