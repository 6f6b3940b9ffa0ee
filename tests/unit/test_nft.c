/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/ruleset.h"
#include "runtime/network/table.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/network/conntrack.h"
#include "runtime/network/firewall.h"
#include "tests/unit/unit.h"

static const struct nlmsghdr *message(const struct netlink_batch *b, unsigned number)
{
	size_t at = 0;

	while (number-- > 0)
		at += NLMSG_ALIGN(((const struct nlmsghdr *)(b->data + at))->nlmsg_len);
	return (const struct nlmsghdr *)(b->data + at);
}

/* As `nft add element inet crun_lite pub4 { tcp . 8080 comment "web" : 10.89.0.2 . 80 }` sends it. */
static void an_element_is_as_nft_sends_it(void **state)
{
	static const unsigned char bytes[] = {
		100, 0, 0, 0, 12, 0x0a, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0,           /* NEWSETELEM; request, ack, create, excl */
		1, 0, 0, 0,                                                     /* inet */
		14, 0, 1, 0, 'c', 'r', 'u', 'n', '_', 'l', 'i', 't', 'e', 0, 0, 0,
		9, 0, 2, 0, 'p', 'u', 'b', '4', 0, 0, 0, 0,
		52, 0, 3, 0x80, 48, 0, 1, 0x80,
		16, 0, 1, 0x80, 12, 0, 1, 0, 6, 0, 0, 0, 0x1f, 0x90, 0, 0,      /* key: tcp . 8080 */
		16, 0, 2, 0x80, 12, 0, 1, 0, 10, 89, 0, 2, 0, 80, 0, 0,         /* data: 10.89.0.2 . 80 */
		10, 0, 6, 0, 0, 4, 'w', 'e', 'b', 0, 0, 0,                      /* comment */
	};
	struct port_rule rule = {
		.protocol = IPPROTO_TCP, .any = true, .to = {AF_INET, {10, 89, 0, 2}}, .host_port = 8080, .port = 80,
	};
	cleanup_batch struct netlink_batch b = {0};
	uint8_t key[32], data[20];
	const char *map = NULL;
	struct nft_element e = table_element(&rule, key, data, &map);

	(void)state;
	assert_string_equal(map, "pub4");
	e.comment = "web";
	nft_element(&b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, "crun_lite", map, &e);
	assert_int_equal(b.len, sizeof(bytes));
	assert_memory_equal(b.data, bytes, sizeof(bytes));
}

static void each_kind_of_port_has_its_map(void **state)
{
	static const struct { uint8_t family; bool any; const char *map; size_t key, data; } rows[] = {
		{AF_INET, true, "pub4", 8, 8}, {AF_INET, false, "pubip4", 12, 8},
		{AF_INET6, true, "pub6", 8, 20}, {AF_INET6, false, "pubip6", 24, 20},
	};
	uint8_t key[32], data[20];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct port_rule rule = {.any = rows[i].any, .to.family = rows[i].family};
		const char *map = NULL;
		struct nft_element e = table_element(&rule, key, data, &map);

		assert_string_equal(map, rows[i].map);
		assert_int_equal(e.key_len, rows[i].key);
		assert_int_equal(e.data_len, rows[i].data);
	}
}

static void a_rules_words_are_nested_as_the_kernel_wants_them(void **state)
{
	static const unsigned char bytes[] = {
		144, 0, 0, 0, 6, 0x0a, 5, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
		6, 0, 1, 0, 't', 0, 0, 0, 6, 0, 2, 0, 'c', 0, 0, 0,
		108, 0, 4, 0x80,
		36, 0, 1, 0x80, 9, 0, 1, 0, 'm', 'e', 't', 'a', 0, 0, 0, 0,     /* meta load iifname => reg 1 */
		20, 0, 2, 0x80, 8, 0, 2, 0, 0, 0, 0, 6, 8, 0, 1, 0, 0, 0, 0, 1,
		20, 0, 1, 0x80, 9, 0, 1, 0, 'm', 'a', 's', 'q', 0, 0, 0, 0,     /* masq */
		4, 0, 2, 0x80,
		48, 0, 1, 0x80, 14, 0, 1, 0, 'i', 'm', 'm', 'e', 'd', 'i', 'a', 't', 'e', 0, 0, 0,
		28, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 0,                         /* immediate reg 0 drop */
		16, 0, 2, 0x80, 12, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 0,
	};
	cleanup_batch struct netlink_batch b = {0};
	size_t nest;

	(void)state;
	nft_rule(&b, NFPROTO_INET, NLM_F_APPEND, "t", "c", NULL, &nest);
	nft_meta(&b, NFT_META_IIFNAME, NFT_REG_1);
	nft_masquerade(&b);
	nft_verdict(&b, NF_DROP, NULL);
	nft_rule_end(&b, nest);
	assert_int_equal(b.len, sizeof(bytes));
	assert_memory_equal(b.data, bytes, sizeof(bytes));
}

static void the_table_is_one_transaction_that_begins_with_a_table_that_must_be_new(void **state)
{
	cleanup_batch struct netlink_batch b = {0};
	const struct nlmsghdr *m;

	(void)state;
	ruleset_build(&b);
	assert_false(b.failed);
	assert_int_equal(message(&b, 0)->nlmsg_type, 0x10);     /* NFNL_MSG_BATCH_BEGIN */
	m = message(&b, 1);
	assert_int_equal(m->nlmsg_type, 0x0a00 | NFT_MSG_NEWTABLE);
	assert_int_equal(m->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL), NLM_F_CREATE | NLM_F_EXCL);
	assert_int_equal(message(&b, b.n - 1)->nlmsg_type, 0x11);
}

static void comments_of_others_do_not_mislead(void **state)
{
	static const char good[] = {1, 2, 'x', 'y', 0, 4, 'w', 'e', 'b', 0};
	static const struct { const char *data; size_t len; } bad[] = {
		{"", 0}, {"\0", 1}, {"\0\4web", 5}, {"\0\3web", 5}, {"\0\0", 2}, {"\1\4web", 6}, {"\0\377web", 6},
	};

	(void)state;
	assert_string_equal(nft_comment(good, sizeof(good)), "web");
	for (size_t i = 0; i < COUNT(bad); i++)
		if (nft_comment(bad[i].data, bad[i].len))
			fail_msg("row %zu has a comment", i);
}

static int count(const struct nft_element *e, void *arg)
{
	unsigned *n = arg;

	assert_non_null(e->key);
	++*n;
	return 0;
}

/* What the kernel answers is what is sent; damaged, it is not read past its end. */
static void elements_are_read_back(void **state)
{
	cleanup_batch struct netlink_batch b = {0};
	struct nft_element e = {.key = "12345678", .key_len = 8, .data = "abcdefgh", .data_len = 8, .comment = "web"};
	struct nlmsghdr *m;
	unsigned n = 0;

	(void)state;
	nft_element(&b, NFT_MSG_NEWSETELEM, 0, "t", "s", &e);
	m = (struct nlmsghdr *)b.data;
	assert_int_equal(nft_each_element(m, count, &n), 0);
	assert_int_equal(n, 1);
	for (uint32_t len = 0; len < b.len; len++) {
		m->nlmsg_len = len;
		n = 0;
		nft_each_element(m, count, &n);
		assert_int_equal(n, 0);
	}
}

static void an_owner_of_any_length_has_a_name_of_its_own(void **state)
{
	char id[1000], one[OWNER_MAX], other[OWNER_MAX];

	(void)state;
	table_owner("web", one);
	assert_string_equal(one, "web");
	memset(id, 'x', sizeof(id));
	id[OWNER_MAX - 1] = '\0';
	table_owner(id, one);
	assert_string_equal(one, id);
	id[OWNER_MAX - 1] = 'x';
	id[sizeof(id) - 1] = '\0';
	table_owner(id, one);
	id[sizeof(id) - 2] = 'y';
	table_owner(id, other);
	assert_true(strlen(one) < OWNER_MAX && strlen(other) < OWNER_MAX);
	assert_string_not_equal(one, other);
}

static void connections_are_chosen_by_protocol_and_port(void **state)
{
	static const unsigned char bytes[] = {
		56, 0, 0, 0, 2, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,    /* IPCTNL_MSG_CT_DELETE, AF_INET */
		24, 0, 1, 0x80, 20, 0, 2, 0x80, 5, 0, 1, 0, 17, 0, 0, 0, 6, 0, 3, 0, 0x14, 0xe9, 0, 0,
		12, 0, 25, 0x80, 8, 0, 1, 0, 0x28, 0, 0, 0,
	};
	cleanup_batch struct netlink_batch b = {0};

	(void)state;
	conntrack_build(&b, IPCTNL_MSG_CT_DELETE, AF_INET, 5353);
	assert_int_equal(b.len, sizeof(bytes));
	assert_memory_equal(b.data, bytes, sizeof(bytes));
}

static void advice_fits_who_drops(void **state)
{
	static const struct { struct firewall firewall; const char *advice; } rows[] = {
		{{0}, ""},
		{{.drops = {{NFPROTO_IPV4, "filter", "FORWARD"}}, .n_drops = 1},
		 "iptables -I FORWARD -i cl0 -j ACCEPT; iptables -I FORWARD -o cl0 -j ACCEPT"},
		{{.drops = {{NFPROTO_IPV6, "filter", "FORWARD"}}, .n_drops = 1},
		 "ip6tables -I FORWARD -i cl0 -j ACCEPT; ip6tables -I FORWARD -o cl0 -j ACCEPT"},
		{{.drops = {{NFPROTO_INET, "mine", "fwd"}}, .n_drops = 1},
		 "nft insert rule inet mine fwd iifname cl0 accept; nft insert rule inet mine fwd oifname cl0 accept"},
		/* Docker's own is dealt with; somebody else's beside it is not. */
		{{.docker = true, .drops = {{NFPROTO_IPV4, "filter", "FORWARD"}}, .n_drops = 1}, ""},
		{{.docker = true, .drops = {{NFPROTO_IPV4, "filter", "FORWARD"}, {NFPROTO_IPV4, "mine", "fwd"}}, .n_drops = 2},
		 "nft insert rule ip mine fwd iifname cl0 accept; nft insert rule ip mine fwd oifname cl0 accept"},
		/* Its tables are none of Docker's chain. */
		{{.docker = true, .drops = {{NFPROTO_IPV4, "filter", "FORWARD", .legacy = true}}, .n_drops = 1},
		 "iptables-legacy -I FORWARD -i cl0 -j ACCEPT; iptables-legacy -I FORWARD -o cl0 -j ACCEPT"},
		{{.drops = {{NFPROTO_IPV6, "filter", "FORWARD", .legacy = true}}, .n_drops = 1},
		 "ip6tables-legacy -I FORWARD -i cl0 -j ACCEPT; ip6tables-legacy -I FORWARD -o cl0 -j ACCEPT"},
		{{.firewalld = true}, "firewall-cmd --permanent --zone=trusted --add-interface=cl0; firewall-cmd --reload"},
	};
	char advice[512];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		firewall_advice(&rows[i].firewall, "cl0", advice, sizeof(advice));
		assert_string_equal(advice, rows[i].advice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_element_is_as_nft_sends_it),
		cmocka_unit_test(each_kind_of_port_has_its_map),
		cmocka_unit_test(a_rules_words_are_nested_as_the_kernel_wants_them),
		cmocka_unit_test(the_table_is_one_transaction_that_begins_with_a_table_that_must_be_new),
		cmocka_unit_test(comments_of_others_do_not_mislead),
		cmocka_unit_test(elements_are_read_back),
		cmocka_unit_test(an_owner_of_any_length_has_a_name_of_its_own),
		cmocka_unit_test(connections_are_chosen_by_protocol_and_port),
		cmocka_unit_test(advice_fits_who_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
