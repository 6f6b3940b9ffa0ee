/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/launch/idmap.h"

/* libc's has no place beside <linux/mount.h> (runtime/base/sys.h). */
#define mount(...) syscall(SYS_mount, __VA_ARGS__)

#define DATA_MAX 4096           /* mount(2): a page, with its end.  500 names take 1890 bytes */

/* Names in the directory that all is attached in. */
#define UPPER "u"
#define MERGED "m"

struct job {
	const struct overlay *overlay;
	const struct upper_places *places;
	int ns;
};

/* What both processes see. */
struct outcome {
	int result, fd;
	struct error error;
};

/* ---- the stage: an empty directory that only we have ---- */

static int make_stage(struct error *err)
{
	cleanup_close int fs = -1, root = -1;

	/* What we attach must not get to the host. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "make the mounts private for the layers");
	fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (fs >= 0 && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		root = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	/* Over "/", where it is in nobody's way: absolute paths start below it. */
	if (root < 0 || syscall(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(root) < 0)
		return error_set(err, errno, "make a place for the layers");
	return 0;
}

static int attach(int tree, const char *name, const char *what, struct error *err)
{
	if (mkdir(name, 0700) < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set(err, errno, "attach %s", what);
	return 0;
}

static int clone_directory(const char *path)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* ---- the layers ---- */

static int not_mapped(struct error *err)
{
	size_t n = strlen(err->hint);

	snprintf(err->hint + n, sizeof(err->hint) - n, "%s`run --chown-copy` copies the layers instead", n ? "; " : "");
	return LAYERS_NOT_MAPPED;
}

static int attach_layer(const struct job *j, size_t i, struct error *err)
{
	const char *path = j->overlay->layers[i];
	cleanup_close int tree = clone_directory(path);
	char name[24];
	struct stat st;
	int code = tree < 0 || fstat(tree, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;

	if (code) {
		error_set(err, code, "open the layer %s", path);
		return error_hint(err, "`crun-lite unpack` brings the layers of an image back");
	}
	if (j->ns >= 0 && idmap_tree(tree, j->ns, false, false, path, err) < 0)
		return not_mapped(err);
	snprintf(name, sizeof(name), "%zu", i);
	return attach(tree, name, path, err);
}

/* ---- what is written to ---- */

static int attach_upper(const struct job *j, struct error *err)
{
	const struct overlay *o = j->overlay;
	cleanup_close int tree = -1, dir = -1;
	char data[PATH_MAX];
	int r;

	if (o->upper == UPPER_NONE)
		return 0;
	if (o->upper == UPPER_TMPFS) {
		snprintf(data, sizeof(data), "mode=0700%s%s", o->size ? ",size=" : "", o->size ?: "");
		if (mkdir(UPPER, 0700) < 0 || mount("tmpfs", UPPER, "tmpfs", MS_NOSUID | MS_NODEV, data) < 0) {
			error_set(err, errno, "mount a tmpfs for what is written");
			return error_locate(err, o->upper_at);
		}
	} else {
		tree = clone_directory(j->places->dir);
		if (tree < 0)
			return error_set(err, errno, "open the upper directory %s", j->places->dir);
		r = attach(tree, UPPER, j->places->dir, err);
		if (r < 0)
			return r;
	}
	dir = open(UPPER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "open the upper directory");
	/* The topmost layer as it is seen here: with the owners of the container. */
	return upper_fill(o, dir, *j->places->dir ? j->places->dir : "the tmpfs", "0", err);
}

/* ---- all of it ---- */

static void name_all(const struct overlay *o, char data[DATA_MAX])
{
	char *p = stpcpy(data, "lowerdir=");

	for (size_t i = 0; i < o->n; i++)
		p += sprintf(p, "%s%zu", i ? ":" : "", i);
	if (o->upper != UPPER_NONE)
		p = stpcpy(p, ",upperdir=" UPPER "/upper,workdir=" UPPER "/work");
	if (o->upper == UPPER_OWN)
		p = stpcpy(p, ",volatile");
	stpcpy(p, ",redirect_dir=nofollow,metacopy=off,index=off");
}

/* 5.19: "ovl: support idmapped layers". */
static bool is_older(const char *release, unsigned major, unsigned minor)
{
	unsigned a = 0, b = 0;

	return sscanf(release, "%u.%u", &a, &b) == 2 && (a < major || (a == major && b < minor));
}

static int blame(const struct job *j, int code, struct error *err)
{
	struct utsname host = {0};

	uname(&host);
	error_set(err, code, "mount the overlay of layers");
	if (code == ENODEV)
		return error_hint(err, "this kernel has no overlayfs (CONFIG_OVERLAY_FS)");
	if (code == EINVAL && j->ns >= 0 && is_older(host.release, 5, 19)) {
		error_hint(err, "overlayfs takes layers with mapped owners since Linux 5.19; this is %s", host.release);
		return not_mapped(err);
	}
	return code == EINVAL ? error_hint(err, "the file system of the upper directory must have d_type and xattrs, and be no overlay itself")
	                      : -code;
}

static int mount_all(const struct job *j, int *ret, struct error *err)
{
	char data[DATA_MAX];
	int r = make_stage(err), fd;

	for (size_t i = 0; i < j->overlay->n && r == 0; i++)
		r = attach_layer(j, i, err);
	if (r == 0)
		r = attach_upper(j, err);
	if (r != 0)
		return r;
	name_all(j->overlay, data);
	if (mkdir(MERGED, 0700) < 0 || mount("overlay", MERGED, "overlay", 0, data) < 0)
		return blame(j, errno, err);
	fd = (int)syscall(SYS_open_tree, AT_FDCWD, MERGED, OPEN_TREE_CLONE);
	if (fd < 0)
		return error_set(err, errno, "open the overlay of layers");
	*ret = fd;
	return 0;
}

int layers_mount(const struct overlay *o, const struct upper_places *places, int ns, int *ret, struct error *err)
{
	const struct job job = {o, places, ns};
	struct outcome *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r, status = 0;
	pid_t pid;

	if (shared == MAP_FAILED)
		return error_set(err, errno, "mount the layers");
	/* With our fds, and without a signal when it ends. */
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_NEWNS, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		shared->result = mount_all(&job, &shared->fd, &shared->error);
		_exit(0);
	}
	if (pid < 0 || TEMP_FAILURE_RETRY(waitpid(pid, &status, __WALL)) != pid) {
		r = error_set(err, errno, "mount the layers in a mount namespace of their own");
	} else if (!WIFEXITED(status)) {
		r = error_set(err, ECHILD, "mount the layers: who does it was killed");
	} else {
		r = shared->result;
		*ret = shared->fd;
		if (r != 0)
			*err = shared->error;
	}
	munmap(shared, sizeof(*shared));
	if (r != 0)
		error_locate(err, o->at);
	return r;
}
