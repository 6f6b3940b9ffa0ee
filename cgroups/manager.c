/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/devices.h"
#include "cgroups/internal.h"
#include "cgroups/systemd.h"

/* ---- by ourselves, by nobody ---- */

static int locate_fs(const struct cgroup_host *host, const struct cgroup_wish *wish, struct cgroup *ret,
                     struct unit *ret_unit, struct error *err)
{
	return cgroup_locate(host, wish->cgroups_path, wish->id, ret, err);
}

static int locate_nothing(const struct cgroup_host *host, const struct cgroup_wish *wish, struct cgroup *ret,
                          struct unit *ret_unit, struct error *err)
{
	ret->host = host;
	ret->n = ret->used = 0;
	return 0;
}

/* ---- by systemd ---- */

bool cgroup_user_manager(void)
{
	return geteuid() != 0 ||
	       (devices_in_userns() && (getenv("DBUS_SESSION_BUS_ADDRESS") || getenv("XDG_RUNTIME_DIR")));
}

static void place(struct cgroup *cgroup, const char *path)
{
	cgroup->used = 0;
	for (size_t i = 0; i < cgroup->n; i++) {
		const struct cgroup_hierarchy *h = cgroup->dirs[i].hierarchy;

		cgroup_keep_path(cgroup, &cgroup->dirs[i], h->dir, *h->dir ? path : path + 1);
	}
}

static int add_subgroup(const struct unit *unit, char *path, struct error *err)
{
	size_t n = strlen(path);

	if (!*unit->subgroup)
		return 0;
	if (n + strlen(unit->subgroup) + 1 >= CGROUP_PATH_MAX - NAME_MAX)
		return error_set(err, ENAMETOOLONG, "find the group %.40s of unit %s", unit->subgroup, unit->name);
	stpcpy(stpcpy(path + n, "/"), unit->subgroup);
	return 0;
}

static int locate_unit(const struct cgroup_host *host, const struct cgroup_wish *wish, struct cgroup *ret,
                       struct unit *ret_unit, struct error *err)
{
	char path[CGROUP_PATH_MAX];
	int r = unit_name(wish->cgroups_path, wish->id, wish->user, ret_unit, err);

	ret->host = host;
	ret->n = ret->used = 0;
	if (r == 0)
		r = unit_subgroup(wish->annotations, ret_unit, err);
	/* A slice stays by itself. */
	ret_unit->held = wish->held && !ret_unit->is_slice;
	/* On v2 who holds it must not be in the container's own group, where it would be counted. */
	if (ret_unit->held && host->layout == CGROUP_V2 && !*ret_unit->subgroup)
		strcpy(ret_unit->subgroup, "container");
	if (r == 0)
		r = unit_path(ret_unit, path, err);
	if (r == 0)
		r = add_subgroup(ret_unit, path, err);
	if (r < 0)
		return r;
	if (wish->user && host->layout != CGROUP_V2) {
		error_set(err, ENOTSUP, "ask the user's systemd for %s", ret_unit->name);
		return error_hint(err, "it has groups to give on cgroup v2 only: run with --cgroup-manager cgroupfs");
	}
	for (size_t i = 0; i < host->n; i++)
		ret->dirs[ret->n++] = (struct cgroup_dir){.hierarchy = &host->hierarchies[i], .fd = -1};
	/* Of the system's manager it is certain; of the user's it is found when it is there. */
	place(ret, path);
	return 0;
}

const struct cgroup_manager cgroup_managers[CGROUP_MANAGERS] = {
	[CGROUP_BY_FS] = {"cgroupfs", locate_fs},
	[CGROUP_BY_SYSTEMD] = {"systemd", locate_unit},
	[CGROUP_BY_NOBODY] = {"disabled", locate_nothing},
};

/* cgroups(7): the line of the hierarchy by which systemd knows its units. */
static int read_path(const struct cgroup *cgroup, pid_t pid, char *ret, struct error *err)
{
	const char *key = cgroup->host->layout == CGROUP_V2 ? "0::" : "name=systemd:";
	char name[64], text[8192], *line, *path;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	n = cgroup_read_at(AT_FDCWD, name, text, sizeof(text));
	if (n < 0)
		return error_set(err, errno, "read %s", name);
	text[n] = '\0';
	line = strstr(text, key);
	path = line ? line + strlen(key) : text;
	path[strcspn(path, "\n")] = '\0';
	if (!line || *path != '/' || strlen(path) >= CGROUP_PATH_MAX - NAME_MAX || strstr(path, "/../"))
		return error_set(err, ERROR_SAID, "read %s: there is no group of systemd's", name);
	strcpy(ret, path);
	return 0;
}

static int check_path(const char *path, const struct unit *unit, struct error *err)
{
	const char *slash = strrchr(path, '/');

	if (slash && strcmp(slash + 1, unit->name) == 0)
		return 0;
	error_set(err, ERROR_SAID, "start %s: systemd says it has, but the process is in %s", unit->name, path);
	return error_hint(err, "is it the systemd of another container or namespace that was asked?");
}

/* A slice takes no process from systemd: where it is has to be asked for, and the process is put there. */
static int find_path(const struct cgroup *cgroup, const struct unit *unit, pid_t pid, struct dbus *bus, char *ret,
                     struct error *err)
{
	int r = unit->is_slice
			? systemd_get(bus, unit->name, "Slice", "ControlGroup", ret, CGROUP_PATH_MAX - NAME_MAX, err)
			: read_path(cgroup, pid, ret, err);

	return r < 0 ? r : check_path(ret, unit, err);
}

/* Makes the group, if it is not there, and moves the process. */
static int move_to(const struct cgroup *cgroup, const char *path, pid_t pid, struct error *err)
{
	char file[CGROUP_PATH_MAX + 32], text[16];
	int root_fd = cgroup->host->root_fd, n = snprintf(text, sizeof(text), "%d", pid);

	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	if (mkdirat(root_fd, path, 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "make the cgroup /sys/fs/cgroup/%s", path);
	if (cgroup_write_at(root_fd, file, text, (size_t)n) < 0)
		return error_set(err, errno, "move process %d to /sys/fs/cgroup/%s", pid, path);
	return 0;
}

/*
 * `path` is the unit's own group.  v2: beside the container's, whose controllers can only be switched on when nobody is
 * in the unit's own.  v1: in the hierarchy by which systemd knows who is left; it has no controllers.
 */
static int hold(const struct cgroup *cgroup, const struct unit *unit, const char *path, struct error *err)
{
	bool v2 = cgroup->host->layout == CGROUP_V2;
	char group[CGROUP_PATH_MAX + NAME_MAX];
	int r = 0;

	for (size_t i = 0; i < cgroup->n && r == 0; i++) {
		const struct cgroup_hierarchy *h = cgroup->dirs[i].hierarchy;

		snprintf(group, sizeof(group), "%s%s%s", h->dir, *h->dir ? path : path + 1,
		         !v2 ? "" : strcmp(unit->subgroup, "hold") == 0 ? "/holder" : "/hold");
		if (v2 || !h->controllers)
			r = move_to(cgroup, group, unit->holder, err);
	}
	return r;
}

/* A slice takes no process from systemd, a scope takes it into its own group.  The groups of v1 it joins by itself. */
static int enter(const struct cgroup *cgroup, const struct unit *unit, pid_t pid, struct error *err)
{
	const struct cgroup_dir *dir = cgroup_v2_dir(cgroup);

	return dir && (unit->is_slice || *unit->subgroup) ? move_to(cgroup, dir->path, pid, err) : 0;
}

/* What is there is taken as it is, with the process in it. */
static void adopt(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n; i++)
		cgroup->dirs[i].entered = faccessat(cgroup->host->root_fd, cgroup->dirs[i].path, F_OK, 0) == 0;
}

int cgroup_start(struct cgroup *cgroup, const struct unit *unit, pid_t pid, struct dbus *bus,
                 const struct resources *resources, const struct pairs *annotations, bool *ret_started,
                 struct error *err)
{
	bool v2 = cgroup->host->layout == CGROUP_V2;
	char path[CGROUP_PATH_MAX], planned[CGROUP_PATH_MAX];
	int r = systemd_start(bus, unit, pid, resources, annotations, !v2, ret_started, err);

	if (r == 0)
		r = find_path(cgroup, unit, pid, bus, path, err);
	if (r == 0)
		r = unit_path(unit, planned, err);
	if (r < 0)
		return r;
	/* On v1 init's mounts name it already. */
	if (!v2 && strcmp(path, planned) != 0)
		return error_set(err, ERROR_SAID, "start %s: its group is %s, and not %s", unit->name, path, planned);
	r = unit->holder ? hold(cgroup, unit, path, err) : 0;
	if (r == 0)
		r = add_subgroup(unit, path, err);
	if (r < 0)
		return r;
	place(cgroup, path);
	r = enter(cgroup, unit, pid, err);
	if (r < 0)
		return r;
	adopt(cgroup);
	return cgroup_make(cgroup, resources, CGROUP_PART_ALL, err);
}

uint64_t cgroup_identity(size_t n, const char *const *paths)
{
	char path[CGROUP_PATH_MAX + 32];
	struct stat st;
	size_t i = n;

	/* The one that systemd looks at. */
	while (i > 1 && strncmp(paths[i - 1], "systemd/", 8) != 0)
		i--;
	if (i == 0)
		return 0;
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", paths[i - 1]);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}
