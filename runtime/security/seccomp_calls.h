/*
 * seccomp_calls - a profile's system calls by name, on each of its architectures, as one program.
 *
 * The only file that includes seccomp.h is seccomp_calls.c: libseccomp tells numbers from names.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/security/seccomp_profile.h"

/* *ret is the caller's to free.  -EINVAL with its place: an architecture that the specification does not know. */
int seccomp_calls_compile(const struct seccomp *from, const struct seccomp_profile *profile, struct sock_filter **ret,
                          size_t *ret_n, struct error *err);
/* AUDIT_ARCH_* of this program. */
uint32_t seccomp_native_arch(void);
/* libseccomp's, as one number: all that names and numbers depend on. */
uint32_t seccomp_library(void);
