/*
 * json_blame - an offset in the text as line, column and pointer, in words that a terminal can be given.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/json_doc.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/text.h"

struct pointer {
	char *buf;
	size_t size, used;
};

static void pointer_byte(struct pointer *p, char c)
{
	if (p->used + 1 < p->size)
		p->buf[p->used++] = c;
}

/* RFC 6901: '~' and '/' in a key are written ~0 and ~1. */
static void pointer_key(struct pointer *p, const char *key)
{
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			pointer_byte(p, '~');
		pointer_byte(p, *key == '~' ? '0' : *key == '/' ? '1' : *key);
	}
}

static void pointer_index(struct pointer *p, unsigned index)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", index);
	pointer_key(p, digits);
}

/* Steps down to the value that `offset` belongs to: its bytes, its key, or what stands before. */
static void point(const struct json *node, size_t offset, struct pointer *p)
{
	while (node && offset > node->start) {
		const struct json *child = node->first;
		unsigned index = 0;

		for (; child && child->span && child->start + child->span <= offset; index++)
			child = child->next;
		if (!child || (node->span && offset + 1 == node->start + node->span))
			return;
		pointer_byte(p, '/');
		if (child->key)
			pointer_key(p, child->key);
		else
			pointer_index(p, index);
		node = child;
	}
}

/* No byte may steer a terminal, and a message that was cut must not end in half a character. */
static void make_printable(char *s)
{
	size_t n = strlen(s), len;
	uint32_t point;

	for (char *c = s; n > 0; c += len, n -= len) {
		len = json_utf8(c, n);
		if (len == 0 && n < 4 && (unsigned char)*c >= 0xc2) {
			*c = '\0';
			return;
		}
		if (len == 0 || (text_decode(c, &point) > 0 && text_is_control(point)))
			memset(c, '?', len = len ? len : 1);
	}
}

/* A long path keeps its end, which is what tells one bundle from another. */
static void name_file(const char *path, char *buf, size_t size)
{
	size_t len = strlen(path);

	if (len < size)
		memcpy(buf, path, len + 1);
	else
		snprintf(buf, size, "...%s", path + len - (size - 4));
}

void json_blame(const struct json_doc *doc, const char *path, struct error *err)
{
	struct pointer pointer = {err->pointer, sizeof(err->pointer), 0};
	const char *line = doc->text, *at;

	make_printable(err->text);
	make_printable(err->hint);
	if (err->at.offset == 0 || err->at.offset > doc->len + 1)
		return;
	at = doc->text + err->at.offset - 1;
	err->line = 1;
	for (const char *c = line; (c = memchr(c, '\n', (size_t)(at - c))); line = ++c)
		err->line++;
	err->column = (unsigned)(at - line) + 1;
	point(doc->root, err->at.offset - 1, &pointer);
	err->pointer[pointer.used] = '\0';
	make_printable(err->pointer);
	name_file(path, err->file, sizeof(err->file));
}
