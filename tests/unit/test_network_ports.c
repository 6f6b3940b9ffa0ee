/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/ports.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/network/address.h"
#include "runtime/network/attach.h"
#include "runtime/network/bridge.h"
#include "runtime/network/interface.h"
#include "tests/unit/complaint.h"
#include "tests/unit/unit.h"

static const struct ip four = {AF_INET, {10, 89, 0, 2}}, six = {AF_INET6, {0xfd, [15] = 2}}, none;

/* Rules as text: "tcp 8080 > 10.89.0.2:80", with the address where there is one. */
static void describe(const struct port_rules *rules, char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < rules->n; i++) {
		const struct port_rule *r = &rules->v[i];
		char host[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX];
		size_t n = strlen(ret);

		snprintf(ret + n, size - n, "%s%s %s%s%u > %s %u", n ? "; " : "", address_protocol(r->protocol),
		         r->any ? "" : address_ip(&r->host, host), r->any ? "" : " ", r->host_port, address_ip(&r->to, to), r->port);
	}
}

static void publishes_become_rules(void **state)
{
	static const struct { const char *publish; const struct ip *ip4, *ip6; const char *rules, *error; } rows[] = {
		{"8080:80", &four, &none, "tcp 8080 > 10.89.0.2 80"},
		{"8080:80", &none, &six, "tcp 8080 > fd00::2 80"},
		{"8080:80/udp", &four, &six, "udp 8080 > 10.89.0.2 80; udp 8080 > fd00::2 80"},
		{"0.0.0.0:8080:80", &four, &six, "tcp 8080 > 10.89.0.2 80"},
		{"[::]:8080:80", &four, &six, "tcp 8080 > fd00::2 80"},
		{"127.0.0.1:8080:80", &four, &six, "tcp 127.0.0.1 8080 > 10.89.0.2 80"},
		{"[2001:db8::1]:8080:80/sctp", &four, &six, "sctp 2001:db8::1 8080 > fd00::2 80"},
		{"65534-65535:1-2", &four, &none, "tcp 65534 > 10.89.0.2 1; tcp 65535 > 10.89.0.2 2"},
		{"[::1]:8080:80", &four, &six, NULL, "the kernel redirects nothing that is sent to [::1]"},
		{"[::]:8080:80", &four, &none, NULL, "the container has no IPv6 address that is reachable from outside"},
		{"127.0.0.1:8080:80", &none, &six, NULL, "the container has no IPv4 address that is reachable from outside"},
		{"8080:80", &none, &none, NULL, "the container has no address that is reachable from outside"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_port_rules struct port_rules rules = {0};
		struct error err = {0};
		struct publish publish;
		char text[400];
		int r;

		assert_int_equal(address_parse_publish(rows[i].publish, &publish, &err), 0);
		r = port_rules_make(&publish, 1, rows[i].ip4, rows[i].ip6, &rules, &err);
		if (rows[i].error) {
			assert_true(r < 0);
			assert_non_null(strstr(err.text, rows[i].error));
			continue;
		}
		assert_int_equal(r, 0);
		describe(&rules, text, sizeof(text));
		assert_string_equal(text, rows[i].rules);
	}
}

static void ports_beyond_the_last_are_refused(void **state)
{
	static const struct publish bad[] = {
		{IPPROTO_TCP, .host_port = 65535, .port = 1, .n = 2}, {IPPROTO_TCP, .host_port = 1, .port = 65535, .n = 2},
		{IPPROTO_TCP, .host_port = 0, .port = 1, .n = 1}, {IPPROTO_TCP, .host_port = 1, .port = 0, .n = 1},
		{IPPROTO_TCP, .host_port = 1, .port = 1, .n = 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		cleanup_port_rules struct port_rules rules = {0};
		struct error err = {0};

		assert_true(port_rules_make(&bad[i], 1, &four, &none, &rules, &err) < 0);
	}
}

static void chosen_ports_fit(void **state)
{
	struct error err = {0};
	uint16_t first;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ports_choose(100, &first, &err), 0);
		assert_true(first >= 1024 && first <= 65536 - 100);
	}
	assert_true(ports_choose(65535, &first, &err) < 0);
}

static void names_are_made_of_the_id_and_differ(void **state)
{
	struct net_interface a = {0}, b = {0}, c = {0}, again = {0};
	char name[ALTERNATIVE_NAME_MAX], id[1000];

	(void)state;
	a.address4 = (struct subnet){four, 24};
	interface_name(&a, "web", 0, 0);
	interface_name(&again, "web", 0, 0);
	interface_name(&b, "web", 1, 0);
	interface_name(&c, "web", 0, 1);
	assert_string_equal(a.host_name, again.host_name);
	assert_string_not_equal(a.host_name, b.host_name);
	assert_string_not_equal(a.host_name, c.host_name);
	assert_string_equal(a.name, "eth0");
	assert_string_equal(b.name, "eth1");
	assert_memory_equal(a.mac.bytes, "\x02\x63\x0a\x59\x00\x02", 6);
	assert_false(b.mac.set);
	interface_alternative_name(&a, "web", name);
	assert_string_equal(name, "crun-lite-web-eth0");
	memset(id, 'x', sizeof(id));
	for (size_t len = 1; len < sizeof(id); len++) {
		id[len] = '\0';
		strcpy(a.name, "fifteen-bytes-x");
		interface_alternative_name(&a, id, name);
		assert_true(strlen(name) < ALTERNATIVE_NAME_MAX);
		assert_string_equal(name + strlen(name) - 16, "-fifteen-bytes-x");
		id[len] = 'x';
	}
}

/* The first network with a way out gives the default route and gets the ports. */
static void what_can_be_known_before_is(void **state)
{
	static const struct network inner = {.name = "in", .bridge = "cl-in", .n_subnets = 1, .internal = true, .isolate = true,
		.subnets = {{{{AF_INET, {10, 91}}, 24}, {AF_INET, {10, 91, 0, 1}}}}};
	static const struct network outer = {.name = "bridge", .bridge = "cl0", .n_subnets = 2, .mtu = 1400,
		.subnets = {{{{AF_INET, {10, 89}}, 24}, {AF_INET, {10, 89, 0, 1}}}, {{{AF_INET6, {0xfd}}, 64}, {AF_INET6, {0xfd, [15] = 1}}}}};
	const struct network *networks[] = {&inner, &outer, &outer};
	struct net_interface v[3] = {0};
	struct publish publish = {IPPROTO_TCP, .host_port = 80, .port = 80, .n = 1};
	struct net_attachment a = {.id = "web", .n = 3, .interfaces = v, .networks = networks, .n_publishes = 1, .publishes = &publish};
	struct error err = {0};

	(void)state;
	v[0].address4 = (struct subnet){{AF_INET, {10, 91, 0, 2}}, 24};
	v[1].address4 = (struct subnet){four, 24};
	v[2].address6 = (struct subnet){six, 64};
	assert_int_equal(net_prepare(&a, &err), 0);
	assert_true(!v[0].default_route && v[1].default_route && v[2].default_route);
	assert_true(!v[0].hairpin && v[1].hairpin && v[2].hairpin);
	assert_true(v[0].internal && v[0].isolate && !v[1].internal);
	assert_int_equal(v[1].mtu, 1400);
	assert_int_equal(v[1].gateway6.family, 0);
	assert_int_equal(v[2].gateway6.family, AF_INET6);
	assert_string_equal(v[2].name, "eth2");
	strcpy(v[2].name, "eth0");
	assert_true(net_prepare(&a, &err) < 0);
	assert_non_null(strstr(err.text, "network in has given this name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(publishes_become_rules),
		cmocka_unit_test(ports_beyond_the_last_are_refused),
		cmocka_unit_test(chosen_ports_fit),
		cmocka_unit_test(names_are_made_of_the_id_and_differ),
		cmocka_unit_test(what_can_be_known_before_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
