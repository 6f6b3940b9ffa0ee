/*
 * output - what the program writes to its standard output and error, where that is counted (sandbox --max-output) or kept
 * (run --log-file): two pipes between it and our own streams, byte for byte, in order, and no further than they are read; or a log,
 * which takes all at once.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct log_writer;
struct plan;

struct output_stream {
	int from, to;           /* -1 from: it has ended, or nobody reads what we write */
	size_t start, n;        /* of the buffer: what is to be written */
	char buffer[16384];
};

struct output {
	uint64_t left;          /* bytes, of both together */
	bool exceeded;          /* there was one more */
	int inner[2];           /* the program's ends, until output_give */
	struct log_writer *log; /* the caller's; NULL from output_open: our own streams */
	struct output_stream streams[2];
};

enum { OUTPUT_SOURCES = 4 };    /* of pollfds */

/* Makes the pipes. */
int output_open(struct output *output, uint64_t max, struct error *err);
/* The program's ends go to the plan's slots, whose they are then. */
void output_give(struct output *output, struct plan *plan);
/* What to wait for next; OUTPUT_SOURCES entries. */
void output_select(const struct output *output, struct pollfd *fds);
void output_serve(struct output *output, const struct pollfd *fds);
/* All that was written has been passed on, or nobody wants it. */
bool output_is_over(const struct output *output);
