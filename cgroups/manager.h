/*
 * manager - who makes the group of a container: crun-lite by itself, systemd, or nobody.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "cgroups/dbus.h"
#include "cgroups/unit.h"

#include <sys/types.h>

enum cgroup_manager_kind { CGROUP_BY_FS, CGROUP_BY_SYSTEMD, CGROUP_BY_NOBODY, CGROUP_MANAGERS };

/* What decides where a group goes. */
struct cgroup_wish {
	const struct text *cgroups_path;
	const struct pairs *annotations;
	const char *id;
	bool user;                      /* what is not the system's is asked for */
	bool held;                      /* systemd must not remove the group before we let it */
};

struct cgroup_manager {
	const char *name;               /* as --cgroup-manager has it */
	/*
	 * Decides where the group goes, and makes nothing.  No groups (ret->n == 0): the container gets none;
	 * ret_unit->name: the group comes into being with its first process, by cgroup_start.
	 */
	int (*locate)(const struct cgroup_host *host, const struct cgroup_wish *wish, struct cgroup *ret,
	              struct unit *ret_unit, struct error *err);
};

extern const struct cgroup_manager cgroup_managers[CGROUP_MANAGERS];

/* True if the systemd to be asked is the user's: for who is not root, and for root of a user's namespace. */
bool cgroup_user_manager(void);
/*
 * Has systemd start the unit with `pid` in it (and unit->holder), and finds its group: from then on that is like one of
 * our own (what v1 hierarchies systemd leaves alone has been made).  *ret_started: systemd_stop is due.
 */
int cgroup_start(struct cgroup *cgroup, const struct unit *unit, pid_t pid, struct dbus *bus,
                 const struct resources *resources, const struct pairs *annotations, bool *ret_started,
                 struct error *err);
/*
 * A number that no later group of the same path has; 0 if it is gone.  `paths`: below /sys/fs/cgroup, as the state has
 * them.
 */
uint64_t cgroup_identity(size_t n, const char *const *paths);
