/*
 * complete - what a word on the command line may become, for the shells' completions (contrib/completions): from the tables
 * that also parse it, and from what there is now.
 *
 *     crun-lite complete WORD...     the words behind "crun-lite", the last one (perhaps empty) is to be completed
 *
 * Prints "candidate<TAB>explanation" lines, then a line that says what else fits: ":files", ":dirs", ":images" or ":".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/flags/volumes.h"
#include "runtime/network/definition.h"

static bool begins(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

static void offer(const char *candidate, const char *explanation, const char *typed)
{
	if (begins(candidate, typed))
		printf("%s\t%s\n", candidate, explanation);
}

/* ---- what there is ---- */

static void offer_containers(const struct cli_global *global, const char *typed)
{
	cleanup_close int root = -1;
	struct error err = {0};
	struct dirent *e;
	DIR *d;

	if (state_root_open(global->runtime.root, false, &root, &err) < 0 || root < 0)
		return;
	d = fdopendir(steal_fd(&root));
	while (d && (e = readdir(d)))
		if (state_check_id(e->d_name, &err) == 0)
			offer(e->d_name, "", typed);
	if (d)
		closedir(d);
}

static void offer_networks(const char *typed)
{
	cleanup_free struct network *networks = NULL;
	cleanup_close int dir = -1;
	struct error err = {0};
	size_t n = 0;

	if (definitions_open(DEFINITIONS_DIR, false, &dir, &err) < 0 || definition_list(dir, &networks, &n, &err) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		offer(networks[i].name, "", typed);
}

/* Of the usual place: --store comes too late for a word before it. */
static void offer_volumes(const char *behind, const char *typed)
{
	struct volume_store store;
	struct error err = {0};
	char **all = NULL, word[512];
	size_t n = 0;

	if (volumes_open(NULL, false, &store, &err) != 0)
		return;
	if (volumes_names(&store, &all, &n, &err) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "%s%s", all[i], behind);
		offer(word, "", typed);
	}
	volumes_close(&store);
}

/* ---- values of flags ---- */

/* "table|json": the words; "FILE|-" has one that is no word. */
static void offer_alternatives(const char *text, const char *typed)
{
	char word[64];

	for (size_t len; *text; text += len + (text[len] == '|')) {
		len = strcspn(text, "|");
		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (islower((unsigned char)*word))
			offer(word, "", typed);
	}
}

/* What else fits, as the last line says it. */
static const char *offer_value(const struct cli_option *o, const char *typed)
{
	const char *argument = o->argument ?: "";

	if (o->kind == CLI_MANAGER)
		for (int i = 0; i < CGROUP_MANAGERS; i++)
			offer(cgroup_managers[i].name, "", typed);
	else if (o->kind == CLI_LOG_LEVEL)
		offer_alternatives("error|warning|debug", typed);
	else if (strchr(argument, '|'))
		offer_alternatives(argument, typed);
	if (strcmp(o->name, "net") == 0) {
		offer_alternatives("none|host", typed);
		offer_networks(typed);
	}
	if (strcmp(o->name, "volume") == 0 && !strchr(typed, ':')) {
		offer_volumes(":", typed);
		return ":files";
	}
	return begins(argument, "DIR") ? ":dirs" : begins(argument, "FILE") || begins(argument, "PATH") ? ":files" : ":";
}

static const struct cli_option *find_option(const struct cli_option *table, const char *word)
{
	for (const struct cli_option *o = table; o && o->name; o++)
		if ((begins(word, "--") && strcmp(word + 2, o->name) == 0) || (word[0] == '-' && o->letter && word[1] == o->letter && !word[2]))
			return o;
	return NULL;
}

/* The flag whose value the last word is, or NULL. */
static const struct cli_option *waiting(const struct cli_option *table, const char *before)
{
	const struct cli_option *o = find_option(table, before);

	return o && cli_takes_value(o) ? o : NULL;
}

static void offer_flags(const struct cli_option *table, const char *typed)
{
	char word[64];

	for (const struct cli_option *o = table; o && o->name; o++) {
		if (o->kind == CLI_REFUSED || o->kind == CLI_IGNORED_FLAG)
			continue;
		snprintf(word, sizeof(word), "--%s", o->name);
		offer(word, o->help, typed);
	}
	if (table != cli_global_options)
		offer("--help", "what the command does, with its flags and examples", typed);
}

/* ---- words ---- */

static void offer_commands(const char *typed)
{
	for (const struct command *const *c = cli_commands; *c; c++)
		if (!(*c)->hidden)
			offer((*c)->name, (*c)->summary, typed);
}

static const char *offer_argument(const struct cli_global *global, const struct command *command, bool first, const char *typed)
{
	if (command == &command_help) {
		offer_commands(typed);
		return ":";
	}
	switch (command->argument) {
	case CLI_CONTAINER:
		if (first)
			offer_containers(global, typed);
		return command->in_order && !first ? ":files" : ":";
	case CLI_NETWORK:
		if (first)
			offer_alternatives("create|ls|inspect|rm|prune|reload", typed);
		else
			offer_networks(typed);
		return ":";
	case CLI_VOLUME:
		if (first)
			offer_alternatives("create|ls|inspect|rm|prune", typed);
		else
			offer_volumes("", typed);
		return ":";
	case CLI_IMAGE:
		return ":images";
	case CLI_BUNDLE:
		return ":dirs";
	case CLI_FILE:
	case CLI_RUN:
		return ":files";
	case CLI_NONE:
		break;
	}
	return ":";
}

/* How many of the words are flags with their values: the index of the first that is none. */
static int skip_flags(const struct cli_option *table, int argc, char **argv)
{
	int i = 0;

	while (i < argc && argv[i][0] == '-' && argv[i][1])
		i += 1 + (waiting(table, argv[i]) != NULL);
	return i;
}

/* `argv`: the words behind the command. */
static const char *complete_command(const struct cli_global *global, const struct command *command, int argc, char **argv)
{
	const char *typed = argv[argc - 1];
	const struct cli_option *o = argc > 1 ? waiting(command->options, argv[argc - 2]) : NULL;
	int first = skip_flags(command->options, argc, argv);

	if (o)
		return offer_value(o, typed);
	/* The words of somebody else's program. */
	if (command->in_order && first < argc - 1)
		return ":files";
	if (typed[0] == '-') {
		offer_flags(command->options, typed);
		return ":";
	}
	return offer_argument(global, command, first >= argc - 1, typed);
}

static int run_complete(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	struct cli_global asked = *global;
	int first = skip_flags(cli_global_options, argc - 1, argv), n;
	const struct cli_option *o = argc > 1 ? waiting(cli_global_options, argv[argc - 2]) : NULL;
	const struct command *command;
	struct error ignored = {0};
	const char *rest = ":";

	if (first < argc - 1) {
		/* --root decides which containers there are. */
		cli_parse(cli_global_options, &asked, first, argv, true, &n, &ignored);
		command = cli_find_command(argv[first], &ignored);
		if (command)
			rest = complete_command(&asked, command, argc - first - 1, argv + first + 1);
	} else if (o) {
		rest = offer_value(o, argv[argc - 1]);
	} else if (argv[argc - 1][0] == '-') {
		offer_flags(cli_global_options, argv[argc - 1]);
	} else {
		offer_commands(argv[argc - 1]);
	}
	puts(rest);
	return 0;
}

const struct command command_complete = {
	.name = "complete",
	.synopsis = "WORD...",
	.summary = "tells what the last word may become",
	.hidden = true,
	.options = (const struct cli_option[]){CLI_END},
	.in_order = true,
	.min_args = 1,
	.max_args = 4096,
	.run = run_complete,
};
