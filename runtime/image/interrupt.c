/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/interrupt.h"

#include <signal.h>
#include <sys/time.h>

/* Between a look at it and a call that may wait for ever lies a moment: the signal comes again, until everybody has heard it. */
static volatile sig_atomic_t interrupted;

void unpack_interrupt(int sig)
{
	static const struct itimerval again = {{0, 100000}, {0, 100000}};

	if (sig != SIGALRM)
		interrupted = sig;
	setitimer(ITIMER_REAL, &again, NULL);
}

int unpack_interrupted(void)
{
	return interrupted;
}
