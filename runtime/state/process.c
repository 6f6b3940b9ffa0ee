/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/state/group.h"

/* proc(5): the name of a process may hold spaces and parentheses, so fields are counted from the last ")". */
struct process_stat {
	char name[16];          /* field 2 */
	char state;             /* field 3 */
	uint64_t start_time;    /* field 22 */
	unsigned long blocked;  /* field 32 */
	unsigned ignored;       /* field 33: signals 1 to 31 */
	int exit_code;          /* field 52: as waitpid(2) says it, of a zombie; 0 where one may not look */
};

/* A zombie has ended: nobody has looked yet, that is all. */
static bool is_dead(const struct process_stat *stat)
{
	return stat->state == 'Z' || stat->state == 'X';
}

/*
 * What is executed from a memfd is named after it, before 6.14 after the number of its fd: then the signals count
 * too, which init has blocked and no program at its start.
 */
static bool is_init(const struct process_stat *stat)
{
	return strncmp(stat->name, "memfd:crun-lite", 15) == 0 ||
	       (stat->blocked && strspn(stat->name, "0123456789") == strlen(stat->name));
}

static const char *skip_fields(const char *p, int n)
{
	while (p && n-- > 0)
		p = strchr(p + 1, ' ');
	return p;
}

/* 0; -ESRCH: there is no such process; else it cannot be told. */
static int read_stat(pid_t pid, struct process_stat *ret)
{
	char path[32], buf[1024];
	const char *p;
	cleanup_close_soon int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(read(fd, buf, sizeof(buf) - 1));
	if (n < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	if (!p || p[1] != ' ' || !memchr(buf, '(', (size_t)(p - buf)))
		return -ESRCH;
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(p - strchr(buf, '(') - 1), strchr(buf, '(') + 1);
	ret->state = p[2];
	p = skip_fields(p + 1, 22 - 3);
	ret->start_time = p ? strtoull(p, NULL, 10) : 0;
	p = skip_fields(p, 32 - 22);
	ret->blocked = p ? strtoul(p, NULL, 10) : 0;
	p = skip_fields(p, 33 - 32);
	ret->ignored = p ? (unsigned)strtoul(p, NULL, 10) : 0;
	ret->exit_code = 0;
	if (p && ret->state == 'Z' && skip_fields(p, 52 - 33))
		ret->exit_code = atoi(skip_fields(p, 52 - 33));
	return p ? 0 : -ESRCH;
}

int process_start_time(pid_t pid, uint64_t *ret, unsigned *ret_ignored, struct error *err)
{
	struct process_stat stat;
	int r = read_stat(pid, &stat);

	if (r < 0)
		return error_set(err, -r, "find out when process %d started", pid);
	*ret = stat.start_time;
	*ret_ignored = stat.ignored;
	return 0;
}

bool process_never_ran(pid_t pid)
{
	cleanup_close int pidfd = -1;
	struct process_stat stat;
	char path[32], link[8];

	/* exec gives it its new file before it closes its fds, and the end takes the file before the fds. */
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (readlink(path, link, sizeof(link)) >= 0 || errno != ENOENT)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pidfd >= 0 && TEMP_FAILURE_RETRY(poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, 1000)) > 0 &&
	       read_stat(pid, &stat) == 0 && is_dead(&stat) && is_init(&stat);
}

int process_blame_init(int sig, struct error *err)
{
	error_set(err, ERROR_SAID, "init was killed by SIG%s before the program ran", sigabbrev_np(sig) ?: "RT");
	if (sig == SIGKILL)
		error_hint(err, "a memory limit that is too small for the program's first pages does this");
	return -err->code;
}

/*
 * -ESRCH: there is no such process.  Its number may still be a group's or a session's of those that it left behind, which older
 * kernels call EINVAL and newer ones ENOENT.
 */
static int open_process(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0)
		return fd;
	return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
}

/* 1, 0, or that it cannot be told: who is taken for dead would be left running, or deleted. */
static int is_alive(const struct state *state, struct process_stat *stat)
{
	cleanup_close int fd = -1;
	int r = state->pid > 0 ? read_stat(state->pid, stat) : -ESRCH;

	if (r == -ESRCH || (r == 0 && stat->start_time != state->start_time))
		return 0;
	if (r < 0 || !is_dead(stat))
		return r < 0 ? r : 1;
	/* A zombie has ended; but so looks a process whose first thread has ended before the others. */
	fd = open_process(state->pid);
	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	r = TEMP_FAILURE_RETRY(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0));
	return r < 0 ? -errno : r == 0;
}

int state_pidfd(const struct state *state)
{
	cleanup_close int fd = -1;
	struct process_stat stat;
	int r;

	if (state->pid <= 0)
		return -ESRCH;
	fd = open_process(state->pid);
	if (fd < 0)
		return fd;
	/* The number may have been given to another process before the pidfd held it. */
	r = is_alive(state, &stat);
	return r > 0 ? steal_fd(&fd) : r < 0 ? r : -ESRCH;
}

/* <linux/pidfd.h> of Linux 6.15, the first 64 bytes. */
struct process_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

#define GET_INFO  _IOWR(0xff, 11, struct process_info)
#define INFO_EXIT (1u << 3)

/* How long the parent may take to wait for it: before that nobody is told. */
#define REAP_MS 1000

static int status_of(int exit_code)
{
	return WIFEXITED(exit_code) ? WEXITSTATUS(exit_code) : 128 + WTERMSIG(exit_code);
}

/* Somebody waits for it (perhaps much later), and until then it is a zombie that shows its code; after that only the kernel knows. */
int process_exit_status(const struct state *state, int pidfd)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	struct process_stat stat;

	for (int waited = 0; waited < REAP_MS; waited += 5) {
		struct process_info info = {.mask = INFO_EXIT};

		if (read_stat(state->pid, &stat) == 0 && stat.start_time == state->start_time && is_dead(&stat) && is_alive(state, &stat) == 0)
			return status_of(stat.exit_code);
		if (ioctl(pidfd, GET_INFO, &info) < 0)
			return -1;
		if (info.mask & INFO_EXIT)
			return status_of(info.exit_code);
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* A create that was killed has let go of the lock. */
static int is_locked(const struct store *store)
{
	char buf[STORE_PATH_MAX];
	const char *path;
	int dir = store_locate(store, ".", buf, &path);
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && TEMP_FAILURE_RETRY(flock(fd, LOCK_SH | LOCK_NB)) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : errno == ENOENT ? 0 : -errno;
}

/*
 * Init listens until the program runs.  To ask it would wake it: as long as the process bears init's name it is believed.  (A
 * program that calls itself so is taken for created only if its `start` was killed before it removed the socket's name.)
 */
static int is_waiting(const struct store *store, const struct process_stat *stat)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = -1, directory = -1;
	char buf[STORE_PATH_MAX];
	const char *path;
	int dir = store_locate(store, "start", buf, &path);

	if (faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (is_init(stat))
		return 1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	dir = store_locate(store, ".", buf, &path);
	directory = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start", directory);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 1;
	/* Nobody listens, or (ENOENT) a `start` has just removed the name. */
	return errno == EAGAIN ? 1 : errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
}

int state_status(const struct store *store, const struct state *state, struct error *err)
{
	struct process_stat stat;
	int r;

	if (state->creating)
		r = is_locked(store);
	else
		r = is_alive(state, &stat);
	if (r == 0)
		return STATUS_STOPPED;
	if (r > 0 && state->creating)
		return STATUS_CREATING;
	if (r > 0 && group_is_paused(state))
		return STATUS_PAUSED;
	if (r > 0)
		r = is_waiting(store, &stat);
	if (r < 0)
		return error_set(err, -r, "find out what became of container %s", store->id);
	return r ? STATUS_CREATED : STATUS_RUNNING;
}

const char *status_name(enum status status)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
		[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
	};

	return names[status];
}
