/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/state/group.h"
#include "runtime/state/handle.h"
#include "spec/emit.h"

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int list_pids(const struct state *state, struct cgroup_pids *ret, struct error *err)
{
	struct group group;
	int r = group_open(state, &group, err);

	if (r == 0 && group.cgroup.n == 0) {
		error_set(err, ERROR_SAID, "the container has no control group: nobody knows which processes are its own");
		r = error_hint(err, "without --cgroup-manager disabled, and where this user may make groups, it has one");
	}
	if (r == 0)
		r = cgroup_list(&group.cgroup, ret, err);
	group_close(&group);
	if (r == 0 && ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_number);
	return r;
}

static int print_json(const struct cgroup_pids *pids, struct error *err)
{
	cleanup_free char *text = NULL;
	struct emitter e = {0};
	size_t len = 0;
	int r;

	emit_array(&e);
	for (size_t i = 0; i < pids->n; i++)
		emit_int(&e, pids->v[i]);
	emit_end_array(&e);
	r = emit_finish(&e, &text, &len, err);
	return r < 0 ? r : printf("%s\n", text) < 0 ? error_set(err, errno, "write to standard output") : 0;
}

/* ---- the table: what ps(1) of the host says, less the lines of others ---- */

/* The index of the column "PID" in the head, or -1. */
static int find_column(const char *head)
{
	int column = 0;

	for (const char *p = head + strspn(head, " \t"); *p && *p != '\n'; column++) {
		size_t len = strcspn(p, " \t\n");

		if (len == 3 && memcmp(p, "PID", 3) == 0)
			return column;
		p += len;
		p += strspn(p, " \t");
	}
	return -1;
}

static pid_t pid_in(const char *line, int column)
{
	const char *p = line + strspn(line, " \t");

	for (; column > 0; column--) {
		p += strcspn(p, " \t\n");
		p += strspn(p, " \t");
	}
	return (pid_t)strtol(p, NULL, 10);
}

static int filter(FILE *in, const struct cgroup_pids *pids, struct error *err)
{
	cleanup_free char *line = NULL;
	size_t room = 0;
	int column;

	if (getline(&line, &room, in) < 0)
		return error_set(err, ERROR_SAID, "ps said nothing");
	column = find_column(line);
	if (column < 0) {
		error_set(err, ERROR_SAID, "the output of ps has no column PID");
		return error_hint(err, "let the ps options contain it: -o pid,comm");
	}
	fputs(line, stdout);
	while (getline(&line, &room, in) > 0) {
		pid_t pid = pid_in(line, column);

		if (pids->n && bsearch(&pid, pids->v, pids->n, sizeof(pid), by_number))
			fputs(line, stdout);
	}
	return 0;
}

static int start_ps(char **argv, pid_t *ret_pid, FILE **ret_out, struct error *err)
{
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	r = posix_spawnp(ret_pid, "ps", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	if (r != 0) {
		close(pipe_fds[0]);
		error_set(err, r, "run ps");
		return r == ENOENT ? error_hint(err, "the table is made by the host's ps; --format json needs none") : -r;
	}
	*ret_out = fdopen(pipe_fds[0], "r");
	return *ret_out ? 0 : error_set(err, errno, "read the output of ps");
}

static int print_table(const struct cgroup_pids *pids, char *const *options, size_t n, struct error *err)
{
	cleanup_free char **argv = calloc(n + 3, sizeof(*argv));
	FILE *out = NULL;
	int status = 0, r;
	pid_t ps;

	if (!argv)
		return error_set(err, ENOMEM, "run ps");
	argv[0] = (char[]){"ps"};
	argv[1] = (char[]){"-ef"};
	if (n)
		memcpy(argv + 1, options, n * sizeof(*argv));
	r = start_ps(argv, &ps, &out, err);
	if (r < 0)
		return r;
	r = filter(out, pids, err);
	fclose(out);
	TEMP_FAILURE_RETRY(waitpid(ps, &status, 0));
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && r < 0))
		return error_set(err, ERROR_SAID, "ps failed");
	return r;
}

int container_ps(const struct runtime_options *runtime, const char *id, bool json, char *const *options, size_t n,
                 struct error *err)
{
	struct cgroup_pids pids = {0};
	struct handle h;
	int r = handle_open(runtime, id, STORE_READ, &h, err);

	if (r == 0 && h.status == STATUS_STOPPED)
		r = handle_not_running(err);
	if (r == 0)
		r = list_pids(&h.state, &pids, err);
	if (r == 0)
		r = json ? print_json(&pids, err) : print_table(&pids, options, n, err);
	free(pids.v);
	handle_close(&h);
	return r;
}
