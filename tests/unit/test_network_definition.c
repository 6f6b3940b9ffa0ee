/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/definition.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/network/address.h"
#include "tests/unit/unit.h"

static struct error err;
static struct network net;

static int parse(const char *text, const char *name)
{
	memset(&err, 0, sizeof(err));
	return definition_parse(text, strlen(text), "x.json", name, &net, &err);
}

static void a_whole_definition(void **state)
{
	char buf[ADDRESS_TEXT_MAX];

	assert_int_equal(parse("{\"name\":\"front\",\"driver\":\"bridge\",\"network_interface\":\"cl-front\",\"id\":\"podman's\","
	                       "\"subnets\":[{\"subnet\":\"10.89.1.0/24\",\"gateway\":\"10.89.1.254\"},{\"subnet\":\"fd00::/64\"}],"
	                       "\"internal\":true,\"dns_enabled\":false,\"options\":{\"mtu\":\"1400\",\"isolate\":\"true\"}}", "front"), 0);
	assert_string_equal(net.bridge, "cl-front");
	assert_int_equal(net.n_subnets, 2);
	assert_string_equal(address_ip(&net.subnets[0].gateway, buf), "10.89.1.254");
	assert_string_equal(address_ip(&net.subnets[1].gateway, buf), "fd00::1");
	assert_true(net.internal && net.no_names && net.isolate);
	assert_int_equal(net.mtu, 1400);
}

#define WITH(more) "{\"name\":\"x\",\"network_interface\":\"cl-x\"," more "}"
#define SUBNET(text) WITH("\"subnets\":[{\"subnet\":\"" text "\"}]")

static void what_is_wrong_is_named_with_its_place(void **state)
{
	static const struct { const char *text, *named; } rows[] = {
		{"", ""}, {"[]", "object"}, {"{}", "\"name\" is missing"}, {WITH("\"subnets\":[]"), "no subnet"},
		{SUBNET("10.89.1.1/24"), "10.89.1.1/24"}, {SUBNET("10.89.1.0/31"), "10.89.1.0/31"}, {SUBNET("10.89.1.0"), "10.89.1.0"},
		{WITH("\"subnets\":[{\"subnet\":\"10.89.1.0/24\",\"gateway\":\"10.89.2.1\"}]"), "10.89.2.1"},
		{WITH("\"subnets\":[{\"subnet\":\"10.89.1.0/24\",\"gateway\":\"10.89.1.0\"}]"), "10.89.1.0"},
		{WITH("\"subnets\":[{\"subnet\":\"10.89.1.0/24\",\"gateway\":\"10.89.1.255\"}]"), "10.89.1.255"},
		{WITH("\"driver\":\"macvlan\",\"subnets\":[{\"subnet\":\"10.89.1.0/24\"}]"), "macvlan"},
		{WITH("\"options\":{\"colour\":\"red\"},\"subnets\":[{\"subnet\":\"10.89.1.0/24\"}]"), "colour"},
		{WITH("\"options\":{\"mtu\":\"12\"},\"subnets\":[{\"subnet\":\"10.89.1.0/24\"}]"), "12"},
		{"{\"name\":\"y\",\"network_interface\":\"cl-x\",\"subnets\":[{\"subnet\":\"10.89.1.0/24\"}]}", "\"y\""},
		{"{\"name\":\"x\",\"network_interface\":\"a/b\",\"subnets\":[{\"subnet\":\"10.89.1.0/24\"}]}", "a/b"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (parse(rows[i].text, "x") == 0)
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(err.text, rows[i].named))
			fail_msg("%s: \"%s\" does not name %s", rows[i].text, err.text, rows[i].named);
		assert_string_equal(err.file, "x.json");
	}
}

static struct strings words(const char *const *v, size_t n)
{
	return (struct strings){n, (const char **)v};
}

static int choose(const struct network_wish *wish, const struct network *others, size_t n)
{
	static struct host_route routes[2];

	address_parse_subnet("192.0.2.0/24", false, &routes[0].subnet);
	strcpy(routes[0].device, "eth0");
	address_parse_subnet("10.89.1.0/24", false, &routes[1].subnet);
	strcpy(routes[1].device, "vpn0");
	memset(&err, 0, sizeof(err));
	return definition_choose(wish, others, n, routes, 2, &net, &err);
}

static void the_first_pool_that_is_free(void **state)
{
	struct network others[2] = {0};
	char buf[ADDRESS_TEXT_MAX];

	strcpy(others[0].name, "bridge");
	others[0].n_subnets = 1;
	address_parse_subnet("10.89.0.0/24", false, &others[0].subnets[0].subnet);
	strcpy(others[1].name, "wide");
	others[1].n_subnets = 1;
	address_parse_subnet("10.89.2.0/23", false, &others[1].subnets[0].subnet);
	assert_int_equal(choose(&(struct network_wish){.name = "front", .ipv6 = true, .random = 0x123456789abc}, others, 2), 0);
	assert_string_equal(address_subnet(&net.subnets[0].subnet, buf), "10.89.4.0/24");
	assert_string_equal(address_ip(&net.subnets[0].gateway, buf), "10.89.4.1");
	assert_int_equal(net.n_subnets, 2);
	assert_string_equal(address_subnet(&net.subnets[1].subnet, buf), "fd9a:7856:3412::/64");
	assert_string_equal(net.bridge, "cl-front");
}

static void what_cannot_be_made(void **state)
{
	static const struct { const char *name, *subnet, *gateway, *mtu, *named; } rows[] = {
		{"host", NULL, NULL, NULL, "host"}, {"bridge", NULL, NULL, NULL, "bridge"}, {"../x", NULL, NULL, NULL, "../x"},
		{"there", NULL, NULL, NULL, "there"}, {"x", "192.0.2.0/25", NULL, NULL, "eth0"}, {"x", "10.0.0.0/8", NULL, NULL, "network there"},
		{"x", "10.90.0.1/24", NULL, NULL, "10.90.0.1/24"}, {"x", "10.90.0.0/31", NULL, NULL, "10.90.0.0/31"},
		{"x", "10.90.0.0/24", "10.91.0.1", NULL, "10.91.0.1"}, {"x", NULL, "10.91.0.1", NULL, "10.91.0.1"},
		{"x", NULL, NULL, "20", "20"}, {"x", "x", NULL, NULL, "--subnet x"},
	};
	struct network other = {.name = "there", .n_subnets = 1};

	address_parse_subnet("10.200.0.0/16", false, &other.subnets[0].subnet);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct network_wish wish = {.name = rows[i].name, .mtu = rows[i].mtu};

		if (rows[i].subnet)
			wish.subnets = words(&rows[i].subnet, 1);
		if (rows[i].gateway)
			wish.gateways = words(&rows[i].gateway, 1);
		if (choose(&wish, &other, 1) == 0)
			fail_msg("row %zu is taken", i);
		if (!strstr(err.text, rows[i].named))
			fail_msg("row %zu: \"%s\" does not name %s", i, err.text, rows[i].named);
	}
}

static void a_long_name_has_a_bridge_of_its_own(void **state)
{
	const char *name = "a-name-that-is-too-long";
	struct network other;

	assert_int_equal(choose(&(struct network_wish){.name = name}, NULL, 0), 0);
	assert_true(strlen(net.bridge) < IFNAMSIZ);
	other = net;
	strcpy(other.name, "else");
	assert_int_equal(choose(&(struct network_wish){.name = name}, &other, 1), 0);
	assert_string_not_equal(net.bridge, other.bridge);
}

static void written_read_listed_removed(void **state)
{
	char path[] = "/tmp/test_network_definition.XXXXXX";
	struct network other, *all = NULL;
	size_t n = 0;
	int dir;

	assert_non_null(mkdtemp(path));
	assert_int_equal(definitions_open(path, false, &dir, &err), 0);
	assert_int_equal(choose(&(struct network_wish){.name = "front", .ipv6 = true, .mtu = "1400", .isolate = true}, NULL, 0), 0);
	assert_int_equal(definition_write(dir, &net, &err), 0);
	assert_int_equal(definition_read(dir, "front", &other, &err), 0);
	assert_memory_equal(&net, &other, sizeof(net));
	assert_true(definition_write(dir, &net, &err) < 0);
	assert_non_null(strstr(err.text, "already"));
	assert_int_equal(definition_list(dir, &all, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(all[0].name, "bridge");
	free(all);
	assert_int_equal(definition_remove(dir, "front", &err), 0);
	assert_true(definition_read(dir, "front", &other, &err) < 0);
	assert_non_null(strstr(err.text, "front"));
	assert_true(definition_read(dir, "../etc/passwd", &other, &err) < 0);
	close(dir);
	assert_int_equal(rmdir(path), 0);
}

static void without_a_directory_there_is_what_is_built_in(void **state)
{
	char buf[ADDRESS_TEXT_MAX];
	int dir;

	assert_int_equal(definitions_open("/nonexistent/networks", false, &dir, &err), 0);
	assert_int_equal(dir, -1);
	assert_int_equal(definition_read(dir, "bridge", &net, &err), 0);
	assert_string_equal(net.bridge, "cl0");
	assert_string_equal(address_subnet(&net.subnets[0].subnet, buf), "10.89.0.0/24");
	assert_true(definition_read(dir, "front", &net, &err) < 0);
}

static void routes_of_the_host(void **state)
{
	struct host_route r;
	char buf[ADDRESS_TEXT_MAX];

	assert_true(host_route_parse4("eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", &r));
	assert_string_equal(address_subnet(&r.subnet, buf), "192.0.2.0/24");
	assert_string_equal(r.device, "eth0");
	assert_false(host_route_parse4("eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", &r));
	assert_false(host_route_parse4("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n", &r));
	assert_true(host_route_parse6("fd000000000000000000000000000000 40 00000000000000000000000000000000 00 "
	                              "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n", &r));
	assert_string_equal(address_subnet(&r.subnet, buf), "fd00::/64");
	assert_false(host_route_parse6("fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
	                               "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n", &r));
	assert_false(host_route_parse6("", &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_definition),
		cmocka_unit_test(what_is_wrong_is_named_with_its_place),
		cmocka_unit_test(the_first_pool_that_is_free),
		cmocka_unit_test(what_cannot_be_made),
		cmocka_unit_test(a_long_name_has_a_bridge_of_its_own),
		cmocka_unit_test(written_read_listed_removed),
		cmocka_unit_test(without_a_directory_there_is_what_is_built_in),
		cmocka_unit_test(routes_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
