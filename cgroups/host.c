/*
 * host - which control group hierarchies there are, and where we are in them.
 *
 * /proc/self/cgroup has a line per hierarchy, and engines and systemd mount each
 * where its name says; mountinfo is not read, because its length grows with every
 * container of the host.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"

/* `v2` is NULL for what v2 does not list in cgroup.controllers. */
static const struct controller {
	uint32_t bit;
	const char *v1, *v2;
} controllers[] = {
	{CGROUP_CPU,        "cpu",        "cpu"    },
	{CGROUP_CPUACCT,    "cpuacct",    NULL     },
	{CGROUP_CPUSET,     "cpuset",     "cpuset" },
	{CGROUP_MEMORY,     "memory",     "memory" },
	{CGROUP_IO,         "blkio",      "io"     },
	{CGROUP_PIDS,       "pids",       "pids"   },
	{CGROUP_DEVICES,    "devices",    NULL     },
	{CGROUP_FREEZER,    "freezer",    NULL     },
	{CGROUP_HUGETLB,    "hugetlb",    "hugetlb"},
	{CGROUP_RDMA,       "rdma",       "rdma"   },
	{CGROUP_MISC,       "misc",       "misc"   },
	{CGROUP_NET_CLS,    "net_cls",    NULL     },
	{CGROUP_NET_PRIO,   "net_prio",   NULL     },
	{CGROUP_PERF_EVENT, "perf_event", NULL     },
	{CGROUP_DMEM,       "dmem",       "dmem"   },
};

#define N_CONTROLLERS (sizeof(controllers) / sizeof(controllers[0]))

const char *cgroup_controller_name(uint32_t controller, bool v2)
{
	for (size_t i = 0; i < N_CONTROLLERS; i++)
		if (controllers[i].bit & controller)
			return v2 && controllers[i].v2 ? controllers[i].v2 : controllers[i].v1;
	return "?";
}

static bool is_name(const char *name, const char *s, size_t len)
{
	return name && strlen(name) == len && memcmp(name, s, len) == 0;
}

uint32_t cgroup_controllers_parse(const char *names, size_t len, char separator)
{
	const char *end = names + len;
	uint32_t set = 0;

	while (names < end) {
		const char *stop = memchr(names, separator, (size_t)(end - names));
		size_t n = (size_t)((stop ? stop : end) - names);

		for (size_t i = 0; i < N_CONTROLLERS; i++)
			if (is_name(controllers[i].v1, names, n) || is_name(controllers[i].v2, names, n))
				set |= controllers[i].bit;
		names += n + 1;
	}
	return set;
}

static int add(struct cgroup_host *host, const char *names, char *own, struct error *err)
{
	static const char deleted[] = " (deleted)";
	struct cgroup_hierarchy *h = &host->hierarchies[host->n];
	size_t own_len = strlen(own);

	h->v2 = !*names;
	/* Pure v2 has no other; elsewhere the v2 tree lives beside the others. */
	if (!h->v2 && host->layout == CGROUP_V2)
		return 0;
	if (h->v2)
		names = host->layout == CGROUP_V2 ? "" : "unified";
	if (strncmp(names, "name=", 5) == 0)
		names += 5;
	if (host->n == CGROUP_HIERARCHIES_MAX)
		return error_set(err, E2BIG, "read /proc/self/cgroup: more than %d hierarchies",
		                 CGROUP_HIERARCHIES_MAX);
	if (strlen(names) >= sizeof(h->dir) || strchr(names, '/') || own_len >= CGROUP_PATH_MAX)
		return error_set(err, ENAMETOOLONG, "read /proc/self/cgroup: hierarchy '%s'", names);
	h->controllers = h->v2 ? 0 : cgroup_controllers_parse(names, strlen(names), ',');
	strcpy(h->dir, names);
	if (own_len >= sizeof(deleted) && strcmp(own + own_len - (sizeof(deleted) - 1), deleted) == 0)
		own[own_len - (sizeof(deleted) - 1)] = '\0';
	h->own = own;
	host->n++;
	return 0;
}

int cgroup_host_parse(struct cgroup_host *host, struct error *err)
{
	char *save = NULL;
	int r = 0;

	host->n = 0;
	/* cgroups(7): "hierarchy-ID:controller-list:cgroup-path"; a path may contain colons. */
	for (char *line = strtok_r(host->text, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		char *names = strchr(line, ':');
		char *own = names ? strchr(names + 1, ':') : NULL;

		if (!own || own[1] != '/')
			return error_set(err, ERROR_SAID, "read /proc/self/cgroup: no group in '%s'", line);
		*own++ = '\0';
		r = add(host, names + 1, own, err);
	}
	return r;
}

/* The names in /sys/fs/cgroup that are directories: one or two system calls, where a look at each would cost ten. */
struct names {
	char bytes[4096];
	long len;
};

/* <dirent.h> has only readdir(3), which allocates. */
struct directory_entry {
	uint64_t ino, off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int read_names(int root_fd, struct names *ret, struct error *err)
{
	long n;

	ret->len = 0;
	do {
		n = syscall(SYS_getdents64, root_fd, ret->bytes + ret->len, sizeof(ret->bytes) - (size_t)ret->len);
		ret->len += n > 0 ? n : 0;
		/* Much room left: that was all. */
	} while (n > 0 && sizeof(ret->bytes) - (size_t)ret->len < 1024);
	return n < 0 ? error_set(err, errno, "read /sys/fs/cgroup") : 0;
}

static const struct directory_entry *find_name(const struct names *names, const char *name)
{
	const struct directory_entry *entry;

	for (long i = 0; i < names->len; i += entry->len) {
		entry = (const void *)(names->bytes + i);
		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

/*
 * A hierarchy that /proc/self/cgroup lists and that has a directory here (not a link) is mounted on it, or was:
 * cgroup_task_fds sees the difference at no cost.
 */
static bool is_mounted(const struct names *names, const char *dir)
{
	const struct directory_entry *entry = find_name(names, dir);

	return entry && entry->type == DT_DIR;
}

/* "cpu,cpuacct" may also be mounted as just "cpu" or "cpuacct". */
static bool find_mounted(const struct names *mounted, struct cgroup_hierarchy *h)
{
	char names[sizeof(h->dir)];
	char *save = NULL;

	if (is_mounted(mounted, h->dir))
		return true;
	if (!strchr(h->dir, ','))
		return false;
	strcpy(names, h->dir);
	for (char *name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (is_mounted(mounted, name)) {
			strcpy(h->dir, name);
			return true;
		}
	return false;
}

static void keep_mounted(struct cgroup_host *host, const struct names *names)
{
	size_t n = 0;

	host->layout = CGROUP_NONE;
	for (size_t i = 0; i < host->n; i++) {
		struct cgroup_hierarchy *h = &host->hierarchies[i];

		if (!find_mounted(names, h))
			continue;
		if (h->v2 || host->layout == CGROUP_NONE)
			host->layout = h->v2 ? CGROUP_HYBRID : CGROUP_V1;
		if (n != i)
			host->hierarchies[n] = *h;
		n++;
	}
	host->n = n;
}

/* A kernel without cgroups has no such file: then the text is empty. */
static int read_own(char *buf, size_t size, struct error *err)
{
	ssize_t len = cgroup_read_at(AT_FDCWD, "/proc/self/cgroup", buf, size);

	buf[len < 0 ? 0 : len] = '\0';
	if (len < 0 && errno == ENOENT)
		return 0;
	if (len < 0)
		return error_set(err, errno, "read /proc/self/cgroup");
	if ((size_t)len == size - 1)
		return error_set(err, EFBIG, "read /proc/self/cgroup");
	return 0;
}

/*
 * What is mounted on /sys/fs/cgroup.  With v1 hierarchies its entries are wanted anyway, and tell; without them a
 * statfs does, because the root of a v2 tree may have many groups.
 */
static int look(struct cgroup_host *host, struct names *names, struct error *err)
{
	struct statfs fs;
	int r;

	if (strncmp(host->text, "0::", 3) == 0) {
		if (fstatfs(host->root_fd, &fs) < 0)
			return error_set(err, errno, "statfs /sys/fs/cgroup");
		host->layout = fs.f_type == CGROUP2_SUPER_MAGIC ? CGROUP_V2 : CGROUP_V1;
		if (host->layout == CGROUP_V2)
			return 0;
	}
	r = read_names(host->root_fd, names, err);
	host->layout = find_name(names, "cgroup.procs") ? CGROUP_V2 : CGROUP_V1;
	return r;
}

static int open_host(struct cgroup_host *host, struct error *err)
{
	struct names names;
	int r = read_own(host->text, sizeof(host->text), err);

	if (r < 0 || !*host->text)
		return r;
	host->root_fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (host->root_fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_set(err, errno, "open /sys/fs/cgroup");
	r = look(host, &names, err);
	if (r == 0)
		r = cgroup_host_parse(host, err);
	if (r < 0)
		return r;
	if (host->layout != CGROUP_V2)
		keep_mounted(host, &names);
	else if (host->n == 0)
		host->layout = CGROUP_NONE;
	return 0;
}

int cgroup_host_open(struct cgroup_host *ret, struct error *err)
{
	int r;

	ret->layout = CGROUP_NONE;
	ret->root_fd = -1;
	ret->n = 0;
	r = open_host(ret, err);
	if (r < 0 || ret->root_fd < 0)
		ret->layout = CGROUP_NONE;
	if (ret->layout == CGROUP_NONE)
		cgroup_host_close(ret);
	return r;
}

void cgroup_host_close(struct cgroup_host *host)
{
	if (host->root_fd >= 0)
		close(host->root_fd);
	host->root_fd = -1;
	host->n = 0;
}
