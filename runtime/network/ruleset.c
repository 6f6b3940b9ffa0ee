/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/ruleset.h"

/* Before the kernel's headers, which give way to it only then. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

#include "runtime/network/nft.h"
#include "runtime/network/table.h"

/* Shown by nft(8), and there for a version that makes another table. */
#define COMMENT "crun-lite 1"

/* A register of 4 bytes; NFT_REG_1 is the first four of them, NFT_REG_2 the next. */
#define REG32(n) (NFT_REG32_00 + (n))

/* ---- what there is ---- */

static const struct nft_set sets[] = {
	{"pub4", NFT_SET_MAP, NFT_PAIR(NFT_TYPE_PROTOCOL, NFT_TYPE_PORT), 8, NFT_PAIR(NFT_TYPE_IP4, NFT_TYPE_PORT), 8},
	{"pub6", NFT_SET_MAP, NFT_PAIR(NFT_TYPE_PROTOCOL, NFT_TYPE_PORT), 8, NFT_PAIR(NFT_TYPE_IP6, NFT_TYPE_PORT), 20},
	{"pubip4", NFT_SET_MAP, NFT_PAIR(NFT_PAIR(NFT_TYPE_IP4, NFT_TYPE_PROTOCOL), NFT_TYPE_PORT), 12,
	 NFT_PAIR(NFT_TYPE_IP4, NFT_TYPE_PORT), 8},
	{"pubip6", NFT_SET_MAP, NFT_PAIR(NFT_PAIR(NFT_TYPE_IP6, NFT_TYPE_PROTOCOL), NFT_TYPE_PORT), 24,
	 NFT_PAIR(NFT_TYPE_IP6, NFT_TYPE_PORT), 20},
	{"nets4", NFT_SET_INTERVAL, NFT_TYPE_IP4, 4},           /* networks with a way out */
	{"nets6", NFT_SET_INTERVAL, NFT_TYPE_IP6, 16},
	{"bridges", 0, NFT_TYPE_IFNAME, IFNAMSIZ},
	{"internal", 0, NFT_TYPE_IFNAME, IFNAMSIZ},             /* bridges without a way out */
	{"talk", 0, NFT_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IFNAME), 2 * IFNAMSIZ},  /* bridges whose members reach each other */
};

static const struct nft_chain chains[] = {
	{"publish"},
	{"guard", "filter", NF_INET_PRE_ROUTING, -300},
	{"prerouting", "nat", NF_INET_PRE_ROUTING, -100},
	{"output", "nat", NF_INET_LOCAL_OUT, -100},
	{"postrouting", "nat", NF_INET_POST_ROUTING, 100},
	{"forward", "filter", NF_INET_FORWARD, 0},
};

enum word {
	END,
	IN_BRIDGES, IN_INTERNAL,
	OUT_BRIDGES, OUT_ELSEWHERE, OUT_INTERNAL,
	TALKING,                /* with br_netfilter, what goes from port to port of one bridge comes here too */
	FROM_LOOPBACK, TO_LOOPBACK, TO_LOOPBACK6,
	FROM_NETS4, FROM_NETS6,
	TO_THIS_HOST,
	FORGED,                 /* an answer would not go where it comes from */
	KNOWN, PUBLISHED,       /* connections */
	DNAT_IP4, DNAT_ANY4, DNAT_IP6, DNAT_ANY6,
	JUMP_PUBLISH, MASQUERADE, RETURN, ACCEPT, DROP,
};

/*
 * guard: route_localnet lets 127.0.0.1 out to the bridge, for published ports; nothing from there may come in by it.
 * output: [::1] cannot be redirected, and is refused at once instead of timing out.
 * forward: an accept here does not help against a drop in a table of somebody else's; a drop here is the last word.
 */
static const struct rule {
	const char *chain;
	uint8_t words[6];
} rules[] = {
	{"publish", {DNAT_IP4}},
	{"publish", {DNAT_ANY4}},
	{"publish", {DNAT_IP6}},
	{"publish", {DNAT_ANY6}},
	{"guard", {IN_BRIDGES, TO_LOOPBACK, DROP}},
	{"guard", {IN_BRIDGES, FROM_LOOPBACK, DROP}},
	{"prerouting", {TO_THIS_HOST, JUMP_PUBLISH}},
	{"output", {TO_LOOPBACK6, RETURN}},
	{"output", {TO_THIS_HOST, JUMP_PUBLISH}},
	{"postrouting", {OUT_BRIDGES, FROM_LOOPBACK, MASQUERADE}},
	{"postrouting", {OUT_BRIDGES, FROM_NETS4, PUBLISHED, MASQUERADE}},
	{"postrouting", {OUT_BRIDGES, FROM_NETS6, PUBLISHED, MASQUERADE}},
	{"postrouting", {OUT_ELSEWHERE, FROM_NETS4, MASQUERADE}},
	{"postrouting", {OUT_ELSEWHERE, FROM_NETS6, MASQUERADE}},
	{"forward", {KNOWN, ACCEPT}},
	{"forward", {TALKING, ACCEPT}},
	{"forward", {IN_INTERNAL, DROP}},
	{"forward", {OUT_INTERNAL, DROP}},
	{"forward", {IN_BRIDGES, FORGED, DROP}},
	{"forward", {OUT_BRIDGES, PUBLISHED, ACCEPT}},
	{"forward", {IN_BRIDGES, OUT_BRIDGES, DROP}},
	{"forward", {IN_BRIDGES, ACCEPT}},
	{"forward", {OUT_BRIDGES, DROP}},
};

/* ---- words ---- */

#define IP4_SOURCE 12   /* offsets in the headers */
#define IP4_DESTINATION 16
#define IP6_SOURCE 8
#define IP6_DESTINATION 24

static void device_in(struct netlink_batch *b, uint32_t key, const char *set, bool inverted)
{
	nft_meta(b, key, NFT_REG_1);
	nft_lookup(b, set, NFT_REG_1, NFT_REG_VERDICT, inverted);
}

static void family_is(struct netlink_batch *b, uint8_t family)
{
	nft_meta(b, NFT_META_NFPROTO, NFT_REG_1);
	nft_compare(b, NFT_CMP_EQ, NFT_REG_1, &family, 1);
}

static void loopback4(struct netlink_batch *b, uint32_t offset)
{
	uint8_t first = 127;

	family_is(b, NFPROTO_IPV4);
	nft_payload(b, NFT_PAYLOAD_NETWORK_HEADER, offset, 1, NFT_REG_1);
	nft_compare(b, NFT_CMP_EQ, NFT_REG_1, &first, 1);
}

static void loopback6(struct netlink_batch *b)
{
	family_is(b, NFPROTO_IPV6);
	nft_payload(b, NFT_PAYLOAD_NETWORK_HEADER, IP6_DESTINATION, 16, NFT_REG_1);
	nft_compare(b, NFT_CMP_EQ, NFT_REG_1, &in6addr_loopback, 16);
}

static void connection_has(struct netlink_batch *b, uint32_t key, uint32_t bits)
{
	uint32_t nothing = 0;

	nft_ct(b, key, NFT_REG_1);
	nft_mask(b, NFT_REG_1, bits);
	nft_compare(b, NFT_CMP_NEQ, NFT_REG_1, &nothing, sizeof(nothing));
}

static void to_this_host(struct netlink_batch *b)
{
	uint32_t local = 2;     /* RTN_LOCAL */

	nft_fib(b, NFTA_FIB_F_DADDR, NFT_FIB_RESULT_ADDRTYPE, NFT_REG_1);
	nft_compare(b, NFT_CMP_EQ, NFT_REG_1, &local, sizeof(local));
}

static void forged(struct netlink_batch *b)
{
	uint32_t missing = 0;

	nft_fib(b, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF | NFTA_FIB_F_PRESENT, NFT_FIB_RESULT_OIF, NFT_REG_1);
	nft_compare(b, NFT_CMP_EQ, NFT_REG_1, &missing, sizeof(missing));
}

/* Protocol and destination port into two registers, then the map, then where it says. */
static void redirect(struct netlink_batch *b, uint32_t family, const char *map, uint32_t first)
{
	nft_meta(b, NFT_META_L4PROTO, REG32(first));
	nft_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, REG32(first + 1));
	nft_lookup(b, map, NFT_REG_1, NFT_REG_1, false);
	nft_dnat(b, family, NFT_REG_1, family == NFPROTO_IPV4 ? REG32(1) : NFT_REG_2);
}

static void redirect_address(struct netlink_batch *b, uint32_t family, const char *map)
{
	bool v4 = family == NFPROTO_IPV4;

	family_is(b, (uint8_t)family);
	nft_payload(b, NFT_PAYLOAD_NETWORK_HEADER, v4 ? IP4_DESTINATION : IP6_DESTINATION, v4 ? 4 : 16, NFT_REG_1);
	redirect(b, family, map, v4 ? 1 : 4);
}

static void from_nets(struct netlink_batch *b, uint8_t family)
{
	bool v4 = family == NFPROTO_IPV4;

	family_is(b, family);
	nft_payload(b, NFT_PAYLOAD_NETWORK_HEADER, v4 ? IP4_SOURCE : IP6_SOURCE, v4 ? 4 : 16, NFT_REG_1);
	nft_lookup(b, v4 ? "nets4" : "nets6", NFT_REG_1, NFT_REG_VERDICT, false);
}

static void talking(struct netlink_batch *b)
{
	nft_meta(b, NFT_META_IIFNAME, NFT_REG_1);
	nft_meta(b, NFT_META_OIFNAME, NFT_REG_2);
	nft_lookup(b, "talk", NFT_REG_1, NFT_REG_VERDICT, false);
}

static void put_word(struct netlink_batch *b, enum word word)
{
	switch (word) {
	case IN_BRIDGES: return device_in(b, NFT_META_IIFNAME, "bridges", false);
	case IN_INTERNAL: return device_in(b, NFT_META_IIFNAME, "internal", false);
	case OUT_BRIDGES: return device_in(b, NFT_META_OIFNAME, "bridges", false);
	case OUT_ELSEWHERE: return device_in(b, NFT_META_OIFNAME, "bridges", true);
	case OUT_INTERNAL: return device_in(b, NFT_META_OIFNAME, "internal", false);
	case TALKING: return talking(b);
	case FROM_LOOPBACK: return loopback4(b, IP4_SOURCE);
	case TO_LOOPBACK: return loopback4(b, IP4_DESTINATION);
	case TO_LOOPBACK6: return loopback6(b);
	case FROM_NETS4: return from_nets(b, NFPROTO_IPV4);
	case FROM_NETS6: return from_nets(b, NFPROTO_IPV6);
	case TO_THIS_HOST: return to_this_host(b);
	case FORGED: return forged(b);
	case KNOWN: return connection_has(b, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
	case PUBLISHED: return connection_has(b, NFT_CT_STATUS, IPS_DST_NAT);
	case DNAT_IP4: return redirect_address(b, NFPROTO_IPV4, "pubip4");
	case DNAT_ANY4: return redirect(b, NFPROTO_IPV4, "pub4", 0);
	case DNAT_IP6: return redirect_address(b, NFPROTO_IPV6, "pubip6");
	case DNAT_ANY6: return redirect(b, NFPROTO_IPV6, "pub6", 0);
	case JUMP_PUBLISH: return nft_verdict(b, NFT_JUMP, "publish");
	case MASQUERADE: return nft_masquerade(b);
	case RETURN: return nft_verdict(b, NFT_RETURN, NULL);
	case ACCEPT: return nft_verdict(b, NF_ACCEPT, NULL);
	case DROP: return nft_verdict(b, NF_DROP, NULL);
	case END: return;
	}
}

void ruleset_build(struct netlink_batch *b)
{
	nft_begin(b);
	nft_table(b, NLM_F_CREATE | NLM_F_EXCL, TABLE_NAME, COMMENT);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		nft_set(b, TABLE_NAME, &sets[i], (uint32_t)i + 1);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		nft_chain(b, TABLE_NAME, &chains[i]);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		size_t nest;

		nft_rule(b, NFPROTO_INET, NLM_F_APPEND, TABLE_NAME, rules[i].chain, NULL, &nest);
		for (size_t w = 0; rules[i].words[w] != END; w++)
			put_word(b, rules[i].words[w]);
		nft_rule_end(b, nest);
	}
	nft_end(b);
}
