/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* The overlay's root is the upper directory: it looks like the topmost layer's. */
static long make_like(const char *path, const char *like)
{
	struct statx st;
	long r = sys(statx, AT_FDCWD, like, AT_SYMLINK_NOFOLLOW, STATX_MODE | STATX_UID | STATX_GID, &st);

	if (r == 0)
		r = sys(mkdirat, AT_FDCWD, path, 0755);
	if (r == 0 && (st.stx_uid || st.stx_gid))
		r = sys(fchownat, AT_FDCWD, path, st.stx_uid, st.stx_gid, AT_SYMLINK_NOFOLLOW);
	if (r == -EINVAL)       /* whom a user namespace does not know: it stays ours */
		r = 0;
	return r < 0 ? r : sys(fchmodat, AT_FDCWD, path, st.stx_mode & 07777);
}

/* In our copy of the host's mounts: when those go, the overlay keeps it. */
int do_upper(struct init *in, const struct step *step)
{
	long r = sys(mount, "tmpfs", str(in, step->upper.place), "tmpfs", MS_NOSUID | MS_NODEV, str(in, step->upper.data));

	if (r < 0)
		return failed_at(in, STAGE_CREATE, r);
	if (!step->upper.upper)         /* for copies, which make theirs */
		return 0;
	r = make_like(str(in, step->upper.upper), str(in, step->upper.like));
	if (r == 0)
		r = sys(mkdirat, AT_FDCWD, str(in, step->upper.work), 0700);
	return failed_at(in, STAGE_TARGET, r);
}

/* Before Linux 6.7, which brought `lowerdir+`. */
static long mount_by_page(struct init *in, const struct step *step)
{
	const char *base = str(in, step->mount.target);
	long r = sys(chdir, base);

	in->cwd = -1;
	if (r < 0)
		return failed_at(in, STAGE_TARGET, r);
	r = sys(mount, "overlay", ".", "overlay", 0, str(in, step->mount.data));
	if (r < 0)
		return failed_at(in, STAGE_CREATE, r);
	r = sys(open_tree, AT_FDCWD, base, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (r < 0)
		return failed_at(in, STAGE_CLONE_TREE, r);
	/* What it covered may hold the bundle, and what is bound. */
	sys(umount2, base, MNT_DETACH);
	return r;
}

/*
 * Linux 6.5 and 6.6 refuse the option that they do not know.  Before, overlayfs did not know fsconfig(2): the kernel wrote
 * all options into one page, whatever they were, and it is that page that is refused: when it is full, or at the end.
 */
static int is_unknown(const struct init *in, long r)
{
	return r == -EINVAL && (in->stage == STAGE_OPTION || in->stage == STAGE_CREATE);
}

int do_overlay(struct init *in, const struct step *step)
{
	long mount = new_mount(in, step, -1);

	if (is_unknown(in, mount) && step->mount.data) {
		in->text_len = 0;
		mount = mount_by_page(in, step);
	}
	if (mount < 0)
		return (int)mount;
	if (step->flags & STEP_F_BELOW)
		return failed_at(in, STAGE_ATTACH, sys(move_mount, mount, "", AT_FDCWD, str(in, step->mount.target), MOVE_MOUNT_F_EMPTY_PATH));
	in->stage = STAGE_NONE;
	in->aux = 0;
	in->root = (int)mount;
	return 0;
}

/* upper, which looks like the directory that it lies over, and work, in a directory of the host's. */
static long make_places(struct init *in, const char *path, int tree)
{
	struct statx st;
	long r = sys(statx, tree, "", AT_EMPTY_PATH, STATX_MODE | STATX_UID | STATX_GID, &st), dir;

	if (r < 0)
		return r;
	r = sys(mkdirat, AT_FDCWD, path, 0700);
	if (r < 0 && r != -EEXIST)              /* kept from another time: as it is */
		return r;
	dir = sys(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (dir < 0)
		return dir;
	r = sys(mkdirat, dir, "work", 0700);
	if (r < 0 && r != -EEXIST)
		return r;
	r = sys(mkdirat, dir, "upper", 0700);
	if (r < 0)
		return r == -EEXIST ? 0 : r;
	/* Whom a user namespace does not know, it is not given to. */
	r = sys(fchownat, dir, "upper", st.stx_uid, st.stx_gid, AT_SYMLINK_NOFOLLOW);
	if (r < 0 && r != -EPERM && r != -EINVAL)
		return r;
	return sys(fchmodat, dir, "upper", st.stx_mode & 07777);
}

int do_copy(struct init *in, const struct step *step)
{
	const struct plan_slot *slots = plan_at(in->plan, in->plan->slots.offset);
	int tree = slots[step->mount.ids_1 - 1].fd;
	long r = make_places(in, str(in, step->mount.data), tree), mount, target;

	if (r < 0)
		return failed_at(in, STAGE_TARGET, r);
	r = sys(fchdir, tree);
	in->cwd = r < 0 ? in->cwd : tree;
	mount = r < 0 ? r : new_mount(in, step, -1);
	if (mount < 0)
		return (int)mount;
	/* What was bound there a moment ago, on top: the tree itself. */
	target = path_open(in, str(in, step->mount.target), O_PATH, 0);
	if (target < 0)
		return failed_at(in, STAGE_TARGET, target);
	path_forget(in);
	own_covered(in, str(in, step->mount.target));
	r = sys(move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return failed_at(in, STAGE_ATTACH, r);
}
