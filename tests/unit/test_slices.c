/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/slices.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define ITEMS 1000

/* What goes wrong where. */
struct trouble {
	pid_t caller;
	bool dies, fails;       /* all processes but the caller */
	size_t bad;             /* the item that cannot be made; ITEMS: none */
	size_t width;           /* of each item */
	size_t taken;           /* items */
	bool wrong;             /* not in their order */
};

static int make(size_t first, size_t end, void *arg, FILE *out, struct error *err)
{
	const struct trouble *t = arg;

	for (size_t i = first; i < end; i++) {
		if (i == t->bad)
			return error_set(err, ERROR_SAID, "item %zu", i);
		fprintf(out, "%0*zu", (int)t->width, i);
		if (getpid() == t->caller || i < first + 3)
			continue;
		if (t->dies)
			raise(SIGKILL);
		if (t->fails)
			return -EIO;
	}
	return 0;
}

static int take(const char *text, size_t len, void *arg, struct error *err)
{
	struct trouble *t = arg;

	for (size_t i = 0; i + t->width <= len; i += t->width) {
		char item[128];

		memcpy(item, text + i, t->width);
		item[t->width] = '\0';
		t->wrong |= strtoul(item, NULL, 10) != t->taken++;
	}
	t->wrong |= len % t->width != 0;
	return 0;
}

static int run(struct trouble *t, size_t items, size_t processes, struct error *err)
{
	const struct slices slices = {.n = items, .make = make, .take = take, .arg = t};
	int r;

	t->caller = getpid();
	r = slices_run(&slices, processes, err);
	assert_false(t->wrong);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);       /* nobody is left */
	assert_int_equal(errno, ECHILD);
	return r;
}

static void all_are_taken_once_and_in_their_order(void **state)
{
	for (size_t processes = 1; processes <= 8; processes++) {
		struct trouble t = {.bad = ITEMS, .width = 100};        /* more than a pipe holds */
		struct error err = {0};

		assert_int_equal(run(&t, ITEMS, processes, &err), 0);
		assert_int_equal(t.taken, ITEMS);
	}
}

static void there_may_be_none(void **state)
{
	struct trouble t = {.bad = ITEMS, .width = 4};
	struct error err = {0};

	assert_int_equal(run(&t, 0, 1, &err), 0);
	assert_int_equal(run(&t, 2, 8, &err), 0);
	assert_int_equal(t.taken, 2);
}

static void the_caller_does_the_work_of_who_died(void **state)
{
	struct trouble t = {.bad = ITEMS, .width = 100, .dies = true};
	struct error err = {0};

	assert_int_equal(run(&t, ITEMS, 4, &err), 0);
	assert_int_equal(t.taken, ITEMS);
}

static void the_caller_does_the_work_of_who_failed(void **state)
{
	struct trouble t = {.bad = ITEMS, .width = 100, .fails = true};
	struct error err = {0};

	assert_int_equal(run(&t, ITEMS, 4, &err), 0);
	assert_int_equal(t.taken, ITEMS);
}

/* As if one process had made all: what comes before is printed, and the error is the caller's. */
static void what_comes_before_a_failure_is_taken(void **state)
{
	static const size_t bad[] = {0, 10, 249, 250, 777};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct trouble t = {.bad = bad[i], .width = 100};
		struct error err = {0};

		assert_true(run(&t, ITEMS, 4, &err) < 0);
		assert_int_equal(t.taken, bad[i]);
		assert_non_null(strstr(err.text, "item "));
	}
}

/* Nobody's exit code is to be had then. */
static void a_caller_may_ignore_its_children(void **state)
{
	struct trouble t = {.bad = ITEMS, .width = 4};
	struct error err = {0};

	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run(&t, ITEMS, 4, &err), 0);
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(t.taken, ITEMS);
}

static void few_items_are_worth_no_process(void **state)
{
	assert_int_equal(slices_processes(0), 1);
	assert_int_equal(slices_processes(63), 1);
	assert_true(slices_processes(64) <= 2);
	assert_true(slices_processes(100000) >= 1 && slices_processes(100000) <= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_taken_once_and_in_their_order),
		cmocka_unit_test(there_may_be_none),
		cmocka_unit_test(the_caller_does_the_work_of_who_died),
		cmocka_unit_test(the_caller_does_the_work_of_who_failed),
		cmocka_unit_test(what_comes_before_a_failure_is_taken),
		cmocka_unit_test(a_caller_may_ignore_its_children),
		cmocka_unit_test(few_items_are_worth_no_process),
	};

	return cmocka_run_group_tests_name("slices", tests, NULL, NULL);
}
