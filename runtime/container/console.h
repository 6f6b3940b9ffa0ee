/*
 * console - the outer end of a container's terminal, and the signals of `run`.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <signal.h>
#include <sys/types.h>

/*
 * Connects to the stream socket `path` (engines listen there, runc's --console-socket) before
 * anything is made; paths longer than sun_path work too.  *ret_fd is the caller's.
 */
int console_socket_connect(const char *path, int *ret_fd, struct error *err);
/* Sends `master` by SCM_RIGHTS with `name` as the payload (as runc does). */
int console_socket_send(int sock, int master, const char *name, struct error *err);

/*
 * The foreground of `run`: forwards every signal it gets to `pidfd` (SIGCHLD excepted; SIGWINCH
 * resizes the terminal), copies between our standard streams and `master` (-1: none; our
 * terminal is put into raw mode and always restored), forwards what arrives on `notify` (see
 * notify.h; -1: none), and returns when the process has ended.
 */
struct foreground {
	sigset_t saved_mask;    /* put back by foreground_end; the child needs it too */
	int signal_fd;
};
/* Blocks the signals and makes the signalfd: before the child exists, so that none is lost. */
int foreground_begin(struct foreground *fg, struct error *err);
/* *ret_status: as waitid(2) left it, 0..255 exit code or 128 + signal. */
int foreground_wait(struct foreground *fg, pid_t pid, int pidfd, int master, int *ret_status,
                    struct error *err);
void foreground_end(struct foreground *fg);
