/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/tree.h"
#include "runtime/state/upper_user.h"

static int too_long(const char *path, struct error *err)
{
	return error_set(err, ENAMETOOLONG, "make the upper directory %.64s...", path);
}

/* Several state roots may have the same ID, and share a scratch directory. */
static int name_in_scratch(const struct overlay *o, const char *id, bool imagined, char *buf, struct error *err)
{
	uint64_t random = 0;
	int n;

	if (!imagined && getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random))
		return error_set(err, errno, "make a name up");
	n = imagined ? snprintf(buf, PATH_MAX, "%s/%s", o->scratch, id)
	             : snprintf(buf, PATH_MAX, "%s/%.150s.%016llx", o->scratch, id, (unsigned long long)random);
	return n < PATH_MAX ? 0 : too_long(buf, err);
}

/* "/" with an upper directory on a disk. */
static bool is_over_itself(const struct overlay *o)
{
	return o->n == 1 && strcmp(o->layers[0], "/") == 0 && (o->upper == UPPER_OWN || o->upper == UPPER_KEPT);
}

int upper_name(const struct overlay *o, const char *id, const char *state, bool imagined, struct upper_places *ret, struct error *err)
{
	int n = 0;

	ret->dir[0] = ret->own[0] = ret->below[0] = '\0';
	if (o->scratch && name_in_scratch(o, id, imagined, ret->own, err) < 0)
		return -err->code;
	if (!o->scratch && (o->upper == UPPER_OWN || o->upper == UPPER_TMPFS || is_over_itself(o)))
		n = snprintf(ret->own, PATH_MAX, "%s/overlay", state);
	if (n >= PATH_MAX)
		return too_long(ret->own, err);
	if (o->upper == UPPER_KEPT)
		n = snprintf(ret->dir, PATH_MAX, "%s", o->kept);
	else if (o->upper != UPPER_NONE)
		memcpy(ret->dir, ret->own, PATH_MAX);
	if (n < PATH_MAX && is_over_itself(o))
		n = snprintf(ret->below, PATH_MAX, "%.4000s/below", ret->own);
	return n < PATH_MAX ? 0 : too_long(ret->dir, err);
}

int upper_fill(const struct overlay *o, int dir, const char *path, const char *top, struct error *err)
{
	struct stat st;
	int code = stat(top, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;

	if (code) {
		error_set(err, code, "open the layer %s", top);
		error_hint(err, "`crun-lite unpack` brings the layers of an image back");
		return error_locate(err, o->at);
	}
	if (o->root_given) {
		st.st_mode = o->mode;
		st.st_uid = o->uid;
		st.st_gid = o->gid;
	}
	if (mkdirat(dir, "work", 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make %s/work", path);
	if (mkdirat(dir, "upper", 0700) < 0)    /* kept from another time: as it is */
		return errno == EEXIST ? 0 : error_set(err, errno, "make %s/upper", path);
	/* An ordinary user cannot give it away: then it is the container's root's. */
	if ((st.st_uid != geteuid() || st.st_gid != getegid()) && fchownat(dir, "upper", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EPERM)
		return error_set(err, errno, "give %s/upper an owner", path);
	return fchmodat(dir, "upper", st.st_mode & 07777, 0) < 0 ? error_set(err, errno, "give %s/upper a mode", path) : 0;
}

static void read_boot(char *buf, size_t size)
{
	cleanup_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* One path a line; a name with a line's end in it cannot be one of the store's. */
static int note_layers(const struct overlay *o, int dir, const char *path, struct error *err)
{
	cleanup_close int fd = openat(dir, "layers", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	char boot[64] = "";

	/* After another boot the container is no more, whatever is left of it. */
	read_boot(boot, sizeof(boot));
	if (fd >= 0 && dprintf(fd, "boot %s\n", boot) < 0)
		return error_set(err, errno, "note the layers in %s", path);
	for (size_t i = 0; fd >= 0 && i < o->n; i++)
		if (dprintf(fd, "%s\n", o->layers[i]) < 0)
			return error_set(err, errno, "note the layers in %s", path);
	return fd < 0 ? error_set(err, errno, "note the layers in %s", path) : 0;
}

int upper_note(const struct overlay *o, const struct upper_places *places, struct error *err)
{
	char path[PATH_MAX + 8];
	cleanup_close int fd = -1;

	if (!o->scratch)
		return 0;
	snprintf(path, sizeof(path), "%s/layers", places->own);
	fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < o->n; i++)
		if (dprintf(fd, "%s\n", o->layers[i]) < 0)
			return error_set(err, errno, "note the layers in %s", places->own);
	return fd < 0 ? error_set(err, errno, "note the layers in %s", places->own) : 0;
}

static int make_in_scratch(const struct overlay *o, const char *path, struct error *err)
{
	cleanup_close int scratch = open(o->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir = -1;
	const char *name = strrchr(path, '/') + 1;

	if (scratch < 0) {
		error_set(err, errno, "open the scratch directory %s", o->scratch);
		return error_locate(err, o->scratch_at);
	}
	/* Whoever removes layers has it alone, and looks at what is noted; nobody does between our note and its end. */
	if (TEMP_FAILURE_RETRY(flock(scratch, LOCK_SH)) < 0)
		return error_set(err, errno, "lock the scratch directory %s", o->scratch);
	if (mkdirat(scratch, name, 0700) < 0)
		return error_set(err, errno, "make %s", path);
	dir = openat(scratch, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? error_set(err, errno, "open %s", path) : note_layers(o, dir, path, err);
}

static int make_own(const struct overlay *o, const char *path, struct error *err)
{
	if (o->scratch)
		return make_in_scratch(o, path, err);
	return mkdir(path, 0700) < 0 ? error_set(err, errno, "make the upper directory %s", path) : 0;
}

static int make_kept(const struct overlay *o, const char *path, struct error *err)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	error_set(err, errno, "make the upper directory %s", path);
	return error_locate(err, o->upper_at);
}

int upper_make(const struct overlay *o, const struct upper_places *places, bool later, struct error *err)
{
	cleanup_close int dir = -1;
	int r = *places->own ? make_own(o, places->own, err) : 0;

	if (r == 0 && *places->below && mkdir(places->below, 0700) < 0)
		r = error_set(err, errno, "make %s", places->below);
	if (r == 0 && o->upper == UPPER_KEPT)
		r = make_kept(o, places->dir, err);
	if (r < 0 || later || (o->upper != UPPER_OWN && o->upper != UPPER_KEPT))
		return r;
	dir = open(places->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? error_set(err, errno, "open the upper directory %s", places->dir) : upper_fill(o, dir, places->dir, o->layers[0], err);
}

int upper_again(const struct upper_places *places, struct error *err)
{
	char work[PATH_MAX + 8];
	struct stat st;
	int r;

	snprintf(work, sizeof(work), "%s/work", places->dir);
	if (!*places->dir || lstat(work, &st) < 0)      /* in memory: all of it has gone */
		return 0;
	r = upper_remove(work, err);
	return r == 0 && mkdir(work, 0700) < 0 ? error_set(err, errno, "make %s", work) : r;
}

int upper_remove(const char *path, struct error *err)
{
	int r = tree_remove(AT_FDCWD, path);

	if (r == -EACCES || r == -EPERM)
		r = upper_remove_inside(path) ?: tree_remove(AT_FDCWD, path);

	return r < 0 ? error_set(err, -r, "remove what the container wrote, %s", path) : 0;
}
