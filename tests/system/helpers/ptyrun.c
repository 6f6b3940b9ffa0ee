/*
 * ptyrun [STEP...] -- COMMAND... - a person at a terminal: runs COMMAND on a new pseudo-terminal
 * as its controlling one, copies what it prints to stdout, and takes the STEPs in order:
 *
 *   expect:TEXT  wait until TEXT has been printed (30 s at most)
 *   send:TEXT    type TEXT (\n, \r, \xHH, ^C as such)
 *   size:RxC     give the terminal this size
 *   raw:0|1      fail unless the terminal's line discipline is (not) raw now
 *   kill:N       send COMMAND the signal N
 *   line:RxC     (first) the size before COMMAND starts
 *
 * Exits with COMMAND's code (128 + signal), 124 when a TEXT never came, 126 when a raw: failed
 * or the terminal's settings differ after COMMAND has ended from those before.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char seen[1 << 20];
static size_t n_seen, used;
static int master;
static pid_t child;

static int pump(int timeout_ms)
{
	struct pollfd p = {.fd = master, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, timeout_ms) <= 0)
		return 0;
	n = read(master, seen + n_seen, sizeof(seen) - 1 - n_seen);
	if (n <= 0)
		return -1;
	fwrite(seen + n_seen, 1, n, stdout);
	fflush(stdout);
	n_seen += n;
	return 1;
}

static int expect(const char *text)
{
	time_t end = time(NULL) + 30;

	for (;;) {
		char *at = memmem(seen + used, n_seen - used, text, strlen(text));

		if (at) {
			used = at - seen + strlen(text);
			return 0;
		}
		if (time(NULL) > end || pump(1000) < 0)
			return -1;
	}
}

static void type(const char *t)
{
	for (; *t; t++) {
		char c = *t;
		unsigned hex;

		if (c == '\\' && t[1] == 'n')
			c = '\n', t++;
		else if (c == '\\' && t[1] == 'r')
			c = '\r', t++;
		else if (c == '\\' && t[1] == 'x' && sscanf(t + 2, "%2x", &hex) == 1)
			c = hex, t += 3;
		else if (c == '^' && t[1])
			c = *++t & 0x1f;
		if (write(master, &c, 1) < 0)
			return;
	}
}

static int is_raw(void)
{
	struct termios t;

	return tcgetattr(master, &t) == 0 && !(t.c_lflag & (ICANON | ECHO));
}

/* A runtime sets its terminal at some moment: give it 5 s. */
static int wait_raw(int wanted)
{
	for (int i = 0; i < 1000; i++) {
		if (is_raw() == wanted)
			return 0;
		pump(5);
	}
	return -1;
}

static int take(const char *step)
{
	struct winsize w = {0};

	if (!strncmp(step, "expect:", 7)) {
		if (expect(step + 7) == 0)
			return 0;
		fprintf(stderr, "ptyrun: \"%s\" did not come\n", step + 7);
		return 124;
	}
	if (!strncmp(step, "send:", 5))
		type(step + 5);
	else if (sscanf(step, "size:%hux%hu", &w.ws_row, &w.ws_col) == 2)
		ioctl(master, TIOCSWINSZ, &w);
	else if (!strncmp(step, "kill:", 5))
		kill(child, atoi(step + 5));
	else if (!strncmp(step, "raw:", 4) && wait_raw(atoi(step + 4)) < 0) {
		fprintf(stderr, "ptyrun: the terminal is %sraw\n", atoi(step + 4) ? "not " : "");
		return 126;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct winsize w = {.ws_row = 24, .ws_col = 80};
	struct termios before, after;
	int slave, i = 1, status, rc = 0;

	if (argc > 1)
		sscanf(argv[1], "line:%hux%hu", &w.ws_row, &w.ws_col);
	if (openpty(&master, &slave, NULL, NULL, &w) < 0)
		return 125;
	fcntl(master, F_SETFD, FD_CLOEXEC);
	tcgetattr(master, &before);
	child = fork();
	if (child == 0) {
		for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
			;
		setsid();
		/* A shell that runs us in the background has them ignored. */
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
		if (slave > 2)
			close(slave);
		if (i + 1 < argc)
			execvp(argv[i + 1], argv + i + 1);
		_exit(127);
	}
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0 && rc == 0; i++)
		rc = take(argv[i]);
	if (rc)
		kill(child, SIGKILL);
	while (waitpid(child, &status, WNOHANG) == 0)
		pump(5);
	while (pump(0) > 0)
		;
	tcgetattr(master, &after);
	if (!rc && (before.c_lflag != after.c_lflag || before.c_iflag != after.c_iflag ||
		    before.c_oflag != after.c_oflag)) {
		fprintf(stderr, "ptyrun: the terminal was not put back as it was\n");
		rc = 126;
	}
	close(slave);
	return rc ?: WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
