/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/network/address.h"
#include "runtime/network/names.h"
#include "runtime/network/request.h"
#include "tests/unit/unit.h"

static char path[64];
static int room = -1;
static struct error err;
static struct network net;

static int open_room(void **state)
{
	strcpy(path, "/tmp/test_network_room.XXXXXX");
	memset(&net, 0, sizeof(net));
	strcpy(net.name, "front");
	address_parse_subnet("10.89.1.0/29", false, &net.subnets[0].subnet);
	net.subnets[0].gateway = address_nth(&net.subnets[0].subnet, 1);
	if (!mkdtemp(path))
		return -1;
	room = open(path, O_RDONLY | O_DIRECTORY);
	return room < 0 ? -1 : mkdirat(room, "hosts", 0700);
}

static int close_room(void **state)
{
	char command[128];

	close(room);
	snprintf(command, sizeof(command), "rm -r %s", path);
	return system(command);
}

/* Alive is whose ID does not begin with "dead". */
static bool is_alive(const char *owner, void *arg)
{
	return !strstr(owner, "/dead");
}

static const struct lease_judge judge = {is_alive, NULL};

/* The address that `owner` gets, or "" . */
static const char *take(const char *owner, const char *wanted)
{
	static char buf[ADDRESS_TEXT_MAX];
	struct ip ip = {0}, want = {0};

	memset(&err, 0, sizeof(err));
	if (wanted)
		assert_true(address_parse_ip(wanted, &want));
	return lease_take(room, &net, &net.subnets[0], &want, owner, &judge, &ip, &err) < 0 ? "" : address_ip(&ip, buf);
}

static void release(const char *ip, const char *owner)
{
	struct ip i;

	assert_true(address_parse_ip(ip, &i));
	assert_int_equal(lease_release(room, &i, owner, &err), 0);
}

static void everybody_gets_another_and_the_gateway_nobody(void **state)
{
	char seen[5][ADDRESS_TEXT_MAX], owner[32];

	for (int i = 0; i < 5; i++) {
		snprintf(owner, sizeof(owner), "/run/x/c%d", i);
		strcpy(seen[i], take(owner, NULL));
		assert_string_not_equal(seen[i], "");
		assert_string_not_equal(seen[i], "10.89.1.1");
		for (int k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
	}
	assert_string_equal(take("/run/x/one-more", NULL), "");
	assert_non_null(strstr(err.text, "10.89.1.0/29"));
	assert_non_null(strstr(err.text, "front"));
	release(seen[2], "/run/x/c2");
	assert_string_equal(take("/run/x/one-more", NULL), seen[2]);
}

static void the_same_id_has_the_same_address_again(void **state)
{
	char first[ADDRESS_TEXT_MAX];

	strcpy(first, take("/run/x/web", NULL));
	assert_string_equal(take("/run/x/web", NULL), first);
	release(first, "/run/x/web");
	assert_string_equal(take("/elsewhere/web", NULL), first);
}

static void an_address_is_released_by_its_owner_only(void **state)
{
	char first[ADDRESS_TEXT_MAX];

	strcpy(first, take("/run/x/web", NULL));
	release(first, "/run/x/other");
	assert_string_equal(take("/run/x/thief", first), "");
	assert_non_null(strstr(err.text, "container web"));
	release(first, "/run/x/web");
	assert_string_equal(take("/run/x/thief", first), first);
}

static void who_is_gone_is_swept_when_the_pool_is_empty(void **state)
{
	char owner[32];

	for (int i = 0; i < 5; i++) {
		snprintf(owner, sizeof(owner), "/run/x/%s%d", i == 3 ? "dead" : "c", i);
		assert_string_not_equal(take(owner, NULL), "");
	}
	assert_string_not_equal(take("/run/x/new", NULL), "");
	assert_string_equal(take("/run/x/newer", NULL), "");
}

static void what_is_no_lease_is_no_obstacle_for_good(void **state)
{
	int fd = openat(room, "10.89.1.4", O_CREAT | O_WRONLY, 0600);   /* of a crash, or of another program */

	close(fd);
	assert_string_equal(take("/run/x/web", "10.89.1.4"), "10.89.1.4");
}

static void addresses_that_cannot_be_given(void **state)
{
	static const struct { const char *ip, *named; } rows[] = {
		{"10.89.1.1", "gateway"}, {"10.89.1.0", "10.89.1.0"}, {"10.89.1.7", "10.89.1.7"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(take("/run/x/web", rows[i].ip), "");
		assert_non_null(strstr(err.text, rows[i].named));
	}
}

/* ---- hosts ---- */

static const char *hosts(const char *name)
{
	static char text[8192];
	char file[128];
	ssize_t n;
	int fd;

	snprintf(file, sizeof(file), "%s/hosts/%s", path, name);
	fd = open(file, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void join_as(const char *id, const char *ip, const char *alias)
{
	static struct net_join join;
	struct ip ip4;
	const struct member m = {.ip4 = &ip4, .id = id, .join = &join};

	memset(&join, 0, sizeof(join));
	if (alias)
		strcpy(join.aliases[join.n_aliases++], alias);
	assert_true(address_parse_ip(ip, &ip4));
	assert_int_equal(names_join(room, &m, &err), 0);
}

static void leave_as(const char *id, const char *ip)
{
	struct ip ip4;

	assert_true(address_parse_ip(ip, &ip4));
	assert_int_equal(names_leave(room, &ip4, NULL, id, &err), 0);
}

static void who_comes_is_in_the_shared_file(void **state)
{
	join_as("web", "10.89.1.2", "www");
	join_as("db", "10.89.1.3", NULL);
	assert_non_null(strstr(hosts(".shared"), "127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(hosts(".shared"), "\n10.89.1.2\tweb www\n10.89.1.3\tdb\n"));
}

static void who_goes_is_a_comment_and_makes_room(void **state)
{
	struct stat before, after;
	char file[128];

	snprintf(file, sizeof(file), "%s/hosts/.shared", path);
	join_as("web", "10.89.1.2", "www");
	join_as("db", "10.89.1.3", NULL);
	leave_as("web", "10.89.1.2");
	assert_non_null(strstr(hosts(".shared"), "\n#0.89.1.2\tweb www\n10.89.1.3\tdb\n"));
	assert_int_equal(stat(file, &before), 0);
	join_as("new", "10.89.1.4", NULL);
	assert_int_equal(stat(file, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_non_null(strstr(hosts(".shared"), "\n10.89.1.4\tnew    \n10.89.1.3\tdb\n"));
}

static void only_the_line_of_who_goes(void **state)
{
	join_as("web", "10.89.1.2", NULL);
	join_as("web2", "10.89.1.20", NULL);
	leave_as("we", "10.89.1.2");
	leave_as("web", "10.89.1.20");
	assert_non_null(strstr(hosts(".shared"), "\n10.89.1.2\tweb\n10.89.1.20\tweb2\n"));
}

static void a_file_of_ones_own_has_the_others_too(void **state)
{
	int file = -1;

	join_as("db", "10.89.1.3", NULL);
	join_as("gone", "10.89.1.6", NULL);
	leave_as("gone", "10.89.1.6");
	assert_int_equal(names_own(room, "web", "10.0.0.1\textra\n", &file, &err), 0);
	join_as("web", "10.89.1.2", NULL);
	join_as("late", "10.89.1.4", NULL);
	assert_non_null(strstr(hosts("web"), "10.0.0.1\textra\n10.89.1.3\tdb\n10.89.1.2\tweb\n10.89.1.4\tlate\n"));
	assert_null(strstr(hosts(".shared"), "extra"));
	leave_as("db", "10.89.1.3");
	assert_non_null(strstr(hosts("web"), "\n#0.89.1.3\tdb\n"));
	leave_as("web", "10.89.1.2");
	assert_string_equal(hosts("web"), "");
	close(file);
}

static void name_servers(void **state)
{
	static const char host[] = "# made by somebody\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver ::1\n"
	                           "nameserver fe80::1%eth0\nsearch example.org\noptions edns0\nnameserver x";
	static struct net_request request;
	char *text = NULL;
	size_t n = 0;

	memset(&request, 0, sizeof(request));
	assert_int_equal(names_resolv(host, &request, false, &text, &n, &err), 0);
	assert_string_equal(text, "nameserver 192.0.2.1\nsearch example.org\noptions edns0\n");
	assert_int_equal(n, 1);
	free(text);
	assert_int_equal(names_resolv("nameserver 127.0.0.53\n", &request, false, &text, &n, &err), 0);
	assert_int_equal(n, 0);
	free(text);
	assert_int_equal(names_resolv("nameserver 127.0.0.53\n", &request, true, &text, &n, &err), 0);
	assert_int_equal(n, 1);
	free(text);
	request.n_name_servers = request.n_searches = 1;
	address_parse_ip("9.9.9.9", &request.name_servers[0]);
	strcpy(request.searches[0], "corp.example");
	assert_int_equal(names_resolv(host, &request, false, &text, &n, &err), 0);
	assert_string_equal(text, "options edns0\nnameserver 9.9.9.9\nsearch corp.example\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everybody_gets_another_and_the_gateway_nobody, open_room, close_room),
		cmocka_unit_test_setup_teardown(the_same_id_has_the_same_address_again, open_room, close_room),
		cmocka_unit_test_setup_teardown(an_address_is_released_by_its_owner_only, open_room, close_room),
		cmocka_unit_test_setup_teardown(who_is_gone_is_swept_when_the_pool_is_empty, open_room, close_room),
		cmocka_unit_test_setup_teardown(what_is_no_lease_is_no_obstacle_for_good, open_room, close_room),
		cmocka_unit_test_setup_teardown(addresses_that_cannot_be_given, open_room, close_room),
		cmocka_unit_test_setup_teardown(who_comes_is_in_the_shared_file, open_room, close_room),
		cmocka_unit_test_setup_teardown(who_goes_is_a_comment_and_makes_room, open_room, close_room),
		cmocka_unit_test_setup_teardown(only_the_line_of_who_goes, open_room, close_room),
		cmocka_unit_test_setup_teardown(a_file_of_ones_own_has_the_others_too, open_room, close_room),
		cmocka_unit_test(name_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
