/*
 * sendtty TEXT - tries to put TEXT into the input of the terminals it can reach (TIOCSTI), as a
 * hostile program would to make the caller's shell run it.  Prints what each try gave.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void try(const char *what, int fd, const char *text)
{
	int r = 0;

	for (const char *c = text; *c && r == 0; c++)
		r = ioctl(fd, TIOCSTI, c);
	printf("%s: %s\n", what, r == 0 ? "typed" : strerrorname_np(errno));
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "x";

	for (int fd = 0; fd < 3; fd++) {
		char name[8];

		snprintf(name, sizeof(name), "fd%d", fd);
		try(name, fd, text);
	}
	try("/dev/tty", open("/dev/tty", O_RDWR | O_CLOEXEC), text);
	return 0;
}
