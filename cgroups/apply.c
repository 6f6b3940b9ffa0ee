/*
 * apply - writes the list of settings into the group.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/devices.h"
#include "cgroups/internal.h"
#include "cgroups/restore.h"
#include "cgroups/settings.h"
#include "runtime/base/fds.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"

/* More than any chapter marks SETTING_RETRY. */
#define RETRIES_MAX 8

struct writer {
	const struct cgroup *cgroup;
	const struct resources *resources;
	struct restore *restore;        /* NULL: nothing is to be taken back */
	/* Several lines of one file (devices.allow, io.max) are written to one fd. */
	const struct setting *open;
	int fd;
	/* What waits for the rest of its controller. */
	size_t n_later;
	const struct setting *later[RETRIES_MAX];
};

/* By the error and the start of the file's name: what is behind it. */
static const struct reason {
	int code;
	const char *prefix, *hint;
} reasons[] = {
	{EINVAL, "cpu.cfs_",
	 "quota and period are at least 1000 us, the burst at most the quota, and the share of a group at "
	 "most its parent's"},
	{EINVAL, "cpu.max", "quota and period are at least 1000 us, the burst at most the quota"},
	{EINVAL, "cpu.rt_", "the parent group needs that much realtime in its own cpu.rt_runtime_us"},
	{EINVAL, "memory.limit_in_bytes",
	 "the limit of memory and swap together (memory.swap) must not be less"},
	{ENODEV, "rdma.max", "there is no such device in /sys/class/infiniband"},
	{ENODEV, "blkio.", "there is no such block device"},
	{ENODEV, "io.", "there is no such block device"},
	{ENOENT, "blkio.bfq.",
	 "the kernel has no I/O scheduler that knows weights (CONFIG_BFQ_GROUP_IOSCHED)"},
	{ENOENT, "blkio.leaf_weight", "leaf weights went with the CFQ scheduler in Linux 5.0"},
	{ENOENT, "cpu.cfs_burst_us", "cpu.burst needs Linux 5.14"},
	{ENOENT, "cpu.idle", "cpu.idle needs Linux 5.15"},
	{ENOENT, "cpu.max.burst", "cpu.burst needs Linux 5.14"},
	{ENOENT, "cpu.rt_", "realtime limits need a kernel with CONFIG_RT_GROUP_SCHED"},
	{ENOENT, "hugetlb.", "the kernel's sizes of huge pages are in /sys/kernel/mm/hugepages"},
	{ENOENT, "io.weight",
	 "the kernel has no I/O scheduler that knows weights (CONFIG_BLK_CGROUP_IOCOST, bfq)"},
	{ENOENT, "memory.memsw.", "the kernel does not count swap (boot with swapaccount=1)"},
	{ENOENT, "memory.swap.", "the kernel does not count swap (boot with swapaccount=1)"},
	{EOPNOTSUPP, "blkio.bfq.weight_device",
	 "the weight of a device needs bfq as its I/O scheduler (/sys/dev/block/MAJOR:MINOR/queue/scheduler)"},
	{EOPNOTSUPP, "io.weight",
	 "the weight of a device needs iocost switched on for it (io.cost.qos of the root group) or bfq"},
	{EPERM, "devices.allow", "the parent group does not have this device itself"},
};

#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

static const struct cgroup_dir *dir_of(const struct writer *w, const struct setting *s)
{
	const struct cgroup *c = w->cgroup;

	for (size_t i = 0; i < c->n; i++)
		if (c->dirs[i].hierarchy == &c->host->hierarchies[s->hierarchy])
			return &c->dirs[i];
	return NULL;
}

/* ---- what a failure means ---- */

static void hint_reason(int code, const char *file, struct error *err)
{
	for (size_t i = 0; i < N_REASONS; i++)
		if (code == reasons[i].code &&
		    strncmp(file, reasons[i].prefix, strlen(reasons[i].prefix)) == 0)
			error_hint(err, "%s", reasons[i].hint);
}

/* A cpuset takes a part of its parent's, so that is what the reader wants to see. */
static void hint_cpuset(const struct writer *w, const struct cgroup_dir *dir, const char *file,
                        struct error *err)
{
	char parent[CGROUP_PATH_MAX + 64], list[128];
	const char *slash = strrchr(dir->path, '/');

	snprintf(parent, sizeof(parent), "%.*s/%s%s", slash ? (int)(slash - dir->path) : 0, dir->path,
	         file, dir->hierarchy->v2 ? ".effective" : "");
	if (cgroup_read_at(w->cgroup->host->root_fd, parent + (*parent == '/'), list, sizeof(list)) > 0)
		error_hint(err, "the parent group has %s", list);
}

static int memory_is_used(const struct writer *w, const struct cgroup_dir *dir,
                          const struct setting *s, const char *usage_file, struct error *err)
{
	char usage[32] = "unknown";

	cgroup_file_read(w->cgroup, dir, usage_file, usage, sizeof(usage));
	error_set(err, EBUSY, "unable to set memory limit to %s (current usage: %s)", setting_value(s),
	          usage);
	return error_locate(err, s->at);
}

static int explain(const struct writer *w, const struct cgroup_dir *dir, const struct setting *s,
                   int code, struct error *err)
{
	const char *file = setting_file(s);

	if (code == EBUSY && strcmp(file, "memory.limit_in_bytes") == 0)
		return memory_is_used(w, dir, s, "memory.usage_in_bytes", err);
	if (code == EBUSY && strcmp(file, "memory.memsw.limit_in_bytes") == 0)
		return memory_is_used(w, dir, s, "memory.memsw.usage_in_bytes", err);
	error_set(err, code, "write '%.*s' to /sys/fs/cgroup/%s/%s", (int)s->len, setting_value(s),
	          dir->path, file);
	hint_reason(code, file, err);
	if (strncmp(file, "cpuset.", 7) == 0)
		hint_cpuset(w, dir, file, err);
	return error_locate(err, s->at);
}

/* ---- acts ---- */

static bool same_file(const struct setting *a, const struct setting *b)
{
	return a && a->hierarchy == b->hierarchy && strcmp(setting_file(a), setting_file(b)) == 0;
}

/* 0 or an errno. */
static int write_setting(struct writer *w, const struct cgroup_dir *dir, const struct setting *s)
{
	if (!same_file(w->open, s)) {
		fds_close_soon(w->fd);
		w->open = NULL;
		w->fd = cgroup_file_open(w->cgroup, dir, setting_file(s), O_WRONLY);
		if (w->fd < 0)
			return errno;
		w->open = s;
	}
	return write(w->fd, setting_value(s), s->len) < 0 ? errno : 0;
}

/* The kernel checks on v1; on v2 it would kill to get below the limit. */
static int check_usage(struct writer *w, const struct cgroup_dir *dir, const struct setting *s,
                       struct error *err)
{
	char usage[32];

	if (cgroup_file_read(w->cgroup, dir, "memory.current", usage, sizeof(usage)) < 0 ||
	    strtoull(usage, NULL, 10) <= strtoull(setting_value(s), NULL, 10))
		return 0;
	return memory_is_used(w, dir, s, "memory.current", err);
}

static bool tolerated(const struct setting *s, int code)
{
	if (code == ENOENT)
		return s->flags & (SETTING_DEFAULT | SETTING_IF_EXISTS);
	if (code != EPERM && code != EACCES)
		return false;
	return (s->flags & SETTING_OURS) || (s->controller == CGROUP_DEVICES && devices_in_userns());
}

static int attach_program(struct writer *w, const struct cgroup_dir *dir, const struct setting *s,
                          struct error *err)
{
	cleanup_free struct bpf_insn *insns = NULL;
	size_t n;
	int r = devices_program(w->resources, &insns, &n, err);

	if (r == 0)
		r = devices_attach(dir->fd, dir->made, insns, n, err);
	if (r < 0) {
		error_wrap(err, "/sys/fs/cgroup/%s", dir->path);
		error_locate(err, s->at);
	}
	return r;
}

/* *ret_skip: the next setting is not needed. */
static int carry_out(struct writer *w, const struct setting *s, bool may_wait, bool *ret_skip,
                     struct error *err)
{
	const struct cgroup_dir *dir = dir_of(w, s);
	int code;

	*ret_skip = false;
	if (!dir) {
		error_set(err, ERROR_SAID, "set %s: the container has no group of the %s controller",
		          setting_file(s), cgroup_controller_name(s->controller, true));
		return error_locate(err, s->at);
	}
	if (s->kind == SETTING_DEVICE_PROGRAM)
		return attach_program(w, dir, s, err);
	if ((s->flags & SETTING_CHECK) && check_usage(w, dir, s, err) < 0)
		return -err->code;
	if (w->restore && restore_remember(w->restore, w->cgroup, dir, setting_file(s), setting_value(s)) < 0)
		return error_set(err, ENOMEM, "remember /sys/fs/cgroup/%s/%s", dir->path, setting_file(s));
	code = write_setting(w, dir, s);
	/* EOPNOTSUPP: the device has another I/O scheduler than the one whose file this is. */
	if ((code == ENOENT || code == EOPNOTSUPP) && (s->flags & SETTING_ELSE_NEXT))
		return 0;
	if (code == EINVAL && (s->flags & SETTING_RETRY) && may_wait && w->n_later < RETRIES_MAX) {
		w->later[w->n_later++] = s;
		return 0;
	}
	if (code != 0 && !tolerated(s, code))
		return explain(w, dir, s, code, err);
	*ret_skip = s->flags & SETTING_ELSE_NEXT;
	return 0;
}

static int carry_out_later(struct writer *w, struct error *err)
{
	bool skip;
	int r = 0;

	for (size_t i = 0; i < w->n_later && r == 0; i++)
		r = carry_out(w, w->later[i], false, &skip, err);
	w->n_later = 0;
	return r;
}

static int carry_out_all(struct writer *w, const struct settings *list, struct error *err)
{
	bool skip = false;
	int r = 0;

	for (size_t i = 0; i < list->n && r == 0; i++) {
		if (i > 0 && list->v[i].controller != list->v[i - 1].controller)
			r = carry_out_later(w, err);
		if (skip)
			skip = false;
		else if (r == 0)
			r = carry_out(w, &list->v[i], true, &skip, err);
	}
	return r < 0 ? r : carry_out_later(w, err);
}

static bool is_on_v1(const struct cgroup_host *host, uint32_t controller)
{
	for (size_t i = 0; i < host->n; i++)
		if (!host->hierarchies[i].v2 && (host->hierarchies[i].controllers & controller))
			return true;
	return false;
}

static void warn_ignored(const struct cgroup_host *host, const struct resources *r)
{
	if (opt_int_asked(&r->memory.kernel))
		log_warning("memory.kernel is ignored: Linux removed the limit of kernel memory in 5.16");
	if (opt_int_asked(&r->memory.kernel_tcp) && !is_on_v1(host, CGROUP_MEMORY))
		log_warning("memory.kernelTCP is ignored: memory.limit counts the buffers of TCP too");
}

static int set(const struct cgroup *cgroup, const struct resources *resources, bool devices,
               struct restore *restore, struct error *err)
{
	struct writer w = {.cgroup = cgroup, .resources = resources, .restore = restore, .fd = -1};
	struct settings list;
	int r = settings_make(cgroup->host, resources, devices, &list, err);

	if (r < 0)
		return r;
	warn_ignored(cgroup->host, resources);
	r = carry_out_all(&w, &list, err);
	fds_close_soon(w.fd);
	settings_free(&list);
	return r;
}

int cgroup_set(const struct cgroup *cgroup, const struct resources *resources, struct error *err)
{
	return set(cgroup, resources, true, NULL, err);
}

static int not_delegated(const struct cgroup_host *host, const struct setting *s, struct error *err)
{
	const char *name = s->controller ? cgroup_controller_name(s->controller, host->layout == CGROUP_V2) : setting_file(s);

	error_wrap(err, "limit %s", name);
	err->hint[0] = '\0';
	if (host->layout == CGROUP_V2)
		error_hint(err, "it is not delegated to this user: put 'Delegate=%s' in the [Service] section of "
		                "/etc/systemd/system/user@.service.d/delegate.conf, log in again, and start from "
		                "systemd-run --user --scope -p Delegate=yes", name);
	else
		error_hint(err, "on cgroup v1 root has to make a group and chown it to this user (linux.cgroupsPath names it); or "
		                "leave the limits out");
	err->at = (struct source){0};
	return error_locate(err, s->at);
}

int cgroup_refuse_limits(const struct cgroup_host *host, const struct resources *resources, struct error *err)
{
	struct settings list;
	struct error other;
	int r = settings_make(host, resources, false, &list, &other);

	if (r < 0) {
		*err = other;
		return r;
	}
	for (size_t i = 0; i < list.n && r == 0; i++)
		if (!(list.v[i].flags & (SETTING_DEFAULT | SETTING_OURS)))
			r = not_delegated(host, &list.v[i], err);
	settings_free(&list);
	return r;
}

int cgroup_update(const struct cgroup *cgroup, const struct resources *resources, struct restore *restore,
                  struct error *err)
{
	int r = set(cgroup, resources, false, restore, err);

	if (r < 0)
		restore_all(restore, cgroup);
	return r;
}
