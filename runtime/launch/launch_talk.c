/*
 * launch_talk - messages to init and from it, and what its silence means (plan/message.h).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/launch/blame.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/ownership.h"

const struct step *launch_find_step(const struct plan *plan, enum step_kind kind)
{
	const struct step *steps = plan_at(plan, plan->steps.offset);

	for (uint32_t i = 0; i < plan->steps.n; i++)
		if (steps[i].kind == kind)
			return &steps[i];
	return NULL;
}

/* Init's last words, or what its silent end means. */
int launch_init_ended(const struct launch *l, int how, const struct reply *reply, struct error *err)
{
	siginfo_t end = {0};

	if (how < 0)
		return how;
	if (how == SYNC_FAILED) {
		how = blame_init(l->plan, reply, err);
		ownership_hint_root(l->config, l->rootfs, err);
		return how;
	}
	/* Not reaped: until undo_process waits for it, nobody else gets its number. */
	waitid(P_PID, (id_t)l->pid, &end, WEXITED | WNOHANG | WNOWAIT);
	if (end.si_pid && end.si_code != CLD_EXITED)
		return process_blame_init(end.si_status, err);
	return error_set(err, ERROR_SAID, "init ended before the program ran");
}

int launch_await_init(const struct launch *l, struct error *err)
{
	struct pollfd fds[] = {
		{.fd = l->sync, .events = POLLIN},
		{.fd = l->interrupt, .events = POLLIN},
		{.fd = l->pidfd, .events = POLLIN},
	};
	int sig;

	for (;;) {
		if (TEMP_FAILURE_RETRY(poll(fds, 3, -1)) < 0)
			return error_set(err, errno, "wait for init");
		if (fds[0].revents)
			return 0;
		/* With nothing said; and its end of the socket may be held by a second process, which waits for us. */
		if (fds[2].revents)
			return SYNC_CLOSED;
		sig = foreground_interrupted(l->interrupt);
		if (sig)
			return error_set(err, ERROR_SAID, "interrupted by SIG%s", sigabbrev_np(sig));
	}
}

/* How long a process that dies takes from its end to the closing of its files. */
#define LAST_WORDS_MS 1000

/* Why init is no more: what it said before that we have not listened to.  `r`, as it is, if it said nothing. */
int launch_last_words(const struct launch *l, int r, struct error *err)
{
	struct pollfd ear = {.fd = l->sync, .events = POLLIN};
	struct error other;
	struct reply reply;
	int how;

	do {
		/* It may be on its way out; or it waits for us, and the fault is not its own. */
		if (TEMP_FAILURE_RETRY(poll(&ear, 1, LAST_WORDS_MS)) <= 0)
			return r;
		how = sync_receive(l->sync, MSG_FAILED, &reply, &other);
		if (reply.fd >= 0)
			close(reply.fd);
	} while (how == -EPROTO);
	return how > 0 ? launch_init_ended(l, how, &reply, err) : r;
}

/* Init that failed has closed its end: what it said before explains why nobody listens. */
int launch_tell(const struct launch *l, enum message_type type, const struct parcel *parcel, struct error *err)
{
	int r = sync_send(l->sync, type, parcel, err);

	/* Whoever is still there waits for us, and says nothing. */
	return r == -EPIPE || r == -ECONNRESET || r == -ENOTCONN ? launch_last_words(l, r, err) : r;
}

int launch_meet(const struct launch *l, enum message_type type, struct reply *reply, struct error *err)
{
	int r = launch_await_init(l, err);

	if (r == 0)
		r = sync_receive(l->sync, type, reply, err);
	return r == 0 ? 0 : launch_init_ended(l, r, reply, err);
}
