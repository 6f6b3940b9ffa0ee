/* What updates leave for one more start of a container: limits, and the class of service, which no other test has hardware for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/known_limits.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char place[] = "/tmp/crun-lite-limits.XXXXXX";
static int root = -1;
static struct store store;

static const char config_text[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"resources\":{\"pids\":{\"limit\":7}},"
	"\"intelRdt\":{\"closID\":\"c\",\"l3CacheSchema\":\"L3:0=f\",\"schemata\":[\"L3:0=7\",\"L2:0=1\",\" MB:0=50\"],\"enableMonitoring\":true}}}";

static int make_store(void **state)
{
	struct error err;

	(void)state;
	strcpy(strrchr(place, '.'), ".XXXXXX");
	if (!mkdtemp(place))
		return -1;
	root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return store_make(root, "c", &store, &err) < 0 ? -1 : store_write_file(&store, "config.json", config_text, strlen(config_text), &err);
}

static int remove_store(void **state)
{
	struct error err;

	(void)state;
	store_remove(&store, &err);
	store_close(&store);
	close(root);
	return rmdir(place);
}

/* As the next start will read it; config_free. */
static struct config *next(char **ret_text)
{
	struct config *config = NULL;
	struct error err = {0};
	size_t len = 0;

	if (known_limits_text(&store, ret_text, &len, &err) < 0)
		fail_msg("%s: %s", err.text, error_reason(&err));
	if (config_parse(*ret_text, len, "next", &config, &err) < 0)
		fail_msg("%s in %s", err.text, *ret_text);
	return config;
}

static void update(int64_t pids, const char *l3, const char *mb)
{
	const struct resources given = {.set = true, .pids_limit = {.set = pids > 0, .value = pids}};
	const struct intel_rdt rdt = {.set = true, .l3_cache_schema.s = l3, .mem_bw_schema.s = mb};
	struct known_limits known;
	struct config *config = NULL;
	struct error err = {0};

	assert_int_equal(config_parse(config_text, strlen(config_text), "config.json", &config, &err), 0);
	assert_int_equal(known_limits_read(&store, config, &known, &err), 0);
	assert_int_equal(known_limits_write(&store, &known, &given, &rdt, &err), 0);
	known_limits_free(&known);
	config_free(config);
}

static void without_an_update_it_is_as_it_was(void **state)
{
	char *text = NULL;
	struct config *config = next(&text);

	(void)state;
	assert_string_equal(text, config_text);
	config_free(config);
	free(text);
}

static void one_update_of_the_class_after_the_other(void **state)
{
	const struct intel_rdt *rdt;
	struct config *config;
	char *text = NULL;

	(void)state;
	update(0, "L3:0=3;1=3", NULL);
	config = next(&text);
	rdt = &config->linux_.intel_rdt;
	assert_string_equal(rdt->l3_cache_schema.s, "L3:0=3;1=3");
	assert_null(rdt->mem_bw_schema.s);
	assert_string_equal(rdt->clos_id.s, "c");
	assert_true(rdt->enable_monitoring.value);
	assert_int_equal(config->linux_.resources.pids_limit.value, 7);
	/* What would be written after it, and undo it, is no more; all else is. */
	assert_int_equal(rdt->schemata.n, 2);
	assert_string_equal(rdt->schemata.v[0].s, "L2:0=1");
	assert_string_equal(rdt->schemata.v[1].s, " MB:0=50");
	config_free(config);
	free(text);

	update(0, NULL, "MB:0=20");
	config = next(&text);
	rdt = &config->linux_.intel_rdt;
	assert_string_equal(rdt->l3_cache_schema.s, "L3:0=3;1=3");
	assert_string_equal(rdt->mem_bw_schema.s, "MB:0=20");
	assert_int_equal(rdt->schemata.n, 1);
	config_free(config);
	free(text);
}

static void beside_other_limits(void **state)
{
	struct config *config;
	char *text = NULL;

	(void)state;
	update(9, "L3:0=1", NULL);
	update(0, NULL, NULL);          /* of something else: it keeps both */
	config = next(&text);
	assert_int_equal(config->linux_.resources.pids_limit.value, 9);
	assert_string_equal(config->linux_.intel_rdt.l3_cache_schema.s, "L3:0=1");
	config_free(config);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_store, remove_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_an_update_it_is_as_it_was),
		TEST(one_update_of_the_class_after_the_other),
		TEST(beside_other_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
