/*
 * upper - where a container whose root is an overlay (runtime/plan/overlay.h) writes to: a directory of its own with
 * "upper" and "work", in its state or in a scratch directory; removed with the container, unless it is kept.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/overlay.h"

#include <limits.h>

struct upper_places {
	char dir[PATH_MAX];     /* holds upper and work, or the tmpfs for them; "": nobody writes */
	/*
	 * overlayfs takes no upper directory that lies below its lower one, and all of a disk lies below "/": there a second overlay, whose
	 * mount and empty second layer are here, is the lower one; "": no need
	 */
	char below[PATH_MAX];
	char own[PATH_MAX];     /* what goes with the container: `dir`, or where the layers are noted; "": nothing */
};

/* Absolute paths.  `state`: the container's state directory, as a path.  `imagined`: names that are always the same.  Nothing is made. */
int upper_name(const struct overlay *overlay, const char *id, const char *state, bool imagined, struct upper_places *ret,
               struct error *err);
/* Makes them.  With a scratch directory the layers are noted in it, so that nobody removes those meanwhile. */
int upper_make(const struct overlay *overlay, const struct upper_places *places, bool later, struct error *err);
/*
 * What is in `dir`, whose name is `path`: upper and work; `later` leaves it to who has `top` before him, the topmost layer with its
 * owners as the container's.  The overlay's root is the upper directory: it looks like that one's.
 */
int upper_fill(const struct overlay *overlay, int dir, const char *path, const char *top, struct error *err);
/* Notes these layers there, too. */
int upper_note(const struct overlay *overlay, const struct upper_places *places, struct error *err);
/*
 * For one more start of a container: what it wrote stays.  An overlay that was mounted `volatile` is refused a second time, for
 * the machine may have crashed since: this one has not.
 */
int upper_again(const struct upper_places *places, struct error *err);
/* 0 if it is not there any more. */
int upper_remove(const char *path, struct error *err);
