/*
 * text - what of a text a terminal shows, and what it obeys.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct strings {
	size_t n;
	const char **v;
};

/* Length of the UTF-8 sequence at `s` (terminated) and its code point; 0 for a byte that starts none. */
int text_decode(const char *s, uint32_t *ret);
/* What a terminal obeys instead of showing (C0, DEL, C1), or shows in an order that lies (bidi controls). */
bool text_is_control(uint32_t c);
/* For people: as it is, but control characters as \x1b or \u202e, bytes that are no UTF-8 as \x9b. */
void text_print(FILE *out, const char *s);
/* Inside a JSON string, without its quotes: control characters as \u001b, bytes that are no UTF-8 as \ufffd. */
void text_print_json(FILE *out, const char *s);
