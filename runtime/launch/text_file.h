/*
 * text_file - a file of JSON that the command line names: "-" is standard input, and a pipe is fine.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stddef.h>

/* *ret is malloc'ed and terminated.  `what`: for the words of a failure ("process"). */
int text_file_read(const char *path, const char *what, char **ret, size_t *ret_len, struct error *err);
/* As errors call it. */
const char *text_file_name(const char *path);
