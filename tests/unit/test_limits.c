/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/limits.h"

#include <stdio.h>
#include <string.h>

#include "cgroups/settings.h"
#include "tests/unit/unit.h"

static const char text[] =
	"{\"ociVersion\":\"1.0.2\",\"linux\":{\"resources\":{"
	"\"memory\":{\"limit\":1000,\"swap\":2000,\"reservation\":500},"
	"\"cpu\":{\"quota\":5000,\"period\":20000,\"burst\":4000,\"shares\":7,\"cpus\":\"0\"},"
	"\"pids\":{\"limit\":3},"
	"\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5},{\"major\":8,\"minor\":16,\"rate\":6}]}}}}";

static struct config *apply(const struct limits *limits, int *ret, struct error *err)
{
	struct config *config = NULL;

	*err = (struct error){0};
	assert_int_equal(config_parse(text, sizeof(text) - 1, "config.json", &config, err), 0);
	*ret = limits_apply(limits, config, err);
	return config;
}

static struct resources apply_well(const struct limits *limits)
{
	struct resources resources;
	struct config *config;
	struct error err;
	int r;

	config = apply(limits, &r, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	resources = config->linux_.resources;
	config_free(config);            /* numbers only are looked at */
	return resources;
}

static void without_flags_the_configuration_stands(void **state)
{
	struct resources r = apply_well(&(struct limits){0});

	assert_true(r.memory.limit.value == 1000 && r.memory.swap.value == 2000 && r.cpu.quota.value == 5000);
	assert_true(r.cpu.shares.value == 7 && r.pids_limit.value == 3 && r.block_io.read_bps.n == 2);
}

static void what_is_not_named_stays(void **state)
{
	struct resources r = apply_well(&(struct limits){.pids = "-1", .cpu_shares = "512"});

	assert_true(r.pids_limit.set && r.pids_limit.value == -1 && r.cpu.shares.value == 512);
	assert_true(r.memory.limit.value == 1000 && r.cpu.quota.value == 5000 && r.cpu.period.value == 20000);
}

static void swap_falls_with_the_memory_that_it_belonged_to(void **state)
{
	struct resources r = apply_well(&(struct limits){.memory = "1500b"});

	assert_true(r.memory.limit.value == 1500 && r.memory.swap.set && r.memory.swap.value == 2000);
	r = apply_well(&(struct limits){.memory = "3k"});
	assert_true(r.memory.limit.value == 3072 && !r.memory.swap.set && r.memory.reservation.value == 500);
	r = apply_well(&(struct limits){.memory = "-1"});
	assert_true(r.memory.limit.value == -1 && !r.memory.swap.set);
	r = apply_well(&(struct limits){.memory = "3k", .memory_swap = "1k"});
	assert_true(r.memory.limit.value == 3072 && r.memory.swap.value == 1024);
}

static void processors_are_a_quota(void **state)
{
	struct resources r = apply_well(&(struct limits){.cpus = "0.03"});

	assert_true(r.cpu.quota.value == 3000 && r.cpu.period.value == 100000 && r.cpu.burst.value == 3000);
	r = apply_well(&(struct limits){.cpus = "2"});
	assert_true(r.cpu.quota.value == 200000 && r.cpu.burst.value == 4000);
}

static void every_weight_is_that_weight(void **state)
{
	char word[16];

	for (unsigned weight = 1; weight <= 10000; weight++) {
		struct resources r;

		snprintf(word, sizeof(word), "%u", weight);
		r = apply_well(&(struct limits){.cpu_weight = word});
		if (settings_cpu_weight(r.cpu.shares.value) != weight)
			fail_msg("%u is %u", weight, settings_cpu_weight(r.cpu.shares.value));
	}
	assert_int_equal(apply_well(&(struct limits){.cpu_weight = "100"}).cpu.shares.value, 1024);
}

static void rates_replace_those_of_the_same_device(void **state)
{
	const char *rates[] = {"8:16,rbps=1k,wiops=9", "8:32 rbps=max"};
	struct limits limits = {.io_max = {2, rates}};
	const struct throttle_devices *list;
	struct config *config;
	struct error err;
	int r;

	config = apply(&limits, &r, &err);
	assert_int_equal(r, 0);
	list = &config->linux_.resources.block_io.read_bps;
	assert_int_equal(list->n, 3);
	assert_true(list->v[0].minor == 0 && list->v[0].rate == 5);
	assert_true(list->v[1].minor == 16 && list->v[1].rate == 1024);
	assert_true(list->v[2].minor == 32 && list->v[2].rate == 0);
	assert_true(config->linux_.resources.block_io.write_iops.n == 1);
	assert_true(config->linux_.resources.block_io.write_iops.v[0].rate == 9);
	config_free(config);
}

static void what_is_no_limit_is_refused_by_the_name_of_its_flag(void **state)
{
	const struct { struct limits limits; const char *flag; } rows[] = {
		{{.memory = "5x"}, "--memory 5x"},
		{{.memory = ""}, "--memory "},
		{{.memory = "9223372036854775808"}, "--memory 9"},
		{{.memory_swap = "0"}, "--memory-swap 0"},
		{{.cpus = "0.001"}, "--cpus 0.001"},
		{{.cpus = "99999999999999999"}, "--cpus 9"},
		{{.cpu_weight = "10001"}, "--cpu-weight 10001"},
		{{.cpu_weight = "1.5"}, "--cpu-weight 1.5"},
		{{.cpu_shares = "262145"}, "--cpu-shares 262145"},
		{{.cpu_shares = "2", .cpu_weight = "1"}, "--cpu-weight and --cpu-shares"},
		{{.pids = "0"}, "--pids-limit 0"},
		{{.pids = "1k"}, "--pids-limit 1k"},
		{{.io_max = {1, (const char *[]){"8:0"}}}, "--io-max 8:0"},
		{{.io_max = {1, (const char *[]){"8:0,"}}}, "--io-max 8:0,"},
		{{.io_max = {1, (const char *[]){""}}}, "--io-max "},
		{{.io_max = {1, (const char *[]){"8:0,rbps="}}}, "--io-max 8:0,rbps="},
		{{.io_max = {1, (const char *[]){"8:0,rbps=1m,bps=2"}}}, "--io-max 8:0,rbps=1m,bps=2"},
		{{.io_max = {1, (const char *[]){"8:0,riops=1.5k"}}}, "--io-max 8:0,riops=1.5k"},
		{{.io_max = {1, (const char *[]){"/dev/null,rbps=1"}}}, "/dev/null is not a block device"},
		{{.io_max = {1, (const char *[]){"/nowhere/sda,rbps=1"}}}, "/nowhere/sda"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err;
		int r;

		config_free(apply(&rows[i].limits, &r, &err));
		assert_true(r < 0);
		if (!strstr(err.text, rows[i].flag))
			fail_msg("\"%s\" is not in \"%s\"", rows[i].flag, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_flags_the_configuration_stands),
		cmocka_unit_test(what_is_not_named_stays),
		cmocka_unit_test(swap_falls_with_the_memory_that_it_belonged_to),
		cmocka_unit_test(processors_are_a_quota),
		cmocka_unit_test(every_weight_is_that_weight),
		cmocka_unit_test(rates_replace_those_of_the_same_device),
		cmocka_unit_test(what_is_no_limit_is_refused_by_the_name_of_its_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
