/*
 * seccomp_cache - compiled filters, kept between runs.
 *
 * One file per profile, written to a temporary name and renamed, so that readers see a whole one or
 * none.  A file that is not exactly what was asked for (another profile with the same
 * hash, another version of us or of libseccomp, a damaged or foreign file) is as good as
 * absent.  Nothing here can fail: without a cache a start is slower, never wrong.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/security/seccomp.h"

#include <stdbool.h>

/* All that a compiled filter depends on. */
struct seccomp_cache_key {
	const char *text;       /* the profile as it stands in config.json */
	size_t len;
	uint32_t library;       /* version of what resolved the names */
	uint32_t arch;          /* AUDIT_ARCH_* of this program */
};

/* True: *ret is the caller's (seccomp_filter_free).  Four system calls. */
bool seccomp_cache_read(int dir, const struct seccomp_cache_key *key, struct seccomp_filter *ret);
/* Bounded: at SECCOMP_CACHE_ENTRIES files the cache is emptied first. */
void seccomp_cache_write(int dir, const struct seccomp_cache_key *key,
                         const struct seccomp_filter *filter);

#define SECCOMP_CACHE_ENTRIES 256
