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
	struct volume_uses **uses;
};

/* env.c: --env-file, --env, --unsetenv */
int flags_env(struct flags_work *w, struct error *err);
/* mounts.c: --volume, --mount, --tmpfs */
int flags_mounts(struct flags_work *w, struct error *err);
