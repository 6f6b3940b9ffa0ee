/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/log_writer.h"
#include "runtime/launch/restart.h"
#include "runtime/state/log_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define T "2026-11-21T05:00:00.123456789Z"

static void lines_of_the_cri(void **state)
{
	static const struct {
		const char *line, *text; /* NULL: none of them */
		enum log_stream stream;
		bool partial;
	} rows[] = {
		{T " stdout F word", "word", LOG_STDOUT, false}, {T " stderr P a b", "a b", LOG_STDERR, true},
		{T " stdout F ", "", LOG_STDOUT, false},         {T " stdout F", "", LOG_STDOUT, false},
		{T " stdout F  x ", " x ", LOG_STDOUT, false},   {"2026-11-21T05:00:00Z stdout P x", "x", LOG_STDOUT, true},
		{"", NULL},                                      {"word", NULL},
		{T, NULL},                                       {T " ", NULL},
		{T " stdout", NULL},                             {T " stdout ", NULL},
		{T " stdout X word", NULL},                      {T " stdout Fword", NULL},
		{T " stdxxx F word", NULL},                      {T "x stdout F word", NULL},
		{"Z stdout F word", NULL},                       {" stdout F word", NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log_line line = {0};
		bool good = log_line_parse(rows[i].line, strlen(rows[i].line), &line);

		if (good != (rows[i].text != NULL))
			fail_msg("\"%s\": %d", rows[i].line, good);
		if (good && (line.len != strlen(rows[i].text) || memcmp(line.text ?: "", rows[i].text, line.len) != 0 ||
		             line.stream != rows[i].stream || line.partial != rows[i].partial))
			fail_msg("\"%s\": \"%.*s\"", rows[i].line, (int)line.len, line.text);
	}
}

static void a_head_is_what_is_parsed(void **state)
{
	char buf[LOG_HEAD_MAX + 8];
	struct log_line line;
	size_t n = log_head(buf, T, LOG_STDERR, true);

	strcpy(buf + n, "text");
	assert_string_equal(buf, T " stderr P text");
	assert_true(log_line_parse(buf, n + 4, &line) && line.partial && line.stream == LOG_STDERR && line.len == 4);
	assert_false(log_line_is_before(&line, T));
	assert_true(log_line_is_before(&line, "2026-11-21T05:00:00.123456790Z"));
	assert_false(log_line_is_before(&line, "2026-11-21T05:00:00.123456788Z"));
}

static void moments_as_people_give_them(void **state)
{
	static const struct {
		const char *text, *moment; /* NULL: none */
	} rows[] = {
		{"0", "1970-01-01T00:00:00.000000000Z"},
		{"1795237200.5", "2026-11-21T05:00:00.500000000Z"},
		{"10s", "2026-11-21T04:59:50.250000000Z"},
		{"500ms", "2026-11-21T04:59:59.750000000Z"},
		{"1h30m", "2026-11-21T03:30:00.250000000Z"},
		{T, T},
		{"2026-11-21T05:00:00Z", "2026-11-21T05:00:00.000000000Z"},
		{"2026-11-21T05:00:00.25+01:00", "2026-11-21T04:00:00.250000000Z"},
		{"2026-11-21T05:00:00-00:30", "2026-11-21T05:30:00.000000000Z"},
		{"2026-11-21 05:00:01", "2026-11-21T05:00:01.000000000Z"},
		{"2026-11-21T05:07", "2026-11-21T05:07:00.000000000Z"},
		{"2026-11-21", "2026-11-21T00:00:00.000000000Z"},
		{"2024-02-29", "2024-02-29T00:00:00.000000000Z"},
		{"2000-03-01T00:00:00Z", "2000-03-01T00:00:00.000000000Z"},
		{"", NULL},          {"yesterday", NULL},            {"2026-13-01", NULL},          {"2026-11-32", NULL},
		{"1969-01-01", NULL}, {"2026-11-21T", NULL},         {"2026-11-21T25:00:00", NULL}, {"2026-11-21T05:00:00X", NULL},
		{"10x", NULL},       {"2026-11-21T05:00:00+1", NULL}, {"-5s", NULL},
	};
	const struct timespec now = {1795237200, 250000000};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char moment[TIME_TEXT_SIZE] = "";
		bool good = log_moment(rows[i].text, now, moment);

		if (good != (rows[i].moment != NULL) || (good && strcmp(moment, rows[i].moment) != 0))
			fail_msg("\"%s\": %s", rows[i].text, good ? moment : "none");
	}
}

static void policies_of_docker(void **state)
{
	static const struct {
		const char *text;
		enum restart_kind kind;
		unsigned max;
	} good[] = {
		{"no", RESTART_NO, 0}, {"on-failure", RESTART_ON_FAILURE, 0}, {"on-failure:0", RESTART_ON_FAILURE, 0},
		{"on-failure:12", RESTART_ON_FAILURE, 12}, {"always", RESTART_ALWAYS, 0},
	};
	static const char *const bad[] = {"", "yes", "on-failure:", "on-failure:x", "on-failure:-1", "on-failure:1x", "on-failure:9999999999",
	                                  "always:3", "no:1", "on", "unless-stopped", "Always"};
	struct restart_policy policy;
	struct error err;

	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(restart_parse(good[i].text, &policy, &err), 0);
		assert_int_equal(policy.kind, good[i].kind);
		assert_int_equal(policy.max, good[i].max);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		err = (struct error){0};
		if (restart_parse(bad[i], &policy, &err) >= 0 || policy.kind != RESTART_NO || !strstr(err.text, bad[i]) || !*err.hint)
			fail_msg("\"%s\": %s", bad[i], err.text);
	}
}

static void who_is_started_again(void **state)
{
	const struct restart_policy never = {RESTART_NO}, three = {RESTART_ON_FAILURE, 3}, failed = {RESTART_ON_FAILURE}, always = {RESTART_ALWAYS};

	assert_false(restart_wanted(&never, 0, 1));
	assert_false(restart_wanted(&failed, 0, 0));
	assert_true(restart_wanted(&failed, 1000, 137));
	assert_true(restart_wanted(&three, 2, 1));
	assert_false(restart_wanted(&three, 3, 1));
	assert_true(restart_wanted(&always, 1000, 0));
}

static void pauses_double_to_a_minute_and_begin_again_after_a_good_run(void **state)
{
	const uint64_t ms = 1000000, s = 1000 * ms;
	uint64_t pause = 0;

	for (uint64_t expected = 100 * ms; expected < 60 * s; expected *= 2) {
		pause = restart_pause(pause, s);
		assert_int_equal(pause, expected);
	}
	assert_int_equal(restart_pause(pause, s), 60 * s);
	assert_int_equal(restart_pause(60 * s, s), 60 * s);
	assert_int_equal(restart_pause(60 * s, 10 * s), 100 * ms);
}

static void paths_of_logs(void **state)
{
	char buf[PATH_MAX], expected[PATH_MAX + 8], *long_one = test_calloc(1, PATH_MAX + 1);
	struct error err;

	assert_int_equal(log_path("/var/x.log", "id", buf, &err), 0);
	assert_string_equal(buf, "/var/x.log");
	assert_int_equal(log_path("/nowhere/", "id", buf, &err), 0);
	assert_string_equal(buf, "/nowhere/id.log");
	assert_int_equal(log_path("/", "id", buf, &err), 0);
	assert_int_equal(strcmp(buf + strlen(buf) - 7, "/id.log"), 0);
	assert_non_null(getcwd(buf, sizeof(buf)));
	snprintf(expected, sizeof(expected), "%s/a/b", buf);
	assert_int_equal(log_path("a/b", "id", buf, &err), 0);
	assert_string_equal(buf, expected);
	memset(long_one, 'x', PATH_MAX);
	assert_true(log_path(long_one, "id", buf, &err) < 0);
	test_free(long_one);
}

/* What a log holds, of one that is written by `put`. */
static char *written(void (*put)(struct log_writer *w))
{
	char path[] = "/tmp/test_logs.XXXXXX", *text = test_calloc(1, 300000);
	int fd = mkstemp(path);
	struct log_writer w;
	struct error err;
	size_t n;
	FILE *file;

	assert_true(fd >= 0 && log_writer_open(&w, path, 0, &err) == 0);
	put(&w);
	log_writer_close(&w);
	file = fopen(path, "re");
	assert_non_null(file);
	n = fread(text, 1, 299999, file);
	text[n] = '\0';
	fclose(file);
	close(fd);
	unlink(path);
	return text;
}

static void put_lines(struct log_writer *w)
{
	log_writer_put(w, LOG_STDOUT, "one\n\ntw", 7);
	log_writer_put(w, LOG_STDERR, "o\n", 2);
	log_writer_say(w, "a\nb\033[m");
}

static void put_long(struct log_writer *w)
{
	static char text[40001];

	memset(text, 'x', 40000);
	text[40000] = '\n';
	log_writer_put(w, LOG_STDOUT, text, sizeof(text));
}

static void what_is_written_is_cut_into_lines(void **state)
{
	static const char *const expected[] = {" stdout F one", " stdout F ", " stdout P tw", " stderr F o", " stderr F crun-lite: a?b?[m"};
	char *text = written(put_lines), *line = text;

	for (size_t i = 0; i < COUNT(expected); i++, line += strcspn(line, "\n") + 1)
		if (strncmp(line + strlen(T), expected[i], strcspn(line + strlen(T), "\n")) != 0 || line[strlen(T) + strlen(expected[i])] != '\n')
			fail_msg("%s: %s", expected[i], line);
	assert_int_equal(*line, '\0');
	test_free(text);
}

static void long_lines_are_parts(void **state)
{
	char *text = written(put_long), *line = text;
	size_t sum = 0, parts = 0;
	struct log_line l;

	for (; *line; line += strcspn(line, "\n") + 1, parts++) {
		assert_true(log_line_parse(line, strcspn(line, "\n"), &l) && l.len <= 16384);
		sum += l.len;
	}
	assert_int_equal(sum, 40000);
	assert_int_equal(parts, 3);
	assert_false(l.partial);
	test_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_cri),
		cmocka_unit_test(a_head_is_what_is_parsed),
		cmocka_unit_test(moments_as_people_give_them),
		cmocka_unit_test(policies_of_docker),
		cmocka_unit_test(who_is_started_again),
		cmocka_unit_test(pauses_double_to_a_minute_and_begin_again_after_a_good_run),
		cmocka_unit_test(paths_of_logs),
		cmocka_unit_test(what_is_written_is_cut_into_lines),
		cmocka_unit_test(long_lines_are_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
