/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#define BUSY_TRIES 200  /* of a millisecond each */
#define SIGKILL_ 9

static const struct plan_slot *slot(const struct init *in, uint32_t i)
{
	return (const struct plan_slot *)plan_at(in->plan, in->plan->slots.offset) + i;
}

static int slot_fd(const struct init *in, uint32_t i)
{
	return slot(in, i)->fd;
}

/* mount_setattr(2); nothing to do is fine. */
static int try_attributes(int mount, struct plan_map map, uint32_t propagation, unsigned flags)
{
	struct __kernel_timespec pause = {.tv_nsec = 1000000};
	struct mount_attr attr = {
		.attr_set = map.set,
		.attr_clr = map.clear,
		.propagation = propagation,
	};

	if (!map.set && !map.clear && !propagation)
		return 0;
	/* EBUSY: somebody is in the middle of a write to the file system (an access time, say); seen once in a thousand. */
	for (unsigned tries = 0; tries < BUSY_TRIES; tries++) {
		long r = sys(mount_setattr, mount, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr));

		if (r != -EBUSY)
			return (int)r;
		sys(nanosleep, &pause, NULL);
	}
	return -EBUSY;
}

/*
 * mount_namespaces(7): what a mount brought into a user namespace it keeps there (ro, nosuid, atime ...), whatever
 * the options say.  The restrictions that they add must hold; what they would take away stays if it is locked.
 */
static int set_unlocked(int mount, struct plan_map map, uint32_t propagation, unsigned flags)
{
	uint32_t atime = map.clear & MOUNT_ATTR__ATIME ? map.set & MOUNT_ATTR__ATIME : 0;
	int r = 0;

	for (unsigned bit = 0; bit < 32 && r == 0; bit++)
		if ((map.clear & ~(uint32_t)MOUNT_ATTR__ATIME) >> bit & 1)
			r = try_attributes(mount, (struct plan_map){0, 1u << bit}, 0, flags) == -EBUSY ? -EBUSY : 0;
	if (map.clear & MOUNT_ATTR__ATIME)
		try_attributes(mount, (struct plan_map){atime, MOUNT_ATTR__ATIME}, 0, flags);
	return r < 0 ? r : try_attributes(mount, (struct plan_map){map.set & ~(uint32_t)MOUNT_ATTR__ATIME, 0}, propagation, flags);
}

static int set_attributes(int mount, struct plan_map map, uint32_t propagation, unsigned flags)
{
	int r = try_attributes(mount, map, propagation, flags);

	return r == -EPERM && map.clear ? set_unlocked(mount, map, propagation, flags) : r;
}

static enum want kind_of(long fd)
{
	struct statx st;

	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0 && (st.stx_mode & S_IFMT) != S_IFDIR)
		return WANT_FILE;
	return WANT_DIRECTORY;
}

/* The plan looked at the text of the path; a link of the image may have led to /proc all the same (V10, V19). */
static int check_target(const struct init *in, long target)
{
	return in->linked && proc_has(target) && !weak(V10) ? -EPERM : 0;
}

static int attach(struct init *in, long mount, long target, const char *path)
{
	long r = sys(move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

	/* A directory made just now in the cached one cannot be above it. */
	if (!in->fresh) {
		path_forget(in);
		own_covered(in, path);
	}
	/* mount(2) says ENOTDIR for a file on a directory (and engines look for it), move_mount EINVAL. */
	return r == -EINVAL && kind_of(mount) != kind_of(target) ? -ENOTDIR : (int)r;
}

/* procfs and sysfs go on a real directory only: behind a link, writes to /proc would go astray (V11). */
static unsigned long resolve_of(const struct step *step)
{
	return (step->flags & STEP_F_NOFOLLOW) && !weak(V11) ? RESOLVE_NO_SYMLINKS : 0;
}

/* What the file system itself says of a failed option ("e tmpfs: Bad value for 'size'"). */
static void read_log(struct init *in, long fs)
{
	long n = sys(read, fs, in->text, sizeof(in->text));

	in->text_len = n > 0 ? (size_t)n : 0;
}

static int set_option(long fs, const char *key, const char *value)
{
	if (value)
		return (int)sys(fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0);
	return (int)sys(fsconfig, fs, FSCONFIG_SET_FLAG, key, NULL, 0);
}

static int set_options(struct init *in, long fs, struct plan_list list)
{
	const struct plan_option *options = plan_at(in->plan, list.offset);
	int r;

	for (uint32_t i = 0; i < list.n; i++) {
		r = set_option(fs, str(in, options[i].key), str(in, options[i].value));
		if (r < 0) {
			read_log(in, fs);
			in->aux = i;
			return failed_at(in, STAGE_OPTION, r);
		}
	}
	return 0;
}

/* What is copied up must be written before the mount is read-only. */
static uint32_t first_attributes(const struct step *step)
{
	return step->mount.attributes & ~(step->flags & STEP_F_COPY_UP ? (uint32_t)MOUNT_ATTR_RDONLY : 0);
}

static int copy_up(const struct step *step, int target, int mount)
{
	int r = copy_tree(target, mount, !!(step->flags & STEP_F_OWNER_GIVEN));

	return r < 0 ? r : set_attributes(mount, (struct plan_map){step->mount.attributes & MOUNT_ATTR_RDONLY, 0}, 0, 0);
}

/* The mode of the directory that a tmpfs covers, as its option. */
static int inherit_mode(long fs, long target)
{
	char octal[5] = "0000";
	struct statx st;
	long r = sys(statx, target, "", AT_EMPTY_PATH, STATX_MODE, &st);

	if (r < 0)
		return (int)r;
	for (unsigned i = 0; i < 4; i++)
		octal[3 - i] = (char)('0' + (st.stx_mode >> 3 * i & 7));
	return set_option(fs, "mode", octal);
}

/* A new file system as a detached mount; `target`: what it will cover. */
long new_mount(struct init *in, const struct step *step, long target)
{
	long fs, r;

	fs = sys(fsopen, str(in, step->mount.type), FSOPEN_CLOEXEC);
	if (fs < 0)
		return failed_at(in, STAGE_FSOPEN, fs);
	if (step->mount.source) {
		r = sys(fsconfig, fs, FSCONFIG_SET_STRING, "source", str(in, step->mount.source), 0);
		if (r < 0)
			return failed_at(in, STAGE_CREATE, r);
	}
	r = set_options(in, fs, step->mount.options);
	if (r < 0)
		return r;
	if (step->flags & STEP_F_INHERIT_MODE)
		r = inherit_mode(fs, target);
	if (r == 0)
		r = sys(fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0) {
		read_log(in, fs);
		return failed_at(in, STAGE_CREATE, r);
	}
	r = sys(fsmount, fs, FSMOUNT_CLOEXEC, first_attributes(step));
	return r < 0 ? failed_at(in, STAGE_FSMOUNT, r) : r;
}

static int enter(struct init *in, int dir)
{
	int r = in->cwd == dir ? 0 : (int)sys(fchdir, dir);

	in->cwd = r < 0 ? in->cwd : dir;
	return r;
}

/*
 * In a tmpfs of ours, which nobody else can change, a directory made just now is where we think it is: mount(2) needs
 * two calls there, where the look-ups and a new mount by fds need ten.  What fails is done again, the
 * long way, which finds the words.
 */
static int mounted_by_name(struct init *in, const struct step *step)
{
	const char *name;
	int dir = step->flags & STEP_F_BY_NAME ? own_find(in, OWN_TMPFS, str(in, step->mount.target), &name) : -1;

	return dir >= 0 && sys(mkdirat, dir, name, 0755) == 0 && enter(in, dir) == 0 &&
	       sys(mount, str(in, step->mount.source), name, str(in, step->mount.type), step->mount.ms_flags,
	           str(in, step->mount.data)) == 0;
}

/* After what was copied up, which the maps might have no ids for. */
static int map_owners(const struct init *in, const struct step *step, long mount)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};

	if (!step->mount.ids_1)
		return 0;
	attr.userns_fd = (uint64_t)slot_fd(in, step->mount.ids_1 - 1);
	return (int)sys(mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

int do_mount(struct init *in, const struct step *step)
{
	long mount, target;
	int r;

	if (mounted_by_name(in, step))
		return 0;
	target = path_ensure(in, str(in, step->mount.target), WANT_DIRECTORY, resolve_of(step));
	if (target >= 0 && check_target(in, target) < 0)
		return failed_at(in, STAGE_ON_PROC, -EPERM);
	if (target < 0)
		return failed_at(in, STAGE_TARGET, target);
	mount = new_mount(in, step, target);
	if (mount < 0)
		return (int)mount;
	r = step->flags & STEP_F_COPY_UP ? copy_up(step, (int)target, (int)mount) : 0;
	if (r < 0)
		return failed_at(in, STAGE_COPY_UP, r);
	r = map_owners(in, step, mount);
	if (r < 0)
		return failed_at(in, STAGE_IDMAP, r);
	r = set_attributes((int)mount, step->mount.all, step->mount.propagation, 0);
	if (r < 0)
		return failed_at(in, STAGE_ATTRIBUTES, r);
	in->view = (int)mount;
	r = attach(in, mount, target, str(in, step->mount.target));
	if (r == 0 && !(step->flags & STEP_F_COPY_UP))
		own_add(in, str(in, step->mount.target), str(in, step->mount.type), (int)mount);
	return failed_at(in, STAGE_ATTACH, r);
}

const char *fd_path(char *buf, long fd)
{
	char *p = buf + 31;

	*p = '\0';
	do
		*--p = (char)('0' + fd % 10);
	while (fd /= 10);
	p -= 14;
	memcpy(p, "/proc/self/fd/", 14);
	return p;
}

/* iversion, silent and data that is too long for fsconfig: only mount(2) takes them. */
int do_legacy_mount(struct init *in, const struct step *step)
{
	long target = path_ensure(in, str(in, step->mount.target), WANT_DIRECTORY, resolve_of(step));
	char buf[32];
	long r;

	if (target >= 0 && check_target(in, target) < 0)
		return failed_at(in, STAGE_ON_PROC, -EPERM);
	if (target < 0)
		return failed_at(in, STAGE_TARGET, target);
	path_forget(in);
	own_covered(in, str(in, step->mount.target));
	r = sys(mount, str(in, step->mount.source), fd_path(buf, target), str(in, step->mount.type),
	        step->mount.ms_flags, str(in, step->mount.data));
	if (r < 0)
		return failed_at(in, STAGE_ATTACH, r);
	if (!step->mount.all.set && !step->mount.all.clear && !step->mount.propagation)
		return 0;
	target = path_open(in, str(in, step->mount.target), O_PATH, resolve_of(step));
	if (target < 0)
		return failed_at(in, STAGE_TARGET, target);
	r = set_attributes((int)target, step->mount.all, step->mount.propagation, 0);
	return failed_at(in, STAGE_ATTRIBUTES, r);
}

/* A source that is a symbolic link, made again at the target; 1: it is none. */
static int bind_as_link(struct init *in, const struct step *step, int tree)
{
	char text[PATH_MAX], there[PATH_MAX];
	const char *name;
	long n = sys(readlinkat, tree, "", text, sizeof(text) - 1), dir, r;

	if (n == -EINVAL || n == -ENOENT)
		return 1;
	dir = n < 0 ? n : path_parent(in, str(in, step->bind.target), &name);
	if (dir < 0)
		return failed_at(in, STAGE_TARGET, dir);
	text[n] = '\0';
	r = sys(symlinkat, text, dir, name);
	if (r == -EEXIST && sys(readlinkat, dir, name, there, sizeof(there)) == n && memcmp(text, there, (size_t)n) == 0)
		return 0;
	return failed_at(in, r == -EEXIST ? STAGE_WRONG_TYPE : STAGE_CREATE, r);
}

/* What a bind goes on, made if it is missing. */
static long bind_target(struct init *in, const struct step *step, int tree)
{
	const char *path = str(in, step->bind.target);
	long target;

	if (step->flags & STEP_F_KEEP_LINK) {
		target = path_open(in, path, O_PATH | O_NOFOLLOW, 0);
		in->linked = 1;         /* not looked at: perhaps */
	} else {
		target = path_find(in, path, resolve_of(step));
	}
	return target == -ENOENT ? path_ensure(in, path, kind_of(tree), resolve_of(step)) : target;
}

/*
 * A new volume is its next start's as soon as the parent is dead: what we would write then would be beside that one's.  So who kills the
 * parent kills us; and one that died before is not there to be heard.
 */
static int fill_volume(struct init *in, int from, int to)
{
	struct pollfd parent = {.fd = in->sync};
	struct __kernel_timespec at_once = {0};
	int r = (int)sys(prctl, PR_SET_PDEATHSIG, SIGKILL_, 0, 0, 0);

	if (r == 0 && sys(ppoll, &parent, 1, &at_once, NULL, 0) > 0 && (parent.revents & POLLHUP))
		sys(exit_group, 125);
	if (r == 0)
		r = fill_tree(from, to);
	sys(prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
	return r;
}

int do_bind(struct init *in, const struct step *step)
{
	unsigned recursive = step->flags & STEP_F_RECURSIVE ? AT_RECURSIVE : 0;
	int tree = slot_fd(in, step->bind.slot), r = step->flags & STEP_F_COPY_LINK ? bind_as_link(in, step, tree) : 1;
	long target;

	if (r <= 0)
		return r;
	r = 0;
	target = bind_target(in, step, tree);
	if (target >= 0 && check_target(in, target) < 0)
		return failed_at(in, STAGE_ON_PROC, -EPERM);
	if (target < 0)
		return failed_at(in, STAGE_TARGET, target);
	/* A new volume, before it is read-only; and before it is anybody's in the container. */
	if (step->flags & STEP_F_COPY_UP)
		r = fill_volume(in, (int)target, tree);
	if (r < 0)
		return failed_at(in, STAGE_COPY_UP, r);
	/* Before it is attached: an unchanged peer group never enters the container. */
	if (step->flags & STEP_F_SLAVE_FIRST)
		r = set_attributes(tree, (struct plan_map){0}, MS_SLAVE, recursive);
	if (r == 0)
		r = set_attributes(tree, step->bind.top, 0, 0);
	if (r == 0)
		r = set_attributes(tree, step->bind.all, step->bind.propagation, weak(V16) ? 0 : recursive);
	if (r < 0)
		return failed_at(in, STAGE_ATTRIBUTES, r);
	return failed_at(in, STAGE_ATTACH, attach(in, tree, target, str(in, step->bind.target)));
}

/* The superblock's own options; `remount` without `bind`. */
static int reconfigure(struct init *in, long target, const struct step *step)
{
	long fs = sys(fspick, target, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC), r;

	if (fs < 0)
		return failed_at(in, STAGE_FSOPEN, fs);
	r = set_options(in, fs, step->mount.options);
	if (r < 0)
		return (int)r;
	r = sys(fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
	if (r < 0)
		read_log(in, fs);
	return failed_at(in, STAGE_CREATE, r);
}

/*
 * Straight into the tmpfs that was mounted just now: nobody else can have made anything in it, so its
 * names need no look-up.  The attributes come for all of them together (STEP_F_SHOWN).
 */
int do_show(struct init *in, const struct step *step)
{
	uint32_t optional = step->flags & STEP_F_OPTIONAL;
	const char *name = str(in, step->show.name);
	long r;

	/* The caller's is optional; of the container's own it was said whether it is there. */
	if (!optional && !(in->hierarchies >> step->show.hierarchy & 1))
		return 0;
	r = sys(mkdirat, in->view, name, 0755);
	if (r == 0)
		r = enter(in, in->view);
	if (r < 0)
		return failed_at(in, STAGE_TARGET, r);
	/* The source is the host's own, seen before pivot_root; private already, as all that was copied. */
	r = sys(mount, str(in, step->show.source), name, NULL, MS_BIND, NULL);
	return optional && r == -ENOENT ? 0 : failed_at(in, STAGE_ATTACH, r);
}

int do_mount_label(struct init *in, const struct step *step)
{
	long fd = path_open(in, str(in, step->mount_label.path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0)
		return failed_at(in, STAGE_TARGET, fd);
	return (int)sys(fsetxattr, fd, "security.selinux", str(in, step->mount_label.label), step->mount_label.len, 0);
}

int do_remount(struct init *in, const struct step *step)
{
	struct plan_map top = {step->mount.attributes, step->mount.ms_flags};
	long target;
	int r;

	if (step->flags & STEP_F_SHOWN) {
		r = set_attributes(in->view, step->mount.all, step->mount.propagation, AT_RECURSIVE);
		return failed_at(in, STAGE_ATTRIBUTES, r);
	}
	target = path_open(in, str(in, step->mount.target), O_PATH, 0);

	if (target < 0)
		return failed_at(in, STAGE_TARGET, target);
	if (step->mount.options.n) {
		r = reconfigure(in, target, step);
		if (r < 0)
			return r;
	}
	r = set_attributes((int)target, top, step->mount.propagation, 0);
	if (r == 0)
		r = set_attributes((int)target, step->mount.all, 0, AT_RECURSIVE);
	return failed_at(in, STAGE_ATTRIBUTES, r);
}

int do_private(struct init *in, const struct step *step)
{
	return (int)sys(mount, NULL, "/", NULL, MS_REC | step->propagation.propagation, NULL);
}

int do_root(struct init *in, const struct step *step)
{
	int tree = step->flags & STEP_F_OVERLAY ? in->root : slot_fd(in, step->root.slot), r;

	r = set_attributes(tree, (struct plan_map){0}, step->root.propagation, AT_RECURSIVE);
	if (r < 0)
		return failed_at(in, STAGE_ATTRIBUTES, r);
	if (step->root.place_slot_1)
		r = (int)sys(move_mount, tree, "", slot_fd(in, step->root.place_slot_1 - 1), "",
		             MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	else
		r = (int)sys(move_mount, tree, "", AT_FDCWD, step->root.path ? str(in, step->root.path) : "/",
		             MOVE_MOUNT_F_EMPTY_PATH);
	in->root = tree;
	return failed_at(in, STAGE_ATTACH, r);
}

int do_pivot(struct init *in, const struct step *step)
{
	int root = in->root == AT_FDCWD ? slot_fd(in, step->pivot.slot) : in->root;
	long r = sys(fchdir, root);

	in->root = root;
	if (r < 0)
		return (int)r;
	path_forget(in);
	in->cwd = -1;
	if (step->flags & STEP_F_CHROOT) {
		/* A chroot elsewhere than on "/" could be left by "..": the host's tree is still above it. */
		if (step->flags & STEP_F_FROM_PATH)
			r = sys(move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
		if (r == 0)
			r = sys(chroot, ".");
		return r < 0 ? (int)r : (int)sys(chdir, "/");
	}
	/* pivot_root(2), NOTES: the old root lands on top of the new one, and goes from there; "." is the new one. */
	r = sys(pivot_root, ".", ".");
	return r < 0 ? (int)r : (int)sys(umount2, ".", MNT_DETACH);
}

int do_propagation(struct init *in, const struct step *step)
{
	uint32_t ms = step->propagation.propagation;

	return set_attributes(in->root, (struct plan_map){0}, ms & ~(uint32_t)MS_REC,
	                      ms & MS_REC ? AT_RECURSIVE : 0);
}

int do_root_readonly(struct init *in, const struct step *step)
{
	return set_attributes(in->root, (struct plan_map){.set = MOUNT_ATTR_RDONLY}, 0, 0);
}

/* An empty read-only tmpfs for directories; the host's null device for files. */
static long new_mask(struct init *in, const struct step *step, int directory)
{
	long fs, r;

	if (!directory && weak(V08))
		return sys(open_tree, in->root, "dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (!directory) {
		/* A clone of the host's /dev: it must not stay a peer of it, or what is mounted on it goes to the host. */
		r = set_attributes(slot_fd(in, step->mask.slot), (struct plan_map){0}, MS_PRIVATE, 0);
		return r < 0 ? r : slot_fd(in, step->mask.slot);
	}
	fs = sys(fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return fs;
	r = sys(fsconfig, fs, FSCONFIG_SET_STRING, "nr_blocks", "1", 0);
	if (r == 0 && step->mask.label)
		r = sys(fsconfig, fs, FSCONFIG_SET_STRING, "context", str(in, step->mask.label), 0);
	if (r == 0)
		r = sys(fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	return r < 0 ? r
	             : sys(fsmount, fs, FSMOUNT_CLOEXEC,
	                   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* Where a mask goes: `dir` itself, or `name` directly below it. */
struct place {
	long dir;
	const char *name;
};

static long open_place(struct place at, unsigned flags)
{
	return sys(open_tree, at.dir, at.name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags | (*at.name ? 0 : AT_EMPTY_PATH));
}

static int attach_place(struct init *in, long mount, struct place at, const char *path)
{
	if (!*at.name)
		return attach(in, mount, at.dir, path);
	return (int)sys(move_mount, mount, "", at.dir, at.name, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
}

/*
 * The entries of procfs and sysfs are the kernel's: what is directly below a root of ours needs no look-up
 * that guards against the image.
 */
static int find_place(struct init *in, const char *path, struct place *ret)
{
	int root = own_find(in, OWN_KERNEL, path, &ret->name);

	ret->dir = root;
	if (root >= 0)
		return 0;
	ret->name = "";
	ret->dir = path_find(in, path, 0);
	return ret->dir < 0 ? (int)ret->dir : 0;
}

/* Only attached mounts can be cloned: the first use of a mask attaches it, later ones clone that. */
static int hide(struct init *in, const struct step *step, struct place at, int directory)
{
	struct mask *mask = &in->masks[directory];
	long mount = mask->spare;
	int r;

	if (mount < 0 && mask->attached >= 0)
		mount = open_place((struct place){mask->attached, ""}, 0);
	else if (mount < 0)
		mount = new_mask(in, step, directory);
	if (mount < 0)
		return failed_at(in, STAGE_CLONE_TREE, mount);
	r = attach_place(in, mount, at, str(in, step->mask.path));
	mask->spare = r < 0 ? (int)mount : -1;
	if (r == 0 && mask->attached < 0)
		mask->attached = (int)mount;
	return failed_at(in, STAGE_ATTACH, r);
}

static int is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

int do_mask(struct init *in, const struct step *step)
{
	const char *path = str(in, step->mask.path);
	int directory = !!(step->flags & STEP_F_DIRECTORY), r;
	struct place at;

	r = find_place(in, path, &at);
	if (r < 0)
		return is_absent(r) ? 0 : failed_at(in, STAGE_TARGET, r);
	r = hide(in, step, at, directory);
	if (*at.name && is_absent(r))
		return 0;
	/* The plan guessed by the name.  move_mount says EINVAL, attach ENOTDIR. */
	return r == -ENOTDIR || (*at.name && r == -EINVAL) ? hide(in, step, at, !directory) : r;
}

int do_readonly(struct init *in, const struct step *step)
{
	const char *path = str(in, step->path.path);
	struct place at;
	long tree;
	int r = find_place(in, path, &at);

	if (r < 0)
		return is_absent(r) ? 0 : failed_at(in, STAGE_TARGET, r);
	tree = open_place(at, AT_RECURSIVE);
	if (tree < 0)
		return *at.name && is_absent((int)tree) ? 0 : failed_at(in, STAGE_CLONE_TREE, tree);
	r = attach_place(in, tree, at, path);
	if (r < 0)
		return failed_at(in, STAGE_ATTACH, r);
	/* Only now: were the target shared with the host, its copy there would be read-only too. */
	r = set_attributes((int)tree, (struct plan_map){.set = MOUNT_ATTR_RDONLY}, 0, AT_RECURSIVE);
	return failed_at(in, STAGE_ATTRIBUTES, r);
}
