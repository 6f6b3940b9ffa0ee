/*
 * unchroot PATH - leaves a chroot as chroot(2) says that it can be left, with CAP_SYS_CHROOT: "out" if PATH is there
 * afterwards, "in" if not.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 2 || chdir("/") < 0 || (mkdir("below", 0700) < 0) || chroot("below") < 0) {
		perror("unchroot");
		return 1;
	}
	/* Our directory is not below our root: no ".." stops there. */
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return 1;
	if (chroot(".") < 0)
		return 1;
	puts(access(argv[1], F_OK) == 0 ? "out" : "in");
	return 0;
}
