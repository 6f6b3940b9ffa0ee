/*
 * cgroup - the control group of a container, whatever the layout of the host.
 *
 * Three acts that runtime/launch calls in this order: locate decides
 * (no system call), make creates the directories, set writes the limits.  Who
 * joins is not this module's business: on v2 the child is born in the group
 * (CLONE_INTO_CGROUP with cgroup_clone_fd), on v1 it writes "0" to each of
 * cgroup_task_fds by itself, because a thread that moves itself pays no grace
 * period (0.3 ms against 10-30 ms for eight hierarchies).
 *
 * Directories are named relative to /sys/fs/cgroup ("memory/x/web1", "x/web1" on
 * pure v2): that is what state.json records and what a later delete reads back.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_HIERARCHIES_MAX 16
/* Of a group, below /sys/fs/cgroup; what engines write is below 400. */
#define CGROUP_PATH_MAX 1280

/* Bits of a set of controllers; host.c has their names on v1 and v2. */
enum {
	CGROUP_CPU        = 1 << 0,
	CGROUP_CPUACCT    = 1 << 1,
	CGROUP_CPUSET     = 1 << 2,
	CGROUP_MEMORY     = 1 << 3,
	CGROUP_IO         = 1 << 4,  /* v1: blkio */
	CGROUP_PIDS       = 1 << 5,
	CGROUP_DEVICES    = 1 << 6,  /* v2: no controller, an eBPF program */
	CGROUP_FREEZER    = 1 << 7,  /* v2: part of every group */
	CGROUP_HUGETLB    = 1 << 8,
	CGROUP_RDMA       = 1 << 9,
	CGROUP_MISC       = 1 << 10,
	CGROUP_NET_CLS    = 1 << 11, /* v1 only, as net_prio */
	CGROUP_NET_PRIO   = 1 << 12,
	CGROUP_PERF_EVENT = 1 << 13,
	CGROUP_DMEM       = 1 << 14,
};

enum cgroup_layout {
	CGROUP_NONE,            /* nothing is mounted on /sys/fs/cgroup */
	CGROUP_V1,              /* controllers on v1 only */
	CGROUP_HYBRID,          /* v1 controllers, a v2 tree at /sys/fs/cgroup/unified */
	CGROUP_V2,              /* pure v2 */
};

struct cgroup_hierarchy {
	char dir[64];           /* below /sys/fs/cgroup: "memory", "cpu,cpuacct", "systemd", "unified"; "" on pure v2 */
	uint32_t controllers;   /* CGROUP_CPU | ...; 0 for a named hierarchy, and for v2 (asked only when one is missing) */
	bool v2;
	const char *own;        /* our own group in it, absolute ("/user.slice"); "/" for the root */
};

/* What the host offers, asked once: one read of /proc/self/cgroup and a statfs. */
struct cgroup_host {
	enum cgroup_layout layout;
	int root_fd;            /* the directory /sys/fs/cgroup, or -1 */
	size_t n;
	struct cgroup_hierarchy hierarchies[CGROUP_HIERARCHIES_MAX];
	char text[16384];       /* /proc/self/cgroup, which `own` points into: not to be copied */
};

/* Fills *ret; the caller ends it with cgroup_host_close.  A host without cgroups is no error. */
int cgroup_host_open(struct cgroup_host *ret, struct error *err);
void cgroup_host_close(struct cgroup_host *host);

struct cgroup_dir {
	const struct cgroup_hierarchy *hierarchy;
	const char *path;       /* relative to /sys/fs/cgroup */
	int fd;                 /* v2: O_PATH | O_DIRECTORY, or -1 while it does not exist; v1: always -1 (a path
	                           below root_fd costs less than ten more open files) */
	bool entered;           /* somebody else made it for us, and the process is in it already */
	bool made;              /* by us, or the container's by its state.json: only then is it removed */
	size_t parents;         /* so many bytes of path are the topmost group above it that was made with it; 0: none */
};

struct cgroup {
	const struct cgroup_host *host; /* must outlive this */
	size_t n;
	struct cgroup_dir dirs[CGROUP_HIERARCHIES_MAX];
	size_t used;
	char room[CGROUP_HIERARCHIES_MAX * CGROUP_PATH_MAX];    /* for the paths: not to be copied */
};

/*
 * Decides where the group goes; makes nothing.  config-linux.md "Cgroups Path":
 * absolute is relative to the mount point of each hierarchy; relative (or absent:
 * then "crun-lite-ID") is below our own group on v1, beside it on v2, whose groups
 * cannot hold processes and groups both.  "..", NUL or an overlong path: -EINVAL.
 */
int cgroup_locate(const struct cgroup_host *host, const struct text *cgroups_path, const char *id,
                  struct cgroup *ret, struct error *err);
/*
 * Makes the directories (parents too; on v2 enables in each parent the controllers
 * that `resources` needs; on v1 gives a new cpuset its parent's cpus and mems) and opens them.
 * A group that exists is used if it is empty and not frozen, else -EBUSY.
 * On failure what this call made is removed again.
 */
enum cgroup_part {
	CGROUP_PART_V2 = 1,     /* where the child is born: needed before clone3 */
	CGROUP_PART_V1 = 2,     /* made while the child is busy with its mounts */
	CGROUP_PART_ALL = 3,
};
int cgroup_make(struct cgroup *cgroup, const struct resources *resources, enum cgroup_part part,
                struct error *err);
/*
 * Writes the limits of a new container, in the order that the kernel needs, and its device rules (with
 * those of every container behind them, so also where the config has none).  The error names file, value and place.
 */
int cgroup_set(const struct cgroup *cgroup, const struct resources *resources, struct error *err);
/*
 * owner.c, pure v2 only: gives the group, and the files that /sys/kernel/cgroup/delegate lists, to `uid`.  Its limits
 * stay ours.
 */
int cgroup_give(const struct cgroup *cgroup, uid_t uid, struct error *err);
/* enter.c: may this ordinary user let a process be born in the group that it made?  -EACCES with the group that is in the way. */
int cgroup_check_enter(const struct cgroup *cgroup, struct error *err);
/*
 * Nobody may make the group, for the reason in *err: 0 if no limit is asked for (device rules are none: who may make
 * no group makes no device either), else *err names the controller and how it is delegated.
 */
int cgroup_refuse_limits(const struct cgroup_host *host, const struct resources *resources, struct error *err);
struct restore;
/*
 * The same for a container that runs: leaves the device rules alone, which `update` cannot change.  What is refused changes
 * nothing: what was written before it is put back.  *restore, all zeros before, can put back the rest (restore_all),
 * and ends with restore_free.
 */
int cgroup_update(const struct cgroup *cgroup, const struct resources *resources, struct restore *restore,
                  struct error *err);
/* A directory fd for CLONE_INTO_CGROUP (v2 tree of a pure or hybrid host), or -1.  Stays ours. */
int cgroup_clone_fd(const struct cgroup *cgroup);
/*
 * Opens `tasks` of every v1 directory for writing; fds (room for CGROUP_HIERARCHIES_MAX)
 * belong to the caller.  *ret_n == 0 on pure v2.  *ret_present: bit i for dirs[i], but not for a hierarchy that
 * is not mounted here any more.
 */
int cgroup_task_fds(struct cgroup *cgroup, int *ret_fds, size_t *ret_n, uint32_t *ret_present, struct error *err);

/*
 * For a later command: the group as state.json recorded it (n paths); opens what still exists.  A path of a
 * hierarchy that is not mounted any more is left out.
 */
int cgroup_reopen(const struct cgroup_host *host, size_t n, const char *const *paths,
                  struct cgroup *ret, struct error *err);
/*
 * From now on `cgroup` is a group below itself, which must exist: `where` is a path, or on v1 "CONTROLLER[,...]:PATH"; "/"
 * is the group itself.  What would leave it is -EINVAL (V07).
 */
int cgroup_enter_below(struct cgroup *cgroup, const char *where, struct error *err);
/*
 * The same for the v2 group of a process of the container, where that is below the group: a group that has others with
 * controllers below it holds no processes (cgroup-v2.rst "No Internal Process Constraint").  -ENOENT: it is not below it.
 */
int cgroup_enter_as(struct cgroup *cgroup, pid_t pid, struct error *err);
/*
 * Sends `sig` to every process in the group and below it; SIGKILL through cgroup.kill where the kernel has it.  -EBUSY:
 * SIGKILL was sent, and not all have died.
 */
int cgroup_kill(const struct cgroup *cgroup, int sig, struct error *err);
/*
 * Stops every process of the group, and returns when all have stopped, or lets them go on.  -EBUSY after `timeout_ms`:
 * then they run again.  -EOPNOTSUPP: a v1 host without a freezer.
 */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, unsigned timeout_ms, struct error *err);
struct cgroup_pids {
	size_t n;
	pid_t *v;               /* malloc'ed */
};
/* The processes of the group and of those below it, as our pid namespace numbers them. */
int cgroup_list(const struct cgroup *cgroup, struct cgroup_pids *ret, struct error *err);
/* True if some process is left in the group (of any hierarchy) or below it. */
int cgroup_populated(const struct cgroup *cgroup, bool *ret, struct error *err);
/*
 * Removes what was made (groups below it first, then those above that nobody else uses), retrying while the kernel says EBUSY
 * for at most `timeout_ms`; what is gone already is no error.  Never waits forever.
 */
int cgroup_remove(const struct cgroup *cgroup, unsigned timeout_ms, struct error *err);
void cgroup_close(struct cgroup *cgroup);

/* Tells that processes of the group ran out of memory: v1 by an eventfd, v2 by polling memory.events. */
struct oom_watch {
	int fd;                 /* to poll for `events`; -1: this group has no memory controller */
	short events;
	int counter;            /* memory.oom_control or memory.events */
	bool v1;
	uint64_t seen;          /* v2: kills */
};
/* The caller ends *ret with oom_watch_close, also after a failure. */
int oom_watch_open(const struct cgroup *cgroup, struct oom_watch *ret, struct error *err);
/* How often it happened since it was asked last; does not wait. */
uint64_t oom_watch_take(struct oom_watch *watch);
void oom_watch_close(struct oom_watch *watch);
