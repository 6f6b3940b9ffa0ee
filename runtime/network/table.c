/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"
#include "runtime/network/ruleset.h"

/* ---- talking to the kernel ---- */

static int refused(int code, const struct netlink_refusal *refusal, const char *doing, struct error *err)
{
	error_set(err, -code, "%s: firewall table inet " TABLE_NAME "%s%s", doing, *refusal->text ? ": " : "", refusal->text);
	if (code == -EPERM)
		error_hint(err, "the firewall needs CAP_NET_ADMIN over this network namespace");
	else if (code == -EOPNOTSUPP || code == -EPROTONOSUPPORT)
		error_hint(err, "this kernel lacks nf_tables, or a part of it (NF_TABLES_INET, NFT_NAT, NFT_MASQ, NFT_FIB_INET, NFT_CT)");
	else if (code == -ENOENT)
		error_hint(err, "if it is not crun-lite's own, remove it: nft delete table inet " TABLE_NAME);
	return -err->code;
}

/* -EAGAIN, -EINTR: somebody else changed the firewall at the same moment. */
static int transact(struct netlink *nl, void (*build)(struct netlink_batch *, const void *), const void *arg,
                    struct netlink_refusal *refusal)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_patience patience = {0};
	int r;

	do {
		build(&b, arg);
		r = netlink_transact(nl, &b, refusal);
	} while (netlink_again(&patience, r));
	return r;
}

int table_open(struct netlink *ret, struct error *err)
{
	int r = netlink_open(NETLINK_NETFILTER, ret, err);

	if (r == -EPROTONOSUPPORT)
		error_hint(err, "this kernel lacks nf_tables");
	return r;
}

/*
 * Who closes a netfilter socket, by exiting too, waits until removed elements are freed: an RCU grace period, 5 to 20 ms
 * (nft_rcv_nl_event).  So the last to hold it is a socket that holds itself: on recent kernels (seen on 6.18) the collector
 * of such (unix_gc) closes both in a thread of its own.  Where it works in the caller, it takes what it takes.
 */
void table_close(struct netlink *nl)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct iovec byte = {(char[]){0}, 1};
	struct msghdr m = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int pair[2];

	if (nl->fd < 0 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0) {
		netlink_close(nl);
		return;
	}
	*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int))};
	memcpy(CMSG_DATA(c), (int[]){nl->fd, pair[1]}, 2 * sizeof(int));
	(void)!sendmsg(pair[0], &m, MSG_NOSIGNAL);
	netlink_close(nl);
	close(pair[1]);
	close(pair[0]);
}

static void build_table(struct netlink_batch *b, const void *unused)
{
	(void)unused;
	ruleset_build(b);
}

int table_make(struct netlink *nl, struct error *err)
{
	struct netlink_refusal refusal;
	int r = transact(nl, build_table, NULL, &refusal);

	return r == 0 || r == -EEXIST ? 0 : refused(r, &refusal, "make it", err);
}

/* ---- networks ---- */

struct membership {
	const struct network *network;
	unsigned type, flags;   /* NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM */
};

static void put_bridge(struct netlink_batch *b, const struct membership *m, const char *set, unsigned times)
{
	char key[2 * IFNAMSIZ] = {0};

	for (unsigned i = 0; i < times; i++)
		memcpy(key + i * IFNAMSIZ, m->network->bridge, strnlen(m->network->bridge, IFNAMSIZ - 1));
	nft_element(b, m->type, m->flags, TABLE_NAME, set, &(struct nft_element){.key = key, .key_len = times * (size_t)IFNAMSIZ});
}

/* The first address after the subnet; false: there is none. */
static bool after(const struct subnet *s, uint8_t ret[16])
{
	unsigned last = s->prefix;

	memcpy(ret, s->address.bytes, 16);
	while (last-- > 0) {
		uint8_t bit = (uint8_t)(0x80 >> last % 8);

		ret[last / 8] ^= bit;
		if (ret[last / 8] & bit)
			return true;
	}
	return false;
}

static void put_subnet(struct netlink_batch *b, const struct membership *m, const struct subnet *s)
{
	const char *set = s->address.family == AF_INET ? "nets4" : "nets6";
	struct nft_element e = {.key = s->address.bytes, .key_len = s->address.family == AF_INET ? 4 : 16};
	uint8_t end[16];

	nft_element(b, m->type, m->flags, TABLE_NAME, set, &e);
	if (!after(s, end))
		return;
	e.key = end;
	e.end = true;
	nft_element(b, m->type, m->flags, TABLE_NAME, set, &e);
}

static void build_network(struct netlink_batch *b, const void *arg)
{
	const struct membership *m = arg;

	nft_begin(b);
	if (!m->network->isolate)
		put_bridge(b, m, "talk", 2);
	if (m->network->internal)
		put_bridge(b, m, "internal", 1);
	for (size_t i = 0; i < m->network->n_subnets && !m->network->internal; i++)
		put_subnet(b, m, &m->network->subnets[i].subnet);
	/* Last: table_knows asks for this. */
	put_bridge(b, m, "bridges", 1);
	nft_end(b);
}

int table_add_network(struct netlink *nl, const struct network *network, struct error *err)
{
	struct membership m = {network, NFT_MSG_NEWSETELEM, NLM_F_CREATE};
	struct netlink_refusal refusal;
	int r = transact(nl, build_network, &m, &refusal);

	if (r == 0)
		return 0;
	refused(r, &refusal, "add a network to it", err);
	if (r == -EEXIST || r == -ENOTEMPTY)
		error_hint(err, "a subnet overlaps one that is there: nft list table inet " TABLE_NAME);
	return error_wrap(err, "network %s", network->name);
}

int table_remove_network(struct netlink *nl, const struct network *network, struct error *err)
{
	struct membership m = {network, NFT_MSG_DELSETELEM, 0};
	struct netlink_refusal refusal;
	int r = transact(nl, build_network, &m, &refusal);

	if (r == 0 || r == -ENOENT)
		return 0;
	refused(r, &refusal, "remove a network from it", err);
	return error_wrap(err, "network %s", network->name);
}

int table_knows(struct netlink *nl, const char *bridge, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	char key[IFNAMSIZ] = {0};
	int r;

	memcpy(key, bridge, strnlen(bridge, IFNAMSIZ - 1));
	nft_element(&b, NFT_MSG_GETSETELEM, 0, TABLE_NAME, "bridges", &(struct nft_element){.key = key, .key_len = sizeof(key)});
	r = netlink_query(nl, &b, NULL, NULL, &refusal);
	return r == 0 ? 1 : r == -ENOENT ? 0 : refused(r, &refusal, "look into it", err);
}

/* ---- ports ---- */

static const struct map {
	const char *name;
	uint8_t family;
	bool any;
} maps[] = {
	{"pub4", AF_INET, true},
	{"pub6", AF_INET6, true},
	{"pubip4", AF_INET, false},
	{"pubip6", AF_INET6, false},
};

static size_t ip_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* FNV-1a */
static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3u;
	return h;
}

void table_owner(const char *id, char ret[OWNER_MAX])
{
	if (strlen(id) < OWNER_MAX)
		snprintf(ret, OWNER_MAX, "%s", id);
	else
		snprintf(ret, OWNER_MAX, "%.100s~%016llx", id, (unsigned long long)hash(id));
}

struct nft_element table_element(const struct port_rule *r, uint8_t key[32], uint8_t data[20], const char **ret_map)
{
	struct nft_element e = {.key = key, .data = data};
	uint16_t host_port = htons(r->host_port), port = htons(r->port);
	size_t len = ip_len(r->to.family);

	memset(key, 0, 32);
	memset(data, 0, 20);
	if (!r->any) {
		memcpy(key, r->host.bytes, len);
		e.key_len = len;
	}
	key[e.key_len] = r->protocol;
	memcpy(key + e.key_len + 4, &host_port, 2);
	e.key_len += 8;
	memcpy(data, r->to.bytes, len);
	memcpy(data + len, &port, 2);
	e.data_len = len + 4;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (maps[i].family == r->to.family && maps[i].any == r->any)
			*ret_map = maps[i].name;
	return e;
}

static bool read_rule(const struct map *map, const struct nft_element *e, struct port_rule *ret)
{
	size_t len = ip_len(map->family), skip = map->any ? 0 : len;
	const uint8_t *key = e->key, *data = e->data;

	if (e->key_len < skip + 8 || e->data_len < len + 4)
		return false;
	*ret = (struct port_rule){.any = map->any, .to.family = map->family};
	ret->host.family = map->family;
	memcpy(ret->host.bytes, key, skip);
	ret->protocol = key[skip];
	ret->host_port = (uint16_t)(key[skip + 4] << 8 | key[skip + 5]);
	memcpy(ret->to.bytes, data, len);
	ret->port = (uint16_t)(data[len] << 8 | data[len + 1]);
	return true;
}

struct publishing {
	unsigned type, flags;
	const char *owner;
	const struct port_rule *rules;
	size_t n;
};

static void build_ports(struct netlink_batch *b, const void *arg)
{
	const struct publishing *p = arg;
	uint8_t key[32], data[20];

	nft_begin(b);
	for (size_t i = 0; i < p->n; i++) {
		const char *map = NULL;
		struct nft_element e = table_element(&p->rules[i], key, data, &map);

		e.comment = p->owner;
		if (p->type == NFT_MSG_DELSETELEM)
			e.data_len = 0;
		nft_element(b, p->type, p->flags, TABLE_NAME, map, &e);
	}
	nft_end(b);
}

static int each_owner(const struct nft_element *e, void *arg)
{
	snprintf(arg, OWNER_MAX, "%s", e->comment ?: "");
	return 0;
}

static int read_owner(const struct nlmsghdr *m, void *arg)
{
	return nft_each_element(m, each_owner, arg);
}

int table_port_owner(struct netlink *nl, const struct port_rule *rule, char ret[OWNER_MAX], struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	uint8_t key[32], data[20];
	const char *map = NULL;
	struct nft_element e = table_element(rule, key, data, &map);
	int r;

	*ret = '\0';
	e.data_len = 0;
	nft_element(&b, NFT_MSG_GETSETELEM, 0, TABLE_NAME, map, &e);
	r = netlink_query(nl, &b, read_owner, ret, &refusal);
	return r == 0 || r == -ENOENT ? 0 : refused(r, &refusal, "find a port's owner", err);
}

static int taken(struct netlink *nl, const struct port_rule *rule, struct error *err)
{
	char owner[OWNER_MAX];

	if (table_port_owner(nl, rule, owner, err) < 0)
		*owner = '\0';
	error_set(err, EADDRINUSE, "publish port %u/%s of the host: container %s has it", rule->host_port,
	          address_protocol(rule->protocol), *owner ? owner : "(gone meanwhile)");
	error_hint(err, "choose another port of the host, or 0 for one that is free");
	return -EEXIST;
}

int table_publish(struct netlink *nl, const char *owner, const struct port_rule *v, size_t n, bool again, size_t *ret_taken,
                  struct error *err)
{
	struct publishing p = {NFT_MSG_NEWSETELEM, NLM_F_CREATE | (again ? 0 : NLM_F_EXCL), owner, v, n};
	struct netlink_refusal refusal;
	int r = n > 0 ? transact(nl, build_ports, &p, &refusal) : 0;

	if (r == 0)
		return 0;
	*ret_taken = refusal.index < n ? refusal.index : 0;
	return r == -EEXIST ? taken(nl, &v[*ret_taken], err) : refused(r, &refusal, "publish ports in it", err);
}

/* ---- ports of an owner ---- */

struct found {
	const struct map *map;
	struct port {
		char owner[OWNER_MAX];
		struct port_rule rule;
	} *v;
	size_t n, room;
};

static int each_port(const struct nft_element *e, void *arg)
{
	struct found *f = arg;

	if (f->n == f->room) {
		size_t room = 2 * f->room + 16;
		struct port *bigger = reallocarray(f->v, room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		f->v = bigger;
		f->room = room;
	}
	if (!read_rule(f->map, e, &f->v[f->n].rule))
		return 0;
	snprintf(f->v[f->n].owner, OWNER_MAX, "%s", e->comment ?: "");
	f->n++;
	return 0;
}

static int read_ports(const struct nlmsghdr *m, void *arg)
{
	return nft_each_element(m, each_port, arg);
}

/* No table: no ports. */
static int find_ports(struct netlink *nl, const struct map *map, struct found *ret, struct netlink_refusal *refusal)
{
	size_t before = ret->n;
	struct netlink_patience patience = {0};
	int r;

	ret->map = map;
	do {
		cleanup_batch struct netlink_batch b = {0};

		ret->n = before;
		nft_dump_elements(&b, TABLE_NAME, map->name);
		r = netlink_query(nl, &b, read_ports, ret, refusal);
	} while (netlink_again(&patience, r));
	return r == -ENOENT ? 0 : r;
}

static int find_all(struct netlink *nl, struct found *ret, struct error *err)
{
	struct netlink_refusal refusal = {0};
	int r = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && r == 0; i++)
		r = find_ports(nl, &maps[i], ret, &refusal);
	return r < 0 ? refused(r, &refusal, "list its ports", err) : 0;
}

int table_each(struct netlink *nl, int (*each)(const char *, const struct port_rule *, void *), void *arg, struct error *err)
{
	struct found found = {0};
	int r = find_all(nl, &found, err);

	for (size_t i = 0; i < found.n && r >= 0; i++)
		r = each(found.v[i].owner, &found.v[i].rule, arg);
	free(found.v);
	return r < 0 ? r : 0;
}

static int remove_ports(struct netlink *nl, const struct port_rule *v, size_t n, struct error *err)
{
	struct publishing p = {NFT_MSG_DELSETELEM, 0, NULL, v, n};
	struct netlink_refusal refusal;
	int r = n > 0 ? transact(nl, build_ports, &p, &refusal) : 0;

	/* Somebody else removes some of them at this moment: each on its own. */
	for (size_t i = 0; r == -ENOENT && n > 1 && i < n; i++) {
		int one = remove_ports(nl, &v[i], 1, err);

		if (one < 0)
			return one;
	}
	return r == 0 || r == -ENOENT ? 0 : refused(r, &refusal, "remove ports from it", err);
}

/* A few are asked for one by one, which costs the same with a thousand others there. */
#define ASK_MAX 32

static int keep_own(struct netlink *nl, const char *owner, const struct port_rule *known, size_t n, struct found *ret,
                    struct error *err)
{
	char other[OWNER_MAX];
	int r = 0;

	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return error_set(err, ENOMEM, "look for published ports");
	for (size_t i = 0; i < n && r == 0; i++) {
		r = table_port_owner(nl, &known[i], other, err);
		if (r != 0 || strcmp(other, owner) != 0)
			continue;
		memcpy(ret->v[ret->n].owner, other, sizeof(other));
		ret->v[ret->n++].rule = known[i];
	}
	return r;
}

int table_unpublish(struct netlink *nl, const char *owner, const struct port_rule *known, size_t n_known, struct port_rule **ret,
                    size_t *ret_n, struct error *err)
{
	struct found found = {0};
	cleanup_free struct port_rule *own = NULL;
	size_t n = 0;
	int r;

	if (known && n_known <= ASK_MAX)
		r = keep_own(nl, owner, known, n_known, &found, err);
	else
		r = find_all(nl, &found, err);
	own = calloc(found.n + 1, sizeof(*own));
	for (size_t i = 0; i < found.n && own; i++)
		if (strcmp(found.v[i].owner, owner) == 0)
			own[n++] = found.v[i].rule;
	free(found.v);
	if (!own)
		return error_set(err, ENOMEM, "look for published ports");
	if (r == 0)
		r = remove_ports(nl, own, n, err);
	if (r < 0)
		return r;
	*ret = steal_ptr(&own);
	*ret_n = n;
	return 0;
}
