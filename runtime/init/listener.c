/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/time_types.h>

/*
 * SCMP_ACT_NOTIFY: what the filter's listener gets to see, the kernel holds up until it is answered.  From
 * the moment the filter is loaded that may be any of our own calls, sendmsg and close among them, and who
 * answers has to be told first.  So a second thread, without a filter, gives the listener away, while the
 * first one makes no call that the profile forbids.  It also closes our fd of it: when the agent dies, what
 * we are held up in fails with ENOSYS instead of waiting for ever.  Before the program runs it is gone.
 */

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define STACK 16384
#define LOOK_NS 50000           /* loading takes the kernel a few of these */
#define GIVE_UP_S 60            /* the parent despairs of an agent much sooner */
#define LOOKS_MAX (1ull << 31)  /* where we may not sleep, seconds to a minute or two */

struct handover {
	struct init *in;
	int listener;           /* its fd + 1, or -errno; 0 = the filter is not loaded yet */
	unsigned done;          /* a futex; 1 = `result` holds */
	int result;
};

static int give(struct init *in, int listener)
{
	int r = sync_send(in, MSG_LISTENER, 0, listener);

	return r < 0 ? r : sync_receive(in, MSG_LISTENED, NULL, NULL, 0, NULL, NULL);
}

/* Nothing wakes us once the filter is loaded: who could, is under it. */
static int await_listener(const struct handover *h)
{
	struct __kernel_timespec look = {.tv_nsec = LOOK_NS};
	int listener;

	while (!(listener = __atomic_load_n(&h->listener, __ATOMIC_ACQUIRE)))
		sys(nanosleep, &look, NULL);
	return listener < 0 ? listener : listener - 1;
}

static int hand_over(void *arg)
{
	struct handover *h = arg;
	int listener = await_listener(h);

	if (listener >= 0) {
		h->result = give(h->in, listener);
		sys(close, listener);
		__atomic_store_n(&h->done, 1, __ATOMIC_RELEASE);
		sys(futex, &h->done, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	}
	sys(exit, 0);
	__builtin_trap();
}

/* A futex that is notified itself waits for the agent, which is as good: then we look again. */
static int await_done(const struct handover *h, int may_wait)
{
	struct __kernel_timespec second = {.tv_sec = 1};

	for (uint64_t looks = 0; looks < LOOKS_MAX; looks++) {
		if (__atomic_load_n(&h->done, __ATOMIC_ACQUIRE))
			return h->result;
		if (!may_wait)
			arch_relax();
		else if (sys(futex, &h->done, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &second) == -ETIMEDOUT)
			looks += LOOKS_MAX / GIVE_UP_S;
	}
	return -ETIMEDOUT;
}

int listener_hand_over(struct init *in, const struct step *step)
{
	static struct handover h;
	long stack = sys(mmap, NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long r = stack;

	h.in = in;
	/* RLIMIT_NOFILE holds already, and what earlier steps left open uses its numbers up. */
	if (in->inputs_used == in->n_inputs)
		close_others(in);
	if (stack >= 0 || stack < -4095)
		r = arch_thread(THREAD, (char *)stack + STACK, hand_over, &h);
	if (r < 0)
		return failed_at(in, STAGE_THREAD, r);
	r = seccomp_load(in, step);
	__atomic_store_n(&h.listener, (int)(r < 0 ? r : r + 1), __ATOMIC_RELEASE);
	return r < 0 ? (int)r : failed_at(in, STAGE_MESSAGE, await_done(&h, (int)step->seccomp.may_wait));
}
