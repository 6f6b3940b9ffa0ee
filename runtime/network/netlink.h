/*
 * netlink - messages to the kernel's network side, made here: no library, no program.
 *
 * A batch is one buffer of requests, built with message_*; netlink_commit sends all of it in one system call
 * and reads one answer for each, netlink_query reads what a single request answers (also a dump).  The same two
 * serve rtnetlink and nf_tables.  The kernel's own words (extended acknowledgements) come with a refusal.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink {
	int fd;                 /* -1 = none */
	uint32_t sequence;
};

/* Running out of memory is remembered, and reported when the batch is sent. */
struct netlink_batch {
	char *data;             /* owned: netlink_batch_free */
	size_t len, room, current;      /* current: where the message being built begins */
	unsigned n;             /* messages */
	bool failed;
};

struct netlink_refusal {
	unsigned index;         /* of the first message of the batch that was refused */
	char text[160];         /* the kernel's own words, or "" */
};

/* `protocol`: NETLINK_ROUTE ...; the socket belongs to the network namespace that we are in. */
int netlink_open(int protocol, struct netlink *ret, struct error *err);
/* The same in the namespace `netns`; `home` is the caller's own, which is returned to. */
int netlink_open_in(int netns, int home, int protocol, struct netlink *ret, struct error *err);
void netlink_close(struct netlink *netlink);

/* A new request: `head` is what the family wants first (struct ifinfomsg ...).  NLM_F_REQUEST and NLM_F_ACK are added. */
void message_begin(struct netlink_batch *batch, unsigned type, unsigned flags, const void *head, size_t len);
void message_put(struct netlink_batch *batch, unsigned attribute, const void *data, size_t len);
void message_u32(struct netlink_batch *batch, unsigned attribute, uint32_t value);
void message_string(struct netlink_batch *batch, unsigned attribute, const char *s);
/* What is put between the two is inside; the first returns what the second wants. */
size_t message_nest(struct netlink_batch *batch, unsigned attribute);
void message_nest_end(struct netlink_batch *batch, size_t nest);
/* Attributes as they are, copied from another message. */
void message_raw(struct netlink_batch *batch, const void *attributes, size_t len);
void netlink_batch_free(struct netlink_batch *batch);

/*
 * Sends all messages (none is fine) and empties the batch.  -errno of the first that was refused, with *ret filled: the
 * kernel does the others all the same, unless the protocol has transactions.
 */
int netlink_commit(struct netlink *netlink, struct netlink_batch *batch, struct netlink_refusal *ret);
/*
 * The same for a transaction (nf_tables): the first message begins it, the last ends it, all or none is done.  Only one
 * answer is awaited, and what was refused; ret->index counts from the message after the first.
 */
int netlink_transact(struct netlink *netlink, struct netlink_batch *batch, struct netlink_refusal *ret);
/*
 * Sends the batch's only message and calls `each` for every answer (a negative errno of it ends the rest's being
 * looked at).  -EAGAIN: what a dump tells has changed meanwhile; ask again.
 */
int netlink_query(struct netlink *netlink, struct netlink_batch *batch,
                  int (*each)(const struct nlmsghdr *answer, void *arg), void *arg, struct netlink_refusal *ret);

/*
 * Whether what ended with r (-EAGAIN, -EINTR: others changed things at the same moment) should be asked once more.  It gives
 * way to the others, longer each time, for ten seconds in all.  Begins as {0}, one for each request.
 */
struct netlink_patience {
	unsigned tries;
	int64_t end;            /* milliseconds of CLOCK_MONOTONIC */
};
bool netlink_again(struct netlink_patience *patience, int r);

/* An attribute of an answer whose family head has `head` bytes, or NULL; *ret_len is that of the data. */
const void *netlink_attribute(const struct nlmsghdr *answer, size_t head, unsigned attribute, size_t *ret_len);
/* An attribute inside another one, or NULL. */
const struct nlattr *netlink_nested(const struct nlattr *outer, unsigned attribute);

#define cleanup_batch __attribute__((cleanup(netlink_batch_free)))
