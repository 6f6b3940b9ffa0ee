/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* linux/netfilter/nf_tables.h of 5.10 */
#define TABLE_USERDATA 6        /* NFTA_TABLE_USERDATA */

/* User data are libnftnl's: type, length, value.  A comment is type 0 wherever we write one, and ends with a NUL. */
#define COMMENT 0
#define COMMENT_MAX 128
#define SET_KEY_ORDER 0
#define SET_DATA_ORDER 1
#define ORDER_HOST 1
#define ORDER_NETWORK 2

/* ---- messages ---- */

static void begin(struct netlink_batch *b, unsigned type, unsigned family, unsigned flags, uint16_t resource)
{
	struct nfgenmsg head = {.nfgen_family = (uint8_t)family, .version = NFNETLINK_V0, .res_id = htons(resource)};

	message_begin(b, type, flags, &head, sizeof(head));
}

static void begin_inet(struct netlink_batch *b, unsigned type, unsigned flags)
{
	begin(b, NFNL_SUBSYS_NFTABLES << 8 | type, NFPROTO_INET, flags, 0);
}

static void be32(struct netlink_batch *b, unsigned attribute, uint32_t value)
{
	message_u32(b, attribute, htonl(value));
}

static void put_comment(struct netlink_batch *b, unsigned attribute, const char *comment)
{
	char data[2 + COMMENT_MAX] = {COMMENT};
	size_t len = strnlen(comment, COMMENT_MAX - 1);

	data[1] = (char)(len + 1);
	memcpy(data + 2, comment, len);
	message_put(b, attribute, data, 2 + len + 1);
}

void nft_begin(struct netlink_batch *b)
{
	begin(b, NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
}

void nft_end(struct netlink_batch *b)
{
	begin(b, NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
}

void nft_table(struct netlink_batch *b, unsigned flags, const char *table, const char *comment)
{
	begin_inet(b, NFT_MSG_NEWTABLE, flags);
	message_string(b, NFTA_TABLE_NAME, table);
	put_comment(b, TABLE_USERDATA, comment);
}

void nft_delete_table(struct netlink_batch *b, const char *table)
{
	begin_inet(b, NFT_MSG_DELTABLE, 0);
	message_string(b, NFTA_TABLE_NAME, table);
}

void nft_chain(struct netlink_batch *b, const char *table, const struct nft_chain *c)
{
	size_t nest;

	begin_inet(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	message_string(b, NFTA_CHAIN_TABLE, table);
	message_string(b, NFTA_CHAIN_NAME, c->name);
	if (!c->type)
		return;
	message_string(b, NFTA_CHAIN_TYPE, c->type);
	be32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
	nest = message_nest(b, NFTA_CHAIN_HOOK);
	be32(b, NFTA_HOOK_HOOKNUM, c->hook);
	be32(b, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
	message_nest_end(b, nest);
}

/* nft(8) shows the keys by this; the kernel only keeps it. */
static void put_orders(struct netlink_batch *b, const struct nft_set *s)
{
	struct {
		uint8_t type, len;
		uint32_t order;
	} __attribute__((packed)) data[] = {
		{SET_KEY_ORDER, 4, s->key_type == NFT_TYPE_IFNAME ? ORDER_HOST : s->key_type < 64 ? ORDER_NETWORK : 0},
		{SET_DATA_ORDER, 4, 0},
	};

	message_put(b, NFTA_SET_USERDATA, data, s->flags & NFT_SET_MAP ? sizeof(data) : sizeof(data[0]));
}

void nft_set(struct netlink_batch *b, const char *table, const struct nft_set *s, uint32_t id)
{
	begin_inet(b, NFT_MSG_NEWSET, NLM_F_CREATE);
	message_string(b, NFTA_SET_TABLE, table);
	message_string(b, NFTA_SET_NAME, s->name);
	be32(b, NFTA_SET_FLAGS, s->flags);
	be32(b, NFTA_SET_KEY_TYPE, s->key_type);
	be32(b, NFTA_SET_KEY_LEN, s->key_len);
	if (s->flags & NFT_SET_MAP) {
		be32(b, NFTA_SET_DATA_TYPE, s->data_type);
		be32(b, NFTA_SET_DATA_LEN, s->data_len);
	}
	be32(b, NFTA_SET_ID, id);
	put_orders(b, s);
}

/* ---- elements ---- */

static void put_value(struct netlink_batch *b, unsigned attribute, const void *data, size_t len)
{
	size_t nest = message_nest(b, attribute);

	message_put(b, NFTA_DATA_VALUE, data, len);
	message_nest_end(b, nest);
}

void nft_element(struct netlink_batch *b, unsigned type, unsigned flags, const char *table, const char *set,
                 const struct nft_element *e)
{
	size_t list, one;

	begin_inet(b, type, flags);
	message_string(b, NFTA_SET_ELEM_LIST_TABLE, table);
	message_string(b, NFTA_SET_ELEM_LIST_SET, set);
	list = message_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	one = message_nest(b, NFTA_LIST_ELEM);
	put_value(b, NFTA_SET_ELEM_KEY, e->key, e->key_len);
	if (e->data_len)
		put_value(b, NFTA_SET_ELEM_DATA, e->data, e->data_len);
	if (e->end)
		be32(b, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	if (e->comment)
		put_comment(b, NFTA_SET_ELEM_USERDATA, e->comment);
	message_nest_end(b, one);
	message_nest_end(b, list);
}

void nft_dump_elements(struct netlink_batch *b, const char *table, const char *set)
{
	begin_inet(b, NFT_MSG_GETSETELEM, NLM_F_DUMP);
	message_string(b, NFTA_SET_ELEM_LIST_TABLE, table);
	message_string(b, NFTA_SET_ELEM_LIST_SET, set);
}

const char *nft_comment(const void *userdata, size_t len)
{
	const uint8_t *p = userdata;

	while (len >= 2 && (size_t)p[1] + 2 <= len) {
		if (p[0] == COMMENT && p[1] > 0 && p[1 + p[1]] == '\0')
			return (const char *)p + 2;
		len -= (size_t)p[1] + 2;
		p += (size_t)p[1] + 2;
	}
	return NULL;
}

static const void *value_of(const struct nlattr *element, unsigned attribute, size_t *ret_len)
{
	const struct nlattr *data = netlink_nested(element, attribute);
	const struct nlattr *value = data ? netlink_nested(data, NFTA_DATA_VALUE) : NULL;

	*ret_len = value ? (size_t)value->nla_len - NLA_HDRLEN : 0;
	return value ? (const char *)value + NLA_HDRLEN : NULL;
}

static struct nft_element read_element(const struct nlattr *a)
{
	const struct nlattr *flags = netlink_nested(a, NFTA_SET_ELEM_FLAGS), *user = netlink_nested(a, NFTA_SET_ELEM_USERDATA);
	struct nft_element e = {0};
	uint32_t bits = 0;

	e.key = value_of(a, NFTA_SET_ELEM_KEY, &e.key_len);
	e.data = value_of(a, NFTA_SET_ELEM_DATA, &e.data_len);
	if (flags && flags->nla_len >= NLA_HDRLEN + sizeof(bits))
		memcpy(&bits, (const char *)flags + NLA_HDRLEN, sizeof(bits));
	e.end = ntohl(bits) & NFT_SET_ELEM_INTERVAL_END;
	if (user)
		e.comment = nft_comment((const char *)user + NLA_HDRLEN, (size_t)user->nla_len - NLA_HDRLEN);
	return e;
}

int nft_each_element(const struct nlmsghdr *m, int (*each)(const struct nft_element *, void *), void *arg)
{
	size_t len = 0;
	const char *list = netlink_attribute(m, NFT_HEAD, NFTA_SET_ELEM_LIST_ELEMENTS, &len);
	int r = 0;

	for (size_t at = 0; list && r >= 0 && len - at >= NLA_HDRLEN;) {
		const struct nlattr *a = (const struct nlattr *)(list + at);
		struct nft_element e;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len - at)
			break;
		e = read_element(a);
		if (e.key)
			r = each(&e, arg);
		at += NLA_ALIGN((size_t)a->nla_len);
		if (at >= len)
			break;
	}
	return r;
}

/* ---- rules ---- */

void nft_rule(struct netlink_batch *b, unsigned family, unsigned flags, const char *table, const char *chain,
              const char *comment, size_t *ret_nest)
{
	begin(b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, family, flags | NLM_F_CREATE, 0);
	message_string(b, NFTA_RULE_TABLE, table);
	message_string(b, NFTA_RULE_CHAIN, chain);
	if (comment)
		put_comment(b, NFTA_RULE_USERDATA, comment);
	*ret_nest = message_nest(b, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct netlink_batch *b, size_t nest)
{
	message_nest_end(b, nest);
}

struct expression {
	size_t element, data;   /* nests */
};

static struct expression open_expression(struct netlink_batch *b, const char *name)
{
	struct expression e = {.element = message_nest(b, NFTA_LIST_ELEM)};

	message_string(b, NFTA_EXPR_NAME, name);
	e.data = message_nest(b, NFTA_EXPR_DATA);
	return e;
}

static void close_expression(struct netlink_batch *b, struct expression e)
{
	message_nest_end(b, e.data);
	message_nest_end(b, e.element);
}

void nft_meta(struct netlink_batch *b, uint32_t key, uint32_t reg)
{
	struct expression e = open_expression(b, "meta");

	be32(b, NFTA_META_KEY, key);
	be32(b, NFTA_META_DREG, reg);
	close_expression(b, e);
}

void nft_ct(struct netlink_batch *b, uint32_t key, uint32_t reg)
{
	struct expression e = open_expression(b, "ct");

	be32(b, NFTA_CT_KEY, key);
	be32(b, NFTA_CT_DREG, reg);
	close_expression(b, e);
}

void nft_fib(struct netlink_batch *b, uint32_t flags, uint32_t result, uint32_t reg)
{
	struct expression e = open_expression(b, "fib");

	be32(b, NFTA_FIB_FLAGS, flags);
	be32(b, NFTA_FIB_RESULT, result);
	be32(b, NFTA_FIB_DREG, reg);
	close_expression(b, e);
}

void nft_payload(struct netlink_batch *b, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct expression e = open_expression(b, "payload");

	be32(b, NFTA_PAYLOAD_DREG, reg);
	be32(b, NFTA_PAYLOAD_BASE, base);
	be32(b, NFTA_PAYLOAD_OFFSET, offset);
	be32(b, NFTA_PAYLOAD_LEN, len);
	close_expression(b, e);
}

void nft_compare(struct netlink_batch *b, uint32_t op, uint32_t reg, const void *data, size_t len)
{
	struct expression e = open_expression(b, "cmp");

	be32(b, NFTA_CMP_SREG, reg);
	be32(b, NFTA_CMP_OP, op);
	put_value(b, NFTA_CMP_DATA, data, len);
	close_expression(b, e);
}

void nft_mask(struct netlink_batch *b, uint32_t reg, uint32_t mask)
{
	struct expression e = open_expression(b, "bitwise");
	uint32_t nothing = 0;

	be32(b, NFTA_BITWISE_SREG, reg);
	be32(b, NFTA_BITWISE_DREG, reg);
	be32(b, NFTA_BITWISE_LEN, sizeof(mask));
	put_value(b, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(b, NFTA_BITWISE_XOR, &nothing, sizeof(nothing));
	close_expression(b, e);
}

void nft_lookup(struct netlink_batch *b, const char *set, uint32_t reg, uint32_t dreg, bool inverted)
{
	struct expression e = open_expression(b, "lookup");

	message_string(b, NFTA_LOOKUP_SET, set);
	be32(b, NFTA_LOOKUP_SREG, reg);
	if (dreg != NFT_REG_VERDICT)
		be32(b, NFTA_LOOKUP_DREG, dreg);
	if (inverted)
		be32(b, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	close_expression(b, e);
}

void nft_counter(struct netlink_batch *b)
{
	close_expression(b, open_expression(b, "counter"));
}

void nft_verdict(struct netlink_batch *b, int32_t code, const char *chain)
{
	struct expression e = open_expression(b, "immediate");
	size_t data, verdict;

	be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = message_nest(b, NFTA_IMMEDIATE_DATA);
	verdict = message_nest(b, NFTA_DATA_VERDICT);
	be32(b, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		message_string(b, NFTA_VERDICT_CHAIN, chain);
	message_nest_end(b, verdict);
	message_nest_end(b, data);
	close_expression(b, e);
}

void nft_dnat(struct netlink_batch *b, uint32_t family, uint32_t address, uint32_t port)
{
	struct expression e = open_expression(b, "nat");

	be32(b, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	be32(b, NFTA_NAT_FAMILY, family);
	be32(b, NFTA_NAT_REG_ADDR_MIN, address);
	be32(b, NFTA_NAT_REG_PROTO_MIN, port);
	close_expression(b, e);
}

void nft_masquerade(struct netlink_batch *b)
{
	close_expression(b, open_expression(b, "masq"));
}
