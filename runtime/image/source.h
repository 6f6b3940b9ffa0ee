/*
 * source - where an image's files are: a folder, an archive, or a pipe.
 *
 * An archive that is compressed, or comes from a pipe, is unpacked once into a file without a name; one that is not is read where it is.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/store.h"
#include "runtime/image/stream.h"

#include <stdbool.h>
#include <stddef.h>

enum source_kind {
	SOURCE_FOLDER,
	SOURCE_TAR,
	SOURCE_ROOTFS,          /* a tar without an image's index: the root file system itself */
};

struct source_file {
	char *name;             /* without "./" in front */
	char *link;             /* a symbolic or hard link to another; or NULL */
	bool symbolic;
	uint64_t at, size;
};

struct image_source {
	enum source_kind kind;
	int fd;                 /* the folder, the archive, or the file without a name */
	uint64_t size;          /* of the archive */
	size_t n_files;
	struct source_file *files;      /* SOURCE_TAR, sorted */
};

/*
 * `fd`: a folder, a file or a pipe; from here on the source's.  `tmp`: a directory for the file without a name, which gets `max` bytes
 * at most (EFBIG).  The caller ends *ret with source_close, on failure too.
 */
int source_open(int fd, int tmp, uint64_t max, struct image_source *ret, struct error *err);
void source_close(struct image_source *source);
/* The file, of at most `max` bytes; -ENOENT if there is none.  A folder's is opened: *ret->fd is then the caller's to close. */
int source_find(const struct image_source *source, const char *name, struct extent *ret, struct error *err);
void source_release(const struct image_source *source, struct extent *extent);
/*
 * Of what no digest guards: who reads an archive from its beginning sees the first of a name, who unpacks it the last one.  No scanner
 * is to be told other things than we are.
 */
int source_check_once(const struct image_source *source, const char *name, struct error *err);
/* All of a small file, malloc'ed and terminated. */
int source_read(const struct image_source *source, const char *name, size_t max, char **ret, size_t *ret_len, struct error *err);
