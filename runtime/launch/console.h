/*
 * console - the outer end of a container's terminal, for whoever asked for it.
 * The foreground of `run`, which keeps that end itself, is foreground.h.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

/*
 * Connects to the stream socket `path` (engines listen there, runc's --console-socket) before
 * anything is made; paths longer than sun_path work too.  *ret_fd is the caller's.
 */
int console_socket_connect(const char *path, int *ret_fd, struct error *err);
/* Sends `master` by SCM_RIGHTS with `name` as the payload (as runc does). */
int console_socket_send(int sock, int master, const char *name, struct error *err);
