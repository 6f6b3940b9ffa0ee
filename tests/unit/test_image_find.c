/* image/image, oci, docker: which configuration and which layers an archive's image has. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "runtime/image/image.h"
#include "tests/unit/archive.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define CONFIG "application/vnd.oci.image.config.v1+json"
#define LAYER "application/vnd.oci.image.layer.v1.tar"
#define DIFF "sha256:0123456789012345678901234567890123456789012345678901234567890123"

/* A manifest with one layer, whose content is `layer`; its descriptor, without the last brace, to be added to. */
static void add_image(int fd, const char *layer, const char *platform, char *ret, size_t size)
{
	char config[256], l[256], c[256], manifest[1024];

	archive_blob(fd, layer, LAYER, l, sizeof(l));
	snprintf(config, sizeof(config), "{\"os\":\"linux\",\"architecture\":\"%s\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF "\"]}}", platform);
	archive_blob(fd, config, CONFIG, c, sizeof(c));
	snprintf(manifest, sizeof(manifest), "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", c, l);
	archive_blob(fd, manifest, MANIFEST, ret, size);
	ret[strlen(ret) - 1] = '\0';
}

/* What image_find says: the content of the layer, or the error. */
static void expect_found(int fd, const char *ref, const char *platform, const char *expected)
{
	struct image_source source;
	struct platform p;
	struct image image = {0};
	struct error err = {0};
	char text[64], said[1024], content[64] = "";
	struct extent e;
	int r;

	snprintf(text, sizeof(text), "%s", platform);
	assert_int_equal(platform_parse(text, &p, &err), 0);
	assert_int_equal(source_open(dup(fd), -1, UINT64_MAX, &source, &err), 0);
	r = image_find(&source, ref, &p, &image, &err);
	if (r == 0) {
		assert_int_equal(image.n, 1);
		assert_int_equal(source_find(&source, image.layers[0].file, &e, &err), 0);
		assert_in_range(e.size, 1, sizeof(content) - 1);
		assert_int_equal(pread(e.fd, content, e.size, (off_t)e.at), e.size);
		source_release(&source, &e);
	} else {
		snprintf(said, sizeof(said), "%s; %s", err.text, err.hint);
	}
	if (expected[0] == '!' ? r == 0 || !strstr(said, expected + 1) : strcmp(content, expected) != 0)
		fail_msg("expected \"%s\", got \"%s\"", expected, r < 0 ? said : content);
	image_free(&image);
	source_close(&source);
}

static int begin_layout(void)
{
	int fd = archive_new();

	archive_add(fd, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", NULL);
	return fd;
}

static void end_layout(int fd, const char *manifests)
{
	char *text;

	assert_true(asprintf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", manifests) > 0);
	archive_add(fd, "index.json", text, NULL);
	free(text);
}

static void the_first_of_a_platform_and_unknown_types_are_no_error(void **state)
{
	char a[256], b[256], c[256], all[2048];
	int fd = begin_layout();

	add_image(fd, "arm", "arm64", a, sizeof(a));
	add_image(fd, "first", "amd64", b, sizeof(b));
	add_image(fd, "second", "amd64", c, sizeof(c));
	snprintf(all, sizeof(all),
	         "%s,\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}},{\"mediaType\":\"application/x.y\",\"digest\":\"no\",\"size\":-1},"
	         "%s,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},%s,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}", a, b, c);
	end_layout(fd, all);
	expect_found(fd, NULL, "linux/amd64", "first");
	expect_found(fd, NULL, "linux/arm64", "arm");
	expect_found(fd, NULL, "linux/arm64/v8", "arm");
	expect_found(fd, NULL, "linux/arm64/v9", "!no image for linux/arm64");
	expect_found(fd, NULL, "linux/s390x", "!no image for linux/s390x");
	expect_found(fd, NULL, "windows/amd64", "!no image for windows/amd64");
	close(fd);
}

/* Each image's content is its number; `platform`: of the descriptor and, but for NULL, of its configuration. */
struct several {
	const char *name, *architecture, *variant;
};

static void layout_of(const struct several *v, size_t n, int *ret)
{
	char all[8192] = "";
	size_t len = 0;

	*ret = begin_layout();
	for (size_t i = 0; i < n; i++) {
		char d[256], content[2] = {(char)('1' + i), 0};

		add_image(*ret, content, v[i].architecture ?: "amd64", d, sizeof(d));
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", len ? "," : "", d);
		if (v[i].architecture)
			len += (size_t)snprintf(all + len, sizeof(all) - len, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\",\"variant\":\"%s\"}", v[i].architecture, v[i].variant);
		if (v[i].name)
			len += (size_t)snprintf(all + len, sizeof(all) - len, ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}", v[i].name);
		len += (size_t)snprintf(all + len, sizeof(all) - len, "}");
	}
	end_layout(*ret, all);
}

static void a_name_that_several_have_means_the_one_for_the_platform(void **state)
{
	static const struct several v[] = {{"x", "arm64", ""}, {"x", "amd64", ""}, {"y", "s390x", ""}};
	int fd;

	layout_of(v, 3, &fd);
	expect_found(fd, "x", "linux/amd64", "2");
	expect_found(fd, "x", "linux/arm64", "1");
	expect_found(fd, "y", "linux/amd64", "!the image is for linux/s390x, not for linux/amd64");
	close(fd);
}

static void the_least_that_is_asked_of_a_processor(void **state)
{
	static const struct several amd[] = {{NULL, "amd64", "v3"}, {NULL, "386", ""}, {NULL, "amd64", "v2"}, {NULL, "amd64", "v1"}};
	static const struct several new[] = {{NULL, "amd64", "v9"}, {NULL, "amd64", "v4"}, {NULL, "amd64", "v3"}};
	int fd;

	layout_of(amd, 4, &fd);
	expect_found(fd, NULL, "linux/amd64", "4");
	expect_found(fd, NULL, "linux/amd64/v3", "1");
	expect_found(fd, NULL, "linux/amd64/v4", "!no image for linux/amd64");
	expect_found(fd, NULL, "linux/386", "2");
	close(fd);
	layout_of(new, 3, &fd);
	expect_found(fd, NULL, "linux/amd64", "3");
	close(fd);
}

static void of_two_that_nothing_tells_apart_none_is_guessed(void **state)
{
	static const struct several v[] = {{NULL, NULL, ""}, {NULL, NULL, ""}}, named[] = {{"a", NULL, ""}, {"b", "386", ""}, {"c", "arm64", ""}};
	char a[256], both[1024];
	int fd;

	layout_of(v, 2, &fd);
	expect_found(fd, NULL, "linux/amd64", "!several images in it; it has sha256:");
	close(fd);
	layout_of(named, 3, &fd);
	expect_found(fd, NULL, "linux/amd64", "1");
	close(fd);
	/* docker writes an image with two tags so. */
	fd = begin_layout();
	add_image(fd, "same", "amd64", a, sizeof(a));
	snprintf(both, sizeof(both), "%s,\"annotations\":{\"io.containerd.image.name\":\"a:1\"}},%s,\"annotations\":{\"io.containerd.image.name\":\"a:2\"}}", a, a);
	end_layout(fd, both);
	expect_found(fd, NULL, "linux/amd64", "same");
	close(fd);
}

static unsigned rank(const struct platform *wanted, const char *architecture, const char *variant)
{
	struct json_doc *doc;
	struct error err = {0};
	char text[128];
	unsigned r;

	snprintf(text, sizeof(text), "{\"os\":\"linux\",\"architecture\":\"%s\",\"variant\":\"%s\"}", architecture, variant);
	assert_int_equal(json_parse(text, strlen(text), "x", &doc, &err), 0);
	r = platform_rank(wanted, json_root(doc));
	json_free(doc);
	return r;
}

/* What its processor executes besides. */
static void a_machine_of_ones_own(void **state)
{
	static const struct platform amd = {"linux", "amd64", NULL, true}, arm64 = {"linux", "arm64", NULL, true}, v7 = {"linux", "arm", "v7", true},
		v6 = {"linux", "arm", "v6", true}, other = {"linux", "riscv64", NULL, true};

	assert_true(rank(&amd, "amd64", "") < rank(&amd, "amd64", "v2"));
	assert_true(rank(&amd, "amd64", "v4") < rank(&amd, "386", ""));
	assert_int_equal(rank(&amd, "386", "sse2"), PLATFORM_OTHER);
	assert_int_equal(rank(&amd, "arm64", ""), PLATFORM_OTHER);
	assert_int_equal(rank(&amd, "amd64 amd64", "v1"), PLATFORM_OTHER);
	assert_true(rank(&arm64, "arm64", "v8") < rank(&arm64, "arm", "v7"));
	assert_int_not_equal(rank(&arm64, "arm", "v7"), PLATFORM_OTHER);
	assert_true(rank(&v7, "arm", "v7") < rank(&v7, "arm", "v6"));
	assert_true(rank(&v7, "arm", "v6") < rank(&v7, "arm", "v5"));
	assert_int_equal(rank(&v7, "arm", "v8"), PLATFORM_OTHER);
	assert_int_equal(rank(&v6, "arm", "v7"), PLATFORM_OTHER);
	assert_int_not_equal(rank(&other, "riscv64", "rva23"), PLATFORM_OTHER);
	assert_int_equal(rank(&other, "amd64", ""), PLATFORM_OTHER);
}

static void text_with_a_nul_is_no_text(void **state)
{
	char d[512];
	int fd = begin_layout();

	archive_blob(fd, "{\"layers\":[{\"mediaType\":\"" LAYER "\",\"digest\":\"" DIFF "\\u0000x\",\"size\":1}]}", MANIFEST, d, sizeof(d));
	end_layout(fd, d);
	expect_found(fd, NULL, "linux/amd64", "!layer 1: \"\" is no digest");
	close(fd);
}

/* Who reads an archive from its beginning would see the first. */
static void what_is_in_an_archive_twice(void **state)
{
	int fd = begin_layout();

	archive_add(fd, "./index.json", "{\"manifests\":[]}", NULL);
	end_layout(fd, "");
	expect_found(fd, NULL, "linux/amd64", "!index.json is in the archive twice");
	close(fd);
}

static void a_root_file_system_with_an_index_of_its_own(void **state)
{
	struct image_source source;
	struct error err = {0};
	int fd = archive_new();

	archive_add(fd, "bin/sh", "x", NULL);
	archive_add(fd, "index.json", "{}", NULL);
	assert_int_equal(source_open(fd, -1, UINT64_MAX, &source, &err), 0);
	assert_int_equal(source.kind, SOURCE_ROOTFS);
	source_close(&source);
}

static void names_of_the_layout_and_of_containerd_and_digests(void **state)
{
	char a[256], b[256], all[2048], digest[80] = "";
	int fd = begin_layout();

	add_image(fd, "one", "amd64", a, sizeof(a));
	add_image(fd, "two", "amd64", b, sizeof(b));
	memcpy(digest, strstr(b, "sha256:"), 71);
	snprintf(all, sizeof(all),
	         "%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"1\",\"io.containerd.image.name\":\"example.com/one:1\"}},"
	         "%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"2\"}}", a, b);
	end_layout(fd, all);
	expect_found(fd, "1", "linux/amd64", "one");
	expect_found(fd, "example.com/one:1", "linux/amd64", "one");
	expect_found(fd, "2", "linux/amd64", "two");
	expect_found(fd, digest, "linux/amd64", "two");
	expect_found(fd, NULL, "linux/amd64", "!several images in it; it has example.com/one:1, 2");
	expect_found(fd, "3", "linux/amd64", "!there is no 3 in it; it has example.com/one:1, 2");
	close(fd);
}

static void indexes_in_indexes(void **state)
{
	char d[2048], text[4096];
	int fd;

	for (int depth = 3; depth <= 5; depth++) {
		fd = begin_layout();
		add_image(fd, "deep", "amd64", d, sizeof(d));
		strcat(d, "}");
		for (int i = 0; i < depth; i++) {
			snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"manifests\":[%s]}", d);
			archive_blob(fd, text, INDEX, d, sizeof(d));
		}
		end_layout(fd, d);
		expect_found(fd, NULL, "linux/amd64", depth <= 4 ? "deep" : "!more than 4 indexes in each other");
		close(fd);
	}
}

static const struct refused {
	const char *name, *type, *text, *error;        /* a document that an index names */
} refused[] = {
	{"a manifest that is an index too", MANIFEST, "{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}", "both layers and manifests"},
	{"an index that is a manifest too", INDEX, "{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}", "both manifests and layers"},
	{"schema 1 by its type", "application/vnd.docker.distribution.manifest.v1+prettyjws", "{}", "docker's schema 1"},
	{"schema 1 by its version", MANIFEST, "{\"schemaVersion\":1,\"layers\":[]}", "docker's schema 1"},
	{"no layers", MANIFEST, "{\"schemaVersion\":2}", "has no layers"},
	{"layers that are no list", MANIFEST, "{\"schemaVersion\":2,\"layers\":{}}", "has no layers"},
	{"no configuration", MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}", "no image to run"},
	{"an artifact", MANIFEST, "{\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\"},\"layers\":[]}", "no image to run"},
	{"a layer without a digest", MANIFEST, "{\"layers\":[{\"mediaType\":\"" LAYER "\",\"size\":1}]}", "layer 1: \"\" is no digest"},
	{"a layer whose digest is a path", MANIFEST, "{\"layers\":[{\"mediaType\":\"" LAYER "\",\"digest\":\"sha256:../../x\",\"size\":1}]}", "is no digest"},
	{"a layer without a size", MANIFEST, "{\"layers\":[{\"mediaType\":\"" LAYER "\",\"digest\":\"" DIFF "\"}]}", "layer 1 has no size"},
	{"a layer of minus one byte", MANIFEST, "{\"layers\":[{\"mediaType\":\"" LAYER "\",\"digest\":\"" DIFF "\",\"size\":-1}]}", "layer 1 has the size -1"},
	{"a layer of another type", MANIFEST, "{\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.squashfs\",\"digest\":\"" DIFF "\",\"size\":1}]}",
	 "layer 1 is of the type application/vnd.oci.image.layer.v1.squashfs"},
	{"a layer that is no object", MANIFEST, "{\"layers\":[\"x\"]}", "layer 1 is of the type"},
};

static void is_refused(void **state)
{
	const struct refused *row = *state;
	char d[1024], said[600];
	int fd = begin_layout();

	archive_blob(fd, row->text, row->type, d, sizeof(d));
	end_layout(fd, d);
	snprintf(said, sizeof(said), "!%s", row->error);
	expect_found(fd, NULL, "linux/amd64", said);
	close(fd);
}

static void a_manifest_that_is_not_what_it_says(void **state)
{
	char d[1024];
	int fd = begin_layout();

	archive_add(fd, "blobs/sha256/" LAYER, "", NULL);
	archive_blob(fd, "{\"layers\":[]}", MANIFEST, d, sizeof(d));
	*strstr(d, "\"size\":13") = '\0';
	strcat(d, "\"size\":12}");
	end_layout(fd, d);
	expect_found(fd, NULL, "linux/amd64", "!the manifest has 13 bytes, and not the 12 that its descriptor says");
	close(fd);
	fd = begin_layout();
	archive_add(fd, "blobs/sha256/0123456789012345678901234567890123456789012345678901234567890123", "{\"layers\":[]}", NULL);
	end_layout(fd, "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"" DIFF "\",\"size\":13}");
	expect_found(fd, NULL, "linux/amd64", "!the manifest is not what its digest says");
	close(fd);
}

static void layouts_of_another_version(void **state)
{
	int fd = archive_new();

	archive_add(fd, "oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", NULL);
	end_layout(fd, "");
	expect_found(fd, NULL, "linux/amd64", "!imageLayoutVersion");
	close(fd);
}

/* ---- docker ---- */

static int docker(const char *manifest)
{
	static const char config[] = "{\"os\":\"linux\",\"architecture\":\"vax\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF "\"]}}";
	int fd = archive_new();
	char digest[80], name[96];

	archive_add(fd, "aa/layer.tar", "aa", NULL);
	archive_add(fd, "bb/layer.tar", "", "../aa/layer.tar");
	archive_add(fd, "cc/layer.tar", "", "../../../aa/layer.tar");
	archive_add(fd, "dd/layer.tar", "", "layer.tar");
	archive_add(fd, "config.json", config, NULL);
	snprintf(name, sizeof(name), "%s.json", sha256_of(config, digest) + 7);
	archive_add(fd, name, config, NULL);
	archive_add(fd, "0123456789012345678901234567890123456789012345678901234567890123.json", config, NULL);
	archive_add(fd, "pdp11.json", "{\"os\":\"linux\",\"architecture\":\"pdp11\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF "\"]}}", NULL);
	archive_add(fd, "nowhere.json", "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF "\"]}}", NULL);
	archive_add(fd, "./manifest.json", manifest, NULL);
	return fd;
}

static const struct docker_row {
	const char *name, *manifest, *ref, *expected;
} dockers[] = {
	{"one image", "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"aa/layer.tar\"]}]", NULL, "aa"},
	{"its tag", "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\",\"b:latest\"],\"Layers\":[\"aa/layer.tar\"]}]", "a:1", "aa"},
	{"latest goes without saying", "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\",\"b:latest\"],\"Layers\":[\"aa/layer.tar\"]}]", "b", "aa"},
	{"a tag that is not there", "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"aa/layer.tar\"]}]", "a", "!there is no a in it; it has a:1"},
	{"several images", "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[]},{\"Config\":\"config.json\",\"RepoTags\":null,\"Layers\":[]}]", NULL,
	 "!several images in it; it has a:1"},
	{"a layer that is a link", "[{\"Config\":\"config.json\",\"Layers\":[\"bb/layer.tar\"]}]", NULL, "aa"},
	{"a link that leads out stays in", "[{\"Config\":\"config.json\",\"Layers\":[\"cc/layer.tar\"]}]", NULL, "aa"},
	{"a configuration whose name is another digest", "[{\"Config\":\"0123456789012345678901234567890123456789012345678901234567890123.json\",\"Layers\":[\"aa/layer.tar\"]}]",
	 NULL, "!is not what its name says"},
	{"a configuration that is not there", "[{\"Config\":\"../../etc/passwd\",\"Layers\":[\"aa/layer.tar\"]}]", NULL, "!find ../../etc/passwd in the archive"},
	{"no configuration", "[{\"Layers\":[\"aa/layer.tar\"]}]", NULL, "!"},
	{"more layers than diff_ids", "[{\"Config\":\"config.json\",\"Layers\":[\"aa/layer.tar\",\"aa/layer.tar\"]}]", NULL, "!1 diff_ids for 2 layers"},
	{"layers that are no list", "[{\"Config\":\"config.json\",\"Layers\":{}}]", NULL, "!no Layers in manifest.json"},
	{"a layer that is no name", "[{\"Config\":\"config.json\",\"Layers\":[1]}]", NULL, "!layer 1 in manifest.json is no name"},
	{"no list", "{}", NULL, "!no list of images"},
	{"an empty list", "[]", NULL, "!no list of images"},
	{"no JSON", "[", NULL, "!"},
	{"another platform", "[{\"Config\":\"pdp11.json\",\"Layers\":[\"aa/layer.tar\"]}]", NULL, "!the image is for linux/pdp11, not for linux/vax"},
	{"a platform that is not said", "[{\"Config\":\"nowhere.json\",\"Layers\":[\"aa/layer.tar\"]}]", NULL, "aa"},
};

static void docker_is_read(void **state)
{
	const struct docker_row *row = *state;
	int fd = docker(row->manifest);

	expect_found(fd, row->ref, "linux/vax", row->expected);
	close(fd);
}

static void links_in_a_circle(void **state)
{
	struct image_source source;
	struct error err = {0};
	struct extent e;
	int fd = docker("[]");

	assert_int_equal(source_open(fd, -1, UINT64_MAX, &source, &err), 0);
	assert_true(source_find(&source, "dd/layer.tar", &e, &err) < 0);
	assert_int_equal(err.code, ELOOP);
	source_close(&source);
}

/* ---- platforms ---- */

static const struct platform_row {
	const char *name, *text, *os, *architecture, *variant;  /* os NULL: an error */
} platforms[] = {
	{"both", "linux/arm64", "linux", "arm64", NULL},
	{"a variant", "linux/arm/v7", "linux", "arm", "v7"},
	{"an os alone", "linux", NULL, NULL, NULL},
	{"no architecture", "linux/", NULL, NULL, NULL},
	{"no os", "/amd64", NULL, NULL, NULL},
	{"nothing", "", NULL, NULL, NULL},
	{"a variant without an architecture", "linux//v8", NULL, NULL, NULL},
	{"an end without a variant", "linux/amd64/", "linux", "amd64", NULL},
};

static void platform_is_read(void **state)
{
	const struct platform_row *row = *state;
	struct platform p;
	struct error err = {0};
	char text[64];
	int r;

	snprintf(text, sizeof(text), "%s", row->text);
	r = platform_parse(text, &p, &err);
	if (!row->os) {
		assert_true(r < 0);
		assert_non_null(strstr(err.hint, "OS/ARCHITECTURE"));
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(p.os, row->os);
	assert_string_equal(p.architecture, row->architecture);
	assert_true(!p.variant == !row->variant);
	if (row->variant)
		assert_string_equal(p.variant, row->variant);
}

static void this_machine_has_a_name(void **state)
{
	struct platform p;
	struct error err = {0};

	assert_int_equal(platform_parse(NULL, &p, &err), 0);
	assert_string_equal(p.os, "linux");
	assert_true(*p.architecture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_a_platform_and_unknown_types_are_no_error),
		cmocka_unit_test(names_of_the_layout_and_of_containerd_and_digests),
		cmocka_unit_test(indexes_in_indexes),
		cmocka_unit_test(a_name_that_several_have_means_the_one_for_the_platform),
		cmocka_unit_test(the_least_that_is_asked_of_a_processor),
		cmocka_unit_test(of_two_that_nothing_tells_apart_none_is_guessed),
		cmocka_unit_test(a_machine_of_ones_own),
		cmocka_unit_test(text_with_a_nul_is_no_text),
		cmocka_unit_test(what_is_in_an_archive_twice),
		cmocka_unit_test(a_root_file_system_with_an_index_of_its_own),
		cmocka_unit_test(a_manifest_that_is_not_what_it_says),
		cmocka_unit_test(layouts_of_another_version),
		cmocka_unit_test(links_in_a_circle),
		cmocka_unit_test(this_machine_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + RUN_ROWS("refused", refused, is_refused) + RUN_ROWS("docker", dockers, docker_is_read) +
	       RUN_ROWS("platforms", platforms, platform_is_read);
}
