/*
 * unit - a container as a unit of systemd: its name and slice, and the properties it is started with.
 *
 * Pure: cgroupsPath, limits and annotations to the bytes of one StartTransientUnit; that makes it the test
 * surface, and what `plan` can print.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "cgroups/wire.h"
#include "spec/config.h"

#include <sys/types.h>

#define UNIT_NAME_MAX 255       /* systemd.unit(5) */

struct unit {
	char name[UNIT_NAME_MAX + 1];   /* "docker-x.scope"; "" if there is none */
	char slice[UNIT_NAME_MAX + 1];  /* of a scope: "a-b.slice", "-.slice" */
	char description[300];
	bool is_slice;                  /* it takes no process when it starts */
	bool user;                      /* of the user's manager, not of the system's */
	char subgroup[NAME_MAX + 1];    /* of the unit's own group, for the container; "": none */
	bool held;                      /* by a process of ours, until its numbers are read: systemd removes what is empty */
	pid_t holder;                   /* that process; 0: not there yet */
};

/*
 * cgroupsPath "slice:prefix:name": prefix-name.scope, or the slice `name` if it ends in .slice.  Without a path:
 * crun-lite-ID.scope.  Without a slice: system.slice, or user.slice.
 */
int unit_name(const struct text *cgroups_path, const char *id, bool user, struct unit *ret, struct error *err);
/* Is it the name of a scope or slice, of the bytes that such a name may have? */
bool unit_is_name(const char *name);
/* Sets the description alone: it tells the units of two containers apart. */
void unit_describe(struct unit *unit, const char *id);
/* The annotation run.oci.systemd.subgroup, as crun has it: the name of a group below the unit's own. */
int unit_subgroup(const struct pairs *annotations, struct unit *unit, struct error *err);
/* Its group below the manager's: "/a.slice/a-b.slice/docker-x.scope".  CGROUP_PATH_MAX bytes. */
int unit_path(const struct unit *unit, char *ret, struct error *err);
/* The name in an object path: bytes but letters and digits as _xx.  At most 3 for one, and a 0. */
void unit_escape(const char *name, char *ret);

enum {
	UNIT_V1 = 1,            /* the host's controllers are v1's: other words for some limits */
	UNIT_OLD = 2,           /* leave out what came after systemd 240: the files get all of it anyway */
	UNIT_UPDATE = 4,        /* for SetUnitProperties: limits only */
	UNIT_HELD = 8,          /* one task more than the container's: the holder (also where unit->held says so) */
};

/*
 * Appends a(sv): what the unit is, its limits, and its annotations org.systemd.property.NAME (which have been
 * checked by name: a bundle must not have systemd start, stop or run anything else).
 */
int unit_properties(const struct unit *unit, pid_t pid, const struct resources *resources,
		    const struct pairs *annotations, unsigned flags, struct wire *ret, struct error *err);
/* Lines "NAME=TYPE VALUE" of what unit_properties appended to an empty wire. */
void unit_properties_print(const struct wire *properties, FILE *out);
