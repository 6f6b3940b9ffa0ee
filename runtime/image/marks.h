/*
 * marks - what overlayfs reads in a layer: character device 0:0 hides a name below, an attribute all of a directory.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

enum marks_kind {
	MARKS_TRUSTED,          /* trusted.overlay.*: only root of the host sees them */
	MARKS_USER,             /* user.overlay.*, with the option userxattr */
};

static inline bool marks_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* 0 or a negative errno.  `dir` is a directory that is open. */
int marks_set_opaque(int dir, enum marks_kind kind);
bool marks_is_opaque(int dir, enum marks_kind kind);
/* Character device 0:0, which needs no privilege (Linux 5.8). */
int marks_make_whiteout(int dir, const char *name);
/* Attributes that overlayfs or the host's security acts on are none of the archive's. */
bool marks_keeps_xattr(const char *name);
