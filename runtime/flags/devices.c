/*
 * devices - --device HOST[:CONTAINER[:rwm]]: a node with the numbers, owner and mode of the host's, and a rule that allows it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/flags/edit.h"

static const char hint[] = "such as /dev/fuse, /dev/fuse:/dev/fuse2 or /dev/sda:/dev/xvda:r";

static bool is_access(const char *word)
{
	return *word && strlen(word) <= 3 && !word[strspn(word, "rwm")];
}

static int look(const char *given, const char *path, struct stat *ret, struct error *err)
{
	if (stat(path, ret) < 0)
		return error_set(err, errno, "--device %s: look at %s", given, path);
	if (S_ISCHR(ret->st_mode) || S_ISBLK(ret->st_mode))
		return 0;
	if (S_ISDIR(ret->st_mode))
		return edit_expected("device", given, "a device, and not a directory,", "name each of the devices in it", err);
	return edit_expected("device", given, "a device", hint, err);
}

/* In a user namespace the node is the host's, bound: it keeps its owner. */
static int add_node(struct config *c, const char *path, const struct stat *st, struct error *err)
{
	struct device *to = NULL;

	for (size_t i = 0; i < c->linux_.devices.n; i++)
		if (strcmp(c->linux_.devices.v[i].path.s, path) == 0)
			to = &c->linux_.devices.v[i];
	if (!to)
		to = edit_grow(c, &c->linux_.devices, sizeof(*to));
	if (!to || !path)
		return edit_no_memory(err);
	*to = (struct device){
		.type = S_ISCHR(st->st_mode) ? 'c' : 'b',
		.path.s = path,
		.major = (int64_t)major(st->st_rdev),
		.minor = (int64_t)minor(st->st_rdev),
		.file_mode = {.set = true, .value = st->st_mode & 0777},
	};
	if (c->linux_.namespaces[NS_USER].set || geteuid() != 0)
		return 0;
	to->uid = (struct opt_uint){.set = true, .value = st->st_uid};
	to->gid = (struct opt_uint){.set = true, .value = st->st_gid};
	return 0;
}

/* A user namespace makes no nodes: under another name the host's is bound, as podman does it. */
static int bind_node(struct config *c, const char *path, const char *host, struct error *err)
{
	struct mount *m = edit_grow(c, &c->mounts, sizeof(*m));
	int r;

	if (!m || !path || !host)
		return edit_no_memory(err);
	*m = (struct mount){.flag = true, .destination.s = path, .source.s = host, .type.s = "bind"};
	r = edit_add_text(c, &m->options, "bind", err);
	if (r == 0)
		r = edit_add_text(c, &m->options, "nosuid", err);
	return r < 0 ? r : edit_add_text(c, &m->options, "noexec", err);
}

static bool makes_nodes(const struct config *c)
{
	return !c->linux_.namespaces[NS_USER].set && geteuid() == 0;
}

static int add_rule(struct config *c, const struct stat *st, const char *access_word, struct error *err)
{
	struct device_rule *rule;

	/* Nobody denies an ordinary user's container a device but the device's own mode. */
	if (geteuid() != 0)
		return 0;
	rule = edit_grow(c, &c->linux_.resources.devices, sizeof(*rule));
	if (!rule)
		return edit_no_memory(err);
	*rule = (struct device_rule){
		.allow = true,
		.type = S_ISCHR(st->st_mode) ? 'c' : 'b',
		.major = {.set = true, .value = (int64_t)major(st->st_rdev)},
		.minor = {.set = true, .value = (int64_t)minor(st->st_rdev)},
		.read = strchr(access_word, 'r'),
		.write = strchr(access_word, 'w'),
		.mknod = strchr(access_word, 'm'),
	};
	c->linux_.resources.set = true;
	return 0;
}

static int add(struct config *c, const char *given, struct error *err)
{
	cleanup_free char *copy = strdup(given);
	char *rest = copy, *parts[3] = {NULL};
	const char *inside, *access_word = "rwm";
	struct stat st;
	size_t n = 0;
	int r;

	while (rest && n < 3)
		parts[n++] = strsep(&rest, ":");
	if (!copy)
		return edit_no_memory(err);
	if (rest || parts[0][0] != '/' || (n > 1 && !*parts[1]) || (n == 3 && !is_access(parts[2])))
		return edit_expected("device", given, "HOST[:CONTAINER][:rwm]", hint, err);
	inside = parts[0];
	if (n > 1 && parts[1][0] == '/')
		inside = parts[1];
	else if (n == 2 && is_access(parts[1]))
		access_word = parts[1];
	else if (n > 1)
		return edit_expected("device", given, "HOST[:CONTAINER][:rwm]", hint, err);
	if (n == 3)
		access_word = parts[2];
	r = look(given, parts[0], &st, err);
	if (r == 0 && !makes_nodes(c) && strcmp(inside, parts[0]) != 0)
		r = bind_node(c, edit_copy(c, inside, strlen(inside)), edit_copy(c, parts[0], strlen(parts[0])), err);
	else if (r == 0)
		r = add_node(c, edit_copy(c, inside, strlen(inside)), &st, err);
	return r < 0 ? r : add_rule(c, &st, access_word, err);
}

int flags_devices(struct flags_work *w, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < w->flags->devices.n && r == 0; i++)
		r = add(w->config, w->flags->devices.v[i], err);
	return r;
}
