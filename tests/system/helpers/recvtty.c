/*
 * recvtty SOCKET READY - what an engine does behind --console-socket: listens on SOCKET, makes
 * the file READY, takes one terminal and copies what comes out of it until it is closed.
 * Prints "name: X" (the payload) and "fds: N" first.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int receive(int sock, char *name, size_t size, int *fds)
{
	char control[CMSG_SPACE(8 * sizeof(int))];
	struct iovec iov = {name, size - 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	if (n < 0)
		return -1;
	name[n] = '\0';
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	return n;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int s, c, fds[8], n, ready;
	char text[4096], *dir, *base;
	ssize_t got;

	if (argc != 3)
		return 125;
	/* By the directory, so that a path longer than sun_path works. */
	dir = strdup(argv[1]);
	base = strrchr(dir, '/');
	if (base) {
		*base++ = '\0';
		if (chdir(dir) < 0)
			return 125;
	}
	strncpy(a.sun_path, base ?: dir, sizeof(a.sun_path) - 1);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || bind(s, (void *)&a, sizeof(a)) < 0 || listen(s, 1) < 0)
		return 125;
	ready = open(argv[2], O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	close(ready);
	alarm(60);
	c = accept(s, NULL, NULL);
	if (c < 0)
		return 125;
	n = receive(c, text, sizeof(text), fds);
	printf("name: %s\nfds: %d\n", text, n);
	fflush(stdout);
	if (n < 1)
		return 1;
	printf("tty: %d\n", isatty(fds[0]));
	while ((got = read(fds[0], text, sizeof(text))) > 0)
		fwrite(text, 1, got, stdout);
	return 0;
}
