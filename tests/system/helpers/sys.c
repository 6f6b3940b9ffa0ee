/*
 * sys NUMBER [ARG...] - makes one system call by its number and prints "ret errno", for seccomp:
 * "0 OK", "-1 EPERM".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long a[6] = {0}, r;

	if (argc < 2)
		return 125;
	for (int i = 2; i < argc && i < 8; i++)
		a[i - 2] = (long)strtoull(argv[i], NULL, 0);
	errno = 0;
	r = syscall(strtol(argv[1], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
	printf("%ld %s\n", r, r < 0 ? strerrorname_np(errno) : "OK");
	return 0;
}
