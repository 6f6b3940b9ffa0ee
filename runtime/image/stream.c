/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/stream.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/image/interrupt.h"
#include "runtime/image/unpacker.h"

#define SLOTS 16

/* A thread fills slots one after the other, until it comes to the end or an error; the reader has the one that it asked for last. */
struct ahead {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	size_t filled, emptied; /* so far */
	bool held, stop;        /* held: slot `emptied` is being read */
	ssize_t n[SLOTS];       /* 0 or an error: the last one */
	const void *at[SLOTS];
	struct error err;
	unsigned char bytes[SLOTS][STREAM_CHUNK];
};

struct stream {
	struct extent extent;
	atomic_ullong *done;
	const struct unpacker *unpacker;        /* NULL: the bytes are as they are */
	void *state;
	struct hasher packed, plain;
	uint64_t n_packed, n_plain;
	size_t have, used;      /* of `in` */
	int between;            /* the compression may end here */
	int ended;              /* there is no more to read */
	struct ahead *ahead;    /* NULL: nobody reads ahead */
	atomic_uint *idle;      /* or NULL */
	unsigned char *in, *out;        /* STREAM_CHUNK each: these, or slots */
	unsigned char buffers[2][STREAM_CHUNK];
};

/* Where one may wait for ever: a signal that asks us to end ends that. */
static ssize_t read_pipe(struct stream *s, size_t want)
{
	ssize_t n;

	do
		n = read(s->extent.fd, s->in, want);
	while (n < 0 && errno == EINTR && !unpack_interrupted());
	return n;
}

/* At least a byte, if there is one. */
static int refill(struct stream *s, struct error *err)
{
	uint64_t left = s->extent.pipe ? STREAM_CHUNK : s->extent.size - s->n_packed;
	size_t want = left < STREAM_CHUNK ? (size_t)left : STREAM_CHUNK;
	ssize_t n = 0;

	s->used = s->have = 0;
	if (unpack_interrupted())
		return error_set(err, EINTR, "read");
	if (want)
		n = s->extent.pipe ? read_pipe(s, want)
		                   : TEMP_FAILURE_RETRY(pread(s->extent.fd, s->in, want, (off_t)(s->extent.at + s->n_packed)));
	if (n < 0)
		return error_set(err, errno, "read");
	if (n == 0 && want && !s->extent.pipe)
		return error_set(err, ERROR_SAID, "it ends after %llu of %llu bytes", (unsigned long long)s->n_packed,
		                 (unsigned long long)s->extent.size);
	s->have = (size_t)n;
	s->ended = n == 0;
	s->n_packed += (uint64_t)n;
	hash_add(&s->packed, s->in, s->have);
	if (s->done)
		atomic_fetch_add_explicit(s->done, (unsigned long long)n, memory_order_relaxed);
	return 0;
}

static const struct unpacker *find_unpacker(const unsigned char *p, size_t n)
{
	static const struct { const char *magic; size_t len; const struct unpacker *unpacker; } magics[] = {
		{"\x1f\x8b", 2, &unpacker_gzip},
		{"\x28\xb5\x2f\xfd", 4, &unpacker_zstd},
	};

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (n >= magics[i].len && memcmp(p, magics[i].magic, magics[i].len) == 0)
			return magics[i].unpacker;
	/* RFC 8878 3.1.2: a frame to skip may come first. */
	return n >= 4 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0 ? &unpacker_zstd : NULL;
}

/* Named, rather than taken for a tar that is damaged. */
static int refuse_others(const unsigned char *p, size_t n, struct error *err)
{
	static const struct { const char *magic; size_t len; const char *name; } others[] = {
		{"\xfd" "7zXZ", 5, "xz"}, {"BZh", 3, "bzip2"}, {"\x04\x22\x4d\x18", 4, "lz4"},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (n >= others[i].len && memcmp(p, others[i].magic, others[i].len) == 0) {
			error_set(err, ERROR_SAID, "it is packed with %s", others[i].name);
			return error_hint(err, "gzip, zstd and plain tars are unpacked");
		}
	return 0;
}

int stream_open(const struct extent *extent, atomic_ullong *done, struct stream **ret, struct error *err)
{
	struct stream *s = malloc(sizeof(*s));
	int r;

	if (!s)
		return error_set(err, ENOMEM, "read an image");
	memset(s, 0, offsetof(struct stream, buffers));
	s->in = s->buffers[0];
	s->out = s->buffers[1];
	s->extent = *extent;
	s->done = done;
	s->between = 1;
	hash_begin(&s->packed);
	hash_begin(&s->plain);
	r = refill(s, err);
	if (r == 0)
		r = refuse_others(s->in, s->have, err);
	s->unpacker = find_unpacker(s->in, s->have);
	if (r == 0 && s->unpacker && !(s->state = s->unpacker->begin()))
		r = error_set(err, ENOMEM, "unpack %s", s->unpacker->name);
	if (r < 0) {
		stream_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void stream_trust(struct stream *s)
{
	if (s->unpacker && s->unpacker->trust)
		s->unpacker->trust(s->state);
}

static int check_ratio(const struct stream *s, struct error *err)
{
	if (s->n_plain <= STREAM_FREE_BYTES + STREAM_RATIO_MAX * s->n_packed)
		return 0;
	error_set(err, ERROR_SAID, "more than %d bytes come out of each that is packed", STREAM_RATIO_MAX);
	return error_hint(err, "nobody packs files that way; it is made to fill disks");
}

static int unpack(struct stream *s, size_t *ret, struct error *err)
{
	struct piece p = {s->in + s->used, s->have - s->used, s->out, STREAM_CHUNK};
	const char *wrong = s->unpacker->step(s->state, &p, &s->between);

	s->used = s->have - p.n_in;
	*ret = STREAM_CHUNK - p.n_out;
	s->n_plain += *ret;
	return wrong ? error_set(err, ERROR_SAID, "%s: %s", s->unpacker->name, wrong) : check_ratio(s, err);
}

static ssize_t next_unpacked(struct stream *s, const void **ret, struct error *err)
{
	size_t n = 0;

	while (n == 0) {
		int r = s->used == s->have && !s->ended ? refill(s, err) : 0;

		if (r == 0)
			r = unpack(s, &n, err);
		if (r < 0)
			return r;
		if (n == 0 && s->ended)
			return s->between ? 0 : error_set(err, ERROR_SAID, "%s: it is cut off", s->unpacker->name);
	}
	hash_add(&s->plain, s->out, n);
	*ret = s->out;
	return (ssize_t)n;
}

static ssize_t next(struct stream *s, const void **ret, struct error *err)
{
	if (s->unpacker)
		return next_unpacked(s, ret, err);
	if (s->used == s->have && !s->ended) {
		int r = refill(s, err);

		if (r < 0)
			return r;
	}
	*ret = s->in + s->used;
	s->n_plain += s->have - s->used;
	s->used = s->have;
	return s->ended ? 0 : (ssize_t)s->have;
}

/* ---- ahead ---- */

static void fill_slot(struct stream *s, size_t slot)
{
	struct ahead *a = s->ahead;

	if (s->unpacker)
		s->out = a->bytes[slot];
	/* What stream_open has read is where it was. */
	else if (s->used == s->have)
		s->in = a->bytes[slot];
	a->n[slot] = next(s, &a->at[slot], &a->err);
}

static void *fill(void *arg)
{
	struct stream *s = arg;
	struct ahead *a = s->ahead;
	size_t slot = 0;
	ssize_t n = 1;

	while (n > 0) {
		pthread_mutex_lock(&a->mutex);
		while (a->filled - a->emptied == SLOTS && !a->stop)
			pthread_cond_wait(&a->changed, &a->mutex);
		n = a->stop ? 0 : 1;
		slot = a->filled % SLOTS;
		pthread_mutex_unlock(&a->mutex);
		if (n == 0)
			break;
		fill_slot(s, slot);
		n = a->n[slot];
		pthread_mutex_lock(&a->mutex);
		a->filled++;
		pthread_cond_signal(&a->changed);
		pthread_mutex_unlock(&a->mutex);
	}
	return NULL;
}

static bool begin_ahead(struct stream *s)
{
	struct ahead *a = malloc(sizeof(*a));

	if (!a)
		return false;
	memset(a, 0, offsetof(struct ahead, bytes));
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->changed, NULL);
	s->ahead = a;
	if (pthread_create(&a->thread, NULL, fill, s) == 0)
		return true;
	free(a);
	s->ahead = NULL;
	return false;
}

/* Takes a processor, if there is one; without memory or a thread all stays as it is. */
static void try_ahead(struct stream *s)
{
	unsigned n = atomic_load_explicit(s->idle, memory_order_relaxed);

	while (n > 0 && !atomic_compare_exchange_weak(s->idle, &n, n - 1))
		;
	if (n == 0)
		return;
	if (!begin_ahead(s)) {
		atomic_fetch_add(s->idle, 1);
		s->idle = NULL;
	}
}

void stream_use_idle(struct stream *s, atomic_uint *idle)
{
	s->idle = idle;
}

static ssize_t next_slot(struct ahead *a, const void **ret, struct error *err)
{
	size_t slot;

	pthread_mutex_lock(&a->mutex);
	if (a->held) {
		a->emptied++;
		pthread_cond_signal(&a->changed);
	}
	while (a->filled == a->emptied)
		pthread_cond_wait(&a->changed, &a->mutex);
	slot = a->emptied % SLOTS;
	/* The last one stays: whoever asks again gets the same answer. */
	a->held = a->n[slot] > 0;
	pthread_mutex_unlock(&a->mutex);
	*ret = a->at[slot];
	if (a->n[slot] < 0)
		*err = a->err;
	return a->n[slot];
}

static void stop_ahead(struct stream *s)
{
	struct ahead *a = s->ahead;

	pthread_mutex_lock(&a->mutex);
	a->stop = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->mutex);
	pthread_join(a->thread, NULL);
	free(a);
	atomic_fetch_add(s->idle, 1);
}

ssize_t stream_next(struct stream *s, const void **ret, struct error *err)
{
	if (s->idle && !s->ahead)
		try_ahead(s);
	return s->ahead ? next_slot(s->ahead, ret, err) : next(s, ret, err);
}

int stream_finish(struct stream *s, struct stream_sums *ret, struct error *err)
{
	const void *ignored;
	ssize_t n;

	do
		n = stream_next(s, &ignored, err);
	while (n > 0);
	if (n < 0)
		return (int)n;
	hash_end(&s->packed, &ret->packed);
	hash_end(&s->plain, &ret->plain);
	if (!s->unpacker)
		ret->plain = ret->packed;
	ret->n_packed = s->n_packed;
	ret->n_plain = s->n_plain;
	return 0;
}

const char *stream_packing(const struct stream *s)
{
	return s->unpacker ? s->unpacker->name : "none";
}

struct stream *stream_close(struct stream *s)
{
	if (s && s->ahead)
		stop_ahead(s);
	if (s && s->state)
		s->unpacker->end(s->state);
	free(s);
	return NULL;
}
