/*
 * enter - may an ordinary user put a process into its group?
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"

/* Length of what both paths have in common, whole components only. */
static size_t common_length(const char *a, const char *b)
{
	size_t n = 0, last = 0;

	for (; a[n] && a[n] == b[n]; n++)
		if (a[n] == '/')
			last = n;
	return (!a[n] || a[n] == '/') && (!b[n] || b[n] == '/') ? n : last;
}

/* cgroup-v2.rst "Delegation Containment": who moves a process needs the group above both its old and its new one. */
static int check_v2(const struct cgroup *cgroup, const struct cgroup_dir *dir, struct error *err)
{
	const char *dir_name = dir->hierarchy->dir, *own = dir->hierarchy->own;
	const char *group = dir->path + strlen(dir_name) + (*dir_name != '\0');
	char path[CGROUP_PATH_MAX + 80];
	size_t n = common_length(own + 1, group);

	snprintf(path, sizeof(path), "%s%s%.*s%scgroup.procs", dir_name, *dir_name ? "/" : "", (int)n, group, n ? "/" : "");
	if (faccessat(cgroup->host->root_fd, path, W_OK, 0) == 0)
		return 0;
	error_set(err, errno, "put a process into the cgroup /sys/fs/cgroup/%s: write to %s", dir->path, path);
	return error_hint(err, "the group above both it and the caller's must be this user's: start from systemd-run --user "
	                       "--scope -p Delegate=yes, or run with --cgroup-manager disabled");
}

int cgroup_check_enter(const struct cgroup *cgroup, struct error *err)
{
	for (size_t i = 0; i < cgroup->n; i++)
		if (cgroup->dirs[i].hierarchy->v2)
			return check_v2(cgroup, &cgroup->dirs[i], err);
	return 0;
}
