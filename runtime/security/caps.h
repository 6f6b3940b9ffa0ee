/*
 * caps - capability names to the masks that capset(2) takes.
 *
 * config.md "process.capabilities": a value that cannot be mapped or granted is
 * logged as a warning and left out.  The only file that includes
 * sys/capability.h is caps.c.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <stdint.h>

/* Bit n is capability n. */
struct cap_sets {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* What this process may give away, from capget(2) and the kernel's last capability; asked once. */
struct cap_facts {
	uint64_t permitted;
	uint64_t known;         /* every capability of this kernel */
};
int caps_facts(struct cap_facts *ret, struct error *err);
/* This process gives its own up, but for `kept`. */
int caps_drop(uint64_t kept, struct error *err);

/*
 * Masks for `wanted`.  Unknown names and capabilities outside facts->permitted are dropped,
 * each with one log_warning naming its place.  A config without capabilities gives empty sets.
 * Never derives inheritable or ambient from another set (V12).
 */
void caps_resolve(const struct capabilities *wanted, const struct cap_facts *facts,
                  struct cap_sets *ret);
/* "CAP_NET_RAW" for 13; NULL for a number this libcap does not know. */
const char *caps_name(unsigned number);
