/* program: what another program gets and says, and that it ends in time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct program_result result;
static struct error err;

static int run_for(const char *script, const char *input, size_t len, int timeout_ms, int interrupt, int (*interrupted)(int))
{
	static char sh[] = "sh", c[] = "-c", path[] = "PATH=/usr/bin:/bin", a[] = "A=b";
	char *argv[] = {sh, c, (char *)(uintptr_t)script, NULL}, *envp[] = {path, a, NULL};
	struct program_call call = {
		.path = "/bin/sh", .argv = argv, .envp = envp, .input = input, .input_len = len, .timeout_ms = timeout_ms,
		.interrupt = interrupt, .interrupted = interrupted,
	};

	memset(&err, 0, sizeof(err));
	return program_run(&call, "try", &result, &err);
}

static int run(const char *script) { return run_for(script, "input", 5, 20000, -1, NULL); }

static void what_it_gets_and_says(void **state)
{
	assert_int_equal(run("cat; echo \" $A $(pwd)\"; echo \"one\n\ttwo\" >&2; exit 3"), 0);
	assert_string_equal(result.output, "input b /\n");
	assert_string_equal(result.words, "one two");
	assert_true(WIFEXITED(result.status) && WEXITSTATUS(result.status) == 3);
	program_result_free(&result);
}

static void no_file_of_ours_is_open_in_it(void **state)
{
	int fd = open("/", O_RDONLY);           /* not close-on-exec */

	assert_int_equal(run("ls /proc/self/fd | wc -l"), 0);
	assert_int_equal(atoi(result.output), 4);       /* 0, 1, 2 and the directory */
	program_result_free(&result);
	close(fd);
}

static void more_than_a_pipe_holds_goes_both_ways(void **state)
{
	size_t len = 300000;
	char *input = malloc(len);

	memset(input, 'x', len);
	assert_int_equal(run_for("cat", input, len, 20000, -1, NULL), 0);
	assert_int_equal(result.output_len, len);
	assert_memory_equal(result.output, input, len);
	program_result_free(&result);
	assert_int_equal(run_for("exit 0", input, len, 20000, -1, NULL), 0);    /* nobody reads it */
	program_result_free(&result);
	free(input);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void one_that_does_not_end_is_killed_with_its_children(void **state)
{
	double began = seconds();
	char name[] = "/tmp/test-network-program-XXXXXX", script[128];
	int fd = mkstemp(name);
	pid_t child = 0;

	snprintf(script, sizeof(script), "sleep 100 & echo $! >%s; wait", name);
	assert_int_equal(run_for(script, "", 0, 500, -1, NULL), -ETIMEDOUT);
	assert_true(seconds() - began < 10);
	assert_non_null(strstr(err.text, "/bin/sh did not end within 1 s and was killed"));
	assert_int_equal(read(fd, script, sizeof(script)) > 0, 1);
	child = (pid_t)atoi(script);
	for (int i = 0; i < 500 && kill(child, 0) == 0; i++)
		usleep(10000);
	assert_int_not_equal(kill(child, 0), 0);
	close(fd);
	unlink(name);
}

static void one_that_says_too_much_is_killed(void **state)
{
	assert_int_equal(run("cat /dev/zero"), -EFBIG);
	assert_non_null(strstr(err.text, "wrote more than 1024 KiB"));
	assert_int_equal(run("head -c 100000 /dev/zero | tr '\\0' e >&2; echo last >&2; exit 1"), 0);
	assert_non_null(strstr(result.words, "elast"));
	assert_true(strlen(result.words) < PROGRAM_WORDS_MAX);
	program_result_free(&result);
}

static void one_that_leaves_somebody_behind_has_ended(void **state)
{
	double began = seconds();

	assert_int_equal(run("(exec sleep 3) & echo done"), 0);
	assert_string_equal(result.output, "done\n");
	assert_true(seconds() - began < 2.5);
	program_result_free(&result);
}

static int yes(int fd)
{
	return 15;
}

static void it_is_interrupted(void **state)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[1]);
	assert_int_equal(run_for("exec sleep 100", "", 0, 20000, ends[0], yes), -EINTR);
	assert_non_null(strstr(err.text, "interrupted"));
	close(ends[0]);
}

static void one_that_is_not_there_is_named(void **state)
{
	char x[] = "x", *argv[] = {x, NULL};
	struct program_call call = {.path = "/nonexistent/x", .argv = argv, .envp = argv + 1, .timeout_ms = 1000, .interrupt = -1};

	assert_int_equal(program_run(&call, "try", &result, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/x"));
}

static void words_are_tamed(void **state)
{
	char words[] = "\n a\033[31mb\t\r\n c \n";

	program_tame(words);
	assert_string_equal(words, "a [31mb c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_gets_and_says), cmocka_unit_test(no_file_of_ours_is_open_in_it),
		cmocka_unit_test(more_than_a_pipe_holds_goes_both_ways), cmocka_unit_test(one_that_does_not_end_is_killed_with_its_children),
		cmocka_unit_test(one_that_says_too_much_is_killed), cmocka_unit_test(one_that_leaves_somebody_behind_has_ended),
		cmocka_unit_test(it_is_interrupted), cmocka_unit_test(one_that_is_not_there_is_named), cmocka_unit_test(words_are_tamed),
	};

	return cmocka_run_group_tests_name("network_program", tests, NULL, NULL);
}
