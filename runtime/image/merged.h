/*
 * merged - looks a name up in layers as overlayfs would, without mounting them; symbolic links stay inside.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/marks.h"

#include <limits.h>
#include <stddef.h>

struct merged {
	const int *layers;      /* their directories, the topmost first; not owned */
	size_t n;
	enum marks_kind marks;
};

struct found {
	int dir;                /* where `name` is; the caller's to close.  Of a directory: itself, and `name` is "." */
	char name[NAME_MAX + 1];
	char path[PATH_MAX];    /* without links, without a slash in front; "" for the root */
	struct stat st;
};

#define MERGED_NOT_FOUND 1
enum merged_last { MERGED_KEEP_LAST, MERGED_FOLLOW_LAST };

/* `path` from the root, whether or not it begins with a slash. */
int merged_find(const struct merged *m, const char *path, enum merged_last last, struct found *ret, struct error *err);
