/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/time.h"

#include <stdint.h>
#include <stdio.h>

/* By hand, because gmtime(3) takes the time zone database's lock and may read /etc/localtime. */
void time_format(struct timespec when, char *buf, size_t size)
{
	/* Days since 0000-03-01: years that start in March end with their leap day. */
	uint64_t days = (uint64_t)when.tv_sec / 86400 + 719468;
	unsigned seconds = (unsigned)(when.tv_sec % 86400);
	unsigned era_day = (unsigned)(days % 146097);
	unsigned era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	unsigned year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	unsigned month = (5 * year_day + 2) / 153;      /* 0 = March */

	snprintf(buf, size, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ",
	         (unsigned)(days / 146097) * 400 + era_year + (month >= 10), month < 10 ? month + 3 : month - 9,
	         year_day - (153 * month + 2) / 5 + 1, seconds / 3600, seconds / 60 % 60, seconds % 60,
	         (unsigned)when.tv_nsec);
}

void time_now(char *buf, size_t size)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	time_format(now, buf, size);
}
