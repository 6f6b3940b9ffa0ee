/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"

/* proc(5): the name of a process may hold spaces and parentheses, so fields are counted from the last ")". */
struct process_stat {
	char state;             /* field 3 */
	uint64_t start_time;    /* field 22 */
	unsigned ignored;       /* field 33: signals 1 to 31 */
};

static const char *skip_fields(const char *p, int n)
{
	while (p && n-- > 0)
		p = strchr(p + 1, ' ');
	return p;
}

static bool read_stat(pid_t pid, struct process_stat *ret)
{
	char path[32], buf[1024];
	const char *p;
	cleanup_close_soon int fd = -1;
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
	ret->state = p[2];
	p = skip_fields(p + 1, 22 - 3);
	ret->start_time = p ? strtoull(p, NULL, 10) : 0;
	p = skip_fields(p, 33 - 22);
	ret->ignored = p ? (unsigned)strtoul(p, NULL, 10) : 0;
	return p != NULL;
}

uint64_t process_start_time(pid_t pid, unsigned *ret_ignored)
{
	struct process_stat stat;

	if (!read_stat(pid, &stat))
		return 0;
	if (ret_ignored)
		*ret_ignored = stat.ignored;
	return stat.start_time;
}

/* A zombie has ended: nobody has looked yet, that is all. */
static bool is_alive(const struct state *state)
{
	struct process_stat stat;
	cleanup_close int fd = -1;

	if (state->pid <= 0 || !read_stat(state->pid, &stat) || stat.start_time != state->start_time)
		return false;
	if (stat.state != 'Z' && stat.state != 'X')
		return true;
	/* A zombie has ended; but so looks a process whose first thread has ended before the others. */
	fd = (int)syscall(SYS_pidfd_open, state->pid, 0);
	return fd >= 0 && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 0;
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

/* A create that was killed has let go of the lock. */
static bool is_locked(const struct store *store)
{
	cleanup_close int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Init listens until the program runs, even if a `start` died before it could remove the name. */
static bool is_waiting(const struct store *store)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = -1;

	if (faccessat(store->dir, "start", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start", store->dir);
	return fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN);
}

enum status state_status(const struct store *store, const struct state *state)
{
	if (state->creating)
		return is_locked(store) ? STATUS_CREATING : STATUS_STOPPED;
	if (!is_alive(state))
		return STATUS_STOPPED;
	return is_waiting(store) ? STATUS_CREATED : STATUS_RUNNING;
}

const char *status_name(enum status status)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
		[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
	};

	return names[status];
}
