/*
 * dbus - as much of D-Bus as it takes to ask systemd for a unit: calls, their replies, and one signal.
 *
 * No library: libsystemd would bring five others into every start.  Nothing here waits without an end: a
 * connection has one deadline for all that is done with it.  Nothing that comes from the other side is believed
 * before it was checked; who may call himself systemd is known to the bus alone, so signals count only from
 * the name that answered a call to systemd.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/wire.h"
#include "runtime/base/error.h"

#define DBUS_NAME_MAX 255
/* Longer messages are nobody's answer to what we ask. */
#define DBUS_MESSAGE_MAX (4u << 20)

enum dbus_type { DBUS_CALL = 1, DBUS_REPLY = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

/* What ends the waiting for answers, with -EINTR: `caught` is what `check` returned, if it was not 0. */
struct dbus_interrupt {
	int fd;                 /* readable: there is something to be checked */
	int (*check)(int fd);
	int caught;
};

struct dbus {
	int fd;                 /* -1: none; owned */
	bool direct;            /* systemd's own socket: no bus between, and no names */
	uint32_t serial;        /* of the last message that we sent */
	uint64_t end;           /* monotonic ms: nothing is waited for after it */
	struct dbus_interrupt *interrupt;       /* NULL: none; not owned */
	struct wire out;        /* not sent yet */
	unsigned char *in;
	size_t in_len, in_used; /* bytes that are there; of the message that was given out last */
	char address[160];      /* for messages */
};

/* What it points to is good until the next call of dbus_receive. */
struct dbus_message {
	enum dbus_type type;
	uint32_t serial, reply_serial;
	const char *path, *interface, *member, *error, *sender;        /* "" if absent */
	const char *signature;
	struct wire_reader body;
};

struct dbus_call {
	const char *destination, *path, *interface, *member;
	const char *signature;          /* NULL: no arguments */
	const struct wire *body;
};

/*
 * The system's bus, or with `user` that of the caller ($DBUS_SYSTEM_BUS_ADDRESS, $DBUS_SESSION_BUS_ADDRESS); where no
 * bus answers, systemd's own socket.  -ENOENT and the like if there is none.
 */
int dbus_open(bool user, unsigned timeout_ms, struct dbus_interrupt *interrupt, struct dbus *ret, struct error *err);
/* The same on a socket that is connected already; takes it over. */
int dbus_attach(int fd, const char *address, bool direct, unsigned timeout_ms, struct dbus_interrupt *interrupt,
                struct dbus *ret, struct error *err);
void dbus_close(struct dbus *bus);
/* Adds a call to what the next dbus_receive (or dbus_flush) sends; returns its serial, 0 if there is no memory. */
uint32_t dbus_call(struct dbus *bus, const struct dbus_call *call);
int dbus_flush(struct dbus *bus, struct error *err);
/* The next message, whatever it is. */
int dbus_receive(struct dbus *bus, struct dbus_message *ret, struct error *err);

/* Pure: one message out of `v`.  Its length; 0: more bytes are needed; -EPROTO: it is none. */
int64_t dbus_parse(const unsigned char *v, size_t len, struct dbus_message *ret);
