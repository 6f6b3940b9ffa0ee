/*
 * decode - fill a C struct from a JSON object, as a table says.
 *
 * A table has one row per property: its name, how its value is read, and where in
 * the struct it goes.  Adding a property is adding a row.  Properties that no row names are
 * ignored (config.md "Extensibility"); null is the same as absent, because engines
 * written in Go send nulls.  Everything allocated lives in the document.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/config.h"
#include "spec/json.h"
#include "spec/names.h"

struct field;

/* Reads `value` into `dest`, as `f` says.  Negative errno and a located *err. */
#define DECODER(name)                                                                     \
	int name(struct json_doc *doc, const struct json *value, void *dest, const struct field *f, \
	         struct error *err)

struct field {
	const char *key;        /* NULL: a row about the object itself (decode_set, decode_at) */
	DECODER((*decode));     /* NULL ends the table */
	size_t offset;          /* of the destination in the struct */
	bool required;
	int64_t min;            /* integers: allowed range, both included; 0, 0: all of the type */
	uint64_t max;
	const struct field *fields;     /* decode_object, _list, _map: the table of the object(s) */
	size_t size;                    /* decode_list, _map: bytes of one element */
	const struct name *names;       /* decode_word, _words, _number_of: what is allowed */
	const char *what;               /* ... and what that is: "a namespace type" */
};

/* Fills the struct at `dest` from `object`; values are read in the order of the text. */
int decode_fields(struct json_doc *doc, const struct json *object, const struct field *table,
                  void *dest, struct error *err);
/* Is it of that type?  If not: "expected a string, found a number", located. */
int decode_expect(const struct json *value, enum json_type type, struct error *err);
/* "xyz" is not `what`; with a hint that names what is close, or all that there is. */
int decode_unknown(const struct json *value, const struct name *names, const char *what,
                   struct error *err);

/* Rows about the object itself. */
DECODER(decode_set);            /* bool: it is there */
DECODER(decode_at);             /* struct source: here */

DECODER(decode_bool);           /* bool */
DECODER(decode_opt_bool);       /* struct opt_bool */
DECODER(decode_i64);            /* int64_t */
DECODER(decode_u64);            /* uint64_t */
DECODER(decode_u32);            /* uint32_t */
DECODER(decode_id);             /* uint32_t: a uid or gid; 4294967295 is refused, it means "none" */
DECODER(decode_opt_int);        /* struct opt_int */
DECODER(decode_opt_uint);       /* struct opt_uint */
DECODER(decode_opt_id);         /* struct opt_uint: a uid or gid */
DECODER(decode_ids);            /* struct { size_t n; uint32_t *v; } of uids or gids */

DECODER(decode_text);           /* struct text, without NUL */
DECODER(decode_option);         /* struct text; "" is the same as absent, as engines write it */
DECODER(decode_texts);          /* struct texts */
DECODER(decode_word);           /* struct text that f->names lists; unless required, "" is absent */
DECODER(decode_words);          /* struct texts of such */
DECODER(decode_number_of);      /* int: the value of a word that f->names lists */
DECODER(decode_letter);         /* char: likewise */
DECODER(decode_string);         /* const char *, without NUL */
DECODER(decode_pairs);          /* struct pairs: the members of an object of strings */

DECODER(decode_object);         /* a struct inside the struct */
DECODER(decode_list);           /* struct { size_t n; T *v; } */
/*
 * struct { size_t n; T *v; } of the members of an object; T begins with a const char *
 * that takes the member's name.
 */
DECODER(decode_map);
