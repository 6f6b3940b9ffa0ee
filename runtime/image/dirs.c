/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/weak.h"

#define LINKS_MAX 40            /* as the kernel's */

static void cut(struct dirs *d, size_t depth)
{
	while (d->depth > depth) {
		d->depth--;
		close(d->fds[d->depth]);
		free(d->names[d->depth]);
	}
}

void dirs_forget(struct dirs *d)
{
	cut(d, 0);
}

void dirs_forget_below(struct dirs *d)
{
	cut(d, d->here);
}

static int top(const struct dirs *d, size_t depth)
{
	return depth ? d->fds[depth - 1] : d->root;
}

static int keep(struct dirs *d, const char *name, int fd, struct error *err)
{
	char *copy = strdup(name);

	if (!copy || d->depth == DIRS_KEPT) {
		free(copy);
		close(fd);
		return copy ? error_set(err, ERROR_SAID, "more than %d directories in each other", DIRS_KEPT)
		            : error_set(err, ENOMEM, "remember a directory");
	}
	d->names[d->depth] = copy;
	d->fds[d->depth++] = fd;
	return 0;
}

/* What is left to walk, before its last component; links are put in front of it. */
struct walk {
	char text[2 * PATH_MAX];        /* terminated at its end */
	char *next;
	unsigned links;
	size_t depth;
};

static const char *take_component(struct walk *w)
{
	char *p = w->next + strspn(w->next, "/"), *end = p + strcspn(p, "/");

	w->next = *end ? end + 1 : end;
	*end = '\0';
	return p;
}

/* The text of a link comes before what is left; "/" starts at the layer's root. */
static int follow(struct dirs *d, struct walk *w, int dir, const char *name, struct error *err)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(dir, name, text, sizeof(text) - 1);
	size_t left = strlen(w->next);

	if (n < 0)
		return error_set(err, errno, "open the directory %s", name);
	if (++w->links > LINKS_MAX)
		return error_set(err, ELOOP, "open the directory %s", name);
	if ((size_t)n + 1 + left >= sizeof(w->text))
		return error_set(err, ENAMETOOLONG, "open the directory %s", name);
	memmove(w->text + n + 1, w->next, left + 1);
	memcpy(w->text, text, (size_t)n);
	w->text[n] = left ? '/' : '\0';
	w->next = w->text;
	if (text[0] == '/')
		w->depth = 0;
	return 0;
}

static int path_of(const struct dirs *d, size_t depth, const char *base, char *path, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i <= depth; i++) {
		const char *name = i < depth ? d->names[i] : base;
		size_t len = strlen(name);

		if (n + len + 2 > PATH_MAX)
			return error_set(err, ENAMETOOLONG, "resolve a name");
		memcpy(path + n, name, len);
		n += len;
		path[n++] = '/';
	}
	path[n - 1] = '\0';
	return 0;
}

/* One component that is not what is open already. */
static int enter(struct dirs *d, struct walk *w, const char *name, enum dirs_want want, struct error *err)
{
	int parent = top(d, w->depth), fd;
	char path[PATH_MAX];

	cut(d, w->depth);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (weak(V41) ? 0 : O_NOFOLLOW));
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
		if (readlinkat(parent, name, path, 1) > 0)
			return follow(d, w, parent, name, err);
		errno = ENOTDIR;
	}
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && want == DIRS_FIND)
		return DIRS_NOT_FOUND;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && d->missing) {
		int r = path_of(d, w->depth, name, path, err);

		r = r < 0 ? r : d->missing(d->arg, parent, name, path, err);
		if (r != 0)
			return r;
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return error_set(err, errno, "open the directory %.100s", name);
	w->depth++;
	return keep(d, name, fd, err);
}

/* Symbolic links may go up; the layer's root is above everything. */
static int step(struct dirs *d, struct walk *w, const char *name, enum dirs_want want, struct error *err)
{
	if (!*name || strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		w->depth -= w->depth > 0;
		return 0;
	}
	if (w->depth < d->depth && strcmp(d->names[w->depth], name) == 0) {
		w->depth++;
		return 0;
	}
	return enter(d, w, name, want, err);
}

/* The components of the archive's name, ".." among them; how long the part before the last one is. */
static int look_at(const char *name, size_t *ret_base, size_t *ret_len, struct error *err)
{
	size_t len = strlen(name), depth = 0;

	for (const char *p = name; *p; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2]))
			return error_set(err, ERROR_SAID, "the name %.100s leads upwards", name);
		if (strcspn(p, "/") > NAME_MAX)
			return error_set(err, ENAMETOOLONG, "the name %.100s...", name);
		depth++;
	}
	if (depth > DIRS_KEPT)
		return error_set(err, ERROR_SAID, "the name %.100s... has more than %d parts", name, DIRS_KEPT);
	/* "a/b/", "a/b/." and "a/b" are the same. */
	while (len > 0 && (name[len - 1] == '/' || (name[len - 1] == '.' && (len == 1 || name[len - 2] == '/'))))
		len--;
	*ret_len = len;
	while (len > 0 && name[len - 1] != '/')
		len--;
	*ret_base = len;
	return 0;
}

int dirs_parent(struct dirs *d, const char *name, enum dirs_want want, char *path, int *ret_dir, const char **ret_base,
                struct error *err)
{
	struct walk w = {.links = 0};
	size_t base = 0, len = 0;
	char last[NAME_MAX + 1];
	int r = look_at(name, &base, &len, err);

	if (r < 0)
		return r;
	snprintf(last, sizeof(last), "%.*s", (int)(len - base), name + base);
	memcpy(w.text, name, base);
	w.text[base] = '\0';
	w.next = w.text;
	while (r == 0 && *w.next)
		r = step(d, &w, take_component(&w), want, err);
	if (r != 0)
		return r;
	d->here = w.depth;
	*ret_dir = top(d, w.depth);
	r = path_of(d, w.depth, *last ? last : ".", path, err);
	*ret_base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	return r;
}
