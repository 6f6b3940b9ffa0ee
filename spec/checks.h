/*
 * checks - what config_validate asks one after the other: each a MUST of the specification; -EINVAL with its place.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <errno.h>
#include <stdbool.h>

#define refuse(err, place, ...)                      \
	({                                           \
		error_set(err, EINVAL, __VA_ARGS__); \
		error_locate(err, place);            \
	})

typedef int config_check(const struct config *config, struct error *err);

/* validate_ids.c */
config_check check_mount_mappings, check_user_mappings;
/* validate_linux.c */
config_check check_time_offsets, check_devices, check_net_devices, check_cgroups_path, check_unified,
	check_masked_paths, check_readonly_paths, check_personality, check_rdt, check_memory_policy;
/* validate_process.c */
config_check check_cwd, check_args, check_env, check_console, check_rlimits, check_labels, check_scheduler,
	check_io_priority, check_affinity;
/* validate_seccomp.c */
config_check check_seccomp;
/* validate_sysctl.c */
config_check check_sysctls;

/* The config has (or joins) a namespace of that kind, which `who` at `at` needs. */
int check_namespace(const struct config *config, enum namespace_kind kind, struct source at, const char *who,
                    struct error *err);
