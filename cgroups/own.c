/*
 * own - the group is given to who will make groups below it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"

/* For kernels that do not list them (before 4.15): config-linux.md "Cgroup ownership". */
static const char always[] = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control";

static int own_file(int dir, const struct cgroup_dir *group, const char *name, uid_t uid, struct error *err)
{
	/* What belongs to a controller that is not here does not exist. */
	if (fchownat(dir, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, errno, "give /sys/fs/cgroup/%s%s%s to uid %u", group->path, *name == '.' ? "" : "/",
	                 *name == '.' ? "" : name, uid);
}

int cgroup_own(const struct cgroup *cgroup, uid_t uid, struct error *err)
{
	const struct cgroup_dir *group = cgroup_v2_dir(cgroup);
	char files[1024], *save = NULL;
	cleanup_close int dir = -1;
	int r;

	if (!group)
		return 0;
	dir = openat(cgroup->host->root_fd, group->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "open /sys/fs/cgroup/%s", group->path);
	if (cgroup_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", files, sizeof(files)) <= 0)
		memcpy(files, always, sizeof(always));
	r = own_file(dir, group, ".", uid, err);
	for (char *name = strtok_r(files, "\n", &save); name && r == 0; name = strtok_r(NULL, "\n", &save))
		if (!strchr(name, '/'))
			r = own_file(dir, group, name, uid, err);
	return r;
}
