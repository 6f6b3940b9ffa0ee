/*
 * upper - where a container whose root is an overlay (runtime/plan/overlay.h) writes to: a directory of its own with
 * "upper" and "work", in its state or in a scratch directory; removed with the container, unless it is kept.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/overlay.h"

/*
 * The directory's path, absolute: *ret_own is true if it goes with the container.  `state`: the container's state
 * directory, as a path.  Nothing is made.  "" for an overlay that nobody writes to and nothing of the store is used by.
 */
int upper_name(const struct overlay *overlay, const char *id, const char *state, char *buf, size_t size, bool *ret_own,
               struct error *err);
/* Makes it.  With a scratch directory the layers are noted in it, so that nobody removes those meanwhile. */
int upper_make(const struct overlay *overlay, const char *path, struct error *err);
/* 0 if it is not there any more. */
int upper_remove(const char *path, struct error *err);
