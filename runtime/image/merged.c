/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/merged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/image/interrupt.h"

#define LINKS_MAX 40
/*
 * Of one name in one layer: each ".." of a link begins at the root again, and a link of 4 KiB has a thousand.  The largest that honest
 * images ask for are some ten thousand.
 */
#define LOOKS_MAX (1ul << 18)

struct place {                  /* a directory: in each layer that has a part of it, the topmost first */
	size_t n;
	int *fds;
};

static void leave(struct place *p)
{
	for (size_t i = 0; i < p->n; i++)
		close(p->fds[i]);
	free(p->fds);
	*p = (struct place){0};
}

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "look into the layers");
}

static int start(const struct merged *m, struct place *ret, struct error *err)
{
	*ret = (struct place){0, calloc(m->n ? m->n : 1, sizeof(int))};
	if (!ret->fds)
		return no_memory(err);
	for (size_t i = 0; i < m->n; i++) {
		int fd = openat(m->layers[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return error_set(err, errno, "open a layer");
		ret->fds[ret->n++] = fd;
		if (marks_is_opaque(fd, m->marks))
			break;
	}
	return 0;
}

enum kind { NOTHING, DIRECTORY, OTHER };

/* Nothing of that name, as opposed to what could not be looked at. */
static bool is_absence(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG;
}

/* What `name` is in that directory.  A directory: *ret_in has its parts.  Else: *ret_at says in which layer it is.  Or a negative errno. */
static int look(const struct merged *m, const struct place *at, const char *name, struct place *ret_in, struct stat *ret_st,
                int *ret_at)
{
	for (size_t i = 0; i < at->n; i++) {
		struct stat st;
		int fd;

		if (fstatat(at->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (!is_absence(errno))
				return -errno;
			continue;
		}
		if (!S_ISDIR(st.st_mode)) {
			if (ret_in->n || marks_is_whiteout(&st))
				break;
			*ret_st = st;
			*ret_at = at->fds[i];
			return OTHER;
		}
		fd = openat(at->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (!ret_in->n)
			*ret_st = st;
		ret_in->fds[ret_in->n++] = fd;
		if (marks_is_opaque(fd, m->marks))
			break;
	}
	return ret_in->n ? DIRECTORY : NOTHING;
}

struct search {
	const struct merged *m;
	struct place here;
	char done[PATH_MAX];    /* of `here` */
	char todo[2 * PATH_MAX];
	unsigned links;
	unsigned long looks;
};

/* Before each name; whoever interrupts us waits for no image. */
static int check_looks(struct search *s, struct error *err)
{
	if (unpack_interrupted())
		return error_set(err, EINTR, "look into the layers");
	s->looks += s->here.n;
	return s->looks > LOOKS_MAX ? error_set(err, ELOOP, "follow a link of the image") : 0;
}

/* From the root to s->done, which has no links: it was walked before. */
static int walk(struct search *s, struct error *err)
{
	cleanup_free char *copy = strdup(s->done);
	const struct merged *m = s->m;
	struct place *ret = &s->here;
	char *rest = copy, *name;
	int r = copy ? start(m, ret, err) : no_memory(err);

	while (r == 0 && (name = strsep(&rest, "/"))) {
		struct place in = {0};
		struct stat st;
		int at, kind;

		if (!*name)
			continue;
		r = check_looks(s, err);
		if (r < 0)
			break;
		in.fds = calloc(m->n + 1, sizeof(int));
		kind = in.fds ? look(m, ret, name, &in, &st, &at) : -ENOMEM;
		if (kind != DIRECTORY)
			r = error_set(err, kind < 0 ? -kind : ENOENT, "look into the layers");
		leave(ret);
		*ret = in;
	}
	return r;
}

static int go_to(struct search *s, struct error *err)
{
	leave(&s->here);
	return walk(s, err);
}

static int go_up(struct search *s, struct error *err)
{
	char *slash = strrchr(s->done, '/');

	if (slash)
		*slash = '\0';
	else
		s->done[0] = '\0';
	return go_to(s, err);
}

/* The link's text, then what is left. */
static int follow(struct search *s, int dir, const char *name, const char *rest, struct error *err)
{
	char text[PATH_MAX], joined[2 * PATH_MAX];
	ssize_t n = readlinkat(dir, name, text, sizeof(text) - 1);

	if (n < 0 || ++s->links > LINKS_MAX)
		return error_set(err, n < 0 ? errno : ELOOP, "follow a link of the image");
	text[n] = '\0';
	if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", text, rest) >= sizeof(joined))
		return error_set(err, ENAMETOOLONG, "follow a link of the image");
	memcpy(s->todo, joined, sizeof(joined));
	if (text[0] != '/')
		return 0;
	s->done[0] = '\0';
	return go_to(s, err);
}

static int append(struct search *s, const char *name, struct error *err)
{
	size_t n = strlen(s->done);

	if (n + strlen(name) + 2 > sizeof(s->done))
		return error_set(err, ENAMETOOLONG, "look into the layers");
	snprintf(s->done + n, sizeof(s->done) - n, "%s%s", n ? "/" : "", name);
	return 0;
}

static int found_other(struct search *s, int dir, const char *name, const struct stat *st, struct found *ret, struct error *err)
{
	int r = append(s, name, err);

	if (r < 0)
		return r;
	*ret = (struct found){.dir = fcntl(dir, F_DUPFD_CLOEXEC, 3), .st = *st};
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	memcpy(ret->path, s->done, sizeof(s->done));
	return ret->dir < 0 ? error_set(err, errno, "look into the layers") : 0;
}

static int found_directory(struct search *s, struct found *ret, struct error *err)
{
	*ret = (struct found){.dir = fcntl(s->here.fds[0], F_DUPFD_CLOEXEC, 3), .name = "."};
	memcpy(ret->path, s->done, sizeof(s->done));
	if (ret->dir < 0 || fstat(ret->dir, &ret->st) < 0)
		return error_set(err, errno, "look into the layers");
	return 0;
}

/* One component; 2: go on. */
static int step(struct search *s, enum merged_last last, struct found *ret, struct error *err)
{
	char name[NAME_MAX + 1], rest[2 * PATH_MAX];
	char *p = s->todo + strspn(s->todo, "/");
	size_t len = strcspn(p, "/");
	struct place in;
	struct stat st;
	int at, kind, r;

	if (!len)
		return s->here.n ? found_directory(s, ret, err) : MERGED_NOT_FOUND;
	if (len > NAME_MAX)
		return MERGED_NOT_FOUND;
	memcpy(name, p, len);
	name[len] = '\0';
	snprintf(rest, sizeof(rest), "%s", p + len + strspn(p + len, "/"));
	memcpy(s->todo, rest, sizeof(rest));
	if (strcmp(name, ".") == 0)
		return 2;
	if (strcmp(name, "..") == 0)
		return go_up(s, err) ?: 2;
	r = check_looks(s, err);
	if (r < 0)
		return r;
	in = (struct place){0, calloc(s->m->n + 1, sizeof(int))};
	if (!in.fds)
		return no_memory(err);
	kind = look(s->m, &s->here, name, &in, &st, &at);
	if (kind == DIRECTORY) {
		leave(&s->here);
		s->here = in;
		return append(s, name, err) ?: 2;
	}
	if (kind < 0)
		r = error_set(err, -kind, "look into the layers");
	else if (kind == NOTHING || (*rest && !S_ISLNK(st.st_mode)))
		r = MERGED_NOT_FOUND;
	else if (S_ISLNK(st.st_mode) && (*rest || last == MERGED_FOLLOW_LAST))
		r = follow(s, at, name, rest, err) ?: 2;
	else
		r = found_other(s, at, name, &st, ret, err);
	leave(&in);
	return r;
}

int merged_find(const struct merged *m, const char *path, enum merged_last last, struct found *ret, struct error *err)
{
	cleanup_free struct search *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return no_memory(err);
	s->m = m;
	if (strlen(path) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "look into the layers");
	memcpy(s->todo, path, strlen(path) + 1);
	r = start(m, &s->here, err) ?: 2;
	while (r == 2)
		r = step(s, last, ret, err);
	leave(&s->here);
	return r;
}
