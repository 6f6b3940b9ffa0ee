/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"

/* ---- what a container has mounted ---- */

static int mount_procfs(const void *arg)
{
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno : 0;
}

static int mount_sysfs(const void *arg)
{
	return mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno : 0;
}

/* The kernel mounts a new one in a user namespace only for who sees an old one with nothing over it. */
static void look_virtual(const struct host *host, const struct check *check, struct finding *ret)
{
	bool proc = check->flag == CLONE_NEWPID;
	struct probe p = probe_run(host, CLONE_NEWUSER | CLONE_NEWNS | check->flag, proc ? mount_procfs : mount_sysfs, NULL);

	found(ret, VERDICT_OK, "can be mounted, also in a user namespace");
	if (p.code == 0)
		return;
	if (p.stage != PROBE_ACT) {
		found(ret, VERDICT_NOTE, "not tried: see the namespaces above");
		return;
	}
	found(ret, VERDICT_LIMITED, "cannot be mounted in a user namespace: %s", strerror(p.code));
	consequence(ret, "%s", proc ? "no container with a user namespace and a pid namespace of its own"
	                            : "containers with a user namespace get no /sys of their own");
	if (p.code == EPERM)
		remedy(ret, "parts of %s are covered here: let the outer container show it whole (%s)", proc ? "/proc" : "/sys",
		       proc ? "podman, docker: --security-opt unmask=ALL, systempaths=unconfined" : "or bind /sys instead");
}

/* ---- overlay ---- */

static int mount_overlay(const void *arg)
{
	const bool *ordinary = arg;
	static const char *const made[] = {"/proc/l", "/proc/u", "/proc/w", "/proc/m"};
	char options[96];

	/* Any directory that is there; nobody else sees what is mounted on it. */
	if (mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0)
		return errno;
	for (size_t i = 0; i < 4; i++)
		if (mkdir(made[i], 0755) < 0)
			return errno;
	snprintf(options, sizeof(options), "lowerdir=/proc/l,upperdir=/proc/u,workdir=/proc/w%s", *ordinary ? ",userxattr" : "");
	return mount("overlay", "/proc/m", "overlay", 0, options) < 0 ? errno : 0;
}

static void look_overlay(const struct host *host, const struct check *check, struct finding *ret)
{
	struct probe p = probe_run(host, CLONE_NEWNS, mount_overlay, &host->caller.ordinary);

	found(ret, VERDICT_OK, "can be mounted%s", host->caller.ordinary ? " by this user" : "");
	if (p.code == 0)
		return;
	if (p.stage != PROBE_ACT) {
		found(ret, VERDICT_NOTE, "not tried: see the namespaces above");
		return;
	}
	found(ret, VERDICT_LIMITED, "cannot be mounted: %s", strerror(p.code));
	consequence(ret, "images (run IMAGE) and sandboxes do not work; bundles do");
	if (p.code == ENODEV)
		remedy(ret, "modprobe overlay, or a kernel with CONFIG_OVERLAY_FS");
	else if (p.code == EPERM)
		remedy(ret, "a security module or an outer container forbids it: ask dmesg");
}

/* ---- mounts whose owners are others ---- */

/* A process whose user namespace has a map, as the id map of a mount is given; it ends with its pipe. */
static pid_t start_mapped(int *ret_pipe)
{
	char path[64];
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		char byte;

		close(fds[1]);
		_exit(read(fds[0], &byte, 1) != 0);
	}
	close(fds[0]);
	*ret_pipe = fds[1];
	for (int i = 0; pid > 0 && i < 2; i++) {
		cleanup_close int fd = -1;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, i ? "gid_map" : "uid_map");
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0 100000 65536", 14) != 14)
			break;
	}
	return pid;
}

static int map_tree(const char *directory, pid_t pid)
{
	cleanup_close int tree = (int)syscall(SYS_open_tree, AT_FDCWD, directory, OPEN_TREE_CLONE | O_CLOEXEC), userns = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	userns = open(path, O_RDONLY | O_CLOEXEC);
	if (tree < 0 || userns < 0)
		return errno;
	return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH,
	               &(struct mount_attr){.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns}, sizeof(struct mount_attr)) < 0
	               ? errno
	               : 0;
}

/* Where the layers of images are, or will be. */
static const char *store_place(void)
{
	static const char *const places[] = {"/var/lib/crun-lite", "/var/lib", "/"};
	size_t i = 0;

	while (i < 2 && access(places[i], F_OK) < 0)
		i++;
	return places[i];
}

static void look_idmap(const struct host *host, const struct check *check, struct finding *ret)
{
	const char *place = store_place();
	cleanup_close int pipe = -1;
	pid_t pid;
	int code;

	if (host->caller.ordinary) {
		found(ret, VERDICT_NOTE, "only root of the host may map the ids of a mount");
		return;
	}
	pid = start_mapped(&pipe);
	code = pid < 0 ? errno : map_tree(place, pid);
	if (pipe >= 0)
		close(steal_fd(&pipe));
	if (pid > 0)
		waitpid(pid, NULL, 0);
	found(ret, VERDICT_OK, "mounts of %s can be id-mapped", place);
	if (code == 0)
		return;
	found(ret, VERDICT_LIMITED, "mounts of %s cannot be id-mapped: %s", place, strerror(code));
	consequence(ret, "containers with a user namespace cannot share the layers of images there, nor bind with idmap");
	remedy(ret, "ext4, xfs and btrfs can since Linux 5.15, overlay since 6.6, tmpfs since 6.3");
}

static void look_root(const struct host *host, const struct check *check, struct finding *ret)
{
	cleanup_file FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], *point;
	bool shared = false;

	while (f && fgets(line, sizeof(line), f)) {
		point = strstr(line, " / / ");
		if (point && strstr(point, " - "))
			shared = strstr(point, " shared:") && strstr(point, " shared:") < strstr(point, " - ");
	}
	found(ret, shared ? VERDICT_OK : VERDICT_NOTE, "%s", shared ? "shared" : "private");
	if (!shared)
		consequence(ret, "mounts with propagation shared or slave exchange nothing with the host (Kubernetes' Bidirectional)");
	if (!shared)
		remedy(ret, "mount --make-rshared /");
}

const struct check checks_mounts[] = {
	{"mounts", "procfs", look_virtual, CLONE_NEWPID}, {"mounts", "sysfs", look_virtual, CLONE_NEWNET},
	{"mounts", "overlay", look_overlay, 0},           {"mounts", "id maps", look_idmap, 0},
	{"mounts", "propagation of /", look_root, 0},     {0},
};
