/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/holder.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Our signals are blocked (foreground_begin) and so are its: who stops the scope with TERM waits for the container, which
 * the holder must outlive.
 */
__attribute__((no_sanitize("address", "undefined"))) static int hold(void *parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == *(const pid_t *)parent)
		for (;;)
			pause();
	return 0;
}

int holder_start(pid_t *ret, struct error *err)
{
	static char stack[16384] __attribute__((aligned(16)));
	static pid_t self;
	pid_t pid;

	self = getpid();
	/* Without an exit signal: nobody is to hear of its end. */
	pid = clone(hold, stack + sizeof(stack), CLONE_VM | CLONE_FILES, &self);
	if (pid < 0)
		return error_set(err, errno, "make a process that holds the container's scope");
	*ret = pid;
	return 0;
}

void holder_end(pid_t pid)
{
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		TEMP_FAILURE_RETRY(waitpid(pid, NULL, __WALL));
}
