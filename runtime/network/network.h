/*
 * network - the words that all of networking shares: addresses, networks, what a container asks for, what it got.
 *
 * request.h reads what is asked (flags, annotations), definition.h the networks of this host, lease.h gives
 * addresses away, attach.h tells the kernel, record.h keeps what was done for those who undo it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

/* Before the kernel's headers, which give way to it only then. */
#include <netinet/in.h>

#include <linux/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_NAME_MAX 64     /* bytes, with the NUL: [a-zA-Z0-9][a-zA-Z0-9_.-]* */
#define NETWORK_JOINS_MAX 16    /* networks of one container */
#define NETWORK_SUBNETS_MAX 4   /* of one network */
#define NETWORK_ALIASES_MAX 16
#define NETWORK_NAME_SERVERS_MAX 8

/* Network byte order; an IPv4 address is the first four bytes. */
struct ip {
	uint8_t family;                 /* AF_INET, AF_INET6; 0: none, or any */
	uint8_t bytes[16];
};

struct subnet {
	struct ip address;              /* its host bits are 0 */
	uint8_t prefix;                 /* bits */
};

struct mac {
	bool set;
	uint8_t bytes[6];
};

/* One network of this host: /etc/crun-lite/networks/NAME.json, or the built-in "bridge". */
struct network {
	char name[NETWORK_NAME_MAX];
	char bridge[IFNAMSIZ];
	size_t n_subnets;
	struct network_subnet {
		struct subnet subnet;
		struct ip gateway;      /* the bridge's address */
	} subnets[NETWORK_SUBNETS_MAX];
	bool internal;                  /* no way out, and nothing published */
	bool isolate;                   /* its members do not reach each other */
	bool no_names;                  /* no shared hosts file */
	uint32_t mtu;                   /* 0: that of the default route's device */
};

/* One network that a container wants to be in. */
struct net_join {
	char network[NETWORK_NAME_MAX];
	struct ip ip4, ip6;             /* family 0: any of the pool */
	struct mac mac;                 /* not set: from the address */
	uint32_t mtu;                   /* 0: the network's */
	uint64_t rate;                  /* bits per second, each way; 0: no limit */
	char interface[IFNAMSIZ];       /* "": eth0, eth1 ... in the order asked */
	size_t n_aliases;
	char aliases[NETWORK_ALIASES_MAX][NETWORK_NAME_MAX];
};

/* [[IP:]HOST[-END]:]CONTAINER[-END][/PROTOCOL] */
struct publish {
	uint8_t protocol;               /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	struct ip host;                 /* family 0: all addresses of the host, IPv4 and IPv6 */
	uint16_t host_port;             /* the first; host byte order; 0: one that is free */
	uint16_t port;                  /* the first of the container's */
	uint16_t n;                     /* of ports, one beside the other */
};

enum net_mode {
	NET_OCI,                        /* nothing asked: what config.json says, and nothing else */
	NET_NONE,                       /* a namespace of its own with lo */
	NET_HOST,
	NET_PATH,                       /* ns:PATH */
	NET_CONTAINER,                  /* container:ID */
	NET_BRIDGE,                     /* `joins` */
	NET_CNI,                        /* cni:NAME */
	NET_PASTA,                      /* pasta[:OPTIONS] */
	NET_SLIRP,                      /* slirp4netns[:OPTIONS] */
};

/* What one interface has got. */
struct net_interface {
	char network[NETWORK_NAME_MAX];
	char bridge[IFNAMSIZ];
	char host_name[IFNAMSIZ];       /* the veth's end on the host */
	char name[IFNAMSIZ];            /* in the container */
	struct mac mac;
	uint32_t mtu;
	uint64_t rate;
	struct subnet address4, address6;       /* with the host bits; address.family 0: none */
	struct ip gateway4, gateway6;
	bool default_route;
	bool internal, isolate, hairpin;        /* of its network; hairpin: it has published ports */
};
