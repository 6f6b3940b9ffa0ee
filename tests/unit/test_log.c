/* log.c: what people, engines and terminals get to read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "tests/unit/unit.h"

/* The log's state lives as long as the process: every case runs in a child of its own. */
struct outcome {
	char err[16384], file[16384];
	int status;
};

static void slurp(int fd, char *ret, size_t size)
{
	ssize_t n = pread(fd, ret, size - 1, 0);

	ret[n > 0 ? n : 0] = '\0';
	close(fd);
}

static void in_child(void (*act)(const void *), const void *arg, struct log_options options,
		     struct outcome *ret)
{
	char path[] = "/tmp/test-log-XXXXXX";
	int file = mkstemp(path), err = memfd_create("stderr", MFD_CLOEXEC);
	struct error error;
	pid_t pid;

	assert_true(file >= 0 && err >= 0);
	if (options.path)
		options.path = path;
	pid = fork();
	if (pid == 0) {
		dup2(err, STDERR_FILENO);
		if (log_open(&options, &error) == 0)
			act(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &ret->status, 0), pid);
	unlink(path);
	slurp(file, ret->file, sizeof(ret->file));
	slurp(err, ret->err, sizeof(ret->err));
}

static void fail_with(const void *arg)
{
	log_failure(arg);
}

/* Replaces the time by T, after checking that Go's RFC3339Nano would take it. */
static void without_time(char *s)
{
	static const char pattern[] =
		"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{9}Z";
	regmatch_t at;
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED), 0);
	assert_int_equal(regexec(&re, s, 1, &at, 0), 0);
	regfree(&re);
	s[at.rm_so] = 'T';
	memmove(s + at.rm_so + 1, s + at.rm_eo, strlen(s + at.rm_eo) + 1);
}

static const struct {
	const char *name;
	struct error err;
	const char *text, *json;
} failures[] = {
	{"a plain failure has the kernel's words in lower case",
	 {.code = EPERM, .text = "create web1: mount tmpfs on /dev/shm"},
	 "crun-lite: create web1: mount tmpfs on /dev/shm: operation not permitted\n",   "create web1: mount tmpfs on /dev/shm: operation not permitted"             },
	{"a message that says it all gets no reason",
	 {.code = ERROR_SAID, .text = "container web1 does not exist"},
	 "crun-lite: container web1 does not exist\n",				   "container web1 does not exist"					     },
	{"the place and the hint follow",
	 {.code = EACCES,
	  .text = "open /x",
	  .line = 88,
	  .column = 17,
	  .file = "config.json",
	  .pointer = "/mounts/3",
	  .hint = "look at it"},
	 "crun-lite: open /x: permission denied\n  asked for at config.json:88:17 (/mounts/3)\n"
	 "  hint: look at it\n",							 "open /x: permission denied (config.json:88:17 /mounts/3); hint: look at it"},
	{"a pointer alone is a place too",
	 {.code = ENOENT, .text = "open /x", .pointer = "/root/path"},
	 "crun-lite: open /x: no such file or directory\n  asked for at /root/path\n",   "open /x: no such file or directory (/root/path)"                           },
	{"a line of an unnamed text is one of config.json",
	 {.code = ENOTDIR, .text = "x", .line = 1, .column = 2},
	 "crun-lite: x: not a directory\n  asked for at config.json:1:2\n",	      "x: not a directory (config.json:1:2)"                                      },
	{"only the first letter of a reason is touched",
	 {.code = EIO, .text = "x"},
	 "crun-lite: x: input/output error\n",					   "x: input/output error"						     },
	{"terminal commands and line breaks are shown, not obeyed",
	 {.code = ERROR_SAID,
	  .text = "a\x1b[2Jb\nc\x7f"
		  "d\xc2\x9b"
		  "e"},
	 "crun-lite: a\\x1b[2Jb\\x0ac\\x7fd\\x9be\n",				    "a\\u001b[2Jb\\u000ac\\u007fd\\u009be"                                      },
	{"text that runs backwards is shown as what it is",
	 {.code = ERROR_SAID,
	  .text = "a\xe2\x80\xae"
		  "b"},
	 "crun-lite: a\\u202eb\n",						       "a\\u202eb"								 },
	{"quotes and backslashes are escaped in JSON alone",
	 {.code = ERROR_SAID, .text = "\"a\\b\""},
	 "crun-lite: \"a\\b\"\n",							"\\\"a\\\\b\\\""							    },
	{"UTF-8 passes and what is none does not",
	 {.code = ERROR_SAID, .text = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xff\xc3(\xed\xa0\x80"},
	 "crun-lite: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \\xff\\xc3(\\xed\\xa0\\x80\n", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd" },
};

static void test_failures_as_text(void **unused)
{
	static struct outcome out;

	for (size_t i = 0; i < COUNT(failures); i++) {
		print_message("  %s\n", failures[i].name);
		in_child(fail_with, &failures[i].err, (struct log_options){.level = -1}, &out);
		assert_string_equal(out.err, failures[i].text);
	}
}

static void test_failures_as_json(void **unused)
{
	static struct outcome out;
	static char expected[2048];

	for (size_t i = 0; i < COUNT(failures); i++) {
		print_message("  %s\n", failures[i].name);
		snprintf(expected, sizeof(expected),
			 "{\"level\":\"error\",\"msg\":\"%s\",\"time\":\"T\"}\n", failures[i].json);
		/* Without a file stderr is the log ... */
		in_child(fail_with, &failures[i].err,
			 (struct log_options){.json = true, .level = -1}, &out);
		without_time(out.err);
		assert_string_equal(out.err, expected);
		/* ... with one it is for people. */
		in_child(fail_with, &failures[i].err,
			 (struct log_options){.path = "x", .json = true, .level = -1}, &out);
		without_time(out.file);
		assert_string_equal(out.file, expected);
		assert_string_equal(out.err, failures[i].text);
	}
}

static void test_text_file_is_like_logrus(void **unused)
{
	const struct error err = {.code = EBUSY, .text = "say \"x\"\n"};
	static struct outcome out;

	in_child(fail_with, &err, (struct log_options){.path = "x", .level = -1}, &out);
	without_time(out.file);
	assert_string_equal(out.file, "time=\"T\" level=error "
				      "msg=\"say \\\"x\\\"\\x0a: device or resource busy\"\n");
}

/* The longest of everything, each byte six in JSON: the object is cut, and closed. */
static void test_overlong_message_stays_one_object(void **unused)
{
	static struct error err = {.code = EPERM, .line = 1};
	static struct outcome out;

	memset(err.text, 1, sizeof(err.text) - 1);
	memset(err.hint, 1, sizeof(err.hint) - 1);
	memset(err.pointer, 1, sizeof(err.pointer) - 1);
	memset(err.file, 1, sizeof(err.file) - 1);
	in_child(fail_with, &err, (struct log_options){.json = true, .level = -1}, &out);
	without_time(out.err);
	assert_true(strlen(out.err) > 6 * sizeof(err.text));
	assert_string_equal(out.err + strlen(out.err) - strlen("\\u0001\",\"time\":\"T\"}\n"),
			    "\\u0001\",\"time\":\"T\"}\n");
}

static void warn_and_debug(const void *unused)
{
	log_warning("warned %d", 1);
	log_debug("debugged %s", "x");
}

static void test_levels(void **unused)
{
	static const struct {
		struct log_options options;
		const char *err, *file;
	} rows[] = {
		{{.level = -1},                            "crun-lite: warning: warned 1\n", ""},
		{{.path = "x", .json = true, .level = -1}, "",                               ""},
		{{.level = LOG_LEVEL_ERROR},               "",                               ""},
		{{.level = LOG_LEVEL_DEBUG},
		 "crun-lite: warning: warned 1\ncrun-lite: debug: debugged x\n",             ""},
	};
	static struct outcome out;

	for (size_t i = 0; i < COUNT(rows); i++) {
		in_child(warn_and_debug, NULL, rows[i].options, &out);
		assert_string_equal(out.err, rows[i].err);
		assert_string_equal(out.file, rows[i].file);
	}
	in_child(warn_and_debug, NULL,
		 (struct log_options){.path = "x", .json = true, .level = LOG_LEVEL_WARNING}, &out);
	without_time(out.file);
	assert_string_equal(out.file,
			    "{\"level\":\"warning\",\"msg\":\"warned 1\",\"time\":\"T\"}\n");
	assert_string_equal(out.err, "");
}

/* Whatever the time zone. */
static void test_time_is_now_in_utc(void **unused)
{
	const struct error err = {.code = EPERM, .text = "x"};
	static struct outcome out;
	char before[32], after[32];
	const char *found;
	time_t t;

	setenv("TZ", "Asia/Kathmandu", 1);
	t = time(NULL);
	strftime(before, sizeof(before), "%Y-%m-%dT%H:%M:%S", gmtime(&t));
	in_child(fail_with, &err, (struct log_options){.json = true, .level = -1}, &out);
	t = time(NULL);
	strftime(after, sizeof(after), "%Y-%m-%dT%H:%M:%S", gmtime(&t));
	found = strstr(out.err, "\"time\":\"") + strlen("\"time\":\"");
	assert_true(strncmp(found, before, strlen(before)) >= 0);
	assert_true(strncmp(found, after, strlen(after)) <= 0);
	unsetenv("TZ");
}

static void test_log_file_that_cannot_be(void **unused)
{
	const struct log_options options = {.path = "/no/such/dir/log", .level = -1};
	struct error err;

	assert_int_equal(log_open(&options, &err), -ENOENT);
	assert_string_equal(err.text, "open the log file /no/such/dir/log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failures_as_text),
		cmocka_unit_test(test_failures_as_json),
		cmocka_unit_test(test_text_file_is_like_logrus),
		cmocka_unit_test(test_overlong_message_stays_one_object),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_time_is_now_in_utc),
		cmocka_unit_test(test_log_file_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
