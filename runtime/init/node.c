/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

int do_directory(struct init *in, const struct step *step)
{
	long fd = path_ensure(in, str(in, step->directory.path), WANT_DIRECTORY, 0);

	return failed_at(in, STAGE_TARGET, fd < 0 ? fd : 0);
}

/* The kernel's new_encode_dev. */
static unsigned device_number(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

/* runtime-linux.md, config-linux.md "Devices": what exists must be that device, else an error. */
static int same_node(int dir, const char *name, const struct step *step)
{
	struct statx st;
	long r = sys(statx, dir, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st);

	if (r < 0)
		return (int)r;
	if ((st.stx_mode & S_IFMT) != (step->node.mode & S_IFMT))
		return -EEXIST;
	if ((st.stx_mode & S_IFMT) == S_IFIFO)
		return 0;
	return st.stx_rdev_major == step->node.major && st.stx_rdev_minor == step->node.minor ? 0 : -EEXIST;
}

static int is_file(int dir, const char *name)
{
	struct statx st;

	return sys(statx, dir, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == 0 && (st.stx_mode & S_IFMT) == S_IFREG;
}

/* "/dev/char/10:229", as udev makes them. */
static const char *numbered_path(char *buf, const struct step *step)
{
	const char *dir = (step->node.mode & S_IFMT) == S_IFBLK ? "/dev/block/" : "/dev/char/";
	uint32_t numbers[2] = {step->node.minor, step->node.major};
	char *p = buf + 63;

	*p = '\0';
	for (unsigned i = 0; i < 2; i++) {
		do
			*--p = (char)('0' + numbers[i] % 10);
		while (numbers[i] /= 10);
		if (i == 0)
			*--p = ':';
	}
	p -= strlen(dir);
	memcpy(p, dir, strlen(dir));
	return p;
}

/* A clone of what is at `path` on the host, which is still there before pivot_root; -ENODEV: something else. */
static long open_device(const char *path, const struct step *step)
{
	struct statx st;
	long fd = sys(open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), r;

	if (fd < 0)
		return fd;
	r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (r == 0 && (st.stx_mode & S_IFMT) == (step->node.mode & S_IFMT) &&
	    st.stx_rdev_major == step->node.major && st.stx_rdev_minor == step->node.minor)
		return fd;
	sys(close, fd);
	return -ENODEV;
}

/* The kernel lets no user namespace make a device: the host's is bound (F066). */
static int bind_node(struct init *in, const struct step *step, int dir, const char *name)
{
	char buf[64];
	long device = open_device(str(in, step->node.path), step), r;

	if (device < 0)
		device = open_device(numbered_path(buf, step), step);
	if (device < 0)
		return failed_at(in, STAGE_CLONE_TREE, device == -ENOENT ? -ENODEV : device);
	/* The plan looked at the text of the path; in a tmpfs of ours it is known. */
	if (own_find(in, OWN_TMPFS, str(in, step->node.path), &name) < 0 && proc_has(dir))
		return failed_at(in, STAGE_ON_PROC, -EPERM);
	r = sys(mknodat, dir, name, S_IFREG | 0600, 0);
	if (r == -EEXIST && !is_file(dir, name))
		return failed_at(in, STAGE_WRONG_TYPE, same_node(dir, name, step));
	if (r < 0 && r != -EEXIST)
		return failed_at(in, STAGE_CREATE, r);
	r = sys(move_mount, device, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH);
	return failed_at(in, STAGE_ATTACH, r);
}

int do_node(struct init *in, const struct step *step)
{
	const char *name;
	long dir = path_parent(in, str(in, step->node.path), &name), r;

	if (dir < 0)
		return failed_at(in, STAGE_TARGET, dir);
	if (step->flags & STEP_F_BOUND)
		return bind_node(in, step, (int)dir, name);
	r = sys(mknodat, dir, name, step->node.mode, device_number(step->node.major, step->node.minor));
	if (r == -EEXIST)
		return failed_at(in, STAGE_WRONG_TYPE, same_node((int)dir, name, step));
	if (r == -EPERM)        /* the runtime itself is in a user namespace */
		return bind_node(in, step, (int)dir, name);
	if (r < 0 || (step->node.uid == 0 && step->node.gid == 0 && in->plan->caller_is_root))
		return failed_at(in, STAGE_CREATE, r);
	r = sys(fchownat, dir, name, step->node.uid, step->node.gid, AT_SYMLINK_NOFOLLOW);
	return failed_at(in, STAGE_OWNER, r);
}

/* A device or a link of the image; a file would be somebody's data. */
static int is_replaceable(int dir, const char *name)
{
	struct statx st;

	if (sys(statx, dir, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) < 0)
		return 0;
	return (st.stx_mode & S_IFMT) == S_IFLNK || (st.stx_mode & S_IFMT) == S_IFCHR;
}

int do_symlink(struct init *in, const struct step *step)
{
	const char *name;
	long dir = path_parent(in, str(in, step->symlink.path), &name), r;

	if (dir < 0)
		return failed_at(in, STAGE_TARGET, dir);
	r = sys(symlinkat, str(in, step->symlink.target), dir, name);
	if (r == -EEXIST && (step->flags & STEP_F_REPLACE)) {
		r = is_replaceable((int)dir, name) ? sys(unlinkat, dir, name, 0) : -EEXIST;
		if (r == 0)
			r = sys(symlinkat, str(in, step->symlink.target), dir, name);
	} else if (r == -EEXIST && (step->flags & STEP_F_OPTIONAL)) {
		r = 0;
	}
	return failed_at(in, STAGE_CREATE, r);
}
