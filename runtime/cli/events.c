/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <stddef.h>

#include "runtime/base/units.h"

#define AT(field) offsetof(struct cli_events, field)

struct cli_events {
	bool stats, follow;
	const char *interval;
};

static const struct cli_option events_flags[] = {
	{"stats", 0, CLI_FLAG, AT(stats), NULL, "print what it has used until now, once"},
	{"follow", 0, CLI_FLAG, AT(follow), NULL, "print also that it has ended, and how (Linux 6.15)"},
	{"interval", 0, CLI_STRING, AT(interval), "DURATION", "between two of them: 5s (the default), 500ms, 1m30s"},
	CLI_END,
};

static int run_events(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct cli_events *flags = given;
	struct events_options options = {.stats = flags->stats, .follow = flags->follow, .interval_ns = 5000000000};
	int r = 0;

	if (flags->interval && (!units_duration(flags->interval, &options.interval_ns) || options.interval_ns == 0)) {
		error_set(err, ERROR_SAID, "--interval %s: a duration greater than 0 is expected", flags->interval);
		r = error_hint(err, "such as 5s, 500ms or 1m30s");
	}
	if (r == 0)
		r = container_events(&global->runtime, argv[0], &options, err);
	return r < 0 ? error_wrap(err, "events %s", argv[0]) : 0;
}

const struct command command_events = {
	.name = "events",
	.synopsis = "[flags] ID",
	.summary = "prints what a container uses, every 5 s, and when it runs out of memory",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite events --stats web1\n"
	            "crun-lite events --interval 1s --follow web1\n",
	.options = events_flags,
	.options_size = sizeof(struct cli_events),
	.min_args = 1,
	.max_args = 1,
	.run = run_events,
};
