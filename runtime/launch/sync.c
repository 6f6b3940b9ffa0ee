/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/sync.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum side { PARENT, INIT };

/* The order in which they come; which of them come is decided by the plan (architecture.md, "Flow"). */
static const struct {
	const char *name;
	enum side from;
	const char *promise;
} messages[MSG_TYPES] = {
	[MSG_NONE] = {"NONE", PARENT, ""},
	[MSG_MAPPED] = {"MAPPED", PARENT, "the process is known to the parent, its id maps are written"},
	[MSG_CLONED] = {"CLONED", INIT, "the container's process exists, in all its namespaces"},
	[MSG_GROUP_MADE] = {"GROUP_MADE", PARENT, "the group exists in every hierarchy"},
	[MSG_GROUP] = {"GROUP", PARENT, "the group has its limits"},
	[MSG_MOUNTED] = {"MOUNTED", INIT, "the mounts are in place, pivot_root has not happened"},
	[MSG_HOOKS_DONE] = {"HOOKS_DONE", PARENT, "the prestart and createRuntime hooks ran"},
	[MSG_READY] = {"READY", INIT, "the root is entered and the program exists; only START is missing"},
	[MSG_START] = {"START", PARENT, "the state is written; the program may run"},
	[MSG_LISTENER] = {"LISTENER", INIT, "the seccomp filter is loaded; its listener came along"},
	[MSG_LISTENED] = {"LISTENED", PARENT, "the seccomp agent has the listener"},
	[MSG_RUNS] = {"RUNS", INIT, "the program is executed; init stays as process 1"},
	[MSG_ENDED] = {"ENDED", INIT, "the program has ended, and so does process 1"},
	[MSG_FAILED] = {"FAILED", INIT, "a step failed; init ends"},
};

const char *message_name(enum message_type type)
{
	return type < MSG_TYPES ? messages[type].name : "?";
}

const char *message_promise(enum message_type type)
{
	return type < MSG_TYPES ? messages[type].promise : "";
}

union control {
	char room[CMSG_SPACE(MESSAGE_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

static void attach_fds(struct msghdr *header, union control *control, const struct parcel *p)
{
	struct cmsghdr *c;

	header->msg_control = control->room;
	header->msg_controllen = CMSG_SPACE(p->n_fds * sizeof(int));
	c = CMSG_FIRSTHDR(header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(p->n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), p->fds, p->n_fds * sizeof(int));
}

int sync_send(int sock, enum message_type type, const struct parcel *parcel, struct error *err)
{
	static const struct parcel nothing;
	const struct parcel *p = parcel ? parcel : &nothing;
	struct message head = {.type = type, .len = (uint32_t)p->len, .aux = p->aux, .code = p->code};
	struct iovec iov[2] = {{&head, sizeof(head)}, {(void *)p->data, p->len}};
	struct msghdr header = {.msg_iov = iov, .msg_iovlen = p->len ? 2 : 1};
	union control control = {0};

	if (p->n_fds)
		attach_fds(&header, &control, p);
	if (TEMP_FAILURE_RETRY(sendmsg(sock, &header, MSG_NOSIGNAL)) < 0)
		return error_set(err, errno, "send %s to init", message_name(type));
	return 0;
}

/* The first fd is the answer; more than one is never sent by init. */
static int take_fd(struct msghdr *header)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	int fd;

	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int sync_receive(int sock, enum message_type type, struct reply *ret, struct error *err)
{
	struct iovec iov[2] = {{&ret->head, sizeof(ret->head)}, {ret->data, sizeof(ret->data) - 1}};
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct msghdr header = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t n = TEMP_FAILURE_RETRY(recvmsg(sock, &header, MSG_CMSG_CLOEXEC));
	bool reset;

	/* unix(7): who closes with something unread resets the other end, once; its last words are still there. */
	reset = n < 0 && errno == ECONNRESET;
	if (reset)
		n = TEMP_FAILURE_RETRY(recvmsg(sock, &header, MSG_CMSG_CLOEXEC));
	ret->fd = -1;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return reset ? SYNC_RESET : SYNC_CLOSED;
	if (n < 0)
		return error_set(err, errno, "wait for %s from init", message_name(type));
	ret->fd = take_fd(&header);
	if ((size_t)n < sizeof(ret->head) || ret->head.len != (size_t)n - sizeof(ret->head))
		return error_set(err, EPROTO, "wait for %s from init", message_name(type));
	ret->data[ret->head.len] = '\0';
	if (ret->head.type == MSG_FAILED && (ret->head.code <= 0 || ret->head.code >= ERROR_SAID))
		return error_set(err, EPROTO, "understand how init failed");
	if (ret->head.type == MSG_FAILED)
		return SYNC_FAILED;
	if (ret->head.type != (uint32_t)type)
		return error_set(err, EPROTO, "wait for %s from init: got %s", message_name(type),
		                 message_name(ret->head.type));
	return 0;
}
