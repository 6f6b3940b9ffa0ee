/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/complaint.h"

/* text in, complaint out; NULL: it is good */
static const struct row {
	const char *name, *text, *error;
	unsigned line, column;
	const char *pointer;
} rows[] = {
	{"takes an empty object", "{}"},
	{"takes an empty array", " [ ] "},
	{"takes a lone number", "12"},
	{"takes a lone string", "\"\""},
	{"takes all kinds of numbers", "[0, -0, 1.5, -1e9, 2E+3, 99999999999999999999999]"},
	{"takes all escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\""},
	{"takes a surrogate pair", "\"\\ud83d\\ude00\""},
	{"takes the last code point", "\"\xf4\x8f\xbf\xbf\""},
	{"takes a NUL in a value", "[\"a\\u0000b\"]"},
	{"takes equal keys in different objects", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"},
	{"takes a key that begins like another", "{\"a\":1,\"ab\":2,\"\":3}"},

	{"refuses nothing", "", "the text is empty", 1, 1, ""},
	{"refuses nothing but space", " \n ", "the text is empty", 1, 1, ""},
	{"refuses an unfinished object", "{\n \"a\": 1", "the text ends too early", 2, 8, ""},
	{"refuses an unfinished array", "{\"a\":[1,", "the text ends too early", 1, 9, "/a"},
	{"refuses an unfinished string", "{\"a\":\n\"bc", "a string that does not end", 2, 1, ""},
	{"refuses an unfinished escape", "[\"bc\\", "a string that does not end", 1, 2, ""},
	{"refuses an unfinished \\u", "[\"\\u12", "a string that does not end", 1, 2, ""},
	{"refuses an unfinished literal", "[tru", "expected true, false, null or a value in quotes", 1, 2, ""},
	{"refuses an unfinished number", "-", "a digit is missing after the minus sign", 1, 1, ""},
	{"refuses trailing garbage", "{} x", "nothing may follow the JSON value", 1, 4, ""},
	{"refuses a second value", "{}\n{}", "nothing may follow the JSON value", 2, 1, ""},
	{"refuses a comment", "{\n/* no */}", "comments are not allowed in JSON", 2, 1, ""},
	{"refuses a line comment", "// no\n{}", "comments are not allowed in JSON", 1, 1, ""},
	{"refuses a trailing comma in an object", "{\"a\":1,\n}", "expected a key in double quotes", 2, 1, ""},
	{"refuses a trailing comma in an array", "[1,]", "expected a value", 1, 4, ""},
	{"refuses a comma first", "[,1]", "expected a value", 1, 2, ""},
	{"refuses a missing comma in an array", "{\"a\":[1 2]}", "expected ',' or ']' after an array element", 1, 9, "/a"},
	{"refuses a missing comma in an object", "{\"a\":1 \"b\":2}", "expected ',' or '}' after a member of an object", 1, 8, ""},
	{"refuses a missing colon", "{\"a\" 1}", "expected ':' after a key", 1, 6, ""},
	{"refuses a bare key", "{a:1}", "this character cannot begin a value", 1, 2, ""},
	{"refuses a number as key", "{1:1}", "expected a key in double quotes", 1, 2, ""},
	{"refuses a misspelt literal", "{\n \"a\": tru,\n}", "expected true, false, null or a value in quotes", 2, 7, ""},
	{"refuses single quotes", "['a']", "this character cannot begin a value", 1, 2, ""},
	{"refuses a leading zero", "[01]", "expected ',' or ']' after an array element", 1, 3, ""},
	{"refuses a plus", "[+1]", "this character cannot begin a value", 1, 2, ""},
	{"refuses a lone minus", "[ -]", "a digit is missing after the minus sign", 1, 3, ""},
	{"refuses a lone point", "[1.]", "a digit is missing after the decimal point", 1, 2, ""},
	{"refuses an empty exponent", "[1e]", "a digit is missing in the exponent", 1, 2, ""},
	{"refuses NaN", "[NaN]", "this character cannot begin a value", 1, 2, ""},
	{"refuses a raw newline in a string", "[\"a\nb\"]", "a control character in a string must be escaped", 1, 4, ""},
	{"refuses an unknown escape", "[\"ab\\x\"]", "a backslash must not stand before this character", 1, 6, ""},
	{"refuses a short \\u", "[\"\\u12g4\"]", "\\u needs four hexadecimal digits", 1, 7, ""},
	{"refuses the wrong bracket", "{]", "expected a key in double quotes", 1, 2, ""},
	{"refuses a byte order mark", "\xef\xbb\xbf{}", "this character cannot begin a value", 1, 1, ""},

	{"refuses a duplicate key", "{\"a\": 1,\n  \"a\": 2}", "\"a\" is given twice", 2, 3, "/a"},
	{"refuses a duplicate inside", "{\"p\": {\"x\": [{\"a\":1, \"b\":2, \"a\":3}]}}", "\"a\" is given twice", 1, 29, "/p/x/0/a"},
	{"refuses a duplicate in other spelling", "{\"a\":1,\"\\u0061\":2}", "\"a\" is given twice", 1, 8, "/a"},
	{"names the first duplicate", "{\"a\":1,\"b\":1,\"b\":2,\"a\":2}", "\"b\" is given twice", 1, 14, "/b"},
	{"names the first duplicate of many", "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,\"a\":1,\"b\":1,\"c\":1,\"b\":1,\"1\":1}",
	 "\"b\" is given twice", 1, 74, "/b"},
	{"refuses a NUL in a key", "{\"a\":{\"b\\u0000\":1}}", "a key contains a NUL byte", 1, 7, "/a"},
	{"refuses a raw NUL", NULL, "this character cannot begin a value", 1, 2, ""},

	{"refuses a stray byte", "{\"a\": \"x\x80\"}", "not UTF-8", 1, 9, ""},
	{"refuses Latin-1", "[\"\xe4\xf6\"]", "not UTF-8", 1, 3, ""},
	{"refuses an overlong slash", "[\"\xc0\xaf\"]", "not UTF-8", 1, 3, ""},
	{"refuses an overlong NUL", "[\"\xe0\x80\x80\"]", "not UTF-8", 1, 3, ""},
	{"refuses an encoded surrogate", "[\"\xed\xa0\x80\"]", "not UTF-8", 1, 3, ""},
	{"refuses what is above Unicode", "[\"\xf4\x90\x80\x80\"]", "not UTF-8", 1, 3, ""},
	{"refuses a cut sequence", "[\"\xf0\x9f\x98", "not UTF-8", 1, 3, ""},
	{"refuses a lone high surrogate", "[\"a\\ud83d\"]", "half of a surrogate pair", 1, 4, ""},
	{"refuses a lone low surrogate", "[1, \"\\ude00\"]", "half of a surrogate pair", 1, 6, ""},
	{"refuses two high surrogates", "{\"\\ud83d\\ud83d\":1}", "half of a surrogate pair", 1, 3, ""},
	{"is not misled by an escaped backslash", "[\"\\\\ud83d\"]"},
	{"escapes the pointer", "{\"a/b~c\":[0,{\"\":[1,2 3]}]}", "expected ',' or ']' after an array element", 1, 22, "/a~1b~0c/1/"},
	{"prints no control character", "{\"\\u001b[31m\\u009b\":1,\"\\u001b[31m\\u009b\":1}", "\"?[31m??\" is given twice", 1, 23, "/?[31m??"},
};

static void test_row(void **state)
{
	const struct row *row = *state;
	const char *text = row->text ? row->text : "[\0]";
	struct json_doc *doc = NULL;
	struct error err;
	int r = json_parse(text, row->text ? strlen(text) : 3, "/b/config.json", &doc, &err);

	json_free(doc);
	expect_complaint(r, &err, row->error, row->line, row->column, row->pointer, NULL);
	if (!row->error)
		return;
	assert_int_equal(r, -EINVAL);
	assert_string_equal(err.file, "/b/config.json");
}

/* ---- the tree ---- */

static const char *const sample = "{ \"s\":\"a\\u00e4b\", \"n\" : -12 ,\"t\":true,\n\"f\":false,\"z\":null,"
				  "\"l\":[1,\"two\",[]],\"o\":{\"k\":{}} }";

static int open_sample(void **state)
{
	struct error err;

	return json_parse(sample, strlen(sample), "x", (struct json_doc **)state, &err);
}

static int close_sample(void **state)
{
	json_free(*state);
	return 0;
}

static void test_tree(void **state)
{
	const struct json *root = json_root(*state), *l = json_get(root, "l");

	assert_int_equal(root->type, JSON_OBJECT);
	assert_int_equal(root->len, 7);
	assert_string_equal(json_get(root, "s")->text, "aäb");
	assert_int_equal(json_get(root, "s")->len, 4);
	assert_string_equal(json_get(root, "n")->text, "-12");
	assert_int_equal(json_get(root, "n")->type, JSON_NUMBER);
	assert_true(json_get(root, "t")->truth);
	assert_false(json_get(root, "f")->truth);
	assert_int_equal(json_get(root, "f")->type, JSON_BOOL);
	assert_int_equal(json_get(root, "z")->type, JSON_NULL);
	assert_int_equal(l->len, 3);
	assert_string_equal(l->first->text, "1");
	assert_string_equal(l->first->next->text, "two");
	assert_int_equal(l->first->next->next->type, JSON_ARRAY);
	assert_null(l->first->next->next->next);
	assert_null(l->first->key);
	assert_int_equal(json_get(json_get(root, "o"), "k")->type, JSON_OBJECT);
	assert_null(json_get(root, "absent"));
	assert_null(json_get(l, "s"));
}

static void test_places(void **state)
{
	static const struct {
		const char *key, *raw;
	} spans[] = {
		{"s", "\"a\\u00e4b\""}, {"n", "-12"},  {"t", "true"}, {"f", "false"},
		{"z", "null"},          {"l", "[1,\"two\",[]]"}, {"o", "{\"k\":{}}"},
	};
	const struct json *root = json_root(*state);

	assert_int_equal(root->start, 0);
	assert_int_equal(root->span, strlen(sample));
	for (size_t i = 0; i < COUNT(spans); i++) {
		const struct json *node = json_get(root, spans[i].key);

		assert_int_equal(node->span, strlen(spans[i].raw));
		assert_memory_equal(json_raw(*state, node), spans[i].raw, node->span);
		assert_int_equal(node->start, strstr(sample, spans[i].raw) - sample);
		assert_int_equal(json_source(node).offset, node->start + 1);
	}
}

static void test_blame(void **state)
{
	static const struct {
		const char *at;
		unsigned line, column;
		const char *pointer;
	} places[] = {
		{"{ \"s",   1, 1,  ""},
		{"\"s\"",   1, 3,  "/s"},
		{"-12",     1, 25, "/n"},
		{"\"f\"",   2, 1,  "/f"},
		{"false",   2, 5,  "/f"},
		{"[1,",     2, 24, "/l"},
		{"1,\"two",  2, 25, "/l/0"},
		{"two",     2, 28, "/l/1"},
		{"[]]",     2, 33, "/l/2"},
		{"{}} }",   2, 46, "/o/k"},
		{"} }",     2, 48, "/o"},
	};

	for (size_t i = 0; i < COUNT(places); i++) {
		struct error err = {.code = EINVAL};

		err.at.offset = (uint32_t)(strstr(sample, places[i].at) - sample) + 1;
		json_blame(*state, "f", &err);
		assert_int_equal(err.line, places[i].line);
		assert_int_equal(err.column, places[i].column);
		assert_string_equal(err.pointer, places[i].pointer);
	}
}

static void test_blame_nowhere(void **state)
{
	struct error err = {.code = EINVAL, .text = "x"};

	json_blame(*state, "f", &err);
	assert_int_equal(err.line, 0);
	assert_string_equal(err.file, "");
}

static void test_blame_long_names(void **state)
{
	char text[600] = "{\"", path[300], *end;
	struct json_doc *doc = NULL;
	struct error err;

	(void)state;
	end = text + 2;
	for (int i = 0; i < 100; i++)
		end = stpcpy(end, "ä");
	strcpy(end, "\":[1 2]}");
	memset(path, 'p', sizeof(path));
	strcpy(path + 280, "/config.json");
	json_parse(text, strlen(text), path, &doc, &err);
	assert_int_equal(strlen(err.file), sizeof(err.file) - 1);
	assert_memory_equal(err.file, "...pp", 5);
	assert_string_equal(err.file + sizeof(err.file) - 1 - 12, "/config.json");
	/* cut between two characters */
	assert_int_equal(strlen(err.pointer), 159);
	assert_string_equal(err.pointer + 157, "ä");
}

/* ---- limits ---- */

static char *repeat(const char *open, size_t n, const char *middle, const char *close)
{
	char *text = malloc(n * (strlen(open) + strlen(close)) + strlen(middle) + 1), *p = text;

	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, open);
	p = stpcpy(p, middle);
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, close);
	return text;
}

static void expect_text(char *text, int r, const char *why)
{
	struct json_doc *doc = NULL;
	struct error err;
	int got = json_parse(text, strlen(text), "x", &doc, &err);

	free(text);
	json_free(doc);
	assert_string_equal(err.text, why);
	assert_int_equal(got, r);
}

static void test_depth(void **state)
{
	expect_text(repeat("[", 64, "", "]"), 0, "");
	expect_text(repeat("[", 65, "", "]"), -EINVAL, "nested more than 64 deep");
	expect_text(repeat("{\"a\":", 65, "1", "}"), -EINVAL, "nested more than 64 deep");
	expect_text(repeat("[", 1000000, "", ""), -EINVAL, "nested more than 64 deep");
}

static void test_size(void **state)
{
	expect_text(repeat(" ", JSON_SIZE_MAX - 1, "1", ""), 0, "");
	expect_text(repeat(" ", JSON_SIZE_MAX, "1", ""), -EFBIG, "x is larger than 4194304 bytes");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 400 000 keys of one object: 8e10 comparisons if all pairs were compared. */
static void test_many_keys(void **state)
{
	char *text = malloc(JSON_SIZE_MAX + 1), *p = stpcpy(text, "{");
	double before;

	for (int i = 0; i < 400000; i++)
		p += sprintf(p, "\"%05x\":0,", i * 2017 % 400009);
	strcpy(p, "\"last\":0}");
	assert_true(strlen(text) <= JSON_SIZE_MAX);
	before = seconds();
	expect_text(text, 0, "");
	assert_true(seconds() - before < (getenv("TEST_EMULATED") ? 200 : 10));
}

/* A string that is all escapes makes yajl's buffer grow many times. */
static void test_long_escape(void **state)
{
	char *text = repeat("\\u00e4", 600000, "", ""), *quoted;
	struct json_doc *doc = NULL;
	struct error err;
	size_t len;
	int r;

	assert_true(asprintf(&quoted, "[\"%s\"]", text) > 0);
	r = json_parse(quoted, strlen(quoted), "x", &doc, &err);
	free(text);
	free(quoted);
	len = r == 0 ? json_root(doc)->first->len : 0;
	json_free(doc);
	assert_int_equal(len, 1200000);
}

static void test_alloc(void **state)
{
	struct json_doc *doc = *state;
	char *first = json_alloc(doc, 100), *big = json_alloc(doc, 1 << 20);

	assert_non_null(first);
	assert_non_null(big);
	for (size_t i = 0; i < 1 << 20; i++)
		if (big[i] != 0)
			fail_msg("byte %zu is not zero", i);
	assert_int_equal((uintptr_t)big % 16, 0);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test_setup_teardown(test_tree, open_sample, close_sample),
		cmocka_unit_test_setup_teardown(test_places, open_sample, close_sample),
		cmocka_unit_test_setup_teardown(test_blame, open_sample, close_sample),
		cmocka_unit_test_setup_teardown(test_blame_nowhere, open_sample, close_sample),
		cmocka_unit_test_setup_teardown(test_alloc, open_sample, close_sample),
		cmocka_unit_test(test_blame_long_names),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_long_escape),
	};

	return RUN_ROWS("json: texts", rows, test_row) +
	       cmocka_run_group_tests_name("json: tree and limits", others, NULL, NULL);
}
