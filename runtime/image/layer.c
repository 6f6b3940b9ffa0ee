/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/tree.h"
#include "runtime/base/weak.h"
#include "runtime/image/dirs.h"
#include "runtime/image/tar.h"

#define WHITEOUT ".wh."
#define RESERVED ".wh..wh."
#define OPAQUE ".wh..wh..opq"

struct dir_look {               /* of a directory, when nothing is made in it any more */
	char *path;
	struct timespec time;
	mode_t mode;            /* what is made in a setgid directory has its group: not while we do it */
};

struct mark;

struct work {
	int root;
	const struct layer_options *options;
	struct layer_notes *notes;
	struct dirs dirs;
	struct tar *tar;
	struct dir_look *looks;
	char **own;             /* directories that the archive named, or whited out, when they were there already */
	struct mark *marks;
	bool marking;           /* all but those is there */
	size_t n_looks, n_own, n_marks;
	size_t looks_room, own_room, marks_room, implied_room, links_room, whiteouts_room;
	/* of the entry: */
	int dir;                /* the directory that it is in */
	const char *base;
	char path[PATH_MAX];
};

/* One more element; NULL without memory. */
static void *grow(void **list, size_t *n, size_t *room, size_t size)
{
	if (*n == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *p = reallocarray(*list, more, size);

		if (!p)
			return NULL;
		*list = p;
		*room = more;
	}
	return (char *)*list + (*n)++ * size;
}

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "unpack a layer");
}

/* ---- directories that are not named ---- */

static int look_later(struct work *w, const char *path, struct timespec time, mode_t mode, struct error *err)
{
	struct dir_look *l = grow((void **)&w->looks, &w->n_looks, &w->looks_room, sizeof(*l));

	if (!l)
		return no_memory(err);
	*l = (struct dir_look){strdup(path), time, mode & 07777};
	return l->path ? 0 : no_memory(err);
}

static int note_path(char ***list, size_t *n, size_t *room, const char *path, struct error *err)
{
	char **p = grow((void **)list, n, room, sizeof(*p));

	return p && (*p = strdup(path)) ? 0 : no_memory(err);
}

static int note_implied(struct work *w, const char *path, struct error *err)
{
	return note_path(&w->notes->implied, &w->notes->n_implied, &w->implied_room, path, err);
}

/* Whatever it was noted for before, it looks like nothing below. */
static int note_own(struct work *w, const char *path, struct error *err)
{
	return note_path(&w->own, &w->n_own, &w->own_room, path, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forget_own(struct work *w)
{
	struct layer_notes *notes = w->notes;
	size_t n = 0;

	if (!w->n_own)
		return;
	if (w->n_own)
		qsort(w->own, w->n_own, sizeof(*w->own), by_path);
	for (size_t i = 0; i < notes->n_implied; i++)
		if (bsearch(&notes->implied[i], w->own, w->n_own, sizeof(*w->own), by_path))
			free(notes->implied[i]);
		else
			notes->implied[n++] = notes->implied[i];
	notes->n_implied = n;
}

static int hide_below(const struct work *w, int dir, struct error *err)
{
	int r = marks_set_opaque(dir, w->options->marks);

	return r < 0 ? error_set(err, -r, "hide what is below the directory") : 0;
}

static int make_opaque(const struct work *w, int parent, const char *name, struct error *err)
{
	cleanup_close int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? error_set(err, errno, "hide what is below the directory %.100s", name) : hide_below(w, fd, err);
}

/* dirs.h: a parent that the archive has not named.  What is in something whited out, or replaced by a file, is hidden already. */
static int make_missing(void *arg, int parent, const char *name, const char *path, struct error *err)
{
	struct work *w = arg;
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return w->marking ? DIRS_NOT_FOUND
		                  : error_set(err, ERROR_SAID, "%.200s is no directory, and has something in it", path);
	if (mkdirat(parent, name, 0755) < 0)
		return error_set(err, errno, "make the directory %.200s", path);
	if (look_later(w, path, (struct timespec){0}, 0755, err) < 0)
		return -err->code;
	return note_implied(w, path, err);
}

/* ---- owners, modes, attributes, times ---- */

static bool has_owner(const struct work *w, const struct tar_entry *e)
{
	return !w->options->squash && (e->uid || e->gid);
}

static int blame_owner(const struct tar_entry *e, struct error *err)
{
	int code = errno;

	error_set(err, code, "give it to %u:%u", e->uid, e->gid);
	if (code == EINVAL)
		error_hint(err, "the range in /etc/subuid and /etc/subgid is too small for it");
	return -err->code;
}

/* security.capability goes with chown(2), and so it comes after it; ENOTSUP: a tmpfs before Linux 6.6 takes no user.*. */
static int set_xattrs(const struct work *w, int fd, const char *path, const struct tar_entry *e, struct error *err)
{
	for (size_t i = 0; i < e->n_xattrs; i++) {
		const struct tar_xattr *x = &e->xattrs[i];
		int r;

		if (!marks_keeps_xattr(x->name))
			continue;
		r = fd >= 0 ? fsetxattr(fd, x->name, x->value, x->size, 0) : lsetxattr(path, x->name, x->value, x->size, 0);
		/* user.* is for files and directories only (xattr(7)); without privileges no capabilities. */
		if (r < 0 && errno != ENOTSUP && !(errno == EPERM && (fd < 0 || w->options->squash)))
			return error_set(err, errno, "set its attribute %.60s", x->name);
	}
	return 0;
}

/* Of what is open: files and directories. */
static int finish_fd(const struct work *w, int fd, const struct tar_entry *e, struct error *err)
{
	if (has_owner(w, e) && fchown(fd, e->uid, e->gid) < 0)
		return blame_owner(e, err);
	/* chown(2) takes setuid and setgid away.  A directory's setgid comes last (finish_directories). */
	if ((e->mode & 07000) && fchmod(fd, e->mode & (S_ISDIR(e->mode) ? 05777 : 07777)) < 0)
		return error_set(err, errno, "set its mode");
	return set_xattrs(w, fd, NULL, e, err);
}

/* Of links, devices and fifos, which are not to be opened: by the name in the directory that is open. */
static int finish_name(const struct work *w, const struct tar_entry *e, struct error *err)
{
	struct timespec times[2] = {e->mtime, e->mtime};
	char path[64 + NAME_MAX];
	int r;

	if (has_owner(w, e) && fchownat(w->dir, w->base, e->uid, e->gid, weak(V42) ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return blame_owner(e, err);
	if (!S_ISLNK(e->mode) && (e->mode & 07000) && fchmodat(w->dir, w->base, e->mode & 07777, 0) < 0)
		return error_set(err, errno, "set its mode");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", w->dir, w->base);
	r = e->n_xattrs ? set_xattrs(w, -1, path, e, err) : 0;
	if (r == 0 && utimensat(w->dir, w->base, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = error_set(err, errno, "set its time");
	return r;
}

/* ---- making entries ---- */

/* What the archive has is not all there any more. */
static void spoil(const struct work *w)
{
	if (w->options->recipe)
		recipe_spoil(w->options->recipe);
}

/* The last one of a name wins; what it was is gone, and what is below it hidden, as for who unpacks one layer upon the other. */
static int clear_name(struct work *w, struct error *err)
{
	int r = tree_remove(w->dir, w->base);

	spoil(w);
	dirs_forget_below(&w->dirs);
	return r < 0 ? error_set(err, -r, "replace it") : 0;
}

#define WRITE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

static int create_file(struct work *w, const struct tar_entry *e, struct error *err)
{
	mode_t mode = e->mode & 0777;
	int fd = openat(w->dir, w->base, WRITE_FLAGS, mode);

	if (fd < 0 && errno == EEXIST) {
		if (clear_name(w, err) < 0)
			return -err->code;
		fd = openat(w->dir, w->base, WRITE_FLAGS, mode);
	}
	return fd < 0 ? error_set(err, errno, "make it") : fd;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = TEMP_FAILURE_RETRY(write(fd, p, n));

		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int copy_data(struct work *w, int fd, struct error *err)
{
	const void *p;
	ssize_t n;
	int r;

	while ((n = tar_data(w->tar, &p, err)) > 0) {
		w->notes->bytes += (uint64_t)n;
		if (w->notes->bytes > w->options->max_bytes) {
			error_set(err, EFBIG, "write more than %llu bytes", (unsigned long long)w->options->max_bytes);
			return error_hint(err, "--max-size allows more");
		}
		r = write_all(fd, p, (size_t)n);
		if (r < 0)
			return error_set(err, -r, "write it");
		flush_wrote(w->options->flush, (uint64_t)n);
	}
	return (int)n;
}

static void note_file(const struct work *w, const struct tar_entry *e)
{
	const struct stat looks = {.st_size = (off_t)e->size, .st_mode = e->mode & 07777, .st_uid = e->uid, .st_gid = e->gid, .st_mtim = e->mtime};

	if (w->options->recipe)
		recipe_file(w->options->recipe, w->path, &looks);
}

static int make_file(struct work *w, const struct tar_entry *e, struct error *err)
{
	struct timespec times[2] = {e->mtime, e->mtime};
	cleanup_close int fd = create_file(w, e, err);
	int r;

	note_file(w, e);
	r = fd < 0 ? fd : copy_data(w, fd, err);
	if (r == 0)
		r = finish_fd(w, fd, e, err);
	if (r == 0 && futimens(fd, times) < 0)
		r = error_set(err, errno, "set its time");
	return r;
}

/* *ret: it was there already, as what. */
static int find_or_make_directory(struct work *w, const struct tar_entry *e, struct stat *ret, struct error *err)
{
	/* Nothing that umask or a parent could add: both are ours. */
	if (mkdirat(w->dir, w->base, e->mode & 0777) == 0)
		return 0;
	if (errno != EEXIST)
		return error_set(err, errno, "make it");
	if (fstatat(w->dir, w->base, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "look at what is there");
	if (!S_ISDIR(ret->st_mode)) {
		spoil(w);
		if (unlinkat(w->dir, w->base, 0) < 0 || mkdirat(w->dir, w->base, e->mode & 0777) < 0)
			return error_set(err, errno, "replace it");
	}
	return note_own(w, w->path, err);
}

/* What mkdir(2) did not. */
static int finish_directory(struct work *w, const struct tar_entry *e, const struct stat *was, struct error *err)
{
	cleanup_close int fd = openat(w->dir, w->base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_set(err, errno, "open it");
	/* The directory is another than what lies below it. */
	r = was->st_mode && !S_ISDIR(was->st_mode) ? marks_set_opaque(fd, w->options->marks) : 0;
	if (r < 0)
		return error_set(err, -r, "hide what is below it");
	if (S_ISDIR(was->st_mode) && fchmod(fd, e->mode & 0777) < 0)
		return error_set(err, errno, "set its mode");
	return finish_fd(w, fd, e, err);
}

static int make_directory(struct work *w, const struct tar_entry *e, struct error *err)
{
	bool root = strcmp(w->base, ".") == 0;
	struct stat was = {.st_mode = root ? S_IFDIR : 0};
	int r = root ? 0 : find_or_make_directory(w, e, &was, err);

	w->notes->names_root |= root;
	if (r == 0 && (was.st_mode || has_owner(w, e) || (e->mode & 07000) || e->n_xattrs))
		r = finish_directory(w, e, &was, err);
	return r < 0 ? r : look_later(w, w->path, e->mtime, e->mode, err);
}

static int make_symlink(struct work *w, const struct tar_entry *e, struct error *err)
{
	if (symlinkat(e->link, w->dir, w->base) < 0 &&
	    (errno != EEXIST || clear_name(w, err) < 0 || symlinkat(e->link, w->dir, w->base) < 0))
		return error_set(err, errno, "make the link");
	return finish_name(w, e, err);
}

static int make_node(struct work *w, const struct tar_entry *e, struct error *err)
{
	dev_t rdev = S_ISFIFO(e->mode) ? 0 : e->rdev;

	if (S_ISCHR(e->mode) && rdev == 0)
		return error_set(err, ERROR_SAID, "a device 0:0 would hide what is below it: that is what a whiteout is for");
	if (!S_ISFIFO(e->mode) && w->options->no_devices) {
		w->notes->left_out++;
		return 0;
	}
	if (mknodat(w->dir, w->base, e->mode & (S_IFMT | 0777), rdev) < 0 &&
	    (errno != EEXIST || clear_name(w, err) < 0 || mknodat(w->dir, w->base, e->mode & (S_IFMT | 0777), rdev) < 0))
		return error_set(err, errno, "make the device");
	return finish_name(w, e, err);
}

/* ---- hard links ---- */

static int note_link(struct work *w, const char *target, struct error *err)
{
	struct layer_link *l = grow((void **)&w->notes->links, &w->notes->n_links, &w->links_room, sizeof(*l));

	if (!l)
		return no_memory(err);
	*l = (struct layer_link){strdup(w->path), strdup(target)};
	return l->name && l->target ? 0 : no_memory(err);
}

static int link_to(struct work *w, int from, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? DIRS_NOT_FOUND : error_set(err, errno, "look at its other name");
	if (marks_is_whiteout(&st))
		return error_set(err, ERROR_SAID, "a hard link to a file that the same layer removes");
	if (linkat(from, name, w->dir, w->base, 0) == 0)
		return 0;
	if (errno == EEXIST) {
		struct stat there;

		/* Itself, under another spelling. */
		if (fstatat(w->dir, w->base, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == st.st_ino)
			return 0;
		if (clear_name(w, err) < 0)
			return -err->code;
		if (linkat(from, name, w->dir, w->base, 0) == 0)
			return 0;
	}
	return error_set(err, errno, "make the hard link");
}

static int make_link(struct work *w, const struct tar_entry *e, struct error *err)
{
	struct dirs found = {.root = w->root};
	char path[PATH_MAX];
	const char *base;
	int dir, r = dirs_parent(&found, e->link, DIRS_FIND, path, &dir, &base, err);

	if (r == 0)
		r = link_to(w, dir, base, err);
	dirs_forget(&found);
	if (weak(V43) && linkat(AT_FDCWD, e->link, w->dir, w->base, 0) == 0)
		return 0;
	/* Nothing of that name here: a file of a layer below, perhaps. */
	if (r == DIRS_NOT_FOUND)
		return note_link(w, e->link, err);
	return r < 0 ? error_wrap(err, "to %.100s", e->link) : 0;
}

/* ---- whiteouts ---- */

/*
 * image-spec layer.md "Whiteouts": they apply to lower layers only, wherever they stand in this one.  So they wait until all else is
 * there, and come in the order of what they hide: a directory's before those in it, which then have nothing left to do.
 */
struct mark {
	char *name;             /* of the entry */
	char *hides;            /* "a/b"; "a/b/": only what is in it */
};

static int by_hidden(const void *a, const void *b)
{
	return strcmp(((const struct mark *)a)->hides, ((const struct mark *)b)->hides);
}

/* Without "." and empty parts; and without the prefix of a whiteout, which only the last part has (check_name). */
static char *what_it_hides(const char *name)
{
	char *hidden = malloc(strlen(name) + 2), *end = hidden;

	for (const char *p = name; hidden && *p; p += strcspn(p, "/")) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 0 || (n == 1 && *p == '.'))
			continue;
		if (end > hidden)
			*end++ = '/';
		if (n == sizeof(OPAQUE) - 1 && strncmp(p, OPAQUE, n) == 0)
			break;
		if (n >= sizeof(WHITEOUT) - 1 && strncmp(p, WHITEOUT, sizeof(WHITEOUT) - 1) == 0) {
			p += sizeof(WHITEOUT) - 1;
			n -= sizeof(WHITEOUT) - 1;
		}
		end = mempcpy(end, p, n);
	}
	if (hidden)
		*end = '\0';
	return hidden;
}

static bool is_dots(const char *name)
{
	return !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* `base`: the last part of its name. */
static int note_mark(struct work *w, const char *name, const char *base, struct error *err)
{
	struct mark *m;

	/* aufs's own notes (.wh..wh.aufs, .wh..wh.plnk) mean nothing to others. */
	if (strcmp(base, OPAQUE) != 0 && strncmp(base, RESERVED, sizeof(RESERVED) - 1) == 0)
		return 0;
	if (is_dots(base + sizeof(WHITEOUT) - 1) && !weak(V49))
		return error_set(err, ERROR_SAID, "a whiteout of \"%s\"", base + sizeof(WHITEOUT) - 1);
	m = grow((void **)&w->marks, &w->n_marks, &w->marks_room, sizeof(*m));
	if (!m)
		return no_memory(err);
	*m = (struct mark){strdup(name), what_it_hides(name)};
	return m->name && m->hides ? 0 : no_memory(err);
}

/* The directory of the entry, or one that it is in, shows nothing of the layers below. */
static bool is_below_hidden(const struct work *w)
{
	bool hidden = marks_is_opaque(w->root, w->options->marks);

	for (size_t i = 0; i < w->dirs.here && !hidden; i++)
		hidden = marks_is_opaque(w->dirs.fds[i], w->options->marks);
	return hidden;
}

static int white_out(struct work *w, struct error *err)
{
	struct stat st;
	int r;

	if (fstatat(w->dir, w->base, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISDIR(st.st_mode))
			return 0;
		r = note_own(w, w->path, err);
		return r < 0 ? r : make_opaque(w, w->dir, w->base, err);
	}
	if (is_below_hidden(w))
		return 0;
	r = marks_make_whiteout(w->dir, w->base);
	if (r < 0)
		return error_set(err, -r, "make the whiteout");
	return note_path(&w->notes->whiteouts, &w->notes->n_whiteouts, &w->whiteouts_room, w->path, err);
}

static int make_mark(struct work *w, const struct mark *m, struct error *err)
{
	size_t len = strlen(m->hides);
	bool inside = len == 0 || m->hides[len - 1] == '/';
	char inner[PATH_MAX + 2];
	int r;

	snprintf(inner, sizeof(inner), "%s%s", m->hides, inside ? OPAQUE : "");
	r = dirs_parent(&w->dirs, inner, DIRS_MAKE, w->path, &w->dir, &w->base, err);
	/* What it is in is hidden already. */
	if (r != 0)
		return r < 0 ? r : 0;
	return inside ? hide_below(w, w->dir, err) : white_out(w, err);
}

static int make_marks(struct work *w, struct error *err)
{
	w->marking = true;
	if (w->n_marks)
		qsort(w->marks, w->n_marks, sizeof(*w->marks), by_hidden);
	for (size_t i = 0; i < w->n_marks; i++)
		if (make_mark(w, &w->marks[i], err) < 0)
			return error_wrap(err, "entry %.200s", w->marks[i].name);
	return 0;
}

/* ---- all of it ---- */

static const struct {
	mode_t type;
	int (*make)(struct work *w, const struct tar_entry *e, struct error *err);
} makers[] = {
	{S_IFREG, make_file}, {S_IFDIR, make_directory}, {S_IFLNK, make_symlink}, {0, make_link},
	{S_IFCHR, make_node}, {S_IFBLK, make_node}, {S_IFIFO, make_node},
};

/* Directories of aufs's notes; any other directory of such a name cannot be told from a mark. */
static int check_name(const char *name, struct error *err)
{
	for (const char *p = strstr(name, WHITEOUT); p; p = strstr(p + 1, WHITEOUT)) {
		if ((p != name && p[-1] != '/') || !strchr(p, '/') || !p[strcspn(p, "/") + 1])
			continue;
		return strncmp(p, RESERVED, sizeof(RESERVED) - 1) == 0 ? 1
		                                                       : error_set(err, ERROR_SAID, "a directory with the name of a whiteout");
	}
	return 0;
}

/* Its last part, without slashes behind it. */
static bool is_mark(const char *name, char base[NAME_MAX + 1])
{
	size_t end = strlen(name), start;

	while (end > 0 && name[end - 1] == '/')
		end--;
	for (start = end; start > 0 && name[start - 1] != '/'; start--)
		;
	if (end - start > NAME_MAX || strncmp(name + start, WHITEOUT, sizeof(WHITEOUT) - 1) != 0)
		return false;
	memcpy(base, name + start, end - start);
	base[end - start] = '\0';
	return true;
}

static int make_entry(struct work *w, const struct tar_entry *e, struct error *err)
{
	char base[NAME_MAX + 1];
	int r = check_name(e->name, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (strstr(e->name, WHITEOUT) && is_mark(e->name, base))
		return note_mark(w, e->name, base, err);
	r = dirs_parent(&w->dirs, e->name, DIRS_MAKE, w->path, &w->dir, &w->base, err);
	if (r < 0)
		return r;
	if (strcmp(w->base, ".") == 0 && !S_ISDIR(e->mode) && !weak(V40))
		return error_set(err, ERROR_SAID, "the root of a layer must be a directory");
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (makers[i].type == (e->mode & S_IFMT))
			return makers[i].make(w, e, err);
	return error_set(err, ERROR_SAID, "an entry of a type that layers do not have");
}

static int finish_directories(struct work *w, struct error *err)
{
	for (size_t i = 0; i < w->n_looks; i++) {
		const struct dir_look *l = &w->looks[i];
		struct timespec times[2] = {l->time, l->time};
		const char *base;
		struct stat st;
		int dir, r = dirs_parent(&w->dirs, l->path, DIRS_FIND, w->path, &dir, &base, err);

		if (r < 0)
			return r;
		/* Another entry may have taken its place, or that of one above it. */
		if (r == DIRS_NOT_FOUND || strcmp(w->path, l->path) != 0 || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		if ((st.st_mode & 07777) != l->mode && fchmodat(dir, base, l->mode, 0) < 0)
			return error_set(err, errno, "set the mode of %.200s", l->path);
		if (utimensat(dir, base, times, AT_SYMLINK_NOFOLLOW) < 0)
			return error_set(err, errno, "set the time of %.200s", l->path);
	}
	return 0;
}

static void note_bytes(void *recipe, const void *p, size_t n)
{
	recipe_bytes(recipe, p, n);
}

static int unpack_all(struct work *w, struct error *err)
{
	struct tar_entry e;
	int r;

	while ((r = tar_next(w->tar, &e, err)) > 0) {
		w->notes->entries++;
		r = make_entry(w, &e, err);
		if (r < 0)
			return error_wrap(err, "entry %.200s", e.name);
	}
	/* Its root looks like any directory; one that the archive names looks as it says. */
	if (r == 0 && !w->notes->names_root)
		r = look_later(w, ".", (struct timespec){0}, 0755, err);
	if (r == 0 && w->options->recipe)
		r = tar_drain(w->tar, err);
	if (r == 0)
		r = make_marks(w, err);
	if (r < 0)
		return r;
	forget_own(w);
	return finish_directories(w, err);
}

int layer_unpack(struct stream *stream, int root, const struct layer_options *options, struct layer_notes *notes, struct error *err)
{
	struct work w = {
		.root = root,
		.options = options,
		.notes = notes,
		.dirs = {.root = root, .missing = make_missing},
	};
	int r = tar_open(stream, &w.tar, err);

	*notes = (struct layer_notes){0};
	w.dirs.arg = &w;
	if (r == 0 && options->recipe)
		tar_listen(w.tar, note_bytes, options->recipe);
	if (r == 0)
		r = unpack_all(&w, err);
	dirs_forget(&w.dirs);
	for (size_t i = 0; i < w.n_looks; i++)
		free(w.looks[i].path);
	for (size_t i = 0; i < w.n_own; i++)
		free(w.own[i]);
	for (size_t i = 0; i < w.n_marks; i++) {
		free(w.marks[i].name);
		free(w.marks[i].hides);
	}
	free(w.looks);
	free(w.own);
	free(w.marks);
	if (w.tar)
		tar_close(w.tar);
	return r;
}

bool layer_depends(const struct layer_notes *notes)
{
	return notes->n_implied || notes->n_links;
}

void layer_notes_free(struct layer_notes *notes)
{
	for (size_t i = 0; i < notes->n_implied; i++)
		free(notes->implied[i]);
	for (size_t i = 0; i < notes->n_links; i++) {
		free(notes->links[i].name);
		free(notes->links[i].target);
	}
	for (size_t i = 0; i < notes->n_whiteouts; i++)
		free(notes->whiteouts[i]);
	free(notes->whiteouts);
	free(notes->implied);
	free(notes->links);
	*notes = (struct layer_notes){0};
}
