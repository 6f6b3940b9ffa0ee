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

void conntrack_build(struct netlink_batch *b, uint8_t family, uint8_t protocol, uint16_t port)
{
	struct nfgenmsg head = {.nfgen_family = family, .version = NFNETLINK_V0};
	uint16_t wire = htons(port);
	size_t tuple, inner;

	message_begin(b, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0, &head, sizeof(head));
	tuple = message_nest(b, CTA_TUPLE_ORIG);
	inner = message_nest(b, CTA_TUPLE_PROTO);
	message_put(b, CTA_PROTO_NUM, &protocol, sizeof(protocol));
	message_put(b, CTA_PROTO_DST_PORT, &wire, sizeof(wire));
	message_nest_end(b, inner);
	message_nest_end(b, tuple);
	inner = message_nest(b, CTA_FILTER);
	message_u32(b, CTA_FILTER_ORIG_FLAGS, FILTER_PROTOCOL | FILTER_DESTINATION_PORT);
	message_nest_end(b, inner);
}

void conntrack_forget(struct netlink *nl, const struct port_rule *rules, size_t n)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		conntrack_build(&b, rules[i].to.family, rules[i].protocol, rules[i].host_port);
		r = netlink_commit(nl, &b, &refusal);
	}
	if (r < 0)
		log_warning("forget connections to published ports: %s%s%s; clients that go on sending may be served late",
		            refusal.text, *refusal.text ? ": " : "", strerrordesc_np(-r));
}
