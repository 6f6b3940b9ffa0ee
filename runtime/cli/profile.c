/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "spec/json.h"
#include "spec/names.h"

struct profile {
	const struct cli_option *table;
	void *dest;
	const char *extra;
	struct strings *ret_extra;
};

static int expected(const char *name, const char *what, const struct json *value, struct error *err)
{
	error_set(err, ERROR_SAID, "%s: %s is expected", name, what);
	return error_locate(err, json_source(value));
}

static int unknown(const struct profile *p, const struct json *member, struct error *err)
{
	struct name names[64] = {0};
	const char *close;
	size_t n = 0;

	for (const struct cli_option *o = p->table; o->name && n < 62; o++)
		names[n++].name = o->name;
	names[n].name = p->extra;
	error_set(err, ERROR_SAID, "unknown name %s", member->key);
	close = name_closest(names, member->key);
	if (close)
		error_hint(err, "did you mean %s?", close);
	else
		error_hint(err, "the names are those of the flags, without the dashes, and \"%s\"", p->extra);
	return error_locate(err, json_source(member));
}

/* In front of what is there. */
static int put_list(const char *name, const struct json *value, struct strings *to, struct error *err)
{
	size_t n = value->type == JSON_ARRAY ? value->len : 1, i = 0;
	const struct json *item = value->type == JSON_ARRAY ? value->first : value;
	const char **v = calloc(n + to->n + 1, sizeof(*v));
	int r = 0;

	if (!v)
		return error_set(err, ENOMEM, "read the profile");
	for (; item && i < n && r == 0; item = item->next) {
		if (item->type != JSON_STRING)
			r = expected(name, "a list of strings", item, err);
		v[i++] = item->text;
	}
	if (r < 0) {
		free(v);
		return r;
	}
	if (to->n)
		memcpy(v + n, to->v, to->n * sizeof(*v));
	free(to->v);
	*to = (struct strings){n + to->n, v};
	return 0;
}

static int put(const struct cli_option *o, const struct json *value, void *base, struct error *err)
{
	void *dest = (char *)base + o->offset;

	switch (o->kind) {
	case CLI_FLAG:
		if (value->type != JSON_BOOL)
			return expected(o->name, "true or false", value, err);
		*(bool *)dest = *(bool *)dest || value->truth;
		return 0;
	case CLI_STRING:
		if (value->type != JSON_STRING && value->type != JSON_NUMBER)
			return expected(o->name, "a string or a number", value, err);
		if (!*(const char **)dest)
			*(const char **)dest = value->text;
		return 0;
	case CLI_LIST:
		return put_list(o->name, value, dest, err);
	default:
		return expected(o->name, "a flag that a profile can give", value, err);
	}
}

static int take(const struct profile *p, const struct json *member, struct error *err)
{
	if (strcmp(member->key, p->extra) == 0)
		return put_list(p->extra, member, p->ret_extra, err);
	for (const struct cli_option *o = p->table; o->name; o++)
		if (strcmp(o->name, member->key) == 0 && strcmp(o->name, "profile") != 0)
			return put(o, member, p->dest, err);
	return unknown(p, member, err);
}

static int read_file(const char *path, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_file FILE *in = fopen(path, "re");
	cleanup_free char *text = malloc(JSON_SIZE_MAX + 2);
	int code = errno;

	if (!in || !text)
		return error_set(err, in ? ENOMEM : code, "--profile %s", path);
	errno = 0;
	*ret_len = fread(text, 1, JSON_SIZE_MAX + 1, in);
	if (ferror(in))
		return error_set(err, errno, "--profile %s", path);
	text[*ret_len] = '\0';
	*ret = steal_ptr(&text);
	return 0;
}

int cli_profile(const struct cli_option *table, void *dest, const char *path, const char *extra, struct strings *ret_extra,
                struct json_doc **ret_doc, struct error *err)
{
	const struct profile p = {table, dest, extra, ret_extra};
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = read_file(path, &text, &len, err);

	if (r == 0)
		r = json_parse(text, len, path, ret_doc, err);
	if (r < 0)
		return r;
	if (json_root(*ret_doc)->type != JSON_OBJECT)
		r = expected("the profile", "an object", json_root(*ret_doc), err);
	for (const struct json *m = json_root(*ret_doc)->first; m && r == 0; m = m->next)
		r = take(&p, m, err);
	if (r < 0)
		json_blame(*ret_doc, path, err);
	return r;
}
