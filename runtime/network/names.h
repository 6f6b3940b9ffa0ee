/*
 * names - the files by which a container finds others: /etc/hosts, /etc/resolv.conf, /etc/hostname.
 *
 * No daemon: each network has one hosts file with all its members (hosts/.shared of its room), which is bound over
 * /etc/hosts of each.  Who comes is written into it, who goes becomes a comment: always in place, because a
 * bind mount shows a file and not a name; programs read the file anew for each look-up.  A container that
 * has lines of its own (--add-host, a host name, several networks) has a file of its own, which is linked into
 * hosts/ of each of its networks, and who comes and goes is written into all that are there.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"

#define NAMES_LINE_MAX 2048

/* A member: its addresses (family 0: none), its ID and its aliases. */
struct member {
	const struct ip *ip4, *ip6;
	const char *id;
	const struct net_join *join;
};

/* Into all hosts files of the room, which the caller has locked. */
int names_join(int room, const struct member *member, struct error *err);
/* Out of them, and the member's own file out of the room.  Who is not there has left. */
int names_leave(int room, const struct ip *ip4, const struct ip *ip6, const char *id, struct error *err);
/*
 * A file of `id`'s own with `lines` and all members of the room, in which it is then kept up to date.  Called for each of
 * its rooms (locked); *file is -1 at first, and the caller's.
 */
int names_own(int room, const char *id, const char *lines, int *file, struct error *err);

/* The first lines of every hosts file. */
extern const char names_localhost[];

/* The line of a member, with its newline; its length.  Pure. */
size_t names_line(const struct ip *ip, const char *id, const struct net_join *join, char buf[NAMES_LINE_MAX]);

struct net_request;
/*
 * resolv.conf as the container gets it: `host` is the host's.  Loopback name servers are left out unless `keep`: they are not
 * those of the container.  *ret_servers: how many name servers there are.  Pure; *ret is malloc'ed.
 */
int names_resolv(const char *host, const struct net_request *request, bool keep, char **ret, size_t *ret_servers, struct error *err);
