/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/request.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/network/address.h"
#include "tests/unit/unit.h"

static struct net_request request;
static struct error err;

static int read_both(const char *net, const char *publish, const char *deny, const struct pair *annotations, size_t n)
{
	struct net_flags flags = {.annotations = deny};
	struct pairs pairs = {n, (struct pair *)annotations};

	if (net)
		flags.net = (struct strings){1, &net};
	if (publish)
		flags.publish = (struct strings){1, &publish};
	memset(&request, 0, sizeof(request));
	memset(&err, 0, sizeof(err));
	return net_request_read(&flags, &pairs, &request, &err);
}

static int read_flags(const char *net, const char *publish)
{
	return read_both(net, publish, NULL, NULL, 0);
}

static void modes(void **state)
{
	static const struct { const char *net; enum net_mode mode; const char *target; } rows[] = {
		{NULL, NET_OCI, ""}, {"none", NET_NONE, ""}, {"host", NET_HOST, ""}, {"ns:/run/netns/x", NET_PATH, "/run/netns/x"},
		{"container:web", NET_CONTAINER, "web"}, {"bridge", NET_BRIDGE, ""}, {"hosts", NET_BRIDGE, ""},
		{"cni:front", NET_CNI, "front"}, {"cni:front:ip=10.0.0.5,rate=1mbit", NET_CNI, "front"}, {"pasta", NET_PASTA, "pasta"},
		{"slirp4netns:mtu=1500,interface_name=tap0", NET_SLIRP, "slirp4netns"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (read_flags(rows[i].net, NULL) < 0)
			fail_msg("%s: %s", rows[i].net, err.text);
		assert_int_equal(request.mode, rows[i].mode);
		assert_string_equal(request.target, rows[i].target);
	}
}

static void what_is_wrong_is_named(void **state)
{
	static const struct { const char *net, *publish, *named; } rows[] = {
		{"none:x", NULL, "none:x"}, {"ns:", NULL, "ns:PATH"}, {"ns:relative", NULL, "relative"}, {"container:", NULL, "container:ID"},
		{"cni:", NULL, "cni:NAME"}, {"cni:../x", NULL, "../x"}, {"cni:x:mtu=1400", NULL, "mtu="}, {"cni:x:ip=1", NULL, "\"1\""},
		{"pasta:ip=10.0.0.1", NULL, "pasta"}, {"slirp4netns:mtu=1", NULL, "slirp4netns"}, {"slirp4netns:--help", NULL, "--help"},
		{"pasta:alias=x", NULL, "mtu= and interface_name="},
		{"", NULL, "name of a network"}, {"../x", NULL, "../x"}, {"a b", NULL, "a b"}, {"bridge:ip", NULL, "\"ip\""},
		{"bridge:ip=10.89.0.256", NULL, "10.89.0.256"}, {"bridge:ip=fd00::5", NULL, "fd00::5"}, {"bridge:ip6=1.2.3.4", NULL, "1.2.3.4"},
		{"bridge:mac=01:00:00:00:00:01", NULL, "01:00"}, {"bridge:mtu=67", NULL, "67"}, {"bridge:mtu=65536", NULL, "65536"},
		{"bridge:interface_name=abcdefghijklmnop", NULL, "abcdefghijklmnop"}, {"bridge:interface_name=lo", NULL, "lo"},
		{"bridge:rate=fast", NULL, "fast"}, {"bridge:alias=a b", NULL, "a b"}, {"bridge:colour=red", NULL, "colour"},
		{"bridge", "80:0", "0"}, {"bridge", "[::1]:80:80", "[::1]"}, {NULL, "80:80", "no --net"}, {"host", "80:80", "--net host"},
		{"none", "80:80", "--net none"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (read_flags(rows[i].net, rows[i].publish) == 0)
			fail_msg("%s %s is taken", rows[i].net, rows[i].publish ?: "");
		if (!strstr(err.text, rows[i].named))
			fail_msg("%s: \"%s\" does not name %s", rows[i].net, err.text, rows[i].named);
	}
}

static void options_of_a_network(void **state)
{
	const struct net_join *j = &request.joins[0];
	char buf[ADDRESS_TEXT_MAX];

	assert_int_equal(read_flags("front:ip=10.89.1.5,ip6=fd00::5,mac=02:00:00:00:00:01,mtu=1400,alias=db,alias=sql,"
	                            "interface_name=net7,rate=10mbit", "8080:80"), 0);
	assert_int_equal(request.n_joins, 1);
	assert_string_equal(j->network, "front");
	assert_string_equal(address_ip(&j->ip4, buf), "10.89.1.5");
	assert_string_equal(address_ip(&j->ip6, buf), "fd00::5");
	assert_true(j->mac.set);
	assert_int_equal(j->mtu, 1400);
	assert_int_equal(j->n_aliases, 2);
	assert_string_equal(j->aliases[1], "sql");
	assert_string_equal(j->interface, "net7");
	assert_int_equal(j->rate, 10000000);
	assert_int_equal(request.n_publishes, 1);
}

static int several(const char *const *nets, size_t n)
{
	struct net_flags flags = {.net = {n, (const char **)nets}};

	memset(&request, 0, sizeof(request));
	memset(&err, 0, sizeof(err));
	return net_request_read(&flags, &(struct pairs){0}, &request, &err);
}

static void several_networks_and_nothing_beside_a_mode(void **state)
{
	assert_int_equal(several((const char *[]){"front", "back:alias=x"}, 2), 0);
	assert_int_equal(request.n_joins, 2);
	assert_true(several((const char *[]){"front", "none"}, 2) < 0);
	assert_true(several((const char *[]){"host", "front"}, 2) < 0);
	assert_true(several((const char *[]){"none", "none"}, 2) < 0);
	assert_true(several((const char *[]){"front", "front"}, 2) < 0);
	assert_true(several((const char *[]){"front:interface_name=a", "back:interface_name=a"}, 2) < 0);
}

static void two_ports_that_clash_are_both_named(void **state)
{
	const char *words[] = {"8000-8010:80-90", "0.0.0.0:8005:80"};
	const char *net = "bridge";
	struct net_flags flags = {.net = {1, &net}, .publish = {2, words}};

	memset(&request, 0, sizeof(request));
	assert_true(net_request_read(&flags, &(struct pairs){0}, &request, &err) < 0);
	assert_non_null(strstr(err.text, "0.0.0.0:8005:80"));
	assert_non_null(strstr(err.text, "8000-8010:80-90/tcp"));
}

static void annotations(void **state)
{
	const struct pair all[] = {
		{"org.other", "x", {1}}, {NET_ANNOTATION, "front:ip=10.89.1.5,alias=a;back", {2}},
		{NET_ANNOTATION ".publish", "8080:80,127.0.0.1:53:53/udp", {3}}, {NET_ANNOTATION ".dns", "1.1.1.1,fd00::1", {4}},
		{NET_ANNOTATION ".dns-search", "example.org", {5}}, {NET_ANNOTATION ".hosts", "db:10.0.0.1,six:fd00::1,me:host-gateway", {6}},
	};

	if (read_both(NULL, NULL, NULL, all, COUNT(all)) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(request.mode, NET_BRIDGE);
	assert_int_equal(request.n_joins, 2);
	assert_int_equal(request.n_publishes, 2);
	assert_int_equal(request.n_name_servers, 2);
	assert_int_equal(request.n_searches, 1);
	assert_int_equal(request.n_hosts, 3);
	assert_string_equal(request.hosts[1].name, "six");
	assert_int_equal(request.hosts[1].ip.family, AF_INET6);
	assert_int_equal(request.hosts[2].ip.family, 0);
	assert_int_equal(request.at.offset, 2);
}

static void a_flag_wins_over_its_annotation(void **state)
{
	const struct pair all[] = {{NET_ANNOTATION, "front", {2}}, {NET_ANNOTATION ".publish", "8080:80", {3}}};

	assert_int_equal(read_both("back", "9090:90", NULL, all, 2), 0);
	assert_string_equal(request.joins[0].network, "back");
	assert_int_equal(request.n_publishes, 1);
	assert_int_equal(request.publishes[0].host_port, 9090);
	assert_true(read_both("host", NULL, NULL, all, 2) < 0);
	assert_int_equal(err.at.offset, 3);
}

static void a_key_that_nobody_knows_is_an_error(void **state)
{
	static const char *const bad[] = {NET_ANNOTATION ".port", NET_ANNOTATION "work", NET_STATUS, NET_ANNOTATION "."};

	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct pair a = {bad[i], "x", {7}};

		assert_true(read_both(NULL, NULL, NULL, &a, 1) < 0);
		assert_non_null(strstr(err.text, bad[i]));
		assert_int_equal(err.at.offset, 7);
	}
}

static void annotations_can_be_denied(void **state)
{
	const struct pair a = {NET_ANNOTATION, "bridge", {7}}, other = {"org.crun-lite.upper", "none", {8}};

	assert_true(read_both(NULL, NULL, "deny", &a, 1) < 0);
	assert_int_equal(err.at.offset, 7);
	assert_int_equal(read_both("bridge", NULL, "deny", &other, 1), 0);
	assert_int_equal(read_both(NULL, NULL, "allow", &a, 1), 0);
	assert_true(read_both(NULL, NULL, "perhaps", &a, 1) < 0);
	assert_true(read_both("bridge", NULL, "deny", &a, 1) < 0);
}

static void nothing_asked_is_seen_at_once(void **state)
{
	const struct pair other = {"org.crun-lite.upper", "none", {8}}, ours = {NET_ANNOTATION, "none", {8}};
	struct net_flags flags = {0};

	assert_false(net_request_asked(&flags, &(struct pairs){1, (struct pair *)&other}));
	assert_true(net_request_asked(&flags, &(struct pairs){1, (struct pair *)&ours}));
}

static void the_namespace_that_it_means(void **state)
{
	static const struct {
		const char *net;
		bool annotation, had, path;     /* the request is one; config.json has a namespace, and its path */
		bool good, set;
		const char *then;
	} rows[] = {
		{"none", false, false, false, true, true, NULL}, {"none", false, true, false, true, true, NULL},
		{"none", false, true, true, false, false, NULL}, {"none", true, false, false, false, false, NULL},
		{"host", false, true, false, true, false, NULL}, {"host", true, true, true, true, false, NULL},
		{"ns:/x", false, true, true, true, true, "/x"}, {"ns:/x", true, false, false, false, false, NULL},
		{"bridge", false, false, false, true, true, NULL}, {"bridge", true, true, false, true, true, NULL},
		{"bridge", true, false, false, false, false, NULL}, {"bridge", false, true, true, false, false, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct pair a = {NET_ANNOTATION, rows[i].net, {3}};
		struct config config = {0};
		struct namespace *ns = &config.linux_.namespaces[NS_NETWORK];
		int r;

		*ns = (struct namespace){.set = rows[i].had, .path = {rows[i].path ? "/old" : NULL, {5}}};
		assert_int_equal(read_both(rows[i].annotation ? NULL : rows[i].net, NULL, NULL, &a, rows[i].annotation), 0);
		r = net_request_apply(&request, &config, &err);
		if ((r == 0) != rows[i].good)
			fail_msg("row %zu, %s: %d %s", i, rows[i].net, r, err.text);
		if (r < 0)
			continue;
		assert_int_equal(ns->set, rows[i].set);
		if (rows[i].then)
			assert_string_equal(ns->path.s, rows[i].then);
		else if (ns->set)
			assert_null(ns->path.s);
	}
}

static void flags_become_annotations(void **state)
{
	const char *nets[] = {"front:ip=10.89.1.5,alias=a", "back"}, *ports[] = {"80:80", "81:81/udp"}, *key;
	struct net_flags flags = {.net = {2, nets}, .publish = {2, ports}};
	char *value;

	assert_true(net_request_annotation(&flags, 0, &key, &value));
	assert_string_equal(key, "org.crun-lite.net");
	assert_string_equal(value, "front:ip=10.89.1.5,alias=a;back");
	free(value);
	assert_true(net_request_annotation(&flags, 1, &key, &value));
	assert_string_equal(key, "org.crun-lite.net.publish");
	assert_string_equal(value, "80:80,81:81/udp");
	free(value);
	assert_true(net_request_annotation(&flags, 2, &key, &value));
	assert_null(value);
	assert_true(net_request_annotation(&flags, 4, &key, &value));
	assert_false(net_request_annotation(&flags, 5, &key, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(options_of_a_network),
		cmocka_unit_test(several_networks_and_nothing_beside_a_mode),
		cmocka_unit_test(two_ports_that_clash_are_both_named),
		cmocka_unit_test(annotations), cmocka_unit_test(flags_become_annotations),
		cmocka_unit_test(a_flag_wins_over_its_annotation),
		cmocka_unit_test(a_key_that_nobody_knows_is_an_error),
		cmocka_unit_test(annotations_can_be_denied),
		cmocka_unit_test(nothing_asked_is_seen_at_once),
		cmocka_unit_test(the_namespace_that_it_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
