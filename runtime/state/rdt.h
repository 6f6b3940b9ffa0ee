/*
 * rdt - linux.intelRdt: cache and memory bandwidth by the resctrl file system (config-linux.md "IntelRdt").
 *
 * A class of service is a directory: `schemata` says what it may use, `tasks` who is in it, mon_groups/ID measures
 * one container.  Every function takes the file system's root as an fd.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/config.h"

#include <sys/types.h>

#define RDT_ROOT "/sys/fs/resctrl"

struct rdt_group {              /* what state.json keeps */
	const char *name;       /* of the class: closID, or the container's; NULL = none */
	bool made;              /* by this container: delete removes it */
	bool shared;            /* by its closID, which others may use as well */
	bool monitored;         /* mon_groups/ID of it is this container's */
};

/* An fd of `path`, which must be a resctrl; it is looked at where every host mounts it, never searched for. */
int rdt_open(const char *path, struct error *err);
/* What will be made and used; fails if a class that must exist does not, or one that exists has another schema. */
int rdt_decide(int root, const struct intel_rdt *rdt, const char *id, struct rdt_group *ret, struct error *err);
/* The directory of the class, if it is to be made. */
int rdt_make(int root, const struct intel_rdt *rdt, const struct rdt_group *group, struct error *err);
/* Its schemata, if it was made just now; then `pid` is in it, and in the monitoring group. */
int rdt_enter(int root, const struct intel_rdt *rdt, const struct rdt_group *group, const char *id, pid_t pid,
              struct error *err);
/* Takes back what was made; a shared class only when nobody is in it.  Missing things are fine. */
int rdt_remove(int root, const struct rdt_group *group, const char *id, struct error *err);

/* What goes into the file `schemata`, malloc'ed, or NULL (and *ret_failed) without memory; "" if nothing is asked for. */
char *rdt_schemata(const struct intel_rdt *rdt, bool *ret_failed);
/* True if every value of `wanted` stands in `existing` (lines as the kernel prints them). */
bool rdt_matches(const char *wanted, const char *existing);
