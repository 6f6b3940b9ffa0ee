/*
 * seccomp - config.json's linux.seccomp as the bytes that the kernel takes.
 *
 * libseccomp needs milliseconds for an engine's default profile (450 system
 * calls), so a compiled filter is kept in a cache, keyed by the profile's own text
 * (compared whole: a collision of the file name's hash cannot hand out another
 * profile's filter), libseccomp's version and the architecture.
 * The only file that includes seccomp.h is seccomp_calls.c.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_filter {
	void *bytes;            /* struct sock_filter[n]; owned */
	size_t n;               /* instructions; 0 = no filter */
	uint32_t flags;         /* SECCOMP_FILTER_FLAG_* for seccomp(2) */
	bool may_wait;          /* futex(2), which init waits with, is neither denied nor punished */
};

/*
 * `cache_dir`: a directory fd (0700, ours) or -1 for no cache; a cache that cannot be
 * read or written is never an error.  Unknown system call names are ignored, as the
 * specification's engines expect; unknown actions, operators and architectures are -EINVAL with
 * their place.  With SCMP_ACT_NOTIFY the flags ask for a listener.
 */
int seccomp_compile(const struct seccomp *profile, int cache_dir, struct seccomp_filter *ret,
                    struct error *err);
/* Does the filter let the call happen, with nobody asked? */
bool seccomp_allows(const struct seccomp_filter *filter, int nr, const uint64_t args[6]);
/* Does this kernel take the flag of that name (SECCOMP_FILTER_FLAG_*)? */
bool seccomp_supports(const char *flag);
/* libseccomp's: "2.5.4" */
void seccomp_version_text(char *buf, size_t size);
void seccomp_filter_free(struct seccomp_filter *filter);
