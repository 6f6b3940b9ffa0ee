/*
 * layer - one layer's tar becomes a directory that overlayfs can have below others (image-spec layer.md).
 *
 * The directory is ours alone and empty at first.  Whiteouts become overlayfs's marks, whatever their order.  A layer may depend on
 * those below it: a directory that it names files in, but not itself, gets its owner and mode from there, and so does a hard link's
 * other name its file.  Both are noted, and made good by layer_settle (settle.c) when the layers below are there.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/flush.h"
#include "runtime/image/marks.h"
#include "runtime/image/recipe.h"
#include "runtime/image/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layer_options {
	enum marks_kind marks;
	bool squash;            /* one id is all there is: owners are left out */
	bool no_devices;        /* a user namespace makes none: they are left out */
	uint64_t max_bytes;     /* of all files together */
	struct flush *flush;    /* is told of what is written; or NULL */
	struct recipe *recipe;  /* gets what is no file's data; or NULL */
};

struct layer_link {             /* to a file of a layer below */
	char *name, *target;
};

struct layer_notes {
	char **implied;         /* directories that the archive did not name; sorted as they came */
	size_t n_implied;
	struct layer_link *links;
	size_t n_links;
	char **whiteouts;       /* what was made of them: paths */
	size_t n_whiteouts;
	uint64_t entries, bytes, left_out;      /* left_out: devices */
	bool names_root;        /* the root's owner and mode are the archive's */
};

/* Unpacks; `root` is the empty directory.  The caller ends *notes with layer_notes_free, on failure too. */
int layer_unpack(struct stream *stream, int root, const struct layer_options *options, struct layer_notes *notes, struct error *err);
bool layer_depends(const struct layer_notes *notes);
void layer_notes_free(struct layer_notes *notes);
