/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* proc(5): the name of a process may hold spaces and parentheses, so fields are counted from the last ")". */
static bool read_stat(pid_t pid, char *ret_state, uint64_t *ret_start)
{
	char path[32], buf[1024], *p;
	cleanup_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	if (!p || p[1] != ' ')
		return false;
	*ret_state = p[2];
	p += 2;
	for (int field = 3; field < 22 && p; field++)
		p = strchr(p + 1, ' ');
	*ret_start = p ? strtoull(p, NULL, 10) : 0;
	return p != NULL;
}

uint64_t process_start_time(pid_t pid)
{
	uint64_t start;
	char state;

	return read_stat(pid, &state, &start) ? start : 0;
}

/* A zombie has ended: nobody has looked yet, that is all. */
static bool is_alive(const struct state *state)
{
	uint64_t start;
	char letter;

	return state->pid > 0 && read_stat(state->pid, &letter, &start) && start == state->start_time &&
	       letter != 'Z' && letter != 'X';
}

int state_pidfd(const struct state *state)
{
	cleanup_close int fd = -1;

	if (state->pid <= 0)
		return -1;
	fd = (int)syscall(SYS_pidfd_open, state->pid, 0);
	/* The number may have been given to another process before the pidfd held it. */
	return fd >= 0 && is_alive(state) ? steal_fd(&fd) : -1;
}

enum status state_status(const struct store *store, const struct state *state)
{
	if (state->creating)
		return STATUS_CREATING;
	if (!is_alive(state))
		return STATUS_STOPPED;
	return faccessat(store->dir, "start", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? STATUS_CREATED : STATUS_RUNNING;
}

const char *status_name(enum status status)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
		[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
	};

	return names[status];
}
