/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <stddef.h>
#include <string.h>

static int run_pause(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	int r = container_freeze(&global->runtime, argv[0], true, err);

	return r < 0 ? error_wrap(err, "pause %s", argv[0]) : 0;
}

const struct command command_pause = {
	.name = "pause",
	.synopsis = "ID",
	.summary = "stops all processes of a container until `resume`",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite pause web1\n",
	.options = (const struct cli_option[]){CLI_END},
	.min_args = 1,
	.max_args = 1,
	.run = run_pause,
};

static int run_resume(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	int r = container_freeze(&global->runtime, argv[0], false, err);

	return r < 0 ? error_wrap(err, "resume %s", argv[0]) : 0;
}

const struct command command_resume = {
	.name = "resume",
	.synopsis = "ID",
	.summary = "lets the processes of a paused container go on",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite resume web1\n",
	.options = (const struct cli_option[]){CLI_END},
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};

struct ps_options {
	const char *format;
};

static const struct cli_option ps_flags[] = {
	{"format", 'f', CLI_STRING, offsetof(struct ps_options, format), "table|json", "of the output"},
	CLI_END,
};

static int run_ps(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct ps_options *options = given;
	bool json = options->format && strcmp(options->format, "json") == 0;
	int r;

	if (options->format && !json && strcmp(options->format, "table") != 0)
		r = error_set(err, ERROR_SAID, "--format %s: table or json is expected", options->format);
	else
		r = container_ps(&global->runtime, argv[0], json, argv + 1, (size_t)argc - 1, err);
	return r < 0 ? error_wrap(err, "ps %s", argv[0]) : 0;
}

const struct command command_ps = {
	.name = "ps",
	.synopsis = "[flags] ID [PS-OPTIONS]",
	.summary = "lists the processes of a container, as ps(1) does (with -ef, if nothing else is said)",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite ps web1\n"
	            "crun-lite ps -f json web1\n",
	.options = ps_flags,
	.options_size = sizeof(struct ps_options),
	.in_order = true,
	.min_args = 1,
	.max_args = 1024,
	.run = run_ps,
};
