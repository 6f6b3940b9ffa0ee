/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/launch/foreground.h"

static const char *const kind_names[HOOK_KINDS] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

const char *hook_kind_name(enum hook_kind kind)
{
	return kind_names[kind];
}

/* ---- the hook's side ------------------------------------------------------------------ */

struct program {
	const char *path;
	char *const *argv, *const *envp;
	int input;
	bool own_group;
	int error; /* errno, if it could not be executed */
};

/*
 * Runs on a stack of its own in our memory, while we are stopped: system calls only.  Ignored
 * signals survive execve, handlers do not; fds that are not close-on-exec on purpose (slots of the
 * plan, --preserve-fds) are none of the hook's business.
 */
__attribute__((no_sanitize("address"))) static int become_hook(void *arg)
{
	/* The kernel's struct, all zeros: SIG_DFL.  libc's sigaction leaves out two signals that it wants for itself. */
	const unsigned long by_default[4] = {0};
	struct program *program = arg;
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		syscall(SYS_rt_sigaction, sig, by_default, NULL, _NSIG / 8);
	if (program->own_group)
		setpgid(0, 0);
	sigemptyset(&none);
	if (dup2(program->input, STDIN_FILENO) == STDIN_FILENO &&
	    fcntl(STDIN_FILENO, F_SETFD, 0) == 0 &&
	    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(program->path, program->argv, program->envp);
	}
	program->error = errno;
	_exit(127);
}

#define STACK_SIZE 32768

/* No handler of ours may run in the child, where it would see our memory. */
static pid_t spawn(struct program *program, int *ret_pidfd)
{
	cleanup_free char *stack = malloc(STACK_SIZE);
	sigset_t all, saved;
	pid_t pid = -1;

	program->error = stack ? 0 : ENOMEM;
	if (stack == NULL)
		return -1;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	pid = clone(become_hook, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
		    program, ret_pidfd);
	if (pid < 0)
		program->error = errno;
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return pid;
}

/* The list with its NULL; `fallback` if the key is absent. */
static char **to_vector(const struct texts *list, const char *fallback)
{
	size_t n = list->set ? list->n : 0;
	char **v = calloc(n + 2, sizeof(*v));

	for (size_t i = 0; v && i < n; i++)
		v[i] = (char *)(uintptr_t)list->v[i].s;
	if (v && n == 0)
		v[0] = (char *)(uintptr_t)fallback;
	return v;
}

/* ---- the state ---------------------------------------------------------------------------- */

/* What is still to be written to the hook's standard input. */
struct feed {
	int fd; /* -1: all written, or nobody reads any more */
	const char *state;
	size_t len;
};

static void feed_close(struct feed *feed)
{
	if (feed->fd >= 0)
		close(feed->fd);
	feed->fd = -1;
}

/* As much as the pipe takes.  A hook that does not read all, or nothing, is free to do so. */
static void feed_write(struct feed *feed)
{
	while (feed->len > 0) {
		ssize_t n = write(feed->fd, feed->state, feed->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break;
		feed->state += n;
		feed->len -= (size_t)n;
	}
	feed_close(feed);
}

/* A pipe, for people write "cat /dev/stdin" (open of a socket is ENXIO); nearly always it takes
 * all. */
static int feed_open(struct feed *feed, int *ret_input)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_input = ends[0];
	feed->fd = ends[1];
	fcntl(feed->fd, F_SETFL, O_NONBLOCK);
	feed_write(feed);
	return 0;
}

/* ---- waiting --------------------------------------------------------------------------------- */

enum outcome { HOOK_ENDED, HOOK_TIMED_OUT, HOOK_INTERRUPTED };

/* See hooks_interrupt_by. */
static int interrupt_fd = -1;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* For poll(2): -1 = for ever. */
static int left_ms(int64_t deadline)
{
	int64_t left = deadline - now_ms();

	if (deadline == INT64_MAX)
		return -1;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* `deadline`: CLOCK_MONOTONIC in ms; INT64_MAX: none. */
static enum outcome await(int pidfd, struct feed *feed, int64_t deadline)
{
	for (;;) {
		struct pollfd fds[] = {
			{pidfd,    POLLIN,  0},
			{feed->fd, POLLOUT, 0},
			{interrupt_fd, POLLIN, 0},
		};
		int left = left_ms(deadline);

		if (poll(fds, 3, left) < 0 && errno != EINTR)
			return HOOK_ENDED; /* no memory: wait without a deadline */
		if (fds[0].revents)
			return HOOK_ENDED;
		if (left == 0)
			return HOOK_TIMED_OUT;
		if (fds[2].revents && foreground_interrupted(interrupt_fd))
			return HOOK_INTERRUPTED;
		if (fds[1].revents)
			feed_write(feed);
	}
}

/* Writing to a hook that has gone raises SIGPIPE, which a pipe's writer can only block. */
static enum outcome await_without_sigpipe(int pidfd, struct feed *feed, int64_t deadline)
{
	const struct timespec at_once = {0};
	sigset_t pipe_only, saved, pending;
	bool was_pending;
	enum outcome outcome;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_only, &saved);
	was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
	outcome = await(pidfd, feed, deadline);
	if (!was_pending)
		sigtimedwait(&pipe_only, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return outcome;
}

static int reap(int pidfd, siginfo_t *ret)
{
	while (waitid(P_PIDFD, (id_t)pidfd, ret, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int64_t deadline_of(const struct opt_int *timeout)
{
	if (!timeout->set || timeout->value > INT_MAX)
		return INT64_MAX;
	return now_ms() + timeout->value * 1000;
}

/* ---- one hook, and all ----------------------------------------------------------------------- */

static int judge(const struct hook *hook, const char *kind, const siginfo_t *end, enum outcome how,
		 struct error *err)
{
	if (how == HOOK_INTERRUPTED)
		return error_set(err, ERROR_SAID, "interrupted during the %s hook %s, which was killed", kind,
				 hook->path.s);
	if (how == HOOK_TIMED_OUT)
		return error_set(err, ERROR_SAID,
				 "%s hook %s did not end within %lld s and was killed", kind,
				 hook->path.s, (long long)hook->timeout.value);
	if (end->si_code != CLD_EXITED)
		return error_set(err, ERROR_SAID, "%s hook %s was killed by SIG%s", kind,
				 hook->path.s, sigabbrev_np(end->si_status) ?: "RT");
	if (end->si_status != 0)
		return error_set(err, ERROR_SAID, "%s hook %s ended with exit status %d", kind,
				 hook->path.s, end->si_status);
	return 0;
}

/*
 * A hook that may have to be killed leads a process group, so that all of it can be: what a shell script
 * has started would else hold our standard error open, and engines wait for its end.  Any other
 * stays in ours, where Ctrl-C reaches it.
 */
static int run(const struct hook *hook, struct program *program, struct feed *feed,
	       const char *kind, struct error *err)
{
	cleanup_close int pidfd = -1;
	int64_t deadline = deadline_of(&hook->timeout);
	enum outcome how = HOOK_ENDED;
	siginfo_t end = {0};
	int r = 0;
	pid_t pid;

	program->own_group = deadline != INT64_MAX || interrupt_fd >= 0;
	pid = spawn(program, &pidfd);
	close(program->input);
	if (pid > 0 && program->error == 0 && (feed->fd >= 0 || program->own_group))
		how = await_without_sigpipe(pidfd, feed, deadline);
	if (how != HOOK_ENDED)
		kill(-pid, SIGKILL);
	feed_close(feed);
	if (pid > 0)
		r = reap(pidfd, &end);
	if (r < 0)
		return error_set(err, -r, "wait for the %s hook %s", kind, hook->path.s);
	if (program->error)
		return error_set(err, program->error, "run the %s hook %s", kind, hook->path.s);
	return judge(hook, kind, &end, how, err);
}

static int run_hook(const struct hook *hook, const char *kind, const char *state, size_t len,
		    struct error *err)
{
	cleanup_free char **argv = to_vector(&hook->args, hook->path.s);
	cleanup_free char **envp = to_vector(&hook->env, NULL);
	struct program program = {.path = hook->path.s, .argv = argv};
	struct feed feed = {-1, state, len};
	int r;

	if (argv == NULL || envp == NULL)
		return error_set(err, ENOMEM, "run the %s hook %s", kind, hook->path.s);
	program.envp = hook->env.set ? envp : environ;
	r = feed_open(&feed, &program.input);
	if (r < 0)
		return error_set(err, -r, "make a pipe for the %s hook %s", kind, hook->path.s);
	return run(hook, &program, &feed, kind, err);
}

void hooks_interrupt_by(int signal_fd)
{
	interrupt_fd = signal_fd;
}

int hooks_run(const struct hooks *hooks, enum hook_kind kind, const char *state, size_t len,
	      struct error *err)
{
	for (size_t i = 0; i < hooks->n; i++) {
		const char *reason;

		if (run_hook(&hooks->v[i], kind_names[kind], state, len, err) == 0)
			continue;
		error_locate(err, hooks->v[i].at);
		if (kind != HOOK_POSTSTOP)
			return -err->code;
		/* runtime.md "Lifecycle" 13: the rest go on as if it had succeeded. */
		reason = error_reason(err);
		log_warning("%s%s%s", err->text, *reason ? ": " : "", reason);
	}
	return 0;
}
