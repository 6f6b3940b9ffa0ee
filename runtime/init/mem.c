/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

/* The loops are not turned back into calls of themselves. */
#define NO_PATTERN __attribute__((optimize("no-tree-loop-distribute-patterns")))

#ifdef INIT_FREESTANDING

NO_PATTERN void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

NO_PATTERN void *memset(void *to, int c, size_t n)
{
	char *t = to;

	while (n--)
		*t++ = (char)c;
	return to;
}

NO_PATTERN int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

NO_PATTERN size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

#endif
