/*
 * nft - nf_tables in the kernel's own messages: tables, chains, sets, rules, elements.
 *
 * Pure: these functions append messages to a batch, netlink_transact sends it.  Either all of it happens or nothing.
 * The words of a rule (expressions) go between nft_rule and nft_rule_end, in the order in which a packet meets them;
 * `nft --debug=netlink` shows the same words for a rule written as text.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/netlink.h"

#include <linux/netfilter/nf_tables.h>

/* What nft(8) calls the types of keys and data; a concatenation is NFT_PAIR(first, second). */
enum nft_type {
	NFT_TYPE_IP4 = 7,
	NFT_TYPE_IP6 = 8,
	NFT_TYPE_PROTOCOL = 12,
	NFT_TYPE_PORT = 13,
	NFT_TYPE_IFNAME = 41,
};
#define NFT_PAIR(a, b) ((uint32_t)(a) << 6 | (uint32_t)(b))

struct nft_chain {
	const char *name;
	const char *type;               /* "nat", "filter"; NULL: a chain that others jump to */
	uint32_t hook;                  /* enum nf_inet_hooks */
	int32_t priority;
};

struct nft_set {
	const char *name;
	uint32_t flags;                 /* NFT_SET_MAP, NFT_SET_INTERVAL */
	uint32_t key_type, key_len;
	uint32_t data_type, data_len;   /* of a map */
};

/* Keys and data are as in the registers: each field padded to 4 bytes. */
struct nft_element {
	const void *key, *data;
	size_t key_len, data_len;       /* data_len 0: none */
	bool end;                       /* the first key after an interval */
	const char *comment;            /* or NULL; at most 127 bytes */
};

/* Every batch begins and ends with these. */
void nft_begin(struct netlink_batch *batch);
void nft_end(struct netlink_batch *batch);

/* `flags` are NLM_F_CREATE, NLM_F_EXCL ...; everything is of family inet. */
void nft_table(struct netlink_batch *batch, unsigned flags, const char *table, const char *comment);
void nft_delete_table(struct netlink_batch *batch, const char *table);
void nft_chain(struct netlink_batch *batch, const char *table, const struct nft_chain *chain);
/* `id` distinguishes the sets of one batch. */
void nft_set(struct netlink_batch *batch, const char *table, const struct nft_set *set, uint32_t id);
/* `type`: NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_GETSETELEM. */
void nft_element(struct netlink_batch *batch, unsigned type, unsigned flags, const char *table, const char *set,
                 const struct nft_element *element);
/* All of a set. */
void nft_dump_elements(struct netlink_batch *batch, const char *table, const char *set);

/* A rule of any family; NLM_F_APPEND in `flags`: the chain's last, else its first.  `comment` may be NULL. */
void nft_rule(struct netlink_batch *batch, unsigned family, unsigned flags, const char *table, const char *chain,
              const char *comment, size_t *ret_nest);
void nft_rule_end(struct netlink_batch *batch, size_t nest);

void nft_meta(struct netlink_batch *batch, uint32_t key, uint32_t reg);
void nft_ct(struct netlink_batch *batch, uint32_t key, uint32_t reg);
void nft_fib(struct netlink_batch *batch, uint32_t flags, uint32_t result, uint32_t reg);
void nft_payload(struct netlink_batch *batch, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg);
void nft_compare(struct netlink_batch *batch, uint32_t op, uint32_t reg, const void *data, size_t len);
/* reg &= mask, 32 bits in the host's order */
void nft_mask(struct netlink_batch *batch, uint32_t reg, uint32_t mask);
/* A map's data goes to `dreg`; NFT_REG_VERDICT: there is none. */
void nft_lookup(struct netlink_batch *batch, const char *set, uint32_t reg, uint32_t dreg, bool inverted);
void nft_counter(struct netlink_batch *batch);
/* NF_ACCEPT, NF_DROP, NFT_RETURN, NFT_JUMP to `chain` (else NULL). */
void nft_verdict(struct netlink_batch *batch, int32_t code, const char *chain);
/* Destination NAT to the address and the port in these registers. */
void nft_dnat(struct netlink_batch *batch, uint32_t family, uint32_t address, uint32_t port);
void nft_masquerade(struct netlink_batch *batch);

/* What follows the struct nlmsghdr. */
#define NFT_HEAD 4
/* The attributes of one answer to NFT_MSG_GETSETELEM: calls `each` for every element; its first negative result ends it. */
int nft_each_element(const struct nlmsghdr *answer, int (*each)(const struct nft_element *element, void *arg), void *arg);
/* The comment in an object's user data, or NULL: a text that ends. */
const char *nft_comment(const void *userdata, size_t len);
