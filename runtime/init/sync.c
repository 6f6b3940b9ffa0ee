/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>

/* <linux/socket.h> has none of these for user space; the layouts are the kernel's ABI. */
struct io_vector {
	void *base;
	size_t len;
};

struct message_header {
	void *name;
	int name_len;
	struct io_vector *iov;
	size_t iov_len;
	void *control;
	size_t control_len;
	unsigned flags;
};

struct control_header {
	size_t len;
	int level, type;
};

#define SOL_SOCKET_ 1
#define SCM_RIGHTS_ 1
#define MSG_NOSIGNAL_ 0x4000
#define MSG_CMSG_CLOEXEC_ 0x40000000
#define MSG_TRUNC_ 0x20
#define MSG_CTRUNC_ 0x08

struct fd_control {
	struct control_header head;
	int fds[MESSAGE_FDS_MAX];
};

static int send_message(const struct init *in, struct message *message, const char *data, int fd)
{
	struct io_vector iov[2] = {{message, sizeof(*message)}, {(void *)data, message->len}};
	struct fd_control control = {{sizeof(control.head) + sizeof(int), SOL_SOCKET_, SCM_RIGHTS_}, {fd}};
	struct message_header header = {.iov = iov, .iov_len = message->len ? 2 : 1};
	long r;

	if (fd >= 0) {
		header.control = &control;
		header.control_len = sizeof(control.head) + sizeof(size_t);     /* CMSG_SPACE */
	}
	do
		r = sys(sendmsg, in->sync, &header, MSG_NOSIGNAL_);
	while (r == -EINTR);
	return r < 0 ? (int)r : 0;
}

int sync_send(const struct init *in, enum message_type type, int code, int fd)
{
	struct message message = {.type = type, .code = code};

	return send_message(in, &message, NULL, fd);
}

void sync_failed(const struct init *in, int code)
{
	struct message message = {
		.type = MSG_FAILED,
		.step = (uint32_t)(in->step - (const struct step *)plan_at(in->plan, in->plan->steps.offset)),
		.stage = in->stage,
		.code = code,
		.aux = in->aux,
		.len = (uint32_t)in->text_len,
	};

	send_message(in, &message, in->text, -1);
}

static unsigned take_fds(const struct message_header *header, int *fds)
{
	const struct fd_control *control = header->control;
	unsigned n;

	if (header->control_len < sizeof(control->head) || control->head.type != SCM_RIGHTS_)
		return 0;
	n = (unsigned)((control->head.len - sizeof(control->head)) / sizeof(int));
	for (unsigned i = 0; i < n && fds; i++)
		fds[i] = control->fds[i];
	return n;
}

int sync_receive(struct init *in, enum message_type type, struct message *ret, char *data,
                 size_t size, int *fds, unsigned *n_fds)
{
	struct message message = {0};
	struct io_vector iov[2] = {{&message, sizeof(message)}, {data, size}};
	struct fd_control control;
	struct message_header header = {.iov = iov,
	                                .iov_len = size ? 2 : 1,
	                                .control = &control,
	                                .control_len = sizeof(control)};
	unsigned n;
	long r;

	do
		r = sys(recvmsg, in->sync, &header, MSG_CMSG_CLOEXEC_);
	while (r == -EINTR);
	if (r == 0)
		return -ECONNRESET;
	if (r < 0)
		return (int)r;
	n = take_fds(&header, fds);
	if (n_fds)
		*n_fds = n;
	if (r < (long)sizeof(message) || message.type != type || (header.flags & (MSG_TRUNC_ | MSG_CTRUNC_)) ||
	    message.len > size)
		return -EPROTO;
	if (size)
		data[message.len < size ? message.len : size - 1] = '\0';
	if (ret)
		*ret = message;
	return 0;
}
