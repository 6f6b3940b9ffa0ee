/*
 * settle - what a layer has from those below it (layer.h): owners and modes of directories that it did not name, files that it has a
 * hard link to, directories that are links below; and whiteouts that it may not have: overlayfs reads a directory that one layer alone
 * has as it is, and would show them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/layer.h"
#include "runtime/image/merged.h"

/* 0; or that files are no more where the layer's archive says. */
#define SETTLE_MOVED 1
int layer_settle(int root, const struct layer_options *options, const struct layer_notes *notes, const struct merged *below,
                 struct error *err);
/* Is one of these whiteouts (paths) in a directory that no layer below has?  1 or 0. */
int settle_finds_ghosts(char *const *whiteouts, size_t n, const struct merged *below, struct error *err);
