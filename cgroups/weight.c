/*
 * weight - the weights of v1 as weights of v2.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/settings.h"

/* Base 2, of 1 <= x; a bit of the fraction per squaring. */
static double log_2(double x)
{
	double result = 0;

	for (; x >= 2; x /= 2)
		result += 1;
	for (double bit = 0.5; bit > 1e-15; bit /= 2) {
		x *= x;
		if (x >= 2) {
			result += bit;
			x /= 2;
		}
	}
	return result;
}

/* 10^x for 0 <= x <= 4, as (e^(x ln 10 / 16))^16: the series converges in 20 terms. */
static double power_of_10(double x)
{
	double y = x * 2.302585092994045684 / 16, term = 1, sum = 1;

	for (int i = 1; i < 20; i++) {
		term *= y / i;
		sum += term;
	}
	for (int i = 0; i < 4; i++)
		sum *= sum;
	return sum;
}

/*
 * weight = ceil(10^((l^2 + 125 l) / 612 - 7/34)), l = log2(shares): the curve through 2 -> 1,
 * 1024 -> 100 (both defaults) and 262144 -> 10000 that runc 1.3.2, crun 1.23 and Kubernetes use since
 * the straight line made 39 of 1024.  Written by hand because libm would be linked for it alone.
 */
unsigned settings_cpu_weight(uint64_t shares)
{
	double l, weight;
	unsigned floor;

	if (shares <= 2)
		return shares ? 1 : 0;
	if (shares >= 262144)
		return 10000;
	l = log_2((double)shares);
	/* (l^2 + 125 l - 126) / 612, factored: exact at 1024, whose weight must not round up to 101. */
	weight = power_of_10((l - 1) * (l + 126) / 612);
	floor = (unsigned)weight;
	return floor + (weight - floor > 1e-8);
}

unsigned settings_io_weight(uint64_t weight)
{
	return (unsigned)(1 + (weight - 10) * 9999 / 990);
}
