/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/shift.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/image/interrupt.h"
#include "runtime/image/key.h"
#include "runtime/image/tar.h"

#define ROWS_MAX 340            /* user_namespaces(7) */
#define DEPTH_MAX 256           /* a layer has 200 */
#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct row {
	uint32_t inside, outside, n;
};

struct map {
	struct row v[ROWS_MAX];
	size_t n;
};

struct name {                   /* of a file that has more of them */
	ino_t ino;
	char *path;
};

struct shift {
	struct map uids, gids;
	int root;               /* of the copy */
	struct name *names;
	size_t n_names, room;
	char path[PATH_MAX];    /* below the root: of what is copied */
};

/* ---- ids ---- */

static int read_map(const char *text, struct map *ret, struct error *err)
{
	int n = 0;

	for (ret->n = 0; *text; text += n) {
		struct row *r = &ret->v[ret->n];

		n = 0;
		if (ret->n == ROWS_MAX || sscanf(text, " %u %u %u %n", &r->inside, &r->outside, &r->n, &n) != 3 || n == 0)
			return error_set(err, ERROR_SAID, "the maps are no lines of three numbers");
		ret->n++;
	}
	return 0;
}

static bool map_id(const struct map *m, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < m->n; i++)
		if (id >= m->v[i].inside && id - m->v[i].inside < m->v[i].n) {
			*ret = m->v[i].outside + (id - m->v[i].inside);
			return true;
		}
	return false;
}

static int owner_of(const struct shift *s, const struct stat *st, uid_t *uid, gid_t *gid, struct error *err)
{
	if (map_id(&s->uids, st->st_uid, uid) && map_id(&s->gids, st->st_gid, gid))
		return 0;
	error_set(err, ERROR_SAID, "%.200s belongs to %u:%u, whom linux.uidMappings and gidMappings do not map", *s->path ? s->path : "its root",
	          st->st_uid, st->st_gid);
	return error_hint(err, "map more ids");
}

/* ---- attributes ---- */

/* capabilities(7), "Namespaced file capabilities": they say whose root may use them, or mean the host's. */
static ssize_t shift_capability(const struct shift *s, char *value, ssize_t size)
{
	struct vfs_ns_cap_data data = {0};
	uint32_t root = 0;

	if (size != XATTR_CAPS_SZ_2 && size != XATTR_CAPS_SZ_3)
		return -1;
	memcpy(&data, value, (size_t)size);
	if (!map_id(&s->uids, size == XATTR_CAPS_SZ_3 ? le32toh(data.rootid) : 0, &root))
		return -1;
	data.magic_etc = htole32((le32toh(data.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE) | VFS_CAP_REVISION_3);
	data.rootid = htole32(root);
	memcpy(value, &data, sizeof(data));
	return sizeof(data);
}

static int copy_xattrs(const struct shift *s, int from, int to)
{
	static char names[65536], value[TAR_XATTR_BYTES + sizeof(struct vfs_ns_cap_data)];
	ssize_t n = flistxattr(from, names, sizeof(names));

	if (n < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (char *p = names; p < names + n; p += strlen(p) + 1) {
		ssize_t size = fgetxattr(from, p, value, TAR_XATTR_BYTES);

		if (size < 0)
			return -errno;
		/* The new file has its own. */
		if (strcmp(p, "security.selinux") == 0)
			continue;
		if (strcmp(p, "security.capability") == 0)
			size = shift_capability(s, value, size);
		if (size >= 0 && fsetxattr(to, p, value, (size_t)size, 0) < 0)
			return -errno;
	}
	return 0;
}

/* The owner before the mode and the capabilities, which it takes away. */
static int finish(const struct shift *s, int from, int to, const struct stat *st, struct error *err)
{
	struct timespec times[2] = {st->st_mtim, st->st_mtim};
	uid_t uid = 0;
	gid_t gid = 0;
	int r = owner_of(s, st, &uid, &gid, err);

	if (r < 0)
		return r;
	if (fchown(to, uid, gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return error_set(err, errno, "give %.200s its owner", s->path);
	r = copy_xattrs(s, from, to);
	if (r == 0 && futimens(to, times) < 0)
		r = -errno;
	return r < 0 ? error_set(err, -r, "give %.200s its attributes", s->path) : 0;
}

/* What cannot be opened: links, devices, pipes. */
static int finish_by_name(const struct shift *s, int dir, const char *name, const struct stat *st, struct error *err)
{
	struct timespec times[2] = {st->st_mtim, st->st_mtim};
	uid_t uid = 0;
	gid_t gid = 0;
	int r = owner_of(s, st, &uid, &gid, err);

	if (r < 0)
		return r;
	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISLNK(st->st_mode) && fchmodat(dir, name, st->st_mode & 07777, 0) < 0) ||
	    utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "give %.200s its attributes", s->path);
	return 0;
}

/* ---- content ---- */

static int copy_range(int from, int to, off_t at, off_t end)
{
	static char buf[1 << 16];

	while (at < end) {
		size_t want = end - at < (off_t)sizeof(buf) ? (size_t)(end - at) : sizeof(buf);
		ssize_t n = pread(from, buf, want, at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		for (ssize_t done = 0, k; done < n; done += k) {
			k = pwrite(to, buf + done, (size_t)(n - done), at + done);
			if (k < 0)
				return -errno;
		}
		at += n;
	}
	return 0;
}

/* Holes stay holes. */
static int copy_content(int from, int to, off_t size)
{
	off_t at = 0, end;
	int r = ftruncate(to, size) < 0 ? -errno : 0;

	while (r == 0 && at < size && !unpack_interrupted()) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(from, at, SEEK_HOLE);
		r = end < 0 ? -errno : copy_range(from, to, at, end < size ? end : size);
		at = end;
	}
	return r;
}

static int copy_file(const struct shift *s, int from_dir, int to_dir, const char *name, const struct stat *st, struct error *err)
{
	cleanup_close int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int to = from < 0 ? -1 : openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = to < 0 ? -errno : copy_content(from, to, st->st_size);

	return r < 0 ? error_set(err, -r, "copy %.200s", s->path) : finish(s, from, to, st, err);
}

static int copy_link(const struct shift *s, int from_dir, int to_dir, const char *name, const struct stat *st, struct error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

	target[n > 0 ? n : 0] = '\0';
	if (n < 0 || symlinkat(target, to_dir, name) < 0)
		return error_set(err, errno, "copy the link %.200s", s->path);
	return finish_by_name(s, to_dir, name, st, err);
}

static int copy_node(const struct shift *s, int to_dir, const char *name, const struct stat *st, struct error *err)
{
	if (mknodat(to_dir, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0)
		return error_set(err, errno, "make the device %.200s", s->path);
	return finish_by_name(s, to_dir, name, st, err);
}

/* ---- more names of one file ---- */

/* 1: it has been linked. */
static int link_again(struct shift *s, int to_dir, const char *name, const struct stat *st, struct error *err)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (s->names[i].ino == st->st_ino)
			return linkat(s->root, s->names[i].path, to_dir, name, 0) < 0 ? error_set(err, errno, "link %.200s", s->path) : 1;
	if (s->n_names == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		struct name *v = reallocarray(s->names, room, sizeof(*v));

		if (!v)
			return error_set(err, ENOMEM, "copy %.200s", s->path);
		s->names = v;
		s->room = room;
	}
	s->names[s->n_names] = (struct name){st->st_ino, strdup(s->path)};
	return s->names[s->n_names++].path ? 0 : error_set(err, ENOMEM, "copy %.200s", s->path);
}

/* ---- the tree ---- */

static int copy_folder(struct shift *s, int from, int to, unsigned depth, struct error *err);

static int copy_below(struct shift *s, int from_dir, int to_dir, const char *name, const struct stat *st, unsigned depth, struct error *err)
{
	cleanup_close int from = openat(from_dir, name, FOLDER), to = -1;

	if (from < 0 || mkdirat(to_dir, name, 0700) < 0)
		return error_set(err, errno, "copy %.200s", s->path);
	to = openat(to_dir, name, FOLDER);
	if (to < 0)
		return error_set(err, errno, "copy %.200s", s->path);
	return copy_folder(s, from, to, depth + 1, err) ?: finish(s, from, to, st, err);
}

static int copy_entry(struct shift *s, int from, int to, const char *name, unsigned depth, struct error *err)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "look at %.200s", s->path);
	if (S_ISDIR(st.st_mode))
		return copy_below(s, from, to, name, &st, depth, err);
	r = st.st_nlink > 1 ? link_again(s, to, name, &st, err) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	if (S_ISREG(st.st_mode))
		return copy_file(s, from, to, name, &st, err);
	return S_ISLNK(st.st_mode) ? copy_link(s, from, to, name, &st, err) : copy_node(s, to, name, &st, err);
}

static int copy_folder(struct shift *s, int from, int to, unsigned depth, struct error *err)
{
	int copy = openat(from, ".", FOLDER), r = depth > DEPTH_MAX ? error_set(err, ELOOP, "copy %.200s", s->path) : 0;
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	size_t n = strlen(s->path);
	struct dirent *e;

	if (!list)
		return error_set(err, errno, "list %.200s", s->path);
	while (r == 0 && (e = readdir(list))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unpack_interrupted())
			return error_set(err, EINTR, "copy %.200s", s->path);
		if (snprintf(s->path + n, sizeof(s->path) - n, "%s%s", n ? "/" : "", e->d_name) >= (int)(sizeof(s->path) - n))
			r = error_set(err, ENAMETOOLONG, "copy %.200s", s->path);
		else
			r = copy_entry(s, from, to, e->d_name, depth, err);
		if (r == 0)
			s->path[n] = '\0';
	}
	return r;
}

static int copy_tree(const struct layer_store *store, struct shift *s, const char *key, const struct claim *claim, struct error *err)
{
	cleanup_close int from = store_open_layer(store, key, err), to = -1;
	struct stat st;

	if (from < 0)
		return from;
	if (mkdirat(claim->dir, "fs", 0700) < 0 || (to = openat(claim->dir, "fs", FOLDER)) < 0 || fstat(from, &st) < 0)
		return error_set(err, errno, "make a layer in the store %s", store->path);
	s->root = to;
	s->path[0] = '\0';
	return copy_folder(s, from, to, 0, err) ?: finish(s, from, to, &st, err);
}

/* ---- layers ---- */

static void forget_names(struct shift *s)
{
	for (size_t i = 0; i < s->n_names; i++)
		free(s->names[i].path);
	s->n_names = 0;
}

/* Who finds it claimed waits, and finds it made. */
static int shift_layer(const struct layer_store *store, struct shift *s, const char *key, const char *name, struct error *err)
{
	struct claim claim;
	int r;

	if (store_has_layer(store, name))
		return 0;
	r = store_claim(store, name, CLAIM_WAIT, &claim, err);
	if (r < 0)
		return r;
	if (!store_has_layer(store, name)) {
		r = copy_tree(store, s, key, &claim, err);
		forget_names(s);
		if (r == 0)
			r = store_sync(store, err);
		if (r == 0)
			r = store_publish(store, &claim, store->layers, name, err);
		if (r == 0)
			r = store_sync_names(store, store->layers, err);
	}
	store_drop(store, &claim);
	return r < 0 ? error_wrap(err, "copy the layer %.12s", key) : 0;
}

static bool is_key(const char *key, size_t n)
{
	return n > 0 && n < 68 && strspn(key, "0123456789abcdefc-") == n;
}

int shift_layers(const struct layer_store *store, const char *keys, const char *uids, const char *gids, struct error *err)
{
	cleanup_free struct shift *s = calloc(1, sizeof(*s));
	char id[KEY_ID], key[68], name[96];
	int r = s ? read_map(uids, &s->uids, err) : error_set(err, ENOMEM, "copy the layers");

	if (r == 0)
		r = read_map(gids, &s->gids, err);
	key_id(uids, gids, "owners", id);
	for (size_t n; r == 0 && *keys; keys += n + (keys[n] == ':')) {
		n = strcspn(keys, ":");
		snprintf(key, sizeof(key), "%.*s", (int)n, keys);
		if (!is_key(key, n))
			return error_set(err, ERROR_SAID, "%s is no layer of the store", key);
		snprintf(name, sizeof(name), "%s.%s", key, id);
		r = shift_layer(store, s, key, name, err);
	}
	if (s)
		free(s->names);
	return r;
}
