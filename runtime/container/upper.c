/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/upper.h"

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
#include "runtime/container/upper_user.h"

int upper_name(const struct overlay *o, const char *id, const char *state, char *buf, size_t size, bool *ret_own,
               struct error *err)
{
	uint64_t random = 0;
	int n;

	*ret_own = o->upper != UPPER_KEPT && (o->upper != UPPER_NONE || o->scratch);
	/* Several state roots may have the same ID, and share a scratch directory. */
	if (o->scratch && o->upper != UPPER_KEPT && getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random))
		return error_set(err, errno, "make a name up");
	if (o->upper == UPPER_KEPT)
		n = snprintf(buf, size, "%s", o->kept);
	else if (o->scratch)
		n = snprintf(buf, size, "%s/%.150s.%016llx", o->scratch, id, (unsigned long long)random);
	else
		n = *ret_own ? snprintf(buf, size, "%s/overlay", state) : snprintf(buf, size, "%s", "");
	return (size_t)n < size ? 0 : error_set(err, ENAMETOOLONG, "make the upper directory %.64s...", buf);
}

/* The overlay's root is the upper directory: it looks like the topmost layer's. */
static int make_upper(const struct overlay *o, int dir, const char *path, struct error *err)
{
	const char *top = o->layers[0];
	struct stat st;
	int code = stat(top, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;

	if (code) {
		error_set(err, code, "open the layer %s", top);
		error_hint(err, "`crun-lite unpack` brings the layers of an image back");
		return error_locate(err, o->at);
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

/* One path a line; a name with a line's end in it cannot be one of the store's. */
static int note_layers(const struct overlay *o, int dir, const char *path, struct error *err)
{
	cleanup_close int fd = openat(dir, "layers", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	for (size_t i = 0; fd >= 0 && i < o->n; i++)
		if (dprintf(fd, "%s\n", o->layers[i]) < 0)
			return error_set(err, errno, "note the layers in %s", path);
	return fd < 0 ? error_set(err, errno, "note the layers in %s", path) : 0;
}

static int make_in_scratch(const struct overlay *o, const char *path, int *ret, struct error *err)
{
	cleanup_close int scratch = open(o->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *name = strrchr(path, '/') + 1;
	int r;

	if (scratch < 0) {
		error_set(err, errno, "open the scratch directory %s", o->scratch);
		return error_locate(err, o->scratch_at);
	}
	/* Whoever removes layers has it alone, and looks at what is noted; nobody does between our note and its end. */
	if (TEMP_FAILURE_RETRY(flock(scratch, LOCK_SH)) < 0)
		return error_set(err, errno, "lock the scratch directory %s", o->scratch);
	if (mkdirat(scratch, name, 0700) < 0)
		return error_set(err, errno, "make %s", path);
	*ret = openat(scratch, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = *ret < 0 ? error_set(err, errno, "open %s", path) : note_layers(o, *ret, path, err);
	return r;
}

int upper_make(const struct overlay *o, const char *path, struct error *err)
{
	cleanup_close int dir = -1;
	int r;

	if (!*path)
		return 0;
	if (o->scratch && o->upper != UPPER_KEPT) {
		r = make_in_scratch(o, path, &dir, err);
		if (r < 0)
			return r;
	} else {
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			error_set(err, errno, "make the upper directory %s", path);
			return error_locate(err, o->upper_at);
		}
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return error_set(err, errno, "open the upper directory %s", path);
	}
	return o->upper == UPPER_OWN || o->upper == UPPER_KEPT ? make_upper(o, dir, path, err) : 0;
}

int upper_remove(const char *path, struct error *err)
{
	int r = tree_remove(AT_FDCWD, path);

	if (r == -EACCES || r == -EPERM)
		r = upper_remove_inside(path) ?: tree_remove(AT_FDCWD, path);

	return r < 0 ? error_set(err, -r, "remove what the container wrote, %s", path) : 0;
}
