/*
 * firewall - other people's tables, which may drop what ours lets through.
 *
 * An accept of our table does not help against a drop in another one.  Where Docker owns the forward chain, it offers
 * DOCKER-USER for rules of others: there two go in.  Else nothing of theirs is touched, and a warning says what
 * to do.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"
#include "runtime/network/nft.h"

#include <linux/if.h>

struct firewall {
	bool docker;            /* there is a chain DOCKER-USER for IPv4 */
	bool firewalld;
	struct firewall_drop {  /* base chains that drop what is forwarded */
		uint8_t family; /* NFPROTO_* */
		char table[64], chain[64];
		bool legacy;    /* of iptables before nf_tables */
	} drops[4];
	size_t n_drops;
};

int firewall_look(struct netlink *netlink, struct firewall *ret, struct error *err);
/* Lets what comes from and goes to the bridge through, or warns. */
int firewall_pass(struct netlink *netlink, const struct network *network, struct error *err);
/* Removes what firewall_pass put in. */
int firewall_withdraw(struct netlink *netlink, const char *bridge, struct error *err);
/* Pure: the command that lets it through, "" if there is nothing to be said. */
void firewall_advice(const struct firewall *firewall, const char *bridge, char *ret, size_t size);
