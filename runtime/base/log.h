/*
 * log - where messages go: stderr, and the file of --log.
 *
 * Engines read the log file of a failed command and expect exactly one JSON object
 * in it (features C200, C201): so warnings and debug lines appear only when the level asks for
 * them.  The level is error by default when --log is given, warning otherwise.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_DEBUG };

struct log_options {
	const char *path;       /* --log; NULL: none */
	bool json;              /* --log-format json */
	int level;              /* enum log_level, or -1: the default */
};

/* Opens the file (append, 0644, close-on-exec). */
int log_open(const struct log_options *options, struct error *err);
/* That file, or -1: for who closes what is not its own. */
int log_file(void);
/* So that nobody works for a message that is not written. */
bool log_tells(enum log_level level);
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
/* For main.c, and for who has no way back to it: the one report of a failure, to stderr and to the file. */
void log_failure(const struct error *err);
