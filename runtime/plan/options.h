/*
 * options - the words of mounts[].options (config.md "Mounts") as what the kernel takes.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/plan.h"
#include "spec/config.h"

#include <stdbool.h>

struct mount_options {
	bool bind, recursive, remount, copy_up;
	bool source_nofollow, target_nofollow, copy_symlink;    /* crun's, for binds: see `links` */
	struct plan_map top;            /* MOUNT_ATTR_* of the mount */
	struct plan_map all;            /* of it and everything below (rro ...) */
	uint32_t propagation;           /* MS_SHARED ..., | MS_REC; 0 = not given */
	const struct text *idmap;       /* the word: idmap, ridmap, with the ranges of ids behind "=", if any; NULL = none */
	const struct text *links;       /* the last word about symbolic links; NULL = none */
	const struct text *noacl;       /* for file systems of devices; NULL = not given */
	uint32_t superblock;            /* MS_SYNCHRONOUS ...: of the file system, not of the mount */
	struct texts data;              /* what no table knows: the file system's own; v is owned, freed by mount_options_free */
};

/* The words of `mount`, which must outlive *ret. */
int mount_options_parse(const struct mount *mount, struct mount_options *ret, struct error *err);
void mount_options_free(struct mount_options *options);

/* The word for fsconfig of superblock bit number `bit`, or NULL if only mount(2) takes it (iversion, silent). */
const char *mount_superblock_word(uint32_t flag);
/* All names, for `features` and the printer; NULL after the last. */
const char *mount_option_name(size_t i);
