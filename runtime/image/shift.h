/*
 * shift - copies of layers whose owners are ids of the host: for a container in a user namespace, where the kernel cannot map
 * the owners of the layers themselves (`run --chown-copy`).
 *
 * layers/KEY.MAPS in the store, where MAPS is key_id(uids, gids, "owners"), made once for each layer and maps; no image
 * names it, so it goes with the next rmi or prune if no container uses it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/store.h"

/* `keys`: of the layers, between colons.  `uids`, `gids`: as in uid_map(5).  An owner whom they do not map is an error. */
int shift_layers(const struct layer_store *store, const char *keys, const char *uids, const char *gids, struct error *err);
