/*
 * kill - signals to all processes of a group, and whether any are left.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"

/* A group that cannot be frozen and forks: so many rounds, a millisecond apart. */
#define ROUNDS_MAX 200
#define FREEZE_MS  2000

struct killing {
	int sig;                /* 0: only count */
	bool stop_at_first;
	size_t found;
	int code;               /* errno of a kill(2) that was refused */
	bool keep;              /* what is found goes into `pids` */
	struct cgroup_pids pids;
};

static void keep_one(struct killing *k, pid_t pid)
{
	struct cgroup_pids *p = &k->pids;
	pid_t *v = p->n & (p->n - 1) ? p->v : reallocarray(p->v, p->n ? 2 * p->n : 1, sizeof(*v));

	if (!v) {
		k->code = ENOMEM;
		return;
	}
	p->v = v;
	p->v[p->n++] = pid;
}

static void kill_one(struct killing *k, pid_t pid)
{
	/* 0: a process that our pid namespace does not know; kill(0) would be our own group. */
	if (pid <= 0 || pid == getpid())
		return;
	k->found++;
	if (k->keep)
		keep_one(k, pid);
	if (k->sig && kill(pid, k->sig) < 0 && errno != ESRCH)
		k->code = errno;
}

/* Every number in an open cgroup.procs (or cgroup.threads: kill(2) takes a thread's id too). */
static int kill_listed(int fd, struct killing *k)
{
	char buf[4096];
	pid_t pid = -1;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = (pid < 0 ? 0 : pid * 10) + (buf[i] - '0');
			} else {
				kill_one(k, pid);
				pid = -1;
				if (k->stop_at_first && k->found)
					return 1;
			}
		}
	return n < 0 ? -1 : 0;
}

static int kill_file(int dir_fd, const char *file, struct killing *k)
{
	cleanup_close int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : kill_listed(fd, k);
}

static int kill_dir(int dir_fd, struct killing *k)
{
	int r = kill_file(dir_fd, "cgroup.procs", k);

	/* A group of threads lists no processes. */
	if (r < 0 && errno == EOPNOTSUPP)
		r = kill_file(dir_fd, "cgroup.threads", k);
	return r < 0 && cgroup_is_gone(errno) ? 0 : r;
}

static int kill_below(int parent_fd, const char *name, void *arg)
{
	cleanup_close int fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return cgroup_is_gone(errno) ? 0 : -1;
	return kill_dir(fd, arg);
}

/* The group and all below it. */
static int kill_tree(const struct cgroup *cgroup, const struct cgroup_dir *dir, struct killing *k,
                     struct error *err)
{
	int fd = openat(cgroup->host->root_fd, dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return cgroup_is_gone(errno) ? 0 : error_set(err, errno, "open /sys/fs/cgroup/%s", dir->path);
	r = kill_dir(fd, k);
	if (r == 0)
		r = cgroup_walk(fd, kill_below, k); /* takes over fd */
	else
		close(fd);
	if (r < 0)
		return error_set(err, errno, "read the processes of /sys/fs/cgroup/%s", dir->path);
	if (k->code && k->keep)
		return error_set(err, k->code, "list the processes of /sys/fs/cgroup/%s", dir->path);
	if (k->code)
		return error_set(err, k->code, "send signal %d to the processes of /sys/fs/cgroup/%s", k->sig,
		                 dir->path);
	return 0;
}

/* 1: done by the kernel at once, forks included; 0: it has no such file here. */
static int kill_by_kernel(const struct cgroup *cgroup, struct error *err)
{
	const struct cgroup_dir *v2 = cgroup_v2_dir(cgroup);

	if (!v2)
		return 0;
	if (cgroup_file_write(cgroup, v2, "cgroup.kill", "1", 1) == 0)
		return 1;
	/* EOPNOTSUPP: a group of threads. */
	if (cgroup_is_gone(errno) || errno == EOPNOTSUPP)
		return 0;
	return error_set(err, errno, "write '1' to /sys/fs/cgroup/%s/cgroup.kill", v2->path);
}

/* All hierarchies list the same processes; the one that can hold them still is the best to read. */
static const struct cgroup_dir *best_dir(const struct cgroup *cgroup)
{
	const struct cgroup_dir *freezer = cgroup_v1_dir(cgroup, CGROUP_FREEZER);

	return freezer ?: cgroup_v2_dir(cgroup) ?: cgroup->n ? &cgroup->dirs[0] : NULL;
}

static int kill_rounds(const struct cgroup *cgroup, const struct cgroup_dir *dir, int sig,
                       struct error *err)
{
	for (int i = 0; i < ROUNDS_MAX; i++) {
		struct killing k = {.sig = sig};
		int r = kill_tree(cgroup, dir, &k, err);

		if (r < 0 || k.found == 0)
			return r;
		cgroup_sleep_us(1000);
	}
	error_set(err, EBUSY, "kill the processes of /sys/fs/cgroup/%s", dir->path);
	return error_hint(err, "who is left is stuck in the kernel (state D in ps), and dies when what it waits for is back");
}

static int kill_by_hand(const struct cgroup *cgroup, int sig, struct error *err)
{
	const struct cgroup_dir *dir = best_dir(cgroup);
	bool was_frozen = cgroup_frozen(cgroup);
	struct killing k = {.sig = sig};
	struct error ignored;
	bool frozen;
	int r;

	if (!dir)
		return 0;
	/* Frozen, nobody can fork while the list is read. */
	frozen = was_frozen || cgroup_freeze(cgroup, true, FREEZE_MS, &ignored) == 0;
	if (frozen || sig != SIGKILL)
		r = kill_tree(cgroup, dir, &k, err);
	else
		r = kill_rounds(cgroup, dir, sig, err);
	/* On v1 only a process that runs dies; whoever was paused stays so for any other signal. */
	if (frozen && (!was_frozen || sig == SIGKILL))
		cgroup_freeze(cgroup, false, 0, &ignored);
	return r;
}

int cgroup_kill(const struct cgroup *cgroup, int sig, struct error *err)
{
	struct error ignored;
	int r = sig == SIGKILL ? kill_by_kernel(cgroup, err) : 0;

	if (r < 0)
		return r;
	if (r == 0)
		return kill_by_hand(cgroup, sig, err);
	/* The v1 freezer of a hybrid host holds also those that have to die; a v2 one does not. */
	if (cgroup_v1_dir(cgroup, CGROUP_FREEZER))
		cgroup_freeze(cgroup, false, 0, &ignored);
	return 0;
}

int cgroup_populated(const struct cgroup *cgroup, bool *ret, struct error *err)
{
	*ret = false;
	for (size_t i = 0; i < cgroup->n && !*ret; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];
		struct killing k = {.stop_at_first = true};
		uint64_t populated;
		int r;

		if (dir->hierarchy->v2) {
			if (cgroup_file_field(cgroup, dir, "cgroup.events", "populated", &populated) == 0)
				*ret = populated != 0;
			else if (!cgroup_is_gone(errno))
				return error_set(err, errno, "read /sys/fs/cgroup/%s/cgroup.events", dir->path);
			continue;
		}
		r = kill_tree(cgroup, dir, &k, err);
		if (r < 0)
			return r;
		*ret = k.found > 0;
	}
	return 0;
}

int cgroup_list(const struct cgroup *cgroup, struct cgroup_pids *ret, struct error *err)
{
	const struct cgroup_dir *dir = best_dir(cgroup);
	struct killing k = {.keep = true};
	int r = dir ? kill_tree(cgroup, dir, &k, err) : 0;

	if (r < 0)
		free(k.pids.v);
	else
		*ret = k.pids;
	return r;
}
