/* plan/idmap: which maps an idmapped mount gets, from its own, its option's or the container's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sys.h"
#include "runtime/plan/idmap.h"
#include "tests/unit/unit.h"

#define IDS(c, h, n)   "{\"containerID\":" #c ",\"hostID\":" #h ",\"size\":" #n "}"
#define USER(u, g)     "\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[" u "],\"gidMappings\":[" g "]},"
#define JOINED         "\"linux\":{\"namespaces\":[{\"type\":\"user\",\"path\":\"/run/user-ns\"}]},"
#define OWN            "\"uidMappings\":[" IDS(1, 2, 3) "," IDS(10, 20, 1) "],\"gidMappings\":[" IDS(4, 5, 6) "],"
#define CONTAINER      USER(IDS(0, 100000, 10) "," IDS(10, 5000, 90), IDS(0, 200000, 65536))

static const struct row {
	const char *name;
	const char *linux_;     /* with the comma behind it */
	const char *mappings;   /* of the mount, likewise */
	const char *option;     /* NULL: none */
	const char *uids, *gids; /* expected; NULL: no slot, or an error */
	const char *error, *hint;
	bool below;
} rows[] = {
	{"nothing asked for", CONTAINER, "", NULL, NULL, NULL, NULL, NULL},
	{"its own", "", OWN, "idmap", "1 2 3\n10 20 1\n", "4 5 6\n", NULL, NULL},
	{"its own without the word", "", OWN, NULL, "1 2 3\n10 20 1\n", "4 5 6\n", NULL, NULL},
	{"its own before the container's", CONTAINER, OWN, "ridmap", "1 2 3\n10 20 1\n", "4 5 6\n", NULL, NULL, true},
	{"the container's", CONTAINER, "", "idmap", "0 100000 10\n10 5000 90\n", "0 200000 65536\n", NULL, NULL},
	{"the container's, below too", CONTAINER, "", "ridmap", "0 100000 10\n10 5000 90\n", "0 200000 65536\n", NULL, NULL, true},
	{"nobody's", "", "", "idmap", NULL, NULL, "mount option idmap: neither the mount nor the container has mappings", "give the mount uidMappings"},
	{"a namespace without maps", "\"linux\":{\"namespaces\":[{\"type\":\"user\"}]},", "", "ridmap", NULL, NULL, "mount option ridmap: neither the mount", "give the mount", true},
	{"an empty list is none", CONTAINER, "\"uidMappings\":[],\"gidMappings\":[],", "idmap", "0 100000 10\n10 5000 90\n", "0 200000 65536\n", NULL, NULL},

	{"the option's", "", "", "idmap=uids=0-1-10#10-11-10;gids=0-100-10", "0 1 10\n10 11 10\n", "0 100 10\n", NULL, NULL},
	{"in the other order, with commas", "", "", "ridmap=gids=0-1-1,5-6-2;uids=7-8-4294967287", "7 8 4294967287\n", "0 1 1\n5 6 2\n", NULL, NULL, true},
	{"the option's half, the container's other", CONTAINER, "", "idmap=uids=0-1-1", "0 1 1\n", "0 200000 65536\n", NULL, NULL},
	{"the option's half alone", "", "", "idmap=uids=0-1-1", NULL, NULL, "mount option idmap=uids=0-1-1: \"gids=\" is missing", "gids=0-0-4294967295"},
	{"relative", CONTAINER, "", "idmap=uids=@1-3-5;gids=@0-1000-1", "1 100003 5\n", "0 201000 1\n", NULL, NULL},
	{"relative over two ranges", CONTAINER, "", "idmap=uids=@500-8-5#0-1-1;gids=0-1-1", "500 100008 2\n502 5000 3\n0 1 1\n", "0 1 1\n", NULL, NULL},
	{"relative to what is not mapped", CONTAINER, "", "idmap=uids=@0-95-6;gids=0-1-1", NULL, NULL, "the container's user namespace does not map id 100", ""},
	{"relative to nothing", "", "", "idmap=uids=@0-0-1;gids=0-1-1", NULL, NULL, "does not map id 0", ""},
	{"relative, size 0", CONTAINER, "", "idmap=uids=@0-0-0;gids=0-1-1", NULL, NULL, "size is 0", ""},
	{"relative, past the last id", CONTAINER, "", "idmap=uids=@4294967294-8-5;gids=0-1-1", NULL, NULL, "maps ids above 4294967294", ""},
	{"both at once", "", OWN, "idmap=uids=0-1-1;gids=0-1-1", NULL, NULL, "beside uidMappings", "ids can be mapped once"},

	{"no text", "", "", "idmap=", NULL, NULL, "does not list ranges", "such as"},
	{"no range", "", "", "idmap=uids=;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"two numbers", "", "", "idmap=uids=0-1;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"four numbers", "", "", "idmap=uids=0-1-1-1;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"no number", "", "", "idmap=uids=a-1-1;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"a sign", "", "", "idmap=uids=+1-1-1;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"33 bits", "", "", "idmap=uids=4294967296-1-1;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"80 bits", "", "", "idmap=uids=1208925819614629174706176-1-1;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"another word", "", "", "idmap=users=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"a separator at the end", "", "", "idmap=uids=0-1-1;gids=0-1-1;", NULL, NULL, "does not list ranges", "such as"},
	{"a range missing", "", "", "idmap=uids=0-1-1#;gids=0-1-1", NULL, NULL, "does not list ranges", "such as"},
	{"uids twice", "", "", "idmap=uids=0-1-1;uids=2-2-1", NULL, NULL, "does not list ranges", "such as"},
	{"size 0", "", "", "idmap=uids=0-1-0;gids=0-1-1", NULL, NULL, "mount option idmap=uids=0-1-0;gids=0-1-1: maps no id at all", ""},
	{"the id that is none", "", "", "idmap=uids=4294967295-1-1;gids=0-1-1", NULL, NULL, "maps ids above 4294967294", ""},
	{"an id twice", "", "", "idmap=uids=0-1-5#4-9-1;gids=0-1-1", NULL, NULL, "maps an id that another range maps already", ""},
	{"a shown id twice", "", "", "idmap=uids=0-1-5#9-5-1;gids=0-1-1", NULL, NULL, "maps an id that another range maps already", ""},
};

static struct config *parse(const struct row *row)
{
	struct config *config = NULL;
	struct error err = {0};
	char *text = NULL;

	assert_true(asprintf(&text,
	                     "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},%s"
	                     "\"mounts\":[{\"destination\":\"/a\",\"source\":\"/b\",%s\"options\":[\"bind\"%s%s%s]}]}",
	                     row->linux_, row->mappings, row->option ? ",\"" : "", row->option ?: "",
	                     row->option ? "\"" : "") > 0);
	if (config_parse(text, strlen(text), "config.json", &config, &err) < 0 || config_validate(config, &err) < 0)
		fail_msg("%s: %s\n%s", row->name, err.text, text);
	free(text);
	return config;
}

static void check_slot(const struct row *row, const struct builder *b, uint32_t n)
{
	const struct plan_slot *slot = &b->slots[n - 1];

	assert_int_equal(slot->kind, SLOT_IDS);
	assert_string_equal(b->data + slot->path, row->uids);
	assert_string_equal(b->data + slot->gids, row->gids);
	assert_int_not_equal(slot->at, 0);
}

static void check(const struct row *row)
{
	struct config *config = parse(row);
	struct mount_options o;
	struct error err = {0};
	struct builder b = {0};
	uint32_t n = 0, again = 0;
	int r;

	assert_int_equal(mount_options_parse(&config->mounts.v[0], &o, &err), 0);
	if (o.data.n)
		fail_msg("%s: %s", row->name, o.data.v[0].s);
	assert_int_equal(plan_idmap_below(&o), row->below);
	r = plan_idmap(config, &b, &config->mounts.v[0], &o, &n, &err);
	if (row->error) {
		assert_int_equal(r, -EINVAL);
		if (!strstr(err.text, row->error) || strncmp(err.hint, row->hint, strlen(row->hint)) != 0)
			fail_msg("%s: \"%s\", \"%s\"", row->name, err.text, err.hint);
		assert_int_not_equal(err.at.offset, 0);
	} else {
		if (r < 0)
			fail_msg("%s: %s", row->name, err.text);
		assert_int_equal(n > 0, row->uids != NULL);
		if (row->uids)
			check_slot(row, &b, n);
		/* A second mount with the same maps has the same namespace. */
		assert_int_equal(plan_idmap(config, &b, &config->mounts.v[0], &o, &again, &err), 0);
		assert_int_equal(again, n);
	}
	mount_options_free(&o);
	builder_free(&b);
	config_free(config);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

/* The maps of a namespace that exists are the kernel's to know. */
static void test_the_joined_namespaces(void **state)
{
	static const struct row row = {"joined", JOINED, "", "idmap", NULL, NULL, NULL, NULL};
	struct config *config = parse(&row);
	struct mount_options o;
	struct error err = {0};
	struct builder b = {0};
	uint32_t n = 0;

	assert_int_equal(mount_options_parse(&config->mounts.v[0], &o, &err), 0);
	assert_int_equal(plan_idmap(config, &b, &config->mounts.v[0], &o, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(b.slots[0].kind, SLOT_NAMESPACE);
	assert_int_equal(b.slots[0].flags, CLONE_NEWUSER);
	assert_string_equal(b.data + b.slots[0].path, "/run/user-ns");
	mount_options_free(&o);
	builder_free(&b);
	config_free(config);
}

/* user_namespaces(7): a map is written at once, less than a page. */
static void test_many_ranges(void **state)
{
	static const struct { unsigned n; const char *error; } cases[] = {
		{300, NULL}, {340, NULL}, {341, "341 ranges of ids: the kernel takes 340"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *option = malloc(100000);
		struct row row = {"many", "", "", option, NULL, NULL, NULL, NULL};
		int n = sprintf(option, "idmap=gids=0-0-1;uids=");
		struct mount_options o;
		struct config *config;
		struct error err = {0};
		struct builder b = {0};
		uint32_t slot = 0;
		int r;

		for (unsigned k = 0; k < cases[i].n; k++)
			n += sprintf(option + n, "%s%u-%u-1", k ? "#" : "", 2 * k, 2 * k);
		config = parse(&row);
		assert_int_equal(mount_options_parse(&config->mounts.v[0], &o, &err), 0);
		r = plan_idmap(config, &b, &config->mounts.v[0], &o, &slot, &err);
		assert_int_equal(r, cases[i].error ? -EINVAL : 0);
		if (cases[i].error)
			assert_non_null(strstr(err.text, cases[i].error));
		mount_options_free(&o);
		builder_free(&b);
		config_free(config);
		free(option);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_the_joined_namespaces),
		cmocka_unit_test(test_many_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
