/*
 * flush - what is unpacked goes to the disk while the unpacking goes on.
 *
 * The syncfs(2) before anything is published is what a user waits for, doing nothing, while the disk works; and before it the disk
 * has nothing to do.  So a thread calls it each time that enough has been written: the last one finds little left.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

struct flush;

/* `fd`: anything on the file system.  NULL: without memory or a thread; then all is written at the end. */
struct flush *flush_begin(int fd);
/* So many bytes more.  By any thread; NULL is taken. */
void flush_wrote(struct flush *flush, uint64_t n);
/* Waits for what is under way, and frees.  NULL is taken. */
struct flush *flush_end(struct flush *flush);
