/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/json_doc.h"

#include <string.h>

size_t json_utf8(const char *s, size_t n)
{
	/* Unicode 15, table 3-7: the second byte decides about overlong forms and surrogates. */
	static const struct {
		unsigned char first, last, low, high, len;
	} forms[] = {
		{0x00, 0x7f, 0,    0,    1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; n > 0 && i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t len = forms[i].len;

		if (u[0] < forms[i].first || u[0] > forms[i].last)
			continue;
		if (len > n || (len > 1 && (u[1] < forms[i].low || u[1] > forms[i].high)))
			return 0;
		for (size_t k = 2; k < len; k++)
			if ((u[k] & 0xc0) != 0x80)
				return 0;
		return len;
	}
	return 0;
}

size_t json_utf8_span(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		uint64_t word;
		size_t len = 0;

		if (n - i >= sizeof(word)) {
			memcpy(&word, s + i, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0)
				len = sizeof(word);
		}
		if (len == 0)
			len = json_utf8(s + i, n - i);
		if (len == 0)
			break;
		i += len;
	}
	return i;
}
