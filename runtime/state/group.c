/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/group.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

#include "cgroups/manager.h"

/* cgroup_reopen leaves out groups of hierarchies that are gone. */
static void remember(const struct state *state, struct cgroup_dir *dir)
{
	for (size_t i = 0; i < state->n_groups; i++) {
		if (strcmp(state->groups[i], dir->path) != 0)
			continue;
		dir->made = !state->group_kept[i];
		dir->parents = state->group_parents[i];
	}
}

/* Its unit has ended, and the name, and with it the group's path, is another container's by now. */
static bool is_anothers(const struct state *state)
{
	uint64_t now = state->unit_group ? cgroup_identity(state->n_groups, state->groups) : 0;

	return now && now != state->unit_group;
}

int group_open(const struct state *state, struct group *ret, struct error *err)
{
	int r;

	ret->open = false;
	ret->host.root_fd = -1;
	r = cgroup_host_open(&ret->host, err);
	if (r == 0)
		r = cgroup_reopen(&ret->host, is_anothers(state) ? 0 : state->n_groups, state->groups, &ret->cgroup, err);
	ret->open = r == 0;
	for (size_t i = 0; r == 0 && i < ret->cgroup.n; i++)
		remember(state, &ret->cgroup.dirs[i]);
	return r;
}

/* A directory of control groups: of those beside each other only the last part of the path differs. */
struct above {
	int fd;                 /* -1: asked about once so far */
	size_t len;
	char path[CGROUP_PATH_MAX];
};

static void move_to(struct above *a, const char *group, size_t len)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	a->len = len;
	snprintf(a->path, sizeof(a->path), "%.*s", (int)len, group);
}

static int open_below(struct above *a, const char *name, const char *file)
{
	char path[CGROUP_PATH_MAX + 64];

	if (a->fd < 0) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", a->path);
		a->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	snprintf(path, sizeof(path), "%s/%s", name, file);
	return a->fd < 0 ? -1 : openat(a->fd, path, O_RDONLY | O_CLOEXEC);
}

static int open_file(const char *group, const char *file)
{
	static struct above above = {.fd = -1};
	const char *name = strrchr(group, '/');
	size_t len = name ? (size_t)(name - group) : 0;
	char path[CGROUP_PATH_MAX + 64];
	int fd = -1;

	if (name && above.len == len && strncmp(above.path, group, len) == 0)
		fd = open_below(&above, name + 1, file);
	else if (name)
		move_to(&above, group, len);
	/* Another directory may have its name by now. */
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", group, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool file_says(const char *group, const char *file, const char *word, bool *ret)
{
	cleanup_close int fd = open_file(group, file);
	char text[32];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	*ret = strncmp(text, word, strlen(word)) == 0;
	return true;
}

/* On v1 only one hierarchy has the file; its directory is called after its controllers. */
static bool has_freezer(const char *path)
{
	size_t len = strcspn(path, "/");
	const char *at = memmem(path, len, "freezer", 7);

	return at && (at == path || at[-1] == ',') && (at + 7 == path + len || at[7] == ',');
}

bool group_is_paused(const struct state *state)
{
	bool frozen = false;

	for (size_t i = 0; i < state->n_groups; i++)
		if (has_freezer(state->groups[i]) && file_says(state->groups[i], "freezer.state", "THAWED", &frozen))
			return !frozen;
	for (size_t i = 0; i < state->n_groups; i++)
		if (file_says(state->groups[i], "cgroup.freeze", "1", &frozen))
			return frozen;
	return false;
}

int group_end(const struct cgroup *group, unsigned timeout_ms, struct error *err)
{
	int r = cgroup_remove(group, 0, err);

	if (r == 0)
		return 0;
	for (size_t i = 0; i < group->n; i++)
		if (!group->dirs[i].made)       /* not ours alone: who is in it may be somebody else */
			return cgroup_remove(group, timeout_ms, err);
	r = cgroup_kill(group, SIGKILL, err);
	/* EBUSY: killed, and not dead yet (v1).  Removing has more time, and says who is left. */
	return r < 0 && r != -EBUSY ? r : cgroup_remove(group, timeout_ms, err);
}

void group_close(struct group *group)
{
	if (group->open)
		cgroup_close(&group->cgroup);
	cgroup_host_close(&group->host);
}
