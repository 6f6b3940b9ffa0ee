/*
 * fds - several file descriptors at once.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

/* sd_listen_fds(3): how many fds from 3 on a service manager has passed to this process (LISTEN_FDS, LISTEN_PID). */
unsigned listen_fds(void);
/* Closes all that are >= 0; neighbours go with one system call.  Changes the order of `fds`. */
void fds_close(int *fds, size_t n);
