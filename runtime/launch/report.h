/*
 * report - how a `run` ended and what it used, as one JSON object; written before the group goes, which alone knows.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <time.h>

struct launch;
struct foreground;

struct report {
	int fd;
	const char *id;
	struct timespec started;        /* CLOCK_REALTIME */
	struct timespec clock;          /* CLOCK_MONOTONIC of the same moment */
	char *text;                     /* the finished object, owned */
	size_t len;
};

/* Opens (makes, empties) `path`, or takes standard output for "-": what cannot be written is said before anything runs. */
int report_open(const char *path, const char *id, struct report *ret, struct error *err);
/* The program runs. */
void report_start(struct report *report);
/* It has ended, its group is still there; `status`: what we end with. */
void report_end(struct report *report, const struct launch *l, const struct foreground *fg, int status);
/* Writes it and ends it; `r` and *err as they were, which it tells if there was no end.  A report that cannot be written is an error. */
int report_close(struct report *report, int r, struct error *err);
