/*
 * log_writer - what a detached container writes, into a file, line by line (runtime/state/log_line.h), by the process that stays
 * beside it.
 *
 * The container never waits for the file: what cannot be written (a full disk) is dropped and counted, and the count is the next line that
 * can be.  What was read is written at once: a line that has no end yet is one of several parts.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/state/log_line.h"

#include <limits.h>
#include <stdint.h>

struct log_writer {
	int dir, fd;
	char name[NAME_MAX + 1];        /* in `dir` */
	uint64_t max;                   /* bytes; 0: no end */
	uint64_t dropped;               /* bytes, since the last one that could be written */
	int why;                        /* errno of that */
};

/* What is smaller would be all heads and no text. */
#define LOG_MAX_LEAST 65536

/* `path` made absolute, and without links above the file; of a directory (or what ends in "/") the file ID.log in it. */
int log_path(const char *path, const char *id, char ret[PATH_MAX], struct error *err);
/* Of `path` (absolute): what is there already stays.  A link, or what is no file, is refused: the directory may be somebody else's. */
int log_writer_open(struct log_writer *w, const char *path, uint64_t max, struct error *err);
void log_writer_put(struct log_writer *w, enum log_stream stream, const char *bytes, size_t n);
/* A line of our own. */
void log_writer_say(struct log_writer *w, const char *text);
/* Says what was dropped, if it can be by now. */
void log_writer_close(struct log_writer *w);
