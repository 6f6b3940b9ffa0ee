/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/record.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/network/address.h"
#include "tests/unit/unit.h"

static struct net_record record, again;
static struct error err;

static void fill(void)
{
	struct net_interface *i = &record.interfaces[0];

	memset(&record, 0, sizeof(record));
	record.up = true;
	record.n_interfaces = 1;
	strcpy(i->network, "front");
	strcpy(i->bridge, "cl-front");
	strcpy(i->host_name, "veth1234");
	strcpy(i->name, "eth0");
	address_parse_mac("02:42:0a:59:01:05", &i->mac);
	i->mtu = 1500;
	i->rate = 10000000;
	address_parse_subnet("10.89.1.5/24", true, &i->address4);
	address_parse_subnet("fd00::5/64", true, &i->address6);
	address_parse_ip("10.89.1.1", &i->gateway4);
	address_parse_ip("fd00::1", &i->gateway6);
	i->default_route = i->hairpin = true;
	record.n_publishes = 2;
	address_parse_publish("8080:80", &record.publishes[0], &err);
	address_parse_publish("[fd01::1]:53-55:53-55/udp", &record.publishes[1], &err);
	record.n_name_servers = record.n_searches = 1;
	address_parse_ip("192.0.2.1", &record.name_servers[0]);
	strcpy(record.searches[0], "example.org");
	strcpy(record.cni, "front");
	record.begun = true;
	strcpy(record.helper, "pasta");
	record.keeper = 77;
	record.keeper_start = 12345678901;
}

static void it_comes_back_whole(void **state)
{
	char *text = NULL;
	size_t len;

	fill();
	assert_int_equal(net_record_format(&record, &text, &len, &err), 0);
	assert_int_equal(net_record_parse(text, len, &again, &err), 0);
	assert_memory_equal(&record, &again, sizeof(record));
	free(text);
}

static void as_a_result_of_cni(void **state)
{
	char *text = NULL;
	size_t len;

	fill();
	assert_int_equal(net_record_result(&record, "/proc/7/ns/net", &text, &len, &err), 0);
	assert_string_equal(text, "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"eth0\",\"mac\":\"02:42:0a:59:01:05\",\"mtu\":1500,"
	                          "\"sandbox\":\"/proc/7/ns/net\"}],\"ips\":[{\"address\":\"10.89.1.5/24\",\"gateway\":\"10.89.1.1\","
	                          "\"interface\":0},{\"address\":\"fd00::5/64\",\"gateway\":\"fd00::1\",\"interface\":0}],"
	                          "\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.89.1.1\"},{\"dst\":\"::/0\",\"gw\":\"fd00::1\"}],"
	                          "\"dns\":{\"nameservers\":[\"192.0.2.1\"],\"search\":[\"example.org\"]},"
	                          "\"ports\":[{\"hostPort\":8080,\"containerPort\":80,\"range\":1,\"protocol\":\"tcp\"},"
	                          "{\"hostIP\":\"fd01::1\",\"hostPort\":53,\"containerPort\":53,\"range\":3,\"protocol\":\"udp\"}]}");
	free(text);
}

static void what_is_damaged_is_refused(void **state)
{
	static const char *const bad[] = {"", "{", "{\"interfaces\":[{\"network\":\"../x\"}]}", "{\"interfaces\":[{}]}", "{\"publish\":[\"x\"]}",
	                                  "{\"nameServers\":[7]}"};

	for (size_t i = 0; i < COUNT(bad); i++)
		if (net_record_parse(bad[i], strlen(bad[i]), &again, &err) == 0)
			fail_msg("%s is taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_back_whole),
		cmocka_unit_test(as_a_result_of_cni),
		cmocka_unit_test(what_is_damaged_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
