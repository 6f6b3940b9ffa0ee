/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/launch/placeholder.h"

/* ---- the namespace ---- */

static pid_t make_namespace(struct error *err)
{
	static char stack[PLACEHOLDER_STACK] __attribute__((aligned(16)));
	pid_t pid = placeholder_start(CLONE_NEWUSER, stack + sizeof(stack));

	if (pid >= 0)
		return pid;
	error_set(err, errno, "make a user namespace for an idmapped mount");
	if (err->code == ENOSPC || err->code == EUSERS)
		error_hint(err, "the limit is the sysctl user.max_user_namespaces, and 32 levels");
	else if (err->code == EPERM)
		error_hint(err, "user namespaces are forbidden here: by a sysctl, a security module, or in a chroot");
	return -err->code;
}

static int write_map(pid_t pid, const char *name, const char *text, struct error *err)
{
	cleanup_close int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) >= 0)
		return 0;
	error_set(err, errno, "map %s for an idmapped mount", name[0] == 'u' ? "uids" : "gids");
	if (err->code == EPERM)
		error_hint(err, "idmapped mounts need root, and ids that exist in the user namespace of the caller");
	return -err->code;
}

static int open_namespace(pid_t pid, struct error *err)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = openat(AT_FDCWD, path, O_RDONLY);
	return fd < 0 ? error_set(err, errno, "open a user namespace for an idmapped mount") : fd;
}

int idmap_namespace(const char *uids, const char *gids, struct error *err)
{
	pid_t pid = make_namespace(err);
	int r;

	if (pid < 0)
		return pid;
	r = write_map(pid, "uid_map", uids, err);
	if (r == 0)
		r = write_map(pid, "gid_map", gids, err);
	if (r == 0)
		r = open_namespace(pid, err);
	placeholder_end(pid);
	return r;
}

/* ---- the mount ---- */

/* Who cannot at all, and who can since when (FS_ALLOW_IDMAP in the kernel's history). */
static const struct {
	unsigned long magic;
	const char *name, *since;
} file_systems[] = {
	{BTRFS_SUPER_MAGIC,     "btrfs",     "5.15"},
	{0x00c36400,            "ceph",      "6.7" },
	{CGROUP2_SUPER_MAGIC,   "cgroup2",   NULL  },
	{CGROUP_SUPER_MAGIC,    "cgroup",    NULL  },
	{DEVPTS_SUPER_MAGIC,    "devpts",    NULL  },
	{EROFS_SUPER_MAGIC_V1,  "erofs",     "5.19"},
	{F2FS_SUPER_MAGIC,      "f2fs",      "5.18"},
	{FUSE_SUPER_MAGIC,      "fuse",      "6.12, if its server agrees"},
	{HUGETLBFS_MAGIC,       "hugetlbfs", "6.9" },
	{NFS_SUPER_MAGIC,       "nfs",       NULL  },
	{OVERLAYFS_SUPER_MAGIC, "overlay",   NULL  },
	{PROC_SUPER_MAGIC,      "proc",      NULL  },
	{RAMFS_MAGIC,           "ramfs",     NULL  },
	{SQUASHFS_MAGIC,        "squashfs",  "6.2" },
	{SYSFS_MAGIC,           "sysfs",     NULL  },
	{TMPFS_MAGIC,           "tmpfs",     "6.3" },
	{V9FS_MAGIC,            "9p",        NULL  },
};

#define FILE_SYSTEMS (sizeof(file_systems) / sizeof(file_systems[0]))

static const char *type_of(int fd)
{
	struct statfs fs;
	int r = fstatfs(fd, &fs);

	for (size_t i = 0; i < FILE_SYSTEMS && r == 0; i++)
		if (file_systems[i].magic == (unsigned long)fs.f_type)
			return file_systems[i].name;
	return "";
}

static void hint_cannot(const char *type, struct error *err)
{
	struct utsname host = {0};
	size_t i = 0;

	uname(&host);
	while (i < FILE_SYSTEMS && strcmp(file_systems[i].name, type) != 0)
		i++;
	if (i == FILE_SYSTEMS)
		error_hint(err, "Linux %s cannot map ids on this file system (or on one mounted below, with ridmap)", host.release);
	else if (file_systems[i].since)
		error_hint(err, "%s can do it since Linux %s; this is %s", file_systems[i].name, file_systems[i].since,
		           host.release);
	else
		error_hint(err, "Linux %s cannot map ids on %s: bind a directory of another file system, such as ext4, xfs or btrfs",
		           host.release, file_systems[i].name);
}

void idmap_hint(int code, const char *type, struct error *err)
{
	if (code == EINVAL)
		hint_cannot(type, err);
	else if (code == EPERM && getauxval(AT_EUID) != 0)
		error_hint(err, "idmapped mounts need root: CAP_SYS_ADMIN in the user namespace that mounted the file system");
	else if (code == EPERM)
		error_hint(err, "its ids are mapped already (Linux 6.15 can change that), "
		                "or it was mounted in another user namespace");
}

/* A tree that is mapped already can only be cloned with another map, since 6.15. */
static int clone_mapped(int tree, const struct mount_attr *attr, bool recursive)
{
	int fd = (int)syscall(__NR_open_tree_attr, tree, "",
	                      AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0), attr,
	                      sizeof(*attr));
	int r = fd < 0 ? -1 : dup2(fd, tree);

	if (fd >= 0)
		close(fd);
	return r < 0 ? -1 : 0;
}

int idmap_tree(int tree, int ns, bool recursive, bool below, const char *what, struct error *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)ns};
	int code;

	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | (below ? AT_RECURSIVE : 0), &attr, sizeof(attr)) == 0)
		return 0;
	code = errno;
	if (code == EPERM && (below || !recursive) && clone_mapped(tree, &attr, recursive) == 0)
		return 0;
	error_set(err, code, "map the owners of %s", what);
	idmap_hint(code, type_of(tree), err);
	return -code;
}
