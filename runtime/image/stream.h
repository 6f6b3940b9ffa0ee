/*
 * stream - a piece of a file, unpacked as it is read: gzip, zstd or nothing, by its first bytes and not by its name.
 *
 * Everything that was read is hashed as it was and as it came out, so that a blob's digest and its diff_id are known at its end.
 * What grows out of all proportion is refused.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/digest.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_CHUNK (256u << 10)
/* So many times what went in may come out, and so much in any case (V47). */
#define STREAM_RATIO_MAX 1000
#define STREAM_FREE_BYTES (64u << 20)

struct extent {                 /* where bytes are */
	int fd;                 /* not owned */
	uint64_t at;
	uint64_t size;
	bool pipe;              /* read(2) to the end; `at` and `size` do not matter */
};

struct stream;

struct stream_sums {
	struct digest packed, plain;
	uint64_t n_packed, n_plain;
};

/* `done`: counts the bytes that were read, for who shows progress; or NULL. */
int stream_open(const struct extent *extent, atomic_ullong *done, struct stream **ret, struct error *err);
/*
 * Once *idle says that a processor has nothing to do, a thread of its own reads, unpacks and hashes, while the caller does something with
 * what came before; until stream_close that processor is taken from *idle.
 */
void stream_use_idle(struct stream *s, atomic_uint *idle);
/* The caller compares the digest of what comes out, which says more than the compression's own checksum. */
void stream_trust(struct stream *s);
/* The next bytes, valid until the next call; 0 at the end. */
ssize_t stream_next(struct stream *s, const void **ret, struct error *err);
/* Reads to the end, if it is not there yet; then the sums are of all of it. */
int stream_finish(struct stream *s, struct stream_sums *ret, struct error *err);
/* "gzip", "zstd" or "none" */
const char *stream_packing(const struct stream *s);
struct stream *stream_close(struct stream *s);
