/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/users/caller.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/*
 * Never a search along $PATH: the program is set-uid and acts for us, and who could put another in its place would
 * decide about our ids.
 */
static const char *const map_programs[MAP_KINDS][4] = {
	[MAP_UIDS] = {"/usr/bin/newuidmap", "/bin/newuidmap", "/usr/sbin/newuidmap", "/run/wrappers/bin/newuidmap"},
	[MAP_GIDS] = {"/usr/bin/newgidmap", "/bin/newgidmap", "/usr/sbin/newgidmap", "/run/wrappers/bin/newgidmap"},
};

const char *caller_map_program(enum map_kind kind)
{
	for (size_t i = 0; i < 4; i++)
		if (access(map_programs[kind][i], X_OK) == 0)
			return map_programs[kind][i];
	return NULL;
}

/* A decimal number that ends at `end`. */
static bool read_number(const char *s, char end, unsigned long long *ret, const char **rest)
{
	char *stop;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*ret = strtoull(s, &stop, 10);
	*rest = stop + 1;
	return errno == 0 && *stop == end;
}

/* Not by getpwuid(3): a static program would have to load the libraries of nsswitch.conf. */
static bool is_name_of(const char *name, size_t len, uint32_t uid)
{
	cleanup_file FILE *f = fopen("/etc/passwd", "re");
	cleanup_free char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		const char *colon = strchr(line, ':'), *second = colon ? strchr(colon + 1, ':') : NULL, *rest;
		unsigned long long n;

		if (second && (size_t)(colon - line) == len && memcmp(line, name, len) == 0)
			return read_number(second + 1, ':', &n, &rest) && n == uid;
	}
	return false;
}

/* subuid(5) "name:first:count"; the name may be the number. */
static bool read_range(const char *line, uint32_t uid, struct sub_range *ret)
{
	const char *colon = strchr(line, ':'), *rest;
	unsigned long long owner, first, n;

	if (!colon || !read_number(colon + 1, ':', &first, &rest))
		return false;
	if (!read_number(rest, '\n', &n, &rest) || first + n > UINT32_MAX || n == 0)
		return false;
	if (read_number(line, ':', &owner, &rest) ? owner != uid : !is_name_of(line, (size_t)(colon - line), uid))
		return false;
	*ret = (struct sub_range){(uint32_t)first, (uint32_t)n};
	return true;
}

/* The largest of the user's ranges. */
static struct sub_range largest_range(const char *path, uint32_t uid)
{
	cleanup_file FILE *f = fopen(path, "re");
	cleanup_free char *line = NULL;
	struct sub_range best = {0}, range;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0)
		if (read_range(line, uid, &range) && range.n > best.n)
			best = range;
	return best;
}

bool caller_in_user_namespace(void)
{
	cleanup_file FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned inside, outside, n;

	return f && fscanf(f, "%u %u %u", &inside, &outside, &n) == 3 && (inside || outside || n != UINT32_MAX);
}

bool caller_has_one_id(void)
{
	cleanup_file FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned inside, outside, n;

	return f && fscanf(f, "%u %u %u", &inside, &outside, &n) == 3 && n == 1 && fscanf(f, "%u", &inside) != 1;
}

/* user_namespaces(7): "deny" stays with the namespace and those below it. */
static bool is_setgroups_denied(void)
{
	cleanup_file FILE *f = fopen("/proc/self/setgroups", "re");
	char word[8];

	return f && fgets(word, sizeof(word), f) && strncmp(word, "deny", 4) == 0;
}

/* Such engines have one of these in the environment: who has neither pays no system call. */
static void learn_nested(struct caller *caller)
{
	if (!getenv("XDG_RUNTIME_DIR") && !getenv("_CONTAINERS_USERNS_CONFIGURED"))
		return;
	caller->nested_root = caller_in_user_namespace();
	caller->groups_denied = caller->nested_root && is_setgroups_denied();
}

void caller_learn(const struct cap_facts *caps, struct caller *ret)
{
	static const char *const files[MAP_KINDS] = {[MAP_UIDS] = "/etc/subuid", [MAP_GIDS] = "/etc/subgid"};

	*ret = (struct caller){
		.ordinary = !(caps->permitted >> CAP_SYS_ADMIN & 1),
		.ids = {[MAP_UIDS] = (uint32_t)getauxval(AT_EUID), [MAP_GIDS] = (uint32_t)getauxval(AT_EGID)},
	};
	if (!ret->ordinary)
		learn_nested(ret);
	for (enum map_kind kind = 0; ret->ordinary && kind < MAP_KINDS; kind++)
		if (caller_map_program(kind))
			ret->sub[kind] = largest_range(files[kind], ret->ids[MAP_UIDS]);
}
