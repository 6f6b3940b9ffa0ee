/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int run_start(const struct cli_global *global, const void *given, int argc, char **argv,
                     struct error *err)
{
	int r = container_start(&global->runtime, argv[0], err);

	return r < 0 ? error_wrap(err, "start %s", argv[0]) : 0;
}

const struct command command_start = {
	.name = "start",
	.synopsis = "ID",
	.summary = "starts the program of a created container",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite start web1\n",
	.options = (const struct cli_option[]){CLI_END},
	.min_args = 1,
	.max_args = 1,
	.run = run_start,
};

struct kill_options {
	bool all;
};

static const struct cli_option kill_flags[] = {
	{"all", 'a', CLI_FLAG, offsetof(struct kill_options, all), NULL, "every process of the container"},
	{"regex", 0, CLI_REFUSED, 0, NULL, "crun-lite list -q | grep -E PATTERN | xargs -n1 crun-lite kill"},
	CLI_END,
};

/* Other names of signals; -1 and -2 are the ends of the real-time ones, which libc decides when it runs. */
static const struct {
	const char *name;
	int value;
} more_signals[] = {{"CLD", SIGCHLD}, {"IO", SIGIO}, {"IOT", SIGIOT}, {"RTMIN", -1}, {"RTMAX", -2}};

/* "KILL", "SIGKILL", "9", "RTMIN+3" */
static int parse_signal(const char *word, int *ret, struct error *err)
{
	const char *name = strncasecmp(word, "SIG", 3) == 0 ? word + 3 : word;
	char *end;
	long n = strtol(word, &end, 10);

	if (*word && !*end && n >= 0 && n <= SIGRTMAX) {
		*ret = (int)n;
		return 0;
	}
	if (strncasecmp(name, "RTMIN+", 6) == 0 || strncasecmp(name, "RTMAX-", 6) == 0) {
		n = strtol(name + 6, &end, 10);
		n = n < 0 || n > 64 ? 64 : n;   /* out of range either way */
		*ret = (int)(strncasecmp(name, "RTMIN", 5) == 0 ? SIGRTMIN + n : SIGRTMAX - n);
		if (!*end && name[6] && *ret >= SIGRTMIN && *ret <= SIGRTMAX)
			return 0;
	}
	for (size_t i = 0; i < sizeof(more_signals) / sizeof(more_signals[0]); i++)
		if (strcasecmp(more_signals[i].name, name) == 0) {
			*ret = more_signals[i].value < 0 ? (more_signals[i].value == -1 ? SIGRTMIN : SIGRTMAX)
			                                 : more_signals[i].value;
			return 0;
		}
	for (int sig = 1; sig < NSIG; sig++) {
		const char *known = sigabbrev_np(sig);

		if (known && strcasecmp(known, name) == 0) {
			*ret = sig;
			return 0;
		}
	}
	error_set(err, ERROR_SAID, "unknown signal %s", word);
	return error_hint(err, "a name such as TERM or SIGTERM, or a number");
}

static int run_kill(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct kill_options *options = given;
	int sig = SIGTERM, r = argc > 1 ? parse_signal(argv[1], &sig, err) : 0;

	if (r == 0)
		r = container_kill(&global->runtime, argv[0], sig, options->all, err);
	return r < 0 ? error_wrap(err, "kill %s", argv[0]) : 0;
}

const struct command command_kill = {
	.name = "kill",
	.synopsis = "[flags] ID [SIGNAL]",
	.summary = "sends a signal (TERM) to the container's process",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite kill web1\n"
	            "crun-lite kill -a web1 KILL\n",
	.options = kill_flags,
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.run = run_kill,
};

struct delete_options {
	bool force;
};

static const struct cli_option delete_flags[] = {
	{"force", 'f', CLI_FLAG, offsetof(struct delete_options, force), NULL,
         "kill it first; one that does not exist is no error"},
	{"regex", 0, CLI_REFUSED, 0, NULL, "crun-lite list -q | grep -E PATTERN | xargs -n1 crun-lite delete"},
	CLI_END,
};

static int run_delete(const struct cli_global *global, const void *given, int argc, char **argv,
                      struct error *err)
{
	const struct delete_options *options = given;
	int r = container_delete(&global->runtime, argv[0], options->force, err);

	return r < 0 ? error_wrap(err, "delete %s", argv[0]) : 0;
}

const struct command command_delete = {
	.name = "delete",
	.synopsis = "[flags] ID",
	.summary = "removes what a stopped container left",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite delete web1\n"
	            "crun-lite delete -f web1\n",
	.options = delete_flags,
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_delete,
};
