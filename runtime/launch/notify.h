/*
 * notify - sd_notify(3) across the container's border.
 *
 * The container gets a socket of its own (DIR/notify/notify.sock, with the directory bound to
 * /run/notify) and not the host's: what it says is filtered, and READY=1 is told to the service
 * manager together with the MAINPID it could not know.  `create` makes the directory, for the
 * mount; the process that forwards binds the socket: `run`, or `start` before it lets init go.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes notify/ in `state_dir` if it is not there, and a fresh socket in it that every user of the
 * container may send to; *ret_fd is the caller's, and does not block.
 */
int notify_open(int state_dir, int *ret_fd, struct error *err);
/*
 * Passes on what has arrived at `fd` to `host_socket` (NOTIFY_SOCKET's value); sets *ready, and
 * never clears it, when READY=1 was among it.  `pid`: the container's, here.
 */
int notify_forward(int fd, const char *host_socket, pid_t pid, bool *ready, struct error *err);
/*
 * Forwards until READY=1 has come and the service manager has seen it, or the process has ended
 * (NOTIFY_ENDED): for `start` and `run --detach`, whose end would else make the manager ignore the
 * message. Without NOTIFY_SOCKET in our environment it returns at once.
 */
enum { NOTIFY_ENDED = 1 };
int notify_until_ready(int fd, pid_t pid, struct error *err);
