/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zstd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/image/interrupt.h"
#include "runtime/image/stream.h"

#define NAME "recipe"
#define BUFFER (64u << 10)
#define LEVEL 1                 /* headers are alike: more gains little */

/* What is in it: this, and behind it `n` bytes of the tar, or of the file's path.  For this machine alone. */
struct record {
	uint32_t n;
	uint32_t file;
	uint32_t mode, uid, gid, nanoseconds;
	int64_t size, seconds;
};

struct recipe {
	int dir, fd;
	ZSTD_CCtx *z;
	int code;               /* errno; the first that went wrong */
	bool spoilt;
	size_t n;               /* in `buffer`: bytes of the tar */
	char buffer[BUFFER], packed[BUFFER];
};

/* ---- writing ---- */

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = TEMP_FAILURE_RETRY(write(fd, p, n));

		if (done < 0)
			return errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static void pack(struct recipe *r, const void *p, size_t n, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = {p, n, 0};
	size_t left = 1;

	while (!r->code && !r->spoilt && (in.pos < in.size || (end == ZSTD_e_end && left))) {
		ZSTD_outBuffer out = {r->packed, sizeof(r->packed), 0};

		left = ZSTD_compressStream2(r->z, &out, &in, end);
		r->code = ZSTD_isError(left) ? ENOMEM : write_all(r->fd, r->packed, out.pos);
	}
}

static void flush(struct recipe *r)
{
	struct record head = {.n = (uint32_t)r->n};

	if (!r->n)
		return;
	pack(r, &head, sizeof(head), ZSTD_e_continue);
	pack(r, r->buffer, r->n, ZSTD_e_continue);
	r->n = 0;
}

int recipe_begin(int dir, struct recipe **ret, struct error *err)
{
	cleanup_close int fd = openat(dir, NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct recipe *r = fd < 0 ? NULL : malloc(sizeof(*r));

	if (fd < 0)
		return error_set(err, errno, "make the layer's recipe in the store");
	if (!r || !(r->z = ZSTD_createCCtx())) {
		free(r);
		return error_set(err, ENOMEM, "make the layer's recipe");
	}
	ZSTD_CCtx_setParameter(r->z, ZSTD_c_compressionLevel, LEVEL);
	r->dir = dir;
	r->code = 0;
	r->spoilt = false;
	r->n = 0;
	r->fd = steal_fd(&fd);
	*ret = r;
	return 0;
}

void recipe_bytes(struct recipe *r, const void *p, size_t n)
{
	while (n > 0) {
		size_t k = n < BUFFER - r->n ? n : BUFFER - r->n;

		memcpy(r->buffer + r->n, p, k);
		r->n += k;
		p = (const char *)p + k;
		n -= k;
		if (r->n == BUFFER)
			flush(r);
	}
}

void recipe_file(struct recipe *r, const char *path, const struct stat *looks)
{
	struct record head = {
		.n = (uint32_t)strlen(path), .file = 1, .mode = looks->st_mode, .uid = looks->st_uid, .gid = looks->st_gid,
		.nanoseconds = (uint32_t)looks->st_mtim.tv_nsec, .size = looks->st_size, .seconds = looks->st_mtim.tv_sec,
	};

	flush(r);
	pack(r, &head, sizeof(head), ZSTD_e_continue);
	pack(r, path, head.n, ZSTD_e_continue);
}

void recipe_spoil(struct recipe *r)
{
	r->spoilt = true;
}

int recipe_end(struct recipe *r, struct error *err)
{
	int code;

	if (!r)
		return 0;
	flush(r);
	pack(r, NULL, 0, ZSTD_e_end);
	if (r->spoilt)
		unlinkat(r->dir, NAME, 0);
	code = r->spoilt ? 0 : r->code;
	close(r->fd);
	ZSTD_freeCCtx(r->z);
	free(r);
	return code ? error_set(err, code, "write the layer's recipe") : 0;
}

/* ---- reading ---- */

struct reader {
	struct stream *stream;
	const char *next;
	size_t left;
	int fs;
	bool owners;
	struct hasher hash;
};

/* 1: they are there; 0: it ends before the first of them. */
static int take(struct reader *r, void *to, size_t n, struct error *err)
{
	size_t done = 0;

	while (done < n) {
		size_t k;

		if (!r->left) {
			const void *p;
			ssize_t got = stream_next(r->stream, &p, err);

			if (got < 0)
				return (int)got;
			if (got == 0)
				return done ? error_set(err, ERROR_SAID, "its recipe is cut off") : 0;
			r->next = p;
			r->left = (size_t)got;
		}
		k = n - done < r->left ? n - done : r->left;
		memcpy((char *)to + done, r->next, k);
		r->next += k;
		r->left -= k;
		done += k;
	}
	return 1;
}

static int open_file(const struct reader *r, const char *path, struct error *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, r->fs, path, &how, sizeof(how));

	return fd < 0 ? error_set(err, errno, "open %.200s", path) : fd;
}

/* What chmod, chown and touch change; of the time all of it. */
static int compare(const struct reader *r, const struct record *h, const char *path, const struct stat *st, struct error *err)
{
	const char *what = NULL;

	if (!S_ISREG(st->st_mode))
		what = "type";
	else if (st->st_size != h->size)
		what = "size";
	else if ((st->st_mode & 07777) != (h->mode & 07777))
		what = "mode";
	else if (r->owners && (st->st_uid != h->uid || st->st_gid != h->gid))
		what = "owner";
	else if (st->st_mtim.tv_sec != h->seconds || st->st_mtim.tv_nsec != h->nanoseconds)
		what = "time";
	return what ? error_set(err, ERROR_SAID, "%.200s has another %s", path, what) : 0;
}

static int hash_file(struct reader *r, const struct record *h, const char *path, char *buffer, struct error *err)
{
	cleanup_close int fd = open_file(r, path, err);
	struct stat st;
	int64_t done = 0;
	int e;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "look at %.200s", path);
	e = compare(r, h, path, &st, err);
	while (e == 0 && done < h->size) {
		ssize_t n = TEMP_FAILURE_RETRY(read(fd, buffer, BUFFER));

		if (n <= 0)
			return n < 0 ? error_set(err, errno, "read %.200s", path) : error_set(err, ERROR_SAID, "%.200s is cut off", path);
		if (unpack_interrupted())
			return error_set(err, EINTR, "read %.200s", path);
		hash_add(&r->hash, buffer, (size_t)n);
		done += n;
	}
	return e;
}

static int follow(struct reader *r, struct error *err)
{
	cleanup_free char *buffer = malloc(BUFFER);
	struct record h;
	char path[PATH_MAX];
	int e;

	if (!buffer)
		return error_set(err, ENOMEM, "verify a layer");
	while ((e = take(r, &h, sizeof(h), err)) > 0) {
		if (h.n > (h.file ? sizeof(path) - 1 : BUFFER))
			return error_set(err, ERROR_SAID, "its recipe is damaged");
		e = take(r, h.file ? path : buffer, h.n, err);
		if (e == 0)
			return error_set(err, ERROR_SAID, "its recipe is cut off");
		if (e < 0)
			return e;
		if (h.file) {
			path[h.n] = '\0';
			e = hash_file(r, &h, path, buffer, err);
			if (e < 0)
				return e;
		} else {
			hash_add(&r->hash, buffer, h.n);
		}
	}
	return e;
}

int recipe_follow(int layer, bool owners, struct digest *ret, struct error *err)
{
	cleanup_close int fd = openat(layer, NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), fs = -1;
	struct reader r = {.owners = owners};
	struct stat st;
	int e;

	if (fd < 0)
		return errno == ENOENT ? RECIPE_NONE : error_set(err, errno, "open its recipe");
	fs = openat(layer, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fs < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open it");
	r.fs = fs;
	e = stream_open(&(struct extent){.fd = fd, .size = (uint64_t)st.st_size}, NULL, &r.stream, err);
	if (e < 0)
		return e;
	hash_begin(&r.hash);
	e = follow(&r, err);
	hash_end(&r.hash, ret);
	stream_close(r.stream);
	return e;
}
