/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#include "runtime/base/log.h"

/* The kernel's net/netfilter/nf_internals.h: which fields of the tuple count (since 5.8). */
#define FILTER_PROTOCOL (1u << 3)
#define FILTER_DESTINATION_PORT (1u << 5)

/*
 * Deleting by port walks the kernel's table once for each (0.2 ms for 262144 empty buckets); asking for all of a protocol
 * walks it once, and slowly (60 ms).
 */
#define PORTS_MAX 64

static void begin(struct netlink_batch *b, unsigned type, unsigned flags, uint8_t family)
{
	struct nfgenmsg head = {.nfgen_family = family, .version = NFNETLINK_V0};

	message_begin(b, NFNL_SUBSYS_CTNETLINK << 8 | type, flags, &head, sizeof(head));
}

/* `port` 0: all. */
void conntrack_build(struct netlink_batch *b, unsigned type, uint8_t family, uint16_t port)
{
	uint8_t udp = IPPROTO_UDP;
	uint16_t wire = htons(port);
	size_t tuple, inner;

	begin(b, type, type == IPCTNL_MSG_CT_GET ? NLM_F_DUMP : 0, family);
	tuple = message_nest(b, CTA_TUPLE_ORIG);
	inner = message_nest(b, CTA_TUPLE_PROTO);
	message_put(b, CTA_PROTO_NUM, &udp, sizeof(udp));
	if (port)
		message_put(b, CTA_PROTO_DST_PORT, &wire, sizeof(wire));
	message_nest_end(b, inner);
	message_nest_end(b, tuple);
	inner = message_nest(b, CTA_FILTER);
	message_u32(b, CTA_FILTER_ORIG_FLAGS, FILTER_PROTOCOL | (port ? FILTER_DESTINATION_PORT : 0));
	message_nest_end(b, inner);
}

struct forgetting {
	uint8_t family;
	unsigned n;                     /* of ports */
	uint64_t ports[65536 / 64];     /* a bit for each */
	struct netlink_batch batch;     /* requests that delete what was found */
};

static bool concerns(const struct forgetting *f, const struct nlattr *tuple)
{
	const struct nlattr *proto = netlink_nested(tuple, CTA_TUPLE_PROTO);
	const struct nlattr *port = proto ? netlink_nested(proto, CTA_PROTO_DST_PORT) : NULL;
	uint16_t number;

	if (!port || port->nla_len != NLA_HDRLEN + sizeof(number))
		return false;
	memcpy(&number, (const char *)port + NLA_HDRLEN, sizeof(number));
	number = ntohs(number);
	return f->ports[number / 64] >> number % 64 & 1;
}

/* A connection is named by how it began. */
static int each(const struct nlmsghdr *m, void *arg)
{
	struct forgetting *f = arg;
	size_t len = 0;
	const char *data = netlink_attribute(m, sizeof(struct nfgenmsg), CTA_TUPLE_ORIG, &len);
	const struct nlattr *tuple = data ? (const struct nlattr *)(data - NLA_HDRLEN) : NULL;

	if (!tuple || !concerns(f, tuple))
		return 0;
	begin(&f->batch, IPCTNL_MSG_CT_DELETE, 0, f->family);
	message_raw(&f->batch, tuple, tuple->nla_len);
	return 0;
}

static int forget_each(struct netlink *nl, struct forgetting *f, struct netlink_refusal *refusal)
{
	for (unsigned port = 1; port < 65536; port++)
		if (f->ports[port / 64] >> port % 64 & 1)
			conntrack_build(&f->batch, IPCTNL_MSG_CT_DELETE, f->family, (uint16_t)port);
	return netlink_commit(nl, &f->batch, refusal);
}

static int forget_many(struct netlink *nl, struct forgetting *f, struct netlink_refusal *refusal)
{
	struct netlink_patience patience = {0};
	int r;

	do {
		cleanup_batch struct netlink_batch b = {0};

		f->batch.len = f->batch.n = 0;
		conntrack_build(&b, IPCTNL_MSG_CT_GET, f->family, 0);
		r = netlink_query(nl, &b, each, f, refusal);
	} while (netlink_again(&patience, r));
	if (r == 0)
		r = netlink_commit(nl, &f->batch, refusal);
	return r == -ENOENT ? 0 : r;
}

/* False: none of the rules is of this family. */
static bool choose(struct forgetting *f, uint8_t family, const struct port_rule *rules, size_t n)
{
	*f = (struct forgetting){.family = family};
	for (size_t i = 0; i < n; i++) {
		uint16_t port = rules[i].host_port;

		if (rules[i].protocol != IPPROTO_UDP || rules[i].to.family != family || f->ports[port / 64] >> port % 64 & 1)
			continue;
		f->ports[port / 64] |= 1ull << port % 64;
		f->n++;
	}
	return f->n > 0;
}

void conntrack_forget(struct netlink *nl, const struct port_rule *rules, size_t n)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct netlink_refusal refusal = {0};
	struct forgetting f;
	int r = 0;

	for (size_t i = 0; i < sizeof(families) && r == 0; i++) {
		if (!choose(&f, families[i], rules, n))
			continue;
		r = (f.n <= PORTS_MAX ? forget_each : forget_many)(nl, &f, &refusal);
		netlink_batch_free(&f.batch);
	}
	if (r < 0)
		log_warning("forget connections to published ports: %s%s%s; clients that go on sending may be served late",
		            refusal.text, *refusal.text ? ": " : "", strerrordesc_np(-r));
}
