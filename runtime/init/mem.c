/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

/*
 * The barrier keeps the compiler from turning a loop back into a call of the very function that it
 * is in (gcc and clang know different flags for that).
 */
#define BARRIER() __asm__ volatile("" ::: "memory")

#ifdef INIT_FREESTANDING

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n--) {
		*t++ = *f++;
		BARRIER();
	}
	return to;
}

void *memset(void *to, int c, size_t n)
{
	char *t = to;

	while (n--) {
		*t++ = (char)c;
		BARRIER();
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		BARRIER();
	}
	return n;
}

#endif
