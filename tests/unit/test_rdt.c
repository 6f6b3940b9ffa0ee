/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct config *parse(const char *rdt)
{
	struct config *config = NULL;
	char text[1024];
	struct error err;

	snprintf(text, sizeof(text), "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"intelRdt\":{%s}}}", rdt);
	assert_int_equal(config_parse(text, strlen(text), "c", &config, &err), 0);
	if (config_validate(config, &err) < 0)
		fail_msg("%s", err.text);
	return config;
}

/* ---- what is written ---- */

static const struct schemata_row {
	const char *name, *rdt, *text;
} schemata_rows[] = {
	{"F081 nothing", "", ""},
	{"F081 the cache", "\"l3CacheSchema\":\"L3:0=f;1=f0\"", "L3:0=f;1=f0\n"},
	{"F081 the bandwidth", "\"memBwSchema\":\"MB:0=20;1=70\"", "MB:0=20;1=70\n"},
	{"F081 both", "\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\"", "L3:0=f\nMB:0=20\n"},
	{"F081 the bandwidth of its own property wins", "\"l3CacheSchema\":\"MB:0=9\\nL3:0=f\\nMB:1=9\",\"memBwSchema\":\"MB:0=20\"",
         "L3:0=f\nMB:0=20\n"},
	{"F081 bandwidth among the cache alone stays", "\"l3CacheSchema\":\"L3:0=f\\nMB:0=9\\n\"", "L3:0=f\nMB:0=9\n"},
	{"F081 lines as they are", "\"schemata\":[\"L3CODE:0=f\",\"L3DATA:0=f0\",\"MB:0=50\"]", "L3CODE:0=f\nL3DATA:0=f0\nMB:0=50\n"},
	{"F081 all three", "\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L2:0=3\\n\"]",
         "L3:0=f\nMB:0=20\nL2:0=3\n"},
	{"F081 empty lines are left out", "\"l3CacheSchema\":\"\\n\\nL3:0=f\\n\\n\",\"schemata\":[\"\"]", "L3:0=f\n"},
};

static void schemata_are_combined(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(schemata_rows); i++) {
		struct config *config = parse(schemata_rows[i].rdt);
		bool failed;
		char *text = rdt_schemata(&config->linux_.intel_rdt, &failed);

		assert_false(failed);
		if (strcmp(text, schemata_rows[i].text) != 0)
			fail_msg("%s: %s", schemata_rows[i].name, text);
		free(text);
		config_free(config);
	}
}

#define KERNEL "    MB:0= 20;1=100\n    L3:0=00ff;1=0ff0\nL3CODE:0=1\n"

static const struct match_row {
	const char *name, *wanted;
	bool matches;
} match_rows[] = {
	{"nothing", "", true},
	{"the same", "L3:0=00ff;1=0ff0\n", true},
	{"without zeros, other letters", "L3:0=FF;1=ff0\n", true},
	{"another order", "L3:1=ff0;0=ff\n", true},
	{"one domain of two", "L3:1=ff0\n", true},
	{"blanks", "MB: 0=20; 1= 100\n", true},
	{"two lines", "MB:0=20\nL3:0=ff\n", true},
	{"another value", "L3:0=f\n", false},
	{"a longer value", "L3:0=fff\n", false},
	{"one of two differs", "MB:0=20;1=99\n", false},
	{"a domain that is not there", "L3:2=ff\n", false},
	{"a resource that is not there", "L2:0=ff\n", false},
	{"a name that only begins so", "L3COD:0=1\n", false},
	{"the second line differs", "MB:0=20\nL3:0=1\n", false},
	{"no line at all", "nonsense\n", false},
	{"no value", "L3:0\n", false},
};

static void schemata_are_compared_by_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(match_rows); i++)
		if (rdt_matches(match_rows[i].wanted, KERNEL) != match_rows[i].matches)
			fail_msg("%s", match_rows[i].name);
}

/* ---- a tree that looks like resctrl ---- */

struct tree {
	char path[64];
	int fd;
};

static void put(const struct tree *t, const char *path, const char *text)
{
	int fd = openat(t->fd, path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *get(const struct tree *t, const char *path)
{
	static char text[256];
	int fd = openat(t->fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	if (n < 0)
		return "(none)";
	text[n] = '\0';
	return text;
}

static struct tree make_tree(void)
{
	struct tree t = {.path = "/tmp/rdt.XXXXXX"};

	assert_non_null(mkdtemp(t.path));
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(t.fd, "info", 0755);
	mkdirat(t.fd, "gold", 0755);
	mkdirat(t.fd, "gold/mon_groups", 0755);
	mkdirat(t.fd, "gold/mon_groups/c1", 0755);
	put(&t, "info/last_cmd_status", "ok\n");
	put(&t, "gold/tasks", "");
	put(&t, "gold/schemata", "L3:0=ff\n");
	put(&t, "gold/mon_groups/c1/tasks", "");
	return t;
}

static void remove_tree(struct tree *t)
{
	char command[128];

	close(t->fd);
	snprintf(command, sizeof(command), "rm -rf %s", t->path);
	assert_int_equal(system(command), 0);
}

static const struct decide_row {
	const char *name, *rdt;
	struct rdt_group group;
	const char *error;
} decide_rows[] = {
	{"F081 the container's own class", "\"l3CacheSchema\":\"L3:0=f\"", {"c1", true, false, false}, NULL},
	{"F081 an empty object", "", {"c1", true, false, false}, NULL},
	{"F081 an empty closID is none", "\"closID\":\"\"", {"c1", true, false, false}, NULL},
	{"F081 a class that exists", "\"closID\":\"gold\"", {"gold", false, true, false}, NULL},
	{"F081 a class that exists with this schema", "\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=0ff\"", {"gold", false, true, false}, NULL},
	{"F081 a class that exists with another schema", "\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f\"", {0},
         "resctrl group gold exists with another schema"},
	{"F081 and with other schemata", "\"closID\":\"gold\",\"schemata\":[\"MB:0=10\"]", {0}, "resctrl group gold exists with another schema"},
	{"F081 a new class", "\"closID\":\"silver\",\"memBwSchema\":\"MB:0=10\"", {"silver", true, true, false}, NULL},
	{"F081 a class that must exist and does not", "\"closID\":\"silver\"", {0}, "use resctrl group silver"},
	{"F081 monitoring", "\"closID\":\"gold\",\"enableMonitoring\":true", {"gold", false, true, true}, NULL},
	{"F081 monitoring as 1.2 wrote it", "\"enableCMT\":true", {"c1", true, false, true}, NULL},
	{"F081 the other half of it", "\"enableMBM\":true", {"c1", true, false, true}, NULL},
	{"F081 no monitoring", "\"enableMonitoring\":false,\"enableCMT\":false", {"c1", true, false, false}, NULL},
};

static void the_class_is_decided(void **state)
{
	struct tree t = make_tree();

	(void)state;
	for (size_t i = 0; i < COUNT(decide_rows); i++) {
		const struct decide_row *row = &decide_rows[i];
		struct config *config = parse(row->rdt);
		struct rdt_group g;
		struct error err = {0};
		int r = rdt_decide(t.fd, &config->linux_.intel_rdt, "c1", &g, &err);

		if ((r < 0) != (row->error != NULL))
			fail_msg("%s: %d %s", row->name, r, err.text);
		if (row->error) {
			assert_string_equal(err.text, row->error);
			assert_true(*err.hint && err.at.offset);
		} else if (strcmp(g.name, row->group.name) != 0 || g.made != row->group.made || g.shared != row->group.shared ||
		           g.monitored != row->group.monitored) {
			fail_msg("%s: %s %d %d %d", row->name, g.name, g.made, g.shared, g.monitored);
		}
		config_free(config);
	}
	remove_tree(&t);
}

static struct rdt_group make_class(const struct tree *t, const struct config *config)
{
	struct rdt_group g;
	struct error err;

	assert_int_equal(rdt_decide(t->fd, &config->linux_.intel_rdt, "c1", &g, &err), 0);
	assert_int_equal(rdt_make(t->fd, &config->linux_.intel_rdt, &g, &err), 0);
	return g;
}

/* The kernel would make the files of a new directory: here the test does. */
static void a_new_class_gets_its_schemata_and_the_process(void **state)
{
	struct config *config = parse("\"l3CacheSchema\":\"L3:0=f\",\"memBwSchema\":\"MB:0=20\"");
	struct tree t = make_tree();
	struct rdt_group g = make_class(&t, config);
	struct error err;

	put(&t, "c1/schemata", "");
	put(&t, "c1/tasks", "");
	assert_int_equal(rdt_enter(t.fd, &config->linux_.intel_rdt, &g, "c1", 4711, &err), 0);
	assert_string_equal(get(&t, "c1/schemata"), "L3:0=f\nMB:0=20\n");
	assert_string_equal(get(&t, "c1/tasks"), "4711\n");
	config_free(config);
	remove_tree(&t);
}

static void a_class_that_exists_keeps_its_schemata(void **state)
{
	struct config *config = parse("\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=0FF\",\"enableMonitoring\":true");
	struct tree t = make_tree();
	struct rdt_group g = make_class(&t, config);
	struct error err;

	assert_int_equal(rdt_enter(t.fd, &config->linux_.intel_rdt, &g, "c1", 4711, &err), 0);
	assert_string_equal(get(&t, "gold/schemata"), "L3:0=ff\n");
	assert_string_equal(get(&t, "gold/tasks"), "4711\n");
	assert_string_equal(get(&t, "gold/mon_groups/c1/tasks"), "4711\n");
	/* Nothing of it is removed but what measures this container. */
	unlinkat(t.fd, "gold/mon_groups/c1/tasks", 0);
	assert_int_equal(rdt_remove(t.fd, &g, "c1", &err), 0);
	assert_int_not_equal(faccessat(t.fd, "gold/mon_groups/c1", F_OK, 0), 0);
	assert_int_equal(faccessat(t.fd, "gold", F_OK, 0), 0);
	config_free(config);
	remove_tree(&t);
}

static void a_refusal_has_the_kernels_words(void **state)
{
	struct config *config = parse("\"l3CacheSchema\":\"L3:0=0\"");
	struct tree t = make_tree();
	struct rdt_group g = {"c1", true, false, false};
	struct error err;

	(void)state;
	put(&t, "info/last_cmd_status", "Need at least 1 bits in the mask\n");
	assert_int_equal(rdt_make(t.fd, &config->linux_.intel_rdt, &g, &err), 0);
	assert_int_equal(rdt_enter(t.fd, &config->linux_.intel_rdt, &g, "c1", 4711, &err), -ENOENT);
	assert_string_equal(err.text, "write schemata of resctrl group c1: Need at least 1 bits in the mask");
	assert_int_not_equal(err.at.offset, 0);
	assert_int_equal(rdt_remove(t.fd, &g, "c1", &err), 0);
	assert_int_not_equal(faccessat(t.fd, "c1", F_OK, 0), 0);
	/* A second time: nothing is there, and that is fine. */
	assert_int_equal(rdt_remove(t.fd, &g, "c1", &err), 0);
	config_free(config);
	remove_tree(&t);
}

/* No link leads out of the tree. */
static void links_are_not_followed(void **state)
{
	struct config *config = parse("\"closID\":\"link\",\"l3CacheSchema\":\"L3:0=f\"");
	struct tree t = make_tree();
	struct rdt_group g;
	struct error err;

	(void)state;
	assert_int_equal(symlinkat("gold", t.fd, "link"), 0);
	assert_int_equal(rdt_decide(t.fd, &config->linux_.intel_rdt, "c1", &g, &err), 0);
	assert_true(g.made);
	assert_int_equal(rdt_make(t.fd, &config->linux_.intel_rdt, &g, &err), -EEXIST);
	config_free(config);
	remove_tree(&t);
}

/* A cgroup v1 hierarchy has directories with `tasks` in them, which rmdir takes away: as resctrl's. */
static void a_shared_class_goes_when_nobody_is_in_it(void **state)
{
	struct rdt_group g = {"crun-lite-test-rdt", true, true, false};
	int root = open("/sys/fs/cgroup/pids", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[64];
	struct error err;
	int tasks;

	(void)state;
	if (root < 0 || mkdirat(root, g.name, 0755) < 0)
		skip();
	snprintf(path, sizeof(path), "%s/tasks", g.name);
	tasks = openat(root, path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(tasks, "0", 1), 1);
	close(tasks);
	assert_int_equal(rdt_remove(root, &g, "c1", &err), 0);
	assert_int_equal(faccessat(root, g.name, F_OK, 0), 0);
	tasks = openat(root, "tasks", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(tasks, "0", 1), 1);
	close(tasks);
	assert_int_equal(rdt_remove(root, &g, "c1", &err), 0);
	assert_int_not_equal(faccessat(root, g.name, F_OK, 0), 0);
	close(root);
}

static void another_file_system_is_no_resctrl(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(rdt_open("/tmp", &err), -ENOTSUP);
	assert_string_equal(err.text, "linux.intelRdt: no resctrl file system is mounted on /tmp");
	assert_int_equal(rdt_open("/no/such/place", &err), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemata_are_combined),
		cmocka_unit_test(schemata_are_compared_by_meaning),
		cmocka_unit_test(the_class_is_decided),
		cmocka_unit_test(a_new_class_gets_its_schemata_and_the_process),
		cmocka_unit_test(a_class_that_exists_keeps_its_schemata),
		cmocka_unit_test(a_refusal_has_the_kernels_words),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(a_shared_class_goes_when_nobody_is_in_it),
		cmocka_unit_test(another_file_system_is_no_resctrl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
