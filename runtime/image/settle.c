/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/image/dirs.h"
#include "runtime/image/tar.h"

#define COPIES_KEPT 64

struct copy {                   /* of a file below, for its other names */
	dev_t dev;
	ino_t ino;
	const char *name;
};

struct settle {
	const struct layer_options *options;
	const struct layer_notes *notes;
	const struct merged *below;
	bool moved;
	struct dirs dirs;
	char **implied;         /* notes->implied, sorted; made when it is asked */
	struct copy copies[COPIES_KEPT];
	size_t n_copies;
};

/* Something was made, moved or removed in a directory, which does not show. */
static int keep_time(int dir, const struct stat *before, const char *path, struct error *err)
{
	struct timespec times[2] = {before->st_mtim, before->st_mtim};

	return futimens(dir, times) < 0 ? error_set(err, errno, "set the time of the directory of %.200s", path) : 0;
}

/* From one open file or directory to another. */
static int copy_xattrs(int from, int to)
{
	char names[4096], value[TAR_XATTR_BYTES];
	ssize_t n = flistxattr(from, names, sizeof(names));

	for (char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		ssize_t size = marks_keeps_xattr(p) ? fgetxattr(from, p, value, sizeof(value)) : -1;

		if (size >= 0 && fsetxattr(to, p, value, (size_t)size, 0) < 0 && errno != EPERM && errno != ENOTSUP)
			return -errno;
	}
	return 0;
}

/* Owner, mode, attributes and times of what lies below. */
static int look_like(const struct settle *s, int fd, int like, const struct stat *st)
{
	struct timespec times[2] = {st->st_mtim, st->st_mtim};

	if (!s->options->squash && fchown(fd, st->st_uid, st->st_gid) < 0)
		return -errno;
	if (fchmod(fd, st->st_mode & 07777) < 0)
		return -errno;
	return copy_xattrs(like, fd) ?: futimens(fd, times) < 0 ? -errno : 0;
}

/* ---- directories ---- */

/* dirs.h: on the way to where a link below leads. */
static int make_below(void *arg, int parent, const char *name, const char *path, struct error *err)
{
	struct settle *s = arg;
	cleanup_close int fd = -1, like = -1;
	struct stat before;
	struct found f;
	int r;

	if (fstat(parent, &before) < 0 || mkdirat(parent, name, 0755) < 0)
		return error_set(err, errno, "make %.200s", path);
	r = keep_time(parent, &before, path, err);
	r = r < 0 ? r : merged_find(s->below, path, MERGED_KEEP_LAST, &f, err);
	if (r != 0)
		return r < 0 ? r : 0;
	like = f.dir;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : S_ISDIR(f.st.st_mode) ? look_like(s, fd, like, &f.st) : 0;
	return r < 0 ? error_set(err, -r, "make %.200s", path) : 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_implied(struct settle *s, const char *path)
{
	size_t n = s->notes->n_implied;

	if (!s->implied) {
		s->implied = calloc(n + 1, sizeof(*s->implied));
		if (!s->implied)
			return false;
		for (size_t i = 0; i < n; i++)
			s->implied[i] = s->notes->implied[i];
		qsort(s->implied, n, sizeof(*s->implied), by_path);
	}
	return bsearch(&path, s->implied, n, sizeof(*s->implied), by_path);
}

static int open_directory(int dir, const char *name, struct stat *ret, const char *path, struct error *err)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret) < 0)
		return error_set(err, errno, "open %.200s", path);
	return steal_fd(&fd);
}

static int merge(struct settle *s, int from, int to, const char *path, struct error *err);

/* Both names have it: the directories become one, that looks as the archive says of either; two files are a contradiction. */
static int merge_child(struct settle *s, int from, int to, const char *name, const char *path, struct error *err)
{
	cleanup_close int lower = -1, upper = -1;
	char child[PATH_MAX];
	struct stat a, b;
	int r = snprintf(child, sizeof(child), "%s/%s", path, name) < (int)sizeof(child) ? 0 : error_set(err, ENAMETOOLONG, "move %.200s", path);

	if (r == 0)
		r = lower = open_directory(from, name, &a, child, err);
	if (r >= 0)
		r = upper = open_directory(to, name, &b, child, err);
	if (r < 0)
		return error_set(err, EEXIST, "move %.100s of %.200s to where the link of a layer below leads", name, path);
	r = merge(s, lower, upper, child, err);
	if (r == 0 && !is_implied(s, child))
		r = look_like(s, upper, lower, &a) < 0 ? error_set(err, errno, "make %.200s look as it should", child) : 0;
	return r < 0 ? r : unlinkat(from, name, AT_REMOVEDIR) < 0 ? error_set(err, errno, "move %.200s", child) : 0;
}

/* What is in the one goes into the other; `path` is the one's. */
static int merge(struct settle *s, int from, int to, const char *path, struct error *err)
{
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct stat before;
	struct dirent *e;

	if (!list || fstat(to, &before) < 0)
		return error_set(err, errno, "list %.200s", path);
	while (r == 0 && (e = readdir(list))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    renameat2(from, e->d_name, to, e->d_name, RENAME_NOREPLACE) == 0)
			continue;
		r = errno == EEXIST ? merge_child(s, from, to, e->d_name, path, err)
		                    : error_set(err, errno, "move %.100s of %.200s", e->d_name, path);
	}
	if (r == 0 && marks_is_opaque(from, s->options->marks) && marks_set_opaque(to, s->options->marks) < 0)
		r = error_set(err, EIO, "hide what is below %.200s", path);
	return r < 0 ? r : keep_time(to, &before, path, err);
}

/*
 * The layer has bin/tool, and below it bin is a link to usr/bin: who unpacks one layer upon the other has the file in usr/bin, and so
 * have we.
 */
static int move_behind_link(struct settle *s, const char *path, const char *target, struct error *err)
{
	struct dirs from = {.root = s->dirs.root};
	char buf[PATH_MAX], inside[PATH_MAX];
	const char *base, *ignored;
	cleanup_close int dir = -1;
	struct stat before, st;
	int parent, to, r;

	if (snprintf(inside, sizeof(inside), "%s/.x", target) >= (int)sizeof(inside))
		return error_set(err, ENAMETOOLONG, "move %.200s to where the link of a layer below leads", path);
	s->moved = true;
	dirs_forget(&s->dirs);
	r = dirs_parent(&s->dirs, inside, DIRS_MAKE, buf, &to, &ignored, err);
	r = r ?: dirs_parent(&from, path, DIRS_FIND, buf, &parent, &base, err);
	if (r == 0 && fstat(parent, &before) < 0)
		r = error_set(err, errno, "look at the directory of %.200s", path);
	if (r == 0) {
		dir = open_directory(parent, base, &st, path, err);
		r = dir < 0 ? dir : merge(s, dir, to, path, err);
	}
	if (r == 0 && unlinkat(parent, base, AT_REMOVEDIR) < 0)
		r = error_set(err, errno, "move %.200s", path);
	if (r == 0)
		r = keep_time(parent, &before, path, err);
	dirs_forget(&from);
	dirs_forget(&s->dirs);
	return r > 0 ? 0 : r;
}

/* Nothing below shows through one of the directories that it is in. */
static bool is_hidden(const struct settle *s)
{
	bool hidden = marks_is_opaque(s->dirs.root, s->options->marks);

	for (size_t i = 0; i < s->dirs.here && !hidden; i++)
		hidden = marks_is_opaque(s->dirs.fds[i], s->options->marks);
	return hidden;
}

static int settle_directory(struct settle *s, const char *path, struct error *err)
{
	cleanup_close int like = -1, last = -1, fd = -1;
	struct found f, end;
	char buf[PATH_MAX];
	const char *base;
	int dir, r = dirs_parent(&s->dirs, path, DIRS_FIND, buf, &dir, &base, err);

	/* Moved, or another entry has taken its place, or that of one above it. */
	if (r != 0 || strcmp(buf, path) != 0 || is_hidden(s))
		return r < 0 ? r : 0;
	fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : error_set(err, errno, "open the directory %.200s", path);
	/* Where nobody below has it, it stays as it was made. */
	r = merged_find(s->below, path, MERGED_KEEP_LAST, &f, err);
	if (r != 0)
		return r < 0 ? error_wrap(err, "the directory %.200s", path) : 0;
	like = f.dir;
	if (S_ISLNK(f.st.st_mode)) {
		r = merged_find(s->below, path, MERGED_FOLLOW_LAST, &end, err);
		last = r == 0 ? end.dir : -1;
		if (r < 0)
			return error_wrap(err, "the directory %.200s", path);
		return r == 0 && S_ISDIR(end.st.st_mode) ? move_behind_link(s, path, end.path, err) : 0;
	}
	r = S_ISDIR(f.st.st_mode) ? look_like(s, fd, like, &f.st) : 0;
	return r < 0 ? error_set(err, -r, "make %.200s look as it does below", path) : 0;
}

/* ---- hard links ---- */

static int copy_file(const struct settle *s, const struct found *f, int dir, const char *base)
{
	cleanup_close int from = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_close int to = from < 0 ? -1 : openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n = 1;

	while (to >= 0 && n > 0)
		n = copy_file_range(from, NULL, to, NULL, 1u << 30, 0);
	return to < 0 || n < 0 ? -errno : look_like(s, to, from, &f->st);
}

static int copy_link(const struct settle *s, const struct found *f, int dir, const char *base)
{
	struct timespec times[2] = {f->st.st_mtim, f->st.st_mtim};
	char text[PATH_MAX];
	ssize_t n = readlinkat(f->dir, f->name, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (symlinkat(text, dir, base) < 0)
		return -errno;
	if (!s->options->squash && fchownat(dir, base, f->st.st_uid, f->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return utimensat(dir, base, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* 1: the layer has it, under a name that we made for it or that the archive did. */
static int link_own(struct settle *s, const char *name, int dir, const char *base)
{
	struct dirs own = {.root = s->dirs.root};
	char buf[PATH_MAX];
	struct error ignored;
	const char *other;
	struct stat st;
	int from, r = dirs_parent(&own, name, DIRS_FIND, buf, &from, &other, &ignored);

	if (r == 0)
		r = fstatat(from, other, &st, AT_SYMLINK_NOFOLLOW) < 0 || marks_is_whiteout(&st) || S_ISDIR(st.st_mode) ? 0
		    : linkat(from, other, dir, base, 0) < 0                                                             ? -errno
		                                                                                                        : 1;
	else
		r = 0;
	dirs_forget(&own);
	return r;
}

static int copy_up(struct settle *s, const struct found *f, const char *name, int dir, const char *base)
{
	int r;

	for (size_t i = 0; i < s->n_copies; i++)
		if (s->copies[i].ino == f->st.st_ino && s->copies[i].dev == f->st.st_dev) {
			r = link_own(s, s->copies[i].name, dir, base);
			if (r != 0)
				return r < 0 ? r : 0;
		}
	r = S_ISREG(f->st.st_mode) ? copy_file(s, f, dir, base) : S_ISLNK(f->st.st_mode) ? copy_link(s, f, dir, base) : -EPERM;
	if (r == 0 && s->n_copies < COPIES_KEPT)
		s->copies[s->n_copies++] = (struct copy){f->st.st_dev, f->st.st_ino, name};
	return r;
}

/* From a name of the layer itself, which only came to be here, or from a layer below. */
static int find_and_link(struct settle *s, const struct layer_link *l, int dir, const char *base, struct error *err)
{
	cleanup_close int from = -1;
	struct found f;
	int r = link_own(s, l->target, dir, base);

	if (r == 0) {
		r = merged_find(s->below, l->target, MERGED_KEEP_LAST, &f, err);
		if (r < 0)
			return r;
		if (r == MERGED_NOT_FOUND)
			return error_set(err, ERROR_SAID, "entry %.200s: a hard link to %.200s, which is neither in this layer before it nor below",
			                 l->name, l->target);
		from = f.dir;
		r = copy_up(s, &f, l->name, dir, base);
	}
	return r < 0 ? error_set(err, -r, "entry %.200s: copy %.200s of a layer below", l->name, l->target) : 0;
}

static int settle_link(struct settle *s, const struct layer_link *l, struct error *err)
{
	char buf[PATH_MAX];
	const char *base;
	struct stat st, before;
	int dir, r = dirs_parent(&s->dirs, l->name, DIRS_MAKE, buf, &dir, &base, err);

	if (r < 0)
		return r;
	if (fstat(dir, &before) < 0)
		return error_set(err, errno, "entry %.200s: look at its directory", l->name);
	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		/* A later entry has the name. */
		if (!marks_is_whiteout(&st))
			return 0;
		if (unlinkat(dir, base, 0) < 0)
			return error_set(err, errno, "entry %.200s: replace the whiteout", l->name);
	}
	r = find_and_link(s, l, dir, base, err);
	return r < 0 ? r : keep_time(dir, &before, l->name, err);
}

/* ---- whiteouts ---- */

/* 1: no layer below has the directory that it is in. */
static int is_ghost(const struct merged *below, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	struct found f;
	int r;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	r = merged_find(below, dir, MERGED_KEEP_LAST, &f, err);
	if (r != 0)
		return r < 0 ? r : 1;
	close(f.dir);
	return !S_ISDIR(f.st.st_mode);
}

int settle_finds_ghosts(char *const *whiteouts, size_t n, const struct merged *below, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = is_ghost(below, whiteouts[i], err);
	return r;
}

static int settle_whiteout(struct settle *s, const char *path, struct error *err)
{
	struct stat st, before;
	char buf[PATH_MAX];
	const char *base;
	int dir, r = is_ghost(s->below, path, err);

	if (r <= 0)
		return r;
	r = dirs_parent(&s->dirs, path, DIRS_FIND, buf, &dir, &base, err);
	/* A hard link may have taken its place. */
	if (r != 0 || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0 || !marks_is_whiteout(&st))
		return r < 0 ? r : 0;
	if (fstat(dir, &before) < 0 || unlinkat(dir, base, 0) < 0)
		return error_set(err, errno, "remove the whiteout of %.200s", path);
	return keep_time(dir, &before, path, err);
}

int layer_settle(int root, const struct layer_options *options, const struct layer_notes *notes, const struct merged *below,
                 struct error *err)
{
	struct settle s = {.options = options, .notes = notes, .below = below, .dirs = {.root = root, .missing = make_below}};
	int r = 0;

	s.dirs.arg = &s;
	for (size_t i = 0; i < notes->n_links && r == 0; i++)
		r = settle_link(&s, &notes->links[i], err);
	/* The deepest first: what is moved takes those in it along, as they are. */
	for (size_t i = notes->n_implied; i-- > 0 && r == 0;)
		r = settle_directory(&s, notes->implied[i], err);
	for (size_t i = 0; i < notes->n_whiteouts && r == 0; i++)
		r = settle_whiteout(&s, notes->whiteouts[i], err);
	dirs_forget(&s.dirs);
	free(s.implied);
	return r == 0 && s.moved ? SETTLE_MOVED : r;
}
