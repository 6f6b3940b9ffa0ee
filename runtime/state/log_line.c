/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/log_line.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/units.h"

static const char *const streams[] = {[LOG_STDOUT] = "stdout", [LOG_STDERR] = "stderr"};

size_t log_head(char buf[LOG_HEAD_MAX], const char *time, enum log_stream stream, bool partial)
{
	return (size_t)snprintf(buf, LOG_HEAD_MAX, "%s %s %c ", time, streams[stream], partial ? 'P' : 'F');
}

/* " stdout F " behind the time. */
#define TAG_SIZE 10

bool log_line_parse(const char *line, size_t len, struct log_line *ret)
{
	const char *space = memchr(line, ' ', len);
	size_t time = space ? (size_t)(space - line) : 0;

	/* At the end of a line that is empty, tools may have cut the last space off. */
	if (time < sizeof("2026-11-21T05:00:00Z") - 1 || line[time - 1] != 'Z' || len < time + TAG_SIZE - 1)
		return false;
	*ret = (struct log_line){.time = line, .time_len = time, .partial = space[8] == 'P'};
	if (memcmp(space + 1, "stderr ", 7) == 0)
		ret->stream = LOG_STDERR;
	else if (memcmp(space + 1, "stdout ", 7) != 0)
		return false;
	if (len > time + TAG_SIZE) {
		ret->text = space + TAG_SIZE;
		ret->len = len - time - TAG_SIZE;
	}
	return (space[8] == 'F' || space[8] == 'P') && (len == time + TAG_SIZE - 1 || space[9] == ' ');
}

/* All times that we write are equally long. */
bool log_line_is_before(const struct log_line *line, const char *moment)
{
	size_t n = strlen(moment), shorter = line->time_len < n ? line->time_len : n;
	int r = memcmp(line->time, moment, shorter);

	return r < 0 || (r == 0 && line->time_len < n);
}

#define SECOND 1000000000ull

/* ".5" of a second; where it ends. */
static const char *take_fraction(const char *p, long *ret_ns)
{
	long digit = 100000000;

	*ret_ns = 0;
	if (*p != '.')
		return p;
	for (p++; *p >= '0' && *p <= '9'; p++, digit /= 10)
		*ret_ns += (*p - '0') * digit;
	return p;
}

/* "Z" or nothing, or "+01:00": seconds to the east. */
static bool take_zone(const char *p, time_t *ret)
{
	unsigned hours, minutes;
	int end = 0;

	*ret = 0;
	if (!*p || strcmp(p, "Z") == 0)
		return true;
	if ((*p != '+' && *p != '-') || sscanf(p + 1, "%2u:%2u%n", &hours, &minutes, &end) != 2 || p[1 + end])
		return false;
	*ret = (*p == '-' ? -1 : 1) * (time_t)(hours * 3600 + minutes * 60);
	return true;
}

/* Since 1970; years that start in March end with their leap day. */
static time_t days_of(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return (time_t)(y * 365ull + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1) - 719468;
}

static bool is_date(const char *text, struct timespec *ret)
{
	unsigned year, month, day, hours = 0, minutes = 0, seconds = 0;
	int n = 0, more = 0;
	time_t east;

	if (sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &n) != 3 || year < 1970 || month - 1 > 11 || day - 1 > 30)
		return false;
	text += n;
	if (*text == 'T' || *text == ' ') {
		if (sscanf(text + 1, "%2u:%2u%n:%2u%n", &hours, &minutes, &more, &seconds, &more) < 2 || hours > 24 || minutes > 59 || seconds > 60)
			return false;
		text += 1 + more;
	}
	if (!take_zone(take_fraction(text, &ret->tv_nsec), &east))
		return false;
	ret->tv_sec = days_of(year, month, day) * 86400 + hours * 3600 + minutes * 60 + seconds - east;
	return true;
}

static bool is_count(const char *text, struct timespec *ret)
{
	size_t digits = strspn(text, "0123456789");
	const char *end = take_fraction(text + digits, &ret->tv_nsec);

	ret->tv_sec = strtoll(text, NULL, 10);
	return digits > 0 && digits < 12 && !*end;
}

bool log_moment(const char *text, struct timespec now, char ret[TIME_TEXT_SIZE])
{
	struct timespec when = {0};
	uint64_t ago;

	if (!is_count(text, &when) && !is_date(text, &when)) {
		if (!units_duration(text, &ago))
			return false;
		when.tv_sec = now.tv_sec - (time_t)(ago / SECOND);
		when.tv_nsec = now.tv_nsec - (long)(ago % SECOND);
		when.tv_sec -= when.tv_nsec < 0;
		when.tv_nsec += when.tv_nsec < 0 ? (long)SECOND : 0;
	}
	time_format(when, ret, TIME_TEXT_SIZE);
	return true;
}
