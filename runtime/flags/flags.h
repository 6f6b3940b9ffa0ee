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
	struct strings group_add, cap_add, cap_drop, security_opts, ulimits, sysctls, devices;
	const char *workdir, *user, *entrypoint;
	const char *hostname, *domainname, *shm_size, *cpuset_cpus, *cpuset_mems, *oom_score_adj, *umask;
	bool tty, read_only, no_read_only_tmpfs, init;
};

struct volume_uses;

/* What the flags need until the process ends. */
struct flags_kept {
	struct volume_uses *volumes;    /* those that are held; NULL: none */
	struct config *profile;         /* of seccomp; its memory is what the configuration points to */
};

struct flags_place {            /* where the configuration is, and what may be made for it */
	const char *bundle;     /* absolute */
	const char *store;      /* where volumes are kept; NULL: the usual place */
	size_t n_args;          /* the last of process.args: they are the command line's own */
	bool dry;               /* for `plan`: nothing is made */
};

/* Whether there is any: who has none pays for no more than this. */
bool flags_given(const struct run_flags *flags);
/* Into the configuration, which owns what is added.  *kept is zero at first, and the caller's on failure, too. */
int flags_apply(const struct run_flags *flags, const struct flags_place *place, struct config *config, struct flags_kept *kept,
                struct error *err);
/* After validation, so that what makes no sense makes nothing: the volumes are made, if they are missing, and held. */
int flags_hold(const struct flags_place *place, struct config *config, struct flags_kept *kept, struct error *err);
/* Its memory; volumes stay held until the process ends. */
void flags_forget(struct flags_kept *kept);
