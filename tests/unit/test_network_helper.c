/* helper: what pasta and slirp4netns are told. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/helper.h"

#include <string.h>

#include "runtime/network/address.h"
#include "runtime/network/request.h"
#include "tests/unit/unit.h"

static struct net_request request;
static struct helper_words words;
static struct error err;
static char line[8192];

static const char *told(const char *net, const char *const *ports, size_t n, bool user)
{
	struct net_flags flags = {.net = {1, &net}, .publish = {n, (const char **)ports}};
	struct helper_wish wish;

	memset(&request, 0, sizeof(request));
	assert_int_equal(net_request_read(&flags, &(struct pairs){0}, &request, &err), 0);
	wish = (struct helper_wish){
		.mode = request.mode, .pid = 77, .user = user, .root = !user, .interface = *request.joins[0].interface ? request.joins[0].interface : "eth0",
		.mtu = request.joins[0].mtu, .n_publishes = request.n_publishes, .publishes = request.publishes,
	};
	helper_words(&wish, &words);
	*line = '\0';
	for (size_t i = 0; i < words.n; i++)
		strcat(strcat(line, i ? " " : ""), words.argv[i]);
	assert_null(words.argv[words.n]);
	return line;
}

static void pasta(void **state)
{
	static const char *const ports[] = {"8080:80", "127.0.0.1:5000-5002:50-52/udp", "[fd00::1]:9:9"};

	assert_string_equal(told("pasta", NULL, 0, true),
		"pasta --config-net --foreground --quiet --no-map-gw --dns-forward 169.254.1.1 -T none -U none --pid /proc/self/fd/1 "
		"-t none -u none -I eth0 --userns /proc/77/ns/user --netns /proc/77/ns/net");
	assert_string_equal(told("pasta:mtu=1400,interface_name=net0", ports, COUNT(ports), false),
		"pasta --config-net --foreground --quiet --no-map-gw --dns-forward 169.254.1.1 -T none -U none --pid /proc/self/fd/1 "
		"-t 8080:80 -t fd00::1/9:9 -u 127.0.0.1/5000-5002:50-52 -I net0 -m 1400 --runas 0:0 --netns-only --netns /proc/77/ns/net");
}

static void slirp(void **state)
{
	static const char *const ports[] = {"8080:80"};

	assert_string_equal(told("slirp4netns", NULL, 0, true),
		"slirp4netns --configure --disable-host-loopback --enable-sandbox --enable-seccomp --ready-fd=3 --exit-fd=4 "
		"--mtu=65520 77 eth0");
	assert_string_equal(told("slirp4netns:mtu=1500", ports, 1, false),
		"slirp4netns --configure --disable-host-loopback --enable-sandbox --enable-seccomp --ready-fd=3 --exit-fd=4 "
		"--mtu=1500 --api-socket=slirp.sock 77 eth0");
}

static void the_longest_command_line_fits(void **state)
{
	static struct publish all[NETWORK_PUBLISHES_MAX];
	struct helper_wish wish = {.mode = NET_PASTA, .pid = 4194304, .user = true, .interface = "eth0", .n_publishes = COUNT(all), .publishes = all};

	for (size_t i = 0; i < COUNT(all); i++)
		assert_int_equal(address_parse_publish("[2001:db8:1111:2222:3333:4444:5555:6666]:50000-50100:60000-60100/udp", &all[i], &err), 0);
	helper_words(&wish, &words);
	assert_true(words.n < HELPER_WORDS_MAX);
	assert_string_equal(words.argv[words.n - 1], "/proc/4194304/ns/net");
	assert_string_equal(words.argv[20], "2001:db8:1111:2222:3333:4444:5555:6666/50000-50100:60000-60100");
}

static void what_they_cannot_is_refused(void **state)
{
	static const struct { enum net_mode mode; const char *port, *named; } rows[] = {
		{NET_PASTA, "7:7/sctp", "tcp and udp"}, {NET_SLIRP, "7:7/sctp", "tcp and udp"}, {NET_SLIRP, "[fd00::1]:7:7", "IPv4"},
		{NET_SLIRP, "1000-2999:1000-2999", "2000 ports"},
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct publish p;

		assert_int_equal(address_parse_publish(rows[i].port, &p, &err), 0);
		assert_true(helper_check(rows[i].mode, &p, 1, path, &err) < 0);
		if (!strstr(err.text, rows[i].named))
			fail_msg("%s: \"%s\"", rows[i].port, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pasta), cmocka_unit_test(slirp), cmocka_unit_test(the_longest_command_line_fits), cmocka_unit_test(what_they_cannot_is_refused),
	};

	return cmocka_run_group_tests_name("network_helper", tests, NULL, NULL);
}
