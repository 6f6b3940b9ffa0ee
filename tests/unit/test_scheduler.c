/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/scheduler.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct row {
	const char *name, *text;        /* of process.scheduler */
	struct scheduler_attr attr;
} rows[] = {
	{"F015 other", "\"policy\":\"SCHED_OTHER\",\"nice\":-5", {.policy = 0, .nice = -5}},
	{"F015 fifo", "\"policy\":\"SCHED_FIFO\",\"priority\":99", {.policy = 1, .priority = 99}},
	{"F015 round robin", "\"policy\":\"SCHED_RR\",\"priority\":1", {.policy = 2, .priority = 1}},
	{"F015 batch", "\"policy\":\"SCHED_BATCH\",\"nice\":19", {.policy = 3, .nice = 19}},
	{"F015 iso", "\"policy\":\"SCHED_ISO\"", {.policy = 4}},
	{"F015 idle", "\"policy\":\"SCHED_IDLE\"", {.policy = 5}},
	{"F015 deadline", "\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"period\":18446744073709551615",
         {.policy = 6, .runtime = 1, .deadline = 2, .period = UINT64_MAX}},
	{"F015 reset on fork", "\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]", {.flags = 0x01}},
	{"F015 reclaim", "\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_RECLAIM\"]", {.flags = 0x02}},
	{"F015 overrun", "\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_DL_OVERRUN\"]", {.flags = 0x04}},
	{"F015 keep policy", "\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_KEEP_POLICY\"]", {.flags = 0x08}},
	{"F015 keep parameters", "\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_KEEP_PARAMS\"]", {.flags = 0x10}},
	{"F015 clamps", "\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_UTIL_CLAMP_MIN\",\"SCHED_FLAG_UTIL_CLAMP_MAX\"]",
         {.flags = 0x60}},
	{"F015 no flags", "\"policy\":\"SCHED_OTHER\",\"flags\":[]", {0}},
};

static struct config *parse(const char *text)
{
	struct config *config = NULL;
	char json[512];
	struct error err;

	snprintf(json, sizeof(json), "{\"cwd\":\"/\",\"args\":[\"a\"],%s}", text);
	assert_int_equal(config_parse_process(json, strlen(json), "p", &config, &err), 0);
	return config;
}

static void words_become_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scheduler_attr attr, wanted = rows[i].attr;
		char text[400];
		struct config *config;
		struct error err;

		snprintf(text, sizeof(text), "\"scheduler\":{%s}", rows[i].text);
		config = parse(text);
		if (config_validate(config, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		scheduler_attr(&config->process.scheduler, &attr);
		wanted.size = 56;
		if (memcmp(&attr, &wanted, sizeof(attr)) != 0)
			fail_msg("%s", rows[i].name);
		config_free(config);
	}
}

/* What is not asked for costs no system call: not even a process that does not exist is missed. */
static void what_is_not_asked_for_is_not_set(void **state)
{
	struct config *config = parse("\"terminal\":false");
	struct error err;

	(void)state;
	assert_int_equal(scheduler_set(-1, &config->process.scheduler, &err), 0);
	assert_int_equal(io_priority_set(-1, &config->process.io_priority, &err), 0);
	config_free(config);
}

static void a_refusal_names_what_was_asked_for(void **state)
{
	struct config *config = parse("\"scheduler\":{\"policy\":\"SCHED_ISO\",\"nice\":3,\"flags\":[\"SCHED_FLAG_RECLAIM\"]},"
	                              "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":3}");
	struct error err;

	(void)state;
	assert_int_equal(scheduler_set(0, &config->process.scheduler, &err), -EINVAL);
	assert_string_equal(err.text, "set the scheduler to SCHED_ISO, nice 3, SCHED_FLAG_RECLAIM");
	assert_string_equal(err.hint, "SCHED_ISO is a reserved name: no kernel has it");
	assert_int_not_equal(err.at.offset, 0);
	assert_int_equal(io_priority_set(-1, &config->process.io_priority, &err), -ESRCH);
	assert_string_equal(err.text, "set the I/O priority to IOPRIO_CLASS_BE, 3");
	assert_int_not_equal(err.at.offset, 0);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_numbers),
		cmocka_unit_test(what_is_not_asked_for_is_not_set),
		cmocka_unit_test(a_refusal_names_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
