/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/units.h"

#include "tests/unit/unit.h"

#define BAD UINT64_MAX
#define SECOND 1000000000ull

static const struct row {
	const char *text;
	uint64_t value;         /* BAD: refused */
} bytes[] = {
	{"0", 0}, {"512", 512}, {"512b", 512}, {"512k", 512 << 10}, {"512K", 512 << 10}, {"512kb", 512 << 10},
	{"50m", 50 << 20}, {"50MiB", 50 << 20}, {"1g", 1 << 30}, {"1.5g", 3ull << 29}, {".5g", 1 << 29}, {"0.25g", 1 << 28},
	{"1.g", 1 << 30}, {"2t", 2ull << 40}, {"0.3k", 307}, {"1.0000000000000000000000001m", 1 << 20},
	{"18446744073709551614", BAD - 1},
	{"", BAD}, {"k", BAD}, {".", BAD}, {".k", BAD}, {"-1", BAD}, {"1 k", BAD}, {"1kk", BAD}, {"1x", BAD}, {"1e3", BAD},
	{"1.2.3", BAD}, {"99999999999999999999", BAD}, {"16777216t", BAD}, {"0x10", BAD},
}, durations[] = {
	{"10", 10 * SECOND}, {"10s", 10 * SECOND}, {"0", 0}, {"0s", 0}, {"1.5m", 90 * SECOND}, {"500ms", SECOND / 2},
	{"0.5", SECOND / 2}, {".25s", SECOND / 4}, {"1m30s", 90 * SECOND}, {"1h", 3600 * SECOND}, {"2d", 172800 * SECOND},
	{"250us", 250000}, {"7ns", 7}, {"1h1m1s1ms", 3661 * SECOND + 1000000},
	{"", BAD}, {"s", BAD}, {"-5s", BAD}, {"5 s", BAD}, {"5S", BAD}, {"5w", BAD}, {"1m30", BAD}, {"1..5s", BAD},
	{"ms500", BAD}, {"99999999999d", BAD}, {"infinity", BAD},
};

static void check(const struct row *rows, size_t n, bool (*parse)(const char *, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = 1;
		bool good = parse(rows[i].text, &value);

		if (good != (rows[i].value != BAD) || (good && value != rows[i].value))
			fail_msg("\"%s\": %d, %llu", rows[i].text, good, (unsigned long long)value);
	}
}

static void sizes_as_docker_and_podman_spell_them(void **state)
{
	check(bytes, COUNT(bytes), units_bytes);
}

static void durations_as_go_and_timeout_spell_them(void **state)
{
	check(durations, COUNT(durations), units_duration);
}

static void parts_of_a_processor(void **state)
{
	uint64_t n;

	assert_true(units_scaled("1.5", 100000, &n) && n == 150000);
	assert_true(units_scaled("0.333333", 100000, &n) && n == 33333);
	assert_false(units_scaled("1.5s", 100000, &n));
	assert_false(units_scaled("-1", 100000, &n));
	assert_false(units_scaled("", 100000, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_as_docker_and_podman_spell_them),
		cmocka_unit_test(durations_as_go_and_timeout_spell_them),
		cmocka_unit_test(parts_of_a_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
