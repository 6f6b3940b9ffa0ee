/*
 * unix_address - the socket at a path, also at one that is longer than sun_path.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <sys/socket.h>
#include <sys/un.h>

struct unix_address {
	struct sockaddr_un un;
	socklen_t len;
	int fd; /* what a long path was opened as; -1: none.  unix_address_close closes it */
};

/* An existing socket.  "@name" is a path here. */
int unix_address_of(const char *path, struct unix_address *ret, struct error *err);
/* "@name": in the abstract name space, as systemd writes it in $NOTIFY_SOCKET. */
int unix_address_of_notify(const char *socket, struct unix_address *ret, struct error *err);
void unix_address_close(struct unix_address *address);

#define cleanup_address __attribute__((cleanup(unix_address_close)))
