/*
 * Bytes that we did not write, as the layers of an image: unpacked for real, two upon each other, beside a file that must stay as it is.
 *
 * The first byte: 1, checksums of headers are put right (as who writes a hostile archive would); 2, marks of an ordinary user; 4, no
 * owners and devices; 8, the second byte says after how many blocks the upper layer begins.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/tree.h"
#include "runtime/image/interrupt.h"
#include "runtime/image/settle.h"
#include "runtime/image/tar.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BLOCK 512
enum { RIGHT_SUMS = 1, USER = 2, SQUASH = 4, TWO = 8 };

static int place = -1;          /* has "canary" and, for each input, "low" and "high" */
static struct stat canary, in_canary;
static char place_path[32];

static void leave(void)
{
	if (place >= 0)
		tree_remove(AT_FDCWD, place_path);
}

static void enter(void)
{
	int dir, fd;

	umask(0);
	snprintf(place_path, sizeof(place_path), "%s/fuzz-layer.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(place_path));
	atexit(leave);
	place = open(place_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(place >= 0 && mkdirat(place, "canary", 0700) == 0);
	dir = openat(place, "canary", O_RDONLY | O_DIRECTORY);
	fd = openat(dir, "file", O_WRONLY | O_CREAT | O_EXCL, 0640);
	MUST(fd >= 0 && write(fd, "untouched", 9) == 9);
	MUST(fstat(fd, &in_canary) == 0 && fstat(dir, &canary) == 0);
	close(fd);
	close(dir);
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_size == b->st_size && a->st_nlink == b->st_nlink && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Nothing but "canary", which is as it was, and what we made. */
static void check_place(unsigned n)
{
	struct stat dir, file, here;

	MUST(fstatat(place, "canary", &dir, AT_SYMLINK_NOFOLLOW) == 0 && same(&dir, &canary));
	MUST(fstatat(place, "canary/file", &file, AT_SYMLINK_NOFOLLOW) == 0 && same(&file, &in_canary));
	MUST(fstat(place, &here) == 0 && here.st_nlink == 3 + n);
}

/* Nothing that overlayfs or the host would act on, but marks that are ours. */
static void check_xattrs(int fd, const char *mark)
{
	char names[4096];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	for (char *p = names; n > 0 && p < names + n; p += strlen(p) + 1)
		MUST(strcmp(p, mark) == 0 || strcmp(p, "security.capability") == 0 ||
		     (strncmp(p, "user.", 5) == 0 && strncmp(p, "user.overlay.", 13) != 0));
}

static void check_tree(int dir, const char *name, const struct layer_options *o, unsigned depth)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;

	MUST(list && depth <= 201);
	check_xattrs(fd, o->marks == MARKS_USER ? "user.overlay.opaque" : "trusted.overlay.opaque");
	while ((e = readdir(list))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		MUST(fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		MUST(!o->squash || (st.st_uid == geteuid() && st.st_gid == getegid()));
		MUST(!o->no_devices || !(S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev)));
		if (S_ISDIR(st.st_mode))
			check_tree(fd, e->d_name, o, depth + 1);
	}
	closedir(list);
}

static int stream_of(const uint8_t *data, size_t size, int *ret_fd, struct stream **ret, struct error *err)
{
	*ret_fd = memfd_create("layer", MFD_CLOEXEC);
	MUST(*ret_fd >= 0 && write(*ret_fd, data, size) == (ssize_t)size);
	return stream_open(&(struct extent){.fd = *ret_fd, .size = size}, NULL, ret, err);
}

static int unpack(const uint8_t *data, size_t size, const char *name, const struct layer_options *o, int *ret_dir, struct layer_notes *notes)
{
	struct layer_options with = *o;
	struct stream *stream;
	struct stream_sums sums;
	struct error err = {0};
	struct digest again;
	int layer, fd, r;

	MUST(mkdirat(place, name, 0755) == 0);
	layer = openat(place, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(layer >= 0 && mkdirat(layer, "fs", 0755) == 0);
	*ret_dir = openat(layer, "fs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(*ret_dir >= 0 && recipe_begin(layer, &with.recipe, &err) == 0);
	r = stream_of(data, size, &fd, &stream, &err);
	if (r == 0) {
		r = layer_unpack(stream, *ret_dir, &with, notes, &err);
		MUST(recipe_end(with.recipe, &(struct error){0}) == 0);
		if (r == 0)
			r = stream_finish(stream, &sums, &err);
		/* The tar can be made again of what is there, or nobody says that it can. */
		if (r == 0 && recipe_follow(layer, !o->squash, &again, &err) != RECIPE_NONE)
			MUST(!err.text[0] && digest_equal(&again, &sums.plain));
		MUST(r < 0 || (sums.n_packed == size && notes->bytes <= o->max_bytes));
		stream_close(stream);
	} else {
		recipe_end(with.recipe, &(struct error){0});
	}
	close(layer);
	close(fd);
	MUST(r <= 0 && r == -err.code && (r == 0) == !err.text[0]);
	return r;
}

static void settle(int high, int low, const struct layer_options *o, const struct layer_notes *notes)
{
	struct error err = {0};
	int r = layer_settle(high, o, notes, &(struct merged){&low, 1, o->marks}, &err);

	MUST(r == SETTLE_MOVED || (r <= 0 && r == -err.code && (r == 0) == !err.text[0]));
}

static void put_right(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + BLOCK <= size; at += BLOCK) {
		uint8_t *h = data + at;
		unsigned sum = 0;

		if (memcmp(h + 257, "ustar", 5) != 0)
			continue;
		memset(h + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += h[i];
		snprintf((char *)h + 148, 8, "%06o", sum);
	}
}

static void both(const uint8_t *data, size_t size, size_t first, const struct layer_options *o)
{
	struct layer_notes low_notes = {0}, high_notes = {0};
	int low, high, r = unpack(data, first, "low", o, &low, &low_notes);

	if (r == 0 && first < size) {
		r = unpack(data + first, size - first, "high", o, &high, &high_notes);
		if (r == 0)
			settle(high, low, o, &high_notes);
		check_tree(place, "high/fs", o, 0);
		check_place(2);
		close(high);
		MUST(tree_remove(place, "high") == 0);
	}
	check_tree(place, "low/fs", o, 0);
	check_place(1);
	close(low);
	MUST(tree_remove(place, "low") == 0);
	layer_notes_free(&low_notes);
	layer_notes_free(&high_notes);
}

/* The list of an archive of blobs is read from its file. */
static void list(const uint8_t *data, size_t size)
{
	struct error err = {0};
	struct tar_entry e;
	struct tar *t;
	int r, fd = memfd_create("archive", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size && tar_open_file(fd, size, &t, &err) == 0);
	while ((r = tar_next(t, &e, &err)) > 0)
		MUST(e.name[0] && tar_place(t) <= size);
	MUST(r == -err.code);
	tar_close(t);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct layer_options o = {.max_bytes = 1u << 20};
	size_t first;
	uint8_t *copy;

	if (place < 0)
		enter();
	if (size < 2 || size > 256 << 10)
		return 0;
	o.marks = data[0] & USER ? MARKS_USER : MARKS_TRUSTED;
	o.squash = o.no_devices = data[0] & SQUASH || geteuid() != 0;
	first = data[0] & TWO && (size_t)data[1] * BLOCK < size - 2 ? (size_t)data[1] * BLOCK : size - 2;
	copy = malloc(size - 2 ?: 1);
	MUST(copy);
	memcpy(copy, data + 2, size - 2);
	if (data[0] & RIGHT_SUMS)
		put_right(copy, size - 2);
	list(copy, size - 2);
	both(copy, size - 2, first, &o);
	free(copy);
	return 0;
}
