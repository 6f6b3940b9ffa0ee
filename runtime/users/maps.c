/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/users/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/weak.h"
#include "runtime/users/caller.h"

static const struct {
	const char *file, *mappings, *program, *ranges;
} kinds[MAP_KINDS] = {
	[MAP_UIDS] = {"uid_map", "uidMappings", "newuidmap", "/etc/subuid"},
	[MAP_GIDS] = {"gid_map", "gidMappings", "newgidmap", "/etc/subgid"},
};

struct map {
	enum map_kind kind;
	struct source at;
	size_t n;
	struct id_mapping *rows;        /* owned */
};

static int merge(const struct config *c, enum map_kind kind, struct map *ret, struct error *err)
{
	const struct id_mappings *m = userns_mappings(c, kind);

	*ret = (struct map){.kind = kind, .at = m->at, .rows = calloc(m->n + 1, sizeof(*ret->rows))};
	if (!ret->rows)
		return error_set(err, ENOMEM, "map the ids of the user namespace");
	ret->n = userns_merge(m, ret->rows);
	if (ret->n <= MAP_ROWS_MAX)
		return 0;
	free(ret->rows);
	error_set(err, E2BIG, "%s has %zu rows", kinds[kind].mappings, ret->n);
	error_hint(err, "the kernel takes %d, when neighbours are made one", MAP_ROWS_MAX);
	return error_locate(err, m->at);
}

/* ---- by ourselves ---- */

static int write_file(pid_t pid, const char *name, const char *text, size_t len)
{
	char path[64];
	cleanup_close int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, len) == (ssize_t)len ? 0 : -errno;
}

static void explain_write(const struct map *m, int code, struct error *err)
{
	if (code == EPERM && caller_in_user_namespace())
		error_hint(err, "hostID means the ids of the user namespace that crun-lite runs in (/proc/self/%s): a row "
		                "may use only those", kinds[m->kind].file);
	else if (code == EPERM)
		error_hint(err, "it needs CAP_SETUID and CAP_SETGID, and CAP_SETFCAP where id 0 of the host is mapped");
	else if (code == EINVAL)
		error_hint(err, "no id may be mapped twice, in the container or on the host");
}

static int write_map(pid_t pid, const struct map *m, struct error *err)
{
	char text[MAP_TEXT_MAX + 64];
	size_t len = 0;
	int r;

	for (size_t i = 0; i < m->n && len <= MAP_TEXT_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%u %u %u\n", m->rows[i].container_id,
		                        m->rows[i].host_id, m->rows[i].size);
	if (len > MAP_TEXT_MAX) {
		error_set(err, E2BIG, "%s has %zu rows", kinds[m->kind].mappings, m->n);
		error_hint(err, "the kernel takes them as one text of at most %d bytes", MAP_TEXT_MAX);
		return error_locate(err, m->at);
	}
	r = write_file(pid, kinds[m->kind].file, text, len);
	if (r == 0)
		return 0;
	error_set(err, -r, "write %s of the user namespace", kinds[m->kind].mappings);
	explain_write(m, -r, err);
	return error_locate(err, m->at);
}

/* user_namespaces(7): who has no right over gids may map its own only where nobody can drop groups any more. */
static int deny_setgroups(pid_t pid, struct error *err)
{
	int r = write_file(pid, "setgroups", "deny", 4);

	return r < 0 ? error_set(err, -r, "deny setgroups in the user namespace") : 0;
}

/* ---- by newuidmap ---- */

struct helper {
	const struct map *map;          /* NULL: not needed */
	pid_t pid;
	int words;                      /* what it says on its standard error */
};

/* In our memory, while we are stopped: system calls only.  The slots' fds are not close-on-exec. */
static pid_t spawn(const char *path, char *const argv[], int words)
{
	static char path_variable[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C";
	static char *const envp[] = {path_variable, locale, NULL};
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	pid = vfork();
	if (pid == 0) {
		dup2(words, STDOUT_FILENO);
		dup2(words, STDERR_FILENO);
		syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (weak(V04))
			execvpe(strrchr(path, '/') + 1, argv, environ);
		execve(path, argv, envp);
		_exit(127);
	}
	return pid;
}

static int no_program(const struct map *m, struct error *err)
{
	error_set(err, ENOENT, "map more than one's own id: %s", kinds[m->kind].program);
	error_hint(err, "install it (package uidmap or shadow-utils), or map one id: the user's own");
	return error_locate(err, m->at);
}

static int start_helper(pid_t pid, struct helper *h, struct error *err)
{
	const struct map *m = h->map;
	const char *path = caller_map_program(m->kind);
	cleanup_free char **argv = calloc(3 * m->n + 3, sizeof(*argv));
	cleanup_free char *numbers = malloc((3 * m->n + 1) * 12);
	int ends[2], code;
	char *p = numbers;

	if (!path)
		return no_program(m, err);
	if (!argv || !numbers)
		return error_set(err, ENOMEM, "run %s", path);
	argv[0] = (char *)(uintptr_t)path;
	argv[1] = p;
	p += sprintf(p, "%d", pid) + 1;
	for (size_t i = 0; i < 3 * m->n; i++) {
		const uint32_t row[] = {m->rows[i / 3].container_id, m->rows[i / 3].host_id, m->rows[i / 3].size};

		argv[2 + i] = p;
		p += sprintf(p, "%u", row[i % 3]) + 1;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "run %s", path);
	h->pid = spawn(path, argv, ends[1]);
	code = errno;
	close(ends[1]);
	h->words = ends[0];
	return h->pid < 0 ? error_set(err, code, "run %s", path) : 0;
}

static void read_words(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = TEMP_FAILURE_RETRY(read(fd, buf + len, size - 1 - len))) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	for (char *p = buf; *p; p++)
		if (*p == '\n')
			*p = p[1] ? ' ' : '\0';
}

/* It gets root's rights by being executed: what of that cannot be here, as in a container. */
static void hint_at_privileges(const char *program, struct error *err)
{
	static const struct { unsigned long number; const char *name; } needed[] = {
		{CAP_SETUID, "CAP_SETUID"}, {CAP_SETGID, "CAP_SETGID"}, {CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"}, {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
	};

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		error_hint(err, "no_new_privs is set here, so %s gets no rights: start without it (in a container: process.noNewPrivileges false)", program);
		return;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (prctl(PR_CAPBSET_READ, needed[i].number, 0, 0, 0) == 0) {
			error_hint(err, "%s needs %s, which nobody can have here: add it to the bounding set of the container that this runs in",
			           program, needed[i].name);
			return;
		}
	error_hint(err, "%s must be set-uid root (or have file capabilities), and its file system not mounted nosuid", program);
}

/* Its words name the range that it did not allow. */
static int end_helper(struct helper *h, struct error *err)
{
	const char *program = kinds[h->map->kind].program;
	char words[300];
	int status = 0;

	read_words(h->words, words, sizeof(words));
	close(h->words);
	TEMP_FAILURE_RETRY(waitpid(h->pid, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	error_set(err, ERROR_SAID, "map the ids of the user namespace: %s", *words ? words : program);
	if (strstr(words, "not allowed"))
		error_hint(err, "%s lists the ids that a user may map: as root, usermod --add-sub%ss FIRST-LAST USER adds some",
		           kinds[h->map->kind].ranges, h->map->kind == MAP_UIDS ? "uid" : "gid");
	else
		hint_at_privileges(program, err);
	return error_locate(err, h->map->at);
}

/* Both at once: each takes longer than all that we do ourselves. */
static int run_helpers(pid_t pid, const struct map *maps, const bool *wanted, struct error *err)
{
	struct helper helpers[MAP_KINDS] = {0};
	struct error second;
	int r = 0;

	for (enum map_kind kind = 0; kind < MAP_KINDS && r == 0; kind++) {
		helpers[kind].map = &maps[kind];
		if (wanted[kind])
			r = start_helper(pid, &helpers[kind], err);
	}
	for (enum map_kind kind = 0; kind < MAP_KINDS; kind++) {
		if (helpers[kind].pid <= 0)
			continue;
		if (end_helper(&helpers[kind], r < 0 ? &second : err) < 0 && r == 0)
			r = -err->code;
	}
	return r;
}

static int write_both(pid_t pid, const struct map *maps, const struct config *c, const struct caller *caller,
                      struct error *err)
{
	bool by_helper[MAP_KINDS];
	int r = 0;

	for (enum map_kind kind = 0; kind < MAP_KINDS; kind++)
		by_helper[kind] = caller->ordinary && !userns_is_own_id(c, kind, caller);
	if (userns_keeps_groups(c, caller))
		r = deny_setgroups(pid, err);
	for (enum map_kind kind = 0; kind < MAP_KINDS && r == 0; kind++)
		if (!by_helper[kind])
			r = write_map(pid, &maps[kind], err);
	if (r == 0 && (by_helper[MAP_UIDS] || by_helper[MAP_GIDS]))
		r = run_helpers(pid, maps, by_helper, err);
	return r;
}

int maps_write(pid_t pid, const struct config *config, const struct caller *caller, struct error *err)
{
	struct map maps[MAP_KINDS];
	int r = merge(config, MAP_UIDS, &maps[MAP_UIDS], err);

	if (r < 0)
		return r;
	r = merge(config, MAP_GIDS, &maps[MAP_GIDS], err);
	if (r == 0) {
		r = write_both(pid, maps, config, caller, err);
		free(maps[MAP_GIDS].rows);
	}
	free(maps[MAP_UIDS].rows);
	return r;
}

/* ---- a namespace that is joined ---- */

static int read_rows(pid_t pid, enum map_kind kind, struct id_mapping *rows, size_t room, size_t *ret_n)
{
	char path[64];
	cleanup_file FILE *f = NULL;
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, kinds[kind].file);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (n < room && fscanf(f, "%u %u %u", &rows[n].container_id, &rows[n].host_id, &rows[n].size) == 3)
		n++;
	*ret_n = n;
	return 0;
}

static bool same_rows(const struct id_mapping *a, const struct id_mapping *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].container_id != b[i].container_id || a[i].host_id != b[i].host_id || a[i].size != b[i].size)
			return false;
	return true;
}

static int compare(pid_t pid, const struct map *wanted, struct error *err)
{
	struct id_mapping rows[MAP_ROWS_MAX], merged[MAP_ROWS_MAX];
	struct id_mappings there = {.v = rows};
	int r = read_rows(pid, wanted->kind, rows, MAP_ROWS_MAX, &there.n);

	if (r < 0)
		return error_set(err, -r, "read the %s of the user namespace that is joined", kinds[wanted->kind].file);
	if (userns_merge(&there, merged) == wanted->n && same_rows(merged, wanted->rows, wanted->n))
		return 0;
	error_set(err, EINVAL, "%s differs from what the user namespace that is joined maps", kinds[wanted->kind].mappings);
	error_hint(err, "it starts with \"%u %u %u\"; leave the mappings out, or make them the same",
	           there.n ? rows[0].container_id : 0, there.n ? rows[0].host_id : 0, there.n ? rows[0].size : 0);
	return error_locate(err, wanted->at);
}

int maps_compare(pid_t pid, const struct config *config, struct error *err)
{
	int r = 0;

	for (enum map_kind kind = 0; kind < MAP_KINDS && r == 0; kind++) {
		struct map wanted;

		if (!userns_mappings(config, kind)->n)
			continue;
		r = merge(config, kind, &wanted, err);
		if (r < 0)
			return r;
		r = compare(pid, &wanted, err);
		free(wanted.rows);
	}
	return r;
}
