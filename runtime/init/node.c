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

int do_node(struct init *in, const struct step *step)
{
	const char *name;
	long dir = path_parent(in, str(in, step->node.path), &name), r;

	if (dir < 0)
		return failed_at(in, STAGE_TARGET, dir);
	r = sys(mknodat, dir, name, step->node.mode, device_number(step->node.major, step->node.minor));
	if (r == -EEXIST)
		return failed_at(in, STAGE_WRONG_TYPE, same_node((int)dir, name, step));
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
