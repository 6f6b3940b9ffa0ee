/*
 * manager_fs - the manager that makes the directories itself (cgroupfs, as engines call it).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "cgroups/settings.h"
#include "runtime/base/cleanup.h"

#define MODE 0755

/* What `events`, `podman stats` and the kubelet read from any container, limited or not. */
#define STATS (CGROUP_CPU | CGROUP_IO | CGROUP_MEMORY | CGROUP_PIDS)
/* On v2 a group of threads can have these and no other (cgroup-v2.rst "Threads"). */
#define THREADED (CGROUP_CPU | CGROUP_CPUSET | CGROUP_PIDS | CGROUP_PERF_EVENT)
/* On v2 these are no controllers that could be switched on. */
#define BUILT_IN (CGROUP_DEVICES | CGROUP_FREEZER | CGROUP_PERF_EVENT)

/* A container that made its parents too fast for another that removes them again: try so often. */
#define PARENT_TRIES 8

/* ---- directories ---- */

static int make_failed(const struct cgroup_dir *dir, const char *path, int code, struct error *err)
{
	error_set(err, code, "make the cgroup /sys/fs/cgroup/%s", path);
	if (code == EACCES || code == EPERM)
		error_hint(err, "this user may not make groups there: start from a delegated one (systemd-run "
		                "--user --scope -p Delegate=yes), or run with --cgroup-manager disabled");
	if (code == EROFS)
		error_hint(err, "/sys/fs/cgroup is read-only here: mount it writable, or run with "
		                "--cgroup-manager disabled");
	if (code == EAGAIN)
		error_hint(err, "cgroup.max.descendants or cgroup.max.depth of a group above is reached");
	if (code == ENOENT && dir->hierarchy->v2)
		error_hint(err, "the group above is being removed");
	return -err->code;
}

/* Makes what is missing above dir->path. */
static int make_parents(int root_fd, struct cgroup_dir *dir, struct error *err)
{
	char path[CGROUP_PATH_MAX];
	size_t start = strlen(dir->hierarchy->dir);
	char *slash;

	strcpy(path, dir->path);
	start += start > 0;
	for (slash = strchr(path + start, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(root_fd, path, MODE) == 0) {
			size_t len = (size_t)(slash - path);

			dir->parents = dir->parents == 0 || len < dir->parents ? len : dir->parents;
			/*
			 * The groups below a cpuset of ours get its cpus and mems from the kernel: 14 us
			 * where copying them takes 67.  Not done to groups of others.
			 */
			if (dir->hierarchy->controllers & CGROUP_CPUSET) {
				size_t n = strlen(path);

				snprintf(path + n, sizeof(path) - n, "/cgroup.clone_children");
				cgroup_write_at(root_fd, path, "1", 1);
				strcpy(path, dir->path);
			}
		} else if (errno != EEXIST) {
			return make_failed(dir, path, errno, err);
		}
		*slash = '/';
	}
	return 0;
}

static int not_usable(const struct cgroup_dir *dir, const char *why, struct error *err)
{
	error_set(err, EBUSY, "use the cgroup /sys/fs/cgroup/%s: %s", dir->path, why);
	return error_hint(err, "another container has this cgroupsPath, or one that ended badly left it: "
	                       "stop what is in it and remove the directory");
}

static bool is_frozen(const struct cgroup *cgroup, const struct cgroup_dir *dir)
{
	uint64_t frozen;
	char state[32];

	if (dir->hierarchy->v2)
		return cgroup_file_field(cgroup, dir, "cgroup.events", "frozen", &frozen) == 0 && frozen;
	return (dir->hierarchy->controllers & CGROUP_FREEZER) &&
	       cgroup_file_read(cgroup, dir, "freezer.state", state, sizeof(state)) > 0 &&
	       strcmp(state, "THAWED") != 0;
}

/* A group that exists may be left over, or made for us; nobody may be in it, and nothing stopped. */
static int check_usable(const struct cgroup *cgroup, const struct cgroup_dir *dir,
                        struct error *err)
{
	char buf[32];
	ssize_t n;

	n = cgroup_file_read(cgroup, dir, "cgroup.procs", buf, sizeof(buf));
	if (n < 0)
		return error_set(err, errno, "read /sys/fs/cgroup/%s/cgroup.procs", dir->path);
	if (n > 0)
		return not_usable(dir, "there are processes in it", err);
	return is_frozen(cgroup, dir) ? not_usable(dir, "it is frozen", err) : 0;
}

/*
 * A new group is born frozen below a frozen one, and who is born in it stops before it can say a word: its
 * parent would wait for it without an end (on v2 in vfork, where only SIGKILL reaches it).
 */
static int check_born_thawed(const struct cgroup *cgroup, const struct cgroup_dir *dir, struct error *err)
{
	size_t len = strlen(dir->hierarchy->dir);
	const char *first_end = strchr(dir->path + len + (len > 0), '/');

	/* Below the root, which cannot be frozen, or below a group that we just made. */
	if (!first_end || dir->parents == (size_t)(first_end - dir->path) || !is_frozen(cgroup, dir))
		return 0;
	error_set(err, EBUSY, "use the cgroup /sys/fs/cgroup/%s: a group above it is frozen", dir->path);
	return error_hint(err, "whoever paused that group has to let it go on first (%s)",
	                  dir->hierarchy->v2 ? "0 in its cgroup.freeze" : "THAWED in its freezer.state");
}

static int make_dir(const struct cgroup *cgroup, struct cgroup_dir *dir, struct error *err)
{
	int root_fd = cgroup->host->root_fd;

	if (dir->entered) {
		dir->made = true;
		return 0;
	}
	for (int i = 0; i < PARENT_TRIES; i++) {
		int r;

		if (mkdirat(root_fd, dir->path, MODE) == 0) {
			dir->made = true;
			return 0;
		}
		if (errno == EEXIST)
			return check_usable(cgroup, dir, err);
		if (errno != ENOENT)
			return make_failed(dir, dir->path, errno, err);
		r = make_parents(root_fd, dir, err);
		if (r < 0)
			return r;
	}
	return make_failed(dir, dir->path, ENOENT, err);
}

static bool is_part(const struct cgroup_dir *dir, enum cgroup_part part)
{
	return part & (dir->hierarchy->v2 ? CGROUP_PART_V2 : CGROUP_PART_V1);
}

static void unmake(struct cgroup *cgroup, enum cgroup_part part)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		struct cgroup_dir *dir = &cgroup->dirs[i];

		if (!is_part(dir, part))
			continue;
		if (dir->made)
			unlinkat(cgroup->host->root_fd, dir->path, AT_REMOVEDIR);
		dir->made = false;
		cgroup_remove_parents(cgroup, dir);
		dir->parents = 0;
	}
}

/* ---- v1: a cpuset without cpus and mems takes no process ---- */

/* The value of the nearest group above `path` that has one; *ret_depth: how many levels up it is. */
static int inherited(int root_fd, const char *path, size_t root_len, const char *file, bool is_new,
                     char *value, size_t size, unsigned *ret_depth, struct error *err)
{
	char name[CGROUP_PATH_MAX];
	size_t len = strlen(path);

	memcpy(name, path, len + 1);
	for (*ret_depth = 0;; (*ret_depth)++) {
		/* A group below one of others was made empty: no look is needed. */
		bool empty = is_new && *ret_depth == 0;
		ssize_t n;

		snprintf(name + len, sizeof(name) - len, "/%s", file);
		n = empty ? 0 : cgroup_read_at(root_fd, name, value, size);
		if (n < 0)
			return error_set(err, errno, "read /sys/fs/cgroup/%s", name);
		if (n > 0)
			return 0;
		while (len > root_len && name[len - 1] != '/')
			len--;
		if (len <= root_len)
			return error_set(err, ENODATA, "read /sys/fs/cgroup/%s", name);
		len--;
	}
}

/* Gives `file` of the group, and of `depth - 1` groups above it, the value: from the top. */
static int bequeath(int root_fd, const char *path, const char *file, const char *value,
                    unsigned depth, struct error *err)
{
	for (; depth > 0; depth--) {
		char name[CGROUP_PATH_MAX];
		char *end;

		strcpy(name, path);
		end = name + strlen(name);
		for (unsigned i = 1; i < depth; i++) {
			end = strrchr(name, '/');
			*end = '\0';
		}
		snprintf(end, sizeof(name) - (size_t)(end - name), "/%s", file);
		if (cgroup_write_at(root_fd, name, value, strlen(value)) < 0)
			return error_set(err, errno, "write '%s' to /sys/fs/cgroup/%s", value, name);
	}
	return 0;
}

static int inherit_cpuset(const struct cgroup *cgroup, const struct cgroup_dir *dir, bool is_new,
                          struct error *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++) {
		char value[4096];
		unsigned depth;

		r = inherited(cgroup->host->root_fd, dir->path, strlen(dir->hierarchy->dir), files[i], is_new, value,
		              sizeof(value), &depth, err);
		/* Depth 0: the kernel cloned the parent's. */
		if (r == 0)
			r = bequeath(cgroup->host->root_fd, dir->path, files[i], value, depth, err);
	}
	return r;
}

/* ---- v2: what a group can limit, its parent has to hand down ---- */

struct handing {
	const struct cgroup *cgroup;
	const struct cgroup_dir *dir;
	uint32_t required, wanted;
	/* Why the topmost group that would not hand one down did so. */
	int code;
	size_t refused_len;             /* length of its path */
	uint32_t refused;
};

static uint32_t read_controllers(int root_fd, const char *path, size_t len, const char *file)
{
	char name[CGROUP_PATH_MAX], names[256];
	ssize_t n;

	snprintf(name, sizeof(name), "%.*s%s%s", (int)len, path, len ? "/" : "", file);
	n = cgroup_read_at(root_fd, name, names, sizeof(names));
	return n < 0 ? 0 : cgroup_controllers_parse(names, (size_t)n, ' ');
}

static int enable(int root_fd, const char *control, uint32_t set)
{
	char text[256] = "";
	size_t len = 0;

	for (uint32_t bit = 1; bit && bit <= set; bit <<= 1)
		if (set & bit)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s+%s", len ? " " : "",
			                        cgroup_controller_name(bit, true));
	return cgroup_write_at(root_fd, control, text, len);
}

static void refused(struct handing *h, size_t len, uint32_t set, int code)
{
	if (!(h->required & set) || h->refused)
		return;
	h->code = code;
	h->refused = h->required & set;
	h->refused_len = len;
}

/*
 * One level.  All at once, else each by itself: one that is refused must not cost the others.  But
 * not below a group with processes: it would take cpu and pids alone, and turn into a group of threads.
 */
static void hand_down(struct handing *h, size_t len, uint32_t set)
{
	int root_fd = h->cgroup->host->root_fd;
	char control[CGROUP_PATH_MAX];

	snprintf(control, sizeof(control), "%.*s%scgroup.subtree_control", (int)len, h->dir->path,
	         len ? "/" : "");
	if (enable(root_fd, control, set) == 0)
		return;
	if (errno == EBUSY || errno == EACCES || errno == EROFS) {
		refused(h, len, set, errno);
		return;
	}
	for (uint32_t bit = 1; bit && bit <= set; bit <<= 1)
		if ((set & bit) && enable(root_fd, control, bit) < 0)
			refused(h, len, bit, errno);
}

static void hand_down_all(struct handing *h, uint32_t missing)
{
	const char *path = h->dir->path;
	size_t len = strlen(h->dir->hierarchy->dir);

	/* What the whole host does not have need not be asked for at every level. */
	missing &= read_controllers(h->cgroup->host->root_fd, path, len, "cgroup.controllers");
	while (missing) {
		const char *slash;

		hand_down(h, len, missing);
		slash = strchr(path + len + (len > 0), '/');
		if (!slash)
			return;
		len = (size_t)(slash - path);
	}
}

static void hint_refused(const struct handing *h, uint32_t bit, struct error *err)
{
	const char *name = cgroup_controller_name(bit, true);

	if (!(h->refused & bit))
		error_hint(err, "the kernel does not have it, or a cgroup v1 hierarchy has taken it");
	else if (h->code == EBUSY)
		error_hint(err, "/sys/fs/cgroup/%.*s has processes of its own: a v2 group with processes "
		                "gives no controller to groups below it",
		           (int)h->refused_len, h->dir->path);
	else if (h->code == EACCES || h->code == EPERM)
		error_hint(err, "it is not delegated to this user: put 'Delegate=%s' in the [Service] "
		                "section of /etc/systemd/system/user@.service.d/delegate.conf, log in again",
		           name);
	else if (h->code == EOPNOTSUPP)
		error_hint(err, "/sys/fs/cgroup/%.*s is a group of threads (cgroup.type), which cannot have it",
		           (int)h->refused_len, h->dir->path);
	else
		error_hint(err, "/sys/fs/cgroup/%.*s/cgroup.subtree_control refuses '+%s': %s",
		           (int)h->refused_len, h->dir->path, name, strerror(h->code));
}

static struct source place_of(const struct settings *list, uint32_t controller)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].controller == controller)
			return list->v[i].at;
	return (struct source){0};
}

static int not_there(const struct handing *h, uint32_t missing, const struct settings *list,
                     struct error *err)
{
	uint32_t bit = missing & -missing;

	error_set(err, ERROR_SAID, "the %s controller is not available in /sys/fs/cgroup/%s",
	          cgroup_controller_name(bit, true), h->dir->path);
	hint_refused(h, bit, err);
	return error_locate(err, place_of(list, bit));
}

/* Below a group of threads nobody can live until it says that it is one itself. */
static int join_threads(const struct handing *h, struct error *err)
{
	char type[32];

	if (cgroup_file_read(h->cgroup, h->dir, "cgroup.type", type, sizeof(type)) < 0 ||
	    strcmp(type, "domain invalid") != 0)
		return 0;
	if (cgroup_file_write(h->cgroup, h->dir, "cgroup.type", "threaded", 8) < 0)
		return error_set(err, errno, "make /sys/fs/cgroup/%s a group of threads", h->dir->path);
	return 0;
}

static int get_controllers(const struct cgroup *cgroup, const struct cgroup_dir *dir,
                           const struct settings *list, struct error *err)
{
	struct handing h = {.cgroup = cgroup, .dir = dir};
	size_t len = strlen(dir->path);
	int root_fd = cgroup->host->root_fd;
	uint32_t have;

	for (size_t i = 0; i < list->n; i++)
		if (&cgroup->host->hierarchies[list->v[i].hierarchy] == dir->hierarchy &&
		    !(list->v[i].flags & SETTING_DEFAULT))
			h.required |= list->v[i].controller & ~BUILT_IN;
	/* The v2 tree of a hybrid host counts nothing that the others do not. */
	h.wanted = h.required | (cgroup->host->layout == CGROUP_V2 ? STATS : 0);
	if (!h.wanted)
		return 0;
	have = read_controllers(root_fd, dir->path, len, "cgroup.controllers");
	if (!(h.wanted & ~have))
		return 0;
	hand_down_all(&h, h.wanted & ~have);
	have = read_controllers(root_fd, dir->path, len, "cgroup.controllers");
	if (h.required & ~have)
		return not_there(&h, h.required & ~have, list, err);
	return h.wanted & ~have & ~THREADED ? join_threads(&h, err) : 0;
}

/* ---- the whole ---- */

static int make_one(struct cgroup *cgroup, struct cgroup_dir *dir, const struct settings *list,
                    struct error *err)
{
	int r = make_dir(cgroup, dir, err);

	if (r == 0 && dir->made)
		r = check_born_thawed(cgroup, dir, err);
	if (r < 0)
		return r;
	if (!dir->hierarchy->v2)
		return dir->hierarchy->controllers & CGROUP_CPUSET
		               ? inherit_cpuset(cgroup, dir, dir->made && !dir->parents, err)
		               : 0;
	r = get_controllers(cgroup, dir, list, err);
	if (r < 0)
		return r;
	dir->fd = cgroup_file_open(cgroup, dir, NULL, O_PATH | O_DIRECTORY);
	if (dir->fd < 0)
		return error_set(err, errno, "open /sys/fs/cgroup/%s", dir->path);
	return 0;
}

int cgroup_make(struct cgroup *cgroup, const struct resources *resources, enum cgroup_part part,
                struct error *err)
{
	struct settings list;
	/* Before anything is made: what cannot be set, and which controllers that takes. */
	int r = settings_make(cgroup->host, resources, true, &list, err);

	for (size_t i = 0; i < cgroup->n && r == 0; i++)
		if (is_part(&cgroup->dirs[i], part))
			r = make_one(cgroup, &cgroup->dirs[i], &list, err);
	settings_free(&list);
	if (r < 0)
		unmake(cgroup, part);
	return r;
}

int cgroup_clone_fd(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_v2_dir(cgroup);

	return dir ? dir->fd : -1;
}

/*
 * A directory without `tasks` is no cgroup: the hierarchy was unmounted (groups keep it alive), what host.c saw is only
 * its mount point.
 */
static bool is_unmounted(const struct cgroup *cgroup, struct cgroup_dir *dir)
{
	if (errno != ENOENT || !dir->made || unlinkat(cgroup->host->root_fd, dir->path, AT_REMOVEDIR) < 0)
		return false;
	dir->made = false;
	return true;
}

int cgroup_task_fds(struct cgroup *cgroup, int *ret_fds, size_t *ret_n, uint32_t *ret_present, struct error *err)
{
	size_t n = 0;

	*ret_n = 0;
	*ret_present = (1u << cgroup->n) - 1;
	for (size_t i = 0; i < cgroup->n; i++) {
		struct cgroup_dir *dir = &cgroup->dirs[i];

		if (dir->hierarchy->v2)
			continue;
		ret_fds[n] = cgroup_file_open(cgroup, dir, "tasks", O_WRONLY);
		if (ret_fds[n] < 0 && is_unmounted(cgroup, dir)) {
			*ret_present &= ~(1u << i);
			continue;
		}
		if (ret_fds[n] < 0) {
			error_set(err, errno, "open /sys/fs/cgroup/%s/tasks", dir->path);
			while (n > 0)
				close(ret_fds[--n]);
			return -err->code;
		}
		n++;
	}
	*ret_n = n;
	return 0;
}

static const struct cgroup_hierarchy *hierarchy_of(const struct cgroup_host *host, const char *path)
{
	for (size_t i = 0; i < host->n; i++) {
		size_t len = strlen(host->hierarchies[i].dir);

		if (len == 0 || (strncmp(path, host->hierarchies[i].dir, len) == 0 && path[len] == '/'))
			return &host->hierarchies[i];
	}
	return NULL;
}

/*
 * state.json is ours, but a path out of it ends in rmdir: it gets the same look as a new one.  A hierarchy by
 * itself ("memory", "") is no group of a container.
 */
static bool is_clean(const char *path, size_t root_len)
{
	const char *part = path;

	for (;;) {
		size_t n = strcspn(part, "/");

		if (n == 0 || n > NAME_MAX || (n <= 2 && strncmp(part, "..", n) == 0))
			return false;
		part += n;
		if (!*part)
			return (size_t)(part - path) > root_len;
		part++;
	}
}

int cgroup_reopen(const struct cgroup_host *host, size_t n, const char *const *paths,
                  struct cgroup *ret, struct error *err)
{
	ret->host = host;
	ret->n = ret->used = 0;
	for (size_t i = 0; i < n; i++) {
		const struct cgroup_hierarchy *h = hierarchy_of(host, paths[i]);
		struct cgroup_dir *dir = &ret->dirs[ret->n];

		if (!is_clean(paths[i], h ? strlen(h->dir) : 0) || strlen(paths[i]) >= CGROUP_PATH_MAX - NAME_MAX ||
		    ret->n == CGROUP_HIERARCHIES_MAX) {
			cgroup_close(ret);
			return error_set(err, EINVAL, "'%.200s' is not the path of a cgroup", paths[i]);
		}
		if (!h)
			continue;
		dir->hierarchy = h;
		dir->made = true;
		dir->parents = 0;
		dir->fd = -1;
		cgroup_keep_path(ret, dir, "", paths[i]);
		ret->n++;
		if (h->v2) {
			dir->fd = cgroup_file_open(ret, dir, NULL, O_PATH | O_DIRECTORY);
			if (dir->fd < 0 && errno != ENOENT && errno != ENODEV) {
				error_set(err, errno, "open /sys/fs/cgroup/%s", dir->path);
				cgroup_close(ret);
				return -err->code;
			}
		}
	}
	return 0;
}

void cgroup_close(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->n; i++) {
		if (cgroup->dirs[i].fd >= 0)
			close(cgroup->dirs[i].fd);
		cgroup->dirs[i].fd = -1;
	}
}
