/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/image/tar.h"

#define FILES_MAX 20000         /* of an archive of blobs */
#define LINKS_MAX 8

/* ---- the files of an archive ---- */

static const char *plain(const char *name)
{
	while (strncmp(name, "./", 2) == 0)
		name += 2 + strspn(name + 2, "/");
	return name;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct source_file *)a)->name, ((const struct source_file *)b)->name);
}

/* The last one of a name wins, as it does for who unpacks the archive. */
static int by_name_and_place(const void *a, const void *b)
{
	const struct source_file *x = a, *y = b;
	int r = by_name(a, b);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static int add_file(struct image_source *s, struct tar *t, const struct tar_entry *e, struct error *err)
{
	bool hard = !(e->mode & S_IFMT);
	struct source_file *f;

	if (s->n_files == FILES_MAX)
		return error_set(err, ERROR_SAID, "more than %d files: no archive of an image", FILES_MAX);
	f = &s->files[s->n_files];
	*f = (struct source_file){.name = strdup(plain(e->name)), .symbolic = !hard, .size = e->size};
	if (!f->name || (e->link && !(f->link = strdup(e->link))))
		return error_set(err, ENOMEM, "read the archive");
	f->at = tar_place(t);
	if (S_ISREG(e->mode) && (f->at > s->size || f->size > s->size - f->at))
		f->size = 0;    /* cut off: what reads it finds that */
	s->n_files++;
	return 0;
}

/* Stops early where the first files are none of an image's: a root file system has tens of thousands. */
static int list_files(struct image_source *s, struct error *err)
{
	struct tar_entry e;
	struct tar *t;
	int r = tar_open_file(s->fd, s->size, &t, err);

	if (r < 0)
		return r;
	while ((r = tar_next(t, &e, err)) > 0) {
		r = S_ISREG(e.mode) || e.link ? add_file(s, t, &e, err) : 0;
		if (r < 0)
			break;
	}
	tar_close(t);
	qsort(s->files, s->n_files, sizeof(s->files[0]), by_name_and_place);
	return r;
}

static const struct source_file *find_file(const struct image_source *s, const char *name)
{
	struct source_file key = {.name = (char *)name};
	const struct source_file *f = s->n_files ? bsearch(&key, s->files, s->n_files, sizeof(s->files[0]), by_name) : NULL;

	while (f && f + 1 < s->files + s->n_files && strcmp(f[1].name, name) == 0)
		f++;
	return f;
}

/* A root file system may have an index.json of its own. */
static bool is_image(const struct image_source *s)
{
	return (find_file(s, "index.json") && find_file(s, "oci-layout")) || find_file(s, "manifest.json");
}

/* Only headers are looked at here, so of a large archive only these are read. */
static int read_archive(struct image_source *s, struct error *err)
{
	struct error why = {0};

	if (s->size == 0)
		return error_set(err, ERROR_SAID, "it is empty");
	s->files = calloc(FILES_MAX, sizeof(s->files[0]));
	if (!s->files)
		return error_set(err, ENOMEM, "read the archive");
	s->kind = SOURCE_TAR;
	if (list_files(s, &why) < 0 && !is_image(s)) {
		s->kind = SOURCE_ROOTFS;
		/* Its own fault is found when it is unpacked; too many files is none. */
		why.code = 0;
	}
	if (why.code) {
		*err = why;
		return -err->code;
	}
	if (!is_image(s))
		s->kind = SOURCE_ROOTFS;
	return 0;
}

/* ---- opening ---- */

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

static int add_to_spool(struct image_source *s, int file, const void *p, size_t n, uint64_t max, struct error *err)
{
	int r;

	s->size += n;
	if (s->size > max) {
		error_set(err, EFBIG, "unpack more than %llu bytes of the archive into the store", (unsigned long long)max);
		return error_hint(err, "--max-size allows more; an archive that is neither packed nor piped is read where it is");
	}
	r = write_all(file, p, n);
	return r < 0 ? error_set(err, -r, "unpack the archive into the store") : 0;
}

/* What cannot be read in any order: into a file without a name, as the plain tar that is in it. */
static int spool(struct image_source *s, const struct extent *from, int tmp, uint64_t max, struct error *err)
{
	cleanup_close int file = openat(tmp, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct stream *stream;
	const void *p;
	ssize_t n = 0;
	int r = file < 0 ? error_set(err, errno, "make a file for the archive in the store") : stream_open(from, NULL, &stream, err);

	if (r < 0)
		return r;
	while (r == 0 && (n = stream_next(stream, &p, err)) > 0)
		r = add_to_spool(s, file, p, (size_t)n, max, err);
	stream_close(stream);
	if (n < 0 || r < 0)
		return -err->code;
	if (s->fd > STDERR_FILENO)
		close(s->fd);
	s->fd = steal_fd(&file);
	return 0;
}

static int open_file(struct image_source *s, const struct stat *st, int tmp, uint64_t max, struct error *err)
{
	struct extent whole = {.fd = s->fd, .size = (uint64_t)st->st_size, .pipe = !S_ISREG(st->st_mode)};
	struct stream *stream;
	bool packed;
	int r;

	if (whole.pipe)
		return spool(s, &whole, tmp, max, err) ?: read_archive(s, err);
	s->size = whole.size;
	r = stream_open(&whole, NULL, &stream, err);
	if (r < 0)
		return r;
	packed = strcmp(stream_packing(stream), "none") != 0;
	stream_close(stream);
	if (packed) {
		s->size = 0;
		r = spool(s, &whole, tmp, max, err);
	}
	return r < 0 ? r : read_archive(s, err);
}

int source_open(int fd, int tmp, uint64_t max, struct image_source *ret, struct error *err)
{
	struct stat st;

	*ret = (struct image_source){.fd = fd};
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "open it");
	if (S_ISDIR(st.st_mode)) {
		ret->kind = SOURCE_FOLDER;
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return error_set(err, ERROR_SAID, "it is neither a folder nor an archive");
	return open_file(ret, &st, tmp, max, err);
}

void source_close(struct image_source *s)
{
	if (s->fd > STDERR_FILENO)
		close(s->fd);
	for (size_t i = 0; i < s->n_files; i++) {
		free(s->files[i].name);
		free(s->files[i].link);
	}
	free(s->files);
}

/* ---- reading ---- */

/* A layout's own names only: nothing above it, no link. */
static int find_in_folder(const struct image_source *s, const char *name, struct extent *ret, struct error *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_close int fd = (int)syscall(SYS_openat2, s->fd, name, &how, sizeof(how));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open %.150s", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_SAID, "%.150s is no regular file", name);
	*ret = (struct extent){.fd = steal_fd(&fd), .size = (uint64_t)st.st_size};
	return 0;
}

/* "../hex/layer.tar" of "hex2/layer.tar": docker's way to have a layer once. */
static int resolve_link(const struct source_file *f, char *buf, size_t size)
{
	const char *slash = strrchr(f->name, '/'), *text = f->link;
	size_t n = f->symbolic && slash ? (size_t)(slash - f->name) : 0;

	if (!f->symbolic)
		return snprintf(buf, size, "%s", plain(text)) < (int)size ? 0 : -ENAMETOOLONG;
	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(buf, f->name, n);
	buf[n] = '\0';
	while (strncmp(text, "../", 3) == 0) {
		char *up = strrchr(buf, '/');

		text += 3;
		*(up ? up : buf) = '\0';
		n = strlen(buf);
	}
	return snprintf(buf + n, size - n, "%s%s", n ? "/" : "", text) < (int)(size - n) ? 0 : -ENAMETOOLONG;
}

static int find_in_tar(const struct image_source *s, const char *name, struct extent *ret, struct error *err)
{
	const struct source_file *f = find_file(s, plain(name));
	char buf[PATH_MAX];

	for (unsigned i = 0; f && f->link; i++) {
		if (i == LINKS_MAX || resolve_link(f, buf, sizeof(buf)) < 0)
			return error_set(err, ELOOP, "find %.150s in the archive", name);
		f = find_file(s, buf);
	}
	if (!f)
		return error_set(err, ENOENT, "find %.150s in the archive", name);
	*ret = (struct extent){.fd = s->fd, .at = f->at, .size = f->size};
	return 0;
}

int source_find(const struct image_source *s, const char *name, struct extent *ret, struct error *err)
{
	return s->kind == SOURCE_FOLDER ? find_in_folder(s, name, ret, err) : find_in_tar(s, name, ret, err);
}

void source_release(const struct image_source *s, struct extent *extent)
{
	if (s->kind == SOURCE_FOLDER && extent->fd >= 0)
		close(extent->fd);
	extent->fd = -1;
}

int source_check_once(const struct image_source *s, const char *name, struct error *err)
{
	const struct source_file *f = s->kind == SOURCE_TAR ? find_file(s, plain(name)) : NULL;

	return f && f > s->files && strcmp(f[-1].name, f->name) == 0 ? error_set(err, ERROR_SAID, "%.150s is in the archive twice", name) : 0;
}

static int read_extent(const struct extent *e, const char *name, char *text, struct error *err)
{
	for (size_t len = 0; len < e->size;) {
		ssize_t n = TEMP_FAILURE_RETRY(pread(e->fd, text + len, e->size - len, (off_t)(e->at + len)));

		if (n <= 0)
			return n < 0 ? error_set(err, errno, "read %.150s", name) : error_set(err, ERROR_SAID, "%.150s is cut off", name);
		len += (size_t)n;
	}
	text[e->size] = '\0';
	return 0;
}

int source_read(const struct image_source *s, const char *name, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_free char *text = NULL;
	struct extent e;
	int r = source_find(s, name, &e, err);

	if (r < 0)
		return r;
	if (e.size > max)
		r = error_set(err, EFBIG, "read %.150s, %llu bytes", name, (unsigned long long)e.size);
	else if (!(text = malloc(e.size + 1)))
		r = error_set(err, ENOMEM, "read %.150s", name);
	else
		r = read_extent(&e, name, text, err);
	*ret_len = (size_t)e.size;
	source_release(s, &e);
	if (r == 0)
		*ret = steal_ptr(&text);
	return r;
}
