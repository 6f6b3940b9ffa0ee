/* plan/options: what each word of mounts[].options means. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sys.h"
#include "runtime/plan/options.h"
#include "tests/unit/unit.h"

#define ATIME MOUNT_ATTR__ATIME
#define TOP(s, c)   {.top = {s, c}}
#define ALL(s, c)   {.all = {s, c}}
#define SUPER(f)    {.superblock = f}
#define SPREAD(p)   {.propagation = p}

/* One word, or several with commas, and what comes of them. */
static const struct row {
	const char *words;
	struct mount_options result;
	const char *data;       /* NULL: none is left to the file system */
} rows[] = {
	/* config.md "Mounts": MUST */
	{"async", {0}}, {"sync", SUPER(MS_SYNCHRONOUS)}, {"sync,async", {0}},
	{"atime", TOP(0, ATIME)}, {"noatime", TOP(MOUNT_ATTR_NOATIME, ATIME)}, {"noatime,atime", TOP(0, ATIME)},
	{"bind", {.bind = true}}, {"rbind", {.bind = true, .recursive = true}},
	{"defaults", {0}}, {"", {0}},
	{"dev", TOP(0, MOUNT_ATTR_NODEV)}, {"nodev", TOP(MOUNT_ATTR_NODEV, 0)}, {"nodev,dev", TOP(0, MOUNT_ATTR_NODEV)},
	{"diratime", TOP(0, MOUNT_ATTR_NODIRATIME)}, {"nodiratime", TOP(MOUNT_ATTR_NODIRATIME, 0)},
	{"dirsync", SUPER(MS_DIRSYNC)},
	{"exec", TOP(0, MOUNT_ATTR_NOEXEC)}, {"noexec", TOP(MOUNT_ATTR_NOEXEC, 0)}, {"exec,noexec", TOP(MOUNT_ATTR_NOEXEC, 0)},
	{"iversion", SUPER(MS_I_VERSION)}, {"noiversion", {0}}, {"iversion,noiversion", {0}},
	{"lazytime", SUPER(MS_LAZYTIME)}, {"nolazytime", {0}}, {"lazytime,nolazytime", {0}},
	{"silent", SUPER(MS_SILENT)}, {"loud", {0}}, {"silent,loud", {0}},
	{"relatime", TOP(0, ATIME)}, {"norelatime", TOP(0, ATIME)},
	{"strictatime", TOP(MOUNT_ATTR_STRICTATIME, ATIME)}, {"nostrictatime", TOP(0, ATIME)},
	{"noatime,strictatime", TOP(MOUNT_ATTR_STRICTATIME, ATIME)},
	{"nosuid", TOP(MOUNT_ATTR_NOSUID, 0)}, {"suid", TOP(0, MOUNT_ATTR_NOSUID)},
	{"ro", TOP(MOUNT_ATTR_RDONLY, 0)}, {"rw", TOP(0, MOUNT_ATTR_RDONLY)}, {"rw,ro", TOP(MOUNT_ATTR_RDONLY, 0)},
	{"private", SPREAD(MS_PRIVATE)}, {"rprivate", SPREAD(MS_PRIVATE | MS_REC)},
	{"shared", SPREAD(MS_SHARED)}, {"rshared", SPREAD(MS_SHARED | MS_REC)},
	{"slave", SPREAD(MS_SLAVE)}, {"rslave", SPREAD(MS_SLAVE | MS_REC)},
	{"unbindable", SPREAD(MS_UNBINDABLE)}, {"runbindable", SPREAD(MS_UNBINDABLE | MS_REC)},
	{"remount", {.remount = true}},
	/* SHOULD and MAY */
	{"nosymfollow", TOP(MOUNT_ATTR_NOSYMFOLLOW, 0)}, {"symfollow", TOP(0, MOUNT_ATTR_NOSYMFOLLOW)},
	{"mand", SUPER(MS_MANDLOCK)}, {"nomand", {0}}, {"mand,nomand", {0}},
	{"rro", ALL(MOUNT_ATTR_RDONLY, 0)}, {"rrw", ALL(0, MOUNT_ATTR_RDONLY)},
	{"rsuid", ALL(0, MOUNT_ATTR_NOSUID)}, {"rnosuid", ALL(MOUNT_ATTR_NOSUID, 0)},
	{"rdev", ALL(0, MOUNT_ATTR_NODEV)}, {"rnodev", ALL(MOUNT_ATTR_NODEV, 0)},
	{"rexec", ALL(0, MOUNT_ATTR_NOEXEC)}, {"rnoexec", ALL(MOUNT_ATTR_NOEXEC, 0)},
	{"ratime", ALL(0, ATIME)}, {"rnoatime", ALL(MOUNT_ATTR_NOATIME, ATIME)},
	{"rdiratime", ALL(0, MOUNT_ATTR_NODIRATIME)}, {"rnodiratime", ALL(MOUNT_ATTR_NODIRATIME, 0)},
	{"rrelatime", ALL(0, ATIME)}, {"rnorelatime", ALL(0, ATIME)},
	{"rstrictatime", ALL(MOUNT_ATTR_STRICTATIME, ATIME)}, {"rnostrictatime", ALL(0, ATIME)},
	{"rsymfollow", ALL(0, MOUNT_ATTR_NOSYMFOLLOW)}, {"rnosymfollow", ALL(MOUNT_ATTR_NOSYMFOLLOW, 0)},
	{"tmpcopyup", {.copy_up = true}},
	/* runc's */
	{"acl", SUPER(MS_POSIXACL)}, {"acl,noacl", {0}}, {"noacl", {0}},
	/* crun's */
	{"rsync", SUPER(MS_SYNCHRONOUS)}, {"rsync,rasync", {0}}, {"rdirsync", SUPER(MS_DIRSYNC)},
	{"rmand", SUPER(MS_MANDLOCK)}, {"rmand,rnomand", {0}},
	{"src-nofollow", {.source_nofollow = true}}, {"dest-nofollow", {.target_nofollow = true}},
	{"copy-symlink", {.copy_symlink = true}},
	/* nobody's: for whoever reads the table */
	{"x-initrd.mount", {0}}, {"x-", {0}}, {"x-a=b,ro", TOP(MOUNT_ATTR_RDONLY, 0)},
	/* the file system's */
	{"size=1m", {0}, "size=1m"}, {"ro,mode=755,data=x", TOP(MOUNT_ATTR_RDONLY, 0), "mode=755 data=x"},
	{"RO", {0}, "RO"}, {"ro ", {0}, "ro "}, {"idmapped", {0}, "idmapped"}, {"X-mount.idmap=0", {0}, "X-mount.idmap=0"},
	{"xino=on", {0}, "xino=on"}, {"ro=1", {0}, "ro=1"},
};

static void parse(const char *words, struct mount_options *ret)
{
	static struct text texts[16];
	static char copy[256];
	struct mount mount = {.options = {0, texts, true}};
	struct error err = {0};

	strcpy(copy, words);
	for (char *p = copy; p; mount.options.n++)
		texts[mount.options.n].s = strsep(&p, ",");
	assert_int_equal(mount_options_parse(&mount, ret, &err), 0);
}

static void check(const struct row *row)
{
	struct mount_options o;
	char data[256] = "";

	parse(row->words, &o);
	for (size_t i = 0; i < o.data.n; i++)
		strcat(strcat(data, i ? " " : ""), o.data.v[i].s);
	if (strcmp(data, row->data ?: "") != 0 || memcmp(&o.top, &row->result.top, sizeof(o.top)) != 0 ||
	    memcmp(&o.all, &row->result.all, sizeof(o.all)) != 0 || o.superblock != row->result.superblock ||
	    o.propagation != row->result.propagation)
		fail_msg("%s: top %x/%x all %x/%x superblock %x propagation %x data \"%s\"", row->words, o.top.set,
		         o.top.clear, o.all.set, o.all.clear, o.superblock, o.propagation, data);
	assert_int_equal(o.bind, row->result.bind);
	assert_int_equal(o.recursive, row->result.recursive);
	assert_int_equal(o.remount, row->result.remount);
	assert_int_equal(o.copy_up, row->result.copy_up);
	assert_int_equal(o.source_nofollow, row->result.source_nofollow);
	assert_int_equal(o.target_nofollow, row->result.target_nofollow);
	assert_int_equal(o.copy_symlink, row->result.copy_symlink);
	mount_options_free(&o);
}

static void test_words(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

static bool is_listed(const char *name)
{
	for (size_t i = 0; mount_option_name(i); i++)
		if (strcmp(mount_option_name(i), name) == 0)
			return true;
	return false;
}

/* `runc features` (1.1 and later) and crun's mount_flags: an engine may have looked there what it can ask for. */
static void test_the_words_of_the_others(void **state)
{
	static const char *const names[] = {
		"acl", "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "iversion", "lazytime", "loud",
		"mand", "noacl", "noatime", "nodev", "nodiratime", "noexec", "noiversion", "nolazytime", "nomand", "norelatime",
		"nostrictatime", "nosuid", "nosymfollow", "private", "ratime", "rbind", "rdev", "rdiratime", "relatime",
		"remount", "rexec", "rnoatime", "rnodev", "rnodiratime", "rnoexec", "rnorelatime", "rnostrictatime", "rnosuid",
		"rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw", "rshared", "rslave", "rstrictatime", "rsuid",
		"rsymfollow", "runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid", "symfollow", "sync",
		"tmpcopyup", "unbindable",
		"rasync", "rdirsync", "rmand", "rnomand", "rsync", "idmap", "ridmap", "copy-symlink", "dest-nofollow",
		"src-nofollow",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!is_listed(names[i]))
			fail_msg("%s is not known", names[i]);
}

/* The table is searched by halves; and no word of it reaches a file system. */
static void test_the_table(void **state)
{
	for (size_t i = 0; mount_option_name(i); i++) {
		const char *name = mount_option_name(i);
		struct mount_options o;

		if (i > 0 && strcmp(mount_option_name(i - 1), name) >= 0)
			fail_msg("%s comes after %s", name, mount_option_name(i - 1));
		parse(name, &o);
		assert_int_equal(o.data.n, 0);
		mount_options_free(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_the_words_of_the_others),
		cmocka_unit_test(test_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
