/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/unpacker.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

const char gunzip_library[] = "zlib";

#define GZIP_ONLY (15 + 16)     /* inflateInit2: the largest window, a gzip header */

struct state {
	z_stream z;
	int over;               /* a member has ended */
};

static void *begin(void)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s && inflateInit2(&s->z, GZIP_ONLY) != Z_OK) {
		free(s);
		return NULL;
	}
	return s;
}

static const char *step(void *state, struct piece *p, int *ret_between)
{
	struct state *s = state;
	int r = Z_OK;

	while (p->n_in && p->n_out && r == Z_OK) {
		if (s->over)
			inflateReset(&s->z);
		s->over = 0;
		s->z.next_in = (unsigned char *)p->in;
		s->z.avail_in = p->n_in > UINT_MAX ? UINT_MAX : (unsigned)p->n_in;
		s->z.next_out = p->out;
		s->z.avail_out = p->n_out > UINT_MAX ? UINT_MAX : (unsigned)p->n_out;
		r = inflate(&s->z, Z_NO_FLUSH);
		p->n_in -= (size_t)(s->z.next_in - p->in);
		p->n_out -= (size_t)(s->z.next_out - p->out);
		p->in = s->z.next_in;
		p->out = s->z.next_out;
		s->over = r == Z_STREAM_END;
		r = s->over ? Z_OK : r;
	}
	*ret_between = s->over;
	return r == Z_OK || r == Z_BUF_ERROR ? NULL : s->z.msg ? s->z.msg : "the data is damaged";
}

static void end(void *state)
{
	struct state *s = state;

	inflateEnd(&s->z);
	free(s);
}

/* Twentieth part of all the time. */
static void trust(void *state)
{
	struct state *s = state;

	inflateValidate(&s->z, 0);
}

const struct unpacker unpacker_gzip = {"gzip", begin, step, end, trust};
