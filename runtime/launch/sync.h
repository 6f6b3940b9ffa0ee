/*
 * sync - the parent's end of the handshake with init (runtime/plan/message.h).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/message.h"

#include <stddef.h>

/* What sync_receive returns besides 0 and negative errnos. */
#define SYNC_CLOSED 1           /* the other end is gone: init died, or the program runs */
#define SYNC_FAILED 2           /* init said MSG_FAILED: *ret holds it */
#define SYNC_RESET 3            /* init died with something of ours unread: the program never ran */

struct reply {
	struct message head;
	int fd;                         /* that came along, the caller's; -1 = none */
	char data[MESSAGE_DATA_MAX];    /* terminated */
};

struct parcel {                 /* what a message carries beside its type */
	const void *data;
	size_t len;
	const int *fds;         /* stay the caller's */
	unsigned n_fds;
	unsigned aux;
	int code;
};

int sync_send(int sock, enum message_type type, const struct parcel *parcel, struct error *err);
/* Waits for `type`, the only message (besides MSG_FAILED) that may come now. */
int sync_receive(int sock, enum message_type type, struct reply *ret, struct error *err);
/* "MOUNTED" ... */
const char *message_name(enum message_type type);
/* What holds once the message was received: a sentence. */
const char *message_promise(enum message_type type);
