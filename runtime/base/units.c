/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/units.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* More digits than these of a fraction change no unit that we have. */
#define FRACTION_MAX 1000000000000000ull

/* "12.5" times `scale`; *p is behind it.  A part of the number on either side of the point is enough. */
static bool take(const char **p, uint64_t scale, uint64_t *ret)
{
	uint64_t n = 0, numerator = 0, denominator = 1;
	bool any = false;

	for (; **p >= '0' && **p <= '9'; (*p)++, any = true)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(**p - '0'), &n))
			return false;
	if (**p == '.')
		(*p)++;
	for (; **p >= '0' && **p <= '9'; (*p)++, any = true) {
		if (denominator >= FRACTION_MAX)
			continue;
		numerator = numerator * 10 + (uint64_t)(**p - '0');
		denominator *= 10;
	}
	numerator = (uint64_t)((unsigned __int128)scale * numerator / denominator);
	return any && !__builtin_mul_overflow(n, scale, &n) && !__builtin_add_overflow(n, numerator, ret);
}

static const struct unit {
	const char *name;
	uint64_t size;
} bytes[] = {
	{"",    1         },
	{"b",   1         },
	{"k",   1ull << 10},
	{"kb",  1ull << 10},
	{"kib", 1ull << 10},
	{"m",   1ull << 20},
	{"mb",  1ull << 20},
	{"mib", 1ull << 20},
	{"g",   1ull << 30},
	{"gb",  1ull << 30},
	{"gib", 1ull << 30},
	{"t",   1ull << 40},
	{"tb",  1ull << 40},
	{"tib", 1ull << 40},
}, times[] = {
	{"ns", 1                    },
	{"us", 1000                 },
	{"ms", 1000000              },
	{"s",  1000000000           },
	{"m",  60 * 1000000000ull   },
	{"h",  3600 * 1000000000ull },
	{"d",  86400 * 1000000000ull},
};

bool units_scaled(const char *text, uint64_t scale, uint64_t *ret)
{
	return take(&text, scale, ret) && *text == '\0';
}

bool units_bytes(const char *text, uint64_t *ret)
{
	const char *unit = text + strspn(text, "0123456789.");

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		if (strcasecmp(unit, bytes[i].name) == 0)
			return take(&text, bytes[i].size, ret) && text == unit;
	return false;
}

static uint64_t time_unit(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (strlen(times[i].name) == len && memcmp(times[i].name, name, len) == 0)
			return times[i].size;
	return 0;
}

bool units_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t sum = 0, part, unit;

	if (units_scaled(text, 1000000000, ret_ns))
		return true;
	do {
		const char *name = text + strspn(text, "0123456789.");
		size_t len = strcspn(name, "0123456789.");

		unit = time_unit(name, len);
		if (!unit || !take(&text, unit, &part) || text != name || __builtin_add_overflow(sum, part, &sum))
			return false;
		text += len;
	} while (*text);
	*ret_ns = sum;
	return true;
}
