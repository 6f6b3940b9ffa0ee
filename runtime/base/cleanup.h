/*
 * cleanup - scope-bound ownership: a variable marked cleanup_* releases what it holds.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_filep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_dirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define cleanup_free __attribute__((cleanup(cleanup_freep)))
#define cleanup_close __attribute__((cleanup(cleanup_closep)))
#define cleanup_file __attribute__((cleanup(cleanup_filep)))
#define cleanup_dir __attribute__((cleanup(cleanup_dirp)))

/* Hand ownership to someone else; the variable keeps "nothing". */
static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define steal_ptr(p)                           \
	({                                     \
		__typeof__(*(p)) taken_ = *(p); \
		*(p) = NULL;                   \
		taken_;                        \
	})
