/*
 * subreaper COMMAND... - runs COMMAND as the parent of every orphan below it, so that what a
 * test leaves behind is found among the harness's descendants and nowhere else.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 125;
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
