/*
 * lists - "0-3,7": processors and memory nodes as config.json and the kernel write them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bits in the longest mask: more than any kernel has processors (8192) or memory nodes (1024). */
#define LIST_BITS 8192
#define LIST_WORDS (LIST_BITS / 64)

/*
 * Sets the bits below `max` (at most LIST_BITS) that `list` names; blanks are skipped, an empty list sets
 * none.  -EINVAL: it is no list (empty part, range backwards); -ERANGE: it names `max` or more.  `bits` may be NULL.
 */
int list_parse(const char *list, unsigned max, uint64_t bits[LIST_WORDS]);
