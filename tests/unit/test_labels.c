/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static const struct row {
	const char *name, *process, *mount;     /* more properties of process and of linux */
	const char *apparmor;                   /* what its parameter reads; NULL: not there */
	bool selinux;
	const char *error, *hint;
} rows[] = {
	{"nothing asked, nothing there", "", "", NULL, false, NULL, NULL},
	{"empty labels ask for nothing", ",\"apparmorProfile\":\"\",\"selinuxLabel\":\"\"", "\"mountLabel\":\"\"", NULL, false, NULL, NULL},
	{"F011 a profile", ",\"apparmorProfile\":\"p\"", "", "Y\n", false, NULL, NULL},
	{"F011 a profile, no AppArmor", ",\"apparmorProfile\":\"p\"", "", NULL, false,
         "set process.apparmorProfile to p: this host has no AppArmor", "leave it out, or boot with apparmor=1 security=apparmor"},
	{"F011 a profile, AppArmor switched off", ",\"apparmorProfile\":\"p\"", "", "N\n", false,
         "set process.apparmorProfile to p: this host has no AppArmor", NULL},
	{"F011 unconfined is what there is", ",\"apparmorProfile\":\"unconfined\"", "", NULL, false, NULL, NULL},
	{"F016 a label", ",\"selinuxLabel\":\"l\"", "", NULL, true, NULL, NULL},
	{"F016 a label, no SELinux", ",\"selinuxLabel\":\"l\"", "", "Y\n", false,
         "set process.selinuxLabel to l: this host has no SELinux", "leave it out, or boot with selinux=1 security=selinux"},
	{"F079 a mount label", "", "\"mountLabel\":\"l\"", NULL, true, NULL, NULL},
	{"F079 a mount label, no SELinux", "", "\"mountLabel\":\"l\"", "Y\n", false,
         "set linux.mountLabel to l: this host has no SELinux", NULL},
};

/* A /sys with and without the modules. */
static char *make_sys(const struct row *row)
{
	static char dir[64];
	char path[160];
	static const char *const parts[] = {"/module", "/module/apparmor", "/module/apparmor/parameters", "/fs"};

	strcpy(dir, "/tmp/labels.XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < COUNT(parts); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, parts[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	if (row->apparmor) {
		int fd;

		snprintf(path, sizeof(path), "%s/module/apparmor/parameters/enabled", dir);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		assert_int_equal(write(fd, row->apparmor, strlen(row->apparmor)), strlen(row->apparmor));
		close(fd);
	}
	snprintf(path, sizeof(path), "%s/fs/selinux", dir);
	if (row->selinux)
		assert_int_equal(mkdir(path, 0755), 0);
	return dir;
}

static void remove_sys(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

static void a_label_needs_its_module(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config *config = NULL;
		struct error err = {0};
		char text[512], *sys = make_sys(&rows[i]);
		int r;

		snprintf(text, sizeof(text),
		         "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]%s},"
		         "\"linux\":{%s}}",
		         rows[i].process, rows[i].mount);
		assert_int_equal(config_parse(text, strlen(text), "c", &config, &err), 0);
		r = labels_check(config, sys, &err);
		if (r != (rows[i].error ? -ENOTSUP : 0))
			fail_msg("%s: %d", rows[i].name, r);
		if (rows[i].error) {
			assert_string_equal(err.text, rows[i].error);
			assert_int_not_equal(err.at.offset, 0);
		}
		if (rows[i].hint)
			assert_string_equal(err.hint, rows[i].hint);
		config_free(config);
		remove_sys(sys);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_label_needs_its_module)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
