/*
 * store - unpacked layers, shared by all images and containers of one user: /var/lib/crun-lite, or in the user's data.
 *
 *     lock                    shared by who adds, alone by who removes
 *     tmp/NAME/               being made, by who holds its lock; without a holder it is rubbish, which the next one removes
 *     layers/KEY/fs/          whole, and verified; KEY is the layer's diff_id, or "c-" and the chain's if it depends on those below
 *     layers/KEY.MAPS/fs/     a copy for the containers of a user namespace (shift.h)
 *     images/ID/              image.json, config.json: a bundle (images.h)
 *     containers/NAME/        of one container each (runtime/state/upper.h): upper, work, and `layers`, which it uses
 *
 * Only complete things have their names: rename(2) is the last act.  All of it is for its owner only: a layer may have setuid files
 * (V46).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/marks.h"

#include <limits.h>
#include <stdbool.h>

struct layer_store {
	char path[PATH_MAX];    /* absolute */
	int root, lock, tmp, layers, images, containers;
	bool no_sync;           /* nobody waits for the disk */
};

enum store_use {
	STORE_LOOK,             /* nothing is made; -ENOENT: there is none */
	STORE_ADD,              /* makes it, waits while somebody removes */
	STORE_REMOVE,           /* waits until nobody adds */
};

/* `path`: absolute.  The caller ends *ret with layer_store_close, on failure too. */
int layer_store_open(const char *path, enum store_use use, struct layer_store *ret, struct error *err);
void layer_store_close(struct layer_store *store);

struct claim {
	char name[96];
	int dir;                /* tmp/NAME, empty at first; the lock is on it.  -1: none */
};

enum claim_wait { CLAIM_TRY, CLAIM_WAIT };
#define CLAIM_BUSY 1            /* a positive result: another has it */

/* tmp/NAME for us alone.  CLAIM_WAIT may be interrupted (-EINTR). */
int store_claim(const struct layer_store *store, const char *name, enum claim_wait wait, struct claim *ret, struct error *err);
/* Its content becomes layers/KEY or images/KEY (`where`: the fd); what has that name already wins.  Then store_sync_names. */
int store_publish(const struct layer_store *store, struct claim *claim, int where, const char *key, struct error *err);
/* Removes it. */
void store_drop(const struct layer_store *store, struct claim *claim);
bool store_has_layer(const struct layer_store *store, const char *key);
/* layers/KEY/fs, or a negative errno. */
int store_open_layer(const struct layer_store *store, const char *key, struct error *err);
/* What unpackers that were killed have left. */
void store_sweep(const struct layer_store *store);
/* All that was written is on the disk, before it gets its name. */
int store_sync(const struct layer_store *store, struct error *err);
/* The names of what was published, too. */
int store_sync_names(const struct layer_store *store, int where, struct error *err);
/* Bytes on the disk of a directory below `dir`. */
unsigned long long store_usage(int dir, const char *name);
