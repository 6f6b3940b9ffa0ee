/*
 * Where a container's group goes, for every layout of the host and every kind of cgroupsPath.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/internal.h"
#include "tests/unit/unit.h"

static const char v1_text[] = "12:name=systemd:/\n"
                              "4:memory:/slice/me\n"
                              "3:cpu,cpuacct:/user.slice\n"
                              "1:name=elogind:/1\n";
static const char hybrid_text[] = "4:memory:/slice/me\n"
                                  "1:name=systemd:/user.slice/s1.scope\n"
                                  "0::/user.slice/s1.scope\n";
static const char v2_text[] = "0::/user.slice/user-0.slice/session-1.scope\n";
static const char outside_text[] = "4:memory:/../me\n0::/../other\n";
static const char deleted_text[] = "4:memory:/gone (deleted)\n0::/\n";
static const char colon_text[] = "4:memory:/a:b:c\n0::/x:y/z\n";

static char paths[32768];

static struct cgroup_host *host_of(enum cgroup_layout layout, const char *text)
{
	static struct cgroup_host host;
	struct error err = {0};

	host.layout = layout;
	host.root_fd = -1;
	snprintf(host.text, sizeof(host.text), "%s", text);
	assert_int_equal(cgroup_host_parse(&host, &err), 0);
	return &host;
}

static const char *join(const struct cgroup *cgroup)
{
	paths[0] = '\0';
	for (size_t i = 0; i < cgroup->n; i++) {
		strcat(strcat(paths, i ? " " : ""), cgroup->dirs[i].path);
		assert_int_equal(cgroup->dirs[i].fd, -1);
		assert_false(cgroup->dirs[i].made);
		assert_ptr_equal(cgroup->dirs[i].hierarchy, &cgroup->host->hierarchies[i]);
	}
	return paths;
}

static const struct row {
	const char *name;
	enum cgroup_layout layout;
	const char *text;
	const char *path;
	const char *expected;   /* directories, or ... */
	const char *error;      /* ... a part of the message */
} rows[] = {
	{"absolute on v1 is below each mount", CGROUP_V1, v1_text, "/pod/web1",
         "systemd/pod/web1 memory/pod/web1 cpu,cpuacct/pod/web1 elogind/pod/web1", NULL},
	{"relative on v1 is below our own group", CGROUP_V1, v1_text, "pod/web1",
         "systemd/pod/web1 memory/slice/me/pod/web1 cpu,cpuacct/user.slice/pod/web1 elogind/1/pod/web1", NULL},
	{"absent on v1 is named after the id", CGROUP_V1, v1_text, NULL,
         "systemd/crun-lite-web1 memory/slice/me/crun-lite-web1 cpu,cpuacct/user.slice/crun-lite-web1 "
         "elogind/1/crun-lite-web1", NULL},
	{"empty is absent", CGROUP_V2, v2_text, "", "user.slice/user-0.slice/crun-lite-web1", NULL},
	{"relative on v2 is beside our own group", CGROUP_V2, v2_text, "web1",
         "user.slice/user-0.slice/web1", NULL},
	{"absolute on v2", CGROUP_V2, v2_text, "/pod/web1", "pod/web1", NULL},
	{"relative in the root of v2", CGROUP_V2, "0::/\n", "web1", "web1", NULL},
	{"relative from a first-level group of v2", CGROUP_V2, "0::/me\n", "web1", "web1", NULL},
	{"a hybrid host has both", CGROUP_HYBRID, hybrid_text, "web1",
         "memory/slice/me/web1 systemd/user.slice/s1.scope/web1 unified/user.slice/web1", NULL},
	{"absolute on a hybrid host", CGROUP_HYBRID, hybrid_text, "/web1",
         "memory/web1 systemd/web1 unified/web1", NULL},
	{"a group outside our cgroup namespace is no place", CGROUP_HYBRID, outside_text, "web1",
         "memory/web1 unified/web1", NULL},
	{"a deleted group is where it was", CGROUP_HYBRID, deleted_text, "web1",
         "memory/gone/web1 unified/web1", NULL},
	{"colons in our own group", CGROUP_HYBRID, colon_text, "web1", "memory/a:b:c/web1 unified/x:y/web1", NULL},
	{"slashes and dots are dropped", CGROUP_V2, v2_text, "//a/.//./b/", "a/b", NULL},
	{"dots that are names", CGROUP_V2, v2_text, "/...a/..b/c..", "...a/..b/c..", NULL},
	{"one colon is a name", CGROUP_V2, v2_text, "/a:b", "a:b", NULL},
	{"two colons behind a slash are a name", CGROUP_V2, v2_text, "/a:b:c", "a:b:c", NULL},
	{"a systemd unit is refused", CGROUP_V2, v2_text, "system.slice:crio:web1", NULL, "systemd unit"},
	{"a systemd unit without a slice is refused", CGROUP_V1, v1_text, ":crun:web1", NULL, "systemd unit"},
	{"the root is refused", CGROUP_V2, v2_text, "/", NULL, "root group"},
	{"the root in many slashes is refused", CGROUP_V1, v1_text, "//././/", NULL, "root group"},
	{"our own group is refused", CGROUP_V1, v1_text, ".", NULL, "root group"},
	{"up is refused", CGROUP_V2, v2_text, "..", NULL, "'..'"},
	{"up at the start is refused", CGROUP_V2, v2_text, "../ctr2", NULL, "'..'"},
	{"up from an absolute path is refused", CGROUP_V1, v1_text, "/../ctr2", NULL, "'..'"},
	{"up in the middle is refused", CGROUP_V2, v2_text, "/foo/../../ctr2", NULL, "'..'"},
	{"up at the end is refused", CGROUP_V2, v2_text, "foo/..", NULL, "'..'"},
	{"a newline is refused", CGROUP_V2, v2_text, "/a\nb", NULL, "newline"},
	{"a host without cgroups has no directory", CGROUP_NONE, "", "/web1", "", NULL},
};

static void test_locate(void **state)
{
	static struct cgroup cgroup;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct text path = {row->path, {77}};
		struct error err = {0};
		int r = cgroup_locate(host_of(row->layout, row->text), &path, "web1", &cgroup, &err);

		print_message("  %s\n", row->name);
		if (row->expected) {
			assert_int_equal(r, 0);
			assert_string_equal(join(&cgroup), row->expected);
		} else {
			assert_true(r < 0);
			assert_non_null(strstr(err.text, row->error));
			assert_int_equal(err.at.offset, 77);
		}
	}
}

static void test_long(void **state)
{
	static struct cgroup cgroup;
	char path[CGROUP_PATH_MAX + 300];
	struct text text = {path, {5}};
	struct error err = {0};

	path[0] = '/';
	memset(path + 1, 'a', 255);
	path[256] = '\0';
	assert_int_equal(cgroup_locate(host_of(CGROUP_V2, v2_text), &text, "x", &cgroup, &err), 0);
	memset(path + 1, 'a', 256);
	path[257] = '\0';
	assert_true(cgroup_locate(host_of(CGROUP_V2, v2_text), &text, "x", &cgroup, &err) < 0);
	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 100 ? 'a' : '/';
	path[sizeof(path) - 1] = '\0';
	assert_true(cgroup_locate(host_of(CGROUP_V2, v2_text), &text, "x", &cgroup, &err) < 0);
	/* The longest that is taken leaves room for the names of files. */
	path[CGROUP_PATH_MAX - 257] = '\0';
	assert_int_equal(cgroup_locate(host_of(CGROUP_V2, v2_text), &text, "x", &cgroup, &err), 0);
	assert_true(cgroup_locate(host_of(CGROUP_HYBRID, hybrid_text), &text, "x", &cgroup, &err) < 0);
	assert_int_equal(err.at.offset, 5);
	assert_true(cgroup_locate(host_of(CGROUP_V2, v2_text), NULL, "a/b", &cgroup, &err) < 0);
}

static void test_parse(void **state)
{
	static struct cgroup_host many;
	const struct cgroup_host *host = host_of(CGROUP_V1, v1_text);
	struct error err = {0};
	char *text = many.text;

	assert_int_equal(host->n, 4);
	assert_string_equal(host->hierarchies[0].dir, "systemd");
	assert_int_equal(host->hierarchies[0].controllers, 0);
	assert_int_equal(host->hierarchies[1].controllers, CGROUP_MEMORY);
	assert_string_equal(host->hierarchies[1].own, "/slice/me");
	assert_int_equal(host->hierarchies[2].controllers, CGROUP_CPU | CGROUP_CPUACCT);
	assert_false(host->hierarchies[2].v2);
	host = host_of(CGROUP_V2, "1:name=systemd:/x\n0::/y\n");
	assert_int_equal(host->n, 1);
	assert_true(host->hierarchies[0].v2);
	assert_string_equal(host->hierarchies[0].dir, "");
	assert_string_equal(host->hierarchies[0].own, "/y");

	strcpy(text, "nonsense\n");
	assert_true(cgroup_host_parse(&many, &err) < 0);
	strcpy(text, "1:memory:relative\n");
	assert_true(cgroup_host_parse(&many, &err) < 0);
	many.layout = CGROUP_V1;
	strcpy(text, "1:name=a/b:/\n");
	assert_true(cgroup_host_parse(&many, &err) < 0);
	text[0] = '\0';
	for (int i = 0; i < CGROUP_HIERARCHIES_MAX + 1; i++)
		sprintf(text + strlen(text), "%d:name=n%d:/\n", i, i);
	assert_true(cgroup_host_parse(&many, &err) < 0);
	assert_int_equal(many.n, CGROUP_HIERARCHIES_MAX);
}

static void test_names(void **state)
{
	assert_int_equal(cgroup_controllers_parse("cpu io cpuset", 13, ' '),
	                 CGROUP_CPU | CGROUP_IO | CGROUP_CPUSET);
	assert_int_equal(cgroup_controllers_parse("cpu,blkio", 9, ','), CGROUP_CPU | CGROUP_IO);
	assert_int_equal(cgroup_controllers_parse("cpux cp", 7, ' '), 0);
	assert_string_equal(cgroup_controller_name(CGROUP_IO, true), "io");
	assert_string_equal(cgroup_controller_name(CGROUP_IO, false), "blkio");
	assert_string_equal(cgroup_controller_name(CGROUP_DEVICES, true), "devices");
}

static const struct reopen_row {
	const char *name, *path;
	bool ok;
	const char *dir;        /* the hierarchy it belongs to; NULL: to none, left out */
} reopen_rows[] = {
	{"a v1 group",                     "memory/a/web1", true,  "memory" },
	{"a v2 group",                     "unified/web1",  true,  "unified"},
	{"a hierarchy that is not here",   "pids/web1",     true,  NULL     },
	{"a name that only starts so",     "memory2/web1",  true,  NULL     },
	{"a hierarchy itself",             "memory",        true,  NULL     },
	{"a hierarchy itself and a slash", "memory/",       false, NULL     },
	{"nothing",                        "",              false, NULL     },
	{"an absolute path",               "/memory/web1",  false, NULL     },
	{"up",                             "memory/../x",   false, NULL     },
	{"a dot",                          "memory/./x",    false, NULL     },
	{"two slashes",                    "memory//x",     false, NULL     },
};

static void test_reopen(void **state)
{
	static struct cgroup cgroup;

	for (size_t i = 0; i < sizeof(reopen_rows) / sizeof(reopen_rows[0]); i++) {
		const struct reopen_row *row = &reopen_rows[i];
		struct error err = {0};
		struct cgroup_host *host = host_of(CGROUP_HYBRID, hybrid_text);
		int r;

		/* An fd in which no group is found: they are gone. */
		host->root_fd = open("/proc/self/fdinfo", O_PATH | O_CLOEXEC);
		r = cgroup_reopen(host, 1, &row->path, &cgroup, &err);
		print_message("  %s\n", row->name);
		assert_int_equal(r, row->ok ? 0 : -EINVAL);
		assert_int_equal(row->ok && cgroup.n, row->ok && row->dir);
		if (row->ok && row->dir)
			assert_string_equal(cgroup.dirs[0].hierarchy->dir, row->dir);
		cgroup_close(&cgroup);
		cgroup_host_close(host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locate), cmocka_unit_test(test_long),   cmocka_unit_test(test_parse),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_reopen),
	};

	return cmocka_run_group_tests_name("cgroup place", tests, NULL, NULL);
}
