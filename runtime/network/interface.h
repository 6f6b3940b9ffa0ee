/*
 * interface - a container's interface: a veth whose one end is a port of the bridge and whose other end is born in the
 * container's network namespace.
 *
 * When the namespace ends, so does the pair: nobody waits for it (removing it takes the kernel 30 ms).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/rtnetlink.h"

/*
 * The names that are not given: of the ends, and the address.  Pure; `number` counts the container's interfaces, `attempt`
 * gives another name on the host.
 */
void interface_name(struct net_interface *i, const char *id, unsigned number, unsigned attempt);
/* The device's alias on the host, which says whose it is: "crun-lite-ID-eth0", a long ID cut; an alternative name begins so. */
void interface_alternative_name(const struct net_interface *i, const char *id, char ret[ALTERNATIVE_NAME_MAX]);

/* Makes the pair; `host_name` may be another one afterwards.  A failure leaves nothing. */
int interface_make(struct netlink *outside, struct net_interface *i, unsigned number, const char *id, int netns,
                   const struct link *bridge, struct error *err);
/* The end on the host: a port of the bridge, up. */
int interface_connect(struct netlink *outside, const struct net_interface *i, const char *id, struct error *err);
/* Makes the end on the host a port of this bridge again. */
int interface_rejoin(struct netlink *outside, const struct net_interface *i, const struct link *bridge, struct error *err);
/* Inside: lo, addresses, routes. */
int interfaces_configure(struct netlink *inside, const struct net_interface *v, size_t n, struct error *err);
/* Those of `v` that are there; `host_name` is what interface_make said. */
int interfaces_delete(struct netlink *outside, const struct net_interface *v, size_t n, const char *id, struct error *err);
