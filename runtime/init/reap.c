/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/prctl.h>
#include <linux/wait.h>

/*
 * Init stays, as process 1 of the pid namespace (annotation org.crun-lite.init): the program is its child, whose orphans it
 * reaps, to whom it passes signals on, and with whose end all of the namespace ends.  It comes here as the program's user, without
 * capabilities, under the program's seccomp filter, and keeps neither the plan (environment, arguments) nor a file but the socket on
 * which it says how the program ended.
 */

#define SIGCHLD_ 17
#define SIGKILL_ 9
#define SIG_SETMASK_ 2
#define SI_KERNEL_ 0x80

struct siginfo {
	int signo, error, code;
	int rest[29];
};

/*
 * In our memory, while we wait: nothing here may return into the frames that we go on with.  Whoever fails says so by itself, and
 * leaves word for us in `program` (where memory is not shared, we find it dead).
 */
__attribute__((noreturn, noinline)) static void become_program(struct init *in)
{
	int r = do_exec(in, in->step);

	sync_failed(in, -r);
	in->program = NULL;
	sys(exit_group, 125);
	__builtin_trap();
}

/* Nothing is left to know, and nothing to write to: who reads the program's output sees its end. */
static void forget_all(struct init *in)
{
	const struct plan *plan = in->plan;
	int sync = in->sync;

	memset(in, 0, sizeof(*in));
	in->sync = sync;
	sys(munmap, plan, PLAN_SIZE_MAX);
	if (sync > 0)
		sys(close_range, 0, sync - 1, 0);
	if (sys(close_range, sync + 1, ~0u, 0) < 0)     /* a profile may deny it; what is not a stream is close-on-exec already */
		for (int fd = 0; fd < 3; fd++)
			sys(close, fd);
}

/* The exit code of the program, or 128 + its signal: process 1 of a namespace cannot kill itself. */
__attribute__((noreturn)) static void end(struct init *in, int status, int tell)
{
	int sig = status & 0x7f;

	if (tell)
		sync_send(in, MSG_ENDED, status, -1);
	sys(exit_group, sig ? 128 + sig : (status >> 8) & 0xff);
	__builtin_trap();
}

/* Reaps whoever has ended; `options`: WNOHANG, or wait for one. */
static void reap(struct init *in, long program, int options, int tell)
{
	int status = 0;
	long pid;

	while ((pid = sys(wait4, -1, &status, options, NULL)) > 0 || pid == -EINTR)
		if (pid == program)
			end(in, status, tell);
}

__attribute__((noreturn)) static void stay(struct init *in, long program, int tell)
{
	unsigned long all = ~0ul;
	struct siginfo info;

	for (;;) {
		long sig = sys(rt_sigtimedwait, &all, &info, NULL, sizeof(all));

		if (sig < 0 && sig != -EINTR)   /* a profile denies it: then nothing is passed on */
			reap(in, program, 0, tell);
		else if (sig == SIGCHLD_)
			reap(in, program, WNOHANG, tell);
		else if (sig > 0 && info.code != SI_KERNEL_)    /* what a terminal sends goes to the program by itself */
			sys(kill, program, sig);
	}
}

int do_reap(struct init *in, const struct step *step)
{
	unsigned long all = ~0ul;
	int tell = step->reap.tell != 0, tied = step->reap.tied != 0;
	long program;

	sys(rt_sigprocmask, SIG_SETMASK_, &all, NULL, sizeof(all));
	/* Not under the name of an init that the parent waits for. */
	sys(prctl, PR_SET_NAME, "crun-lite-pid1", 0, 0, 0);
	if (tied)
		sys(prctl, PR_SET_PDEATHSIG, SIGKILL_, 0, 0, 0);
	in->step = step + 1;
	program = sys(clone, ARCH_VFORK_VM | SIGCHLD_, 0, 0, 0, 0);
	if (program == 0)
		become_program(in);
	if (program < 0) {
		in->step = step;
		return failed_at(in, STAGE_CREATE, program);
	}
	if (!in->program) {             /* it has said why */
		sys(exit_group, 125);
		__builtin_trap();
	}
	/* A parent that died before we were tied to it is not there to hear this. */
	if (tell && sync_send(in, MSG_RUNS, 0, -1) < 0 && tied)
		sys(exit_group, 125);
	if (!tell) {                    /* the end of the connection says that it runs */
		sys(close, in->sync);
		in->sync = -1;
	}
	forget_all(in);
	stay(in, program, tell);
}
