/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/mount_parts.h"

#include <limits.h>
#include <string.h>

bool plan_is_one_of(const char *s, const char *const *list, size_t n)
{
	for (size_t i = 0; s && i < n; i++)
		if (strcmp(s, list[i]) == 0)
			return true;
	return false;
}

bool plan_is_virtual(const char *type)
{
	static const char *const types[] = {"cgroup", "cgroup2", "devpts", "mqueue", "proc", "sysfs", "tmpfs"};

	return is_in(type, types);
}

const char *plan_normalise(const char *path, char *buf, size_t size)
{
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			while (n > 0 && buf[--n] != '/')
				;
		} else if (len > 0 && !(len == 1 && *path == '.') && n + len + 2 < size) {
			buf[n++] = '/';
			memcpy(buf + n, path, len);
			n += len;
		}
		path += len + (path[len] == '/');
	}
	buf[n] = '\0';
	return buf;
}

bool plan_is_path(const struct mount *m, const char *path)
{
	char buf[PATH_MAX];

	return strcmp(plan_normalise(m->destination.s, buf, sizeof(buf)), path) == 0;
}

const char *plan_below_proc(const char *path, char *buf, size_t size)
{
	plan_normalise(path, buf, size);
	if (strncmp(buf, "/proc", 5) != 0 || (buf[5] && buf[5] != '/'))
		return NULL;
	return buf + 5 + (buf[5] == '/');
}

int plan_hint_proc(struct source at, struct error *err)
{
	error_hint(err, "what lies over /proc would hide or forge what the kernel says there");
	return error_locate(err, at);
}
