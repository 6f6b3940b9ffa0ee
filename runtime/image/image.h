/*
 * image - which configuration and which layers an image has, read from where it lies (source.h), every digest compared.
 *
 * An OCI layout (oci.c), docker's archive (docker.c), or a root file system (one layer, no configuration).  Nothing that an index or
 * a manifest says becomes a path before it was looked at.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/source.h"
#include "spec/json.h"

#define IMAGE_LAYERS_MAX 500    /* overlayfs takes no more */

struct platform {
	const char *os, *architecture, *variant;        /* variant: NULL is any */
	bool own;               /* this machine's: what it executes besides will do */
};

struct image_layer {
	char *file;             /* in the source; NULL: the source itself */
	uint64_t size;
	bool sized, named;      /* the manifest says its size; its digest */
	bool known;             /* the configuration says its diff_id */
	struct digest packed, diff;
};

struct image {
	char *name;             /* by which the source knows it: a tag; or "" */
	char *config_text;      /* NULL: none */
	size_t config_len;
	struct json_doc *config;
	struct digest id;       /* of the configuration; zero without */
	size_t n;
	struct image_layer layers[IMAGE_LAYERS_MAX];    /* the lowest first */
};

/* `ref`: NULL where the source has one image only.  The caller ends *ret with image_free, on failure too. */
int image_find(const struct image_source *source, const char *ref, const struct platform *platform, struct image *ret, struct error *err);
void image_free(struct image *image);

/* "linux/arm64/v8"; `text` is cut in place.  NULL: this machine's. */
int platform_parse(char *text, struct platform *ret, struct error *err);
/* How well an image for `platform` does, 0 the best; PLATFORM_OTHER: not at all. */
#define PLATFORM_OTHER (~0u)
unsigned platform_rank(const struct platform *wanted, const struct json *platform);

/* ---- between oci.c, docker.c and image.c ---- */
int oci_find(const struct image_source *source, const char *ref, const struct platform *platform, struct image *ret, struct error *err);
int docker_find(const struct image_source *source, const char *ref, const struct platform *platform, struct image *ret, struct error *err);
/* The configuration, whose bytes have been compared: its diff_ids to the layers. */
int image_take_config(struct image *image, const char *file, struct error *err);
int image_check_platform(const struct platform *wanted, const struct json *config, struct error *err);
/* A string member, or ""; what has a NUL in it is no string: others would read on behind it. */
const char *image_string(const struct json *object, const char *key);
/* As json_parse; what is nothing but brackets would take ten times its size in memory. */
int image_parse(const char *text, size_t len, const char *file, struct json_doc **ret, struct error *err);
/* Reads and parses. */
int image_read_json(const struct image_source *source, const char *file, char **ret_text, size_t *ret_len, struct json_doc **ret, struct error *err);
/* "; there are: a, b": for those who named none of them. */
void image_hint_names(struct error *err, const char *const *names, size_t n);
