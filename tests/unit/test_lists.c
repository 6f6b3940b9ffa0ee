/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/lists.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct row {
	const char *name, *list;
	unsigned max;
	int result;
	uint64_t first, second;         /* the first two words */
} rows[] = {
	{"nothing", "", 64, 0, 0, 0},
	{"blanks", " \n", 64, 0, 0, 0},
	{"one", "3", 64, 0, 8, 0},
	{"a range and one", "0-3,7", 64, 0, 0x8f, 0},
	{"with blanks", " 0 - 1 , 4\n", 64, 0, 0x13, 0},
	{"across words", "63-65", 128, 0, 1ull << 63, 3},
	{"the same twice", "1,1,0-1", 64, 0, 3, 0},
	{"a range of one", "5-5", 64, 0, 32, 0},
	{"the last one", "63", 64, 0, 1ull << 63, 0},
	{"one too many", "64", 64, -ERANGE, 0, 0},
	{"a range past the end", "1-64", 64, -ERANGE, 0, 0},
	{"a number that overflows", "99999999999999999999", LIST_BITS, -ERANGE, 0, 0},
	{"backwards", "3-1", 64, -EINVAL, 0, 0},
	{"an empty part", "1,,2", 64, -EINVAL, 0, 0},
	{"a comma at the end", "1,", 64, -EINVAL, 0, 0},
	{"a comma first", ",1", 64, -EINVAL, 0, 0},
	{"half a range", "1-", 64, -EINVAL, 0, 0},
	{"the other half", "-1", 64, -EINVAL, 0, 0},
	{"three ends", "1-2-3", 64, -EINVAL, 0, 0},
	{"two numbers without a comma", "1 2", 64, -EINVAL, 0, 0},
	{"a letter", "0x1", 64, -EINVAL, 0, 0},
	{"a stride", "0-7:2", 64, -EINVAL, 0, 0},
};

static void parses_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t bits[LIST_WORDS];
		int r = list_parse(rows[i].list, rows[i].max, bits);

		if (r != rows[i].result || (r == 0 && (bits[0] != rows[i].first || bits[1] != rows[i].second)))
			fail_msg("%s: %d, %llx %llx", rows[i].name, r, (unsigned long long)bits[0],
			         (unsigned long long)bits[1]);
		assert_int_equal(list_parse(rows[i].list, rows[i].max, NULL), rows[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(parses_lists)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
