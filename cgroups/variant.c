/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/variant.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8
#define TYPE_MAX 64

/* The words in front of a value; the ranges of the integers among them. */
static const struct keyword {
	const char *word;
	char type;
	size_t size;
	int64_t min;
	uint64_t max;
} keywords[] = {
	{"boolean", 'b', 0, 0, 0},
	{"byte", 'y', 1, 0, UINT8_MAX},
	{"int16", 'n', 2, INT16_MIN, INT16_MAX},
	{"uint16", 'q', 2, 0, UINT16_MAX},
	{"int32", 'i', 4, INT32_MIN, INT32_MAX},
	{"uint32", 'u', 4, 0, UINT32_MAX},
	{"int64", 'x', 8, INT64_MIN, INT64_MAX},
	{"uint64", 't', 8, 0, UINT64_MAX},
	{"double", 'd', 8, 0, 0},
	{"string", 's', 0, 0, 0},
	{"objectpath", 'o', 0, 0, 0},
	{"signature", 'g', 0, 0, 0},
};

struct parser {
	const char *at;
	unsigned depth;
	struct error *err;
};

static int fail(struct parser *p, const char *what)
{
	if (*p->at)
		return error_set(p->err, EINVAL, "%s is expected at '%.40s'", what, p->at);
	return error_set(p->err, EINVAL, "%s is expected at the end", what);
}

static void space(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
		p->at++;
}

static bool accept(struct parser *p, char c)
{
	space(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static const struct keyword *accept_keyword(struct parser *p)
{
	size_t n = 0;

	space(p);
	while (isalnum((unsigned char)p->at[n]))
		n++;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strlen(keywords[i].word) == n && memcmp(keywords[i].word, p->at, n) == 0) {
			p->at += n;
			return &keywords[i];
		}
	return NULL;
}

static const struct keyword *find_type(char type)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (keywords[i].type == type)
			return &keywords[i];
	return NULL;
}

static bool accept_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	space(p);
	if (strncmp(p->at, word, n) != 0 || isalnum((unsigned char)p->at[n]))
		return false;
	p->at += n;
	return true;
}

/* "@as" */
static int declared_type(struct parser *p, char *type)
{
	size_t n = wire_type_length(p->at);

	if (!n || n >= TYPE_MAX)
		return fail(p, "a type");
	memcpy(type, p->at, n);
	type[n] = '\0';
	p->at += n;
	return 0;
}

/* ---- which type a value has: the first pass, which moves no further than it has to ---- */

static int infer(struct parser *p, char *type);

static int infer_array(struct parser *p, char *type)
{
	int r;

	type[0] = 'a';
	space(p);
	if (*p->at == ']') {
		error_set(p->err, EINVAL, "an empty array needs its type");
		return error_hint(p->err, "for example: @as []");
	}
	r = infer(p, type + 1);
	return r;
}

static int infer_plain(struct parser *p, char *type)
{
	const char *s = p->at;

	type[1] = '\0';
	if (*s == '<') {
		type[0] = 'v';
	} else if (*s == '\'' || *s == '"') {
		type[0] = 's';
	} else if (strncmp(s, "true", 4) == 0 || strncmp(s, "false", 5) == 0) {
		type[0] = 'b';
	} else if (isdigit((unsigned char)*s) || *s == '-' || *s == '+' || *s == '.') {
		size_t n = strspn(s, "+-0123456789abcdefxABCDEFX.");
		bool hex = n > 2 && strncasecmp(s + strspn(s, "+-"), "0x", 2) == 0;

		type[0] = !hex && (memchr(s, '.', n) || memchr(s, 'e', n)) ? 'd' : 'i';
	} else {
		return fail(p, "a value");
	}
	return 0;
}

static int infer(struct parser *p, char *type)
{
	const struct keyword *keyword;
	int r;

	if (p->depth == DEPTH_MAX)
		return error_set(p->err, EINVAL, "values are nested too deep");
	if (accept(p, '@'))
		return declared_type(p, type);
	if (accept(p, '[')) {
		p->depth++;
		r = infer_array(p, type);
		p->depth--;
		return r;
	}
	keyword = accept_keyword(p);
	if (keyword) {
		type[0] = keyword->type;
		type[1] = '\0';
		return 0;
	}
	return infer_plain(p, type);
}

/* ---- the value of a type: the second pass ---- */

static int value(struct parser *p, const char *type, struct wire *w);

static bool escape(struct parser *p, char *ret)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *found = *p->at ? strchr(from, *p->at) : NULL;

	if (!found)
		return false;
	*ret = to[found - from];
	p->at++;
	return true;
}

static int string(struct parser *p, char type, struct wire *w)
{
	char quote = *p->at;
	struct wire text = {0};
	char c;

	if (quote != '\'' && quote != '"')
		return fail(p, "a string");
	for (p->at++; *p->at && *p->at != quote;) {
		c = *p->at++;
		if (c == '\\' && !escape(p, &c)) {
			wire_free(&text);
			return fail(p, "a known escape");
		}
		wire_bytes(&text, &c, 1);
	}
	if (*p->at != quote) {
		wire_free(&text);
		return fail(p, "the closing quote");
	}
	p->at++;
	c = '\0';
	wire_bytes(&text, &c, 1);
	if (text.failed)
		w->failed = true;
	else if (type == 'g')
		wire_signature(w, (const char *)text.v);
	else
		wire_string(w, (const char *)text.v);
	wire_free(&text);
	return 0;
}

static int integer(struct parser *p, const struct keyword *k, struct wire *w)
{
	const char *start = p->at;
	bool negative = *start == '-';
	unsigned long long n;
	char *end;

	start += *start == '-' || *start == '+';
	if (!isdigit((unsigned char)*start))
		return fail(p, "a number");
	errno = 0;
	n = strtoull(start, &end, 0);
	if (errno || isalnum((unsigned char)*end) || *end == '.' || (!negative && n > k->max) ||
	    (negative && n > (k->min ? (uint64_t)-(k->min + 1) + 1 : 0)))
		return error_set(p->err, ERANGE, "'%.40s' is no %s", p->at, k->word);
	p->at = end;
	wire_number(w, k->size, negative ? -(uint64_t)n : n);
	return 0;
}

static int real(struct parser *p, struct wire *w)
{
	char *end;
	double d = strtod(p->at, &end);
	uint64_t bits;

	if (end == p->at || isalnum((unsigned char)*end) || !isfinite(d))
		return fail(p, "a number");
	p->at = end;
	memcpy(&bits, &d, sizeof(bits));
	wire_number(w, 8, bits);
	return 0;
}

static int array(struct parser *p, const char *element, struct wire *w)
{
	struct wire_array mark;
	bool more;
	int r = 0;

	if (!accept(p, '['))
		return fail(p, "'['");
	mark = wire_array(w, wire_alignment(*element));
	more = !accept(p, ']');
	while (more && r == 0) {
		r = value(p, element, w);
		more = r == 0 && !accept(p, ']');
		if (more && !accept(p, ','))
			r = fail(p, "',' or ']'");
	}
	wire_array_end(w, mark);
	return r;
}

static int tuple(struct parser *p, const char *type, struct wire *w)
{
	int r = accept(p, '(') ? 0 : fail(p, "'('");

	wire_align(w, 8);
	for (type++; r == 0 && *type != ')';) {
		char part[TYPE_MAX];
		size_t n = wire_type_length(type);

		memcpy(part, type, n);
		part[n] = '\0';
		r = value(p, part, w);
		type += n;
		if (r == 0 && *type != ')' && !accept(p, ','))
			r = fail(p, "','");
	}
	if (r == 0)
		accept(p, ',');
	return r == 0 && !accept(p, ')') ? fail(p, "')'") : r;
}

static int variant(struct parser *p, struct wire *w)
{
	char type[2 * TYPE_MAX];
	struct parser ahead;
	int r;

	ahead = *p;
	r = infer(&ahead, type);
	if (r < 0)
		return r;
	wire_signature(w, type);
	return value(p, type, w);
}

static int plain(struct parser *p, const char *type, struct wire *w)
{
	const struct keyword *k = find_type(*type);
	int r;

	switch (*type) {
	case 'b':
		r = accept_word(p, "true") ? 1 : accept_word(p, "false") ? 0 : fail(p, "true or false");
		if (r >= 0)
			wire_number(w, 4, (uint64_t)r);
		return r < 0 ? r : 0;
	case 's':
	case 'o':
	case 'g':
		return string(p, *type, w);
	case 'd':
		return real(p, w);
	case 'a':
		return array(p, type + 1, w);
	case '(':
		return tuple(p, type, w);
	case 'v':
		if (!accept(p, '<'))
			return fail(p, "'<'");
		r = variant(p, w);
		return r == 0 && !accept(p, '>') ? fail(p, "'>'") : r;
	}
	return k && k->size ? integer(p, k, w)
			    : error_set(p->err, EINVAL, "values of type '%.20s' are not known here", type);
}

/* What stands in front has to say the same type. */
static int value(struct parser *p, const char *type, struct wire *w)
{
	const struct keyword *keyword;
	char declared[TYPE_MAX];
	int r = 0;

	if (p->depth++ == DEPTH_MAX)
		return error_set(p->err, EINVAL, "values are nested too deep");
	if (accept(p, '@')) {
		r = declared_type(p, declared);
		if (r == 0 && strcmp(declared, type) != 0)
			r = error_set(p->err, EINVAL, "type '%s' where '%.40s' is expected", declared, type);
	} else {
		keyword = accept_keyword(p);
		if (keyword && (keyword->type != type[0] || type[1]))
			r = error_set(p->err, EINVAL, "type %s where '%.40s' is expected", keyword->word, type);
	}
	space(p);
	if (r == 0)
		r = plain(p, type, w);
	p->depth--;
	return r;
}

static int finish(struct parser *p, const struct wire *w)
{
	space(p);
	if (*p->at)
		return fail(p, "the end");
	return w->failed ? error_set(p->err, ENOMEM, "read the value") : 0;
}

int variant_parse(const char *text, struct wire *ret, struct error *err)
{
	struct parser p = {.at = text, .err = err};
	int r = variant(&p, ret);

	return r < 0 ? r : finish(&p, ret);
}

/* The value of one basic number, from what the parser wrote. */
static bool read_seconds(const struct wire *w, double *ret)
{
	struct wire_reader r = {.v = w->v, .len = w->len};
	const char *type = wire_read_signature(&r);
	const struct keyword *k = find_type(*type);
	uint64_t n;

	if (!k || !k->size)
		return false;
	n = wire_read_number(&r, k->size);
	if (*type == 'd')
		memcpy(ret, &n, sizeof(n));
	else if (k->min)
		*ret = (double)((int64_t)(n << (64 - 8 * k->size)) >> (64 - 8 * k->size));
	else
		*ret = (double)n;
	return !r.failed;
}

int variant_parse_seconds(const char *text, struct wire *ret, struct error *err)
{
	struct wire given = {0};
	double seconds = 0;
	int r = variant_parse(text, &given, err);

	if (r == 0 && (!read_seconds(&given, &seconds) || seconds < 0 || seconds > (double)(UINT64_MAX / 2000000)))
		r = error_set(err, EINVAL, "'%.40s' is no number of seconds", text);
	wire_free(&given);
	if (r < 0)
		return r;
	wire_signature(ret, "t");
	wire_number(ret, 8, (uint64_t)(seconds * 1000000));
	return ret->failed ? error_set(err, ENOMEM, "read the value") : 0;
}
