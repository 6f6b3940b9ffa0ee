/*
 * image - images, for people: the flags are read here, the work is that of crun-lite-image (runtime/image/main.c), which is executed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/cli/cli.h"
#include "runtime/image/key.h"

#include <limits.h>

struct image_options {
	const char *store, *ref, *platform, *max_size, *workers;
	bool quiet, json, no_sync;
};

/* The flags of whatever unpacks; `at` is where the struct image_options is. */
#define IMAGE_OPTIONS(at)                                                                                                        \
	{"store", 0, CLI_STRING, (at) + offsetof(struct image_options, store), "DIR", "where layers are kept (/var/lib/crun-lite)"},  \
	{"ref", 0, CLI_STRING, (at) + offsetof(struct image_options, ref), "NAME", "which of several images"},                        \
	{"platform", 0, CLI_STRING, (at) + offsetof(struct image_options, platform), "OS/ARCH", "instead of this machine's"},         \
	{"max-size", 0, CLI_STRING, (at) + offsetof(struct image_options, max_size), "SIZE", "of the files of a layer, and of an archive unpacked first (no limit)"},   \
	{"quiet", 'q', CLI_FLAG, (at) + offsetof(struct image_options, quiet), NULL, "no progress"},                                 \
	{"no-sync", 0, CLI_FLAG, (at) + offsetof(struct image_options, no_sync), NULL, "do not wait for the disk"}

/* A word for `run` that is an image: it has a slash or a colon, and is no bundle. */
bool image_is_meant(const char *word);

struct image_bundle {
	char dir[PATH_MAX];     /* of the store: config.json and rootfs */
	size_t entry;           /* arguments of the entry point */
};
/* The image's bundle in the store; what is not in it yet, or is older than the image, is unpacked first. */
int image_bundle(const struct cli_global *global, const struct image_options *options, const char *word, struct image_bundle *ret,
                 struct error *err);

struct image_copy {             /* image_copy_layers: where to */
	const struct cli_global *global;
	const char *store;
};
/* create_options.copy_layers, of layers that are in the store. */
int image_copy_layers(const void *copy, const char *const *layers, size_t n, const char *const maps[2], char **ret, struct error *err);
