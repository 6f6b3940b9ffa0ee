/*
 * reader - state.json as this program writes it, read without a parser: a list reads hundreds.
 *
 * Byte by byte it must be what state_write makes of a common container: these members, in this order, in ASCII without
 * escapes.  Whatever else is there (a rarer member, another version's, a damaged file) is left to the parser, which then
 * says what is wrong with it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/state/state.h"

/* False: not of that form (or no memory), and *ret is empty. */
bool reader_take(const char *text, size_t len, struct state *ret);
