/*
 * names - the words of config.json and the numbers they stand for.
 *
 * One table per vocabulary: decode checks against it, the plan turns words into
 * numbers with it, and `features` prints it.  The seccomp tables hold words only: their numbers are
 * libseccomp's, which only runtime/security/seccomp_calls.c knows.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/config.h"

#include <stdint.h>

struct name {
	const char *name;       /* NULL ends a table */
	int64_t value;
};

extern const struct name rlimit_names[];                /* RLIMIT_* */
extern const struct name namespace_names[];             /* enum namespace_kind */
extern const struct name hook_names[];                  /* enum hook_kind */
extern const struct name propagation_names[];           /* MS_PRIVATE ..., r forms with MS_REC */
extern const struct name personality_names[];           /* PER_* of personality(2) */
extern const struct name scheduler_policy_names[];      /* SCHED_* of sched_setattr(2) */
extern const struct name scheduler_flag_names[];        /* SCHED_FLAG_*, to be or'ed */
extern const struct name io_priority_names[];           /* IOPRIO_CLASS_* */
extern const struct name memory_mode_names[];           /* MPOL_* of set_mempolicy(2) */
extern const struct name memory_flag_names[];           /* MPOL_F_*, to be or'ed */

/* Words only; the value is the row's number. */
extern const struct name seccomp_action_names[];
extern const struct name seccomp_operator_names[];
extern const struct name seccomp_arch_names[];
extern const struct name seccomp_flag_names[];

extern const uint64_t namespace_flags[NS_KINDS];        /* CLONE_NEW* */
extern const char *const namespace_files[NS_KINDS];     /* below /proc/PID/ns: "mnt" */

/* The row of a word (exact, with case), or NULL. */
const struct name *name_find(const struct name *table, const char *word);
/* The first word for a number, or NULL. */
const char *name_of(const struct name *table, int64_t value);
/* The word that `typo` was probably meant to be (letter case aside), or NULL if none is close. */
const char *name_closest(const struct name *table, const char *typo);
