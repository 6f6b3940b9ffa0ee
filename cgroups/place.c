/*
 * place - where a container's group goes: cgroupsPath and the host's layout to one directory per
 * hierarchy.  Pure: nothing is looked up.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/internal.h"

/* What is left in a path for the name of a file of the group. */
#define ROOM 256

/* "a:b:c" is how engines name a systemd unit: slice, prefix, name. */
static bool is_unit(const char *path)
{
	const char *first = strchr(path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	return second && !strchr(second + 1, ':') && !strchr(path, '/');
}

/* Appends the components of `path` to `out`, each behind a '/'; `out` stays below CGROUP_PATH_MAX - ROOM. */
static int append(char *out, const char *path, struct error *err)
{
	size_t len = strlen(out);

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0)
			return error_set(err, EINVAL, "a cgroup path must not contain '..'");
		if (n > NAME_MAX || len + 1 + n >= CGROUP_PATH_MAX - ROOM)
			return error_set(err, EINVAL, "a cgroup path is too long");
		if (memchr(path, '\n', n))
			return error_set(err, EINVAL, "a cgroup path must not contain a newline");
		if (n > 0 && !(n == 1 && *path == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
			out[len] = '\0';
		}
		path += n + (path[n] == '/');
	}
	return 0;
}

/*
 * Where a relative path starts.  A group outside the root of our cgroup namespace ("/../x")
 * cannot be named from here: then the root of the mount is the place.
 */
static void base_of(const struct cgroup_hierarchy *h, char *ret)
{
	struct error ignored = {0};
	char *slash;

	ret[0] = '\0';
	if (append(ret, h->own, &ignored) < 0)
		ret[0] = '\0';
	slash = h->v2 ? strrchr(ret, '/') : NULL;
	if (slash)
		*slash = '\0';
}

void cgroup_keep_path(struct cgroup *cgroup, struct cgroup_dir *dir, const char *hierarchy, const char *path)
{
	char *to = cgroup->room + cgroup->used;

	dir->path = to;
	to = stpcpy(stpcpy(to, hierarchy), path);
	cgroup->used += (size_t)(to + 1 - dir->path);
}

static int locate_in(const struct cgroup_hierarchy *h, const char *path, struct cgroup *cgroup, struct cgroup_dir *ret,
                     struct error *err)
{
	char group[CGROUP_PATH_MAX] = "";
	int r;

	if (*path != '/')
		base_of(h, group);
	r = append(group, path, err);
	if (r < 0)
		return r;
	if (strlen(h->dir) + strlen(group) >= CGROUP_PATH_MAX - ROOM)
		return error_set(err, EINVAL, "a cgroup path is too long");
	ret->hierarchy = h;
	ret->fd = -1;
	ret->made = false;
	ret->parents = 0;
	cgroup_keep_path(cgroup, ret, h->dir, *h->dir ? group : group + 1);
	return 0;
}

static bool names_a_group(const char *path)
{
	/* More than slashes and single dots. */
	for (; *path; path += *path == '/') {
		size_t n = strcspn(path, "/");

		if (n > 1 || (n == 1 && *path != '.'))
			return true;
		path += n;
	}
	return false;
}

static int check(const char *path, struct error *err)
{
	if (is_unit(path)) {
		error_set(err, ERROR_SAID, "cgroupsPath '%s' names a systemd unit (slice:prefix:name)", path);
		return error_hint(err, "the cgroupfs manager takes a path such as /group/name: set the "
		                       "engine's cgroup driver to cgroupfs, or have systemd manage the group "
		                       "(--systemd-cgroup)");
	}
	if (!names_a_group(path))
		return error_set(err, EINVAL, "cgroupsPath '%s' is the root group", path);
	return 0;
}

int cgroup_locate(const struct cgroup_host *host, const struct text *cgroups_path, const char *id,
                  struct cgroup *ret, struct error *err)
{
	bool given = cgroups_path && cgroups_path->s && *cgroups_path->s;
	const char *path = given ? cgroups_path->s : NULL;
	char name[NAME_MAX + 1];
	int r = 0;

	ret->host = host;
	ret->n = ret->used = 0;
	if (!given) {
		if (strchr(id, '/') ||
		    snprintf(name, sizeof(name), "crun-lite-%s", id) >= (int)sizeof(name))
			return error_set(err, EINVAL, "cannot name a cgroup after container '%s'", id);
		path = name;
	} else {
		r = check(path, err);
	}
	for (size_t i = 0; i < host->n && r == 0; i++) {
		r = locate_in(&host->hierarchies[i], path, ret, &ret->dirs[i], err);
		if (r < 0)
			error_wrap(err, "cgroupsPath '%.200s'", path);
		else
			ret->n = i + 1;
	}
	if (r < 0 && given)
		error_locate(err, cgroups_path->at);
	return r;
}
