/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/json_doc.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define BLOCK_MIN   (64u << 10) /* bytes */
#define FEW_MEMBERS 12          /* below: comparing all pairs beats sorting */

struct block {
	struct block *next;
	size_t used, size;
	alignas(16) char data[];
};

struct level {
	struct json *node, *last;
};

struct builder {
	struct json_doc *doc;
	yajl_handle yajl;
	struct error *err;
	char *words;            /* second copy of the text: strings and numbers get their NUL in it */
	size_t end;             /* of the last token */
	const char *key;        /* read, waiting for its value */
	uint32_t key_len;
	unsigned depth;
	struct level open[JSON_DEPTH_MAX];
};

_Static_assert(sizeof(struct json) == 48 || sizeof(void *) != 8, "json.h promises 48 bytes");

/* ---- arena ---- */

static bool arena_grow(struct json_doc *doc, size_t size)
{
	size_t room = size > BLOCK_MIN ? size : BLOCK_MIN;
	struct block *block = malloc(sizeof(*block) + room);

	if (!block)
		return false;
	block->next = doc->blocks;
	block->used = 0;
	block->size = room;
	doc->blocks = block;
	return true;
}

static void *arena_take(struct json_doc *doc, size_t size)
{
	struct block *block = doc->blocks;

	size = (size + 15) & ~(size_t)15;
	if (!block || block->size - block->used < size) {
		if (!arena_grow(doc, size))
			return NULL;
		block = doc->blocks;
	}
	block->used += size;
	return block->data + block->used - size;
}

void *json_alloc(struct json_doc *doc, size_t size)
{
	void *p = arena_take(doc, size);

	return p ? memset(p, 0, size) : NULL;
}

/* What yajl allocates carries its size in front.  yajl does not look for NULL. */
struct chunk {
	alignas(16) size_t size;
	alignas(16) char data[];
};

static void *yajl_take(void *ctx, size_t size)
{
	struct chunk *chunk = arena_take(ctx, sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	chunk->size = size;
	return chunk->data;
}

static void *yajl_retake(void *ctx, void *old, size_t size)
{
	size_t had = old ? ((struct chunk *)((char *)old - offsetof(struct chunk, data)))->size : 0;
	void *p;

	if (size <= had)
		return old;
	p = yajl_take(ctx, size);
	if (p && had)
		memcpy(p, old, had);
	return p;
}

static void yajl_drop(void *ctx, void *p)
{
}

/* ---- building the tree ---- */

static int fail(struct builder *b, size_t offset, const char *text)
{
	error_set(b->err, EINVAL, "%s", text);
	error_locate(b->err, (struct source){(uint32_t)offset + 1});
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Between two tokens that yajl reports there is nothing but this. */
static size_t skip(const struct json_doc *doc, size_t i)
{
	static const bool between[256] = {
		[' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, [','] = true, [':'] = true,
	};

	while (i < doc->len && between[(unsigned char)doc->text[i]])
		i++;
	return i;
}

static struct json *add(struct builder *b, enum json_type type)
{
	struct level *parent = b->depth ? &b->open[b->depth - 1] : NULL;
	struct json *node = arena_take(b->doc, sizeof(*node));
	size_t start = skip(b->doc, b->end);

	if (!node) {
		error_set(b->err, ENOMEM, "out of memory");
		return NULL;
	}
	b->end = yajl_get_bytes_consumed(b->yajl);
	*node = (struct json){
		.type = type,
		.key = b->key,
		.key_len = b->key_len,
		.start = (uint32_t)start,
		.span = (uint32_t)(b->end - start),
	};
	b->key = NULL;
	b->key_len = 0;
	if (!parent) {
		b->doc->root = node;
		return node;
	}
	parent->node->len++;
	if (parent->last)
		parent->last->next = node;
	else
		parent->node->first = node;
	parent->last = node;
	return node;
}

static int on_null(void *ctx)
{
	return add(ctx, JSON_NULL) != NULL;
}

static int on_bool(void *ctx, int truth)
{
	struct json *node = add(ctx, JSON_BOOL);

	if (node)
		node->truth = truth != 0;
	return node != NULL;
}

static bool is_surrogate(const char *escape, size_t n, unsigned *ret)
{
	char hex[5] = {0};

	if (n < 6 || escape[0] != '\\' || escape[1] != 'u')
		return false;
	memcpy(hex, escape + 2, 4);
	*ret = (unsigned)strtoul(hex, NULL, 16);
	return (*ret & 0xf800) == 0xd800;
}

/* yajl turns half a pair into "?" or worse.  Offset of the first, or `to`. */
static size_t lone_surrogate(const char *text, size_t from, size_t to)
{
	unsigned high, low;

	for (size_t i = from; i < to; i++) {
		if (text[i] != '\\')
			continue;
		if (is_surrogate(text + i, to - i, &high)) {
			if (high >= 0xdc00 || !is_surrogate(text + i + 6, to - i - 6, &low) ||
			    low < 0xdc00)
				return i;
			i += 10;
		}
		i++;
	}
	return to;
}

/* A terminated copy of a token's text.  yajl points into the text unless it had to unescape. */
static const char *keep(struct builder *b, const char *s, size_t len)
{
	const struct json_doc *doc = b->doc;
	size_t offset = (size_t)((uintptr_t)s - (uintptr_t)doc->text), end, half;
	char *copy;

	if (offset <= doc->len) {
		b->words[offset + len] = '\0';
		return b->words + offset;
	}
	end = yajl_get_bytes_consumed(b->yajl);
	half = lone_surrogate(doc->text, skip(doc, b->end), end);
	if (half < end) {
		fail(b, half, "half of a surrogate pair");
		return NULL;
	}
	copy = arena_take(b->doc, len + 1);
	if (!copy) {
		error_set(b->err, ENOMEM, "out of memory");
		return NULL;
	}
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

static int on_text(struct builder *b, enum json_type type, const char *s, size_t len)
{
	const char *text = keep(b, s, len);
	struct json *node = text ? add(b, type) : NULL;

	if (!node)
		return 0;
	node->text = text;
	node->len = (uint32_t)len;
	return 1;
}

static int on_number(void *ctx, const char *s, size_t len)
{
	return on_text(ctx, JSON_NUMBER, s, len);
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	return on_text(ctx, JSON_STRING, (const char *)s, len);
}

static int on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct builder *b = ctx;

	b->key = keep(b, (const char *)s, len);
	if (!b->key)
		return 0;
	if (memchr(b->key, '\0', len))
		return fail(b, skip(b->doc, b->end), "a key contains a NUL byte");
	b->key_len = (uint32_t)len & 0xfffffff;
	b->end = yajl_get_bytes_consumed(b->yajl);
	return 1;
}

static int on_open(struct builder *b, enum json_type type)
{
	struct json *node = add(b, type);

	if (!node)
		return 0;
	if (b->depth == JSON_DEPTH_MAX) {
		error_set(b->err, EINVAL, "nested more than %d deep", JSON_DEPTH_MAX);
		error_locate(b->err, json_source(node));
		return 0;
	}
	node->span = 0; /* open: json_blame takes it as endless */
	b->open[b->depth++] = (struct level){node, NULL};
	return 1;
}

static int on_object(void *ctx)
{
	return on_open(ctx, JSON_OBJECT);
}

static int on_array(void *ctx)
{
	return on_open(ctx, JSON_ARRAY);
}

static int compare_keys(const struct json *a, const struct json *b)
{
	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	return memcmp(a->key, b->key, a->key_len);
}

static int compare_members(const void *va, const void *vb)
{
	const struct json *a = *(const struct json *const *)va, *b = *(const struct json *const *)vb;
	int order = compare_keys(a, b);

	return order ? order : a->start < b->start ? -1 : a->start > b->start;
}

static const struct json *duplicate_of_few(const struct json *object)
{
	for (const struct json *b = object->first; b; b = b->next)
		for (const struct json *a = object->first; a != b; a = a->next)
			if (compare_keys(a, b) == 0)
				return b;
	return NULL;
}

/* By sorting: the cost stays n log n whatever the keys are, which no unkeyed hash can promise. */
static const struct json *duplicate_of_many(struct builder *b, const struct json *object)
{
	const struct json **v = malloc(object->len * sizeof(*v)), *found = NULL;
	size_t n = 0;

	if (!v) {
		error_set(b->err, ENOMEM, "out of memory");
		return NULL;
	}
	for (const struct json *m = object->first; m; m = m->next)
		v[n++] = m;
	qsort(v, n, sizeof(*v), compare_members);
	for (size_t i = 1; i < n; i++)
		if (compare_keys(v[i - 1], v[i]) == 0 && (!found || v[i]->start < found->start))
			found = v[i];
	free(v);
	return found;
}

static size_t key_offset(const struct json_doc *doc, const struct json *object,
                         const struct json *member)
{
	const struct json *before = object->first;

	if (before == member)
		return skip(doc, object->start + 1);
	while (before->next != member)
		before = before->next;
	return skip(doc, before->start + before->span);
}

static int check_duplicates(struct builder *b, const struct json *object)
{
	const struct json *twice = object->len <= FEW_MEMBERS ? duplicate_of_few(object)
	                                                      : duplicate_of_many(b, object);

	if (twice) {
		error_set(b->err, EINVAL, "\"%s\" is given twice", twice->key);
		error_locate(b->err, (struct source){(uint32_t)key_offset(b->doc, object, twice) + 1});
	}
	return b->err->code == 0;
}

static int on_close(void *ctx)
{
	struct builder *b = ctx;
	struct json *node = b->open[--b->depth].node;

	b->end = yajl_get_bytes_consumed(b->yajl);
	node->span = (uint32_t)b->end - node->start;
	return node->type == JSON_ARRAY || check_duplicates(b, node);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_map_key = on_key,
	.yajl_start_map = on_object,
	.yajl_end_map = on_close,
	.yajl_start_array = on_array,
	.yajl_end_array = on_close,
};

/* ---- what yajl found wrong, in our words ---- */

/* `inside`: the fault is the byte that yajl stopped at, not the first of its token. */
static const struct complaint {
	const char *yajl, *text;
	bool inside;
} complaints[] = {
	{"after array element, I expect",  "expected ',' or ']' after an array element",        false},
	{"after key and value",            "expected ',' or '}' after a member of an object",   false},
	{"before a character which",       "a backslash must not stand before this character",  true },
	{"comments are not enabled",       "comments are not allowed in JSON",                  false},
	{"after the decimal point",        "a digit is missing after the decimal point",        false},
	{"after the exponent",             "a digit is missing in the exponent",                false},
	{"after the minus sign",           "a digit is missing after the minus sign",           false},
	{"invalid char in json text",      "this character cannot begin a value",               false},
	{"invalid character inside string", "a control character in a string must be escaped",  true },
	{"(non-hex)",                      "\\u needs four hexadecimal digits",                 true },
	{"invalid object key",             "expected a key in double quotes",                   false},
	{"invalid string in json text",    "expected true, false, null or a value in quotes",   false},
	{"separated by a colon",           "expected ':' after a key",                          false},
	{"trailing garbage",               "nothing may follow the JSON value",                 false},
	{"unallowed token",                "expected a value",                                  false},
};

static void complain_end(struct builder *b)
{
	const struct json_doc *doc = b->doc;
	size_t at = skip(doc, b->end), end = doc->len;

	if (at < doc->len && doc->text[at] == '"') {
		fail(b, at, "a string that does not end");
		return;
	}
	while (end > 0 && is_space(doc->text[end - 1]))
		end--;
	fail(b, end, end == 0 ? "the text is empty" : "the text ends too early");
}

static void complain(struct builder *b)
{
	const char *why = (const char *)yajl_get_error(b->yajl, 0, NULL, 0);
	size_t stop = yajl_get_bytes_consumed(b->yajl), at = skip(b->doc, b->end);

	if (!why) {
		error_set(b->err, ENOMEM, "out of memory");
		return;
	}
	if (strstr(why, "premature EOF") || (stop >= b->doc->len && b->doc->text[at] == '"')) {
		complain_end(b);
		return;
	}
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
		if (!strstr(why, complaints[i].yajl))
			continue;
		if (complaints[i].inside)
			at = stop;
		else if (stop > 0 && stop - 1 < at && !is_space(b->doc->text[stop - 1]))
			at = stop - 1;  /* a ',' or ':' is the fault itself */
		fail(b, at, complaints[i].text);
		return;
	}
	error_set(b->err, EINVAL, "%.*s", (int)strcspn(why, "\n"), why);
	error_locate(b->err, (struct source){(uint32_t)at + 1});
}

/* ---- parsing ---- */

static void parse(struct builder *b)
{
	yajl_alloc_funcs arena = {yajl_take, yajl_retake, yajl_drop, b->doc};
	const struct json_doc *doc = b->doc;
	size_t good = json_utf8_span(doc->text, doc->len);
	yajl_status status;

	if (good < doc->len) {
		fail(b, good, "not UTF-8");
		return;
	}
	b->yajl = yajl_alloc(&callbacks, &arena, b);
	if (!b->yajl) {
		error_set(b->err, ENOMEM, "out of memory");
		return;
	}
	yajl_config(b->yajl, yajl_dont_validate_strings, 1);
	/* With the "\n": a number at the very end is complete only when something follows it. */
	status = yajl_parse(b->yajl, (const unsigned char *)doc->text, doc->len + 1);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(b->yajl);
	if (status != yajl_status_ok && b->err->code == 0)
		complain(b);
	yajl_free(b->yajl);
}

/* The arena's first block has room for both copies of the text and, nearly always, for all else. */
static struct json_doc *doc_new(struct builder *b, const char *text, size_t len)
{
	struct json_doc *doc = calloc(1, sizeof(*doc));
	char *copy = NULL;

	if (doc && arena_grow(doc, 6 * len + BLOCK_MIN / 2))
		copy = arena_take(doc, 2 * (len + 2));
	if (!copy)
		return json_free(doc);
	memcpy(copy, text, len);
	memcpy(copy + len, "\n", 2);
	b->words = memcpy(copy + len + 2, copy, len + 2);
	doc->text = copy;
	doc->len = len;
	return doc;
}

int json_parse(const char *text, size_t len, const char *path, struct json_doc **ret,
               struct error *err)
{
	struct builder b;

	*err = (struct error){0};
	if (len > JSON_SIZE_MAX)
		return error_set(err, EFBIG, "%s is larger than %u bytes", path, JSON_SIZE_MAX);
	memset(&b, 0, offsetof(struct builder, open));
	b.err = err;
	b.doc = doc_new(&b, text, len);
	if (!b.doc)
		return error_set(err, ENOMEM, "out of memory");
	parse(&b);
	if (err->code) {
		json_blame(b.doc, path, err);
		json_free(b.doc);
		return -err->code;
	}
	*ret = b.doc;
	return 0;
}

struct json_doc *json_free(struct json_doc *doc)
{
	for (struct block *block = doc ? doc->blocks : NULL, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(doc);
	return NULL;
}

/* ---- reading ---- */

const struct json *json_root(const struct json_doc *doc)
{
	return doc->root;
}

const struct json *json_get(const struct json *object, const char *key)
{
	size_t len = strlen(key);

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m; m = m->next)
		if (m->key_len == len && memcmp(m->key, key, len) == 0)
			return m;
	return NULL;
}

const char *json_raw(const struct json_doc *doc, const struct json *value)
{
	return doc->text + value->start;
}
