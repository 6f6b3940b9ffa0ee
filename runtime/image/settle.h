/*
 * settle - what a layer has from those below it (layer.h): owners and modes of directories that it did not name, files that it has a
 * hard link to, directories that are links below.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/layer.h"
#include "runtime/image/merged.h"

/* 0; or that files are no more where the layer's archive says. */
#define SETTLE_MOVED 1
int layer_settle(int root, const struct layer_options *options, const struct layer_notes *notes, const struct merged *below,
                 struct error *err);
