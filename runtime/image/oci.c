/* image-spec image-layout.md, image-index.md, manifest.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"

#define DEPTH_MAX 4             /* indexes in indexes */
#define NAMES_MAX 16            /* in a hint */
#define REF_NAME "org.opencontainers.image.ref.name"
#define CONTAINERD_NAME "io.containerd.image.name"

enum media { MEDIA_OTHER, MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_OLD, MEDIA_CONFIG, MEDIA_LAYER };

static const struct { const char *type; enum media media; } types[] = {
	{"application/vnd.oci.image.index.v1+json", MEDIA_INDEX},
	{"application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX},
	{"application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST},
	{"application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST},
	{"application/vnd.docker.distribution.manifest.v1+json", MEDIA_OLD},
	{"application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_OLD},
	{"application/vnd.oci.image.config.v1+json", MEDIA_CONFIG},
	{"application/vnd.docker.container.image.v1+json", MEDIA_CONFIG},
	{"application/vnd.oci.image.layer.v1.tar", MEDIA_LAYER},
	{"application/vnd.oci.image.layer.v1.tar+gzip", MEDIA_LAYER},
	{"application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER},
	{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER},
};

static enum media media_of(const struct json *descriptor)
{
	const char *type = image_string(descriptor, "mediaType");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].media;
	return MEDIA_OTHER;
}

/* ---- descriptors ---- */

/* descriptor.md: REQUIRED, a 64-bit number; it is compared with what is there before anything is read. */
static int size_of(const struct json *descriptor, const char *what, uint64_t *ret, struct error *err)
{
	const struct json *size = json_get(descriptor, "size");
	char *end;

	if (!size || size->type != JSON_NUMBER)
		return error_set(err, ERROR_SAID, "%s has no size", what);
	errno = 0;
	*ret = strtoull(size->text, &end, 10);
	if (errno || *end || size->text[0] == '-' || *ret > INT64_MAX)
		return error_set(err, ERROR_SAID, "%s has the size %.40s", what, size->text);
	return 0;
}

struct blob {
	struct digest digest;
	uint64_t size;
	char file[128];
};

static int blob_of(const struct json *descriptor, const char *what, struct blob *ret, struct error *err)
{
	char hex[DIGEST_HEX];
	int r = digest_parse(image_string(descriptor, "digest"), what, &ret->digest, err);

	if (r == 0)
		r = size_of(descriptor, what, &ret->size, err);
	if (r < 0)
		return r;
	digest_hex(&ret->digest, hex);
	snprintf(ret->file, sizeof(ret->file), "blobs/sha256/%s", hex);
	return 0;
}

/* A small blob in memory, verified. */
static int read_blob(const struct image_source *source, const struct json *descriptor, const char *what, struct blob *ret, char **ret_text,
                     size_t *ret_len, struct error *err)
{
	struct digest digest;
	struct hasher h;
	int r = blob_of(descriptor, what, ret, err);

	if (r == 0)
		r = source_read(source, ret->file, JSON_SIZE_MAX, ret_text, ret_len, err);
	if (r < 0)
		return error_wrap(err, "%s", what);
	if (*ret_len != ret->size)
		return error_set(err, ERROR_SAID, "%s has %zu bytes, and not the %llu that its descriptor says", what, *ret_len,
		                 (unsigned long long)ret->size);
	hash_begin(&h);
	hash_add(&h, *ret_text, *ret_len);
	hash_end(&h, &digest);
	return digest_equal(&digest, &ret->digest) ? 0 : error_set(err, ERROR_SAID, "%s is not what its digest says", what);
}

/* ---- manifests ---- */

static int take_layer(const struct json *descriptor, size_t i, struct image *ret, struct error *err)
{
	struct image_layer *l = &ret->layers[ret->n];
	struct blob blob;
	char what[32];
	int r;

	snprintf(what, sizeof(what), "layer %zu", i + 1);
	if (i == IMAGE_LAYERS_MAX)
		return error_set(err, ERROR_SAID, "more than %d layers", IMAGE_LAYERS_MAX);
	if (descriptor->type != JSON_OBJECT || media_of(descriptor) != MEDIA_LAYER) {
		error_set(err, ERROR_SAID, "%s is of the type %.100s", what, image_string(descriptor, "mediaType"));
		return error_hint(err, "tars, packed with gzip, zstd or not at all, are unpacked");
	}
	r = blob_of(descriptor, what, &blob, err);
	if (r < 0)
		return r;
	*l = (struct image_layer){.file = strdup(blob.file), .size = blob.size, .sized = true, .named = true, .packed = blob.digest};
	if (!l->file)
		return error_set(err, ENOMEM, "read the manifest");
	ret->n++;
	return 0;
}

/* CVE-2021-41190: what can be taken for both is neither. */
static int check_kind(const struct json *document, enum media media, const char *what, struct error *err)
{
	const char *wanted = media == MEDIA_INDEX ? "manifests" : "layers", *other = media == MEDIA_INDEX ? "layers" : "manifests";
	const struct json *list = json_get(document, wanted), *version = json_get(document, "schemaVersion");

	if (version && version->type == JSON_NUMBER && strcmp(version->text, "1") == 0)
		return error_set(err, ERROR_SAID, "%s is of docker's schema 1, which has no digests of layers to trust", what);
	if (!list || list->type != JSON_ARRAY)
		return error_set(err, ERROR_SAID, "%s has no %s", what, wanted);
	if (json_get(document, other))
		return error_set(err, ERROR_SAID, "%s has both %s and %s", what, wanted, other);
	if (json_get(document, "mediaType") && media_of(document) != media)
		return error_set(err, ERROR_SAID, "%s says that it is of the type %.100s", what, image_string(document, "mediaType"));
	return 0;
}

/* *ret_config: where the configuration is, which *ret has as text. */
static int read_manifest(const struct image_source *source, const struct json *manifest, struct image *ret, struct blob *ret_config,
                         struct error *err)
{
	const struct json *config = json_get(manifest, "config");
	size_t i = 0;
	int r = check_kind(manifest, MEDIA_MANIFEST, "the manifest", err);

	for (const struct json *l = r == 0 ? json_get(manifest, "layers")->first : NULL; l && r == 0; l = l->next)
		r = take_layer(l, i++, ret, err);
	if (r < 0)
		return r;
	if (!config || media_of(config) != MEDIA_CONFIG)
		return error_set(err, ERROR_SAID, "its configuration is of the type %.100s: no image to run", image_string(config, "mediaType"));
	r = read_blob(source, config, "the configuration", ret_config, &ret->config_text, &ret->config_len, err);
	ret->id = ret_config->digest;
	return r;
}

/* ---- indexes ---- */

static const char *name_of(const struct json *descriptor)
{
	const struct json *annotations = json_get(descriptor, "annotations");
	const char *full = image_string(annotations, CONTAINERD_NAME);

	return *full ? full : image_string(annotations, REF_NAME);
}

static bool is_named(const struct json *descriptor, const char *ref)
{
	const struct json *annotations = json_get(descriptor, "annotations");

	return strcmp(image_string(annotations, REF_NAME), ref) == 0 || strcmp(image_string(annotations, CONTAINERD_NAME), ref) == 0 ||
	       strcmp(image_string(descriptor, "digest"), ref) == 0;
}

#define RANK_UNKNOWN 1000       /* no platform is said: it may be for any */
#define RANK_NAMED 2000         /* it is not for this one, but it was asked for: its configuration says why not */

static bool says_platform(const struct json *descriptor)
{
	const struct json *p = json_get(descriptor, "platform");

	return p && p->type != JSON_NULL;
}

/*
 * image-index.md: unknown types MUST NOT be an error; what is for another platform is not meant.  Several may have one name, each for
 * a platform.
 */
static unsigned rank_of(const struct json *descriptor, const char *ref, const struct platform *platform)
{
	enum media media = media_of(descriptor);
	unsigned rank;

	if (descriptor->type != JSON_OBJECT || (media != MEDIA_INDEX && media != MEDIA_MANIFEST && media != MEDIA_OLD) || (ref && !is_named(descriptor, ref)))
		return PLATFORM_OTHER;
	if (!says_platform(descriptor))
		return RANK_UNKNOWN;
	rank = platform_rank(platform, json_get(descriptor, "platform"));
	return rank == PLATFORM_OTHER && ref ? RANK_NAMED : rank;
}

static int none_found(const struct json *list, const char *ref, const struct platform *platform, struct error *err)
{
	const char *names[NAMES_MAX];
	size_t n = 0;

	for (const struct json *d = list->first; d && n < NAMES_MAX; d = d->next)
		names[n++] = name_of(d);
	if (ref)
		error_set(err, ERROR_SAID, "there is no %s in it", ref);
	else
		error_set(err, ERROR_SAID, "there is no image for %s/%s in it", platform->os, platform->architecture);
	if (ref)
		image_hint_names(err, names, n);
	else
		error_hint(err, "--platform names another");
	return -err->code;
}

/* By which it can be asked for. */
static const char *word_for(const struct json *descriptor)
{
	return *name_of(descriptor) ? name_of(descriptor) : image_string(descriptor, "digest");
}

/*
 * Two that have names of their own, or of which nothing tells them apart: to take the first would be a guess.  One may be for a
 * platform that is liked better.
 */
static bool is_guess(const struct json *a, unsigned rank_a, const struct json *b, unsigned rank_b)
{
	if (strcmp(image_string(a, "digest"), image_string(b, "digest")) == 0)
		return false;
	if (strcmp(name_of(a), name_of(b)) == 0)
		return rank_a == RANK_UNKNOWN && rank_b == RANK_UNKNOWN;
	return rank_a == RANK_UNKNOWN || rank_b == RANK_UNKNOWN || rank_a == rank_b;
}

static int ambiguous(const struct json *a, const struct json *b, struct error *err)
{
	error_set(err, ERROR_SAID, "there are several images in it");
	image_hint_names(err, (const char *const[]){word_for(a), word_for(b)}, 2);
	return -err->code;
}

static int choose(const struct json *list, const char *ref, const struct platform *platform, bool top, const struct json **ret, struct error *err)
{
	unsigned best = PLATFORM_OTHER;

	*ret = NULL;
	for (const struct json *d = list->first; d; d = d->next) {
		unsigned rank = rank_of(d, ref, platform);

		if (rank == PLATFORM_OTHER)
			continue;
		if (*ret && top && !ref && is_guess(*ret, best, d, rank))
			return ambiguous(*ret, d, err);
		if (rank < best) {
			*ret = d;
			best = rank;
		}
	}
	return *ret ? 0 : none_found(list, ref, platform, err);
}

/* What an index names, in the index's place: of all that lies in each other one is in memory. */
static int read_document(const struct image_source *source, const struct json *descriptor, const char *what, struct json_doc **doc,
                         struct error *err)
{
	cleanup_free char *text = NULL;
	struct blob blob;
	size_t len;
	int r = read_blob(source, descriptor, what, &blob, &text, &len, err);

	*doc = json_free(*doc);
	return r < 0 ? r : image_parse(text, len, blob.file, doc, err);
}

/* From index to index; *doc becomes the manifest. */
static int find_manifest(const struct image_source *source, const char *ref, const struct platform *platform, struct json_doc **doc,
                         struct image *ret, struct error *err)
{
	for (unsigned depth = 0;; depth++) {
		const struct json *chosen = NULL;
		int r = check_kind(json_root(*doc), MEDIA_INDEX, "the index", err);

		if (r == 0)
			r = choose(json_get(json_root(*doc), "manifests"), depth == 0 ? ref : NULL, platform, depth == 0, &chosen, err);
		if (r < 0)
			return r;
		if (depth == 0 && !(ret->name = strdup(ref ?: name_of(chosen))))
			return error_set(err, ENOMEM, "read the index");
		if (media_of(chosen) == MEDIA_OLD)
			return error_set(err, ERROR_SAID, "the image is of docker's schema 1, which has no digests of layers to trust");
		if (media_of(chosen) == MEDIA_MANIFEST)
			return read_document(source, chosen, "the manifest", doc, err);
		if (depth == DEPTH_MAX)
			return error_set(err, ERROR_SAID, "more than %d indexes in each other", DEPTH_MAX);
		r = read_document(source, chosen, "the index", doc, err);
		if (r < 0)
			return r;
	}
}

static int read_json(const struct image_source *source, const char *file, struct json_doc **ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len;

	return image_read_json(source, file, &text, &len, ret, err);
}

static int check_layout(const struct image_source *source, struct error *err)
{
	struct json_doc *doc = NULL;
	int r = read_json(source, "oci-layout", &doc, err);

	if (r == 0 && strncmp(image_string(json_root(doc), "imageLayoutVersion"), "1.", 2) != 0)
		r = error_set(err, ERROR_SAID, "its oci-layout does not say imageLayoutVersion 1.0.0");
	json_free(doc);
	return r;
}

int oci_find(const struct image_source *source, const char *ref, const struct platform *platform, struct image *ret, struct error *err)
{
	struct json_doc *doc = NULL;
	struct blob file;
	int r = check_layout(source, err) ?: read_json(source, "index.json", &doc, err);

	if (r == 0)
		r = find_manifest(source, ref, platform, &doc, ret, err);
	if (r == 0)
		r = read_manifest(source, json_root(doc), ret, &file, err);
	json_free(doc);
	if (r == 0)
		r = image_take_config(ret, file.file, err);
	return r < 0 ? r : image_check_platform(platform, json_root(ret->config), err);
}
