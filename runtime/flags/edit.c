/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/edit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "spec/json.h"

int edit_no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "read the flags");
}

int edit_expected(const char *flag, const char *value, const char *what, const char *hint, struct error *err)
{
	error_set(err, ERROR_SAID, "--%s %.200s: %s is expected", flag, value, what);
	return error_hint(err, "%s", hint);
}

const char *edit_copy(struct config *config, const char *s, size_t len)
{
	char *copy = json_alloc(config->doc, len + 1);

	return copy ? memcpy(copy, s, len) : NULL;
}

void *edit_copy_bytes(struct config *config, const void *bytes, size_t len)
{
	return (void *)edit_copy(config, bytes, len);
}

const char *edit_format(struct config *config, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return NULL;
	}
	return edit_copy(config, text, (size_t)n);
}

void *edit_grow(struct config *config, void *list, size_t size)
{
	struct { size_t n; void *v; } l;
	char *v;

	memcpy(&l, list, sizeof(l));
	v = json_alloc(config->doc, (l.n + 1) * size);
	if (!v)
		return NULL;
	if (l.n)
		memcpy(v, l.v, l.n * size);
	l.v = v;
	l.n++;
	memcpy(list, &l, sizeof(l));
	return v + (l.n - 1) * size;
}

int edit_add_text(struct config *config, struct texts *list, const char *s, struct error *err)
{
	struct text *added = s ? edit_grow(config, list, sizeof(*added)) : NULL;

	if (!added)
		return edit_no_memory(err);
	*added = (struct text){.s = s};
	list->set = true;
	return 0;
}

int edit_set_pair(struct config *config, struct pairs *pairs, const char *key, const char *value, struct error *err)
{
	struct pair *to = NULL;

	if (!key || !value)
		return edit_no_memory(err);
	for (size_t i = 0; i < pairs->n; i++)
		if (strcmp(pairs->v[i].key, key) == 0)
			to = &pairs->v[i];
	if (!to)
		to = edit_grow(config, pairs, sizeof(*to));
	if (!to)
		return edit_no_memory(err);
	*to = (struct pair){.key = key, .value = value};
	return 0;
}

bool edit_split(const char *word, size_t *ret_name, const char **ret_value)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return false;
	*ret_name = (size_t)(equals - word);
	*ret_value = equals + 1;
	return true;
}
