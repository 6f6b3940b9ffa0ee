/*
 * table - the firewall table `inet crun_lite`: made once, then only its maps and sets change.
 *
 * A published port is an element of a map, so the kernel itself refuses a second owner, and a thousand ports cost a
 * packet no more than one.  Elements bear their owner's name as a comment: what belongs to whom can be read from the
 * kernel alone.  Rules are never read, parsed or changed (ruleset.h has them).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"
#include "runtime/network/nft.h"

#define TABLE_NAME "crun_lite"
#define OWNER_MAX 128   /* bytes, with the NUL: table_owner makes one of any ID */

/* One port of the host that leads to one of a container. */
struct port_rule {
	uint8_t protocol;
	bool any;               /* all addresses of the host, else `host` */
	struct ip host, to;     /* same family */
	uint16_t host_port, port;       /* host byte order */
};

/* The name under which elements (and devices) belong to a container: its ID, or what a long one is cut to. */
void table_owner(const char *id, char ret[OWNER_MAX]);

/* A socket for all below, in the network namespace that we are in. */
int table_open(struct netlink *ret, struct error *err);
/* Does not wait for what was removed to be gone. */
void table_close(struct netlink *netlink);
/* Makes the table unless it is there. */
int table_make(struct netlink *netlink, struct error *err);

/* 1: the bridge is in the table; 0: it is not, or there is no table. */
int table_knows(struct netlink *netlink, const char *bridge, struct error *err);
/* Says to the table what the network is; what is there already may be. */
int table_add_network(struct netlink *netlink, const struct network *network, struct error *err);
/* What is not there may be missing. */
int table_remove_network(struct netlink *netlink, const struct network *network, struct error *err);

/*
 * All rules or none.  -EEXIST: rule *ret_taken is somebody else's (-EADDRINUSE as err->code, the owner is named).  With `again`
 * those that are there already with the same owner and target are fine (after the table was lost).
 */
int table_publish(struct netlink *netlink, const char *owner, const struct port_rule *rules, size_t n, bool again,
                  size_t *ret_taken, struct error *err);
/* Who has this port; "" if nobody. */
int table_port_owner(struct netlink *netlink, const struct port_rule *rule, char ret[OWNER_MAX], struct error *err);
/*
 * Removes the ports that belong to `owner`, and tells which they were; *ret is the caller's to free.  `known`: those that
 * may still be its own; NULL: all are looked through.  No table: none.
 */
int table_unpublish(struct netlink *netlink, const char *owner, const struct port_rule *known, size_t n_known,
                    struct port_rule **ret, size_t *ret_n, struct error *err);
/* All owners' ports: calls `each`; its first negative result ends it. */
int table_each(struct netlink *netlink, int (*each)(const char *owner, const struct port_rule *rule, void *arg), void *arg,
               struct error *err);

/* Pure: an element's key and data. */
struct nft_element table_element(const struct port_rule *rule, uint8_t key[32], uint8_t data[20], const char **ret_map);
