/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/base/tree.h"
#include "runtime/base/weak.h"
#include "runtime/image/interrupt.h"

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int make_path(const char *path)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST && errno != EROFS)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* In a place that others may write to, somebody could have made it for us. */
static int check_ours(const struct layer_store *s, struct error *err)
{
	struct stat st;

	if (fstat(s->root, &st) < 0)
		return error_set(err, errno, "look at the store %s", s->path);
	if (st.st_uid == geteuid() && (!(st.st_mode & 077) || weak(V46)))
		return 0;
	error_set(err, ERROR_SAID, "the store %s is %s", s->path, st.st_uid == geteuid() ? "open for others" : "somebody else's");
	return error_hint(err, "a store is a directory of your own, with mode 0700");
}

static int open_root(struct layer_store *s, enum store_use use, struct error *err)
{
	int r = use == STORE_ADD && access(s->path, F_OK) < 0 ? make_path(s->path) : 0;

	if (r < 0) {
		error_set(err, -r, "make the store %s", s->path);
		return error_hint(err, "--store names another place");
	}
	s->root = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0)
		return error_set(err, errno, "open the store %s", s->path);
	return check_ours(s, err);
}

/* What the directory that the store is in gives to all below it (a group by setgid, ACLs) would get into the layers. */
static int inherit_nothing(const struct layer_store *s, const char *name, int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || (st.st_gid != getegid() && fchown(fd, (uid_t)-1, getegid()) < 0) ||
	    ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0))
		return error_set(err, errno, "make %s in the store %s ours alone", name, s->path);
	fremovexattr(fd, "system.posix_acl_default");
	return 0;
}

static int open_folder(const struct layer_store *s, const char *name, enum store_use use, int *ret, struct error *err)
{
	if (use == STORE_ADD && mkdirat(s->root, name, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make %s in the store %s", name, s->path);
	*ret = openat(s->root, name, FOLDER);
	if (*ret >= 0)
		return use == STORE_ADD ? inherit_nothing(s, name, *ret, err) : 0;
	return errno == ENOENT && use != STORE_ADD ? error_set(err, ERROR_SAID, "%s is no store of crun-lite's: it has no %s", s->path, name)
	                                           : error_set(err, errno, "open %s in the store %s", name, s->path);
}

/* Signals that end us end the waiting; others do not. */
static int lock_file(int fd, int how)
{
	int r;

	while ((r = flock(fd, how)) < 0 && errno == EINTR && !unpack_interrupted())
		;
	return r;
}

static int lock(struct layer_store *s, enum store_use use, struct error *err)
{
	if (use == STORE_LOOK)
		return 0;
	s->lock = openat(s->root, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0 || lock_file(s->lock, use == STORE_ADD ? LOCK_SH : LOCK_EX) < 0)
		return error_set(err, errno, "lock the store %s", s->path);
	return 0;
}

int layer_store_open(const char *path, enum store_use use, struct layer_store *ret, struct error *err)
{
	struct { const char *name; int *fd; } folders[] = {
		{"tmp", &ret->tmp}, {"layers", &ret->layers}, {"images", &ret->images}, {"containers", &ret->containers},
	};
	int r = 0;

	*ret = (struct layer_store){.root = -1, .lock = -1, .tmp = -1, .layers = -1, .images = -1, .containers = -1};
	if (path[0] == '/')
		r = snprintf(ret->path, sizeof(ret->path), "%s", path) < PATH_MAX ? 0 : error_set(err, ENAMETOOLONG, "open the store");
	else
		r = error_set(err, ERROR_SAID, "the store %s is named by no absolute path", path);
	if (r == 0)
		r = open_root(ret, use, err);
	if (r == 0)
		r = lock(ret, use, err);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && r == 0; i++)
		r = open_folder(ret, folders[i].name, use, folders[i].fd, err);
	return r;
}

void layer_store_close(struct layer_store *s)
{
	int fds[] = {s->root, s->lock, s->tmp, s->layers, s->images, s->containers};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* ---- claims ---- */

/* Somebody may have removed or renamed the directory between our open and our lock. */
static bool still_there(const struct layer_store *s, const char *name, int fd)
{
	struct stat by_name, by_fd;

	return fstatat(s->tmp, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
	       by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

/* Left by one that was killed. */
static int empty(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!list)
		return -errno;
	while (r == 0 && (e = readdir(list)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = tree_remove(dir, e->d_name);
	return r;
}

int store_claim(const struct layer_store *s, const char *name, enum claim_wait wait, struct claim *ret, struct error *err)
{
	ret->dir = -1;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	for (;;) {
		cleanup_close int fd = -1;
		int r;

		if (mkdirat(s->tmp, name, 0700) < 0 && errno != EEXIST)
			return error_set(err, errno, "make tmp/%s in the store %s", name, s->path);
		fd = openat(s->tmp, name, FOLDER);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return error_set(err, errno, "open tmp/%s in the store %s", name, s->path);
		if (lock_file(fd, LOCK_EX | (wait == CLAIM_TRY ? LOCK_NB : 0)) < 0)
			return errno == EWOULDBLOCK ? CLAIM_BUSY : error_set(err, errno, "wait for who has tmp/%s in the store %s", name, s->path);
		if (!still_there(s, name, fd))
			continue;
		r = empty(fd);
		if (r < 0)
			return error_set(err, -r, "remove what is left in tmp/%s of the store %s", name, s->path);
		ret->dir = steal_fd(&fd);
		return 0;
	}
}

int store_publish(const struct layer_store *s, struct claim *claim, int where, const char *key, struct error *err)
{
	if (renameat2(s->tmp, claim->name, where, key, RENAME_NOREPLACE) < 0 && errno != EEXIST)
		return error_set(err, errno, "put %s into the store %s", key, s->path);
	if (still_there(s, claim->name, claim->dir))
		store_drop(s, claim);
	else
		close(steal_fd(&claim->dir));
	return 0;
}

void store_drop(const struct layer_store *s, struct claim *claim)
{
	int r;

	if (claim->dir < 0)
		return;
	r = tree_remove(s->tmp, claim->name);
	if (r < 0)
		log_warning("tmp/%s stays in the store %s: %s; `crun-lite prune` removes it", claim->name, s->path, strerror(-r));
	close(steal_fd(&claim->dir));
}

bool store_has_layer(const struct layer_store *s, const char *key)
{
	return faccessat(s->layers, key, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_open_layer(const struct layer_store *s, const char *key, struct error *err)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/fs", key);
	fd = openat(s->layers, path, FOLDER);
	return fd < 0 ? error_set(err, errno, "open the layer %s in the store %s", key, s->path) : fd;
}

void store_sweep(const struct layer_store *s)
{
	int copy = openat(s->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	while (list && (e = readdir(list))) {
		cleanup_close int fd = e->d_name[0] == '.' ? -1 : openat(s->tmp, e->d_name, FOLDER);

		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && still_there(s, e->d_name, fd))
			tree_remove(s->tmp, e->d_name);
	}
}

int store_sync(const struct layer_store *s, struct error *err)
{
	return !s->no_sync && syncfs(s->root) < 0 ? error_set(err, errno, "write the store %s to the disk", s->path) : 0;
}

int store_sync_names(const struct layer_store *s, int where, struct error *err)
{
	return !s->no_sync && fsync(where) < 0 ? error_set(err, errno, "write the store %s to the disk", s->path) : 0;
}

static unsigned long long sum(int dir, const char *name, unsigned depth)
{
	int fd = depth < 256 ? openat(dir, name, FOLDER) : -1;
	cleanup_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	unsigned long long total = 0;
	struct dirent *e;
	struct stat st;

	if (fd >= 0 && !list)
		close(fd);
	while (list && (e = readdir(list))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fstatat(dirfd(list), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		total += (unsigned long long)st.st_blocks * 512 / (S_ISDIR(st.st_mode) || !st.st_nlink ? 1 : st.st_nlink);
		if (S_ISDIR(st.st_mode))
			total += sum(dirfd(list), e->d_name, depth + 1);
	}
	return total;
}

unsigned long long store_usage(int dir, const char *name)
{
	return sum(dir, name, 0);
}
