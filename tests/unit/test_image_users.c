/* image/users: whom an image's User means. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "runtime/image/users.h"
#include "tests/unit/unit.h"

#define PASSWD "root:x:0:0:root:/root:/bin/sh\nno line\nwww:x:33:34::/:\n77:x:5:5::/:\nshort:x\nbig:x:4294967296:1::/:\nneg:x:-1:1::/:\nlast:x:8:9"
#define GROUP "root:x:0:\ng:x:50:\nh:x:51:other,www\nwww:x:34:www\ni:x:52:www\nsimilar:x:53:wwww,ww\nbig:x:99999999999:www\nnone:x"

static const struct row {
	const char *name, *user, *passwd, *group;
	const char *said;       /* "uid gid additional..."; or a part of the error behind a "!" */
} rows[] = {
	{"nobody is root", "", PASSWD, GROUP, "0 0"},
	{"nobody, and no files", "", NULL, NULL, "0 0"},
	{"a name has its group and those that it is a member of", "www", PASSWD, GROUP, "33 34 51 52"},
	{"a name and a group have that group alone", "www:g", PASSWD, GROUP, "33 50"},
	{"a name and a number", "www:7", PASSWD, GROUP, "33 7"},
	{"a number is looked up", "33", PASSWD, GROUP, "33 34 51 52"},
	{"a number that nobody has", "4000", PASSWD, GROUP, "4000 0"},
	{"numbers need no files", "1:2", NULL, NULL, "1 2"},
	{"a number and a group's name", "4000:g", PASSWD, GROUP, "4000 50"},
	{"a name of digits is a number", "77", PASSWD, GROUP, "77 0"},
	{"an empty group is none", "www:", PASSWD, GROUP, "33 34 51 52"},
	{"the last line needs no end", "last", PASSWD, GROUP, "8 9"},
	{"the largest", "4294967294:4294967294", NULL, NULL, "4294967294 4294967294"},
	{"minus one", "4294967295", PASSWD, GROUP, "!a number that no user has"},
	{"a number that wraps to root", "4294967296", PASSWD, GROUP, "!a number that no user has"},
	{"more than 64 bits", "99999999999999999999999", PASSWD, GROUP, "!a number that no user has"},
	{"a group that wraps", "www:4294967296", PASSWD, GROUP, "!a number that no user has"},
	{"a name that is not there", "nobody", PASSWD, GROUP, "!is not in its etc/passwd"},
	{"a name without files", "www", NULL, NULL, "!is not in its etc/passwd"},
	{"a sign makes a name", "-1", PASSWD, GROUP, "!is not in its etc/passwd"},
	{"a plus makes a name", "+5", PASSWD, GROUP, "!is not in its etc/passwd"},
	{"a line without numbers is none", "short", PASSWD, GROUP, "!is not in its etc/passwd"},
	{"a line with a number that is too large is none", "big", PASSWD, GROUP, "!is not in its etc/passwd"},
	{"a line with a negative number is none", "neg", PASSWD, GROUP, "!is not in its etc/passwd"},
	{"a group that is not there", "www:nobodies", PASSWD, GROUP, "!is not in its etc/group"},
	{"a group whose number is too large", "www:big", PASSWD, GROUP, "!is not in its etc/group"},
	{"no name before the group", ":g", PASSWD, GROUP, "!is not in its etc/passwd"},
};

static void found(void **state)
{
	const struct row *row = *state;
	struct image_user u;
	struct error err = {0};
	char said[256] = "";
	int r = users_find_in(row->user, row->passwd, row->group, &u, &err);

	if (row->said[0] == '!') {
		assert_true(r < 0);
		if (!strstr(err.text, row->said + 1))
			fail_msg("\"%s\" does not say \"%s\"", err.text, row->said + 1);
		return;
	}
	assert_int_equal(r, 0);
	snprintf(said, sizeof(said), "%u %u", u.uid, u.gid);
	for (size_t i = 0; i < u.n_groups; i++)
		snprintf(said + strlen(said), sizeof(said) - strlen(said), " %u", u.groups[i]);
	assert_string_equal(said, row->said);
}

static void there_is_a_limit_of_groups(void **state)
{
	static char group[100 * 20];
	struct image_user u;
	struct error err = {0};
	size_t n = 0;

	for (int i = 0; i < 65; i++)
		n += (size_t)snprintf(group + n, sizeof(group) - n, "g%d:x:%d:www\n", i, 100 + i);
	assert_true(users_find_in("www", "www:x:1:1::/:", group, &u, &err) < 0);
	assert_non_null(strstr(err.text, "more than 64 groups"));
	*(strrchr(group, 'g')) = '\0';
	assert_int_equal(users_find_in("www", "www:x:1:1::/:", group, &u, &err), 0);
	assert_int_equal(u.n_groups, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(there_is_a_limit_of_groups)};

	return cmocka_run_group_tests(tests, NULL, NULL) + RUN_ROWS("users", rows, found);
}
