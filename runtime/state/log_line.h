/*
 * log_line - a line of the file that a detached container's output is kept in, as the CRI of Kubernetes has it, whose tools
 * read it:
 *
 *     2026-11-21T05:00:00.123456789Z stdout F what the program wrote
 *
 * F: the line ended there; P: the next one of the same stream goes on with it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/time.h"

#include <stdbool.h>
#include <stddef.h>

#define LOG_HEAD_MAX (TIME_TEXT_SIZE + 16)

enum log_stream { LOG_STDOUT, LOG_STDERR };

struct log_line {
	const char *time;       /* time_len bytes; not terminated, as `text` */
	size_t time_len;
	const char *text;
	size_t len;
	enum log_stream stream;
	bool partial;
};

/* What stands before the text; how long it is. */
size_t log_head(char buf[LOG_HEAD_MAX], const char *time, enum log_stream stream, bool partial);
/* `line` without its end; false: it is none of these. */
bool log_line_parse(const char *line, size_t len, struct log_line *ret);
/* Was it written before `moment` (of log_moment)? */
bool log_line_is_before(const struct log_line *line, const char *moment);
/*
 * What people give as a time: "10m" (so long before `now`), "1732165200.5" (seconds since 1970), "2026-11-21T05:00:00+01:00"; without
 * a zone it is UTC's, as the times of a log are, and without a time it is the day's beginning.
 */
bool log_moment(const char *text, struct timespec now, char ret[TIME_TEXT_SIZE]);
