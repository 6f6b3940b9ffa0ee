/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/log.h"
#include "runtime/network/legacy.h"
#include "runtime/network/table.h"

#define DOCKER_TABLE "filter"
#define DOCKER_CHAIN "DOCKER-USER"
#define FIREWALLD_TABLE "firewalld"
#define RULES_MAX 8

/* ---- looking ---- */

static void text_of(const struct nlmsghdr *m, unsigned attribute, char *ret, size_t size)
{
	size_t len = 0;
	const char *s = netlink_attribute(m, NFT_HEAD, attribute, &len);

	snprintf(ret, size, "%.*s", s ? (int)strnlen(s, len) : 0, s ?: "");
}

static bool drops(const struct nlmsghdr *m)
{
	size_t len = 0;
	const void *policy = netlink_attribute(m, NFT_HEAD, NFTA_CHAIN_POLICY, &len);
	uint32_t verdict = htonl(NF_ACCEPT);

	if (policy && len == sizeof(verdict))
		memcpy(&verdict, policy, sizeof(verdict));
	return ntohl(verdict) == NF_DROP;
}

static bool is_forward(const struct nlmsghdr *m)
{
	size_t len = 0;
	const char *hook = netlink_attribute(m, NFT_HEAD, NFTA_CHAIN_HOOK, &len);
	const struct nlattr *a = hook ? netlink_nested((const struct nlattr *)(hook - NLA_HDRLEN), NFTA_HOOK_HOOKNUM) : NULL;
	uint32_t number = 0;

	if (!a || a->nla_len < NLA_HDRLEN + sizeof(number))
		return false;
	memcpy(&number, (const char *)a + NLA_HDRLEN, sizeof(number));
	return ntohl(number) == NF_INET_FORWARD;
}

static int read_chain(const struct nlmsghdr *m, void *arg)
{
	const struct nfgenmsg *head = (const struct nfgenmsg *)((const char *)m + NLMSG_HDRLEN);
	struct firewall_drop d = {0};
	struct firewall *f = arg;

	if (m->nlmsg_len < NLMSG_HDRLEN + sizeof(*head))
		return -EPROTO;
	d.family = head->nfgen_family;
	text_of(m, NFTA_CHAIN_TABLE, d.table, sizeof(d.table));
	text_of(m, NFTA_CHAIN_NAME, d.chain, sizeof(d.chain));
	if (d.family == NFPROTO_IPV4 && strcmp(d.table, DOCKER_TABLE) == 0 && strcmp(d.chain, DOCKER_CHAIN) == 0)
		f->docker = true;
	if (strcmp(d.table, FIREWALLD_TABLE) == 0)
		f->firewalld = true;
	if (d.family != NFPROTO_IPV4 && d.family != NFPROTO_IPV6 && d.family != NFPROTO_INET)
		return 0;
	if (is_forward(m) && drops(m) && strcmp(d.table, TABLE_NAME) != 0 && f->n_drops < sizeof(f->drops) / sizeof(f->drops[0]))
		f->drops[f->n_drops++] = d;
	return 0;
}

static void ask(struct netlink_batch *b, unsigned type, unsigned family)
{
	struct nfgenmsg head = {.nfgen_family = (uint8_t)family, .version = NFNETLINK_V0};

	message_begin(b, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_DUMP, &head, sizeof(head));
}

static int refused(int code, const struct netlink_refusal *refusal, const char *doing, struct error *err)
{
	return error_set(err, -code, "%s%s%s", doing, *refusal->text ? ": " : "", refusal->text);
}

static void look_at_legacy(struct firewall *f, uint8_t family, uint8_t number)
{
	if (f->n_drops < sizeof(f->drops) / sizeof(f->drops[0]) && legacy_drops_forward(family))
		f->drops[f->n_drops++] = (struct firewall_drop){.family = number, .legacy = true, .table = "filter", .chain = "FORWARD"};
}

int firewall_look(struct netlink *nl, struct firewall *ret, struct error *err)
{
	struct netlink_refusal refusal;
	struct netlink_patience patience = {0};
	int r;

	do {
		cleanup_batch struct netlink_batch b = {0};

		*ret = (struct firewall){0};
		ask(&b, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC);
		r = netlink_query(nl, &b, read_chain, ret, &refusal);
	} while (netlink_again(&patience, r));
	if (r < 0)
		return refused(r, &refusal, "look at the firewall's other tables", err);
	look_at_legacy(ret, AF_INET, NFPROTO_IPV4);
	look_at_legacy(ret, AF_INET6, NFPROTO_IPV6);
	return 0;
}

/* ---- Docker ---- */

struct own_rules {
	const char *comment;
	uint64_t handles[RULES_MAX];    /* in the kernel's order of bytes */
	size_t n;
};

static int read_rule(const struct nlmsghdr *m, void *arg)
{
	struct own_rules *own = arg;
	size_t len = 0, handle_len = 0;
	const void *user = netlink_attribute(m, NFT_HEAD, NFTA_RULE_USERDATA, &len);
	const void *handle = netlink_attribute(m, NFT_HEAD, NFTA_RULE_HANDLE, &handle_len);
	const char *comment = user ? nft_comment(user, len) : NULL;
	char chain[64];

	text_of(m, NFTA_RULE_CHAIN, chain, sizeof(chain));
	if (!comment || strcmp(comment, own->comment) != 0 || strcmp(chain, DOCKER_CHAIN) != 0)
		return 0;
	if (own->n < RULES_MAX && handle && handle_len == sizeof(own->handles[0]))
		memcpy(&own->handles[own->n++], handle, sizeof(own->handles[0]));
	return 0;
}

static int find_own(struct netlink *nl, struct own_rules *ret, struct error *err)
{
	struct netlink_refusal refusal;
	struct netlink_patience patience = {0};
	int r;

	do {
		cleanup_batch struct netlink_batch b = {0};

		ret->n = 0;
		ask(&b, NFT_MSG_GETRULE, NFPROTO_IPV4);
		message_string(&b, NFTA_RULE_TABLE, DOCKER_TABLE);
		message_string(&b, NFTA_RULE_CHAIN, DOCKER_CHAIN);
		r = netlink_query(nl, &b, read_rule, ret, &refusal);
	} while (netlink_again(&patience, r));
	return r < 0 && r != -ENOENT ? refused(r, &refusal, "look at Docker's chain " DOCKER_CHAIN, err) : 0;
}

/* As iptables -I DOCKER-USER -i BRIDGE -j ACCEPT makes it. */
static void let_through(struct netlink_batch *b, uint32_t key, const char *bridge, const char *comment)
{
	char name[IFNAMSIZ] = {0};
	size_t nest;

	memcpy(name, bridge, strnlen(bridge, sizeof(name) - 1));
	nft_rule(b, NFPROTO_IPV4, 0, DOCKER_TABLE, DOCKER_CHAIN, comment, &nest);
	nft_meta(b, key, NFT_REG_1);
	nft_compare(b, NFT_CMP_EQ, NFT_REG_1, name, strlen(name) + 1);
	nft_counter(b);
	nft_verdict(b, NF_ACCEPT, NULL);
	nft_rule_end(b, nest);
}

static void own_comment(const char *bridge, char ret[64])
{
	snprintf(ret, 64, "crun-lite: %s", bridge);
}

static int pass_docker(struct netlink *nl, const char *bridge, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	char comment[64];
	struct own_rules own = {.comment = comment};
	int r;

	own_comment(bridge, comment);
	r = find_own(nl, &own, err);
	if (r < 0 || own.n > 0)
		return r;
	nft_begin(&b);
	let_through(&b, NFT_META_IIFNAME, bridge, comment);
	let_through(&b, NFT_META_OIFNAME, bridge, comment);
	nft_end(&b);
	r = netlink_transact(nl, &b, &refusal);
	return r < 0 ? refused(r, &refusal, "let the network through Docker's chain " DOCKER_CHAIN, err) : 0;
}

int firewall_withdraw(struct netlink *nl, const char *bridge, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct nfgenmsg head = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
	struct netlink_refusal refusal;
	char comment[64];
	struct own_rules own = {.comment = comment};
	int r;

	own_comment(bridge, comment);
	r = find_own(nl, &own, err);
	if (r < 0 || own.n == 0)
		return r;
	nft_begin(&b);
	for (size_t i = 0; i < own.n; i++) {
		message_begin(&b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELRULE, 0, &head, sizeof(head));
		message_string(&b, NFTA_RULE_TABLE, DOCKER_TABLE);
		message_string(&b, NFTA_RULE_CHAIN, DOCKER_CHAIN);
		message_put(&b, NFTA_RULE_HANDLE, &own.handles[i], sizeof(own.handles[i]));
	}
	nft_end(&b);
	r = netlink_transact(nl, &b, &refusal);
	return r < 0 && r != -ENOENT ? refused(r, &refusal, "remove the network from Docker's chain " DOCKER_CHAIN, err) : 0;
}

/* ---- advice ---- */

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static void advise(const struct firewall_drop *d, const char *bridge, char *ret, size_t size)
{
	const char *family = family_name(d->family), *v6 = d->family == NFPROTO_IPV6 ? "6" : "";

	if (d->legacy)
		snprintf(ret, size, "ip%stables-legacy -I FORWARD -i %s -j ACCEPT; ip%stables-legacy -I FORWARD -o %s -j ACCEPT", v6, bridge, v6, bridge);
	/* iptables' own chains are edited with iptables, which would not read what nft(8) wrote. */
	else if (strcmp(d->table, "filter") == 0 && strcmp(d->chain, "FORWARD") == 0 && d->family != NFPROTO_INET)
		snprintf(ret, size, "ip%stables -I FORWARD -i %s -j ACCEPT; ip%stables -I FORWARD -o %s -j ACCEPT", v6, bridge, v6, bridge);
	else
		snprintf(ret, size, "nft insert rule %s %s %s iifname %s accept; nft insert rule %s %s %s oifname %s accept", family,
		         d->table, d->chain, bridge, family, d->table, d->chain, bridge);
}

void firewall_advice(const struct firewall *f, const char *bridge, char *ret, size_t size)
{
	*ret = '\0';
	if (f->firewalld) {
		snprintf(ret, size, "firewall-cmd --permanent --zone=trusted --add-interface=%s; firewall-cmd --reload", bridge);
		return;
	}
	for (size_t i = 0; i < f->n_drops && size > 0; i++) {
		size_t n;

		if (f->docker && f->drops[i].family == NFPROTO_IPV4 && !f->drops[i].legacy && strcmp(f->drops[i].table, DOCKER_TABLE) == 0)
			continue;
		n = strlen(ret);
		advise(&f->drops[i], bridge, ret + n, size - n);
		return;
	}
}

int firewall_pass(struct netlink *nl, const struct network *network, struct error *err)
{
	struct firewall firewall;
	char advice[512];
	int r = firewall_look(nl, &firewall, err);

	if (r == 0 && firewall.docker)
		r = pass_docker(nl, network->bridge, err);
	if (r < 0)
		return error_wrap(err, "network %s", network->name);
	firewall_advice(&firewall, network->bridge, advice, sizeof(advice));
	if (*advice)
		log_warning("network %s: another firewall on this host drops what is forwarded, so its containers reach nothing outside, "
		            "and nothing reaches their ports; let it through: %s", network->name, advice);
	return 0;
}
