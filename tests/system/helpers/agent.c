/*
 * agent SOCKET DIR [NUMBER=ERRNO|close|die|silent|deaf]... - a seccomp agent.
 *
 * Listens at SOCKET.  For each connection: one message is received into DIR/state.json, what came with it and
 * after it is told in DIR/connections ("fds 1 rest 0"), and the listener is served: a call with
 * NUMBER fails with ERRNO, others happen; each is a line "NUMBER PID" of DIR/calls.
 * close: the listener is closed at once.  die: the agent ends at the first notification.  silent: it keeps the
 * listener and never answers.  deaf: it never accepts, and its queue is full.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *dir;
static int n_answers;
static struct { int nr, error; } answers[16];

static FILE *file(const char *name, const char *mode)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, mode);
	if (!f)
		exit(3);
	return f;
}

static int listen_at(const char *path, int backlog)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char base[4096], *slash;
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(base, sizeof(base), "%s", path);
	slash = strrchr(base, '/');
	*slash = '\0';
	if (chdir(base) < 0)    /* the path may be longer than sun_path */
		exit(4);
	strncpy(a.sun_path, slash + 1, sizeof(a.sun_path) - 1);
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, backlog) < 0) {
		perror(path);
		exit(4);
	}
	return s;
}

/* The listener, or -1. */
static int receive(int c)
{
	static char text[1 << 20];
	char space[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8)));
	struct iovec v = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	ssize_t n = recvmsg(c, &m, MSG_CMSG_CLOEXEC), rest = 0, k;
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int fds = h && h->cmsg_type == SCM_RIGHTS ? (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0, fd = -1;
	FILE *f;

	if (n <= 0)
		return -1;
	if (fds)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	/* A state that is larger than a packet of the socket comes in several; then the connection ends. */
	while (n + rest < (ssize_t)sizeof(text) && (k = read(c, text + n + rest, sizeof(text) - (size_t)(n + rest))) > 0)
		rest += k;
	f = file("state.json", "w");
	fwrite(text, 1, (size_t)(n + rest), f);
	fclose(f);
	f = file("connections", "a");
	fprintf(f, "fds %d rest %zd\n", fds, rest);
	fclose(f);
	return fd;
}

static int serve(int fd)
{
	struct seccomp_notif req = {0};
	struct seccomp_notif_resp resp = {0};
	FILE *f;

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : -1;
	f = file("calls", "a");
	fprintf(f, "%d %u\n", req.data.nr, req.pid);
	fclose(f);
	resp.id = req.id;
	resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	for (int i = 0; i < n_answers; i++)
		if (answers[i].nr == req.data.nr) {
			resp.flags = 0;
			resp.error = -answers[i].error;
		}
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	return 0;
}

int main(int argc, char **argv)
{
	struct pollfd fds[16];
	int n = 1, closes = 0, dies = 0, silent = 0, deaf = 0;

	if (argc < 3)
		return 125;
	dir = argv[2];
	for (int i = 3; i < argc; i++) {
		closes |= !strcmp(argv[i], "close");
		dies |= !strcmp(argv[i], "die");
		silent |= !strcmp(argv[i], "silent");
		deaf |= !strcmp(argv[i], "deaf");
		if (n_answers < 16 && sscanf(argv[i], "%d=%d", &answers[n_answers].nr, &answers[n_answers].error) == 2)
			n_answers++;
	}
	fds[0] = (struct pollfd){listen_at(argv[1], deaf ? 0 : 8), POLLIN, 0};
	if (deaf) {
		struct sockaddr_un a;
		socklen_t len = sizeof(a);
		int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		getsockname(fds[0].fd, (struct sockaddr *)&a, &len);
		while (connect(s, (struct sockaddr *)&a, len) == 0)
			s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		fclose(file("ready", "w"));
		for (;;)
			pause();
	}
	fclose(file("ready", "w"));
	for (;;) {
		if (poll(fds, (nfds_t)n, -1) < 0)
			return 1;
		for (int i = n - 1; i > 0; i--) {
			if (!fds[i].revents)
				continue;
			if (dies && (fds[i].revents & POLLIN))
				return 0;
			if ((fds[i].revents & POLLIN) ? serve(fds[i].fd) < 0 : 1) {
				close(fds[i].fd);
				fds[i] = fds[--n];
			}
		}
		if (fds[0].revents) {
			int c = accept4(fds[0].fd, NULL, NULL, SOCK_CLOEXEC), fd = receive(c);

			close(c);
			if (closes && fd >= 0)
				close(fd);
			else if (fd >= 0 && n < 16)
				fds[n++] = (struct pollfd){fd, silent ? 0 : POLLIN, 0};
		}
	}
}
