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

#define PIPE_DEFAULT 65536      /* pipe(7) */
#define F_SETPIPE_SZ_ 1031      /* <fcntl.h> */
#define SIGCHLD_ 17
#define SIGKILL_ 9
#define SIG_SETMASK_ 2
#define SIG_BLOCK_ 0

__attribute__((noreturn)) static void exec_hook(struct init *in, const struct step *step, int input)
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
	if (in->cwd >= 0)       /* no directory of the container is a place to start a program of the host */
		sys(chdir, "/");
	if (sys(dup3, input, 0, 0) < 0) {       /* RLIMIT_NOFILE may be 0: never with the program's own input */
		sys(exit_group, 126);
		__builtin_trap();
	}
	sys(close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
	sys(rt_sigprocmask, SIG_SETMASK_, &no_signals, NULL, sizeof(no_signals));
	sys(execve, str(in, step->hook.path), argv, envp);
	sys(exit_group, 127);
	__builtin_trap();       /* denied: never back into init's own steps */
}

/* Our pid, in the container's namespace, as the blanks of the state's hole leave room for. */
static void format_pid(char *to)
{
	long pid = sys(getpid);

	memset(to, ' ', PLAN_PID_WIDTH);
	for (int i = PLAN_PID_WIDTH; i-- > 0 && pid; pid /= 10)
		to[i] = (char)('0' + pid % 10);
}

/* All of it fits, or the hook does not run: half a state would be none. */
static int fill_pipe(struct init *in, const struct step *step, int fd)
{
	const char *state = str(in, step->hook.state);
	uint32_t hole = step->hook.pid_hole, rest = hole + PLAN_PID_WIDTH;
	char pid[PLAN_PID_WIDTH];
	long n;

	format_pid(pid);
	if (step->hook.state_len > PIPE_DEFAULT)
		sys(fcntl, fd, F_SETPIPE_SZ_, 2 * step->hook.state_len);
	n = sys(write, fd, state, hole);
	if (n == (long)hole)
		n += sys(write, fd, pid, PLAN_PID_WIDTH);
	if (n == (long)rest)
		n += sys(write, fd, state + rest, step->hook.state_len - rest);
	return n == (long)step->hook.state_len ? 0 : -E2BIG;
}

static long state_pipe(struct init *in, const struct step *step)
{
	int ends[2], r;
	long made = sys(pipe2, ends, O_CLOEXEC | O_NONBLOCK);

	if (made < 0)
		return made;
	r = fill_pipe(in, step, ends[1]);
	sys(close, ends[1]);
	sys(fcntl, ends[0], F_SETFL, 0);
	return r < 0 ? r : ends[0];
}

/* Waits for the hook; 0, or -ETIMEDOUT after killing it. */
static int await(long pid, int seconds, int *status)
{
	struct __kernel_timespec now, left = {0};
	unsigned long chld = 1ul << (SIGCHLD_ - 1);
	long long end;
	long r;

	if (!seconds)
		return (int)sys(wait4, pid, status, 0, NULL);
	sys(clock_gettime, 1 /* CLOCK_MONOTONIC */, &now);
	end = now.tv_sec + seconds;
	for (;;) {
		r = sys(wait4, pid, status, WNOHANG, NULL);
		if (r != 0)
			return (int)r;
		/* SIGCHLD is blocked, so none is missed; those of orphans do not lengthen the wait. */
		sys(clock_gettime, 1, &now);
		left.tv_sec = end > now.tv_sec ? end - now.tv_sec : 0;
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

/* The steps that follow, up to the program. */
int do_hook_inputs(struct init *in, const struct step *step)
{
	close_others(in);
	for (; step->kind != STEP_EXEC && in->n_inputs < array_size(in->inputs); step++) {
		long fd = step->kind == STEP_HOOK ? state_pipe(in, step) : -1;

		if (step->kind == STEP_HOOK && fd < 0)
			return failed_at(in, STAGE_CREATE, fd);
		if (fd >= 0)
			in->inputs[in->n_inputs++] = (int)fd;
	}
	return 0;
}

int do_hook(struct init *in, const struct step *step)
{
	unsigned long chld = 1ul << (SIGCHLD_ - 1);
	long input = in->inputs_used < in->n_inputs ? in->inputs[in->inputs_used++] : state_pipe(in, step), pid;
	int status = 0, r;

	if (input < 0)
		return failed_at(in, STAGE_CREATE, input);
	sys(rt_sigprocmask, SIG_BLOCK_, &chld, NULL, sizeof(chld));
	pid = sys(clone, SIGCHLD_, 0, 0, 0, 0);
	if (pid == 0)
		exec_hook(in, step, (int)input);
	sys(close, input);
	own_forget(in);
	if (pid < 0)
		return failed_at(in, STAGE_CREATE, pid);
	r = await(pid, step->hook.timeout, &status);
	if (r < 0)
		return failed_at(in, r == -ETIMEDOUT ? STAGE_HOOK_TIMEOUT : STAGE_NONE, r);
	return judge(in, status);
}
