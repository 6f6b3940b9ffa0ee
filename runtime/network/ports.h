/*
 * ports - what a container publishes, port by port; who else has them; which are free.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/table.h"

struct port_rules {
	struct port_rule *v;    /* owned: port_rules_free */
	size_t n;
};

/*
 * Pure.  A port for all addresses is published for IPv4 and IPv6, as far as the container has them: `ip4`, `ip6`, whose
 * family is 0 if it has not.  Every publish has its host port.
 */
int port_rules_make(const struct publish *publishes, size_t n, const struct ip *ip4, const struct ip *ip6,
                    struct port_rules *ret, struct error *err);
void port_rules_free(struct port_rules *rules);

/* The sockets by which ports are tried, kept: as long as they are open, no process can bind them.  More ports than that are not. */
#define PORT_HOLDS_MAX 64
struct port_holds {
	size_t n;
	int fds[PORT_HOLDS_MAX];
};

/*
 * Refuses a port that a process of this host listens on: it would be cut off from outside.  `holds` may be NULL: nobody stays
 * to hold them.
 */
int ports_probe(const struct port_rules *rules, struct port_holds *holds, struct error *err);
void ports_release(struct port_holds *holds);

/* `n` ports in a row that may be free: above those that the kernel gives to clients, if there is room. */
int ports_choose(uint16_t n, uint16_t *ret, struct error *err);

#define cleanup_port_rules __attribute__((cleanup(port_rules_free)))
