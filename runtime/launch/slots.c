/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/base/sys.h"
#include "runtime/base/weak.h"
#include "runtime/launch/idmap.h"
#include "runtime/launch/ownership.h"
#include "runtime/plan/message.h"

static int open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, OPEN_TREE_CLONE | flags);
}

static struct plan_slot *slots(const struct plan *plan)
{
	return (struct plan_slot *)plan_at(plan, plan->slots.offset);
}

static const char *path_of(const struct plan *plan, const struct plan_slot *slot)
{
	return plan_string(plan, slot->path) ?: "";
}

/*
 * runtime-spec config.md "root.path": a directory.  A symbolic link could be swapped after the look, so
 * it is cloned as what it is, and then seen not to be a directory.
 */
static int blame_root(const char *path, int code, struct error *err)
{
	if (code != ELOOP)
		error_set(err, code, "open the root file system %s", path);
	if (code == EACCES)
		ownership_hint_path(path, err);
	if (code != ELOOP)
		return -err->code;
	error_set(err, ERROR_SAID, "root file system %s is a symbolic link", path);
	return error_hint(err, "name the directory that it points to in root.path");
}

static int open_root(const struct plan *plan, const struct plan_slot *slot, struct error *err)
{
	const char *path = path_of(plan, slot);
	cleanup_close int fd = open_tree(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_RECURSIVE);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return blame_root(path, errno, err);
	if (!S_ISDIR(st.st_mode))
		return blame_root(path, S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR, err);
	return steal_fd(&fd);
}

static int blame_source(const char *path, int code, struct error *err)
{
	error_set(err, code, "bind source %s", path);
	if (code == EACCES)
		ownership_hint_path(path, err);
	if (code == ELOOP)
		error_hint(err, "a symbolic link is in its path, which is not followed (org.crun-lite.sources, or it came there after a flag was read)");
	if (code == ENOENT)
		error_hint(err, "the source of a bind mount must exist on the host");
	return -err->code;
}

/* Who looked at the path before us saw no link in it; one that is there now was put there meanwhile. */
static int open_tree_no_links(const char *path, unsigned flags)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	cleanup_close int at = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return at < 0 ? -1 : open_tree(at, "", AT_EMPTY_PATH | (flags & AT_RECURSIVE));
}

static int open_source(const struct plan *plan, const struct plan_slot *slot, struct error *err)
{
	const char *path = path_of(plan, slot);
	int fd = slot->flags & SLOT_NO_LINKS ? open_tree_no_links(path, slot->flags)
	                                     : open_tree(AT_FDCWD, path, slot->flags & (AT_RECURSIVE | AT_SYMLINK_NOFOLLOW));

	return fd < 0 ? blame_source(path_of(plan, slot), errno, err) : fd;
}

/* Where hooks look for the root. */
static int open_place(const struct plan *plan, const struct plan_slot *slot, struct error *err)
{
	int fd = open(path_of(plan, slot), O_PATH | O_DIRECTORY | O_NOFOLLOW);

	return fd < 0 ? blame_root(path_of(plan, slot), errno, err) : fd;
}

static int blame_proc(const char *path, struct error *err)
{
	error_set(err, EPERM, "bind %s on /proc: it is not a procfs", path);
	return error_hint(err, "what lies over /proc would hide or forge what the kernel says there");
}

static int open_proc(const struct plan *plan, const struct plan_slot *slot, struct error *err)
{
	cleanup_close int fd = open_source(plan, slot, err);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return fd;
	/* Its root, which has the first inode: /proc/sys on /proc would be a lie too. */
	if (weak(V19) || (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC && fstat(fd, &st) == 0 && st.st_ino == 1))
		return steal_fd(&fd);
	return blame_proc(path_of(plan, slot), err);
}

/* The mask of files must be the null device itself, not what somebody put at its name (V08). */
static int open_null(const struct plan *plan, const struct plan_slot *slot, struct error *err)
{
	struct stat st;
	int fd = open_tree(AT_FDCWD, "/dev/null", 0);

	if (fd < 0)
		return error_set(err, errno, "open the host's /dev/null");
	if (weak(V08) || (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
		return fd;
	close(fd);
	return error_set(err, ENODEV, "the host's /dev/null is not the null device");
}

static int open_namespace(const struct plan *plan, const struct plan_slot *slot, struct error *err)
{
	const char *path = path_of(plan, slot);
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY), type;

	if (fd < 0)
		return error_set(err, errno, "open the namespace %s", path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type >= 0 && (uint32_t)type == slot->flags)
		return fd;
	close(fd);
	return error_set(err, EINVAL, type < 0 ? "%s is not a namespace" : "%s is a namespace of another type", path);
}

static int open_group_tree(const struct cgroup *group, struct error *err)
{
	int fd = open_tree(cgroup_clone_fd(group), "", AT_EMPTY_PATH);

	return fd < 0 ? error_set(err, errno, "open the container's group") : fd;
}

/* A user namespace for its maps only. */
static int open_ids(const struct plan *plan, const struct plan_slot *slot, struct error *err)
{
	return idmap_namespace(path_of(plan, slot), plan_string(plan, slot->gids), err);
}

/* The namespace comes before in the table. */
static int map_ids(const struct plan *plan, const struct plan_slot *slot, int tree, struct error *err)
{
	int r;

	if (!slot->ids_1)
		return tree;
	r = idmap_tree(tree, slots(plan)[slot->ids_1 - 1].fd, slot->flags & AT_RECURSIVE, slot->flags & SLOT_MAP_BELOW,
	               path_of(plan, slot), err);
	if (r == 0)
		return tree;
	close(tree);
	return r;
}

static int open_slot(const struct plan *plan, const struct plan_slot *slot, const struct cgroup *group,
                     struct error *err)
{
	static int (*const openers[SLOT_KINDS])(const struct plan *, const struct plan_slot *, struct error *) = {
		[SLOT_ROOT] = open_root,
		[SLOT_TREE] = open_source,
		[SLOT_PROC] = open_proc,
		[SLOT_NULL] = open_null,
		[SLOT_NAMESPACE] = open_namespace,
		[SLOT_IDS] = open_ids,
		[SLOT_PLACE] = open_place,
	};
	int fd;

	if (slot->kind == SLOT_CGROUP_TREE)
		return open_group_tree(group, err);
	if (slot->kind == SLOT_GROUP) {
		fd = fcntl(cgroup_clone_fd(group), F_DUPFD, 3);
		return fd < 0 ? error_set(err, errno, "open the container's group") : fd;
	}
	fd = openers[slot->kind](plan, slot, err);
	return fd < 0 ? fd : map_ids(plan, slot, fd, err);
}

int slots_open(struct plan *plan, const struct cgroup *group, struct error *err)
{
	for (uint32_t i = 0; i < plan->slots.n; i++) {
		struct plan_slot *slot = &slots(plan)[i];
		int fd;

		if (slot->opener != OPENED_BY_PARENT || slot->kind == SLOT_PROCESS || slot->kind == SLOT_STREAM ||
		    slot->kind == SLOT_LAYERS)
			continue;
		fd = open_slot(plan, slot, group, err);
		if (fd < 0)
			return error_locate(err, (struct source){slot->at});
		slot->fd = fd;
	}
	return 0;
}

/* ---- inside ---- */

struct way_back {
	int ns, root, cwd;
	bool gone;              /* we are elsewhere */
};

static void forget(const struct way_back *w)
{
	for (size_t i = 0; i < 3; i++)
		if (((const int[]){w->ns, w->root, w->cwd})[i] >= 0)
			close(((const int[]){w->ns, w->root, w->cwd})[i]);
}

/* setns(2) leads to the root of the namespace; we, or who runs us, may live in a part of it. */
static int enter(pid_t pid, int pidfd, struct way_back *ret)
{
	cleanup_close int root = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	*ret = (struct way_back){
		.ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
		.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->ns < 0 || ret->root < 0 || ret->cwd < 0 || root < 0)
		return -errno;
	if (setns(pidfd, CLONE_NEWNS) < 0)
		return -errno;
	ret->gone = true;
	return fchdir(root) < 0 || chroot(".") < 0 ? -errno : 0;
}

static void leave(const struct way_back *w)
{
	struct error err;

	if (!w->gone || (setns(w->ns, CLONE_NEWNS) == 0 && fchdir(w->root) == 0 && chroot(".") == 0 && fchdir(w->cwd) == 0))
		return;
	/* Whatever we would undo, or run, would be undone or run in the wrong place. */
	error_set(&err, errno, "come back from the container's mount namespace");
	error_hint(&err, "`crun-lite delete --force` removes what was made");
	log_failure(&err);
	_exit(1);
}

static int open_all_inside(struct plan *plan, struct error *err)
{
	for (uint32_t i = 0; i < plan->slots.n; i++) {
		struct plan_slot *slot = &slots(plan)[i];
		int fd;

		if (slot->opener != OPENED_INSIDE)
			continue;
		fd = open_slot(plan, slot, NULL, err);
		if (fd < 0)
			return error_locate(err, (struct source){slot->at});
		slot->fd = fd;
	}
	return 0;
}

bool slots_are_inside(const struct plan *plan)
{
	const struct plan_slot *s = plan_at(plan, plan->slots.offset);

	for (uint32_t i = 0; i < plan->slots.n; i++)
		if (s[i].opener == OPENED_INSIDE)
			return true;
	return false;
}

int slots_open_inside(struct plan *plan, pid_t pid, int pidfd, struct error *err)
{
	struct way_back back;
	int r = enter(pid, pidfd, &back);

	if (r < 0) {
		error_set(err, -r, "enter the container's mount namespace");
		if (r == -EPERM)
			error_hint(err, "it needs CAP_SYS_ADMIN and CAP_SYS_CHROOT");
	} else {
		r = open_all_inside(plan, err);
	}
	leave(&back);
	forget(&back);
	return r;
}

int slots_blame(const struct plan *plan, uint32_t slot, int code, struct error *err)
{
	const struct plan_slot *s = (const struct plan_slot *)plan_at(plan, plan->slots.offset) + slot;
	int r;

	if (slot >= plan->slots.n)
		return error_set(err, EPROTO, "understand what init could not open");
	if (s->kind == SLOT_ROOT)
		r = blame_root(path_of(plan, s), code, err);
	else if (s->kind == SLOT_NULL)
		r = error_set(err, code, "the host's /dev/null is not the null device");
	else if (s->kind == SLOT_PROC && code == EPERM)
		r = blame_proc(path_of(plan, s), err);
	else
		r = blame_source(path_of(plan, s), code, err);
	error_locate(err, (struct source){s->at});
	return r;
}

size_t slots_take(struct plan *plan, int *ret_fds, size_t room)
{
	size_t n = 0;

	for (uint32_t i = 0; i < plan->slots.n && n < room; i++) {
		if (slots(plan)[i].fd < 0)
			continue;
		ret_fds[n++] = slots(plan)[i].fd;
		slots(plan)[i].fd = -1;
	}
	return n;
}

void slots_close(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->slots.n; i++)
		if (slots(plan)[i].fd >= 0)
			close(slots(plan)[i].fd);
	for (uint32_t i = 0; i < plan->slots.n; i++)
		slots(plan)[i].fd = -1;
}

int slots_namespace(const struct plan *plan, uint32_t type)
{
	const struct plan_slot *all = plan_at(plan, plan->slots.offset);

	for (uint32_t i = 0; i < plan->slots.n; i++)
		if (all[i].kind == SLOT_NAMESPACE && all[i].flags == type && all[i].fd >= 0)
			return fcntl(all[i].fd, F_DUPFD_CLOEXEC, 3);
	return -1;
}
