/*
 * foreground - what `run` and `exec` do while the program runs: they pass signals on, hold the
 * outer end of its terminal, forward its sd_notify messages, and end as it ends.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct output;
struct timeout;

struct foreground {
	sigset_t saved_mask; /* put back by foreground_end; the child needs it too */
	int signal_fd;       /* does not block */
	int notify_fd;       /* of notify_open, the caller's; -1 from foreground_begin: none */
	struct timeout *timeout; /* armed, the caller's; NULL from foreground_begin: none */
	struct output *output; /* counted or kept, the caller's; NULL from foreground_begin: the program writes by itself */
	void (*ready)(void *arg); /* called once, when READY=1 has been forwarded; NULL from foreground_begin: nothing */
	void *ready_arg;
	void (*later)(void *arg); /* called once, `later_ms` after the wait began; NULL from foreground_begin: nothing */
	void *later_arg;
	int later_ms;
	struct rusage usage; /* of the process, after foreground_wait */
	int wait_status;     /* the same: as of wait(2) */
	bool timed_out;      /* the caller's note */
	bool exceeded;       /* the same: it wrote more than it may */
	int never_ran;       /* the signal that killed it before it executed the program; 0: it did */
};

/*
 * Blocks the signals and makes the signalfd: before the child exists, so that none is lost.  Not
 * blocked: SIGCHLD (the pidfd tells), SIGTTIN and SIGTTOU (a shell's job control over us)
 * and what a fault raises.
 */
int foreground_begin(struct foreground *fg, struct error *err);
/* Takes one signal from `signal_fd`: its number if it asks us to end (TERM, INT, HUP, QUIT), else 0. */
int foreground_interrupted(int signal_fd);
/* What our own writing raised, to a closed pipe or beyond RLIMIT_FSIZE: nobody meant the program. */
struct signalfd_siginfo;
bool foreground_own_signal(const struct signalfd_siginfo *info);
/* Gives the terminal at `master` the size of ours, if we have one: before the program looks. */
void foreground_resize(int master);
/*
 * Forwards every signal it gets to `pidfd` (SIGWINCH resizes instead where there is a `master`),
 * copies between our standard streams and `master` (-1: none, they are the program's own;
 * else it stays the caller's and becomes non-blocking; our terminal is raw until we return)
 * and returns when `pid`, our child, has ended and all its output is written.
 * *ret_status: 0..255 exit code, or 128 + signal.
 */
int foreground_wait(struct foreground *fg, pid_t pid, int pidfd, int master, int *ret_status,
		    struct error *err);
/* Puts the mask back; signals that arrived for a program that has ended are dropped. */
void foreground_end(struct foreground *fg);
