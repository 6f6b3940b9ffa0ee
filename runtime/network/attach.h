/*
 * attach - a container's interfaces and published ports: made in the kernel, and taken back.
 *
 * The caller has decided all of it (networks, addresses, ports) and written it down before it calls: who is killed
 * in between leaves a record of everything that there may be.  What is made bears the container's ID.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"

struct port_holds;

struct net_attachment {
	const char *id;                 /* of the container */
	size_t n;
	/* In: network, and what was chosen of name, mac, mtu, rate, address4, address6 (leased).  Out: all of it. */
	struct net_interface *interfaces;
	const struct network *const *networks;  /* of each interface */
	size_t n_publishes;
	struct publish *publishes;      /* out: the host port, where it was 0 */
	struct port_holds *holds;       /* out: what keeps processes of the host off the ports (ports.h); NULL: nobody stays */
	const char *lock;               /* a file, made unless it is there: who holds it makes networks */
	/* Is the container that has a port gone for good?  Then the port is taken from it.  May be NULL. */
	bool (*gone)(const char *owner, void *arg);
	void *arg;
};

/*
 * Fills in everything that can be known before: names, addresses, gateways, routes, who has published ports.  Pure; for
 * the record.
 */
int net_prepare(struct net_attachment *a, struct error *err);
/*
 * All of it, in the namespace `netns` (an fd, not taken), or nothing: a failure undoes what was made.  After net_prepare.
 * On -EADDRINUSE the error names the port and who has it.
 */
int net_attach(struct net_attachment *a, int netns, struct error *err);
/*
 * Takes back what net_attach made, or began to make; twice is fine.  Interfaces go with their namespace: only one that stays
 * (ns:PATH) needs `interfaces_too`, which takes the kernel its time.
 */
int net_detach(const struct net_attachment *a, bool interfaces_too, struct error *err);
/* After the firewall was emptied, or the bridges removed, under a running container: networks and ports are there again. */
int net_reattach(struct net_attachment *a, struct error *err);

/* A network that nobody is in any more: its bridge, its part of the firewall. */
int net_network_remove(const struct network *network, const char *lock, struct error *err);
/* Owners of published ports as the kernel has them: for those who look for what the dead left. */
int net_each_owner(int (*each)(const char *owner, void *arg), void *arg, struct error *err);
/* Takes back all ports that bear this owner (as net_each_owner gave it). */
int net_forget_owner(const char *owner, struct error *err);
