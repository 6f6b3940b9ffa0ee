/*
 * route - the host's routes, and a container's default route.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/rtnetlink.h"

/* The default route of a namespace, by `gateway`. */
void route_default(struct netlink_batch *batch, uint32_t index, const struct ip *gateway);

/* The device of the default route with the least metric, IPv4 before IPv6.  -ENOENT: there is none. */
int route_default_device(struct netlink *netlink, uint32_t *ret_index, struct netlink_refusal *refusal);

/* 1: a route of this host, but those of device `except` and the default one, has addresses of `subnet`; 0: none has. */
int route_overlap(struct netlink *netlink, const struct subnet *subnet, uint32_t except, struct subnet *ret,
                  uint32_t *ret_index, struct netlink_refusal *refusal);
