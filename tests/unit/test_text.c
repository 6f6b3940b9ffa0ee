/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/text.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct row {
	const char *name, *text, *people, *json;
} rows[] = {
	{"plain", "a b/c", "a b/c", "a b/c"},
	{"letters of the world", "ünï 日本 \xf0\x9f\x98\x80", "ünï 日本 \xf0\x9f\x98\x80", "ünï 日本 \xf0\x9f\x98\x80"},
	{"quotes and backslashes", "\"\\", "\"\\", "\\\"\\\\"},
	{"an escape sequence", "a\x1b[2J", "a\\x1b[2J", "a\\u001b[2J"},
	{"lines", "a\nb\tc\r", "a\\x0ab\\x09c\\x0d", "a\\u000ab\\u0009c\\u000d"},
	{"delete", "\x7f", "\\x7f", "\\u007f"},
	{"C1: a control sequence introducer in UTF-8", "\xc2\x9b" "2J", "\\x9b2J", "\\u009b2J"},
	{"C1: its first and last", "\xc2\x80\xc2\x9f\xc2\xa0", "\\x80\\x9f\xc2\xa0", "\\u0080\\u009f\xc2\xa0"},
	{"a raw C1 byte is no UTF-8", "\x9b" "2J", "\\x9b2J", "\\ufffd2J"},
	{"right to left", "\xe2\x80\xae" "gpj.exe", "\\u202egpj.exe", "\\u202egpj.exe"},
	{"all bidi controls", "\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9",
         "\\u061c\\u200e\\u200f\\u202a\\u2066\\u2069", "\\u061c\\u200e\\u200f\\u202a\\u2066\\u2069"},
	{"line separators", "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029", "\\u2028\\u2029"},
	{"half a character", "\xe2\x80", "\\xe2\\x80", "\\ufffd\\ufffd"},
	{"an overlong newline", "\xc0\x8a", "\\xc0\\x8a", "\\ufffd\\ufffd"},
	{"a surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd"},
};

static char *printed(void (*print)(FILE *, const char *), const char *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	print(out, s);
	fclose(out);
	return text;
}

static void a_terminal_is_told_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *people = printed(text_print, rows[i].text), *json = printed(text_print_json, rows[i].text);

		if (strcmp(people, rows[i].people) != 0 || strcmp(json, rows[i].json) != 0)
			fail_msg("%s: %s, %s", rows[i].name, people, json);
		free(people);
		free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_terminal_is_told_nothing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
