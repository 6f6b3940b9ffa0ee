/*
 * extras - what annotations of ours ask for beside a root of layers (overlay.h) and networks (network/request.h):
 *
 *     org.crun-lite.init      "true": init stays as process 1, reaps, and passes signals on; the program is its child
 *     org.crun-lite.sources   "nofollow": no symbolic link in the path of a bind mount's source is followed (they are absolute)
 *     org.crun-lite.copies    destinations of bind mounts, between colons ("\:" and "\\"): what is bound there is the lower
 *                             layer of an overlay, whose writes go where those to the root go, or to memory
 *
 *     org.crun-lite.root-options      words such as "rro,rnosuid,rnodev": of the root, and of what is mounted below it on the host
 *
 * Other runtimes ignore them, and do the safe thing all the same.  Pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <stdbool.h>

#define EXTRAS_WORDS_MAX 8

/* Values that mean nothing, and destinations where nothing is bound. */
int extras_check(const struct config *config, struct error *err);
/* The words of org.crun-lite.root-options as those of a remount of "/"; false: none.  `room` holds what they point to. */
struct extras_root {
	char text[128];
	struct text words[EXTRAS_WORDS_MAX + 2];
};
bool extras_root_options(const struct config *config, struct extras_root *room, struct mount *ret);
bool extras_init(const struct config *config);
bool extras_nofollow(const struct config *config);
bool extras_copies(const struct config *config);
bool extras_copied(const struct config *config, const char *destination);
