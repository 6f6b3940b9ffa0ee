/*
 * pidfile - the file named by --pid-file, which engines read as soon as it is there.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <sys/types.h>

/*
 * Writes `pid` in decimal, without a newline (as runc does), to `path` by way of a temporary file
 * beside it: readers see a whole number or the old file.  A relative path is one of
 * the working directory.
 */
int pidfile_write(const char *path, pid_t pid, struct error *err);
