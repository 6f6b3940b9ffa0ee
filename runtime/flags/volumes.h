/*
 * volumes - named directories that outlive containers: <store>/volumes/NAME/, a folder like those of images' layers.
 *
 *     data/      what containers see
 *     created    its time, RFC 3339
 *     new        until the first start that has it comes to its end: what is in data/ is of one that did not, and is removed.  Nothing is
 *                ever removed from one without this mark.
 *
 * <store> is its owner's, 0700, or it is not used: in volumes are setuid files of images.  `lock` is held (flock) by who makes, fills or
 * removes one; a start holds the directory of each volume that it uses (shared) until it ends, so that nobody removes it meanwhile.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VOLUMES_ANNOTATION "org.crun-lite.volumes"      /* of a container: the names of those it has, between commas */
#define VOLUME_NONE 1           /* there is no such volume, or no place for any */

struct volume_store {
	int dir, lock;          /* lock: -1, or held */
	char path[PATH_MAX];    /* absolute, without links */
};

/* docker's and podman's: [a-zA-Z0-9][a-zA-Z0-9_.-]*, here of at most 128 bytes. */
bool volume_is_name(const char *name);
int volume_check_name(const char *name, struct error *err);

/* `store` NULL: the usual place.  `make`: it is made if it is missing; else VOLUME_NONE. */
int volumes_open(const char *store, bool make, struct volume_store *ret, struct error *err);
void volumes_close(struct volume_store *store);
/* Waits until nobody else makes, fills or removes one. */
int volumes_lock(struct volume_store *store, struct error *err);
/* With the lock; -EEXIST. */
int volume_make(struct volume_store *store, const char *name, struct error *err);
/*
 * With the lock, and if no start holds it (-EBUSY): nobody gets hold of it until *ret_fd is closed.  Who is asked whether a container has it
 * is asked after this: a start holds it until its state says so.  VOLUME_NONE.
 */
int volume_claim(struct volume_store *store, const char *name, int *ret_fd, struct error *err);
/* With the lock, and claimed. */
int volume_remove(struct volume_store *store, const char *name, struct error *err);
/* VOLUME_NONE: there is none, *err says so. */
int volume_look(const struct volume_store *store, const char *name, char *ret_created, size_t size, bool *ret_empty, struct error *err);
/* The names, sorted; *ret is malloc'ed, and so is each. */
int volumes_names(const struct volume_store *store, char ***ret, size_t *ret_n, struct error *err);

/* ---- for a start ---- */

struct volume_uses;

struct volume_wish {
	const char *store, *name;
	bool copy;              /* what the image has there is copied into it, if it holds nothing */
	uint32_t uid, gid;      /* of the host: whose the directory becomes, if it holds nothing */
};

/* What is to be mounted (PATH_MAX bytes), whether or not it is there; nothing is made. */
int volume_path(const char *store, const char *name, char *ret, struct error *err);
/* Makes it, if there is none, and holds it.  *uses is NULL at first.  *ret_fill: it is to be filled. */
int volume_use(struct volume_uses **uses, const struct volume_wish *wish, bool *ret_fill, struct error *err);
/* Those that were to be filled are, and the container's from now on. */
int volumes_filled(struct volume_uses *uses, struct error *err);
/* The start has failed, and nothing of it runs: those that nobody has had are as empty as before. */
void volumes_not_filled(struct volume_uses *uses);
