/*
 * system - names of the host, kernel parameters, processors, a read-only root, /dev/shm, init: what is not of the process.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <string.h>

#include "runtime/base/units.h"
#include "runtime/flags/edit.h"

static int set_names(struct flags_work *w, struct error *err)
{
	const struct { const char *flag, *given; struct text *to; } names[] = {
		{"hostname", w->flags->hostname, &w->config->hostname}, {"domainname", w->flags->domainname, &w->config->domainname},
	};

	for (size_t i = 0; i < 2; i++) {
		if (!names[i].given)
			continue;
		if (!*names[i].given || strlen(names[i].given) > 64)
			return edit_expected(names[i].flag, names[i].given, "a name of at most 64 bytes", "such as web1", err);
		if (!w->config->linux_.namespaces[NS_UTS].set) {
			error_set(err, ERROR_SAID, "--%s %s: the container has the host's name, for it has no uts namespace", names[i].flag, names[i].given);
			return error_hint(err, "add {\"type\": \"uts\"} to linux.namespaces");
		}
		*names[i].to = (struct text){.s = names[i].given};
	}
	return 0;
}

static int set_sysctls(struct flags_work *w, struct error *err)
{
	const struct strings *given = &w->flags->sysctls;
	int r = 0;

	for (size_t i = 0; i < given->n && r == 0; i++) {
		const char *value;
		size_t name;

		if (!edit_split(given->v[i], &name, &value))
			return edit_expected("sysctl", given->v[i], "NAME=VALUE", "such as net.ipv4.ip_forward=1", err);
		r = edit_set_pair(w->config, &w->config->linux_.sysctl, edit_copy(w->config, given->v[i], name), value, err);
	}
	return r;
}

static int set_cpusets(struct flags_work *w, struct error *err)
{
	struct resources *r = &w->config->linux_.resources;
	const struct { const char *flag, *given; struct text *to; } sets[] = {
		{"cpuset-cpus", w->flags->cpuset_cpus, &r->cpu.cpus}, {"cpuset-mems", w->flags->cpuset_mems, &r->cpu.mems},
	};

	for (size_t i = 0; i < 2; i++) {
		const char *given = sets[i].given;

		if (!given)
			continue;
		if (!*given || given[strspn(given, "0123456789,-")])
			return edit_expected(sets[i].flag, given, "a list of numbers", "such as 0-3,6", err);
		r->set = r->cpu.set = true;
		*sets[i].to = (struct text){.s = given};
	}
	return 0;
}

/* ---- a read-only root, with what programs write to all the same ---- */

static bool is_mounted(const struct config *c, const char *path)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (strcmp(c->mounts.v[i].destination.s, path) == 0)
			return true;
	return false;
}

static int add_tmpfs(struct config *c, const char *path, const char *const *options, struct error *err)
{
	struct mount *m = edit_grow(c, &c->mounts, sizeof(*m));
	int r = m ? 0 : edit_no_memory(err);

	if (r == 0)
		*m = (struct mount){.destination.s = path, .type.s = "tmpfs", .source.s = "tmpfs"};
	for (size_t i = 0; options[i] && r == 0; i++)
		r = edit_add_text(c, &m->options, options[i], err);
	return r;
}

/* podman's --read-only-tmpfs, which is the default there. */
static int set_read_only(struct flags_work *w, struct error *err)
{
	static const struct { const char *path, *options[5]; } places[] = {
		{"/run", {"nosuid", "nodev", "tmpcopyup"}},
		{"/tmp", {"nosuid", "nodev", "tmpcopyup", "mode=1777"}},
		{"/var/tmp", {"nosuid", "nodev", "tmpcopyup", "mode=1777"}},
	};
	int r = 0;

	if (!w->flags->read_only)
		return 0;
	w->config->root.readonly = true;
	for (size_t i = 0; i < 3 && r == 0 && !w->flags->no_read_only_tmpfs; i++)
		if (!is_mounted(w->config, places[i].path))
			r = add_tmpfs(w->config, places[i].path, places[i].options, err);
	return r;
}

/* ---- --shm-size ---- */

static struct mount *find_shm(struct config *c)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (strcmp(c->mounts.v[i].destination.s, "/dev/shm") == 0)
			return &c->mounts.v[i];
	return NULL;
}

static int set_shm_size(struct flags_work *w, struct error *err)
{
	static const char *const options[] = {"nosuid", "noexec", "nodev", "mode=1777", NULL};
	const char *given = w->flags->shm_size;
	struct config *c = w->config;
	struct mount *shm = find_shm(c);
	uint64_t size = 0;
	size_t n = 0;
	int r = 0;

	if (!given)
		return 0;
	if (!units_bytes(given, &size) || !size)
		return edit_expected("shm-size", given, "a size", "such as 64m or 1g", err);
	if (!shm) {
		r = add_tmpfs(c, "/dev/shm", options, err);
		shm = find_shm(c);
	}
	if (r < 0)
		return r;
	if (shm->flag || !shm->type.s || strcmp(shm->type.s, "tmpfs") != 0)
		return edit_expected("shm-size", given, "a tmpfs on /dev/shm, and something else is mounted there,", "leave the flag or the mount out", err);
	for (size_t i = 0; i < shm->options.n; i++)
		if (strncmp(shm->options.v[i].s, "size=", 5) != 0)
			shm->options.v[n++] = shm->options.v[i];
	shm->options.n = n;
	return edit_add_text(c, &shm->options, edit_format(c, "size=%llu", (unsigned long long)size), err);
}

static int set_init(struct flags_work *w, struct error *err)
{
	const struct namespace *pid = &w->config->linux_.namespaces[NS_PID];

	if (!w->flags->init)
		return 0;
	if (!pid->set || pid->path.s) {
		error_set(err, ERROR_SAID, "--init: the container has no pid namespace of its own");
		return error_hint(err, "process 1 is who reaps: add {\"type\": \"pid\"} to linux.namespaces");
	}
	return edit_set_pair(w->config, &w->config->annotations, "org.crun-lite.init", "true", err);
}

int flags_system(struct flags_work *w, struct error *err)
{
	static int (*const parts[])(struct flags_work *, struct error *) = {
		set_names, set_sysctls, set_cpusets, set_read_only, set_shm_size, set_init,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && r == 0; i++)
		r = parts[i](w, err);
	return r;
}
