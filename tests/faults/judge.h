/*
 * judge - whether what a command said is a clear sentence, and whether the host is as it was.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct text {
	char *s;                /* terminated, never NULL after text_add */
	size_t n, size;
};

void text_add(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_clear(struct text *text);
/* False: it cannot be read; *ret is empty then. */
bool text_read(struct text *ret, const char *path);

struct said {
	unsigned errors, warnings;
	bool tells;             /* that something is left */
	char error[1024];       /* the sentence, without its place and hint */
	char why[512];          /* what is wrong with it; empty: it is clear */
};

/* What was printed to stderr by `crun-lite COMMAND ID`. */
void judge_words(const char *text, const char *command, struct said *ret);

/* What inspect(1) of the tests printed, without what differs from run to run. */
void judge_normalize(struct text *ret, const char *output);

struct host {
	const char *tag;        /* cgroups whose path has it are ours */
	const char *const *dirs;        /* whose files are compared */
	const char *const *ignored;     /* paths among them that are not */
};

/* Mounts, cgroups, files and our own fds, a line each. */
void host_snapshot(const struct host *host, struct text *ret);
/* The files alone, added to *ret, in the order of their directories. */
void host_files(const struct host *host, struct text *ret);
/* Lines of `after` that are not in `before` ("+ ..."), and the other way ("- ..."). */
void host_difference(const char *before, const char *after, struct text *ret);
