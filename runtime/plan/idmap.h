/*
 * idmap - whose ids an idmapped mount shows (F041): the mount's own mappings, those in the text of its
 * option (crun's "idmap=uids=0-1000-10;gids=..."), or the container's.
 *
 * All three become a slot: a user namespace that the parent makes for its maps only.  The kernel looks at
 * the maps, not at who lives in the namespace, so the container's own need not exist yet.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/plan/builder.h"
#include "runtime/plan/options.h"
#include "spec/config.h"

/* *ret: the number + 1 of the slot, which an earlier mount with the same mappings may have made; 0 = not mapped. */
int plan_idmap(const struct config *config, struct builder *b, const struct mount *m, const struct mount_options *o,
               uint32_t *ret, struct error *err);
/* The same for whom the container's mappings are meant: the user namespace is there. */
int plan_idmap_own(const struct config *config, struct builder *b, struct source at, uint32_t *ret, struct error *err);
/* Does `ridmap` ask for the mounts below, too? */
bool plan_idmap_below(const struct mount_options *o);
