/*
 * unpacker - what stream.c needs of a compression.  gunzip_zlib.c or gunzip_isal.c (the Makefile chooses), unzstd.c.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct piece {
	const unsigned char *in;
	size_t n_in;            /* left */
	unsigned char *out;
	size_t n_out;           /* left */
};

struct unpacker {
	const char *name;
	void *(*begin)(void);   /* NULL without memory */
	/*
	 * Takes from `in`, puts into `out`, until one of them is at its end.  NULL, or what is wrong with the bytes.
	 * *ret_between: all that was begun has its end, as at the end of a member or frame; more of them may follow.
	 */
	const char *(*step)(void *state, struct piece *p, int *ret_between);
	void (*end)(void *state);
	/* Checksums need not be compared; NULL: they cost nothing worth it. */
	void (*trust)(void *state);
};

extern const struct unpacker unpacker_gzip, unpacker_zstd;
/* For --version: which library inflates. */
extern const char gunzip_library[];
