/* SPDX-License-Identifier: Apache-2.0 */
#define ZSTD_STATIC_LINKING_ONLY        /* ZSTD_getFrameHeader */
#include "runtime/image/unpacker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/*
 * A frame says how many of its last bytes must be kept in memory.  8 MiB is what every decoder has to take (RFC 8878 3.1.1.1.2) and what
 * `zstd -19` asks for, 32 MiB what the best level of the Go library does that docker and podman pack with.  More (`zstd --ultra`,
 * `--long`) is refused: the promise is 64 MiB of memory for all of an unpacking, whatever the image.  So those who unpack at the
 * same time share what is left of that, and wait for each other.
 */
#define WINDOW_LOG_MAX 25
#define TOGETHER (40u << 20)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
static size_t taken;

struct state {
	ZSTD_DStream *z;        /* NULL until the first frame */
	size_t window;          /* what it has of `taken` */
	bool in_frame;
	unsigned char head[ZSTD_FRAMEHEADERSIZE_MAX];
	size_t n_head, used_head;
};

/* Nobody waits while he has something. */
static void take(struct state *s, size_t window)
{
	pthread_mutex_lock(&mutex);
	while (taken && taken + window > TOGETHER)
		pthread_cond_wait(&room, &mutex);
	taken += window;
	pthread_mutex_unlock(&mutex);
	s->window = window;
}

static void give_back(struct state *s)
{
	ZSTD_freeDStream(s->z);
	s->z = NULL;
	pthread_mutex_lock(&mutex);
	taken -= s->window;
	pthread_cond_broadcast(&room);
	pthread_mutex_unlock(&mutex);
	s->window = 0;
}

static void end(void *state)
{
	give_back(state);
	free(state);
}

static void *begin(void)
{
	return calloc(1, sizeof(struct state));
}

/* For a frame with this window. */
static const char *make_ready(struct state *s, unsigned long long window)
{
	if (window > 1ull << WINDOW_LOG_MAX)
		return "it needs a window of more than 32 MiB (zstd --ultra, or --long): pack it at another level";
	if (s->z && window <= s->window)
		return NULL;
	give_back(s);
	take(s, (size_t)window);
	s->z = ZSTD_createDStream();
	return s->z && !ZSTD_isError(ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)) ? NULL : "no memory";
}

/* Of the next frame, as far as it is here; *ret_known: it is. */
static const char *read_head(struct state *s, struct piece *p, bool *ret_known)
{
	ZSTD_frameHeader h;
	size_t r = 1;

	while (r > 0 && p->n_in > 0 && s->n_head < sizeof(s->head)) {
		s->head[s->n_head++] = *p->in++;
		p->n_in--;
		r = ZSTD_getFrameHeader(&h, s->head, s->n_head);
		if (ZSTD_isError(r))
			return ZSTD_getErrorName(r);
	}
	*ret_known = r == 0;
	return r == 0 ? make_ready(s, h.frameType == ZSTD_skippableFrame ? 0 : h.windowSize) : NULL;
}

/* 0: the frame has ended. */
static size_t decode(struct state *s, ZSTD_inBuffer *in, ZSTD_outBuffer *out)
{
	size_t before, r;

	/* Without input it goes on only with what it holds back. */
	do {
		before = in->pos + out->pos;
		r = ZSTD_decompressStream(s->z, out, in);
	} while (r > 0 && !ZSTD_isError(r) && out->pos < out->size && in->pos < in->size && in->pos + out->pos > before);
	return r;
}

static const char *step(void *state, struct piece *p, int *ret_between)
{
	struct state *s = state;
	bool known = false;
	const char *wrong = s->in_frame ? NULL : read_head(s, p, &known);
	ZSTD_inBuffer in = {p->in, p->n_in, 0}, head;
	ZSTD_outBuffer out = {p->out, p->n_out, 0};
	size_t r = 1;

	s->in_frame |= known;
	*ret_between = !s->in_frame && s->n_head == 0;
	if (wrong || !s->in_frame)
		return wrong;
	head = (ZSTD_inBuffer){s->head, s->n_head, s->used_head};
	if (head.pos < head.size) {
		r = decode(s, &head, &out);
		s->used_head = head.pos;
	}
	if (r > 0 && !ZSTD_isError(r) && head.pos == head.size)
		r = decode(s, &in, &out);
	p->in += in.pos;
	p->n_in -= in.pos;
	p->out += out.pos;
	p->n_out -= out.pos;
	if (r == 0) {
		s->in_frame = false;
		s->n_head = s->used_head = 0;
		*ret_between = 1;
	}
	return ZSTD_isError(r) ? ZSTD_getErrorName(r) : NULL;
}

const struct unpacker unpacker_zstd = {"zstd", begin, step, end};
