/* pidfile: whole or not at all. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/launch/pidfile.h"
#include "tests/unit/unit.h"

static char directory[] = "/tmp/test-pidfile-XXXXXX";

static int setup(void **unused)
{
	strcpy(strrchr(directory, '-'), "-XXXXXX");
	umask(022);
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

/* The names that are there, and gone afterwards. */
static int empty(const char *name)
{
	DIR *dir = opendir(name);
	int n = 0;

	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			n += unlinkat(dirfd(dir), entry->d_name, 0) == 0;
	closedir(dir);
	return n;
}

static int teardown(void **unused)
{
	empty(directory);
	return chdir("/") == 0 ? rmdir(directory) : -1;
}

static void contains(const char *path, const char *expected)
{
	char text[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
	close(fd);
}

static void test_relative_and_absolute(void **unused)
{
	char path[64];
	struct error err;
	struct stat st;

	assert_int_equal(pidfile_write("pid", 4711, &err), 0);
	contains("pid", "4711");
	assert_int_equal(stat("pid", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	snprintf(path, sizeof(path), "%s/pid2", directory);
	assert_int_equal(pidfile_write(path, 1, &err), 0);
	contains("pid2", "1");
	assert_int_equal(empty("."), 2);
}

static void test_an_old_file_is_replaced_and_a_link_not_followed(void **unused)
{
	struct error err;
	struct stat st;

	assert_int_equal(pidfile_write("target", 1, &err), 0);
	assert_int_equal(symlink("target", "pid"), 0);
	assert_int_equal(pidfile_write("pid", 2, &err), 0);
	contains("target", "1");
	contains("pid", "2");
	assert_int_equal(lstat("pid", &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void test_a_left_over_is_not_written_to(void **unused)
{
	struct error err;

	assert_int_equal(pidfile_write("target", 1, &err), 0);
	assert_int_equal(symlink("target", ".pid.5"), 0);
	/* Only to replace one is there a temporary name. */
	assert_int_equal(pidfile_write("pid", 4, &err), 0);
	assert_int_equal(pidfile_write("pid", 5, &err), 0);
	contains("target", "1");
	contains("pid", "5");
	assert_int_equal(empty("."), 2);
}

static void test_failures_leave_nothing(void **unused)
{
	struct error err;

	assert_int_equal(pidfile_write("no/such/pid", 1, &err), -ENOENT);
	assert_string_equal(err.text, "write the pid file no/such/pid");
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(pidfile_write("dir", 1, &err), -EISDIR);
	assert_int_equal(rmdir("dir"), 0);
	assert_int_equal(empty("."), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_relative_and_absolute, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_an_old_file_is_replaced_and_a_link_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_left_over_is_not_written_to, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_failures_leave_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
