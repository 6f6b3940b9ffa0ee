/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

static int write_text(const char *path, const char *text)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = (ssize_t)strlen(text);

	return fd >= 0 && write(fd, text, (size_t)len) == len ? 0 : errno ?: EIO;
}

/* user_namespaces(7): what anybody may map. */
static int map_caller(const struct host *host)
{
	char map[32];
	int r = write_text("/proc/self/setgroups", "deny");

	if (r != 0 && r != ENOENT)
		return r;
	snprintf(map, sizeof(map), "0 %u 1", host->caller.ids[MAP_UIDS]);
	r = write_text("/proc/self/uid_map", map);
	if (r != 0)
		return r;
	snprintf(map, sizeof(map), "0 %u 1", host->caller.ids[MAP_GIDS]);
	return write_text("/proc/self/gid_map", map);
}

static int wait_for(pid_t pid)
{
	int status;

	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* A pid namespace has its first process by fork only. */
static int act_below(int (*act)(const void *), const void *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(act(arg));
	return wait_for(pid);
}

static int enter(const struct host *host, int namespaces, enum probe_stage *stage)
{
	int r;

	*stage = PROBE_USER;
	if (namespaces & CLONE_NEWUSER) {
		if (unshare(CLONE_NEWUSER) < 0)
			return errno;
		*stage = PROBE_MAPS;
		r = map_caller(host);
		if (r != 0)
			return r;
	}
	*stage = PROBE_NAMESPACE;
	if (unshare(namespaces & ~CLONE_NEWUSER) < 0)
		return errno;
	/* Nothing that is mounted below reaches a "/" that is shared. */
	return (namespaces & CLONE_NEWNS) && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? errno : 0;
}

static void in_child(const struct host *host, int namespaces, int (*act)(const void *), const void *arg, int out)
{
	struct probe result = {0};

	result.code = enter(host, namespaces, &result.stage);
	if (result.code == 0 && act) {
		result.stage = PROBE_ACT;
		result.code = namespaces & CLONE_NEWPID ? act_below(act, arg) : act(arg);
	}
	_exit(write(out, &result, sizeof(result)) != sizeof(result));
}

struct probe probe_run(const struct host *host, int namespaces, int (*act)(const void *arg), const void *arg)
{
	struct probe result = {PROBE_FORK, EIO};
	cleanup_close int in = -1, out = -1;
	int fds[2];
	pid_t pid;

	if (host->caller.ordinary)
		namespaces |= CLONE_NEWUSER;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return (struct probe){PROBE_FORK, errno};
	in = fds[0];
	out = fds[1];
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return (struct probe){PROBE_FORK, errno};
	if (pid == 0)
		in_child(host, namespaces, act, arg, out);
	close(steal_fd(&out));
	if (TEMP_FAILURE_RETRY(read(in, &result, sizeof(result))) != sizeof(result))
		result = (struct probe){PROBE_FORK, EIO};
	wait_for(pid);
	return result;
}
