/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct exec_options, field)

/* As runc spells them (features C040-C046). */
static const struct cli_option exec_flags[] = {
	{"process", 'p', CLI_STRING, AT(process), "FILE|-", "a process object of config.json, instead of the container's"},
	{"detach", 'd', CLI_FLAG, AT(detach), NULL, "return once the program runs"},
	{"tty", 't', CLI_FLAG, AT(tty), NULL, "give it a terminal"},
	{"console-socket", 0, CLI_STRING, AT(console_socket), "PATH", "a unix socket that gets the other end of the terminal"},
	{"pid-file", 0, CLI_STRING, AT(pid_file), "FILE", "gets its pid"},
	{"pidfd-socket", 0, CLI_STRING, AT(pidfd_socket), "PATH", "a unix socket that gets a pidfd of it"},
	{"cwd", 0, CLI_STRING, AT(cwd), "DIR", "its working directory"},
	{"env", 'e', CLI_LIST, AT(env), "NAME=VALUE", "one more variable; again for more"},
	{"user", 'u', CLI_STRING, AT(user), "UID[:GID]", "numbers"},
	{"additional-gids", 'g', CLI_LIST, AT(gids), "GID", "one more group; again for more"},
	{"cap", 'c', CLI_LIST, AT(caps), "CAP_NAME", "one more capability; again for more"},
	{"apparmor", 0, CLI_STRING, AT(apparmor), "PROFILE", "its AppArmor profile"},
	{"process-label", 0, CLI_STRING, AT(label), "LABEL", "its SELinux label"},
	{"no-new-privs", 0, CLI_FLAG, AT(no_new_privs), NULL, "no set-uid program gives it more rights"},
	{"cgroup", 0, CLI_LIST, AT(cgroups), "[CONTROLLER:]PATH", "a group below the container's; a controller on v1"},
	{"ignore-paused", 0, CLI_FLAG, AT(ignore_paused), NULL, "in a paused container: starts when it is resumed"},
	{"preserve-fds", 0, CLI_NUMBER, AT(preserve_fds), "N", "pass the fds 3 to N+2 on"},
	{"no-subreaper", 0, CLI_IGNORED_FLAG, 0, NULL, "accepted: crun-lite never becomes a subreaper"},
	CLI_END,
};

static int run_exec(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	struct exec_options options = *(const struct exec_options *)given;
	int status = 0, r = cli_prepare_fds(options.preserve_fds, err);

	options.runtime = &global->runtime;
	options.id = argv[0];
	options.args = argv + 1;
	options.n_args = (size_t)argc - 1;
	if (options.n_args && strcmp(options.args[0], "--") == 0) {
		options.args++;
		options.n_args--;
	}
	if (r == 0)
		r = container_exec(&options, &status, err);
	if (r == 0)
		return status;
	/* So its caller can tell it from the program's own (features C047). */
	if (!err->status)
		err->status = 255;
	return error_wrap(err, "exec %s", options.id);
}

const struct command command_exec = {
	.name = "exec",
	.synopsis = "[flags] ID [--] PROGRAM [ARGUMENTS] | --process FILE ID",
	.summary = "runs one more program in a container that runs",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite exec -t web1 sh\n"
	            "crun-lite exec -e DEBUG=1 -u 1000:1000 --cwd /srv web1 make test\n",
	.options = exec_flags,
	.options_size = sizeof(struct exec_options),
	.in_order = true,
	.min_args = 1,
	.max_args = 1u << 20,
	.run = run_exec,
};
