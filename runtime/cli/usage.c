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

void cli_usage(void)
{
	printf("crun-lite - runs OCI containers\n\n"
	       "  crun-lite run bundle/          runs the bundle in that directory\n"
	       "  crun-lite [flags] COMMAND ...\n\n"
	       "Commands:\n");
	for (const struct command *const *c = cli_commands; *c; c++)
		if (!(*c)->hidden)
			printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	printf("\nFlags:\n");
	print_options(cli_global_options);
	printf("\n`crun-lite COMMAND --help` tells more about each.\n");
}

/* Each line of `text`, behind `indent`. */
static void print_lines(const char *indent, const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		printf("%s%.*s\n", indent, (int)len, text);
	}
}

void cli_command_usage(const struct command *command)
{
	printf("crun-lite %s %s\n\n%s\n", command->name, command->synopsis, command->summary);
	if (command->options && command->options->name) {
		printf("\nFlags:\n");
		print_options(command->options);
	}
	if (command->examples) {
		printf("\nExamples:\n");
		print_lines("  ", command->examples);
	}
}

static int run_help(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const bool *manual = given;
	const struct command *command;

	if (*manual) {
		cli_manual();
	} else if (!argc) {
		cli_usage();
	} else {
		command = cli_find_command(argv[0], err);
		if (!command)
			return -err->code;
		cli_command_usage(command);
	}
	return 0;
}

static const struct cli_option help_flags[] = {
	{"man", 0, CLI_FLAG, 0, NULL, "the manual page crun-lite(8), as roff"},
	CLI_END,
};

const struct command command_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "tells what a command does, with its flags and examples",
	.examples = "crun-lite help run\n"
	            "crun-lite help --man | man -l -\n",
	.options = help_flags,
	.options_size = sizeof(bool),
	.max_args = 1,
	.run = run_help,
};
