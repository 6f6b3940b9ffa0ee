/*
 * images - the images in the store: what they are called, which layers they have, and which layers nobody needs any more.
 *
 *     images/ID/image.json    what is shown of it
 *     images/ID/config.json   the bundle's; images/ID/rootfs is where it says that its root is
 *     images/ID/source        key.h
 *
 * Nothing is counted: what an image or a container names is kept, the rest is swept.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/key.h"
#include "runtime/image/store.h"
#include "spec/json.h"

#include <stdint.h>

struct image_record {
	const char *path, *ref, *platform, *name;
	const char *config;             /* digest, hexadecimal, or "" */
	const char *created;            /* when it was unpacked */
	const char *const *layers;      /* keys, the topmost first */
	size_t n_layers;
	const char *bundle;             /* config.json */
	size_t bundle_len;
	const char *source;             /* key_line, or "" */
};

/* Takes the place of what has the ID. */
int images_write(const struct layer_store *store, const char *id, const struct image_record *record, struct error *err);

/* Prints a table, or JSON. */
int images_list(const struct layer_store *store, bool json, struct error *err);
struct image_word {
	const char *word;               /* an ID or its beginning, a name, a path, or path:ref */
	const char *path, *ref;         /* the place that it names, absolute; or NULL */
};

/* Removes the image; its layers go with images_prune. */
int images_remove(const struct layer_store *store, const struct image_word *word, char ret_id[KEY_ID], struct error *err);

bool images_has(const struct layer_store *store, const struct image_word *word);
/* Calls `f` with the key of each layer of the image, the topmost first; `word` NULL: of each in the store. */
typedef int images_layer(void *arg, const char *key, struct error *err);
int images_each_layer(const struct layer_store *store, const struct image_word *word, images_layer *f, void *arg, struct error *err);

struct pruned {
	uint64_t layers, containers, bytes;
};
/* Removes layers that nobody names, and what containers of an earlier boot have left.  The store is ours alone (STORE_REMOVE). */
int images_prune(const struct layer_store *store, struct pruned *ret, struct error *err);
