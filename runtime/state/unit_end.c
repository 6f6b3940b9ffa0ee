/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/unit_end.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/manager.h"
#include "cgroups/systemd.h"
#include "runtime/base/log.h"

#define END_TIMEOUT_MS 15000

/* The name may be another's by now; its group cannot. */
bool unit_is_there(const struct state *state)
{
	return state->unit && state->unit_group && cgroup_identity(state->n_groups, state->groups) == state->unit_group;
}

bool unit_moves(const struct state *state, const struct caller *caller, struct cgroup *group)
{
	struct error ignored = {0};

	if (!state->unit || !state->unit_user || !caller->ordinary || cgroup_check_enter(group, &ignored) == 0)
		return false;
	cgroup_close(group);
	return true;
}

/* "/container", or "": what the state's path has behind the unit. */
static const char *subgroup(const struct state *state)
{
	const char *last = state->n_groups ? strrchr(state->groups[0], '/') : NULL;

	return last && strcmp(last + 1, state->unit) != 0 ? last : "";
}

int unit_move(const struct state *state, pid_t pid, struct error *err)
{
	struct dbus bus;
	int r = dbus_open(true, END_TIMEOUT_MS, NULL, &bus, err);

	if (r < 0)
		return r;
	r = systemd_attach(&bus, state->unit, subgroup(state), pid, err);
	dbus_close(&bus);
	return r;
}

/*
 * The group is gone, or a create was killed before it could say which one it is.  A unit that failed may be left: ours,
 * if it says so.
 */
static bool says_so(struct dbus *bus, const struct state *state)
{
	struct unit mine;
	struct error ignored = {0};
	char description[sizeof(mine.description)] = "";

	unit_describe(&mine, state->id);
	return systemd_get(bus, state->unit, "Unit", "Description", description, sizeof(description), &ignored) == 0 &&
	       strcmp(description, mine.description) == 0;
}

static int stop(const struct state *state, bool there, struct error *err)
{
	struct dbus bus;
	int r = dbus_open(state->unit_user, END_TIMEOUT_MS, NULL, &bus, err);

	if (r < 0)
		return r;
	if (there || says_so(&bus, state))
		r = systemd_stop(&bus, state->unit, err);
	dbus_close(&bus);
	return r;
}

static bool is_slice(const char *unit)
{
	const char *dot = strrchr(unit, '.');

	return dot && strcmp(dot, ".slice") == 0;
}

int unit_end(const struct state *state, bool there, struct error *err)
{
	int r;

	if (!state->unit)
		return 0;
	r = stop(state, there, err);
	if (r == 0 || is_slice(state->unit))
		return r;
	log_warning("%s: %s", err->text, error_reason(err));
	*err = (struct error){0};
	return 0;
}
