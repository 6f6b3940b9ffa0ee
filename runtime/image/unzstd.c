/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/unpacker.h"

#include <stdlib.h>
#include <zstd.h>

/* 128 MiB: what `zstd --ultra -22` asks for; more than that is refused, whatever the header says (V47). */
#define WINDOW_LOG_MAX 27

struct state {
	ZSTD_DStream *z;
};

static void end(void *state)
{
	struct state *s = state;

	ZSTD_freeDStream(s->z);
	free(s);
}

static void *begin(void)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s)
		s->z = ZSTD_createDStream();
	if (s && (!s->z || ZSTD_isError(ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))) {
		end(s);
		return NULL;
	}
	return s;
}

static const char *step(void *state, struct piece *p, int *ret_between)
{
	struct state *s = state;
	ZSTD_inBuffer in = {p->in, p->n_in, 0};
	ZSTD_outBuffer out = {p->out, p->n_out, 0};
	size_t r = 0, before;

	/* Without input it goes on only with what it holds back. */
	do {
		before = in.pos + out.pos;
		r = ZSTD_decompressStream(s->z, &out, &in);
	} while (!ZSTD_isError(r) && out.pos < out.size && in.pos < in.size && in.pos + out.pos > before);
	p->in += in.pos;
	p->n_in -= in.pos;
	p->out += out.pos;
	p->n_out -= out.pos;
	/* With nothing left to do it says how much the next frame would take. */
	if (in.pos + out.pos > 0)
		*ret_between = r == 0;
	return ZSTD_isError(r) ? ZSTD_getErrorName(r) : NULL;
}

const struct unpacker unpacker_zstd = {"zstd", begin, step, end};
