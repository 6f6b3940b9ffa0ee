/*
 * own - roots of file systems that init mounted just now.
 *
 * Nothing in them comes from the image or from a volume, and nobody else can have changed them: names
 * directly below such a root need no look-up of their own.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

static size_t without_slashes(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

/* Relative, with empty components, "." or "..": the text says too little about the place. */
static int is_odd(const char *path)
{
	if (path[0] != '/')
		return 1;
	for (; *path; path++)
		if (path[0] == '/' && (path[1] == '/' || path[1] == '.'))
			return 1;
	return 0;
}

static int is_type(const char *type, const char *word)
{
	return strlen(type) == strlen(word) && memcmp(type, word, strlen(word)) == 0;
}

static int begins(const char *path, const char *with, size_t len)
{
	size_t i = 0;

	while (i < len && path[i] == with[i])
		i++;
	return i == len;
}

void own_add(struct init *in, const char *path, const char *type, int root)
{
	struct own *own = &in->own[in->n_own];
	int tmpfs = is_type(type, "tmpfs");

	if (in->linked || is_odd(path) || in->n_own == array_size(in->own))
		return;
	if (!tmpfs && !is_type(type, "proc") && !is_type(type, "sysfs"))
		return;
	*own = (struct own){tmpfs ? OWN_TMPFS : OWN_KERNEL, root, path, without_slashes(path)};
	in->n_own++;
}

int own_find(const struct init *in, enum own_kind kind, const char *path, const char **ret_name)
{
	for (unsigned i = in->n_own; i-- > 0;) {
		const struct own *own = &in->own[i];
		size_t end = own->len + 1;

		if (own->kind != kind || !begins(path, own->path, own->len) || path[own->len] != '/')
			continue;
		if (!path[end] || path[end] == '.' || path[end] == '/')
			continue;
		*ret_name = path + end;
		while (path[end] && path[end] != '/')
			end++;
		if (!path[end])
			return own->root;
	}
	return -1;
}

void own_covered(struct init *in, const char *path)
{
	size_t len = without_slashes(path);
	unsigned n = 0;

	for (unsigned i = 0; i < in->n_own && !in->linked && !is_odd(path); i++)
		if (in->own[i].len < len || !begins(path, in->own[i].path, len))
			in->own[n++] = in->own[i];
	in->n_own = n;
}

void own_forget(struct init *in)
{
	path_forget(in);
	in->n_own = 0;
}
