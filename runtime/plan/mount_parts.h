/*
 * mount_parts - what the steps of mounts[], devices, masked and read-only paths have in common; between files of runtime/plan only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/plan/build.h"
#include "runtime/plan/builder.h"
#include "runtime/plan/options.h"

/* Each mount leaves up to four temporary fds behind: closed all together every so often. */
#define MOUNTS_BEFORE_TIDY 24

#define is_in(s, list) plan_is_one_of(s, list, sizeof(list) / sizeof((list)[0]))

/* mount_parts.c */
bool plan_is_one_of(const char *s, const char *const *list, size_t n);
/* File systems without a device: `ro` concerns the mount alone, as their superblock may be shared. */
bool plan_is_virtual(const char *type);
/* `path` without "." and empty components, ".." resolved by the text: "/a/b", or "" for the root. */
const char *plan_normalise(const char *path, char *buf, size_t size);
bool plan_is_path(const struct mount *m, const char *path);
/* What is left of `path` below /proc, or NULL. */
const char *plan_below_proc(const char *path, char *buf, size_t size);
/* Why nothing goes there; returns the error's code. */
int plan_hint_proc(struct source at, struct error *err);

/* layers.c: the overlay over what is bound there (org.crun-lite.copies). */
void plan_copy(const struct plan_input *in, struct builder *b, const struct mount *m, uint32_t slot);

/* mounts.c */
void plan_add_bind(const struct plan_input *in, struct builder *b, const struct mount *m, uint32_t slot,
                   const struct mount_options *o, const char *target);

/* new_mount.c: a new file system; `simple`: mount(2) does the same; ids_1: see struct step. */
int plan_new_mount(const struct plan_input *in, struct builder *b, const struct mount *m, const struct mount_options *o,
                   struct error *err);
void plan_add_mount(const struct config *c, struct builder *b, const struct mount *m, const struct mount_options *o,
                    bool simple, uint32_t ids_1);
/* The words for fsconfig: the superblock's flags, then what only the file system knows. */
struct plan_list plan_fs_options(struct builder *b, const struct mount *m, const struct mount_options *o, const char *label);

/* group_view.c: the container's view of its group (F045). */
int plan_group_view(const struct plan_input *in, struct builder *b, const struct mount *m, const struct mount_options *o,
                    struct error *err);
