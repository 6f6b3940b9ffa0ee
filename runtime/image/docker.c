/* The archive of `docker save`, and what podman and skopeo write in its place: manifest.json names configurations and layers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"

#define NAMES_MAX 16

/* "busybox" means "busybox:latest". */
static bool is_tag(const char *tag, const char *ref)
{
	size_t n = strlen(ref);

	return strcmp(tag, ref) == 0 || (strncmp(tag, ref, n) == 0 && strcmp(tag + n, ":latest") == 0);
}

static const char *tag_of(const struct json *image, const char *ref)
{
	const struct json *tags = json_get(image, "RepoTags");

	for (const struct json *t = tags ? tags->first : NULL; t; t = t->next)
		if (t->type == JSON_STRING && (!ref || is_tag(t->text, ref)))
			return t->text;
	return NULL;
}

static int choose(const struct json *list, const char *ref, const struct json **ret, struct error *err)
{
	const char *names[NAMES_MAX];
	size_t n = 0;

	if (!list || list->type != JSON_ARRAY || !list->len)
		return error_set(err, ERROR_SAID, "its manifest.json is no list of images");
	*ret = ref || list->len > 1 ? NULL : list->first;
	for (const struct json *i = list->first; i && !*ret; i = i->next) {
		if (ref && tag_of(i, ref))
			*ret = i;
		if (n < NAMES_MAX)
			names[n++] = tag_of(i, NULL) ?: "";
	}
	if (*ret)
		return 0;
	if (ref)
		error_set(err, ERROR_SAID, "there is no %s in it", ref);
	else
		error_set(err, ERROR_SAID, "there are several images in it");
	image_hint_names(err, names, n);
	return -err->code;
}

/* "blobs/sha256/HEX", "HEX.json": the name is the digest, and is held to it. */
static int check_config(const char *file, struct image *image, struct error *err)
{
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	struct digest named;
	struct error ignored;
	char text[80];
	struct hasher h;

	hash_begin(&h);
	hash_add(&h, image->config_text, image->config_len);
	hash_end(&h, &image->id);
	snprintf(text, sizeof(text), "sha256:%.64s", base);
	if (strlen(base) < 64 || digest_parse(text, "", &named, &ignored) < 0 || digest_equal(&named, &image->id))
		return 0;
	return error_set(err, ERROR_SAID, "the configuration %.100s is not what its name says", file);
}

static int take_layers(const struct json *image, struct image *ret, struct error *err)
{
	const struct json *layers = json_get(image, "Layers");

	if (!layers || layers->type != JSON_ARRAY)
		return error_set(err, ERROR_SAID, "the image has no Layers in manifest.json");
	for (const struct json *l = layers->first; l; l = l->next) {
		if (ret->n == IMAGE_LAYERS_MAX)
			return error_set(err, ERROR_SAID, "more than %d layers", IMAGE_LAYERS_MAX);
		if (l->type != JSON_STRING)
			return error_set(err, ERROR_SAID, "layer %zu in manifest.json is no name", ret->n + 1);
		ret->layers[ret->n].file = strdup(l->text);
		if (!ret->layers[ret->n].file)
			return error_set(err, ENOMEM, "read manifest.json");
		ret->n++;
	}
	return 0;
}

int docker_find(const struct image_source *source, const char *ref, const struct platform *platform, struct image *ret, struct error *err)
{
	cleanup_free char *text = NULL;
	struct json_doc *doc = NULL;
	const struct json *image = NULL;
	const char *file;
	size_t len;
	int r = image_read_json(source, "manifest.json", &text, &len, &doc, err);

	if (r == 0)
		r = choose(json_root(doc), ref, &image, err);
	file = image_string(image, "Config");
	if (r == 0 && !*file)
		r = error_set(err, ERROR_SAID, "the image has no Config in manifest.json");
	if (r == 0 && !(ret->name = strdup(tag_of(image, ref) ?: "")))
		r = error_set(err, ENOMEM, "read manifest.json");
	if (r == 0)
		r = take_layers(image, ret, err);
	if (r == 0)
		r = source_check_once(source, file, err) ?: source_read(source, file, JSON_SIZE_MAX, &ret->config_text, &ret->config_len, err);
	if (r == 0)
		r = check_config(file, ret, err);
	if (r == 0)
		r = image_take_config(ret, file, err);
	/* Old ones say nothing. */
	if (r == 0 && *image_string(json_root(ret->config), "architecture"))
		r = image_check_platform(platform, json_root(ret->config), err);
	json_free(doc);
	return r;
}
