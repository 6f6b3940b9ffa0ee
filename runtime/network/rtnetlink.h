/*
 * rtnetlink - network devices and addresses in the kernel's messages (rtnetlink(7)).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/netlink.h"
#include "runtime/network/network.h"

#define ALTERNATIVE_NAME_MAX 128        /* bytes, with the NUL: ALTIFNAMSIZ */

struct link {
	uint32_t index, flags, mtu;     /* IFF_* */
	char name[IFNAMSIZ];
	char kind[16];                  /* "bridge", "veth" ... or "" */
	char alias[ALTERNATIVE_NAME_MAX];                 /* what `ip link set alias` says, cut */
};

/* -ENODEV: there is none.  `name` may be an alternative one. */
int link_find(struct netlink *netlink, const char *name, struct link *ret, struct netlink_refusal *refusal);
/* The number alone, for which nobody waits: GETLINK takes the lock of all that is changed. */
int link_index(struct netlink *netlink, const char *name, uint32_t *ret);
int link_get(struct netlink *netlink, uint32_t index, struct link *ret, struct netlink_refusal *refusal);

/* Adds a request to the batch. */
void link_up(struct netlink_batch *batch, uint32_t index);
/* Moves a device to the namespace `netns`, where it gets this name ("eth%d": the first that is free) and index. */
void link_move(struct netlink_batch *batch, uint32_t index, int netns, const char *name, uint32_t new_index);

/* A bridge of this number, down.  -EEXIST: the number, or the name, is taken.  The MTU stays, whatever its ports have. */
void link_make_bridge(struct netlink_batch *batch, uint32_t index, const char *name, const struct mac *mac, uint32_t mtu);

struct veth {
	const char *name, *peer;        /* the peer's name, in the namespace `netns` */
	int netns;
	uint32_t master;                /* of the end that stays here: a bridge's index */
	uint32_t mtu;
	struct mac mac;                 /* of the peer */
};

/* Both ends, down: a peer that goes up before its other end is registered is refused (ENOTCONN). */
void link_make_veth(struct netlink_batch *batch, const struct veth *veth);
void link_alternative_name(struct netlink_batch *batch, const char *name, const char *alternative);
void link_alias(struct netlink_batch *batch, uint32_t index, const char *alias);
void link_alias_named(struct netlink_batch *batch, const char *name, const char *alias);
/* A bridge's port: what comes from it may go back to it; it sees no other isolated port. */
void link_port(struct netlink_batch *batch, const char *name, bool hairpin, bool isolated);
/* No IPv6 address of its own making. */
void link_without_own_address(struct netlink_batch *batch, const char *name);
/* Packets from and to 127.0.0.0/8 may use it. */
void link_route_localnet(struct netlink_batch *batch, const char *name);
void link_join(struct netlink_batch *batch, const char *name, uint32_t master);
void link_up_named(struct netlink_batch *batch, const char *name);
/* By its name or an alternative one. */
void link_delete(struct netlink_batch *batch, const char *name);

/* `address` has its host bits; usable at once (no duplicate address detection). */
void address_add(struct netlink_batch *batch, uint32_t index, const struct subnet *address);

/*
 * Adds to `batch` what would give device `index` the addresses again that it has now: the permanent ones with global
 * scope, with their flags, lifetimes and metrics (not their labels, which hold the old name).
 */
int addresses_read(struct netlink *netlink, uint32_t index, struct netlink_batch *batch, struct netlink_refusal *refusal);
/* The same requests for another device. */
void addresses_retarget(const struct netlink_batch *addresses, uint32_t index, struct netlink_batch *ret);
