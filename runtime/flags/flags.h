/*
 * flags - what the flags of run, create and plan say instead of config.json, spelt as podman and docker spell them: the decoded
 * configuration is changed before it is validated, so that all that follows (validation, the plan, exec, inspect) sees one thing.
 *
 * Pure but for what a flag names on the host (a file of variables, a device, a source, a volume), and for the etc/passwd of the
 * container's root (--user NAME).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>

struct run_flags {
	struct strings env, env_files, unsetenv;
	struct strings volumes, mounts, tmpfs;
	struct strings annotations;
	const char *workdir;
	bool tty;
};

struct volume_uses;

struct flags_place {            /* where the configuration is, and what may be made for it */
	const char *bundle;     /* absolute */
	const char *store;      /* where volumes are kept; NULL: the usual place */
	bool dry;               /* for `plan`: nothing is made */
};

/* Whether there is any: who has none pays for no more than this. */
bool flags_given(const struct run_flags *flags);
/*
 * Into the configuration, which owns what is added.  *ret_uses: the volumes that are held until volumes_release, or NULL; they are the
 * caller's on failure, too.
 */
int flags_apply(const struct run_flags *flags, const struct flags_place *place, struct config *config, struct volume_uses **ret_uses,
                struct error *err);
