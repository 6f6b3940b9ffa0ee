/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define PROC_MAGIC 0x9fa0       /* <linux/magic.h> PROC_SUPER_MAGIC */

int proc_has(long fd)
{
	long fs[32];    /* struct statfs, whose first word is the type */
	long r = sys(fstatfs, fd, fs);

	return r < 0 ? (int)r : fs[0] == PROC_MAGIC;
}

int proc_is_root(long fd)
{
	struct statx st;

	return proc_has(fd) > 0 && sys(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &st) == 0 && st.stx_ino == 1;
}

/*
 * A user namespace that does not own its pid namespace, or sees a /proc with masks, may make none: then the one that is
 * there, if it is a procfs from its root on.  What is mounted over its files is not entered (RESOLVE_NO_XDEV).
 */
static long mounted_procfs(void)
{
	long fd = sys(openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	return fd < 0 || proc_is_root(fd) ? fd : -EPERM;
}

/* Mounted nowhere: nothing can be put over its files, so what is written goes where it should (V10). */
static long private_procfs(struct init *in)
{
	long fs, r;

	if (in->proc >= 0)
		return in->proc;
	fs = sys(fsopen, "proc", FSOPEN_CLOEXEC);
	if (fs < 0)
		return fs;
	r = sys(fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r == 0)
		r = sys(fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (r == -EPERM)
		r = mounted_procfs();
	if (r >= 0)
		in->proc = (int)r;
	return r;
}

int do_procfs(struct init *in, const struct step *step)
{
	long fd = private_procfs(in);

	return fd < 0 ? (int)fd : 0;
}

long proc_reopen(const struct init *in, long fd, unsigned long flags)
{
	char buf[32];

	return sys(openat, in->proc, fd_path(buf, fd) + strlen("/proc/"), flags | O_CLOEXEC, 0);
}

long proc_open(struct init *in, const char *path, unsigned long flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	long proc = private_procfs(in);

	if (proc < 0)
		return failed_at(in, STAGE_PROCFS, proc);
	return failed_at(in, STAGE_TARGET, sys(openat2, proc, path, &how, sizeof(how)));
}

/* A magic link is no way below a directory, nor on the same mount: so only its directory is reached like the rest. */
long proc_follow(struct init *in, const char *directory, const char *link)
{
	long dir = proc_open(in, directory, O_PATH | O_DIRECTORY), fd;

	if (dir < 0)
		return dir;
	fd = sys(openat, dir, link, O_RDONLY | O_CLOEXEC, 0);
	sys(close, dir);
	return failed_at(in, STAGE_TARGET, fd);
}

int do_sysctl(struct init *in, const struct step *step)
{
	const char *value = str(in, step->sysctl.value);
	long fd = proc_open(in, str(in, step->sysctl.path), O_WRONLY), r;

	if (fd < 0)
		return (int)fd;
	r = sys(write, fd, value, strlen(value));
	sys(close, fd);
	return failed_at(in, STAGE_WRITE, r < 0 ? r : 0);
}

/* "unconfined" is what there is without AppArmor: then its file is missing, or nobody listens at it. */
int do_label(struct init *in, const struct step *step)
{
	int r = do_sysctl(in, step);

	return (r == -ENOENT || r == -EINVAL) && (step->flags & STEP_F_OPTIONAL) ? 0 : r;
}
