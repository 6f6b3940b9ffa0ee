/*
 * rtnetlink - network devices and addresses in the kernel's messages (rtnetlink(7)).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/netlink.h"

#include <linux/if.h>

struct link {
	uint32_t index, flags;          /* IFF_* */
	char name[IFNAMSIZ];
};

/* -ENODEV: there is none. */
int link_find(struct netlink *netlink, const char *name, struct link *ret, struct netlink_refusal *refusal);
int link_get(struct netlink *netlink, uint32_t index, struct link *ret, struct netlink_refusal *refusal);

/* Adds a request to the batch. */
void link_up(struct netlink_batch *batch, uint32_t index);
/* Moves a device to the namespace `netns`, where it gets this name ("eth%d": the first that is free) and index. */
void link_move(struct netlink_batch *batch, uint32_t index, int netns, const char *name, uint32_t new_index);

/*
 * Adds to `batch` what would give device `index` the addresses again that it has now: the permanent ones with global
 * scope, with their flags, lifetimes and metrics (not their labels, which hold the old name).
 */
int addresses_read(struct netlink *netlink, uint32_t index, struct netlink_batch *batch, struct netlink_refusal *refusal);
/* The same requests for another device. */
void addresses_retarget(const struct netlink_batch *addresses, uint32_t index, struct netlink_batch *ret);
