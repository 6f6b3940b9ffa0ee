/*
 * leakfds N COMMAND... - runs COMMAND with the fds 3 ... N+2 open on the host's root directory:
 * a careless caller.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : -1;
	int root = open("/", O_RDONLY | O_DIRECTORY);

	if (n < 1 || root < 0)
		return 125;
	for (int fd = 3; fd < 3 + n; fd++)
		if (fd != root && dup2(root, fd) < 0)
			return 125;
	execvp(argv[2], argv + 2);
	return 127;
}
