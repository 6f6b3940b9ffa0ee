/*
 * tar - the entries of a tar, one after the other, with bounds on what they may say of themselves (V49).
 *
 * ustar, pax and GNU's long names, numbers in octal and base 256; names are bytes, and no locale is asked (which is why libarchive does
 * not do it: decisions/0011-image-program.md).  What image-spec says SHOULD NOT be used (sparse files) is refused by name, and so is
 * whatever two readers could understand differently.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define TAR_XATTRS_MAX 64
#define TAR_XATTR_BYTES (64u << 10)     /* of one value: what Linux takes (xattr(7)) */
#define TAR_HEADER_MAX (1u << 20)       /* bytes of pax records, or of a long name */
#define TAR_ENTRIES_MAX 4000000u        /* of one archive */

struct tar_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct tar_entry {              /* valid until the next one */
	const char *name;       /* as it stands there; not empty, shorter than PATH_MAX */
	const char *link;       /* of a symbolic link its text; of a hard link (S_IFMT of mode is 0) the other's name */
	mode_t mode;            /* with S_IFMT */
	uint32_t uid, gid;
	uint64_t size;
	dev_t rdev;
	struct timespec mtime;
	size_t n_xattrs;
	struct tar_xattr xattrs[TAR_XATTRS_MAX];
};

struct tar;

/* Reads from `stream`, which stays the caller's. */
int tar_open(struct stream *stream, struct tar **ret, struct error *err);
/* 1: *ret is the next entry; 0: that was the last. */
int tar_next(struct tar *tar, struct tar_entry *ret, struct error *err);
/* The next data of the entry; 0 at the end. */
ssize_t tar_data(struct tar *tar, const void **ret, struct error *err);
struct tar *tar_close(struct tar *tar);

/* `f` is told of every byte that tar_data does not give out, in their order. */
void tar_listen(struct tar *tar, void (*f)(void *arg, const void *p, size_t n), void *arg);
/* Reads what stands behind the archive's end. */
int tar_drain(struct tar *tar, struct error *err);

/* For archives of blobs, which are read in any order: a plain tar of which only headers are looked at.  `fd` stays the caller's. */
int tar_open_file(int fd, uint64_t size, struct tar **ret, struct error *err);
/* Where the entry's data begin, in bytes from the archive's first. */
uint64_t tar_place(const struct tar *tar);
