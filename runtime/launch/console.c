/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/console.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "runtime/base/cleanup.h"
#include "runtime/launch/unix_address.h"

int console_socket_connect(const char *path, int *ret_fd, struct error *err)
{
	cleanup_address struct unix_address address = {.fd = -1};
	cleanup_close int fd = -1;

	if (unix_address_of(path, &address, err) < 0)
		return error_wrap(err, "console socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "make a socket");
	if (connect(fd, (const struct sockaddr *)&address.un, address.len) < 0)
		return error_set(err, errno, "connect to the console socket %s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}

int console_socket_send(int sock, int master, const char *name, struct error *err)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			   .cmsg_level = SOL_SOCKET,
			   .cmsg_type = SCM_RIGHTS}
        };
	struct iovec payload = {(void *)(uintptr_t)name, strlen(name)};
	const struct msghdr message = {
		.msg_iov = &payload,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	memcpy(CMSG_DATA(&control.header), &master, sizeof(master));
	do
		n = sendmsg(sock, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_set(err, errno, "send the terminal to the console socket") : 0;
}
