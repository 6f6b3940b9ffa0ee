/*
 * Bytes that we did not write, as everything that says what an image is: indexes, manifests, configurations, etc/passwd, and the
 * archive that they are in.
 *
 * Texts follow each other, with a NUL between them.  Of each, what comes after it may say "@N" for the digest of text N, and "#N" for its
 * size: nobody who guesses has a digest right.  The first byte says what the texts are.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/convert.h"
#include "runtime/image/image.h"
#include "runtime/image/users.h"
#include "spec/config.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXTS_MAX 10

struct part {
	char *bytes;
	size_t len;
	char digest[7 + DIGEST_HEX];
};

struct parts {
	size_t n;
	struct part v[TEXTS_MAX];
};

/* ---- the texts ---- */

static void sum(struct part *t)
{
	struct digest d;
	struct hasher h;

	hash_begin(&h);
	hash_add(&h, t->bytes, t->len);
	hash_end(&h, &d);
	memcpy(t->digest, "sha256:", 7);
	digest_hex(&d, t->digest + 7);
}

/* Those before it are known already. */
static void expand(struct parts *all, const char *p, size_t len)
{
	struct part *t = &all->v[all->n];
	FILE *f = open_memstream(&t->bytes, &t->len);

	MUST(f);
	for (size_t i = 0; i < len; i++) {
		size_t k = i + 1 < len && p[i + 1] >= '0' && p[i + 1] <= '9' ? (size_t)(p[i + 1] - '0') : TEXTS_MAX;

		if (p[i] == '@' && k < all->n)
			fputs(all->v[k].digest, f), i++;
		else if (p[i] == '#' && k < all->n)
			fprintf(f, "%zu", all->v[k].len), i++;
		else
			fputc(p[i], f);
	}
	fclose(f);
	sum(t);
	all->n++;
}

static void split(struct parts *ret, const char *p, size_t size)
{
	ret->n = 0;
	while (ret->n < TEXTS_MAX) {
		const char *end = memchr(p, '\0', size);
		size_t len = end ? (size_t)(end - p) : size;

		expand(ret, p, len);
		if (!end)
			break;
		p += len + 1;
		size -= len + 1;
	}
}

static void free_parts(struct parts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].bytes);
}

/* ---- an image of them ---- */

static void add(struct image_source *s, const char *name, const struct part *t)
{
	struct source_file *f = &s->files[s->n_files++];

	*f = (struct source_file){.name = strdup(name), .at = s->size, .size = t->len};
	MUST(f->name && pwrite(s->fd, t->bytes, t->len, (off_t)s->size) == (ssize_t)t->len);
	s->size += t->len;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct source_file *)a)->name, ((const struct source_file *)b)->name);
}

/* The last text is what is read first; the others are blobs, or what docker's manifest names by numbers. */
static void make_source(struct image_source *s, const struct parts *t, bool docker)
{
	static const struct part layout = {"{\"imageLayoutVersion\":\"1.0.0\"}", 30, ""};

	*s = (struct image_source){.kind = SOURCE_TAR, .fd = memfd_create("image", MFD_CLOEXEC), .files = calloc(TEXTS_MAX + 2, sizeof(*s->files))};
	MUST(s->fd >= 0 && s->files);
	if (!docker)
		add(s, "oci-layout", &layout);
	for (size_t i = 0; i < t->n; i++) {
		char name[128];

		if (docker)
			snprintf(name, sizeof(name), "%zu", i);
		else
			snprintf(name, sizeof(name), "blobs/sha256/%s", t->v[i].digest + 7);
		add(s, i + 1 < t->n ? name : docker ? "manifest.json" : "index.json", &t->v[i]);
	}
	qsort(s->files, s->n_files, sizeof(s->files[0]), by_name);
}

/* ---- what must be true of what was found ---- */

static void check_error(int r, const struct error *err)
{
	MUST(r < 0 && r == -err->code && err->text[0]);
}

static bool is_ours(const struct json *annotation)
{
	static const char *const ours[] = {"org.crun-lite.layers", "org.crun-lite.scratch", "org.crun-lite.root"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(annotation->key, ours[i]) == 0)
			return strcmp(annotation->text, i == 0 ? "/store/layers/a/fs" : i == 1 ? "/store/containers" : "755:0:0") == 0;
	return false;
}

/* It is a configuration, whatever the image's was; and no label of the image's became what somebody acts on. */
static void check_converted(const char *text, size_t len, size_t entry)
{
	struct json_doc *doc = NULL;
	struct config *config = NULL;
	struct error err = {0};
	const struct json *root;

	MUST(json_parse(text, len, "config.json", &doc, &err) == 0);
	root = json_root(doc);
	MUST(json_get(root, "process") && json_get(root, "root"));
	MUST(entry <= json_get(json_get(root, "process"), "args")->len);
	for (const struct json *a = json_get(root, "annotations")->first; a; a = a->next)
		MUST(is_ours(a) || !convert_is_acted_on(a->key));
	json_free(doc);
	MUST(config_parse(text, len, "config.json", &config, &err) == 0);
	config_free(config);
}

static void convert(const struct json *config, const struct image_user *user)
{
	static const char *layers[] = {"/store/layers/a/fs"};
	struct convert c = {.config = config, .user = user, .layers = layers, .n_layers = 1, .scratch = "/store/containers", .root = "755:0:0"};
	struct error err = {0};
	char *text = NULL;
	size_t len, entry;
	int r = convert_config(&c, &text, &len, &entry, &err);

	if (r < 0)
		check_error(r, &err);
	else
		check_converted(text, len, entry);
	free(text);
}

static void check_image(const struct image *image)
{
	struct image_user user = {.uid = 1};

	MUST(image->name && image->n <= IMAGE_LAYERS_MAX);
	for (size_t i = 0; i < image->n; i++) {
		const struct image_layer *l = &image->layers[i];

		MUST(!image->config || l->known);
		MUST(!l->sized || l->size <= INT64_MAX);
		MUST(!l->named || (strlen(l->file) == 77 && strspn(l->file + 13, "0123456789abcdef") == 64));
	}
	if (image->config)
		convert(json_root(image->config), &user);
}

static void find(const struct image_source *s, const char *ref)
{
	static struct image image;
	struct error err = {0};
	struct platform platform = {.os = "linux", .architecture = "amd64"};
	int r = image_find(s, ref, &platform, &image, &err);

	if (r < 0)
		check_error(r, &err);
	else
		check_image(&image);
	image_free(&image);
}

static void find_in_texts(const char *p, size_t size, bool docker, const char *ref)
{
	struct image_source s;
	struct parts t;

	split(&t, p, size);
	make_source(&s, &t, docker);
	find(&s, ref);
	source_close(&s);
	free_parts(&t);
}

/* ---- others ---- */

static void find_in_archive(const char *p, size_t size)
{
	static int tmp = -1;
	struct image_source s;
	struct error err = {0};
	int fd = memfd_create("archive", MFD_CLOEXEC), r;

	if (tmp < 0)
		tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(tmp >= 0 && fd >= 0 && write(fd, p, size) == (ssize_t)size);
	r = source_open(fd, tmp, UINT64_MAX, &s, &err);
	if (r < 0)
		check_error(r, &err);
	else
		find(&s, NULL);
	source_close(&s);
}

static void find_user(const char *p, size_t size)
{
	struct image_user user;
	struct error err = {0};
	struct parts t;
	int r;

	split(&t, p, size);
	r = users_find_in(t.v[0].bytes, t.n > 1 ? t.v[1].bytes : NULL, t.n > 2 ? t.v[2].bytes : NULL, &user, &err);
	if (r < 0)
		check_error(r, &err);
	else
		MUST(user.uid != UINT32_MAX && user.gid != UINT32_MAX && user.n_groups <= USERS_GROUPS_MAX);
	free_parts(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 1;

	if (size < 2 || size > 64 << 10)
		return 0;
	switch (data[0]) {
	case 'o': find_in_texts(p, size - 1, false, NULL); break;
	case 'r': find_in_texts(p, size - 1, false, "ref"); break;
	case 'd': find_in_texts(p, size - 1, true, NULL); break;
	case 't': find_in_texts(p, size - 1, true, "ref"); break;
	case 'a': find_in_archive(p, size - 1); break;
	case 'u': find_user(p, size - 1); break;
	}
	return 0;
}
