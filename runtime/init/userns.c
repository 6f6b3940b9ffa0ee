/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/stat.h>

/*
 * In a user namespace: becoming its root, and the mounts that come from outside.  They are opened in the mount
 * namespace that belongs to the user namespace (see enum slot_opener), by the parent or here.
 */

#define PAGE 4096ul
#define LARGEST_PAGE 65536ul

static struct plan_slot *slots(const struct init *in)
{
	return (struct plan_slot *)plan_at(in->plan, in->plan->slots.offset);
}

/* The plan is private memory that was only meant to be read. */
static int make_writable(const struct init *in)
{
	unsigned long start = (unsigned long)slots(in) & ~(LARGEST_PAGE - 1);
	unsigned long end = (unsigned long)(slots(in) + in->plan->slots.n);

	if (start < (unsigned long)in->plan)
		start = (unsigned long)in->plan;
	return (int)sys(mprotect, start, (end - start + PAGE - 1) & ~(PAGE - 1), PROT_READ | PROT_WRITE);
}

/* ---- MAPPED ---- */

static struct plan_slot *next_inside(const struct init *in, uint32_t *at)
{
	for (; *at < in->plan->slots.n; (*at)++)
		if (slots(in)[*at].opener == OPENED_INSIDE && slots(in)[*at].fd < 0)
			return &slots(in)[*at];
	return NULL;
}

/* The slots' fds come in their order, in as many packets as it takes. */
static int await_mapped(struct init *in)
{
	int fds[MESSAGE_FDS_MAX], r;
	uint32_t at = 0;
	unsigned n;

	r = next_inside(in, &at) ? make_writable(in) : 0;
	if (r < 0)
		return r;
	do {
		r = sync_receive(in, MSG_MAPPED, NULL, NULL, 0, fds, &n);
		for (unsigned i = 0; i < n && r == 0; i++) {
			struct plan_slot *slot = next_inside(in, &at);

			if (!slot)
				return -EPROTO;
			slot->fd = fds[i];
		}
	} while (r == 0 && next_inside(in, &at));
	return r;
}

/* user_namespaces(7): all capabilities, and none of them may go to a program that a hook executes. */
static int keep_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct data[2] = {
		{.effective = ~0u, .permitted = ~0u},
		{.effective = ~0u, .permitted = ~0u},
	};

	return (int)sys(capset, &header, data);
}

/* A namespace that is joined maps whom it likes. */
static long become(long r, const struct step *step)
{
	return r == -EINVAL && (step->flags & STEP_F_OPTIONAL) ? 0 : r;
}

int do_mapped(struct init *in, const struct step *step)
{
	long r = step->flags & STEP_F_ENTER ? 0 : await_mapped(in);

	if (r < 0)
		return failed_at(in, STAGE_MESSAGE, r);
	if (!step->mapped.own)
		return 0;
	r = become(sys(setresgid, step->mapped.gid, step->mapped.gid, step->mapped.gid), step);
	if (r < 0)
		return failed_at(in, STAGE_GID, r);
	sys(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	r = become(sys(setresuid, step->mapped.uid, step->mapped.uid, step->mapped.uid), step);
	if (r < 0)
		return failed_at(in, STAGE_UID, r);
	r = keep_capabilities();
	if (r < 0)
		return failed_at(in, STAGE_CAPS, r);
	/* Until now the parent, perhaps an ordinary user, had to write into our /proc/PID (V22). */
	return (int)sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* ---- OPEN ---- */

static long open_tree(const char *path, unsigned long flags)
{
	return sys(open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static long open_no_links(const char *path, unsigned long flags)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	long at = sys(openat2, AT_FDCWD, path, &how, sizeof(how)), r;

	if (at < 0)
		return at;
	r = sys(open_tree, at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
	sys(close, at);
	return r;
}

static long type_of(long fd, struct statx *ret)
{
	long r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, ret);

	return r < 0 ? r : ret->stx_mode & S_IFMT;
}

static long open_root(const char *path)
{
	long fd = open_tree(path, AT_RECURSIVE | AT_SYMLINK_NOFOLLOW), type;
	struct statx st;

	if (fd == -EPERM)       /* without a mount namespace of our own: for chroot */
		return sys(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	type = fd < 0 ? fd : type_of(fd, &st);
	if (type < 0)
		return type;
	return type == S_IFLNK ? -ELOOP : type == S_IFDIR ? fd : -ENOTDIR;
}

static long open_proc(const char *path)
{
	long fd = open_tree(path, AT_RECURSIVE);

	return fd < 0 || proc_is_root(fd) ? fd : -EPERM;
}

static long open_null(const char *path)
{
	long fd = open_tree(path, 0);
	struct statx st;

	if (fd < 0)
		return fd;
	return type_of(fd, &st) == S_IFCHR && st.stx_rdev_major == 1 && st.stx_rdev_minor == 3 ? fd : -ENODEV;
}

static long open_slot(const struct init *in, const struct plan_slot *slot)
{
	const char *path = str(in, slot->path);

	switch (slot->kind) {
	case SLOT_ROOT:
		return open_root(path);
	case SLOT_PROC:
		return open_proc(path);
	case SLOT_NULL:
		return open_null(path);
	default:
		if (slot->flags & SLOT_NO_LINKS)
			return open_no_links(path, slot->flags & AT_RECURSIVE);
		return open_tree(path, slot->flags & (AT_RECURSIVE | AT_SYMLINK_NOFOLLOW));
	}
}

int do_open(struct init *in, const struct step *step)
{
	int r = make_writable(in);

	for (uint32_t i = 0; i < in->plan->slots.n && r == 0; i++) {
		struct plan_slot *slot = &slots(in)[i];
		long fd;

		if (slot->opener != OPENED_BY_INIT)
			continue;
		fd = open_slot(in, slot);
		in->aux = i;
		if (fd < 0)
			return failed_at(in, STAGE_SLOT, fd);
		slot->fd = (int)fd;
	}
	in->aux = 0;
	return r;
}
