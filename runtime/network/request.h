/*
 * request - what networking a container asks for: by flags, or by annotations of its config.json.
 *
 *     --net           org.crun-lite.net               several are separated by ";"
 *     --publish       org.crun-lite.net.publish       these by ","
 *     --dns           org.crun-lite.net.dns
 *     --dns-search    org.crun-lite.net.dns-search
 *     --add-host      org.crun-lite.net.hosts
 *
 * A flag wins over the annotation beside it.  A key under org.crun-lite.net that is none of these is an error: a port
 * that was mistyped would be silently closed.  With nothing asked, a container has what its namespaces say.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/text.h"
#include "runtime/network/network.h"
#include "spec/config.h"

#define NET_ANNOTATION "org.crun-lite.net"
#define NET_STATUS NET_ANNOTATION ".status"     /* in `state` only */

#define NETWORK_PUBLISHES_MAX 256
#define NETWORK_HOSTS_MAX 64
#define NETWORK_SEARCHES_MAX 8
#define NETWORK_HOST_MAX 256      /* with the NUL */

struct net_flags {              /* as they were given */
	struct strings net, publish, dns, dns_search, add_host;
	const char *annotations;        /* "deny": one of ours is an error; "allow", NULL: they count */
};

struct net_host {               /* a line of /etc/hosts */
	char name[NETWORK_HOST_MAX];
	struct ip ip;                   /* family 0: the host's own address on the network ("host-gateway") */
};

struct net_request {
	enum net_mode mode;
	char target[256];               /* NET_PATH: the path (shorter ones only), NET_CONTAINER: an ID, NET_CNI: a name */
	/* NET_BRIDGE; one for NET_CNI, NET_PASTA, NET_SLIRP (whose `network` is `target`) */
	size_t n_joins;
	struct net_join joins[NETWORK_JOINS_MAX];
	size_t n_publishes;
	struct publish publishes[NETWORK_PUBLISHES_MAX];
	size_t n_name_servers;
	struct ip name_servers[NETWORK_NAME_SERVERS_MAX];
	size_t n_searches;
	char searches[NETWORK_SEARCHES_MAX][NETWORK_HOST_MAX];
	size_t n_hosts;
	struct net_host hosts[NETWORK_HOSTS_MAX];
	struct source at, publish_at;   /* of the annotation; nowhere: a flag */
};

/* A new namespace and something in it: addresses, ports, names. */
bool net_mode_makes(enum net_mode mode);
/* Is there a flag or an annotation of ours at all?  If not, nobody pays for networking. */
bool net_request_asked(const struct net_flags *flags, const struct pairs *annotations);
/* The `i`th annotation that says what the flags say, from 0 on; false: there are no more.  *ret_value is malloc'ed, NULL where nothing is said. */
bool net_request_annotation(const struct net_flags *flags, size_t i, const char **ret_key, char **ret_value);
/* `ret` is all zeros.  Pure. */
int net_request_read(const struct net_flags *flags, const struct pairs *annotations, struct net_request *ret,
                     struct error *err);
/*
 * The network namespace of `config` as the request wants it, before the configuration is validated; NET_CONTAINER's path
 * is put there by who knows the container.  Pure.
 */
int net_request_apply(const struct net_request *request, struct config *config, struct error *err);
