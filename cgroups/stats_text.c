/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats_text.h"

#include <stdio.h>
#include <string.h>

/* More processors or nodes than any kernel is built for: what is beyond is no list of them. */
#define LIST_MAX 65536

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Moves over a decimal number; too large ones are STATS_MAX. */
static bool take_number(const char **p, uint64_t *ret)
{
	uint64_t n = 0;

	if (!is_digit(**p))
		return false;
	for (; is_digit(**p); (*p)++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(**p - '0'), &n))
			n = STATS_MAX / 10 * 10;        /* stays too large */
	*ret = n >= STATS_MAX / 10 * 10 ? STATS_MAX : n;
	return true;
}

static void skip_blanks(const char **p)
{
	while (**p == ' ' || **p == '\t')
		(*p)++;
}

static void skip_line(const char **p)
{
	*p += strcspn(*p, "\n");
	*p += **p == '\n';
}

static bool at_end(const char *p)
{
	return *p == '\0' || *p == '\n';
}

bool stats_number(const char *text, uint64_t *ret)
{
	if (strncmp(text, "max", 3) == 0 && at_end(text + 3)) {
		*ret = STATS_MAX;
		return true;
	}
	return take_number(&text, ret) && at_end(text);
}

bool stats_signed(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t n;

	text += negative;
	if (!take_number(&text, &n) || !at_end(text) || n > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

bool stats_next_field(const char **text, struct stats_field *ret)
{
	while (**text) {
		const char *p = *text;

		skip_line(text);
		ret->key = p;
		ret->len = strcspn(p, " \n");
		p += ret->len;
		if (ret->len == 0 || *p != ' ')
			continue;
		skip_blanks(&p);
		if (take_number(&p, &ret->value) && at_end(p))
			return true;
	}
	return false;
}

bool stats_field(const char *text, const char *key, uint64_t *ret)
{
	struct stats_field field;
	size_t len = strlen(key);

	while (stats_next_field(&text, &field))
		if (field.len == len && memcmp(field.key, key, len) == 0) {
			*ret = field.value;
			return true;
		}
	return false;
}

bool stats_next_number(const char **text, uint64_t *ret)
{
	*text += strspn(*text, " \t\n");
	return take_number(text, ret);
}

/* The number of that column, the first being 0. */
static bool take_cell(const char *line, unsigned column, uint64_t *ret)
{
	for (unsigned i = 0; take_number(&line, ret); i++) {
		if (i == column)
			return true;
		skip_blanks(&line);
	}
	return false;
}

bool stats_next_cell(const char **text, unsigned column, uint64_t *ret)
{
	while (**text) {
		const char *line = *text;

		skip_line(text);
		if (take_cell(line, column, ret))
			return true;
	}
	return false;
}

bool stats_next_of_list(struct stats_list *list, uint64_t *ret)
{
	if (!list->in_range) {
		list->text += *list->text == ',';
		if (!take_number(&list->text, &list->next))
			return false;
		list->last = list->next;
		if (*list->text == '-') {
			list->text++;
			if (!take_number(&list->text, &list->last))
				return false;
		}
		if (list->last < list->next || list->last >= LIST_MAX)
			return false;
	}
	*ret = list->next++;
	list->in_range = list->next <= list->last;
	return true;
}

static bool take_device(struct stats_io *io)
{
	const char *p = io->text;

	if (!take_number(&p, &io->major) || *p++ != ':' || !take_number(&p, &io->minor) || *p != ' ')
		return false;
	io->text = p;
	return true;
}

/* "Read 4096", "rbytes=4096" or "4096" */
static bool take_count(struct stats_io *io)
{
	size_t len;

	skip_blanks(&io->text);
	len = strcspn(io->text, " =\n");
	io->op[0] = '\0';
	if (!is_digit(*io->text) && len > 0 && len < sizeof(io->op)) {
		memcpy(io->op, io->text, len);
		io->op[len] = '\0';
		io->text += len;
		io->text += *io->text == '=';
		skip_blanks(&io->text);
	}
	return take_number(&io->text, &io->value) && (*io->text == ' ' || at_end(io->text));
}

bool stats_next_io(struct stats_io *io)
{
	while (*io->text) {
		if (!io->in_line)
			io->in_line = take_device(io);
		if (io->in_line && take_count(io))
			return true;
		/* The end of the line, a "Total" without a device, or what we do not know. */
		io->in_line = false;
		skip_line(&io->text);
	}
	return false;
}

/* "0.25" as 25 */
static bool take_hundredths(const char **p, uint64_t *ret)
{
	uint64_t whole;

	if (!take_number(p, &whole) || **p != '.' || !is_digit((*p)[1]) || !is_digit((*p)[2]) || whole > 1000)
		return false;
	*ret = whole * 100 + (uint64_t)((*p)[1] - '0') * 10 + (uint64_t)((*p)[2] - '0');
	*p += 3;
	return true;
}

static bool take_key(const char **p, const char *key)
{
	size_t len = strlen(key);

	skip_blanks(p);
	if (strncmp(*p, key, len) != 0)
		return false;
	*p += len;
	return true;
}

bool stats_pressure(const char *text, const char *line, struct stats_pressure *ret)
{
	for (; *text; skip_line(&text)) {
		const char *p = text;

		if (take_key(&p, line) && take_key(&p, "avg10=") && take_hundredths(&p, &ret->avg10) &&
		    take_key(&p, "avg60=") && take_hundredths(&p, &ret->avg60) && take_key(&p, "avg300=") &&
		    take_hundredths(&p, &ret->avg300) && take_key(&p, "total=") && take_number(&p, &ret->total))
			return true;
	}
	return false;
}

bool stats_page_size(const char *directory, char *buf, size_t size)
{
	static const char units[] = "KMG";
	const char *p = directory;
	uint64_t n;
	size_t unit = 0;

	if (!take_key(&p, "hugepages-") || !take_number(&p, &n) || n == 0 || n == STATS_MAX || strcmp(p, "kB") != 0)
		return false;
	for (; unit < 2 && n % 1024 == 0; unit++)
		n /= 1024;
	return snprintf(buf, size, "%llu%cB", (unsigned long long)n, units[unit]) < (int)size;
}
