/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/volumes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/time.h"
#include "runtime/base/tree.h"
#include "runtime/image/key.h"

#define NAME_BYTES 128
#define LOCK_TRIES 3000         /* of 20 ms: a minute, for who copies a large image */
#define MAKING ".making"        /* no name of a volume */
#define REMOVING ".removing"
#define NEW "new"               /* beside data */

/* ---- names ---- */

bool volume_is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(name);

	return len > 0 && len <= NAME_BYTES && strchr(letters, name[0]) && strspn(name, "_.-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len;
}

int volume_check_name(const char *name, struct error *err)
{
	if (volume_is_name(name))
		return 0;
	error_set(err, ERROR_SAID, "%.150s is no name of a volume", name);
	return error_hint(err, "letters, digits, _ . and - are expected, the first one a letter or a digit, %d at most; a path begins with / or ./", NAME_BYTES);
}

/* ---- the place ---- */

/* mkdir -p, each for its owner alone. */
static int make_path(const char *path)
{
	char buf[PATH_MAX];

	snprintf(buf, sizeof(buf), "%s", path);
	for (char *slash = strchr(buf + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(buf, 0700) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(buf, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int check_owner(int dir, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return error_set(err, errno, "look at %s", path);
	if (st.st_uid == geteuid() && !(st.st_mode & 077))
		return 0;
	error_set(err, EPERM, "keep volumes in %s", path);
	return error_hint(err, "it must belong to who runs this, with mode 0700: volumes have setuid files");
}

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int find_store(const char *store, char *ret, struct error *err)
{
	if (!store)
		return key_store(ret, PATH_MAX, err);
	if (store[0] != '/' || strlen(store) >= PATH_MAX)
		return error_set(err, ERROR_SAID, "--store %.200s: an absolute path is expected", store);
	strcpy(ret, store);
	return 0;
}

int volumes_open(const char *store, bool make, struct volume_store *ret, struct error *err)
{
	char path[PATH_MAX], real[PATH_MAX];
	cleanup_close int top = -1, dir = -1;
	int r = find_store(store, path, err);

	ret->dir = ret->lock = -1;
	if (r < 0)
		return r;
	r = make ? make_path(path) : 0;
	if (r < 0)
		return error_set(err, -r, "make %s", path);
	if (!realpath(path, real))
		return errno == ENOENT && !make ? VOLUME_NONE : error_set(err, errno, "open %s", path);
	top = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return error_set(err, errno, "open %s", real);
	r = check_owner(top, real, err);
	if (r < 0)
		return r;
	if ((size_t)snprintf(ret->path, sizeof(ret->path), "%s/volumes", real) >= sizeof(ret->path))
		return error_set(err, ENAMETOOLONG, "open the volumes in %.200s", real);
	if (make && mkdirat(top, "volumes", 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make %s", ret->path);
	dir = open_dir(top, "volumes");
	if (dir < 0)
		return errno == ENOENT && !make ? VOLUME_NONE : error_set(err, errno, "open %s", ret->path);
	ret->dir = steal_fd(&dir);
	return 0;
}

void volumes_close(struct volume_store *store)
{
	for (size_t i = 0; i < 2; i++)
		if ((&store->dir)[i] >= 0)
			close((&store->dir)[i]);
	store->dir = store->lock = -1;
}

/* A signal that asks us to end may be held back: not for ever. */
int volumes_lock(struct volume_store *store, struct error *err)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	cleanup_close int fd = -1;

	if (store->lock >= 0)
		return 0;
	fd = openat(store->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "open %s/lock", store->path);
	for (unsigned tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, errno, "lock %s", store->path);
		if (tries == LOCK_TRIES) {
			error_set(err, EBUSY, "lock %s", store->path);
			return error_hint(err, "another container fills a new volume for a minute already");
		}
		nanosleep(&pause, NULL);
	}
	store->lock = steal_fd(&fd);
	return 0;
}

/* ---- one ---- */

static int write_created(int dir)
{
	char now[40];
	cleanup_close int fd = openat(dir, "created", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t len;

	time_now(now, sizeof(now));
	len = strlen(now);
	return fd < 0 || write(fd, now, len) != (ssize_t)len ? -errno : 0;
}

static int fill_new(int store)
{
	cleanup_close int dir = -1, data = -1, mark = -1;

	if (mkdirat(store, MAKING, 0700) < 0 || (dir = open_dir(store, MAKING)) < 0 || mkdirat(dir, "data", 0755) < 0)
		return -errno;
	/* Whatever our umask: the container's users are no strangers in it. */
	data = open_dir(dir, "data");
	if (data < 0 || fchmod(data, 0755) < 0)
		return -errno;
	mark = openat(dir, NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return mark < 0 ? -errno : write_created(dir);
}

/* Under another name first: what has a volume's name is whole. */
int volume_make(struct volume_store *store, const char *name, struct error *err)
{
	int r = volume_check_name(name, err);

	if (r < 0)
		return r;
	tree_remove(store->dir, MAKING);
	r = fill_new(store->dir);
	if (r == 0 && renameat2(store->dir, MAKING, store->dir, name, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	tree_remove(store->dir, MAKING);
	if (r == -EEXIST)
		return error_set(err, EEXIST, "make the volume %s", name);
	return error_set(err, -r, "make the volume %s in %s", name, store->path);
}

static int none(const char *name, struct error *err)
{
	error_set(err, ERROR_SAID, "there is no volume %s", name);
	error_hint(err, "`crun-lite volume ls` lists them, `crun-lite volume create %s` makes it", name);
	return VOLUME_NONE;
}

static int open_volume(const struct volume_store *store, const char *name, int *ret, struct error *err)
{
	int r = volume_check_name(name, err);

	if (r < 0)
		return r;
	*ret = open_dir(store->dir, name);
	if (*ret >= 0)
		return 0;
	return errno == ENOENT ? none(name, err) : error_set(err, errno, "open the volume %s", name);
}

int volume_claim(struct volume_store *store, const char *name, int *ret_fd, struct error *err)
{
	cleanup_close int dir = -1;
	int r = open_volume(store, name, &dir, err);

	if (r != 0)
		return r;
	if (flock(dir, LOCK_EX | LOCK_NB) < 0) {
		error_set(err, EBUSY, "remove the volume %s", name);
		return error_hint(err, "a container that is being made, or that runs in the foreground, has it");
	}
	*ret_fd = steal_fd(&dir);
	return 0;
}

int volume_remove(struct volume_store *store, const char *name, struct error *err)
{
	int r = volume_check_name(name, err);

	if (r < 0)
		return r;
	/* At once out of sight, and then piece by piece. */
	tree_remove(store->dir, REMOVING);
	if (renameat(store->dir, name, store->dir, REMOVING) < 0)
		return error_set(err, errno, "remove the volume %s", name);
	r = tree_remove(store->dir, REMOVING);
	return r < 0 ? error_set(err, -r, "remove what is in the volume %s", name) : 0;
}

static int is_empty(int dir, bool *ret)
{
	cleanup_dir DIR *d = NULL;
	struct dirent *e;
	int data = open_dir(dir, "data");

	d = data < 0 ? NULL : fdopendir(data);
	if (!d)
		return -errno;
	*ret = true;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			*ret = false;
	return 0;
}

int volume_look(const struct volume_store *store, const char *name, char *ret_created, size_t size, bool *ret_empty, struct error *err)
{
	cleanup_close int dir = -1, fd = -1;
	int r = open_volume(store, name, &dir, err);
	ssize_t n;

	if (r != 0)
		return r;
	r = is_empty(dir, ret_empty);
	if (r < 0 && r != -EACCES)      /* the container's, of another user */
		return error_set(err, -r, "look into the volume %s", name);
	*ret_empty &= r == 0;
	fd = openat(dir, "created", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, ret_created, size - 1);
	ret_created[n > 0 ? n : 0] = '\0';
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int volumes_names(const struct volume_store *store, char ***ret, size_t *ret_n, struct error *err)
{
	int fd = open_dir(store->dir, ".");
	cleanup_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*ret = NULL;
	*ret_n = 0;
	if (!d)
		return error_set(err, errno, "list %s", store->path);
	while ((e = readdir(d))) {
		char **bigger, *name;

		if (strcmp(e->d_name, "lock") == 0 || !volume_is_name(e->d_name))
			continue;
		bigger = reallocarray(*ret, *ret_n + 1, sizeof(*bigger));
		name = bigger ? strdup(e->d_name) : NULL;
		*ret = bigger ?: *ret;
		if (!name)
			return error_set(err, ENOMEM, "list %s", store->path);
		(*ret)[(*ret_n)++] = name;
	}
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof(**ret), by_text);
	return 0;
}

/* ---- for a start ---- */

struct volume_uses {
	struct volume_store store;
	size_t n, room;
	struct use {
		int dir;
		const char *name;
		bool fresh;     /* nobody has had it */
	} *v;                   /* they end with the process */
};

static struct use *add_use(struct volume_uses *u, const char *name)
{
	struct use *bigger = reallocarray(u->v, u->n + 1, sizeof(*bigger));

	if (!bigger)
		return NULL;
	u->v = bigger;
	u->v[u->n] = (struct use){.dir = -1, .name = name};
	return &u->v[u->n++];
}

/* Of a volume that nobody has had: what is there is of a start that was killed, or has failed.  Its own inode stays. */
static int clear(int dir)
{
	int fd = open_dir(dir, "data"), r = 0;
	cleanup_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		return -errno;
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = tree_remove(fd, e->d_name);
	return r;
}

static int begin_anew(int dir, const char *name, struct error *err)
{
	int r = clear(dir);

	if (r == 0)
		return 0;
	error_set(err, -r, "remove what an earlier start left in the volume %s", name);
	return error_hint(err, "`crun-lite volume rm --force %s` removes it whole", name);
}

static bool is_new(int dir)
{
	return faccessat(dir, NEW, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int give(int dir, const struct volume_wish *w, struct error *err)
{
	cleanup_close int data = open_dir(dir, "data");
	struct stat st;

	if (data < 0 || fstat(data, &st) < 0)
		return error_set(err, errno, "open the volume %s", w->name);
	if ((st.st_uid != w->uid || st.st_gid != w->gid) && geteuid() == 0 && fchown(data, w->uid, w->gid) < 0)
		return error_set(err, errno, "give the volume %s to the container's root", w->name);
	return 0;
}

/* With the lock: nobody else fills it.  Only what is new is ever emptied: an empty one may be somebody's who writes to it now. */
static int look_for_filling(struct use *u, const struct volume_wish *w, bool *ret_fill, struct error *err)
{
	bool empty = false;
	int r;

	u->fresh = is_new(u->dir);
	r = u->fresh ? begin_anew(u->dir, w->name, err) : is_empty(u->dir, &empty);
	if (u->fresh && r < 0)
		return r;
	/* What we may not look into is the container's, and so not empty. */
	if (r < 0 && r != -EACCES)
		return error_set(err, -r, "look into the volume %s", w->name);
	if (!u->fresh && !empty)
		return 0;
	*ret_fill = w->copy;
	return give(u->dir, w, err);
}

static bool seems_full(const struct use *u)
{
	bool empty = true;

	return !is_new(u->dir) && (is_empty(u->dir, &empty) < 0 || !empty);
}

static int hold(struct volume_uses *uses, struct use *u, const struct volume_wish *w, bool *ret_fill, struct error *err)
{
	int r = open_volume(&uses->store, w->name, &u->dir, err);

	/* Who would remove it has the lock as well. */
	if (r == 0 && seems_full(u) && flock(u->dir, LOCK_SH | LOCK_NB) == 0)
		return 0;
	if (r < 0)
		return r;
	if (u->dir >= 0)
		close(u->dir);
	u->dir = -1;
	r = volumes_lock(&uses->store, err);
	if (r == 0)
		r = open_volume(&uses->store, w->name, &u->dir, err);
	if (r == VOLUME_NONE) {
		r = volume_make(&uses->store, w->name, err);
		if (r == 0)
			r = open_volume(&uses->store, w->name, &u->dir, err);
	}
	if (r == 0 && flock(u->dir, LOCK_SH | LOCK_NB) < 0)
		r = error_set(err, errno, "hold the volume %s", w->name);
	return r < 0 ? r : look_for_filling(u, w, ret_fill, err);
}

/* Without links, of as much of it as there is: what is made later has none. */
static int resolve(const char *path, char *ret, struct error *err)
{
	char front[PATH_MAX], real[PATH_MAX], *slash;

	snprintf(front, sizeof(front), "%s", path);
	while (!realpath(front, real)) {
		if (errno != ENOENT)
			return error_set(err, errno, "open %s", path);
		slash = strrchr(front, '/');
		*slash = '\0';
		if (slash == front) {
			real[0] = '\0';
			break;
		}
	}
	return (size_t)snprintf(ret, PATH_MAX, "%s%s", real, path + strlen(front)) < PATH_MAX ? 0 : error_set(err, ENAMETOOLONG, "open %.200s", path);
}

int volume_path(const char *store, const char *name, char *ret, struct error *err)
{
	char path[PATH_MAX], real[PATH_MAX];
	int r = volume_check_name(name, err);

	if (r == 0)
		r = find_store(store, path, err);
	if (r == 0)
		r = resolve(path, real, err);
	if (r < 0)
		return r;
	return (size_t)snprintf(ret, PATH_MAX, "%s/volumes/%s/data", real, name) < PATH_MAX ? 0
	       : error_set(err, ENAMETOOLONG, "find the volume %s", name);
}

static bool has(const struct volume_uses *uses, const char *name)
{
	for (size_t i = 0; i < uses->n; i++)
		if (strcmp(uses->v[i].name, name) == 0)
			return true;
	return false;
}

int volume_use(struct volume_uses **uses, const struct volume_wish *wish, bool *ret_fill, struct error *err)
{
	struct use *u;
	int r = volume_check_name(wish->name, err);

	if (r == 0 && !*uses) {
		*uses = calloc(1, sizeof(**uses));
		r = *uses ? volumes_open(wish->store, true, &(*uses)->store, err) : error_set(err, ENOMEM, "use a volume");
	}
	*ret_fill = false;
	/* The first place that it is mounted on fills it. */
	if (r < 0 || has(*uses, wish->name))
		return r;
	u = add_use(*uses, wish->name);
	r = u ? hold(*uses, u, wish, ret_fill, err) : error_set(err, ENOMEM, "use a volume");
	if (r < 0)
		return error_wrap(err, "use the volume %s", wish->name);
	return 0;
}

static void unlock(struct volume_store *store)
{
	if (store->lock >= 0)
		close(store->lock);
	store->lock = -1;
}

/* On the disk before anything is written to it: after a crash nobody must find it new, and empty it. */
static int make_old(int dir)
{
	return unlinkat(dir, NEW, 0) < 0 || (fsync(dir) < 0 && errno != EINVAL) ? -errno : 0;
}

int volumes_filled(struct volume_uses *uses, struct error *err)
{
	for (size_t i = 0; i < uses->n; i++) {
		int r = uses->v[i].fresh ? make_old(uses->v[i].dir) : 0;

		if (r < 0)
			return error_set(err, -r, "say that the volume %s is filled", uses->v[i].name);
		uses->v[i].fresh = false;
	}
	unlock(&uses->store);
	return 0;
}

void volumes_not_filled(struct volume_uses *uses)
{
	for (size_t i = 0; i < uses->n; i++)
		if (uses->v[i].fresh)
			clear(uses->v[i].dir);
	unlock(&uses->store);
}
