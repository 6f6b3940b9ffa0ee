/*
 * snapshot [--all] PID MINE DIR... - what of the host a test could have changed, one line each, sorted:
 *
 *   mount ...   a line of /proc/self/mountinfo
 *   cgroup ...  a directory below /sys/fs/cgroup
 *   process ... a descendant of PID (not this one; not a zombie): pid and name
 *   file ...    an entry below a DIR, with its type, mode and owner
 *
 * With a MINE that is not empty, only cgroups and files whose path contains MINE count: for a
 * machine that others use at the same time.  With --all every path counts all the same, but what
 * does not contain MINE beside our own groups: who made those makes others when it likes.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64 /* deeper is somebody's test of deep trees */

static char **lines;
static size_t n_lines, size_lines;
static const char *mine;
static int all;

/* The directories of our own groups, as /proc/self/cgroup names them; not those directly below the root. */
static char *beside[32];
static size_t n_beside;

/* What systemd and its kin change under /run whenever they like. */
static const char *const restless[] = {
	"/run/systemd", "/run/udev", "/run/log",   "/run/dbus",  "/run/user",
	"/run/vm",      "/run/utmp", "/run/blkid", "/run/mount", "/run/lock",
};

static void add(char *line)
{
	if (n_lines == size_lines) {
		size_lines = size_lines ? size_lines * 2 : 256;
		lines = realloc(lines, size_lines * sizeof(*lines));
		if (!lines)
			abort();
	}
	lines[n_lines++] = line;
}

static void add_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *text;
	size_t size = 0;
	ssize_t n;

	while (f && (n = getline(&line, &size, f)) > 0) {
		line[n - 1] = '\0';
		if (asprintf(&text, "mount %s", line) > 0)
			add(text);
	}
	free(line);
	if (f)
		fclose(f);
}

static int is_restless(const char *path)
{
	for (size_t i = 0; i < sizeof(restless) / sizeof(*restless); i++)
		if (strcmp(path, restless[i]) == 0)
			return 1;
	return 0;
}

static void find_beside(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[4096], *own, *last;

	while (f && n_beside < sizeof(beside) / sizeof(*beside) && fgets(line, sizeof(line), f)) {
		own = strchr(line, '/');
		last = own ? strrchr(own, '/') : NULL;
		if (!last || last == own)
			continue;
		*last = '\0';
		beside[n_beside++] = strdup(own);
	}
	if (f)
		fclose(f);
}

static int is_beside(const char *directory)
{
	size_t len = strlen(directory);

	for (size_t i = 0; i < n_beside; i++) {
		size_t n = strlen(beside[i]);

		if (n < len && strcmp(directory + len - n, beside[i]) == 0)
			return 1;
	}
	return 0;
}

static int counts(const char *child, const char *directory, int file)
{
	return !*mine || strstr(child, mine) || (all && (file || !is_beside(directory)));
}

/* Every entry below `path`, or only the directories; does not leave the file system when `files`.
 */
static void add_tree(const char *kind, const char *path, int files, dev_t dev, int depth)
{
	DIR *d = depth < DEPTH_MAX ? opendir(path) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char child[4096], *text;
		struct stat st;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!files && e->d_type != DT_DIR)
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		if (is_restless(child) || fstatat(AT_FDCWD, child, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (all && !counts(child, path, files))
			continue;
		if (counts(child, path, files)) {
			int n = files ? asprintf(&text, "%s %s %o %d:%d", kind, child, st.st_mode,
						 (int)st.st_uid, (int)st.st_gid)
				      : asprintf(&text, "%s %s", kind, child);

			if (n > 0)
				add(text);
		}
		if (S_ISDIR(st.st_mode) && (!files || st.st_dev == dev))
			add_tree(kind, child, files, files ? dev : st.st_dev, depth + 1);
	}
	if (d)
		closedir(d);
}

struct process {
	int pid, parent, below;
	char state, name[32];
};

static struct process *processes;
static size_t n_processes;

static void read_processes(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct process p = {.pid = atoi(e->d_name)};
		char path[64], text[512], *end;
		ssize_t n;
		int fd;

		if (p.pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/stat", p.pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		if (n <= 0)
			continue;
		text[n] = '\0';
		end = strrchr(text, ')');
		if (!end || sscanf(end, ") %c %d", &p.state, &p.parent) != 2)
			continue;
		sscanf(strchr(text, '(') + 1, "%31[^)]", p.name);
		processes = realloc(processes, (n_processes + 1) * sizeof(*processes));
		if (!processes)
			abort();
		processes[n_processes++] = p;
	}
	if (d)
		closedir(d);
}

static void add_processes(int top)
{
	int changed = 1;

	read_processes();
	while (changed) {
		changed = 0;
		for (size_t i = 0; i < n_processes; i++) {
			struct process *p = processes + i;

			for (size_t j = 0; j < n_processes && !p->below; j++) {
				struct process *q = processes + j;

				if (q->pid == p->parent && (q->below || q->pid == top) &&
				    p->pid != getpid())
					p->below = changed = 1;
			}
		}
	}
	for (size_t i = 0; i < n_processes; i++) {
		struct process *p = processes + i;
		char *text;

		if (p->below && p->state != 'Z' &&
		    asprintf(&text, "process %d %s", p->pid, p->name) > 0)
			add(text);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	struct stat st;

	all = argc > 1 && strcmp(argv[1], "--all") == 0;
	argv += all;
	argc -= all;
	if (argc < 3)
		return 125;
	mine = argv[2];
	find_beside();
	add_mounts();
	add_tree("cgroup", "/sys/fs/cgroup", 0, 0, 0);
	add_processes(atoi(argv[1]));
	for (int i = 3; i < argc; i++)
		if (stat(argv[i], &st) == 0)
			add_tree("file", argv[i], 1, st.st_dev, 0);
	qsort(lines, n_lines, sizeof(*lines), compare);
	for (size_t i = 0; i < n_lines; i++)
		puts(lines[i]);
	return 0;
}
