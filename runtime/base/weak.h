/*
 * weak - a build whose defences can be dropped, one at a time, to see the tests of the security suite fail (docs/security.md).
 *
 * Only BUILD=weak, which cannot be installed, looks at CRUN_LITE_WEAK=V08: `weak(V08 | V19)` is true there if one of the rows is
 * the chosen one.  In every other build it is the constant 0: what stands behind it is not compiled, and
 * tests/security/weak-sites proves that.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#ifndef WEAK_BUILD
#define weak(rows) 0
#define weak_word(word) (word)          /* init's argv[0] */
#define weak_learn(word) ((void)0)      /* in init, which has no environment: from its argv[0] */
#else
#include <stdint.h>

#define WEAK_ROW(n) V##n = 1ull << (1##n - 100)
enum weak_row {
	WEAK_ROW(02), WEAK_ROW(03), WEAK_ROW(04), WEAK_ROW(05), WEAK_ROW(06), WEAK_ROW(07), WEAK_ROW(08), WEAK_ROW(09),
	WEAK_ROW(10), WEAK_ROW(11), WEAK_ROW(12), WEAK_ROW(14), WEAK_ROW(15), WEAK_ROW(16), WEAK_ROW(17), WEAK_ROW(18),
	WEAK_ROW(19), WEAK_ROW(20), WEAK_ROW(21), WEAK_ROW(22), WEAK_ROW(23), WEAK_ROW(24), WEAK_ROW(25), WEAK_ROW(27),
	WEAK_ROW(28), WEAK_ROW(29), WEAK_ROW(40), WEAK_ROW(41), WEAK_ROW(42), WEAK_ROW(43), WEAK_ROW(44), WEAK_ROW(46),
	WEAK_ROW(47), WEAK_ROW(48), WEAK_ROW(49),
};

static inline uint64_t weak_named(const char *word)
{
	return word && word[0] == 'V' ? 1ull << (10 * (word[1] - '0') + word[2] - '0') : 0;
}

#ifdef WEAK_INIT
__attribute__((weak)) uint64_t weak_rows;
#define weak(rows) (weak_rows & (rows))
#define weak_learn(word) (weak_rows = weak_named(word))
#else
#include <stdlib.h>
#define weak(rows) (weak_named(getenv("CRUN_LITE_WEAK")) & (rows))
#define weak_word(word) (getenv("CRUN_LITE_WEAK") ?: (word))
#endif
#endif
