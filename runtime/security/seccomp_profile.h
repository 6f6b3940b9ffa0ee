/*
 * seccomp_profile - the words of linux.seccomp as the kernel's numbers (config-linux.md "Seccomp"): actions,
 * operators, flags.  Names of system calls and architectures are left to seccomp_calls.  Pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/security/seccomp_bpf.h"
#include "spec/config.h"

/* One entry of `syscalls`. */
struct profile_rule {
	const struct seccomp_rule *from;
	uint32_t action;        /* SECCOMP_RET_*, with its data */
	bool permits;           /* the system call happens */
	bool any;               /* an argument is named twice: one condition is enough */
	size_t n;
	struct bpf_condition *conditions;
};

struct seccomp_profile {
	uint32_t flags;         /* SECCOMP_FILTER_FLAG_* for seccomp(2) */
	uint32_t otherwise;     /* defaultAction */
	uint32_t beyond;        /* for numbers above the newest one named */
	size_t n;
	struct profile_rule *rules;
	struct bpf_condition *conditions;       /* of all rules */
};

/* -EINVAL with its place: an action, operator, flag or argument that the specification does not know. */
int seccomp_profile_read(const struct seccomp *from, struct seccomp_profile *ret, struct error *err);
/* Also of one whose reading failed. */
void seccomp_profile_free(struct seccomp_profile *profile);
/* The flag of seccomp(2) for its name in linux.seccomp.flags; 0: none, or it means nothing by itself. */
uint32_t seccomp_flag(const char *name);
/* "seccomp: unknown KIND ..." with its place: -EINVAL. */
int seccomp_unknown(const struct text *what, const char *kind, struct error *err);
