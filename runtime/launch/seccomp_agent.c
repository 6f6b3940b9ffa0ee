/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/seccomp_agent.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "runtime/base/cleanup.h"
#include "runtime/launch/unix_address.h"
#include "spec/emit.h"

/* How long an agent may leave a connection, or what is sent over it, lie. */
#define PATIENCE_S 10

int seccomp_agent_check(const struct seccomp *profile, struct error *err)
{
	const char *path = profile->listener_path.s;
	struct stat st;

	if (!seccomp_notifies(profile))
		return 0;
	if (stat(path, &st) < 0)
		error_set(err, errno, "reach the seccomp agent at %s", path);
	else if (!S_ISSOCK(st.st_mode))
		error_set(err, ERROR_SAID, "reach the seccomp agent: %s is not a socket", path);
	else
		return 0;
	error_hint(err, "the agent must listen there before the container is made");
	return error_locate(err, profile->listener_path.at);
}

static int complain(const struct seccomp *profile, const char *what, struct error *err)
{
	int code = errno == EAGAIN ? ETIMEDOUT : errno;

	error_set(err, code, "%s the seccomp agent at %s", what, profile->listener_path.s);
	if (code == ECONNREFUSED)
		error_hint(err, "nobody listens on that socket");
	else if (code == ETIMEDOUT)
		error_hint(err, "the agent did not accept the connection, or did not read from it, within %d s", PATIENCE_S);
	return error_locate(err, profile->listener_path.at);
}

static int reach(const struct seccomp *profile, int *ret_fd, struct error *err)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	cleanup_address struct unix_address address = {.fd = -1};
	cleanup_close int fd = -1;

	if (unix_address_of(profile->listener_path.s, &address, err) < 0) {
		error_wrap(err, "seccomp agent");
		return error_locate(err, profile->listener_path.at);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "make a socket");
	/* It holds for connect(2) too: an agent with a full queue must not stop us for ever. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address.un, address.len) < 0)
		return complain(profile, "reach", err);
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* The fd goes with the first byte; a state that is larger than the socket's buffer takes more than one call. */
static ssize_t send_some(int sock, const char *text, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {(void *)(uintptr_t)text, len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return TEMP_FAILURE_RETRY(sendmsg(sock, &message, MSG_NOSIGNAL));
}

int seccomp_agent_send(const struct config *config, const char *id, const char *bundle, pid_t pid, int listener,
                       struct error *err)
{
	const struct seccomp *profile = &config->linux_.seccomp;
	cleanup_free char *text = NULL;
	cleanup_close int sock = -1;
	size_t len = 0;
	int r = emit_process_state(config, id, bundle, "created", pid, &text, &len, err);

	if (r == 0)
		r = reach(profile, &sock, err);
	for (size_t sent = 0; r == 0 && sent < len;) {
		ssize_t n = send_some(sock, text + sent, len - sent, sent ? -1 : listener);

		if (n < 0)
			r = complain(profile, "give the listener to", err);
		sent += n > 0 ? (size_t)n : 0;
	}
	return r;
}
