/*
 * overlay - a root file system of layers, as a configuration asks for it by annotations:
 *
 *     org.crun-lite.layers    directories, the topmost first, between colons; "\:" and "\\" for those in a name
 *     org.crun-lite.upper     what takes the writes: a directory (kept), "tmpfs" or "tmpfs:SIZE", "none" (nothing:
 *                             read-only); without it a directory of the container's, removed with it
 *     org.crun-lite.root      MODE:UID:GID of the root directory, where the topmost layer does not say it (an image's may not)
 *     org.crun-lite.owners    "shifted": the layers' owners are the host's ids of the container's user namespace already
 *     org.crun-lite.scratch   where that directory is made; without it in the container's state
 *
 * Pure: nothing is opened.  root.path is then only where hooks look for the root.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OVERLAY_LAYERS_MAX 500  /* of the kernel: OVL_MAX_STACK */

enum overlay_upper { UPPER_OWN, UPPER_KEPT, UPPER_TMPFS, UPPER_NONE };

struct overlay {
	struct source at, upper_at, scratch_at;
	const char *text;       /* of the annotation */
	size_t n;               /* layers; 0: the root is a directory */
	const char **layers;    /* absolute, topmost first */
	enum overlay_upper upper;
	const char *kept;       /* UPPER_KEPT: absolute */
	const char *size;       /* UPPER_TMPFS: as tmpfs takes it, or NULL */
	const char *scratch;    /* absolute, or NULL */
	bool shifted;
	bool root_given;
	uint32_t mode, uid, gid;        /* root_given: of the root */
	char *memory;
};

/* Whether there is one at all. */
bool overlay_asked(const struct config *config);
/*
 * Whether it is mounted by the parent, on the host: in a user namespace that root makes or joins.  Nobody in it sees the layers'
 * trusted.overlay.*, and the layers' owners are other ids there.
 */
bool overlay_outside(const struct config *config, bool ordinary);
/* `bundle`: what relative paths start from.  The caller ends *ret with overlay_free, on failure too. */
int overlay_read(const struct config *config, const char *bundle, struct overlay *ret, struct error *err);
void overlay_free(struct overlay *overlay);
