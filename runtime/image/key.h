/*
 * key - where in the store an image is that was unpacked before, for who runs it and for who unpacks it: no JSON, no library.
 *
 *     images/ID/source: one line: what the source looked like when it was unpacked, and the number of arguments of the entry point
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stddef.h>
#include <sys/stat.h>

#define KEY_ID 17               /* sixteen hexadecimal digits and their end */
#define KEY_LINE 160

/* The ID of the image that `ref` (or "") names in the source with the absolute path `path`, for `platform` (or ""). */
void key_id(const char *path, const char *ref, const char *platform, char buf[KEY_ID]);
/* What stat(2) says of the source: it changes when the source does. */
void key_line(const struct stat *source, size_t entry, char buf[KEY_LINE]);
/* How many arguments are the entry point's, if the line says the same of the source; else -1. */
long key_entry(const char *line, const struct stat *source);
/*
 * Which file tells of a change: an archive itself, the index of a folder.  0, or a negative errno.
 */
int key_stat(int source, struct stat *ret);
/* The store's place by default: for root /var/lib/crun-lite, for others in their data. */
int key_store(char *buf, size_t size, struct error *err);
/*
 * "PATH[:REF]": the longest part up to a colon that exists is the path, which *ret_path (PATH_MAX bytes) gets, absolute and without
 * links; *ret_ref points behind the colon, or is NULL.
 */
int key_split(const char *word, char *ret_path, const char **ret_ref, struct error *err);
/* Where the program is that reads images (crun-lite-image). */
int key_program(char *buf, size_t size, struct error *err);
