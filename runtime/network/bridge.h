/*
 * bridge - a network of this host in the kernel: its bridge with the gateways' addresses, its part of the table.
 *
 * A bridge is ours if its alias says so (`ip -d link`): one that is not is neither used nor removed, whatever its name.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/rtnetlink.h"
#include "runtime/network/table.h"

struct sockets {
	struct netlink route, filter;   /* in the host's namespace */
};

/*
 * What is there and up costs two questions.  Else it is made, or made whole, under a lock of the file `lock` (made
 * unless it is there).  *ret: the bridge.
 */
int bridge_ensure(struct sockets *sockets, const struct network *network, const char *lock, struct link *ret,
                  struct error *err);
/* The bridge, its part of the table, and what was put into Docker's chain; what is not there may be missing. */
int bridge_remove(struct sockets *sockets, const struct network *network, const char *lock, struct error *err);

int sockets_open(struct sockets *ret, struct error *err);
void sockets_close(struct sockets *sockets);

/* Pure: the address that a device with this IP has. */
struct mac mac_of(const struct ip *ip);
