/*
 * unpack - the layers of an image into the store: those that are missing, several at once, none twice, however many unpackers
 * there are.
 *
 * Who unpacks a layer holds its claim (store.h).  Who finds it claimed by another does the others first, gives what is
 * complete to all, and only then waits: nobody waits for anybody while holding what another may wait for.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/image.h"
#include "runtime/image/layer.h"
#include "runtime/image/merged.h"
#include "runtime/image/progress.h"

#define UNPACK_KEY 72

struct unpack_options {
	struct layer_options layer;
	enum progress_kind progress;
	unsigned workers;       /* 0: as many as there are processors */
	/* Asked before anything gets its name in the store; `layers`: the topmost first. */
	int (*check)(void *arg, const struct merged *layers, struct error *err);
	void *arg;
};

/* layers/KEY of each, the lowest first. */
struct unpack_result {
	char keys[IMAGE_LAYERS_MAX][UNPACK_KEY];
	uint64_t left_out;      /* devices */
};

int unpack_layers(const struct layer_store *store, const struct image_source *source, struct image *image, const struct unpack_options *options,
                  struct unpack_result *ret, struct error *err);
