/* image/digest, key, marks: names of blobs and of images in the store, attributes of archives. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/image/key.h"
#include "runtime/image/marks.h"
#include "tests/unit/archive.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define LETTERS "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"

static const struct digest_row {
	const char *name, *text, *error;        /* error: NULL if it is a digest */
} digests[] = {
	{"sixty four small hexadecimal digits", "sha256:" LETTERS, NULL},
	{"zeros", "sha256:" ZEROS, NULL},
	{"too short", "sha256:abc", "is no digest"},
	{"too long", "sha256:" ZEROS "0", "is no digest"},
	{"a slash behind it", "sha256:" ZEROS "/", "is no digest"},
	{"large letters", "sha256:ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789", "is no digest"},
	{"a path", "sha256:../../../../../../../../../../../../../../../../etc/passwd", "is no digest"},
	{"without an algorithm", ZEROS, "is no digest"},
	{"nothing", "", "is no digest"},
	{"another algorithm", "md5:00000000000000000000000000000000", "is no digest"},
	{"sha512 is named", "sha512:" ZEROS ZEROS, "sha512 digests are not carried out"},
	{"a sha512 that is none", "sha512:" ZEROS, "is no digest"},
	{"a space", "sha256: 00000000000000000000000000000000000000000000000000000000000000", "is no digest"},
};

static void digest_is_read(void **state)
{
	const struct digest_row *row = *state;
	struct error err = {0};
	struct digest d;
	char hex[DIGEST_HEX];
	int r = digest_parse(row->text, "layer 1", &d, &err);

	if (row->error) {
		assert_true(r < 0);
		assert_non_null(strstr(err.text, row->error));
		assert_int_equal(strncmp(err.text, "layer 1: ", 9), 0);
		return;
	}
	assert_int_equal(r, 0);
	digest_hex(&d, hex);
	assert_string_equal(hex, row->text + 7);
}

static void hashes_are_those_of_the_standard(void **state)
{
	char buf[80];

	/* FIPS 180-4's examples */
	assert_string_equal(sha256_of("abc", buf), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(sha256_of("", buf), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* image-spec config.md "ChainID": Digest(ChainID(below) + " " + DiffID). */
static void a_chain_is_the_hash_of_both_digests(void **state)
{
	struct digest a, b, chain, expected;
	struct error err = {0};
	char text[80];

	assert_int_equal(digest_parse("sha256:" ZEROS, "", &a, &err), 0);
	assert_int_equal(digest_parse("sha256:" LETTERS, "", &b, &err), 0);
	digest_chain(&a, &b, &chain);
	assert_int_equal(digest_parse(sha256_of("sha256:" ZEROS " sha256:" LETTERS, text), "", &expected, &err), 0);
	assert_true(digest_equal(&chain, &expected));
	assert_false(digest_equal(&chain, &b));
}

static void ids_differ_by_path_reference_and_platform(void **state)
{
	static const struct { const char *path, *ref, *platform; } all[] = {
		{"/a", "", ""}, {"/a", "b", ""}, {"/a", "", "b"}, {"/ab", "", ""}, {"/a", "bc", ""}, {"/a", "b", "c"},
	};
	char ids[COUNT(all)][KEY_ID], again[KEY_ID];

	for (size_t i = 0; i < COUNT(all); i++) {
		key_id(all[i].path, all[i].ref, all[i].platform, ids[i]);
		assert_int_equal(strlen(ids[i]), KEY_ID - 1);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), KEY_ID - 1);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[i], ids[k]);
	}
	key_id("/a", "b", "c", again);
	assert_string_equal(again, ids[COUNT(all) - 1]);
}

static void a_source_that_changed_is_seen(void **state)
{
	struct stat st = {.st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = {4, 5}, .st_ctim = {6, 7}}, other;
	char line[KEY_LINE];

	key_line(&st, 12, line);
	assert_int_equal(key_entry(line, &st), 12);
	assert_int_equal(line[strlen(line) - 1], '\n');
	other = st;
	other.st_size++;
	assert_int_equal(key_entry(line, &other), -1);
	other = st;
	other.st_mtim.tv_nsec++;
	assert_int_equal(key_entry(line, &other), -1);
	other = st;
	other.st_ctim.tv_sec--;
	assert_int_equal(key_entry(line, &other), -1);
	other = st;
	other.st_ino++;
	assert_int_equal(key_entry(line, &other), -1);
	assert_int_equal(key_entry("", &st), -1);
}

static const struct split_row {
	const char *name, *word, *path, *ref;   /* path: below the directory; NULL: an error */
} splits[] = {
	{"a path", "x", "/x", NULL},
	{"a path and a reference", "x:latest", "/x", "latest"},
	{"a reference with a colon", "x:host:5000/y:1", "/x", "host:5000/y:1"},
	{"a path with a colon", "a:b", "/a:b", NULL},
	{"a path with a colon, and a reference", "a:b:c", "/a:b", "c"},
	{"an empty reference", "x:", "/x", ""},
	{"a link is resolved", "l:ref", "/x", "ref"},
	{"nothing of that name", "y", NULL, NULL},
	{"nothing of that name with a reference", "y:ref", NULL, NULL},
};

static void word_is_split(void **state)
{
	const struct split_row *row = *state;
	char dir[] = "/tmp/test-key-XXXXXX", word[PATH_MAX], path[PATH_MAX];
	struct error err = {0};
	const char *ref;
	int r;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("x", 0700) | mkdir("a:b", 0700) | symlink("x", "l"), 0);
	snprintf(word, sizeof(word), "%s/%s", dir, row->word);
	r = key_split(word, path, &ref, &err);
	if (row->path) {
		assert_int_equal(r, 0);
		assert_string_equal(path + strlen(dir), row->path);
		assert_true(!ref == !row->ref);
		if (ref)
			assert_string_equal(ref, row->ref);
	} else {
		assert_true(r < 0);
		assert_non_null(strstr(err.text, row->word));
	}
	assert_int_equal(unlink("l") | rmdir("x") | rmdir("a:b") | chdir("/") | rmdir(dir), 0);
}

static const struct xattr_row { const char *name; bool kept; } xattrs[] = {
	{"user.x", true}, {"user.mime_type", true}, {"security.capability", true}, {"user.overlay.opaque", false}, {"user.overlay.redirect", false},
	{"trusted.overlay.opaque", false}, {"trusted.overlay.metacopy", false}, {"trusted.x", false}, {"security.selinux", false},
	{"security.ima", false}, {"system.posix_acl_access", false}, {"system.nfs4_acl", false}, {"security.capability2", false}, {"user", false},
};

static void attributes_that_somebody_acts_on_are_left_out(void **state)
{
	const struct xattr_row *row = *state;

	assert_int_equal(marks_keeps_xattr(row->name), row->kept);
}

static void only_the_device_zero_is_a_whiteout(void **state)
{
	assert_true(marks_is_whiteout(&(struct stat){.st_mode = S_IFCHR, .st_rdev = 0}));
	assert_false(marks_is_whiteout(&(struct stat){.st_mode = S_IFCHR, .st_rdev = makedev(1, 3)}));
	assert_false(marks_is_whiteout(&(struct stat){.st_mode = S_IFBLK, .st_rdev = 0}));
	assert_false(marks_is_whiteout(&(struct stat){.st_mode = S_IFREG, .st_rdev = 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_the_standard),
		cmocka_unit_test(a_chain_is_the_hash_of_both_digests),
		cmocka_unit_test(ids_differ_by_path_reference_and_platform),
		cmocka_unit_test(a_source_that_changed_is_seen),
		cmocka_unit_test(only_the_device_zero_is_a_whiteout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + RUN_ROWS("digests", digests, digest_is_read) +
	       RUN_ROWS("words", splits, word_is_split) + RUN_ROWS("attributes", xattrs, attributes_that_somebody_acts_on_are_left_out);
}
