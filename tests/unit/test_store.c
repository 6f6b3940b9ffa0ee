/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char place[] = "/tmp/crun-lite-store.XXXXXX";
static int root = -1;

static int make_root(void **state)
{
	(void)state;
	if (!mkdtemp(place))
		return -1;
	root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int remove_root(void **state)
{
	(void)state;
	close(root);
	return rmdir(place);
}

static struct state named(const char *bundle)
{
	return (struct state){.id = "c", .bundle = bundle, .rootfs = "/r", .created = "now"};
}

/* Two creates have one directory: another one was removed between the mkdir and the open of the second. */
static void the_first_state_is_the_only_one(void **state)
{
	struct state one = named("/one"), two = named("/two"), read;
	struct store first, second = {.root = root};
	struct error err = {0};

	(void)state;
	assert_int_equal(store_make(root, "c", &first, &err), 0);
	assert_int_equal(state_write_first(&first, &one, &err), 0);
	store_close(&first);

	assert_int_equal(store_open(root, "c", STORE_LOCK, &second, &err), 0);
	assert_true(state_write_first(&second, &two, &err) < 0);
	assert_string_equal(err.text, "container with id c already exists");
	store_unmake(&second);          /* there is something in it */
	assert_int_equal(state_read(&second, &read, &err), 0);
	assert_string_equal(read.bundle, "/one");
	assert_int_equal(faccessat(second.dir, "state.json.tmp", F_OK, 0), -1);
	state_free(&read);
	assert_int_equal(store_remove(&second, &err), 0);
	store_close(&second);
}

static void what_has_no_state_yet_is_taken_back(void **state)
{
	struct error err = {0};
	struct store store;

	(void)state;
	assert_int_equal(store_make(root, "c", &store, &err), 0);
	store_unmake(&store);
	store_close(&store);
	assert_int_equal(store_open(root, "c", STORE_READ, &store, &err), STATE_NOT_FOUND);
}

/* Around the size that is read at once. */
static void files_of_every_size_are_read_whole(void **state)
{
	static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 100000};
	struct error err = {0};
	struct store store;

	(void)state;
	assert_int_equal(store_make(root, "c", &store, &err), 0);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		/* By the directory, and by the name below the root, as a list reads them. */
		struct store ways[] = {store, {.root = root, .dir = -1, .id = "c"}};
		char *bytes = malloc(sizes[i] + 1);

		assert_non_null(bytes);
		memset(bytes, 'x', sizes[i] + 1);
		assert_int_equal(store_write_file(&store, "config.json", bytes, sizes[i], &err), 0);
		for (size_t k = 0; k < COUNT(ways); k++) {
			char *text = NULL;
			size_t len = 0;

			assert_int_equal(store_read_file(&ways[k], "config.json", &text, &len, &err), 0);
			assert_int_equal(len, sizes[i]);
			assert_memory_equal(text, bytes, len);
			assert_int_equal(text[len], '\0');
			free(text);
		}
		free(bytes);
	}
	assert_int_equal(store_remove(&store, &err), 0);
	store_close(&store);
}

static void what_is_no_file_is_an_error(void **state)
{
	struct error err = {0};
	struct store store;
	char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(store_make(root, "c", &store, &err), 0);
	assert_int_equal(mkdirat(store.dir, "config.json", 0700), 0);
	assert_true(store_read_file(&store, "config.json", &text, &len, &err) < 0);
	assert_null(text);
	assert_int_equal(unlinkat(store.dir, "config.json", AT_REMOVEDIR), 0);
	/* A pipe, which nobody writes to, is not waited for. */
	assert_int_equal(mkfifoat(store.dir, "config.json", 0600), 0);
	assert_int_equal(store_read_file(&store, "config.json", &text, &len, &err), 0);
	assert_int_equal(len, 0);
	free(text);
	assert_int_equal(store_remove(&store, &err), 0);
	store_close(&store);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_state_is_the_only_one),
		cmocka_unit_test(what_has_no_state_yet_is_taken_back),
		cmocka_unit_test(files_of_every_size_are_read_whole),
		cmocka_unit_test(what_is_no_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
