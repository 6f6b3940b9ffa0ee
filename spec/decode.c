/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/decode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/weak.h"

/* What every { size_t n; T *v; } looks like, whatever T is. */
struct list {
	size_t n;
	void *v;
};

static const char *const type_names[] = {
	[JSON_NULL] = "null",       [JSON_BOOL] = "a boolean", [JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string", [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
};

/* ---- errors ---- */

int decode_expect(const struct json *value, enum json_type type, struct error *err)
{
	if (value->type == type)
		return 0;
	error_set(err, EINVAL, "expected %s, found %s", type_names[type], type_names[value->type]);
	return error_locate(err, json_source(value));
}

/* "a, b, c": as many as fit. */
static void list_words(const struct name *names, char *buf, size_t size)
{
	size_t used = 0;

	for (const struct name *n = names; n->name; n++) {
		bool fits = used + strlen(n->name) + strlen(", , ...") < size;

		used += (size_t)snprintf(buf + used, size - used, "%s%s", n == names ? "" : ", ",
		                         fits ? n->name : "...");
		if (!fits)
			return;
	}
}

int decode_unknown(const struct json *value, const struct name *names, const char *what,
                   struct error *err)
{
	const char *close = name_closest(names, value->text);
	char words[256];

	error_set(err, EINVAL, "\"%.80s\" is not %s", value->text, what);
	list_words(names, words, sizeof(words));
	if (close)
		error_hint(err, "did you mean \"%s\"?", close);
	else
		error_hint(err, "one of: %s", words);
	return error_locate(err, json_source(value));
}

static int no_memory(const struct json *value, struct error *err)
{
	error_set(err, ENOMEM, "out of memory");
	return error_locate(err, json_source(value));
}

/* ---- objects ---- */

static const struct field *find_row(const struct field *table, const struct json *member)
{
	for (; table->decode; table++)
		if (table->key && strncmp(table->key, member->key, member->key_len) == 0 &&
		    table->key[member->key_len] == '\0')
			return table;
	return NULL;
}

static int check_required(const struct json *object, const struct field *table, struct error *err)
{
	for (const struct field *f = table; f->decode; f++) {
		const struct json *value = f->required ? json_get(object, f->key) : NULL;

		if (!f->required || (value && value->type != JSON_NULL))
			continue;
		error_set(err, EINVAL, "\"%s\" is missing", f->key);
		return error_locate(err, json_source(object));
	}
	return 0;
}

int decode_fields(struct json_doc *doc, const struct json *object, const struct field *table,
                  void *dest, struct error *err)
{
	int r = decode_expect(object, JSON_OBJECT, err);

	for (const struct field *f = table; r == 0 && f->decode && !f->key; f++)
		r = f->decode(doc, object, (char *)dest + f->offset, f, err);
	for (const struct json *m = object->first; r == 0 && m; m = m->next) {
		const struct field *f = m->type == JSON_NULL ? NULL : find_row(table, m);

		if (f)
			r = f->decode(doc, m, (char *)dest + f->offset, f, err);
	}
	return r < 0 ? r : check_required(object, table, err);
}

DECODER(decode_set)
{
	*(bool *)dest = true;
	return 0;
}

DECODER(decode_at)
{
	*(struct source *)dest = json_source(value);
	return 0;
}

DECODER(decode_object)
{
	return decode_fields(doc, value, f->fields, dest, err);
}

/* Room for as many elements of `size` bytes as `value`, which must be of `type`, has children. */
static int make_list(struct json_doc *doc, const struct json *value, enum json_type type,
                     size_t size, struct list *ret, struct error *err)
{
	int r = decode_expect(value, type, err);

	*ret = (struct list){0};
	if (r < 0 || value->len == 0)
		return r;
	ret->v = json_alloc(doc, value->len * size);
	return ret->v ? 0 : no_memory(value, err);
}

DECODER(decode_list)
{
	struct list list;
	int r = make_list(doc, value, JSON_ARRAY, f->size, &list, err);

	if (r < 0)
		return r;
	for (const struct json *e = value->first; r == 0 && e; e = e->next)
		r = decode_fields(doc, e, f->fields, (char *)list.v + f->size * list.n++, err);
	memcpy(dest, &list, sizeof(list));
	return r;
}

DECODER(decode_map)
{
	struct list list;
	int r = make_list(doc, value, JSON_OBJECT, f->size, &list, err);

	if (r < 0)
		return r;
	for (const struct json *m = value->first; r == 0 && m; m = m->next) {
		void *element = (char *)list.v + f->size * list.n;

		if (m->type == JSON_NULL)
			continue;
		list.n++;
		memcpy(element, &m->key, sizeof(m->key));
		r = decode_fields(doc, m, f->fields, element, err);
	}
	memcpy(dest, &list, sizeof(list));
	return r;
}

/* ---- booleans and numbers ---- */

DECODER(decode_bool)
{
	int r = decode_expect(value, JSON_BOOL, err);

	if (r == 0)
		*(bool *)dest = value->truth;
	return r;
}

DECODER(decode_opt_bool)
{
	struct opt_bool *opt = dest;
	int r = decode_bool(doc, value, &opt->value, f, err);

	if (r == 0) {
		opt->set = true;
		opt->at = json_source(value);
	}
	return r;
}

/* A JSON integer; UINT64_MAX with *ret_huge if it has more than 64 bits. */
struct integer {
	bool negative, huge;
	uint64_t magnitude;
};

static int read_integer(const struct json *value, struct integer *ret, struct error *err)
{
	struct integer n = {0};
	const char *c = value->text;
	int r = decode_expect(value, JSON_NUMBER, err);

	if (r < 0)
		return r;
	if (*c == '-')
		c++;
	for (; *c >= '0' && *c <= '9'; c++)
		n.huge |= __builtin_mul_overflow(n.magnitude, 10, &n.magnitude) ||
		          __builtin_add_overflow(n.magnitude, *c - '0', &n.magnitude);
	if (*c) {
		error_set(err, EINVAL, "expected an integer, found %.40s", value->text);
		return error_locate(err, json_source(value));
	}
	n.negative = *value->text == '-' && (n.huge || n.magnitude > 0);
	*ret = n;
	return 0;
}

static int outside(const struct json *value, int64_t min, uint64_t max, struct error *err)
{
	error_set(err, ERANGE, "%.40s is outside %" PRId64 "..%" PRIu64, value->text, min, max);
	return error_locate(err, json_source(value));
}

static int read_signed(const struct json *value, int64_t min, int64_t max, int64_t *ret,
                       struct error *err)
{
	uint64_t limit = (uint64_t)INT64_MAX;
	struct integer n;
	int64_t i;
	int r = read_integer(value, &n, err);

	if (r < 0)
		return r;
	if (n.huge || n.magnitude > limit + n.negative)
		return outside(value, min, (uint64_t)max, err);
	i = n.negative ? (int64_t)(0 - n.magnitude) : (int64_t)n.magnitude;
	if (i < min || i > max)
		return outside(value, min, (uint64_t)max, err);
	*ret = i;
	return 0;
}

static int read_unsigned(const struct json *value, uint64_t min, uint64_t max, uint64_t *ret,
                         struct error *err)
{
	struct integer n;
	int r = read_integer(value, &n, err);

	if (r < 0)
		return r;
	if (n.huge || n.negative || n.magnitude < min || n.magnitude > max)
		return outside(value, (int64_t)min, max, err);
	*ret = n.magnitude;
	return 0;
}

static bool has_range(const struct field *f)
{
	return f->min != 0 || f->max != 0;
}

DECODER(decode_i64)
{
	return read_signed(value, has_range(f) ? f->min : INT64_MIN,
	                   has_range(f) ? (int64_t)f->max : INT64_MAX, dest, err);
}

DECODER(decode_u64)
{
	return read_unsigned(value, (uint64_t)f->min, has_range(f) ? f->max : UINT64_MAX, dest, err);
}

static int read_u32(const struct json *value, uint32_t max, uint32_t *ret, struct error *err)
{
	uint64_t n = 0;
	int r = read_unsigned(value, 0, max, &n, err);

	if (r == 0)
		*ret = (uint32_t)n;
	return r;
}

DECODER(decode_u32)
{
	return read_u32(value, has_range(f) ? (uint32_t)f->max : UINT32_MAX, dest, err);
}

DECODER(decode_id)
{
	return read_u32(value, UINT32_MAX - !weak(V29), dest, err);
}

DECODER(decode_opt_int)
{
	struct opt_int *opt = dest;
	int r = decode_i64(doc, value, &opt->value, f, err);

	if (r == 0) {
		opt->set = true;
		opt->at = json_source(value);
	}
	return r;
}

DECODER(decode_opt_uint)
{
	struct opt_uint *opt = dest;
	int r = decode_u64(doc, value, &opt->value, f, err);

	if (r == 0) {
		opt->set = true;
		opt->at = json_source(value);
	}
	return r;
}

DECODER(decode_opt_id)
{
	static const struct field id = {.max = UINT32_MAX - 1};

	return decode_opt_uint(doc, value, dest, &id, err);
}

DECODER(decode_ids)
{
	struct list list;
	int r = make_list(doc, value, JSON_ARRAY, sizeof(uint32_t), &list, err);

	if (r < 0)
		return r;
	for (const struct json *e = value->first; r == 0 && e; e = e->next)
		r = read_u32(e, UINT32_MAX - 1, (uint32_t *)list.v + list.n++, err);
	memcpy(dest, &list, sizeof(list));
	return r;
}

/* ---- strings ---- */

static int read_text(const struct json *value, const char **ret, struct error *err)
{
	int r = decode_expect(value, JSON_STRING, err);

	if (r < 0)
		return r;
	if (memchr(value->text, '\0', value->len) && !weak(V17)) {
		error_set(err, EINVAL, "contains a NUL byte");
		return error_locate(err, json_source(value));
	}
	*ret = value->text;
	return 0;
}

DECODER(decode_text)
{
	struct text *text = dest;
	int r = read_text(value, &text->s, err);

	if (r == 0)
		text->at = json_source(value);
	return r;
}

DECODER(decode_option)
{
	if (value->type == JSON_STRING && value->len == 0)
		return 0;
	return decode_text(doc, value, dest, f, err);
}

DECODER(decode_word)
{
	int r = decode_option(doc, value, dest, f, err);

	if (r < 0 || (value->len == 0 && !f->required) || name_find(f->names, value->text))
		return r;
	return decode_unknown(value, f->names, f->what, err);
}

DECODER(decode_number_of)
{
	const struct name *name;
	const char *word;
	int r = read_text(value, &word, err);

	if (r < 0)
		return r;
	name = name_find(f->names, word);
	if (!name)
		return decode_unknown(value, f->names, f->what, err);
	*(int *)dest = (int)name->value;
	return 0;
}

DECODER(decode_string)
{
	return read_text(value, dest, err);
}

DECODER(decode_letter)
{
	int letter = 0, r = decode_number_of(doc, value, &letter, f, err);

	if (r == 0)
		*(char *)dest = (char)letter;
	return r;
}

DECODER(decode_texts)
{
	struct texts texts = {.set = true};
	struct list list;
	int r = make_list(doc, value, JSON_ARRAY, sizeof(struct text), &list, err);

	if (r < 0)
		return r;
	texts.v = list.v;
	for (const struct json *e = value->first; r == 0 && e; e = e->next)
		r = decode_text(doc, e, &texts.v[texts.n++], f, err);
	*(struct texts *)dest = texts;
	return r;
}

DECODER(decode_words)
{
	int r = decode_texts(doc, value, dest, f, err);

	for (const struct json *e = value->first; r == 0 && e; e = e->next)
		if (!name_find(f->names, e->text))
			r = decode_unknown(e, f->names, f->what, err);
	return r;
}

DECODER(decode_pairs)
{
	struct pairs pairs = {0};
	struct list list;
	int r = make_list(doc, value, JSON_OBJECT, sizeof(struct pair), &list, err);

	if (r < 0)
		return r;
	pairs.v = list.v;
	for (const struct json *m = value->first; r == 0 && m; m = m->next) {
		struct pair *pair = &pairs.v[pairs.n];

		if (m->type == JSON_NULL)
			continue;
		pairs.n++;
		pair->key = m->key;
		pair->at = json_source(m);
		r = read_text(m, &pair->value, err);
	}
	*(struct pairs *)dest = pairs;
	return r;
}
