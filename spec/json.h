/*
 * json - a JSON text as a tree whose every node knows its place.
 *
 * yajl does the lexing; this module keeps what yajl_tree throws away (places) and
 * refuses what yajl accepts (duplicate keys, bottomless nesting, text that is not
 * quite UTF-8).  The text, the nodes and whatever json_alloc hands out live in one
 * arena and die together.  Only here is yajl known, so that it can be replaced.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_SIZE_MAX  (4u << 20)       /* bytes of text */
#define JSON_DEPTH_MAX 64               /* objects and arrays inside each other */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* 48 bytes: a text of JSON_SIZE_MAX can have two million of them. */
struct json {
	const struct json *first, *next;        /* JSON_ARRAY, JSON_OBJECT: children in their order */
	const char *key;        /* name in the parent object (no NUL inside), or NULL */
	const char *text;       /* JSON_STRING: UTF-8; JSON_NUMBER: as written; terminated */
	uint32_t start, span;   /* first byte of the value in the text, and its length in bytes */
	uint32_t len;           /* of text, in bytes; of an object or array, its children */
	uint32_t type : 3;      /* enum json_type */
	uint32_t truth : 1;     /* JSON_BOOL */
	uint32_t key_len : 28;  /* bytes */
};

struct json_doc;

/*
 * Parses `text` (`len` bytes, copied).  On success *ret is the caller's to json_free.
 * On failure -EINVAL (-EFBIG above the limits, -ENOMEM) and err is complete: file (= `path`), line,
 * column, pointer.
 */
int json_parse(const char *text, size_t len, const char *path, struct json_doc **ret,
               struct error *err);
struct json_doc *json_free(struct json_doc *doc);

const struct json *json_root(const struct json_doc *doc);
/* The member `key` of an object, or NULL; also NULL when `object` is no object, or NULL. */
const struct json *json_get(const struct json *object, const char *key);

/* Where the value begins, for error_locate. */
static inline struct source json_source(const struct json *value)
{
	return (struct source){value->start + 1};
}

/* The value as it stands in the text: value->span bytes, not terminated. */
const char *json_raw(const struct json_doc *doc, const struct json *value);

/* Zeroed memory that lives as long as `doc`; NULL when there is none. */
void *json_alloc(struct json_doc *doc, size_t size);

/*
 * Fills err's file, line, column (bytes, from 1) and pointer (RFC 6901) from err->at; nothing if
 * err->at is nowhere.  Counted only now, because most runs have no error.  Control characters,
 * which a hostile text could smuggle into err->text and on to a terminal, become '?'.
 */
void json_blame(const struct json_doc *doc, const char *path, struct error *err);

/* Length in bytes (1-4) of the UTF-8 sequence at `s`, `n` bytes long; 0 if it is not one. */
size_t json_utf8(const char *s, size_t n);
