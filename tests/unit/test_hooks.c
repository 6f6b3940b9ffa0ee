/* hooks: what a hook gets, and what is said when it fails. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/launch/hooks.h"
#include "tests/unit/unit.h"

#define LINES_MAX 6

/* The hook's output goes to the file "out" of a directory that is also our working directory. */
static char directory[] = "/tmp/test-hooks-XXXXXX";
static char out[1 << 16];

static int setup(void **unused)
{
	strcpy(strrchr(directory, '-'), "-XXXXXX");
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int teardown(void **unused)
{
	unlink("out");
	unlink("script");
	return chdir("/") == 0 ? rmdir(directory) : -1;
}

static const char *read_out(void)
{
	int fd = open("out", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, sizeof(out) - 1);

	out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return out;
}

struct command {
	struct text args[4], env[2];
};

/* sh -c SCRIPT, with an optional environment. */
static struct hook shell(struct command *room, const char *script)
{
	struct hook hook = {.path = {.s = "/bin/sh"}, .at = {7}};

	memset(room, 0, sizeof(*room));
	room->args[0].s = "my-sh";
	room->args[1].s = "-c";
	room->args[2].s = script;
	hook.args = (struct texts){.n = 3, .v = room->args, .set = true};
	return hook;
}

static int run_one(const struct hook *hook, const char *state, size_t len, struct error *err)
{
	struct hook copy = *hook;
	const struct hooks hooks = {1, &copy};

	return hooks_run(&hooks, HOOK_CREATE_RUNTIME, state, len, err);
}

static void run_well(const char *script, const char *state)
{
	struct command room;
	struct hook hook = shell(&room, script);
	struct error err;

	if (run_one(&hook, state, strlen(state), &err) < 0)
		fail_msg("%s: %s", script, err.text);
}

static void test_state_and_arguments(void **unused)
{
	run_well("cat > out; echo \" $0\" >> out", "{\"id\": \"web1\"}");
	assert_string_equal(read_out(), "{\"id\": \"web1\"} my-sh\n");
}

static void test_stdin_can_be_opened_by_name(void **unused)
{
	run_well("cat /dev/stdin > out", "state");
	assert_string_equal(read_out(), "state");
}

static void write_script(const char *text)
{
	int fd = open("script", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_without_args_the_path_is_argument_zero(void **unused)
{
	char path[64];
	const struct hook hook = {.path = {.s = path}};
	struct error err;

	snprintf(path, sizeof(path), "%s/script", directory);
	write_script("#!/bin/sh\necho $# ${0##*/} > out\n");
	assert_int_equal(run_one(&hook, "", 0, &err), 0);
	assert_string_equal(read_out(), "0 script\n");
}

static void test_environment(void **unused)
{
	struct command room;
	struct hook hook = shell(&room, "/usr/bin/env | /usr/bin/grep MARK > out; :");
	struct error err;

	setenv("MARK", "ours", 1);
	assert_int_equal(run_one(&hook, "", 0, &err), 0);
	assert_string_equal(read_out(), "MARK=ours\n");
	hook.env = (struct texts){.set = true};
	assert_int_equal(run_one(&hook, "", 0, &err), 0);
	assert_string_equal(read_out(), "");
	room.env[0].s = "MARK=its own";
	hook.env = (struct texts){.n = 1, .v = room.env, .set = true};
	assert_int_equal(run_one(&hook, "", 0, &err), 0);
	assert_string_equal(read_out(), "MARK=its own\n");
	unsetenv("MARK");
}

/* 1 MiB is more than any pipe holds by default. */
static void test_large_state(void **unused)
{
	static const struct {
		const char *script, *expected;
	} rows[] = {
		{"wc -c > out",					"1048576\n"},
		{"exec <&-; sleep 0.2; echo closed > out",             "closed\n" },
		{"head -c 10 > /dev/null; sleep 0.2; echo some > out", "some\n"   },
		{"echo none > out",				    "none\n"   },
	};
	size_t len = 1 << 20;
	char *state = malloc(len);
	struct command room;
	struct error err;

	memset(state, 'x', len);
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int timeout = 0; timeout < 2; timeout++) {
			struct hook hook = shell(&room, rows[i].script);

			hook.timeout = (struct opt_int){.set = timeout, .value = 20};
			assert_int_equal(run_one(&hook, state, len, &err), 0);
			assert_string_equal(read_out(), rows[i].expected);
		}
	free(state);
}

/* A zombie is not. */
static bool is_running(const char *pid)
{
	char path[64], stat[256] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", atoi(pid));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, stat, sizeof(stat) - 1) < 0)
		stat[0] = '\0';
	close(fd);
	return stat[0] && strstr(stat, ") Z") == NULL && strstr(stat, ") X") == NULL;
}

static void test_failures(void **unused)
{
	/* clang-format off */
	static const struct {
		const char *path, *script;
		int64_t timeout;
		int code;
		const char *text;
	} rows[] = {
		{"/bin/sh", "exit 3", 0, ERROR_SAID,
		 "createRuntime hook /bin/sh ended with exit status 3"},
		{"/bin/sh", "kill -TERM $$", 0, ERROR_SAID,
	         "createRuntime hook /bin/sh was killed by SIGTERM"},
		{"/no/such/hook", "", 0, ENOENT, "run the createRuntime hook /no/such/hook"},
		{"/etc/passwd", "", 5, EACCES, "run the createRuntime hook /etc/passwd"},
		{"/bin/sh", "sleep 100 & echo $! > out; wait", 1, ERROR_SAID,
	         "createRuntime hook /bin/sh did not end within 1 s and was killed"},
	};
	/* clang-format on */
	struct command room;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hook hook = shell(&room, rows[i].script);
		struct error err;

		hook.path.s = rows[i].path;
		hook.timeout =
			(struct opt_int){.set = rows[i].timeout > 0, .value = rows[i].timeout};
		assert_int_equal(run_one(&hook, "state", 5, &err), -rows[i].code);
		assert_string_equal(err.text, rows[i].text);
		assert_int_equal(err.at.offset, 7);
	}
	/* What the last one had started goes with it. */
	read_out();
	for (int i = 0; i < 200 && is_running(out); i++)
		usleep(10000);
	assert_false(is_running(out));
}

static void test_timeout_with_a_state_that_nobody_reads(void **unused)
{
	size_t len = 1 << 20;
	char *state = calloc(1, len);
	struct command room;
	struct hook hook = shell(&room, "sleep 100");
	struct error err;
	time_t start = time(NULL);

	hook.timeout = (struct opt_int){.set = true, .value = 1};
	assert_int_equal(run_one(&hook, state, len, &err), -ERROR_SAID);
	assert_true(time(NULL) - start < 10);
	free(state);
}

static void test_order_and_the_first_failure(void **unused)
{
	struct command rooms[3];
	struct hook list[] = {
		shell(&rooms[0], "echo 1 >> out"),
		shell(&rooms[1], "echo 2 >> out; exit 1"),
		shell(&rooms[2], "echo 3 >> out"),
	};
	const struct hooks hooks = {COUNT(list), list};
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct error err;

	assert_int_equal(hooks_run(&hooks, HOOK_PRESTART, "", 0, &err), -ERROR_SAID);
	assert_string_equal(err.text, "prestart hook /bin/sh ended with exit status 1");
	assert_string_equal(read_out(), "1\n2\n");
	/* A poststop hook that fails stops nothing. */
	unlink("out");
	dup2(null, STDERR_FILENO);
	assert_int_equal(hooks_run(&hooks, HOOK_POSTSTOP, "", 0, &err), 0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	assert_string_equal(read_out(), "1\n2\n3\n");
}

static void test_no_other_file_is_open(void **unused)
{
	int open_on_purpose = open("/dev/null", O_RDONLY);

	/* 3 is ls' own. */
	run_well("ls /proc/self/fd | tr '\\n' ' ' > out", "");
	assert_string_equal(read_out(), "0 1 2 3 ");
	close(open_on_purpose);
}

static void test_signals_are_default(void **unused)
{
	sigset_t all, saved, after;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	run_well("exec grep -E 'SigBlk|SigIgn' /proc/self/status > out", "");
	sigprocmask(SIG_SETMASK, &saved, &after);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	assert_string_equal(read_out(), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	/* ... and ours are as they were. */
	assert_true(sigismember(&after, SIGUSR1) && !sigismember(&saved, SIGUSR1));
}

static void test_nothing_to_run(void **unused)
{
	const struct hooks hooks = {0};
	struct error err;

	assert_int_equal(hooks_run(&hooks, HOOK_POSTSTART, "", 0, &err), 0);
}

static void test_names(void **unused)
{
	assert_string_equal(hook_kind_name(HOOK_PRESTART), "prestart");
	assert_string_equal(hook_kind_name(HOOK_CREATE_RUNTIME), "createRuntime");
	assert_string_equal(hook_kind_name(HOOK_CREATE_CONTAINER), "createContainer");
	assert_string_equal(hook_kind_name(HOOK_START_CONTAINER), "startContainer");
	assert_string_equal(hook_kind_name(HOOK_POSTSTART), "poststart");
	assert_string_equal(hook_kind_name(HOOK_POSTSTOP), "poststop");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state_and_arguments),
		TEST(test_stdin_can_be_opened_by_name),
		TEST(test_without_args_the_path_is_argument_zero),
		TEST(test_environment),
		TEST(test_large_state),
		TEST(test_failures),
		TEST(test_timeout_with_a_state_that_nobody_reads),
		TEST(test_order_and_the_first_failure),
		TEST(test_no_other_file_is_open),
		TEST(test_signals_are_default),
		TEST(test_nothing_to_run),
		TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
