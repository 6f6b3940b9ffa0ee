/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "runtime/base/weak.h"
#include "spec/names.h"

const struct command *const cli_commands[] = {
	&command_complete, &command_create, &command_delete, &command_doctor, &command_events, &command_exec,    &command_features, &command_help, &command_images, &command_inspect, &command_kill,
	&command_list,   &command_logs,    &command_network, &command_pause, &command_plan,    &command_port,     &command_prune,  &command_ps,
	&command_resume, &command_rmi,    &command_run,    &command_sandbox, &command_selftest, &command_spec,    &command_start,    &command_state,  &command_stats,   &command_unpack,
	&command_update, &command_verify, &command_volume, &command_wait, NULL,
};

const struct cli_option cli_global_options[] = {
	{"root", 0, CLI_STRING, offsetof(struct cli_global, runtime.root), "DIR",
         "where the state is kept (/run/crun-lite)"},
	{"log", 0, CLI_STRING, offsetof(struct cli_global, log.path), "FILE", "appends messages to FILE"},
	{"log-format", 0, CLI_LOG_FORMAT, offsetof(struct cli_global, log.json), "text|json", "of that file"},
	{"log-level", 0, CLI_LOG_LEVEL, offsetof(struct cli_global, log.level), "LEVEL",
         "error, warning or debug (error with --log, else warning)"},
	{"debug", 0, CLI_DEBUG, offsetof(struct cli_global, log.level), NULL, "the same as --log-level debug"},
	{"cgroup-manager", 0, CLI_MANAGER, offsetof(struct cli_global, runtime.manager), "NAME",
         "who makes the control group: cgroupfs, systemd or disabled (cgroupfs)"},
	{"systemd-cgroup", 's', CLI_SYSTEMD, offsetof(struct cli_global, runtime.manager), NULL, "the same as --cgroup-manager systemd"},
	{"rootless", 0, CLI_ROOTLESS, 0, "true|false|auto", "accepted: it is found out from the user"},
	{"help", 'h', CLI_FLAG, offsetof(struct cli_global, help), NULL, "this text"},
	{"version", 'v', CLI_FLAG, offsetof(struct cli_global, version), NULL, "version, commit, specification"},
	CLI_END,
};

/* Of runc and crun: no word for them that looks like it is meant. */
static bool is_foreign(const char *name)
{
	static const char *const foreign[] = {"checkpoint", "restore", "mounts"};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (strcmp(foreign[i], name) == 0)
			return true;
	return false;
}

const struct command *cli_find_command(const char *name, struct error *err)
{
	struct name names[sizeof(cli_commands) / sizeof(cli_commands[0])] = {0};
	const char *close;

	for (size_t i = 0; cli_commands[i]; i++) {
		names[i].name = cli_commands[i]->name;
		if (strcmp(cli_commands[i]->name, name) == 0)
			return cli_commands[i];
	}
	if (is_foreign(name)) {
		error_set(err, ENOTSUP, "command %s", name);
		error_hint(err, "other runtimes have it, crun-lite does not carry it out");
		return NULL;
	}
	error_set(err, ERROR_SAID, "unknown command %s", name);
	close = name_closest(names, name);
	if (close)
		error_hint(err, "did you mean %s?", close);
	else
		error_hint(err, "--help lists the commands");
	return NULL;
}

/* A closed stream would be given to the next file that is opened, and messages written into it. */
static int guard_streams(struct error *err)
{
	struct pollfd streams[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

	if (poll(streams, 3, 0) > 0)
		for (int fd = 0; fd < 3; fd++)
			if ((streams[fd].revents & POLLNVAL) && open("/dev/null", O_RDWR) < 0)
				return error_set(err, errno, "open /dev/null for a closed stream");
	return 0;
}

static bool asks_for_help(const struct command *command, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0 && !(command->in_order && argv[i][0] != '-'); i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int check_count(const struct command *command, int n, struct error *err)
{
	if ((size_t)n >= command->min_args && (size_t)n <= command->max_args)
		return 0;
	error_set(err, ERROR_SAID, "%s: %s", command->name,
	          (size_t)n < command->min_args ? "an argument is missing" : "too many arguments");
	return error_hint(err, "crun-lite %s %s", command->name, command->synopsis);
}

#define OPTIONS_MAX 1536

/* argv: the words behind the command's name. */
static int parse_and_run(const struct cli_global *global, const struct command *command, int argc, char **argv,
                         struct error *err)
{
	char options[OPTIONS_MAX] __attribute__((aligned(16))) = {0};
	int n, r;

	if (command->options_size > sizeof(options))    /* a mistake in the command's table */
		abort();
	r = cli_parse(command->options, options, argc, argv, command->in_order, &n, err);
	if (r == 0 && command->in_order) {
		argv += n;
		n = argc - n;
	}
	if (r == 0)
		r = check_count(command, n, err);
	if (r == 0)
		r = command->run(global, options, n, argv, err);
	cli_free(command->options, options);
	if (r < 0 && !err->status)
		err->status = command->failure;
	return r;
}

static int run_command(const struct cli_global *global, int argc, char **argv, struct error *err)
{
	const struct command *command = cli_find_command(argv[0], err);

	if (!command)
		return -err->code;
	/* Who ignores SIGCHLD has no children to wait for; the ignorance of our caller survives execve. */
	signal(SIGCHLD, SIG_DFL);
	if (guard_streams(err) < 0)
		return -err->code;
	if (asks_for_help(command, argc, argv)) {
		cli_command_usage(command);
		return 0;
	}
	return parse_and_run(global, command, argc - 1, argv + 1, err);
}

static int run(struct cli_global *global, int argc, char **argv, struct error *err)
{
	int first, r = cli_parse(cli_global_options, global, argc - 1, argv + 1, true, &first, err);

	if (r < 0) {
		/* Who asked for a log before the flag that is wrong reads it there. */
		struct error ignored;

		log_open(&global->log, &ignored);
		return r;
	}
	if (global->version) {
		cli_print_version();
		return 0;
	}
	if (global->help || first == argc - 1) {
		cli_usage();
		return global->help ? 0 : 1;
	}
	r = log_open(&global->log, err);
	return r < 0 ? r : run_command(global, argc - 1 - first, argv + 1 + first, err);
}

int cli_main(int argc, char **argv)
{
	struct cli_global global = {.log.level = -1};
	struct error err = {0};
	int status;

	/* Never set-uid: with somebody else's privileges, every flag and variable would be an attack (V24). */
	if (getauxval(AT_SECURE) && !weak(V24))
		status = error_set(&err, ERROR_SAID, "crun-lite must not be installed set-uid or with capabilities");
	else
		status = run(&global, argc, argv, &err);
	if (status >= 0 && fflush(stdout) != 0)
		status = error_set(&err, errno, "write to standard output");
	else if (status >= 0 && ferror(stdout))         /* nobody knows any more what the kernel said */
		status = error_set(&err, EIO, "write to standard output");
	if (status >= 0)
		return status;
	log_failure(&err);
	return err.status ? err.status : 1;
}
