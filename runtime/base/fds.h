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
/*
 * Closes `fd` with others, by fds_close_spent at the latest: for files that a start reads or writes once, and that nobody waits to see
 * closed.  Must be close-on-exec.
 */
void fds_close_soon(int fd);
void fds_close_spent(void);

static inline void cleanup_close_soonp(const int *fd)
{
	fds_close_soon(*fd);
}

#define cleanup_close_soon __attribute__((cleanup(cleanup_close_soonp)))
