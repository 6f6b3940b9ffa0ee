/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time_types.h>
#include <linux/wait.h>

/*
 * Hooks that run in the container's namespaces (config.md "createContainer Hooks",
 * "startContainer Hooks").  A startContainer hook may run under the container's seccomp profile: only
 * old system calls that every engine's profile allows are made here (clone, wait4, poll, not
 * clone3 and pidfds).
 */

#define SIGCHLD_ 17
#define SIGKILL_ 9
#define SIG_SETMASK_ 2
#define SIG_BLOCK_ 0

static void exec_hook(struct init *in, const struct step *step, int input)
{
	const char **argv = __builtin_alloca((step->hook.args.n + 2) * sizeof(*argv));
	const char **envp = __builtin_alloca((step->hook.env.n + 1) * sizeof(*envp));
	const plan_str *args = plan_at(in->plan, step->hook.args.offset);
	const plan_str *env = plan_at(in->plan, step->hook.env.offset);
	unsigned long no_signals = 0;

	argv[0] = str(in, step->hook.path);
	argv[1] = NULL;
	for (uint32_t i = 0; i < step->hook.args.n; i++)
		argv[i] = str(in, args[i]);
	if (step->hook.args.n)
		argv[step->hook.args.n] = NULL;
	for (uint32_t i = 0; i < step->hook.env.n; i++)
		envp[i] = str(in, env[i]);
	envp[step->hook.env.n] = NULL;
	sys(dup3, input, 0, 0);
	sys(close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
	sys(rt_sigprocmask, SIG_SETMASK_, &no_signals, NULL, sizeof(no_signals));
	sys(execve, str(in, step->hook.path), argv, envp);
	sys(exit_group, 127);
}

/* The state, with our pid (in the container's namespace) written into its hole. */
static void fill_pid(char *hole)
{
	long pid = sys(getpid);

	for (int i = PLAN_PID_WIDTH; i-- > 0 && pid; pid /= 10)
		hole[i] = (char)('0' + pid % 10);
}

/* The state is smaller than a pipe's buffer in all but hostile cases; what does not fit is cut. */
static long state_pipe(struct init *in, const struct step *step)
{
	char *state = __builtin_alloca(step->hook.state_len);
	int ends[2];
	long r = sys(pipe2, ends, O_CLOEXEC | O_NONBLOCK);

	if (r < 0)
		return r;
	memcpy(state, str(in, step->hook.state), step->hook.state_len);
	fill_pid(state + step->hook.pid_hole);
	r = sys(write, ends[1], state, step->hook.state_len);
	sys(close, ends[1]);
	sys(fcntl, ends[0], F_SETFL, 0);
	return r < 0 ? r : ends[0];
}

/* Waits for the hook; 0, or -ETIMEDOUT after killing it. */
static int await(long pid, int seconds, int *status)
{
	struct __kernel_timespec left = {.tv_sec = seconds};
	unsigned long chld = 1ul << (SIGCHLD_ - 1);
	long r;

	if (!seconds)
		return (int)sys(wait4, pid, status, 0, NULL);
	for (;;) {
		r = sys(wait4, pid, status, WNOHANG, NULL);
		if (r != 0)
			return (int)r;
		/* SIGCHLD is blocked, so none is missed; another signal starts the wait anew. */
		r = sys(rt_sigtimedwait, &chld, NULL, &left, sizeof(chld));
		if (r == -EAGAIN) {
			sys(kill, pid, SIGKILL_);
			sys(wait4, pid, status, 0, NULL);
			return -ETIMEDOUT;
		}
	}
}

static int judge(struct init *in, int status)
{
	if ((status & 0x7f) != 0) {
		in->aux = status & 0x7f;
		return failed_at(in, STAGE_HOOK_SIGNAL, -ECANCELED);
	}
	in->aux = (status >> 8) & 0xff;
	return in->aux ? failed_at(in, STAGE_HOOK_EXIT, -ECANCELED) : 0;
}

int do_hook(struct init *in, const struct step *step)
{
	unsigned long chld = 1ul << (SIGCHLD_ - 1);
	long input = state_pipe(in, step), pid;
	int status = 0, r;

	if (input < 0)
		return failed_at(in, STAGE_CREATE, input);
	sys(rt_sigprocmask, SIG_BLOCK_, &chld, NULL, sizeof(chld));
	pid = sys(clone, SIGCHLD_, 0, 0, 0, 0);
	if (pid == 0)
		exec_hook(in, step, (int)input);
	sys(close, input);
	if (pid < 0)
		return failed_at(in, STAGE_CREATE, pid);
	r = await(pid, step->hook.timeout, &status);
	if (r < 0)
		return failed_at(in, STAGE_HOOK_TIMEOUT, r);
	return judge(in, status);
}
