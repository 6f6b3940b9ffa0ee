/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/address.h"

#include <string.h>

#include "tests/unit/unit.h"

static void what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "10.89.0", "10.89.0.256", "10.89.0.05", "10.89.0.5 ", " 10.89.0.5", "10.89.0.5/24", "1", "0x7f.0.0.1",
		"fd00:::1", "[fd00::1]", "fd00::1%eth0", "fd00::12345", "host", "10.89.0.5.6",
	};
	struct ip ip;

	for (size_t i = 0; i < COUNT(bad); i++)
		if (address_parse_ip(bad[i], &ip))
			fail_msg("\"%s\" is taken for an address", bad[i]);
}

static void addresses_come_back_as_they_are_written(void **state)
{
	static const char *const good[] = {"10.89.0.5", "0.0.0.0", "255.255.255.255", "::", "::1", "fd00:1::5"};
	char buf[ADDRESS_TEXT_MAX];
	struct ip ip;

	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(address_parse_ip(good[i], &ip));
		assert_string_equal(address_ip(&ip, buf), good[i]);
	}
}

static void subnets(void **state)
{
	static const struct { const char *text; bool strict, loose; } rows[] = {
		{"10.89.0.0/24", true, true}, {"10.89.0.5/24", false, true}, {"10.0.0.0/8", true, true},
		{"10.89.0.128/25", true, true}, {"10.89.0.129/25", false, true}, {"10.89.0.5/32", true, true},
		{"fd00::/64", true, true}, {"fd00::1/64", false, true}, {"fd00::/128", true, true},
		{"10.89.0.0", false, false}, {"10.89.0.0/", false, false}, {"10.89.0.0/33", false, false},
		{"10.89.0.0/024", false, false}, {"10.89.0.0/0", false, false}, {"fd00::/129", false, false},
		{"10.89.0.0/24/24", false, false}, {"/24", false, false}, {"10.89.0.0/2 4", false, false},
	};
	char buf[ADDRESS_TEXT_MAX];
	struct subnet s;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (address_parse_subnet(rows[i].text, false, &s) != rows[i].strict)
			fail_msg("%s, strict", rows[i].text);
		if (address_parse_subnet(rows[i].text, true, &s) != rows[i].loose)
			fail_msg("%s, loose", rows[i].text);
		if (rows[i].loose)
			assert_string_equal(address_subnet(&s, buf), rows[i].text);
	}
}

static void a_group_has_no_mac_of_an_interface(void **state)
{
	static const struct { const char *text; bool good; } rows[] = {
		{"02:42:0a:59:00:05", true}, {"02:42:0A:59:00:05", true}, {"01:42:0a:59:00:05", false},
		{"ff:ff:ff:ff:ff:ff", false}, {"00:00:00:00:00:00", false}, {"02:42:0a:59:00", false},
		{"02:42:0a:59:00:05:06", false}, {"2:42:0a:59:00:05", false}, {"02-42-0a-59-00-05", false},
		{"02:42:0g:59:00:05", false}, {"", false},
	};
	struct mac mac;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (address_parse_mac(rows[i].text, &mac) != rows[i].good)
			fail_msg("%s", rows[i].text);
}

static void rates_as_tc_spells_them(void **state)
{
	static const struct { const char *text; uint64_t bits; } rows[] = {
		{"10mbit", 10000000}, {"1.5gbit", 1500000000}, {"800kbit", 800000}, {"1000", 1000}, {"8bit", 8}, {"10Mbit", 10000000},
		{"0", 0}, {"0mbit", 0}, {"", 0}, {"mbit", 0}, {"10mb", 0}, {"10 mbit", 0}, {"-1", 0}, {"10mbits", 0},
		{"99999999999gbit", 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t bits = 0;
		bool good = address_parse_rate(rows[i].text, &bits);

		if (good != (rows[i].bits != 0) || (good && bits != rows[i].bits))
			fail_msg("%s: %d, %llu", rows[i].text, good, (unsigned long long)bits);
	}
}

static void published_ports(void **state)
{
	static const struct { const char *text, *again; unsigned n; } rows[] = {
		{"80", "80/tcp", 1}, {"8080:80", "8080:80/tcp", 1}, {"8080:80/udp", "8080:80/udp", 1},
		{"8080:80/sctp", "8080:80/sctp", 1}, {"8000-8009:80-89", "8000-8009:80-89/tcp", 10},
		{"127.0.0.1:8080:80", "127.0.0.1:8080:80/tcp", 1}, {"127.0.0.1::80", "127.0.0.1::80/tcp", 1},
		{"[::1]:8080:80", "[::1]:8080:80/tcp", 1}, {":80", "80/tcp", 1}, {"0:80-82", "80-82/tcp", 3}, {"127.0.0.1:0:80", "127.0.0.1::80/tcp", 1}, {"::80", "80/tcp", 1}, {"1-65535", "1-65535/tcp", 65535},
		{"65535:1", "65535:1/tcp", 1},
	};
	char buf[PUBLISH_TEXT_MAX];
	struct error err = {0};
	struct publish p;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (address_parse_publish(rows[i].text, &p, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		assert_string_equal(address_publish(&p, buf), rows[i].again);
		assert_int_equal(p.n, rows[i].n);
	}
}

static void a_port_that_is_wrong_is_named(void **state)
{
	static const struct { const char *text, *named; } rows[] = {
		{"", "port"}, {"0", "port"}, {"65536", "65536"}, {"8080:0", "\"0\""}, {"8080:80/icmp", "icmp"},
		{"8080:80/TCP", "TCP"}, {"8080:", "\"\""}, {"8080:80:90:100", "8080"}, {"8000-8010:80", "length"},
		{"8010-8000:80-90", "8010-8000"}, {"1.2.3:8080:80", "1.2.3"}, {"fd00::1:8080:80", "fd00"}, {"[fd00::1]8080:80", "fd00"},
		{"080:80", "080"}, {"8080:80x", "80x"}, {"-80", "-80"}, {"8080-:80", "8080-"}, {"127.0.0.1:80", "127.0.0.1"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = {0};
		struct publish p;

		if (address_parse_publish(rows[i].text, &p, &err) == 0)
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(err.text, rows[i].named))
			fail_msg("%s: \"%s\" does not name %s", rows[i].text, err.text, rows[i].named);
		assert_true(*err.hint || strstr(err.text, "too long"));
	}
}

static void names(void **state)
{
	assert_true(address_is_name("front-end_2.x"));
	assert_false(address_is_name(""));
	assert_false(address_is_name("../etc"));
	assert_false(address_is_name(".hidden"));
	assert_false(address_is_name("a/b"));
	assert_false(address_is_name("a b"));
	assert_false(address_is_name("a\nb"));
	assert_false(address_is_name("x23456789012345678901234567890123456789012345678901234567890123"
	                             "4"));
	assert_true(address_is_interface("eth0"));
	assert_true(address_is_interface("x23456789012345"));
	assert_false(address_is_interface("x234567890123456"));
	assert_false(address_is_interface("eth%d"));
	assert_false(address_is_interface("a/b"));
	assert_false(address_is_interface(".."));
	assert_true(address_is_host("db.example.org"));
	assert_false(address_is_host("db\t1"));
}

static struct subnet subnet(const char *text)
{
	struct subnet s = {0};

	assert_true(address_parse_subnet(text, false, &s));
	return s;
}

static struct ip ip(const char *text)
{
	struct ip ret = {0};

	assert_true(address_parse_ip(text, &ret));
	return ret;
}

static void places_in_a_subnet(void **state)
{
	static const struct { const char *net, *ip; uint64_t index, count; } rows[] = {
		{"10.89.0.0/24", "10.89.0.5", 5, 254}, {"10.89.0.0/16", "10.89.1.5", 261, 65534},
		{"10.89.0.128/30", "10.89.0.130", 2, 2}, {"10.89.0.4/31", "10.89.0.5", 1, 0},
		{"fd00::/64", "fd00::1:5", 65541, (1ull << 63) - 1}, {"fd00::/120", "fd00::ff", 255, 255},
	};
	char buf[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct subnet s = subnet(rows[i].net);
		struct ip a = ip(rows[i].ip), b = address_nth(&s, rows[i].index);

		assert_true(address_is_in(&a, &s));
		assert_int_equal(address_index(&a, &s), rows[i].index);
		assert_int_equal(address_count(&s), rows[i].count);
		assert_string_equal(address_ip(&b, buf), rows[i].ip);
	}
	struct ip far = ip("fd00::8000:0:0:5");
	struct subnet six = subnet("fd00::/64");

	assert_int_equal(address_index(&far, &six), UINT64_MAX);
}

static void overlaps(void **state)
{
	static const struct { const char *a, *b; bool overlap; } rows[] = {
		{"10.89.0.0/24", "10.89.0.0/24", true}, {"10.89.0.0/24", "10.89.1.0/24", false},
		{"10.0.0.0/8", "10.89.1.0/24", true}, {"10.89.0.128/25", "10.89.0.0/25", false},
		{"10.89.0.0/23", "10.89.1.0/24", true}, {"fd00::/48", "fd00:0:0:1::/64", true}, {"fd00::/64", "10.0.0.0/8", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct subnet a = subnet(rows[i].a), b = subnet(rows[i].b);

		assert_int_equal(address_overlap(&a, &b), rows[i].overlap);
		assert_int_equal(address_overlap(&b, &a), rows[i].overlap);
	}
}

static void two_that_want_one_port(void **state)
{
	static const struct { const char *a, *b; bool clash; } rows[] = {
		{"80:80", "80:81", true}, {"80:80", "80:80/udp", false}, {"127.0.0.1:80:80", "80:80", false}, {"0.0.0.0:80:80", "80:80", true},
		{"[::]:80:80", "80:80", true}, {"[::]:80:80", "0.0.0.0:80:80", false},
		{"127.0.0.1:80:80", "127.0.0.2:80:80", false}, {"80-90:80-90", "90:1", true}, {"80-90:80-90", "91:1", false},
		{"80", "80", false},
	};
	struct error err;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct publish a, b;

		assert_int_equal(address_parse_publish(rows[i].a, &a, &err), 0);
		assert_int_equal(address_parse_publish(rows[i].b, &b, &err), 0);
		assert_int_equal(publish_clash(&a, &b), rows[i].clash);
		assert_int_equal(publish_clash(&b, &a), rows[i].clash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(addresses_come_back_as_they_are_written),
		cmocka_unit_test(subnets),
		cmocka_unit_test(a_group_has_no_mac_of_an_interface),
		cmocka_unit_test(rates_as_tc_spells_them),
		cmocka_unit_test(published_ports),
		cmocka_unit_test(a_port_that_is_wrong_is_named),
		cmocka_unit_test(names),
		cmocka_unit_test(places_in_a_subnet),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(two_that_want_one_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
