/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SUBGROUP "run.oci.systemd.subgroup"

/* ---- names ---- */

/* systemd.unit(5): what a unit's name may be made of.  '@' would make it an instance of a template. */
static bool is_plain(const char *s, size_t n)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\";

	for (size_t i = 0; i < n; i++)
		if (!s[i] || !strchr(allowed, s[i]))
			return false;
	return true;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* systemd.slice(5): "-.slice" is the root; else parts between dashes, none of them empty. */
static int check_slice(const char *slice, struct error *err)
{
	size_t n = strlen(slice);

	if (strcmp(slice, "-.slice") == 0)
		return 0;
	if (!ends_with(slice, ".slice") || n <= 6 || !is_plain(slice, n) || slice[0] == '-' || slice[n - 7] == '-' ||
	    strstr(slice, "--")) {
		error_set(err, EINVAL, "'%.100s' is not the name of a slice", slice);
		return error_hint(err, "such as system.slice, or machine-web.slice (which is in machine.slice)");
	}
	return 0;
}

static int bad_path(const char *path, struct error *err)
{
	error_set(err, EINVAL, "cgroupsPath '%.200s' names no systemd unit", path);
	return error_hint(
		err, "with the systemd manager it is SLICE:PREFIX:NAME, such as system.slice:docker:x; paths are for "
		     "--cgroup-manager cgroupfs");
}

/* The three parts; what is between the colons is copied, so it has to fit. */
static int split(const char *path, char parts[3][UNIT_NAME_MAX + 1], struct error *err)
{
	for (int i = 0; i < 3; i++) {
		size_t n = strcspn(path, ":");

		if (n > UNIT_NAME_MAX || !is_plain(path, n) || (i < 2) != (path[n] == ':'))
			return bad_path(path, err);
		memcpy(parts[i], path, n);
		parts[i][n] = '\0';
		path += n + (path[n] == ':');
	}
	return 0;
}

static int name_scope(const char *prefix, const char *name, struct unit *ret, struct error *err)
{
	int n = snprintf(ret->name, sizeof(ret->name), "%s%s%s.scope", prefix, *prefix ? "-" : "", name);

	if ((size_t)n >= sizeof(ret->name))
		return error_set(err, ENAMETOOLONG, "name the unit %.64s...", ret->name);
	return 0;
}

static int name_unit(const char *path, struct unit *ret, struct error *err)
{
	char parts[3][UNIT_NAME_MAX + 1];
	int r = split(path, parts, err);

	if (r < 0)
		return *err->hint ? r : bad_path(path, err);
	if (!*parts[2])
		return bad_path(path, err);
	ret->is_slice = ends_with(parts[2], ".slice");
	if (ret->is_slice) {
		strcpy(ret->name, parts[2]);
		return strcmp(ret->name, "-.slice") == 0 ? bad_path(path, err) : check_slice(ret->name, err);
	}
	if (*parts[0])
		strcpy(ret->slice, parts[0]);
	r = check_slice(ret->slice, err);
	return r < 0 ? r : name_scope(parts[1], parts[2], ret, err);
}

bool unit_is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= UNIT_NAME_MAX && is_plain(name, n) &&
	       (ends_with(name, ".scope") || ends_with(name, ".slice"));
}

void unit_describe(struct unit *unit, const char *id)
{
	snprintf(unit->description, sizeof(unit->description), "crun-lite container %s", id);
}

int unit_name(const struct text *cgroups_path, const char *id, bool user, struct unit *ret, struct error *err)
{
	bool given = cgroups_path && cgroups_path->s && *cgroups_path->s;
	int r;

	*ret = (struct unit){.user = user};
	unit_describe(ret, id);
	strcpy(ret->slice, user ? "user.slice" : "system.slice");
	/* '+' may be in an ID, and not in a unit's name. */
	if (!given && !is_plain(id, strlen(id))) {
		error_set(err, EINVAL, "container %.200s: a unit cannot have this name", id);
		return error_hint(err, "set linux.cgroupsPath to SLICE:PREFIX:NAME");
	}
	r = given ? name_unit(cgroups_path->s, ret, err) : name_scope("crun-lite", id, ret, err);
	return r < 0 && given ? error_locate(err, cgroups_path->at) : r;
}

int unit_subgroup(const struct pairs *annotations, struct unit *unit, struct error *err)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const struct pair *p = &annotations->v[i];
		size_t n = strlen(p->value);

		if (strcmp(p->key, SUBGROUP) != 0 || n == 0)
			continue;
		if (n > NAME_MAX || *p->value == '.' || !is_plain(p->value, n)) {
			error_set(err, EINVAL, SUBGROUP " '%.80s' cannot be the name of a group", p->value);
			error_hint(err, "letters, digits and :-_.\\ make one");
			return error_locate(err, p->at);
		}
		if (unit->is_slice) {
			error_set(err, EINVAL, SUBGROUP " '%.80s' in the slice %s", p->value, unit->name);
			error_hint(err, "a slice is systemd's to divide, a scope is ours");
			return error_locate(err, p->at);
		}
		strcpy(unit->subgroup, p->value);
	}
	return 0;
}

/* "a-b.slice" is a.slice/a-b.slice. */
static size_t expand(const char *slice, char *out, size_t size)
{
	size_t len = 0, stem = strlen(slice) - strlen(".slice");

	out[0] = '\0';
	if (strcmp(slice, "-.slice") == 0)
		return 0;
	for (size_t i = 1; i <= stem && len < size; i++)
		if (i == stem || slice[i] == '-')
			len += (size_t)snprintf(out + len, size - len, "/%.*s.slice", (int)i, slice);
	return len;
}

int unit_path(const struct unit *unit, char *ret, struct error *err)
{
	size_t n = expand(unit->is_slice ? unit->name : unit->slice, ret, CGROUP_PATH_MAX - NAME_MAX);

	if (!unit->is_slice && n < CGROUP_PATH_MAX - NAME_MAX)
		n += (size_t)snprintf(ret + n, CGROUP_PATH_MAX - NAME_MAX - n, "/%s", unit->name);
	return n < CGROUP_PATH_MAX - NAME_MAX ? 0
					      : error_set(err, ENAMETOOLONG, "find the group of unit %s", unit->name);
}

void unit_escape(const char *name, char *ret)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			*ret++ = (char)c;
		else
			ret += sprintf(ret, "_%02x", c);
	}
	*ret = '\0';
}
