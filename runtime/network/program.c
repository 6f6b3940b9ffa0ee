/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* ---- its side ---- */

struct streams {
	int ends[3];                    /* of the program */
};

/* In our memory, while we are stopped: system calls only.  Ignored signals survive execve, handlers do not. */
static pid_t spawn(const struct program_call *call, const struct streams *s, volatile int *ret_code)
{
	const unsigned long by_default[4] = {0};        /* the kernel's struct */
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	pid = vfork();
	if (pid != 0)
		return pid;
	setpgid(0, 0);
	for (int i = 0; i < 3; i++)
		dup2(s->ends[i], i);
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	syscall(SYS_rt_sigaction, SIGPIPE, by_default, NULL, _NSIG / 8);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") == 0)
		execve(call->path, call->argv, call->envp);
	*ret_code = errno;
	_exit(127);
}

/* ---- ours ---- */

struct talk {
	const struct program_call *call;
	struct program_result *result;
	int input, output, words;       /* -1: closed */
	size_t given, n_words;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void give(struct talk *t)
{
	ssize_t n = 0;

	while (t->given < t->call->input_len && n >= 0) {
		n = write(t->input, t->call->input + t->given, t->call->input_len - t->given);
		t->given += n > 0 ? (size_t)n : 0;
	}
	if (n >= 0 || errno != EAGAIN)
		close_end(&t->input);
}

/* -EFBIG, -ENOMEM */
static int take_output(struct talk *t)
{
	struct program_result *r = t->result;
	char buf[4096], *more;
	ssize_t n;

	while ((n = read(t->output, buf, sizeof(buf))) > 0) {
		if (r->output_len + (size_t)n > PROGRAM_OUTPUT_MAX)
			return -EFBIG;
		more = realloc(r->output, r->output_len + (size_t)n + 1);
		if (!more)
			return -ENOMEM;
		r->output = more;
		memcpy(more + r->output_len, buf, (size_t)n);
		r->output_len += (size_t)n;
		more[r->output_len] = '\0';
	}
	if (n == 0 || errno != EAGAIN)
		close_end(&t->output);
	return 0;
}

/* The end of it is what says why. */
static void take_words(struct talk *t)
{
	char *words = t->result->words, buf[PROGRAM_WORDS_MAX / 2];
	size_t room = PROGRAM_WORDS_MAX - 1;
	ssize_t n;

	while ((n = read(t->words, buf, sizeof(buf))) > 0) {
		size_t keep = t->n_words + (size_t)n > room ? room - (size_t)n : t->n_words;

		memmove(words, words + t->n_words - keep, keep);
		memcpy(words + keep, buf, (size_t)n);
		t->n_words = keep + (size_t)n;
		words[t->n_words] = '\0';
	}
	if (n == 0 || errno != EAGAIN)
		close_end(&t->words);
}

static int take_all(struct talk *t)
{
	int r = t->output >= 0 ? take_output(t) : 0;

	if (t->words >= 0)
		take_words(t);
	return r;
}

/* Until it has ended (0), or must (the errno). */
static int converse(struct talk *t, int pidfd)
{
	int64_t end = now_ms() + t->call->timeout_ms;

	for (;;) {
		struct pollfd fds[] = {
			{pidfd, POLLIN, 0}, {t->input, POLLOUT, 0}, {t->output, POLLIN, 0}, {t->words, POLLIN, 0},
			{t->call->interrupt, POLLIN, 0},
		};
		int64_t left = end - now_ms();
		int r;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(fds, 5, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			give(t);
		r = take_all(t);
		if (r < 0 || fds[0].revents)
			return r;
		if (fds[4].revents && t->call->interrupted(t->call->interrupt))
			return -EINTR;
	}
}

/* Writing to one that has gone raises SIGPIPE, which a pipe's writer can only block. */
static int converse_without_sigpipe(struct talk *t, int pidfd)
{
	const struct timespec at_once = {0};
	sigset_t pipe_only, saved, pending;
	bool was_pending;
	int r;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_only, &saved);
	was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
	r = converse(t, pidfd);
	if (!was_pending)
		sigtimedwait(&pipe_only, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return r;
}

static int make_pipe(int *ours, int *theirs, bool we_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ours = ends[we_write];
	*theirs = ends[!we_write];
	fcntl(*ours, F_SETFL, O_NONBLOCK);
	return 0;
}

static int explain(const struct program_call *call, const char *what, int code, struct error *err)
{
	if (code == ETIMEDOUT)
		return error_set(err, ETIMEDOUT, "%s: %s did not end within %d s and was killed", what, call->path, (call->timeout_ms + 999) / 1000);
	if (code == EFBIG)
		return error_set(err, EFBIG, "%s: %s wrote more than %u KiB and was killed", what, call->path, PROGRAM_OUTPUT_MAX >> 10);
	if (code == EINTR)
		return error_set(err, EINTR, "%s: interrupted; %s was killed", what, call->path);
	return error_set(err, code, "%s: run %s", what, call->path);
}

static int run(const struct program_call *call, struct talk *t, struct streams *s)
{
	cleanup_close int pidfd = -1;
	volatile int code = 0;
	pid_t pid = spawn(call, s, &code);
	int r;

	for (int i = 0; i < 3; i++)
		close_end(&s->ends[i]);
	if (pid < 0)
		return -errno;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	r = pidfd < 0 ? -errno : converse_without_sigpipe(t, pidfd);
	if (r < 0)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &t->result->status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (code)
		return -code;
	return r < 0 ? r : take_all(t);
}

int program_run(const struct program_call *call, const char *what, struct program_result *ret, struct error *err)
{
	struct talk t = {.call = call, .result = ret, .input = -1, .output = -1, .words = -1};
	struct streams s = {{-1, -1, -1}};
	int r;

	*ret = (struct program_result){0};
	ret->output = strdup("");
	r = ret->output ? make_pipe(&t.input, &s.ends[0], true) : -ENOMEM;
	if (r == 0)
		r = make_pipe(&t.output, &s.ends[1], false);
	if (r == 0)
		r = make_pipe(&t.words, &s.ends[2], false);
	if (r == 0)
		r = run(call, &t, &s);
	for (int i = 0; i < 3; i++)
		close_end(&s.ends[i]);
	close_end(&t.input);
	close_end(&t.output);
	close_end(&t.words);
	program_tame(ret->words);
	if (r == 0)
		return 0;
	program_result_free(ret);
	return explain(call, what, -r, err);
}

void program_result_free(struct program_result *result)
{
	free(result->output);
	result->output = NULL;
}

void program_tame(char *words)
{
	char *to = words;

	for (const char *from = words; *from; from++) {
		bool blank = (unsigned char)*from <= ' ' || *from == 0x7f;

		if (!blank)
			*to++ = *from;
		else if (to > words && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > words && to[-1] == ' ')
		to--;
	*to = '\0';
}
