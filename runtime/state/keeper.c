/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/state.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* Its presence says: not again. */
#define MARK "ended"

int state_keeper_pidfd(const struct state *state)
{
	const struct state keeper = {.pid = state->keeper.pid, .start_time = state->keeper.start_time};

	return state_pidfd(&keeper);
}

bool state_keeper_lives(const struct state *state)
{
	cleanup_close int pidfd = state->keeper.policy ? state_keeper_pidfd(state) : -1;

	return pidfd >= 0;
}

void state_end_for_good(const struct store *store, const struct state *state)
{
	cleanup_close int fd = -1;

	if (state->keeper.policy)
		fd = openat(store->dir, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

bool state_wake_keeper(const struct state *state)
{
	cleanup_close int pidfd = state->keeper.policy ? state_keeper_pidfd(state) : -1;

	return pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0) == 0;
}

bool state_ends_for_good(const struct store *store)
{
	return faccessat(store->dir, MARK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
