/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/userns.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

/* ---- rows ---- */

static const struct merge_row {
	const char *name;
	size_t n, merged;
	struct id_mapping rows[5], expected[5];
} merges[] = {
	{"none", 0, 0, {{0}}, {{0}}},
	{"one", 1, 1, {{0, 1000, 1, {0}}}, {{0, 1000, 1, {0}}}},
	{"neighbours", 2, 1, {{0, 1000, 10, {0}}, {10, 1010, 5, {0}}}, {{0, 1000, 15, {0}}}},
	{"neighbours the other way round", 2, 1, {{10, 1010, 5, {0}}, {0, 1000, 10, {0}}}, {{0, 1000, 15, {0}}}},
	{"neighbours inside, not on the host", 2, 2, {{0, 1000, 10, {0}}, {10, 2010, 5, {0}}}, {{0, 1000, 10, {0}}, {10, 2010, 5, {0}}}},
	{"neighbours on the host, not inside", 2, 2, {{0, 1000, 10, {0}}, {20, 1010, 5, {0}}}, {{0, 1000, 10, {0}}, {20, 1010, 5, {0}}}},
	{"host's ids swapped", 2, 2, {{0, 1, 1, {0}}, {1, 0, 1, {0}}}, {{0, 1, 1, {0}}, {1, 0, 1, {0}}}},
	{"a chain with a gap", 5, 3, {{4, 4, 1, {0}}, {0, 0, 1, {0}}, {1, 1, 1, {0}}, {3, 3, 1, {0}}, {6, 6, 1, {0}}},
	 {{0, 0, 2, {0}}, {3, 3, 2, {0}}, {6, 6, 1, {0}}}},
	{"up to the last id", 2, 1, {{0, 0, 1, {0}}, {1, 1, 4294967294u, {0}}}, {{0, 0, 4294967295u, {0}}}},
};

static void neighbours_become_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(merges); i++) {
		const struct merge_row *row = &merges[i];
		struct id_mapping rows[5], merged[5];
		struct id_mappings m = {.n = row->n, .v = rows};
		size_t n;

		memcpy(rows, row->rows, sizeof(rows));
		n = userns_merge(&m, merged);
		if (n != row->merged)
			fail_msg("%s: %zu rows", row->name, n);
		for (size_t j = 0; j < n; j++)
			if (merged[j].container_id != row->expected[j].container_id ||
			    merged[j].host_id != row->expected[j].host_id || merged[j].size != row->expected[j].size)
				fail_msg("%s: row %zu is %u %u %u", row->name, j, merged[j].container_id, merged[j].host_id,
				         merged[j].size);
		/* What was given stays as it was. */
		assert_memory_equal(rows, row->rows, sizeof(rows));
	}
}

/* ---- completing ---- */

static const struct caller root = {false, {0, 0}, {{0}}};
static const struct caller user = {true, {1000, 100}, {{100000, 65536}, {200000, 1000}}};
static const struct caller user_without_ids = {true, {1000, 100}, {{0}}};
static const struct caller root_without_rights = {true, {0, 0}, {{0}}};

static const struct complete_row {
	const char *name;
	const struct caller *caller;
	const char *process, *linux_;
	const char *uids, *gids;        /* NULL: an error; "": no namespace */
	const char *error;
} completions[] = {
	{"root needs none", &root, "", "", "", "", NULL},
	{"a user gets one", &user, "", "", "0 1000 1,1 100000 65536", "0 100 1,1 200000 1000", NULL},
	{"a user with one id", &user_without_ids, "", "", "0 1000 1", "0 100 1", NULL},
	{"the container's user is the caller", &user, ",\"user\":{\"uid\":5,\"gid\":7}", "",
	 "0 100000 5,5 1000 1,6 100005 65531", "0 200000 7,7 100 1,8 200007 993", NULL},
	{"a user above the range", &user, ",\"user\":{\"uid\":70000,\"gid\":2000}", "", "0 100000 65536,70000 1000 1",
	 "0 200000 1000,2000 100 1", NULL},
	{"one id that is not root", &user_without_ids, ",\"user\":{\"uid\":5,\"gid\":7}", "", "5 1000 1", "7 100 1", NULL},
	{"maps of the configuration stay", &user, "",
	 "\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]", "0 1000 1",
	 "0 100 1,1 200000 1000", NULL},
	{"root without rights and without a namespace", &root_without_rights, "", "", "", "", NULL},
	{"root without rights", &root_without_rights, "", "\"namespaces\":[{\"type\":\"user\"}]", "0 0 1", "0 0 1", NULL},
	{"root without maps", &root, "", "\"namespaces\":[{\"type\":\"user\"}]", NULL, NULL, "without uidMappings"},
	{"one that is joined needs no maps", &root, "", "\"namespaces\":[{\"type\":\"user\",\"path\":\"/x\"}]", "none", "none", NULL},
	{"groups without a range", &user_without_ids, ",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[0]}", "", NULL, NULL,
	 "additional groups"},
	{"groups with one", &user, ",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1000]}", "", "0 1000 1,1 100000 65536",
	 "0 100 1,1 200000 1000", NULL},
	{"a group outside of it", &user, ",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1001]}", "", NULL, NULL,
	 "group 1001 is not mapped"},
};

static const char *text_of(const struct config *c, enum map_kind kind, char *buf, size_t size)
{
	const struct id_mappings *m = userns_mappings(c, kind);
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < m->n; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%u %u %u", i ? "," : "", m->v[i].container_id, m->v[i].host_id,
		                      m->v[i].size);
	return c->linux_.namespaces[NS_USER].set && !m->n ? "none" : buf;
}

static void what_is_left_out_is_completed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(completions); i++) {
		const struct complete_row *row = &completions[i];
		struct config *config;
		struct error err = {0};
		char text[512], uids[256], gids[256];
		int r;

		snprintf(text, sizeof(text), "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"x\"]%s},"
		                             "\"linux\":{%s}}", row->process, row->linux_);
		assert_int_equal(config_parse(text, strlen(text), "config.json", &config, &err), 0);
		r = userns_complete(config, row->caller, &err);
		if ((r < 0) != (row->error != NULL) || (row->error && !strstr(err.text, row->error)))
			fail_msg("%s: %d %s", row->name, r, err.text);
		if (r == 0 && (strcmp(text_of(config, MAP_UIDS, uids, sizeof(uids)), row->uids) != 0 ||
		               strcmp(text_of(config, MAP_GIDS, gids, sizeof(gids)), row->gids) != 0))
			fail_msg("%s: \"%s\" and \"%s\"", row->name, uids, gids);
		config_free(config);
	}
}

static void groups_are_kept_only_where_nobody_may_set_them(void **state)
{
	struct id_mapping own = {0, 100, 1, {0}}, range = {0, 200000, 1, {0}};
	struct config c = {0};

	(void)state;
	c.linux_.namespaces[NS_USER].set = true;
	c.linux_.gid_mappings = (struct id_mappings){true, 1, &own, {0}};
	assert_true(userns_keeps_groups(&c, &user));
	assert_false(userns_keeps_groups(&c, &root));
	c.linux_.gid_mappings.v = &range;
	assert_false(userns_keeps_groups(&c, &user));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_become_one),
		cmocka_unit_test(what_is_left_out_is_completed),
		cmocka_unit_test(groups_are_kept_only_where_nobody_may_set_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
