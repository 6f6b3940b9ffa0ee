/*
 * reaper FILE COMMAND... - what conmon and containerd's shim are to a runtime: runs COMMAND, writes its exit code into
 * FILE, and reaps every orphan below it until none is left.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status;
	pid_t command, pid;
	FILE *f;

	if (argc < 3 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 125;
	command = fork();
	if (command == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == command && (f = fopen(argv[1], "w"))) {
			fprintf(f, "%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
			fclose(f);
		}
	return 0;
}
