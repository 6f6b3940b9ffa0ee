/*
 * badsignals COMMAND... - runs COMMAND with signals blocked and others ignored, as a careless
 * caller leaves them: neither may reach the program of a container.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct { void (*handler)(int); unsigned long rest[4]; } ignore = {SIG_IGN, {0}};
	sigset_t all;

	if (argc < 2)
		return 125;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	for (int sig = 32; sig <= 64; sig++)    /* not by libc, which keeps two for itself */
		syscall(SYS_rt_sigaction, sig, &ignore, NULL, 8);
	execvp(argv[1], argv + 1);
	return 127;
}
