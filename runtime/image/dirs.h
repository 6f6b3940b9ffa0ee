/*
 * dirs - the directories of a layer that is being unpacked, by fds: a name of the archive never reaches the kernel as a path.
 *
 * Each component is opened by itself, below the fd of the one before, and no symbolic link is followed by the kernel: those of the
 * layer itself are resolved here, below the layer's root.  Nobody else writes there.  The fds of the last path are kept, because
 * the next name mostly begins alike.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define DIRS_KEPT 200           /* directories in each other, and fds that are kept */

struct dirs {
	int root;               /* not owned */
	size_t depth;           /* of the path that is open */
	size_t here;            /* of the directory that dirs_parent found last */
	int fds[DIRS_KEPT];
	char *names[DIRS_KEPT];
	/* Told of each directory that was not there: `path` from the root, without a slash in front.  What is not 0 ends the search. */
	int (*missing)(void *arg, int parent, const char *name, const char *path, struct error *err);
	void *arg;
};

enum dirs_want { DIRS_FIND, DIRS_MAKE };

/* A positive result: with DIRS_FIND, it is not there. */
#define DIRS_NOT_FOUND 1

/*
 * The directory that `name` is in: *ret_dir (dirs', valid until the next call) and *ret_base (into `buf`, PATH_MAX bytes), or "."
 * for the root.  *ret_path: the path that it really has, in `path` (PATH_MAX bytes).  ".." is refused.
 */
int dirs_parent(struct dirs *d, const char *name, enum dirs_want want, char *path, int *ret_dir, const char **ret_base,
                struct error *err);
/* What is below the directory that dirs_parent found last may not be what it was. */
void dirs_forget_below(struct dirs *d);
/* All of it. */
void dirs_forget(struct dirs *d);
