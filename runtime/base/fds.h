/*
 * fds - several file descriptors at once.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

/* Closes all that are >= 0; neighbours go with one system call.  Changes the order of `fds`. */
void fds_close(int *fds, size_t n);
