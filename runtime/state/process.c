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
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/state/group.h"

/* <linux/magic.h> of Linux 6.9 */
#define PIDFS_MAGIC 0x50494446

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

uint64_t process_inode(int pidfd)
{
	struct stat st;

	/* On 32 bits the number is cut. */
	return sizeof(long) == 8 && fstat(pidfd, &st) == 0 ? st.st_ino : 0;
}

/* Before 6.9 all pidfds were the one anonymous inode. */
static bool has_inode(int pidfd)
{
	static int answer = -1;         /* the kernel's, for all of them */
	struct statfs fs;

	if (answer < 0)
		answer = fstatfs(pidfd, &fs) == 0 && fs.f_type == PIDFS_MAGIC;
	return answer;
}

static int has_ended(int pidfd)
{
	int r = TEMP_FAILURE_RETRY(poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, 0));

	return r < 0 ? -errno : r;
}

static bool proc_is_ours(void)
{
	char link[16];
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);

	link[n > 0 ? n : 0] = '\0';
	return atoi(link) == getpid();
}

/*
 * 1, 0, or -1: not known; the state may be an older version's.  Where /proc is another pid namespace's than ours, the number may be
 * the process's there, and another one's here.
 */
static int is_alive_by_inode(const struct state *state, int pidfd)
{
	uint64_t inode = state->inode && has_inode(pidfd) ? process_inode(pidfd) : 0;
	int ended = inode && inode == state->inode ? has_ended(pidfd) : -1;

	if (ended >= 0)
		return !ended;
	return inode && inode != state->inode && proc_is_ours() ? 0 : -1;
}

/* 1, 0, or that it cannot be told: who is taken for dead would be left running, or deleted. */
static int is_alive_by_start(const struct state *state)
{
	cleanup_close int fd = -1;
	struct process_stat stat;
	int r = state->pid > 0 ? read_stat(state->pid, &stat) : -ESRCH;

	if (r == -ESRCH || (r == 0 && stat.start_time != state->start_time))
		return 0;
	if (r < 0 || !is_dead(&stat))
		return r < 0 ? r : 1;
	/* A zombie has ended; but so looks a process whose first thread has ended before the others. */
	fd = open_process(state->pid);
	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	r = has_ended(fd);
	return r < 0 ? r : !r;
}

/* /proc/PID/stat costs more than all the questions to a pidfd. */
static int is_alive_with(const struct state *state, int pidfd)
{
	int alive = is_alive_by_inode(state, pidfd);

	return alive >= 0 ? alive : is_alive_by_start(state);
}

static int is_alive(const struct state *state)
{
	cleanup_close int fd = state->pid > 0 && state->inode ? open_process(state->pid) : -1;

	return fd >= 0 ? is_alive_with(state, fd) : is_alive_by_start(state);
}

int state_pidfd(const struct state *state)
{
	cleanup_close int fd = -1;
	int r;

	if (state->pid <= 0)
		return -ESRCH;
	fd = open_process(state->pid);
	if (fd < 0)
		return fd;
	/* The number may have been given to another process before the pidfd held it. */
	r = is_alive_with(state, fd);
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

		if (read_stat(state->pid, &stat) == 0 && stat.start_time == state->start_time && is_dead(&stat) && is_alive_by_start(state) == 0)
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

/* Where the start socket is, within the 108 bytes of sun_path.  False: it does not fit. */
static bool socket_path(const struct store *store, struct sockaddr_un *ret)
{
	int n;

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (store->dir >= 0)
		n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/start", store->dir);
	else if (store->here)
		n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/start", store->id);
	else
		n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s/start", store->root, store->id);
	return n < (int)sizeof(ret->sun_path);
}

/*
 * A connection would wake init; one of another type is refused before anybody hears of it, with another error than that of a
 * socket that is nobody's any more (unix_find_bsd).
 */
enum waiting { NO_SOCKET, HELD, LEFT };         /* or a negative errno */

static int ask_socket(int asker, const struct store *store)
{
	struct sockaddr_un address;
	struct store opened = *store;
	cleanup_close int directory = -1;
	int r;

	if (!socket_path(store, &address)) {
		opened.dir = directory = openat(store->root, store->id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (directory < 0)
			return errno == ENOENT ? NO_SOCKET : -errno;
		socket_path(&opened, &address);
	}
	r = connect(asker, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
	return r == EPROTOTYPE ? HELD : r == ENOENT ? NO_SOCKET : r == ECONNREFUSED || r == 0 ? LEFT : -r;
}

/*
 * Init listens until it executes the program, which takes the socket from it, and nobody else has it (release_fds, hook.c): whose
 * socket is held, lives, and waits.  Most containers have no such socket; once one had, all are asked by the socket alone.
 */
static int find_socket(const struct store *store)
{
	static int asker = -1;          /* stays: to make one costs more than to ask */
	char buf[STORE_PATH_MAX];
	const char *path;
	int dir = store_locate(store, "start", buf, &path);

	if (asker < 0 && faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? NO_SOCKET : -errno;
	if (asker < 0)
		asker = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return asker < 0 ? -errno : ask_socket(asker, store);
}

/*
 * Of one that lives.  Its socket is left by init that is being killed, and by a program whose `start` was killed before it removed
 * the name.  (Such a program that bears init's name is taken for created.)
 */
static bool is_waiting(int socket, const struct state *state)
{
	struct process_stat stat;

	return socket == HELD || (socket == LEFT && read_stat(state->pid, &stat) == 0 && is_init(&stat));
}

static int status_of_process(const struct store *store, const struct state *state)
{
	int socket = state->pid > 0 ? find_socket(store) : NO_SOCKET;
	int alive = socket == HELD ? 1 : is_alive(state);

	if (alive <= 0)
		return alive < 0 ? alive : STATUS_STOPPED;
	if (group_is_paused(state))
		return STATUS_PAUSED;
	if (socket < 0)
		return socket;
	return is_waiting(socket, state) ? STATUS_CREATED : STATUS_RUNNING;
}

static int status_of_create(const struct store *store)
{
	int locked = is_locked(store);

	return locked < 0 ? locked : locked ? STATUS_CREATING : STATUS_STOPPED;
}

int state_status(const struct store *store, const struct state *state, struct error *err)
{
	int r = state->creating ? status_of_create(store) : status_of_process(store, state);

	return r < 0 ? error_set(err, -r, "find out what became of container %s", store->id) : r;
}

const char *status_name(enum status status)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
		[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
	};

	return names[status];
}
