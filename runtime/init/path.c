/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* The kernel's limit for one lookup (MAXSYMLINKS). */
#define LINKS_MAX 40
/* RESOLVE_IN_ROOT answers EAGAIN when something was renamed meanwhile and ".." is in the path. */
#define RACES_MAX 1000

/* The look before the leap that others relied upon: only the weak build makes it (runtime/base/weak.h). */
static int looks_harmless(const struct init *in, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
	long fd = sys(openat2, in->root, *path ? path : ".", &how, sizeof(how));

	return sys(close, fd) == 0;
}

long path_open(const struct init *in, const char *path, unsigned long flags, unsigned long resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd;
	unsigned tries = 0;

	/* V14, V18: what looks harmless is opened without guard, and may have been swapped meanwhile. */
	if (weak(V05 | V15 | V20 | V23 | V44) || (weak(V14 | V18) && looks_harmless(in, path))) {
		how.resolve = 0;
		path += *path == '/';
	}
	do
		fd = sys(openat2, in->root, *path ? path : ".", &how, sizeof(how));
	while (fd == -EAGAIN && ++tries < RACES_MAX);
	return fd;
}

/*
 * A path being walked: buf[0..done) exists, the component after it is next.  Paths never
 * leave the root, because every step asks the kernel for "prefix, in the root".
 */
struct walk {
	char buf[2 * PATH_MAX];
	size_t done, len;
};

static size_t skip(const struct walk *w, size_t i, int slashes)
{
	while (i < w->len && (w->buf[i] == '/') == slashes)
		i++;
	return i;
}

static long open_prefix(const struct init *in, struct walk *w, size_t end, unsigned long flags,
                        unsigned long resolve)
{
	char saved = w->buf[end];
	long fd;

	w->buf[end] = '\0';
	fd = path_open(in, w->buf, flags, resolve);
	w->buf[end] = saved;
	return fd;
}

/* Puts the target of the link buf[start..end) into its place; an absolute one starts at the root again. */
static int splice(struct walk *w, size_t start, size_t end, const char *target, size_t len)
{
	size_t rest = w->len - end, keep = target[0] == '/' ? 0 : start;
	char tail[PATH_MAX];

	if (rest >= sizeof(tail) || keep + len + rest >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(tail, w->buf + end, rest);
	memcpy(w->buf + keep, target, len);
	memcpy(w->buf + keep + len, tail, rest);
	w->len = keep + len + rest;
	w->buf[w->len] = '\0';
	w->done = target[0] == '/' ? 0 : w->done;
	return 0;
}

/* Makes buf[start..end) in the directory buf[0..done); what exists already must be a dangling link. */
static int make_component(const struct init *in, struct walk *w, size_t start, size_t end,
                          enum want want, unsigned long resolve)
{
	char target[PATH_MAX], saved = w->buf[end];
	long dir, r;

	dir = open_prefix(in, w, w->done, O_PATH | O_DIRECTORY, resolve);
	if (dir < 0)
		return (int)dir;
	w->buf[end] = '\0';
	if (want == WANT_FILE && skip(w, end + 1, 1) >= w->len)
		r = sys(mknodat, dir, w->buf + start, S_IFREG | 0644, 0);
	else
		r = sys(mkdirat, dir, w->buf + start, 0755);
	if (r == -EEXIST) {
		r = sys(readlinkat, dir, w->buf + start, target, sizeof(target) - 1);
		if (r == -EINVAL)       /* no link: somebody else made it just now */
			r = 0;
	}
	w->buf[end] = saved;
	sys(close, dir);
	if (r <= 0)     /* made, or failed; else the length of a link's target */
		return (int)r;
	return resolve & RESOLVE_NO_SYMLINKS ? -ELOOP : splice(w, start, end, target, (size_t)r);
}

static long make_path(const struct init *in, const char *path, enum want want, unsigned long resolve)
{
	struct walk w = {.len = strlen(path)};
	unsigned left = RACES_MAX;

	if (w.len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w.buf, path, w.len + 1);
	for (unsigned links = 0; left > 0; left--) {
		size_t start = skip(&w, w.done, 1), end = skip(&w, start, 0);
		size_t old = w.len;
		long fd;

		if (start == w.len)
			return path_open(in, w.buf, O_PATH, resolve);
		fd = open_prefix(in, &w, end, O_PATH, resolve);
		if (fd >= 0) {
			sys(close, fd);
			w.done = end;
			continue;
		}
		if (fd != -ENOENT)
			return fd;
		fd = make_component(in, &w, start, end, want, resolve);
		if (fd < 0)
			return fd;
		if (w.len != old && ++links > LINKS_MAX)
			return -ELOOP;
	}
	return -ELOOP;
}

void path_forget(struct init *in)
{
	in->dir = -1;   /* closed with the other temporary fds */
}

long path_parent(struct init *in, const char *path, const char **ret_name)
{
	char parent[PATH_MAX];
	size_t len = strlen(path), slash;
	int own = own_find(in, OWN_TMPFS, path, ret_name);

	if (own >= 0)
		return own;
	while (len > 1 && path[len - 1] == '/')
		len--;
	for (slash = len; slash > 0 && path[slash - 1] != '/';)
		slash--;
	*ret_name = path + slash;
	if (in->dir >= 0 && in->dir_len == slash && memcmp(in->dir_path, path, slash) == 0)
		return in->dir;
	if (slash >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, slash);
	parent[slash] = '\0';
	path_forget(in);
	in->dir = (int)path_open(in, parent, O_PATH, 0);
	if (in->dir == -ENOENT)
		in->dir = (int)make_path(in, parent, WANT_DIRECTORY, 0);
	in->dir_path = path;
	in->dir_len = slash;
	return in->dir;
}

/* Mostly only the last component is missing: made in its directory, and opened there, not looked up again. */
static long make_last(struct init *in, const char *path, enum want want)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	const char *name;
	long dir = path_parent(in, path, &name), r;

	if (dir < 0)
		return dir;
	r = want == WANT_FILE ? sys(mknodat, dir, name, S_IFREG | 0644, 0) : sys(mkdirat, dir, name, 0755);
	if (r < 0)
		return r;
	in->fresh = 1;
	return sys(openat2, dir, name, &how, sizeof(how));
}

long path_find(struct init *in, const char *path, unsigned long resolve)
{
	long fd = path_open(in, path, O_PATH, resolve | RESOLVE_NO_SYMLINKS);

	in->linked = fd == -ELOOP && !(resolve & RESOLVE_NO_SYMLINKS);
	return in->linked ? path_open(in, path, O_PATH, resolve) : fd;
}

long path_ensure(struct init *in, const char *path, enum want want, unsigned long resolve)
{
	long fd = path_find(in, path, resolve);

	in->fresh = 0;
	if (fd != -ENOENT)
		return fd;
	fd = resolve ? -EEXIST : make_last(in, path, want);
	if (fd != -EEXIST && fd != -ENOENT)
		return fd;
	/* A dangling link, or a name that needs the long way. */
	in->linked = 1;
	return make_path(in, path, want, resolve);
}
