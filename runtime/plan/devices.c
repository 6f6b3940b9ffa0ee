/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/mount_parts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* config-linux.md "Default Devices". */
static const struct {
	const char *path;
	uint32_t major, minor;
} default_devices[] = {
	{"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

/* runtime-linux.md "Dev symbolic links"; ptmx: config-linux.md "Default Devices". */
static const struct {
	const char *path, *target;
	unsigned flags;
} default_links[] = {
	{"/dev/fd", "/proc/self/fd", STEP_F_OPTIONAL},
	{"/dev/stdin", "/proc/self/fd/0", STEP_F_OPTIONAL},
	{"/dev/stdout", "/proc/self/fd/1", STEP_F_OPTIONAL},
	{"/dev/stderr", "/proc/self/fd/2", STEP_F_OPTIONAL},
	{"/dev/core", "/proc/kcore", STEP_F_OPTIONAL},
	{"/dev/ptmx", "pts/ptmx", STEP_F_REPLACE},
};

/* A /dev that is bound from the host is the host's: nothing is made in it. */
static bool dev_is_foreign(const struct config *c)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount *m = &c->mounts.v[i];

		if (!plan_is_path(m, "/dev"))
			continue;
		for (size_t j = 0; j < m->options.n; j++)
			if (strcmp(m->options.v[j].s, "bind") == 0 || strcmp(m->options.v[j].s, "rbind") == 0)
				return true;
	}
	return false;
}

static bool is_listed(const struct config *c, const char *path)
{
	for (size_t i = 0; i < c->linux_.devices.n; i++)
		if (strcmp(c->linux_.devices.v[i].path.s, path) == 0)
			return true;
	return false;
}

static void add_node(const struct plan_input *in, struct builder *b, const char *path, uint32_t mode, uint32_t major,
                     uint32_t minor, struct source at)
{
	bool bound = in->config->linux_.namespaces[NS_USER].set && (mode & S_IFMT) != S_IFIFO;
	struct step *s = builder_step(b, STEP_NODE, bound ? STEP_F_BOUND : 0u, at);

	s->node.path = builder_str(b, path);
	s->node.mode = mode;
	s->node.major = major;
	s->node.minor = minor;
}

static void plan_device(const struct plan_input *in, struct builder *b, const struct device *d)
{
	static const struct { char type; uint32_t mode; } types[] = {
		{'b', S_IFBLK}, {'c', S_IFCHR}, {'u', S_IFCHR}, {'p', S_IFIFO},
	};
	uint32_t mode = d->file_mode.set ? (uint32_t)d->file_mode.value & 07777 : 0666;
	struct step *s;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == d->type)
			mode |= types[i].mode;
	add_node(in, b, d->path.s, mode, (uint32_t)d->major, (uint32_t)d->minor, d->at);
	if (b->failed)
		return;
	s = &b->steps[b->n_steps - 1];
	s->node.uid = (uint32_t)d->uid.value;
	s->node.gid = (uint32_t)d->gid.value;
}

/* Engines list all of the host's devices for a privileged container: its own multiplexer is the link that is made anyway. */
static bool is_multiplexer(const struct device *d)
{
	return strcmp(d->path.s, "/dev/ptmx") == 0 && d->type == 'c' && d->major == 5 && d->minor == 2;
}

static int check_device(const struct device *d, struct error *err)
{
	char buf[PATH_MAX];

	if (!plan_below_proc(d->path.s, buf, sizeof(buf)))
		return 0;
	error_set(err, EPERM, "make the device %s, inside /proc", d->path.s);
	return plan_hint_proc(d->path.at, err);
}

int plan_devices(const struct plan_input *in, struct builder *b, struct error *err)
{
	const struct config *c = in->config;
	struct source nowhere = {0};
	bool foreign = dev_is_foreign(c);

	if (!foreign) {
		for (size_t i = 0; i < sizeof(default_devices) / sizeof(default_devices[0]); i++)
			if (!is_listed(c, default_devices[i].path))
				add_node(in, b, default_devices[i].path, S_IFCHR | 0666, default_devices[i].major,
				         default_devices[i].minor, nowhere);
		for (size_t i = 0; i < sizeof(default_links) / sizeof(default_links[0]); i++) {
			struct step *s = builder_step(b, STEP_SYMLINK, default_links[i].flags, nowhere);

			s->symlink.path = builder_str(b, default_links[i].path);
			s->symlink.target = builder_str(b, default_links[i].target);
		}
	}
	for (size_t i = 0; i < c->linux_.devices.n; i++) {
		const struct device *d = &c->linux_.devices.v[i];

		if (check_device(d, err) < 0)
			return -err->code;
		if ((!foreign || strncmp(d->path.s, "/dev/", 5) != 0) && !is_multiplexer(d))
			plan_device(in, b, d);
	}
	return 0;
}
