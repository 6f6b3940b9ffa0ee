/* cni: what is taken for a list of plugins, and what a plugin is given. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/cni.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/network/request.h"
#include "tests/unit/unit.h"

static struct cni_list list;
static struct error err;

#define PLUGINS "\"plugins\":[{\"type\":\"bridge\",\"ipam\":{\"a\":[1,2]},\"capabilities\":{\"ips\":true,\"mac\":false},\"cni.dev/x\":1,\"prevResult\":{}}," \
	"{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}}]"

static int parse(const char *text)
{
	memset(&err, 0, sizeof(err));
	return cni_parse(text, strlen(text), "a.conflist", &list, &err);
}

static void lists(void **state)
{
	static const struct { const char *text, *named; } rows[] = {
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"front\"," PLUGINS "}", NULL},
		{"{\"cniVersion\":\"1.1.0\",\"name\":\"front\",\"disableCheck\":true," PLUGINS "}", NULL},
		{"{\"cniVersion\":\"0.4.0\",\"name\":\"front\"," PLUGINS "}", NULL},
		{"[]", "name"}, {"{", "a.conflist"}, {"{\"cniVersion\":\"1.0.0\",\"name\":\"../x\"," PLUGINS "}", "../x"},
		{"{\"cniVersion\":\"2.0.0\",\"name\":\"x\"," PLUGINS "}", "2.0.0"}, {"{\"name\":\"x\"," PLUGINS "}", "cniVersion"},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"x\"}", "no plugins"}, {"{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[]}", "no plugins"},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[{\"type\":\"../../bin/sh\"}]}", "../../bin/sh"},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[{\"type\":\"..\"}]}", "type"},
		{"{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[{}]}", "type"}, {"{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[7]}", "type"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int r = parse(rows[i].text);

		if ((r == 0) != (rows[i].named == NULL))
			fail_msg("%s: %s", rows[i].text, err.text);
		if (rows[i].named && !strstr(err.text, rows[i].named) && !strstr(err.file, rows[i].named))
			fail_msg("%s: \"%s\" does not name %s", rows[i].text, err.text, rows[i].named);
		if (r == 0)
			cni_free(&list);
	}
}

static struct net_request request;

/* The wishes of a command line, as a plugin of `list` gets them. */
static struct cni_attachment wish(const char *net, const char *publish)
{
	struct net_flags flags = {.net = {1, &net}, .publish = {publish != NULL, &publish}};
	struct cni_attachment a = {.id = "web", .netns = "", .interface = "eth0", .interrupt = -1};
	char *text = NULL;
	size_t len = 0;

	memset(&request, 0, sizeof(request));
	assert_int_equal(net_request_read(&flags, &(struct pairs){0}, &request, &err), 0);
	assert_int_equal(cni_wishes(&request.joins[0], request.publishes, request.n_publishes, &text, &len, &err), 0);
	assert_int_equal(json_parse(text, len, "wishes", &a.wishes, &err), 0);
	free(text);
	return a;
}

static void input_is(size_t i, const struct cni_attachment *a, const char *previous, const char *expected)
{
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(cni_input(&list, i, a, previous, previous ? strlen(previous) : 0, &text, &len, &err), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void what_a_plugin_is_given(void **state)
{
	struct cni_attachment a = wish("cni:front:ip=10.1.0.5,ip6=fd00::5", "127.0.0.1:8000-8001:80-81/udp");

	assert_int_equal(parse("{\"cniVersion\":\"1.0.0\",\"name\":\"front\"," PLUGINS "}"), 0);
	assert_int_equal(cni_check_wishes(&list, &a, &err), 0);
	input_is(0, &a, NULL, "{\"cniVersion\":\"1.0.0\",\"name\":\"front\",\"type\":\"bridge\",\"ipam\":{\"a\":[1,2]},"
	                      "\"runtimeConfig\":{\"ips\":[\"10.1.0.5\",\"fd00::5\"]}}");
	input_is(1, &a, "{\"ips\":[]}", "{\"cniVersion\":\"1.0.0\",\"name\":\"front\",\"type\":\"portmap\",\"runtimeConfig\":{\"portMappings\":["
	                                "{\"hostPort\":8000,\"containerPort\":80,\"protocol\":\"udp\",\"hostIP\":\"127.0.0.1\"},"
	                                "{\"hostPort\":8001,\"containerPort\":81,\"protocol\":\"udp\",\"hostIP\":\"127.0.0.1\"}]},\"prevResult\":{\"ips\":[]}}");
	a.wishes = json_free(a.wishes);
	a = wish("cni:front", NULL);
	input_is(1, &a, NULL, "{\"cniVersion\":\"1.0.0\",\"name\":\"front\",\"type\":\"portmap\"}");
	json_free(a.wishes);
	cni_free(&list);
}

static void every_capability_has_its_words(void **state)
{
	struct cni_attachment a = wish("cni:front:mac=02:00:00:00:00:01,alias=a,alias=b,rate=10mbit", NULL);

	assert_int_equal(parse("{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"plugins\":[{\"type\":\"t\",\"capabilities\":"
	                       "{\"mac\":true,\"aliases\":true,\"bandwidth\":true}}]}"), 0);
	assert_int_equal(cni_check_wishes(&list, &a, &err), 0);
	input_is(0, &a, NULL, "{\"cniVersion\":\"1.0.0\",\"name\":\"x\",\"type\":\"t\",\"runtimeConfig\":{\"mac\":\"02:00:00:00:00:01\",\"aliases\":[\"a\",\"b\"],"
	                      "\"bandwidth\":{\"ingressRate\":10000000,\"ingressBurst\":1000000,\"egressRate\":10000000,\"egressBurst\":1000000}}}");
	json_free(a.wishes);
	cni_free(&list);
}

static void a_wish_that_no_plugin_knows_is_refused(void **state)
{
	static const struct { const char *net, *publish, *named; } rows[] = {
		{"cni:front:mac=02:00:00:00:00:01", NULL, "mac"}, {"cni:front:alias=x", NULL, "aliases"}, {"cni:front:rate=1mbit", NULL, "bandwidth"},
	};
	struct cni_attachment a;

	assert_int_equal(parse("{\"cniVersion\":\"1.0.0\",\"name\":\"front\"," PLUGINS "}"), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		a = wish(rows[i].net, rows[i].publish);
		assert_true(cni_check_wishes(&list, &a, &err) < 0);
		assert_non_null(strstr(err.text, rows[i].named));
		json_free(a.wishes);
	}
	a = wish("cni:front", NULL);
	a.id = "-x";
	assert_true(cni_check_wishes(&list, &a, &err) < 0);
	a.id = "a+b";
	assert_true(cni_check_wishes(&list, &a, &err) < 0);
	json_free(a.wishes);
	cni_free(&list);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_list_is_found_by_its_name(void **state)
{
	static const char *const names[] = {"10-broken.conflist", "20-a.conflist", "30-a.conflist", "40-b.conf"};
	char dir[] = "/tmp/test-network-cni-XXXXXX", path[256];

	assert_non_null(mkdtemp(dir));
	memset(&err, 0, sizeof(err));
	assert_true(cni_find(dir, "a", &list, &err) < 0);
	assert_non_null(strstr(err.text, "no CNI network a"));
	put(dir, names[0], "{");
	put(dir, names[1], "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"plugins\":[{\"type\":\"first\"}]}");
	put(dir, names[2], "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"plugins\":[{\"type\":\"second\"}]}");
	put(dir, names[3], "{\"cniVersion\":\"1.0.0\",\"name\":\"b\",\"plugins\":[{\"type\":\"first\"}]}");
	assert_int_equal(cni_find(dir, "a", &list, &err), 0);
	assert_string_equal(json_get(list.plugins[0], "type")->text, "first");
	cni_free(&list);
	/* It may be the one that cannot be read. */
	assert_true(cni_find(dir, "b", &list, &err) < 0);
	assert_non_null(strstr(err.file, "10-broken"));
	assert_true(cni_find("/nonexistent", "b", &list, &err) < 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists), cmocka_unit_test(what_a_plugin_is_given), cmocka_unit_test(every_capability_has_its_words),
		cmocka_unit_test(a_wish_that_no_plugin_knows_is_refused), cmocka_unit_test(a_list_is_found_by_its_name),
	};

	return cmocka_run_group_tests_name("network_cni", tests, NULL, NULL);
}
