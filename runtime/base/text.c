/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/text.h"

int text_decode(const char *text, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	int n = s[0] < 0x80   ? 1
		: s[0] < 0xc2 ? 0
		: s[0] < 0xe0 ? 2
		: s[0] < 0xf0 ? 3
		: s[0] < 0xf5 ? 4
			      : 0;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7f >> n);

	for (int i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	*ret = c;
	return n > 1 && (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) ? 0 : n;
}

bool text_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void text_print(FILE *out, const char *s)
{
	uint32_t c = 0;

	for (int n; *s; s += n ? n : 1) {
		n = text_decode(s, &c);
		if (n == 0)
			fprintf(out, "\\x%02x", (unsigned char)*s);
		else if (text_is_control(c))
			fprintf(out, c > 0xff ? "\\u%04x" : "\\x%02x", c);
		else
			fwrite(s, 1, (size_t)n, out);
	}
}

void text_print_json(FILE *out, const char *s)
{
	uint32_t c = 0;

	for (int n; *s; s += n ? n : 1) {
		n = text_decode(s, &c);
		if (n == 0)
			fputs("\\ufffd", out);
		else if (text_is_control(c))
			fprintf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", *s);
		else
			fwrite(s, 1, (size_t)n, out);
	}
}
