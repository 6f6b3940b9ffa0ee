/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "runtime/base/cleanup.h"

static void await(int pidfd)
{
	while (pidfd >= 0 && poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, -1) < 0 && errno == EINTR)
		;
}

/* Whoever stays beside it (run -d --log-file, run --restart) writes down how it ended, and until then it may come again. */
static int find(const struct cli_global *global, const char *id, struct handle *h, int *ret_keeper, struct error *err)
{
	int r = handle_find(&global->runtime, id, STORE_READ, h, err);

	*ret_keeper = -1;
	if (r == 0 && h->state.keeper.pid)
		*ret_keeper = state_keeper_pidfd(&h->state);
	return r;
}

/* Of one that had a keeper, and is stopped. */
static int learn_status(const struct cli_global *global, const char *id)
{
	struct handle h = {.root = -1, .store.dir = -1};
	struct error ignored;
	int status = -1;

	if (handle_find(&global->runtime, id, STORE_READ, &h, &ignored) == 0 && h.state.keeper.ended)
		status = h.state.keeper.exit_status;
	handle_close(&h);
	return status;
}

static int wait_one(const struct cli_global *global, const char *word, struct error *err)
{
	struct handle h = {.root = -1, .store.dir = -1};
	cleanup_close int pidfd = -1, keeper = -1;
	char id[256];
	int r = handle_complete(&global->runtime, word, id, err), status = -1;

	if (r == 0)
		r = find(global, id, &h, &keeper, err);
	if (r == 0) {
		pidfd = state_pidfd(&h.state);
		if (pidfd < 0 && pidfd != -ESRCH)
			r = error_set(err, -pidfd, "find its process");
	}
	store_close(&h.store);          /* what may take days holds no directory that is long gone */
	if (r == 0) {
		await(keeper);
		await(pidfd);
	}
	if (r == 0 && h.state.keeper.pid)
		status = learn_status(global, id);
	if (r == 0 && pidfd >= 0 && status < 0)
		status = process_exit_status(&h.state, pidfd);
	handle_close(&h);
	if (r < 0)
		return error_wrap(err, "wait %s", word);
	if (status < 0)
		puts("unknown");
	else
		printf("%d\n", status);
	return fflush(stdout) != 0 ? error_set(err, errno, "write to standard output") : 0;
}

static int run_wait(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	int r = 0;

	for (int i = 0; i < argc && r == 0; i++)
		r = wait_one(global, argv[i], err);
	return r;
}

const struct command command_wait = {
	.name = "wait",
	.synopsis = "ID...",
	.summary = "waits until containers have ended and prints the exit code of each, or \"unknown\" of one that had ended before",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite wait web1\n",
	.options = (const struct cli_option[]){CLI_END},
	.min_args = 1,
	.max_args = 1000,
	.run = run_wait,
};
