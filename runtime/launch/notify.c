/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/launch/unix_address.h"

/* systemd takes no longer ones. */
#define MESSAGE_MAX 4096
/* At a time, so that a container that floods us cannot keep us from our other work. */
#define MESSAGES_AT_ONCE 16

/*
 * What a container may say about itself.  Not MAINPID and FDSTORE: which processes and files the
 * host's service consists of is not its business.
 */
static const char *const allowed[] = {
	"BUSERROR=",       "ERRNO=",    "EXTEND_TIMEOUT_USEC=",
	"MONOTONIC_USEC=", "READY=",    "RELOADING=",
	"STATUS=",         "STOPPING=", "WATCHDOG=",
	"WATCHDOG_USEC=",
};

int notify_open(int state_dir, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int dir = -1, fd = -1;

	if (mkdirat(state_dir, "notify", 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "make the directory of the notify socket");
	dir = openat(state_dir, "notify", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "open the directory of the notify socket");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, errno, "make the notify socket");
	/* An older one, of `create` say, is dead: nobody reads it. */
	unlinkat(dir, "notify.sock", 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/notify.sock", dir);
	/* Whatever our umask: the container's users are not ours. */
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmod(dir, 0755) < 0 || fchmodat(dir, "notify.sock", 0777, 0) < 0)
		return error_set(err, errno, "bind the notify socket");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* ---- receiving ---------------------------------------------------------------------------- */

struct message {
	size_t n;
	char text[MESSAGE_MAX + 1];
	int barrier; /* the fd that came with it, or -1 */
};

/* Keeps the first fd and closes the others. */
static void take_fds(struct msghdr *header, struct message *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (ret->barrier < 0)
				ret->barrier = fd;
			else
				close(fd);
		}
	}
}

static bool receive(int fd, struct message *ret)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec into = {ret->text, MESSAGE_MAX};
	struct msghdr header = {
		.msg_iov = &into,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	ret->barrier = -1;
	do
		n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	take_fds(&header, ret);
	ret->n = header.msg_flags & MSG_TRUNC ? 0 : (size_t)n;
	ret->text[ret->n] = '\0';
	return true;
}

/* ---- forwarding ------------------------------------------------------------------------------ */

static bool is_allowed(const char *line)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (strncmp(line, allowed[i], strlen(allowed[i])) == 0)
			return true;
	return false;
}

/* The allowed lines, and MAINPID behind READY=1; `ret` has room for a message and a line. */
static size_t filter(char *text, pid_t pid, char *ret, bool *ready)
{
	char *rest = text;
	size_t n = 0;
	bool is_ready = false;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (!is_allowed(line))
			continue;
		is_ready |= strcmp(line, "READY=1") == 0;
		n += (size_t)sprintf(ret + n, "%s\n", line);
	}
	if (is_ready)
		n += (size_t)sprintf(ret + n, "MAINPID=%d\n", pid);
	*ready |= is_ready;
	return n;
}

static int send_to_host(const char *host_socket, const char *text, size_t len, int passed,
			struct error *err)
{
	const struct timeval patience = {.tv_sec = 5};
	cleanup_address struct unix_address address = {.fd = -1};
	cleanup_close int fd = -1;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			   .cmsg_level = SOL_SOCKET,
			   .cmsg_type = SCM_RIGHTS}
        };
	struct iovec payload = {(void *)(uintptr_t)text, len};
	struct msghdr message = {
		.msg_name = &address.un,
		.msg_iov = &payload,
		.msg_iovlen = 1,
		.msg_control = passed < 0 ? NULL : &control,
		.msg_controllen = passed < 0 ? 0 : sizeof(control),
	};

	if (unix_address_of_notify(host_socket, &address, err) < 0)
		return -err->code;
	message.msg_namelen = address.len;
	memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "make a socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		return error_set(err, errno, "notify %s", host_socket);
	return 0;
}

/*
 * sd_notify_barrier(3): the manager closes the fd when it has come so far.  Passed on as it
 * is, so that the container waits for the manager and not for us; our copy is closed by the caller.
 */
static int forward_one(struct message *message, const char *host_socket, pid_t pid, bool *ready,
		       struct error *err)
{
	char text[MESSAGE_MAX + 64];
	size_t n;

	if (message->barrier >= 0 && strcmp(message->text, "BARRIER=1") == 0)
		return send_to_host(host_socket, message->text, message->n, message->barrier, err);
	n = filter(message->text, pid, text, ready);
	return n ? send_to_host(host_socket, text, n, -1, err) : 0;
}

int notify_forward(int fd, const char *host_socket, pid_t pid, bool *ready, struct error *err)
{
	struct message message;
	int r = 0;

	for (int i = 0; i < MESSAGES_AT_ONCE && r == 0 && receive(fd, &message); i++) {
		r = forward_one(&message, host_socket, pid, ready, err);
		if (message.barrier >= 0)
			close(message.barrier);
	}
	return r;
}

/* ---- until ready -------------------------------------------------------------------------------
 */

/* systemd attributes a message by its sender's pid, and has to look before we are gone. */
static int barrier(const char *host_socket, struct error *err)
{
	struct pollfd closed = {.events = 0};
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	r = send_to_host(host_socket, "BARRIER=1", strlen("BARRIER=1"), ends[1], err);
	close(ends[1]);
	closed.fd = ends[0];
	if (r == 0 && poll(&closed, 1, 30000) == 0)
		log_warning("%s has not acknowledged READY=1 in 30 s", host_socket);
	close(ends[0]);
	return r;
}

int notify_until_ready(int fd, pid_t pid, struct error *err)
{
	const char *host_socket = getenv("NOTIFY_SOCKET");
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ready = false;
	int r = 0;

	if (host_socket == NULL || *host_socket == '\0' || pidfd < 0)
		return 0;
	while (r == 0 && !ready) {
		struct pollfd fds[] = {
			{fd,    POLLIN, 0},
                        {pidfd, POLLIN, 0}
                };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return error_set(err, errno, "wait for READY=1");
		if (fds[0].revents)
			r = notify_forward(fd, host_socket, pid, &ready, err);
		else if (fds[1].revents)
			return NOTIFY_ENDED;
	}
	return r ?: barrier(host_socket, err);
}
