/*
 * recipe - how the tar of a layer is made again of its directory: everything in it that is no file's data, and where the data are now.
 *
 * layers/KEY/recipe, packed with zstd (some percent of the layer's size at most; mostly half a percent).  So a layer can be compared
 * with its diff_id whenever one likes, and unpacking has to hash nothing a second time.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/digest.h"

#include <stdbool.h>
#include <sys/stat.h>

struct recipe;

/* Begins `recipe` in the directory.  What fails later is said at the end. */
int recipe_begin(int dir, struct recipe **ret, struct error *err);
/* Bytes of the tar that are no file's data, in their order. */
void recipe_bytes(struct recipe *r, const void *p, size_t n);
/* Here are the data of the file `path`, which has looked like that when it was made: size, mode, owner, time. */
void recipe_file(struct recipe *r, const char *path, const struct stat *looks);
/* It cannot be made again: a name was there twice, say. */
void recipe_spoil(struct recipe *r);
/* Ends and frees it; of a spoilt one nothing is left.  NULL is taken. */
int recipe_end(struct recipe *r, struct error *err);

#define RECIPE_NONE 1
/*
 * Makes the tar again, in memory and by pieces: its digest.  `layer`: the directory with `recipe` and `fs`.  `owners`: files have those
 * that the layer says.  RECIPE_NONE if there is no recipe.
 */
int recipe_follow(int layer, bool owners, struct digest *ret, struct error *err);
