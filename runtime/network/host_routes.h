/*
 * host_routes - which addresses this host reaches, and by which device: a network may not cover them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"

struct host_route {
	struct subnet subnet;
	char device[IFNAMSIZ];
};

/* The default routes and those of lo are left out.  *ret is malloc'ed. */
int host_routes_read(struct host_route **ret, size_t *ret_n, struct error *err);
/* Lines of /proc/net/route and /proc/net/ipv6_route; false: it is none, or one that is left out.  Pure. */
bool host_route_parse4(const char *line, struct host_route *ret);
bool host_route_parse6(const char *line, struct host_route *ret);
