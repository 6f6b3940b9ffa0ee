/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/lists.h"

#include <errno.h>
#include <string.h>

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\n");
}

static int parse_number(const char **s, unsigned max, unsigned *ret)
{
	const char *p = skip_blanks(*s);
	size_t digits = strspn(p, "0123456789");
	unsigned n = 0;

	if (digits == 0)
		return -EINVAL;
	for (size_t i = 0; i < digits && n < max; i++)
		n = 10 * n + (unsigned)(p[i] - '0');
	*s = skip_blanks(p + digits);
	*ret = n;
	return n < max ? 0 : -ERANGE;
}

static int parse_range(const char **s, unsigned max, unsigned *ret_first, unsigned *ret_last)
{
	int r = parse_number(s, max, ret_first);

	*ret_last = *ret_first;
	if (r < 0 || **s != '-')
		return r;
	++*s;
	r = parse_number(s, max, ret_last);
	return r == 0 && *ret_last < *ret_first ? -EINVAL : r;
}

int list_parse(const char *list, unsigned max, uint64_t bits[LIST_WORDS])
{
	const char *s = skip_blanks(list);
	unsigned first, last;
	int r;

	if (bits)
		memset(bits, 0, LIST_WORDS * sizeof(*bits));
	while (*s) {
		r = parse_range(&s, max, &first, &last);
		if (r < 0)
			return r;
		for (unsigned i = first; bits && i <= last; i++)
			bits[i / 64] |= 1ull << i % 64;
		if (!*s)
			return 0;
		if (*s++ != ',' || !*skip_blanks(s))
			return -EINVAL;
	}
	return 0;
}
