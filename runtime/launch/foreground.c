/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/launch/notify.h"
#include "runtime/launch/output.h"
#include "runtime/launch/timeout.h"
#include "runtime/state/state.h"

/* Not taken from us: see foreground_begin. */
static const int unblocked[] = {
	SIGABRT, SIGBUS, SIGCHLD, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SIGTTIN, SIGTTOU,
};

int foreground_begin(struct foreground *fg, struct error *err)
{
	sigset_t set;

	*fg = (struct foreground){.signal_fd = -1, .notify_fd = -1};
	sigfillset(&set);
	for (size_t i = 0; i < sizeof(unblocked) / sizeof(*unblocked); i++)
		sigdelset(&set, unblocked[i]);
	sigprocmask(SIG_BLOCK, &set, &fg->saved_mask);
	fg->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fg->signal_fd >= 0)
		return 0;
	error_set(err, errno, "make a signalfd");
	sigprocmask(SIG_SETMASK, &fg->saved_mask, NULL);
	return -err->code;
}

void foreground_end(struct foreground *fg)
{
	struct signalfd_siginfo dropped[8];

	if (fg->signal_fd < 0)
		return;
	while (read(fg->signal_fd, dropped, sizeof(dropped)) > 0)
		;
	close(fg->signal_fd);
	fg->signal_fd = -1;
	sigprocmask(SIG_SETMASK, &fg->saved_mask, NULL);
}

/* ---- our terminal ------------------------------------------------------------------------- */

void foreground_resize(int master)
{
	static const int ours[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	struct winsize size;

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (ioctl(ours[i], TIOCGWINSZ, &size) == 0) {
			ioctl(master, TIOCSWINSZ, &size);
			return;
		}
}

struct raw_terminal {
	bool is_one; /* standard input is a terminal, and was as `before` says */
	struct termios before;
};

static void terminal_make_raw(const struct raw_terminal *terminal)
{
	struct termios raw = terminal->before;

	if (!terminal->is_one)
		return;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void terminal_restore(struct raw_terminal *terminal)
{
	if (terminal->is_one)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
	terminal->is_one = false;
}

/* ---- copying ------------------------------------------------------------------------------- */

/* One direction.  Nothing is read before all that was read is written. */
struct stream {
	int from, to;
	bool ended;      /* of our input: nothing more will be read */
	size_t start, n; /* what is to be written */
	char last;       /* byte read */
	char buffer[16384];
};

/* poll(2) promises that a pipe takes this much without blocking, and nothing of more. */
#define WRITE_MAX PIPE_BUF

struct session {
	struct foreground *fg;
	int pidfd, master;
	pid_t pid;
	bool exited;
	bool hung_up;    /* nobody has the terminal's inner end open just now */
	int64_t give_up; /* CLOCK_MONOTONIC ms, once exited */
	int64_t later;   /* the same: when fg->later is due */
	struct raw_terminal terminal;
	struct stream in, out;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Our input has ended: so shall the program's, which on a terminal is a character.  In the middle
 * of a line the first one only hands over the line.
 */
static void say_end_of_file(struct session *s)
{
	struct termios line;

	if (tcgetattr(s->master, &line) < 0 || !(line.c_lflag & ICANON))
		return;
	s->in.start = 0;
	s->in.n = s->in.last && s->in.last != '\n' ? 2 : 1;
	memset(s->in.buffer, (char)line.c_cc[VEOF], s->in.n);
}

static void read_input(struct session *s)
{
	ssize_t n = read(s->in.from, s->in.buffer, sizeof(s->in.buffer));

	if (n > 0) {
		s->in.start = 0;
		s->in.n = (size_t)n;
		s->in.last = s->in.buffer[n - 1];
	} else if (n == 0) {
		s->in.ended = true;
		say_end_of_file(s);
	} else if (errno != EINTR && errno != EAGAIN) {
		s->in.ended = true;
	}
}

static bool has_more(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN);
}

/*
 * EIO: the last one that had the inner end open has closed it.  A program that lives may open
 * it again (systemd does so with /dev/console), so we look again a little later.
 */
static void read_output(struct session *s)
{
	ssize_t n = read(s->out.from, s->out.buffer, sizeof(s->out.buffer));

	if (n > 0) {
		s->out.start = 0;
		s->out.n = (size_t)n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		/* Nothing that was written is lost to a read that failed for another reason. */
		s->hung_up = n == 0 || !has_more(s->out.from);
	}
}

/* Where nobody reads, what is to be written is dropped: the program must not stop for that. */
static void write_some(struct stream *stream)
{
	size_t want = stream->n < WRITE_MAX ? stream->n : WRITE_MAX;
	ssize_t n = write(stream->to, stream->buffer + stream->start, want);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0)
		n = (ssize_t)stream->n;
	stream->start += (size_t)n;
	stream->n -= (size_t)n;
}

/* ---- signals ----------------------------------------------------------------------------------
 */

bool foreground_own_signal(const struct signalfd_siginfo *info)
{
	return info->ssi_signo == SIGPIPE || (info->ssi_signo == SIGXFSZ && (pid_t)info->ssi_pid == getpid());
}

static void forward(struct session *s, int sig)
{
	if (sig == SIGWINCH && s->master >= 0) {
		foreground_resize(s->master);
		return;
	}
	/* We were stopped, and the shell has used the terminal since. */
	if (sig == SIGCONT && s->master >= 0) {
		terminal_make_raw(&s->terminal);
		foreground_resize(s->master);
	}
	if (syscall(SYS_pidfd_send_signal, s->pidfd, sig, NULL, 0) < 0)
		log_debug("signal %d could not be passed on: %s", sig, strerrordesc_np(errno));
}

static void forward_signals(struct session *s)
{
	struct signalfd_siginfo signals[8];
	ssize_t n = read(s->fg->signal_fd, signals, sizeof(signals));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(*signals); i++)
		if (!foreground_own_signal(&signals[i]))
			forward(s, (int)signals[i].ssi_signo);
}

static void forward_notifications(struct session *s)
{
	const char *host_socket = getenv("NOTIFY_SOCKET");
	struct error err;
	bool ready = false;

	if (notify_forward(s->fg->notify_fd, host_socket ? host_socket : "", s->pid, &ready, &err) <
	    0)
		log_warning("%s: %s", err.text, error_reason(&err));
	if (ready && s->fg->ready) {
		s->fg->ready(s->fg->ready_arg);
		s->fg->ready = NULL;
	}
}

/* ---- the loop
 * ------------------------------------------------------------------------------------ */

/* How long after its end a program's output may still be on its way, if others hold the terminal.
 */
#define QUIET_MS   50
#define GIVE_UP_MS 2000
/* How often we look whether a closed terminal is open again. */
#define RETRY_MS 100

enum { SIGNALS, PROCESS, NOTIFY, INPUT, MASTER, OUTPUT, TIMER, COUNTED, SOURCES = COUNTED + OUTPUT_SOURCES };

static void select_sources(const struct session *s, struct pollfd *fds)
{
	bool reads = s->master >= 0 && !s->out.n && !s->hung_up;
	bool writes = s->master >= 0 && s->in.n && !s->exited;

	for (int i = 0; i < SOURCES; i++)
		fds[i] = (struct pollfd){-1, POLLIN, 0};
	fds[SIGNALS].fd = s->fg->signal_fd;
	if (!s->exited)
		fds[PROCESS].fd = s->pidfd;
	fds[NOTIFY].fd = s->fg->notify_fd;
	if (s->master >= 0 && !s->in.n && !s->in.ended && !s->exited)
		fds[INPUT].fd = s->in.from;
	fds[MASTER].events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
	if ((reads || writes) && !s->hung_up)
		fds[MASTER].fd = s->master;
	fds[OUTPUT].events = POLLOUT;
	if (s->out.n)
		fds[OUTPUT].fd = s->out.to;
	/* Who has ended in time is not too late while its output is copied. */
	if (s->fg->timeout && (!s->exited || s->fg->timeout->phase != TIMEOUT_WAITS))
		fds[TIMER].fd = s->fg->timeout->fd;
	if (s->fg->output)
		output_select(s->fg->output, fds + COUNTED);
}

/* More than it may is the end of it: by KILL, because what it does with TERM may be to write on. */
static void count_output(struct session *s, const struct pollfd *fds)
{
	struct output *output = s->fg->output;
	bool before = output->exceeded;

	output_serve(output, fds);
	if (output->exceeded && !before)
		syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

static int patience(const struct session *s)
{
	if (s->exited && !s->out.n)
		return QUIET_MS;
	return s->hung_up && !s->exited ? RETRY_MS : -1;
}

static void serve(struct session *s, const struct pollfd *fds)
{
	if (fds[SIGNALS].revents)
		forward_signals(s);
	if (fds[NOTIFY].revents)
		forward_notifications(s);
	if (fds[INPUT].revents)
		read_input(s);
	if (fds[MASTER].revents & POLLOUT)
		write_some(&s->in);
	if (fds[MASTER].revents & ~POLLOUT && (fds[MASTER].events & POLLIN))
		read_output(s);
	if (fds[OUTPUT].revents)
		write_some(&s->out);
	if (s->fg->output)
		count_output(s, fds + COUNTED);
	/* After the look at its end: it may come with it. */
	if (fds[TIMER].revents && !fds[PROCESS].revents)
		timeout_act(s->fg->timeout, s->pid, s->pidfd);
	if (fds[PROCESS].revents) {
		s->exited = true;
		s->hung_up = false; /* to look once more */
		s->give_up = now_ms() + GIVE_UP_MS;
	}
}

/*
 * After the program's end the terminal gives what is left, then EIO: unless somebody else has it
 * open, who may be silent, or write for ever.
 */
static bool is_over(const struct session *s, int n_events)
{
	if (!s->exited || s->out.n)
		return false;
	/* A log is not held open by whom the program left behind; what it wrote itself is there by now. */
	if (s->fg->output && !output_is_over(s->fg->output))
		return s->fg->output->log && (n_events == 0 || now_ms() > s->give_up);
	return s->master < 0 || s->hung_up || n_events == 0 || now_ms() > s->give_up;
}

/* How long to wait for whatever comes, in ms; what is due is done. */
static int wait_for(struct session *s)
{
	int limit = patience(s);
	int64_t left;

	if (!s->fg->later || s->exited)
		return limit;
	left = s->later - now_ms();
	if (left <= 0) {
		s->fg->later(s->fg->later_arg);
		s->fg->later = NULL;
		return limit;
	}
	return limit < 0 || left < limit ? (int)left : limit;
}

static int copy_and_forward(struct session *s, struct error *err)
{
	struct pollfd fds[SOURCES];
	int n = 1;

	while (!is_over(s, n)) {
		select_sources(s, fds);
		n = poll(fds, SOURCES, wait_for(s));
		if (n < 0 && errno != EINTR)
			return error_set(err, errno, "wait for the container");
		if (n == 0)
			s->hung_up = false;
		if (n > 0)
			serve(s, fds);
	}
	return 0;
}

static void open_terminal(struct session *s)
{
	int flags = fcntl(s->master, F_GETFL);

	fcntl(s->master, F_SETFL, flags | O_NONBLOCK);
	s->terminal.is_one = tcgetattr(STDIN_FILENO, &s->terminal.before) == 0;
	terminal_make_raw(&s->terminal);
	foreground_resize(s->master);
}

/* A signal may have met init, which says nothing then: known as long as it is not reaped. */
static void look_at_end(struct foreground *fg, pid_t pid)
{
	siginfo_t end = {0};

	if (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT) == 0 && end.si_code != CLD_EXITED &&
	    process_never_ran(pid))
		fg->never_ran = end.si_status;
}

static int reap(struct foreground *fg, pid_t pid, int *ret_status, struct error *err)
{
	int status;

	look_at_end(fg, pid);
	while (wait4(pid, &status, 0, &fg->usage) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for process %d", pid);
	fg->wait_status = status;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

/* Came before the program could get them: foreground_wait passes them on. */
static uint64_t early;

int foreground_interrupted(int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	switch (info.ssi_signo) {
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
	case SIGQUIT:
		return (int)info.ssi_signo;
	default:
		if (!foreground_own_signal(&info))
			early |= 1ull << (info.ssi_signo - 1);
		return 0;
	}
}

static void send_early(int pidfd)
{
	for (int sig = 1; early; sig++, early >>= 1)
		if ((early & 1) && sig != SIGCHLD && sig != SIGWINCH)
			syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

int foreground_wait(struct foreground *fg, pid_t pid, int pidfd, int master, int *ret_status,
		    struct error *err)
{
	/* Neither on the stack, which is cleared, nor in a heap that would have to grow: the buffers are touched
	 * only where there is a terminal. */
	static struct session session;
	struct session *s = &session;
	int r;

	s->fg = fg;
	s->pid = pid;
	s->pidfd = pidfd;
	s->master = master;
	s->exited = s->hung_up = s->terminal.is_one = s->in.ended = false;
	s->in.from = STDIN_FILENO;
	s->in.to = s->out.from = master;
	s->out.to = STDOUT_FILENO;
	s->in.n = s->out.n = 0;
	s->in.last = 0;
	if (master >= 0)
		open_terminal(s);
	if (fg->later)
		s->later = now_ms() + fg->later_ms;
	send_early(pidfd);
	r = copy_and_forward(s, err);
	terminal_restore(&s->terminal);
	if (fg->notify_fd >= 0)
		forward_notifications(s); /* STOPPING=1, say */
	return r < 0 ? r : reap(fg, pid, ret_status, err);
}
