/*
 * parts - one function for each kind of flag; between files of runtime/flags only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/flags/flags.h"

struct flags_work {
	const struct run_flags *flags;
	const struct flags_place *place;
	struct config *config;
	struct flags_kept *kept;
};

/* env.c: --env-file, --env, --unsetenv */
int flags_env(struct flags_work *w, struct error *err);
/* process.c: --entrypoint, --ulimit, --oom-score-adj, --umask */
int flags_process(struct flags_work *w, struct error *err);
/* user.c: --user, --group-add */
int flags_user(struct flags_work *w, struct error *err);
/* caps.c: --cap-add, --cap-drop; after the user: who is not root has others */
int flags_caps(struct flags_work *w, struct error *err);
/* security.c: --security-opt */
int flags_security(struct flags_work *w, struct error *err);
/* devices.c: --device */
int flags_devices(struct flags_work *w, struct error *err);
/* system.c: --hostname, --domainname, --sysctl, --cpuset-*, --read-only, --shm-size, --init; after the mounts */
int flags_system(struct flags_work *w, struct error *err);
/* mounts.c: --volume, --mount, --tmpfs */
int flags_mounts(struct flags_work *w, struct error *err);
