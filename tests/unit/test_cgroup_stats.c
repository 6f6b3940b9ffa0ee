/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats_text.h"

#include <string.h>

#include "tests/unit/unit.h"

static void a_number_is_the_whole_text(void **state)
{
	static const struct { const char *text; bool good; uint64_t value; } rows[] = {
		{"0", true, 0},
		{"1024", true, 1024},
		{"1024\n", true, 1024},
		{"max", true, STATS_MAX},
		{"max\n", true, STATS_MAX},
		{"18446744073709551615", true, STATS_MAX},
		{"99999999999999999999999", true, STATS_MAX},
		{"", false, 0},
		{"-1", false, 0},
		{"maximum", false, 0},
		{"12 34", false, 0},
		{"12x", false, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t n = 7;

		assert_int_equal(stats_number(rows[i].text, &n), rows[i].good);
		if (rows[i].good)
			assert_true(n == rows[i].value);
	}
}

static void a_signed_number_may_be_below_zero(void **state)
{
	int64_t n;

	assert_true(stats_signed("-1\n", &n) && n == -1);
	assert_true(stats_signed("5", &n) && n == 5);
	assert_false(stats_signed("--1", &n));
	assert_false(stats_signed("18446744073709551615", &n));
}

static void fields_are_found_by_their_whole_key(void **state)
{
	static const char text[] = "oom 3\noom_kill 2\nbroken\n noise 4\nhalf \nword ten\noom_group_kill 1";
	uint64_t n = 0;

	assert_true(stats_field(text, "oom", &n) && n == 3);
	assert_true(stats_field(text, "oom_kill", &n) && n == 2);
	assert_true(stats_field(text, "oom_group_kill", &n) && n == 1);
	assert_false(stats_field(text, "oom_", &n));
	assert_false(stats_field(text, "broken", &n));
	assert_false(stats_field(text, "word", &n));
	assert_false(stats_field("", "oom", &n));
}

static void every_field_is_seen_once_in_order(void **state)
{
	const char *text = "anon 1\nno number\nfile 22\n";
	struct stats_field field;

	assert_true(stats_next_field(&text, &field));
	assert_true(field.len == 4 && memcmp(field.key, "anon", 4) == 0 && field.value == 1);
	assert_true(stats_next_field(&text, &field));
	assert_true(field.len == 4 && memcmp(field.key, "file", 4) == 0 && field.value == 22);
	assert_false(stats_next_field(&text, &field));
	assert_string_equal(text, "");
}

static void numbers_of_all_processors(void **state)
{
	const char *text = "12 0 345 \n";
	uint64_t n;

	assert_true(stats_next_number(&text, &n) && n == 12);
	assert_true(stats_next_number(&text, &n) && n == 0);
	assert_true(stats_next_number(&text, &n) && n == 345);
	assert_false(stats_next_number(&text, &n));
}

static void a_column_of_a_table_with_a_heading(void **state)
{
	static const char table[] = "cpu user system\n0 10 20\n1 11 21\nshort 1\n2 12\n";
	const char *text = table;
	uint64_t n;

	assert_true(stats_next_cell(&text, 2, &n) && n == 20);
	assert_true(stats_next_cell(&text, 2, &n) && n == 21);
	assert_false(stats_next_cell(&text, 2, &n));
	text = table;
	assert_true(stats_next_cell(&text, 1, &n) && n == 10);
	assert_true(stats_next_cell(&text, 1, &n) && n == 11);
	assert_true(stats_next_cell(&text, 1, &n) && n == 12);
	assert_false(stats_next_cell(&text, 1, &n));
}

static void lists_are_spread_out(void **state)
{
	static const struct { const char *text; size_t n; uint64_t last; } rows[] = {
		{"", 0, 0},
		{"\n", 0, 0},
		{"0", 1, 0},
		{"0-3,7\n", 5, 7},
		{"3-3", 1, 3},
		{"5-2", 0, 0},
		{"1,99999999999", 1, 1},
		{"0-18446744073709551615", 0, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stats_list list = {.text = rows[i].text};
		uint64_t value, last = 0;
		size_t n = 0;

		for (; stats_next_of_list(&list, &value); n++)
			last = value;
		assert_int_equal(n, rows[i].n);
		assert_true(last == rows[i].last);
	}
}

static void expect_io(struct stats_io *io, uint64_t minor, const char *op, uint64_t value)
{
	assert_true(stats_next_io(io));
	assert_true(io->major == 8 && io->minor == minor && io->value == value);
	assert_string_equal(io->op, op);
}

static void io_of_v1(void **state)
{
	struct stats_io io = {.text = "8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n8:16 77\n"};

	expect_io(&io, 0, "Read", 4096);
	expect_io(&io, 0, "Total", 4096);
	expect_io(&io, 16, "", 77);
	assert_false(stats_next_io(&io));
}

static void io_of_v2(void **state)
{
	/* 8:16 has no count yet; the kernel writes cost.* with other words. */
	struct stats_io io = {.text = "8:0 rbytes=1 wbytes=2 cost.usage=9 new=word rios=3\n8:16 \n8:32 wios=4\n"};

	expect_io(&io, 0, "rbytes", 1);
	expect_io(&io, 0, "wbytes", 2);
	expect_io(&io, 0, "cost.usage", 9);
	expect_io(&io, 32, "wios", 4);
	assert_false(stats_next_io(&io));
}

static void io_that_is_none(void **state)
{
	static const char *const texts[] = {"", "\n\n", "8:0", "8:0 ", "8 Read 1\n", ":0 Read 1\n", "8:x Read 1\n",
	                                    "8:0 a-very-long-operation 1\n", "8:0 Read\n", "8:0 Read=\n"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct stats_io io = {.text = texts[i]};

		assert_false(stats_next_io(&io));
	}
}

static void pressure_in_hundredths(void **state)
{
	static const char text[] = "some avg10=0.25 avg60=12.00 avg300=100.00 total=1234\n"
	                           "full avg10=0.00 avg60=0.07 avg300=0.00 total=99\n";
	struct stats_pressure p;

	assert_true(stats_pressure(text, "some", &p));
	assert_true(p.avg10 == 25 && p.avg60 == 1200 && p.avg300 == 10000 && p.total == 1234);
	assert_true(stats_pressure(text, "full", &p));
	assert_true(p.avg10 == 0 && p.avg60 == 7 && p.total == 99);
	assert_false(stats_pressure(text, "none", &p));
	assert_false(stats_pressure("some avg10=1 avg60=2 avg300=3 total=4\n", "some", &p));
	assert_false(stats_pressure("some avg10=0.2", "some", &p));
	assert_false(stats_pressure("", "some", &p));
}

static void page_sizes_as_the_controller_writes_them(void **state)
{
	static const struct { const char *directory, *size; } rows[] = {
		{"hugepages-2048kB", "2MB"},      {"hugepages-1048576kB", "1GB"}, {"hugepages-64kB", "64KB"},
		{"hugepages-16777216kB", "16GB"}, {"hugepages-kB", NULL},         {"hugepages-0kB", NULL},
		{"hugepages-2048", NULL},         {"..", NULL},
	};
	char buf[24];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(stats_page_size(rows[i].directory, buf, sizeof(buf)), rows[i].size != NULL);
		if (rows[i].size)
			assert_string_equal(buf, rows[i].size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_the_whole_text),
		cmocka_unit_test(a_signed_number_may_be_below_zero),
		cmocka_unit_test(fields_are_found_by_their_whole_key),
		cmocka_unit_test(every_field_is_seen_once_in_order),
		cmocka_unit_test(numbers_of_all_processors),
		cmocka_unit_test(a_column_of_a_table_with_a_heading),
		cmocka_unit_test(lists_are_spread_out),
		cmocka_unit_test(io_of_v1),
		cmocka_unit_test(io_of_v2),
		cmocka_unit_test(io_that_is_none),
		cmocka_unit_test(pressure_in_hundredths),
		cmocka_unit_test(page_sizes_as_the_controller_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
