/*
 * internal - what the files of cgroups/ share: controller names, small files below
 * /sys/fs/cgroup, and a walk through the groups below a group.
 *
 * Every name is resolved from cgroup_host.root_fd, and its parts were checked by
 * place.c: there is no symbolic link in a cgroup file system, so nothing leads out.
 * The file functions behave as system calls: -1 and errno.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"

#include <errno.h>
#include <sys/types.h>

/* host.c */
/* "memory", or "io" where v1 says "blkio".  A set names its lowest bit; "?" for none. */
const char *cgroup_controller_name(uint32_t controller, bool v2);
/* The set that `names` lists, split at `separator`; unknown names are left out. */
uint32_t cgroup_controllers_parse(const char *names, size_t len, char separator);
/*
 * Splits host->text (of /proc/self/cgroup) into host->hierarchies, as a host that mounts everything would have
 * them; host->layout is given (CGROUP_V2 keeps only the "0::" line).
 */
int cgroup_host_parse(struct cgroup_host *host, struct error *err);

/* place.c: gives dirs[] a path of two parts; what is too long was refused before. */
void cgroup_keep_path(struct cgroup *cgroup, struct cgroup_dir *dir, const char *hierarchy, const char *path);

/* A group that was removed meanwhile has no file (ENOENT), or one that was open before (ENODEV). */
static inline bool cgroup_is_gone(int code)
{
	return code == ENOENT || code == ENODEV;
}

/* file.c; `file` is below dir->path (NULL: the directory itself).  Every fd is close-on-exec. */
int cgroup_file_open(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *file,
                     int flags);
/* A whole small file without its last newline, cut off at `size`. */
ssize_t cgroup_file_read(const struct cgroup *cgroup, const struct cgroup_dir *dir,
                         const char *file, char *buf, size_t size);
int cgroup_file_write(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *file,
                      const char *value, size_t len);
ssize_t cgroup_read_at(int dirfd, const char *path, char *buf, size_t size);
int cgroup_write_at(int dirfd, const char *path, const char *value, size_t len);
/* The number behind `key` in a file of "key number" lines. */
int cgroup_file_field(const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *file,
                      const char *key, uint64_t *ret);

/* The pure or hybrid host's v2 directory of the group, or NULL. */
const struct cgroup_dir *cgroup_v2_dir(const struct cgroup *cgroup);
/* The v1 directory that has the controller, or NULL. */
const struct cgroup_dir *cgroup_v1_dir(const struct cgroup *cgroup, uint32_t controller);

/* remove.c: what was made above dir->path, as far as nobody else uses it. */
void cgroup_remove_parents(const struct cgroup *cgroup, const struct cgroup_dir *dir);

/* walk.c */
/*
 * Calls leave(parent_fd, name, arg) for every directory below `fd`, those inside it first; what it returns,
 * if not 0, ends the walk and is returned.  Needs one fd and 264 bytes per level whatever a container nested.
 * Takes over `fd`, which was opened for reading.  -1 and errno for its own failures.
 */
int cgroup_walk(int fd, int (*leave)(int parent_fd, const char *name, void *arg), void *arg);

/* freeze.c */
/* 1: the group is stopped (or being stopped), 0: it is not. */
bool cgroup_frozen(const struct cgroup *cgroup);

/* Monotonic clock, ms. */
uint64_t cgroup_now_ms(void);
void cgroup_sleep_us(unsigned us);
