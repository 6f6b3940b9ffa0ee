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
	assert_int_equal(source_open(dup(fd), -1, &source, &err), 0);
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

	assert_int_equal(source_open(fd, -1, &source, &err), 0);
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
		cmocka_unit_test(a_manifest_that_is_not_what_it_says),
		cmocka_unit_test(layouts_of_another_version),
		cmocka_unit_test(links_in_a_circle),
		cmocka_unit_test(this_machine_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + RUN_ROWS("refused", refused, is_refused) + RUN_ROWS("docker", dockers, docker_is_read) +
	       RUN_ROWS("platforms", platforms, platform_is_read);
}
