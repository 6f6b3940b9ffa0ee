/*
 * program - another program, run to its end: what it is given, what it says, and no longer than it may.
 *
 * It gets an environment that the caller wrote, the standard streams, "/" as its directory, and nothing else of ours: no fd,
 * no signal that is blocked or ignored.  It leads a process group, which is killed whole when its time is up.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROGRAM_OUTPUT_MAX (1u << 20)
#define PROGRAM_WORDS_MAX 512

struct program_call {
	const char *path;                       /* absolute */
	char *const *argv, *const *envp;
	const char *input;                      /* on its standard input */
	size_t input_len;
	int timeout_ms;
	int interrupt;                          /* an fd: readable, and `interrupted` says yes: it is killed; -1: none */
	int (*interrupted)(int fd);
};

struct program_result {
	int status;                             /* as of wait(2) */
	char *output;                           /* malloc'ed, terminated */
	size_t output_len;
	char words[PROGRAM_WORDS_MAX];          /* the end of its standard error: one line, no control characters */
};

/*
 * 0: it ended by itself, however it did.  Else it could not be started (the errno), said too much (-EFBIG), took too
 * long (-ETIMEDOUT) or was interrupted (-EINTR), was killed then, and *err says so: "what: ...".
 */
int program_run(const struct program_call *call, const char *what, struct program_result *ret, struct error *err);
void program_result_free(struct program_result *result);

/* Control characters become blanks, and what is around them one: for words of others in ours. */
void program_tame(char *words);
