/*
 * verify - layers in the store are hashed again: the tar that each is made of (recipe.h) still is what its diff_id says.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/images.h"

struct verify_options {
	const struct image_word *image; /* NULL: all that is in the store */
	bool json;
	bool squash;            /* owners are not those of the layers */
};

/* Prints a line for each layer; *ret_damaged: how many are not what they were. */
int verify_layers(const struct layer_store *store, const struct verify_options *options, unsigned *ret_damaged, struct error *err);
