/*
 * definition - the networks of this host: /etc/crun-lite/networks/NAME.json, spelt as podman's as far as it goes.
 *
 *     {"name": "front", "driver": "bridge", "network_interface": "cl-front",
 *      "subnets": [{"subnet": "10.89.1.0/24", "gateway": "10.89.1.1"}], "ipv6_enabled": false,
 *      "internal": false, "dns_enabled": true, "options": {"mtu": "1400", "isolate": "true"}}
 *
 * "bridge" (10.89.0.0/24) is there without a file.  A file is written whole and never changed: containers
 * may be on the network.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/text.h"
#include "runtime/network/host_routes.h"
#include "runtime/network/network.h"

#define DEFINITIONS_DIR "/etc/crun-lite/networks"
#define NETWORK_DEFAULT "bridge"

struct network_wish {           /* as it was given */
	const char *name;
	struct strings subnets, gateways;       /* the first gateway belongs to the first subnet ... */
	const char *mtu;                /* NULL: that of the default route */
	bool ipv6;                      /* a subnet of it besides, if none is given */
	bool internal, isolate, no_names;
	uint64_t random;                /* for an IPv6 subnet that nobody else has (RFC 4193) */
};

/* *ret_fd is -1 where there is no such directory, unless `make`. */
int definitions_open(const char *path, bool make, int *ret_fd, struct error *err);
/* `dir` may be -1: then there is only what is built in. */
int definition_read(int dir, const char *name, struct network *ret, struct error *err);
/* All of them, by name.  *ret is malloc'ed. */
int definition_list(int dir, struct network **ret, size_t *ret_n, struct error *err);
/* -EEXIST: there is one already. */
int definition_write(int dir, const struct network *network, struct error *err);
int definition_remove(int dir, const char *name, struct error *err);

/* Pure. */
int definition_parse(const char *text, size_t len, const char *path, const char *name, struct network *ret, struct error *err);
struct emitter;
void definition_emit(struct emitter *e, const struct network *network);
/* A network that clashes neither with the `n` others nor with what the host reaches. */
int definition_choose(const struct network_wish *wish, const struct network *others, size_t n, const struct host_route *routes,
                      size_t n_routes, struct network *ret, struct error *err);
