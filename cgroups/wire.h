/*
 * wire - the bytes of D-Bus messages (D-Bus Specification, "Marshaling (Wire Format)"): a writer that cannot be
 * misused half-way, a reader that believes nothing.
 *
 * Pure.  Both remember a failure and go on doing nothing, so that it is asked for once, at the end.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WIRE_SIGNATURE_MAX 255
/* Of containers in each other; the specification has 32 + 32. */
#define WIRE_DEPTH_MAX 32

/* ---- writing, in this machine's byte order ---- */

struct wire {
	unsigned char *v;       /* owned: wire_free */
	size_t len, cap;
	bool failed;            /* out of memory, or larger than a message may be */
};

void wire_free(struct wire *w);
void wire_align(struct wire *w, size_t to);
void wire_bytes(struct wire *w, const void *v, size_t n);
/* The lowest `size` (1, 2, 4, 8) bytes of `value`, aligned to it. */
void wire_number(struct wire *w, size_t size, uint64_t value);
void wire_string(struct wire *w, const char *s);       /* s and o */
void wire_string_n(struct wire *w, const char *s, size_t n);
void wire_signature(struct wire *w, const char *s);    /* g */

struct wire_array { size_t at, start; };
/* `align`: of an element (8 for structs). */
struct wire_array wire_array(struct wire *w, size_t align);
void wire_array_end(struct wire *w, struct wire_array array);

/* ---- reading ---- */

struct wire_reader {
	const unsigned char *v;
	size_t len, at;
	bool swap;              /* written by a machine of the other byte order */
	bool failed;
};

void wire_read_align(struct wire_reader *r, size_t to);
uint64_t wire_read_number(struct wire_reader *r, size_t size);
/* Terminated, without a NUL inside; "" after a failure.  Points into the bytes that are read. */
const char *wire_read_string(struct wire_reader *r);
const char *wire_read_signature(struct wire_reader *r);
/* The end of an array whose first element is next. */
size_t wire_read_array(struct wire_reader *r, size_t align);
/* Goes past one value of the (complete) type at *signature, which is moved behind it. */
void wire_skip(struct wire_reader *r, const char **signature);
/* One value in words: "MemoryMax", 5, ["a", "b"], <type value>. */
void wire_print(struct wire_reader *r, const char **signature, FILE *out);

/* Alignment of values of the type that begins with `type`; 0: there is no such type. */
size_t wire_alignment(char type);
/* Length of the complete type at the start of `signature`; 0 if there is none. */
size_t wire_type_length(const char *signature);
