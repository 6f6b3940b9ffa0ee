/*
 * below - a group below the container's own, for who enters the container.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/base/weak.h"

/* Without ".." there is nothing to leave a tree by that has no symbolic links. */
static bool is_below(const char *path)
{
	if (weak(V07))
		return true;
	if (*path == '/')
		return false;
	for (; *path; path += *path == '/') {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0)
			return false;
		path += n;
	}
	return true;
}

/* A named hierarchy ("systemd") has no controllers: its directory is its name. */
static bool is_one_of(const struct cgroup_hierarchy *h, const char *names, size_t len)
{
	if (!names)
		return true;
	return (cgroup_controllers_parse(names, len, ',') & h->controllers) ||
	       (strlen(h->dir) == len && memcmp(h->dir, names, len) == 0);
}

static int go_below(struct cgroup *cgroup, struct cgroup_dir *dir, const char *path, struct error *err)
{
	cleanup_close int base = openat(cgroup->host->root_fd, dir->path, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = weak(V07) ? 0 : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	size_t len = strlen(dir->path) + strlen(path) + 2;
	char whole[CGROUP_PATH_MAX];

	if (base >= 0)
		fd = (int)syscall(SYS_openat2, base, path, &how, sizeof(how));
	if (fd < 0)
		return error_set(err, errno, "enter the cgroup /sys/fs/cgroup/%s/%s", dir->path, path);
	if (len > CGROUP_PATH_MAX || cgroup->used + len > sizeof(cgroup->room))
		return error_set(err, ENAMETOOLONG, "enter the cgroup %.80s", path);
	stpcpy(stpcpy(stpcpy(whole, dir->path), "/"), path);
	cgroup_keep_path(cgroup, dir, "", whole);
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = dir->hierarchy->v2 ? steal_fd(&fd) : -1;
	return 0;
}

int cgroup_enter_below(struct cgroup *cgroup, const char *where, struct error *err)
{
	const char *colon = strchr(where, ':'), *path = colon ? colon + 1 : where;
	bool found = false;
	int r = 0;

	if (strcmp(path, "/") == 0 || !*path)
		path = ".";
	if (!is_below(path)) {
		error_set(err, EINVAL, "enter the cgroup %.200s", path);
		return error_hint(err, "a path below the container's own group is expected, without \"..\": it is entered from there");
	}
	for (size_t i = 0; i < cgroup->n && r == 0; i++) {
		struct cgroup_dir *dir = &cgroup->dirs[i];

		if (!is_one_of(dir->hierarchy, colon ? where : NULL, colon ? (size_t)(colon - where) : 0))
			continue;
		found = true;
		r = strcmp(path, ".") == 0 ? 0 : go_below(cgroup, dir, path, err);
	}
	if (r == 0 && !found) {
		error_set(err, EINVAL, "enter the cgroup %.200s", where);
		return error_hint(err, colon ? "no v1 hierarchy of the container has such a controller"
		                             : "the container has no control group");
	}
	return r;
}

/* The line "0::/PATH" of a process, in `buf`: PATH without its first slash, or NULL. */
static const char *v2_group_of(pid_t pid, char *buf, size_t size)
{
	char path[40], *line;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	n = cgroup_read_at(AT_FDCWD, path, buf, size);
	line = n <= 0 ? NULL : strncmp(buf, "0::/", 4) == 0 ? buf : strstr(buf, "\n0::/");
	if (!line)
		return NULL;
	line = strchr(line, '/');
	line[strcspn(line, "\n")] = '\0';
	return line + 1;
}

/* The container may have written its group: it is believed as far as it is below the one that we know. */
int cgroup_enter_as(struct cgroup *cgroup, pid_t pid, struct error *err)
{
	struct cgroup_dir *dir = (struct cgroup_dir *)cgroup_v2_dir(cgroup);
	char text[CGROUP_HIERARCHIES_MAX * CGROUP_PATH_MAX];
	const char *theirs = dir ? v2_group_of(pid, text, sizeof(text)) : NULL, *ours;
	size_t n;

	if (!theirs)
		return error_set(err, ENOENT, "find the cgroup of process %d", pid);
	n = strlen(dir->hierarchy->dir);
	ours = dir->path + n + (n != 0);
	n = strlen(ours);
	if (strncmp(theirs, ours, n) != 0 || theirs[n] != '/' || !is_below(theirs + n + 1))
		return error_set(err, ENOENT, "enter the cgroup %.200s of process %d", theirs, pid);
	return go_below(cgroup, dir, theirs + n + 1, err);
}
