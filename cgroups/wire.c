/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/text.h"

/* What we write: far below the 128 MiB of the specification. */
#define SIZE_MAX_OURS (1u << 20)

/* Basic types; what is not here is a container. */
static const struct basic {
	char type;
	unsigned char size;     /* 0: a string */
	bool is_signed;
} basics[] = {
	{'y', 1, false}, {'b', 4, false}, {'n', 2, true},  {'q', 2, false}, {'i', 4, true},  {'u', 4, false},
	{'x', 8, true},  {'t', 8, false}, {'d', 8, false}, {'h', 4, false}, {'s', 0, false}, {'o', 0, false},
	{'g', 0, false},
};

static const struct basic *find_basic(char type)
{
	for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++)
		if (basics[i].type == type)
			return &basics[i];
	return NULL;
}

size_t wire_alignment(char type)
{
	const struct basic *b = find_basic(type);

	if (b)
		return b->size ? b->size : type == 'g' ? 1 : 4;
	return type == 'a' ? 4 : type == 'v' ? 1 : type == '(' || type == '{' ? 8 : 0;
}

static size_t type_length(const char *s, unsigned depth)
{
	char close = *s == '(' ? ')' : *s == '{' ? '}' : '\0';
	size_t n = 1, part;

	if (*s == 'v' || (*s && find_basic(*s)))
		return 1;
	if (depth == WIRE_DEPTH_MAX)
		return 0;
	if (*s == 'a') {
		part = type_length(s + 1, depth + 1);
		return part ? 1 + part : 0;
	}
	if (!close)
		return 0;
	for (; s[n] != close; n += part) {
		part = type_length(s + n, depth + 1);
		if (!part)
			return 0;
	}
	return n > 1 ? n + 1 : 0;       /* "()" is no type */
}

size_t wire_type_length(const char *signature)
{
	return type_length(signature, 0);
}

/* ---- writing ---- */

void wire_free(struct wire *w)
{
	free(w->v);
	*w = (struct wire){0};
}

static unsigned char *grow(struct wire *w, size_t n)
{
	if (w->failed || n > SIZE_MAX_OURS - w->len) {
		w->failed = true;
		return NULL;
	}
	if (w->len + n > w->cap) {
		size_t cap = w->cap ? w->cap : 1024;
		unsigned char *v;

		while (cap < w->len + n)
			cap *= 2;
		v = realloc(w->v, cap);
		if (!v) {
			w->failed = true;
			return NULL;
		}
		w->v = v;
		w->cap = cap;
	}
	w->len += n;
	return w->v + w->len - n;
}

void wire_bytes(struct wire *w, const void *v, size_t n)
{
	unsigned char *to = n ? grow(w, n) : NULL;

	if (to)
		memcpy(to, v, n);
}

void wire_align(struct wire *w, size_t to)
{
	static const unsigned char zeros[8];

	wire_bytes(w, zeros, -w->len & (to - 1));
}

void wire_number(struct wire *w, size_t size, uint64_t value)
{
	uint8_t one = (uint8_t)value;
	uint16_t two = (uint16_t)value;
	uint32_t four = (uint32_t)value;

	wire_align(w, size);
	wire_bytes(w,
		   size == 1   ? (void *)&one
		   : size == 2 ? (void *)&two
		   : size == 4 ? (void *)&four
			       : (void *)&value,
		   size);
}

void wire_string_n(struct wire *w, const char *s, size_t n)
{
	wire_number(w, 4, n);
	wire_bytes(w, s, n);
	wire_bytes(w, "", 1);
}

void wire_string(struct wire *w, const char *s)
{
	wire_string_n(w, s, strlen(s));
}

void wire_signature(struct wire *w, const char *s)
{
	size_t n = strlen(s);

	if (n > WIRE_SIGNATURE_MAX)
		w->failed = true;
	wire_number(w, 1, n);
	wire_bytes(w, s, n + 1);
}

/* The length does not count the padding in front of the first element. */
struct wire_array wire_array(struct wire *w, size_t align)
{
	struct wire_array array;

	wire_number(w, 4, 0);
	array.at = w->len - 4;
	wire_align(w, align);
	array.start = w->len;
	return array;
}

void wire_array_end(struct wire *w, struct wire_array array)
{
	uint32_t n = (uint32_t)(w->len - array.start);

	if (!w->failed)
		memcpy(w->v + array.at, &n, sizeof(n));
}

/* ---- reading ---- */

static const unsigned char *take(struct wire_reader *r, size_t n)
{
	if (r->failed || n > r->len - r->at) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return r->v + r->at - n;
}

void wire_read_align(struct wire_reader *r, size_t to)
{
	const unsigned char *padding = take(r, -r->at & (to - 1));

	for (size_t n = 0; padding && padding + n < r->v + r->at; n++)
		if (padding[n])
			r->failed = true;
}

uint64_t wire_read_number(struct wire_reader *r, size_t size)
{
	const unsigned char *from;
	uint64_t value = 0;
	bool big = r->swap != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);

	wire_read_align(r, size);
	from = take(r, size);
	for (size_t i = 0; from && i < size; i++)
		value |= (uint64_t)from[big ? size - 1 - i : i] << (8 * i);
	return value;
}

static const char *read_text(struct wire_reader *r, size_t length_size)
{
	uint64_t n = wire_read_number(r, length_size);
	const unsigned char *s = n < r->len ? take(r, (size_t)n + 1) : NULL;

	if (!s || s[n] || memchr(s, '\0', (size_t)n)) {
		r->failed = true;
		return "";
	}
	return (const char *)s;
}

const char *wire_read_string(struct wire_reader *r)
{
	return read_text(r, 4);
}

const char *wire_read_signature(struct wire_reader *r)
{
	return read_text(r, 1);
}

size_t wire_read_array(struct wire_reader *r, size_t align)
{
	uint64_t n = wire_read_number(r, 4);

	wire_read_align(r, align);
	if (r->failed || n > r->len - r->at) {
		r->failed = true;
		return r->at;
	}
	return r->at + (size_t)n;
}

/* ---- values of any type: skipped, or printed to `out` ---- */

static void print_text(const char *s, FILE *out)
{
	if (!out)
		return;
	fputc('"', out);
	text_print(out, s);
	fputc('"', out);
}

static void visit_basic(struct wire_reader *r, const struct basic *b, FILE *out)
{
	uint64_t value;
	double d;

	if (!b->size) {
		print_text(b->type == 'g' ? wire_read_signature(r) : wire_read_string(r), out);
		return;
	}
	value = wire_read_number(r, b->size);
	if (!out)
		return;
	memcpy(&d, &value, sizeof(d));
	if (b->type == 'd')
		fprintf(out, "%g", d);
	else if (b->type == 'b')
		fputs(value ? "true" : "false", out);
	else if (b->is_signed)
		fprintf(out, "%" PRId64, (int64_t)(value << (64 - 8 * b->size)) >> (64 - 8 * b->size));
	else
		fprintf(out, "%" PRIu64, value);
}

static void visit(struct wire_reader *r, const char **signature, unsigned depth, FILE *out);

static void visit_array(struct wire_reader *r, const char *element, unsigned depth, FILE *out)
{
	size_t end = wire_read_array(r, wire_alignment(*element));
	const char *separator = "[";

	/* Each element takes a byte at least, whatever the signature: no endless loop. */
	while (!r->failed && r->at < end) {
		const char *type = element;

		if (out)
			fputs(separator, out);
		separator = ", ";
		visit(r, &type, depth, out);
	}
	if (r->at != end)
		r->failed = true;
	if (out)
		fputs(*separator == '[' ? "[]" : "]", out);
}

static void visit_struct(struct wire_reader *r, const char *inside, char close, unsigned depth, FILE *out)
{
	const char *separator = "(";

	wire_read_align(r, 8);
	while (!r->failed && *inside != close) {
		if (out)
			fputs(separator, out);
		separator = ", ";
		visit(r, &inside, depth, out);
	}
	if (out)
		fputc(')', out);
}

static void visit_variant(struct wire_reader *r, unsigned depth, FILE *out)
{
	const char *type = wire_read_signature(r);

	if (out)
		fprintf(out, "%s ", type);
	visit(r, &type, depth, out);
	if (*type)
		r->failed = true;
}

static void visit(struct wire_reader *r, const char **signature, unsigned depth, FILE *out)
{
	const char *type = *signature;
	size_t n = wire_type_length(type);
	const struct basic *b = find_basic(*type);

	if (r->failed || !n || depth == WIRE_DEPTH_MAX) {
		r->failed = true;
		return;
	}
	*signature += n;
	if (b)
		visit_basic(r, b, out);
	else if (*type == 'a')
		visit_array(r, type + 1, depth + 1, out);
	else if (*type == 'v')
		visit_variant(r, depth + 1, out);
	else
		visit_struct(r, type + 1, *type == '(' ? ')' : '}', depth + 1, out);
}

void wire_skip(struct wire_reader *r, const char **signature)
{
	visit(r, signature, 0, NULL);
}

void wire_print(struct wire_reader *r, const char **signature, FILE *out)
{
	visit(r, signature, 0, out);
}
