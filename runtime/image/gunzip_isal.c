/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/unpacker.h"

#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <stdlib.h>

const char gunzip_library[] = "ISA-L";

struct state {
	struct inflate_state z;
	int over;               /* a member has ended */
};

static void restart(struct state *s)
{
	isal_inflate_reset(&s->z);
	s->z.crc_flag = ISAL_GZIP;
	s->over = 0;
}

static void *begin(void)
{
	struct state *s = malloc(sizeof(*s));

	if (s) {
		isal_inflate_init(&s->z);
		restart(s);
	}
	return s;
}

static const char *words(int code)
{
	return code == ISAL_INCORRECT_CHECKSUM ? "its checksum does not match" : "the data is damaged";
}

static const char *step(void *state, struct piece *p, int *ret_between)
{
	struct state *s = state;
	int r = ISAL_DECOMP_OK;

	/* What the state still holds back comes out without more going in. */
	do {
		size_t in = p->n_in, out = p->n_out;

		if (s->over && !p->n_in)
			break;
		if (s->over)
			restart(s);
		s->z.next_in = (unsigned char *)p->in;
		s->z.avail_in = p->n_in > INT_MAX ? INT_MAX : (uint32_t)p->n_in;
		s->z.next_out = p->out;
		s->z.avail_out = p->n_out > INT_MAX ? INT_MAX : (uint32_t)p->n_out;
		r = isal_inflate(&s->z);
		p->n_in -= (size_t)(s->z.next_in - p->in);
		p->n_out -= (size_t)(s->z.next_out - p->out);
		p->in = s->z.next_in;
		p->out = s->z.next_out;
		s->over = s->z.block_state == ISAL_BLOCK_FINISH;
		if (in == p->n_in && out == p->n_out && !s->over)
			break;
	} while (p->n_out && r == ISAL_DECOMP_OK && (p->n_in || !s->over));
	*ret_between = s->over;
	return r == ISAL_DECOMP_OK || r == ISAL_END_INPUT ? NULL : words(r);
}

static void end(void *state)
{
	free(state);
}

const struct unpacker unpacker_gzip = {"gzip", begin, step, end};
