/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <stdio.h>
#include <string.h>

static void print_options(const struct cli_option *table)
{
	for (const struct cli_option *o = table; o->name; o++) {
		char left[64];

		if (o->kind == CLI_REFUSED)
			continue;
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ", o->letter ? o->letter : ' ',
		         o->letter ? ", " : "  ", o->name, o->argument ? " " : "", o->argument ?: "");
		/* What is too long for its column has a line of its own. */
		printf(strlen(left) > 30 ? "  %s\n  %30s %s\n" : "  %-30s%s %s\n", left, "", o->help);
	}
}

void cli_usage(const struct command *const *commands, const struct cli_option *global)
{
	printf("crun-lite - runs OCI containers\n\n"
	       "  crun-lite run bundle/          runs the bundle in that directory\n"
	       "  crun-lite [flags] COMMAND ...\n\n"
	       "Commands:\n");
	for (; *commands; commands++)
		printf("  %-10s %s\n", (*commands)->name, (*commands)->summary);
	printf("\nFlags:\n");
	print_options(global);
	printf("\n`crun-lite COMMAND --help` tells more about each.\n");
}

void cli_command_usage(const struct command *command)
{
	printf("crun-lite %s %s\n\n%s\n", command->name, command->synopsis, command->summary);
	if (command->options && command->options->name) {
		printf("\nFlags:\n");
		print_options(command->options);
	}
}
