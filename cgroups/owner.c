/*
 * owner - gives the group to the container's user (config-linux.md "Cgroup ownership").
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"

/* What a kernel that lists them not (before 4.15) has. */
static const char files_default[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

/* A file that the kernel does not have in this group is nobody's. */
static int give(const struct cgroup *cgroup, const char *path, uid_t uid, struct error *err)
{
	if (fchownat(cgroup->host->root_fd, path, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, errno, "give /sys/fs/cgroup/%s to uid %u", path, uid);
}

int cgroup_give(const struct cgroup *cgroup, uid_t uid, struct error *err)
{
	char text[4096], path[CGROUP_PATH_MAX + 80], *save = NULL;
	const struct cgroup_dir *dir = &cgroup->dirs[0];
	int r;

	if (cgroup->n != 1 || !dir->hierarchy->v2)
		return 0;
	if (cgroup_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", text, sizeof(text)) <= 0)
		strcpy(text, files_default);
	r = give(cgroup, dir->path, uid, err);
	for (char *name = strtok_r(text, "\n", &save); name && r == 0; name = strtok_r(NULL, "\n", &save)) {
		snprintf(path, sizeof(path), "%s/%s", dir->path, name);
		r = give(cgroup, path, uid, err);
	}
	return r;
}
