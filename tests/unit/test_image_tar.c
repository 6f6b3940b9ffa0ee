/* image/tar: the list of an archive that is a file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/image/tar.h"
#include "tests/unit/archive.h"

/* "NAME NAME ...", then what ended it. */
static void expect_list(int fd, uint64_t size, const char *expected)
{
	char said[1024] = "";
	struct error err = {0};
	struct tar_entry e;
	struct tar *t;
	size_t n = 0;
	int r;

	assert_int_equal(tar_open_file(fd, size, &t, &err), 0);
	while ((r = tar_next(t, &e, &err)) > 0)
		n += (size_t)snprintf(said + n, sizeof(said) - n, "%s@%llu ", e.name, (unsigned long long)tar_place(t));
	snprintf(said + n, sizeof(said) - n, "%s", r < 0 ? err.text : "end");
	assert_string_equal(said, expected);
	tar_close(t);
}

/* Two files, of which the first is larger than what is read at once. */
static int make(uint64_t *ret_size)
{
	static char content[20001];
	int fd = archive_new();

	memset(content, 'x', sizeof(content) - 1);
	archive_add(fd, "large", content, NULL);
	archive_add(fd, "small", "x", NULL);
	*ret_size = (uint64_t)lseek(fd, 0, SEEK_CUR);
	return fd;
}

static void lists_headers_and_where_their_data_are(void **state)
{
	uint64_t size;
	int fd = make(&size);

	expect_list(fd, size, "large@512 small@21504 end");
	close(fd);
}

static void a_file_that_was_truncated_meanwhile_is_cut_off(void **state)
{
	uint64_t size;
	int fd = make(&size);

	assert_int_equal(ftruncate(fd, 600), 0);
	expect_list(fd, size, "large@512 end");
	assert_int_equal(ftruncate(fd, 100), 0);
	expect_list(fd, size, "no tar, or a damaged one: it is cut off");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_headers_and_where_their_data_are),
		cmocka_unit_test(a_file_that_was_truncated_meanwhile_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
