/*
 * networks - the networks of this host and who is in them: what `network` does.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/state/network.h"
#include "runtime/network/definition.h"

/* `random` of the wish is put there. */
int networks_create(struct network_wish *wish, struct network *ret, struct error *err);
/* One that nobody is in; what the dead left goes with it. */
int networks_remove(const char *name, struct error *err);
/*
 * Takes back what the dead left: addresses, names, ports; and the bridges that nobody is at.  `said` hears of each.
 */
int networks_prune(void (*said)(const char *what, const char *name), struct error *err);
/* Bridges, firewall and ports again, as the records of the containers that run say; how many. */
int networks_reload(struct error *err);
/* Calls `each` with every address of a network: the ID, and the path of its state directory. */
int networks_members(const char *name, int (*each)(const struct ip *ip, const char *owner, void *arg), void *arg, struct error *err);
