/* plan/overlay: what the annotations of a root of layers mean. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/plan/overlay.h"

static const struct row {
	const char *layers, *upper, *scratch;
	const char *error;              /* a part of the message; NULL: it is taken */
	size_t n;
	const char *first, *last;
	enum overlay_upper kind;
	const char *detail;             /* kept, or size */
} rows[] = {
	{"/a", NULL, NULL, NULL, 1, "/a", "/a", UPPER_OWN, NULL},
	{"/a:/b:/c", NULL, "/s", NULL, 3, "/a", "/c", UPPER_OWN, NULL},
	{"a:../b", NULL, NULL, NULL, 2, "/bundle/a", "/bundle/../b", UPPER_OWN, NULL},
	{"/a\\:b:/c\\\\d\\e", NULL, NULL, NULL, 2, "/a:b", "/c\\d\\e", UPPER_OWN, NULL},
	{"/a", "/kept", NULL, NULL, 1, "/a", "/a", UPPER_KEPT, "/kept"},
	{"/a", "tmpfs", NULL, NULL, 1, "/a", "/a", UPPER_TMPFS, NULL},
	{"/a", "tmpfs:10%", NULL, NULL, 1, "/a", "/a", UPPER_TMPFS, "10%"},
	{"/a:/b", "none", NULL, NULL, 2, "/a", "/b", UPPER_NONE, NULL},
	{"/a", "none", NULL, "one layer that is not written to"},
	{"", NULL, NULL, "an empty path"},
	{":/a", NULL, NULL, "an empty path"},
	{"/a:", NULL, NULL, "an empty path"},
	{"/a", "tmpfs:", NULL, "neither none nor tmpfs"},
	{"/a", "tmpfsx", NULL, "neither none nor tmpfs"},
	{"/a", "", NULL, "neither none nor tmpfs"},
	{"/a", "tmpfs:1m,exec", NULL, "no size"},
	{"/a", NULL, "s", "no absolute path"},
};

static void each_row(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct pair pairs[3] = {{"org.crun-lite.layers", row->layers, {0}}};
		struct config config = {.annotations = {1, pairs}};
		struct overlay o;
		struct error err = {0};
		const char *detail;
		int r;

		if (row->upper)
			pairs[config.annotations.n++] = (struct pair){"org.crun-lite.upper", row->upper, {0}};
		if (row->scratch)
			pairs[config.annotations.n++] = (struct pair){"org.crun-lite.scratch", row->scratch, {0}};
		assert_true(overlay_asked(&config));
		r = overlay_read(&config, "/bundle", &o, &err);
		if (row->error) {
			assert_true(r < 0);
			if (!strstr(err.text, row->error))
				fail_msg("%s: \"%s\" does not say \"%s\"", row->layers, err.text, row->error);
		} else {
			assert_int_equal(r, 0);
			assert_int_equal(o.n, row->n);
			assert_string_equal(o.layers[0], row->first);
			assert_string_equal(o.layers[o.n - 1], row->last);
			assert_int_equal(o.upper, row->kind);
			detail = o.kept ?: o.size;
			assert_true(!detail == !row->detail);
			if (detail)
				assert_string_equal(detail, row->detail);
			assert_true(!o.scratch == !row->scratch);
		}
		overlay_free(&o);
	}
}

static void without_the_annotation_there_is_none(void **state)
{
	struct config config = {0};
	struct overlay o;
	struct error err = {0};

	assert_false(overlay_asked(&config));
	assert_int_equal(overlay_read(&config, "/b", &o, &err), 0);
	assert_int_equal(o.n, 0);
	overlay_free(&o);
}

/* Who mounts it: init, but for a user namespace that root makes. */
static void mounted_outside_for_a_user_namespace_of_roots(void **state)
{
	struct pair layers = {"org.crun-lite.layers", "/a", {0}};
	struct config config = {.annotations = {1, &layers}};
	struct namespace *ns = config.linux_.namespaces;

	ns[NS_MOUNT].set = true;
	assert_false(overlay_outside(&config, false));
	ns[NS_USER].set = true;
	assert_true(overlay_outside(&config, false));
	assert_false(overlay_outside(&config, true));
	ns[NS_MOUNT].path.s = "/proc/1/ns/mnt";
	assert_false(overlay_outside(&config, false));
}

static void owners_are_the_containers_or_shifted(void **state)
{
	struct pair pairs[] = {{"org.crun-lite.layers", "/a", {0}}, {"org.crun-lite.owners", "shifted", {0}}};
	struct config config = {.annotations = {1, pairs}};
	struct overlay o;
	struct error err = {0};

	assert_int_equal(overlay_read(&config, "/b", &o, &err), 0);
	assert_false(o.shifted);
	overlay_free(&o);
	config.annotations.n = 2;
	assert_int_equal(overlay_read(&config, "/b", &o, &err), 0);
	assert_true(o.shifted);
	overlay_free(&o);
	pairs[1].value = "root";
	assert_true(overlay_read(&config, "/b", &o, &err) < 0);
	overlay_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(without_the_annotation_there_is_none),
		cmocka_unit_test(mounted_outside_for_a_user_namespace_of_roots),
		cmocka_unit_test(owners_are_the_containers_or_shifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
