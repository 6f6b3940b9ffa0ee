/*
 * error - what went wrong, in whose words, where in config.json, and the way out.
 *
 * A caller owns the struct (usually on its stack); nothing here allocates, so
 * reporting a failure cannot itself fail.  The errno's own text is added when
 * the error is printed: a message says what was being done, and to what.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * A place in a JSON text: the offset of a value's first byte plus one; 0 = nowhere.
 * Line, column and pointer are computed from it when an error needs them
 * (json_blame in spec/json.h): on the way to a running container nobody counts lines.
 */
struct source {
	uint32_t offset;
};

struct error {
	int code;               /* an errno value, or ERROR_SAID; 0 = no error */
	int status;             /* exit status that the program should end with; 0 = the usual one */
	struct source at;       /* who asked for it, if somebody in config.json did */
	unsigned line, column;  /* of `at`, counted from 1; 0 = not known */
	char file[128];         /* the text that line and column belong to */
	char pointer[160];      /* RFC 6901 pointer of `at`, e.g. /mounts/3 */
	char text[640];         /* "outermost: ...: innermost", always terminated */
	char hint[320];         /* what to do about it, or "" */
};

/* For `code`: the text says everything, no errno belongs to it. */
#define ERROR_SAID 4096

/* All return -err->code, so that a failing function can end in one line. */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));
/* Puts "fmt: " in front of the text. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));
/* Remembers the place, unless a more precise one is known already. */
int error_locate(struct error *err, struct source at);
/* Says what to do, unless somebody closer to the fault has. */
int error_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* The kernel's word for the error ("Operation not permitted"), or "" for ERROR_SAID. */
const char *error_reason(const struct error *err);
