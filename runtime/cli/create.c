/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/fds.h"

#define AT(field) offsetof(struct cli_create, options.field)

/* The flags that create and run share, as runc spells them (features C020-C027). */
#define CREATE_OPTIONS                                                                                     \
	{"bundle", 'b', CLI_STRING, AT(bundle), "DIR", "the bundle (the current directory)"},              \
	{"config", 'f', CLI_STRING, AT(config), "FILE", "instead of the bundle's config.json"},            \
	{"console-socket", 0, CLI_STRING, AT(console_socket), "PATH",                                      \
         "a unix socket that gets the other end of the terminal"},                                         \
	{"pid-file", 0, CLI_STRING, AT(pid_file), "FILE", "gets the pid of the container's process"},      \
	{"no-pivot", 0, CLI_FLAG, AT(no_pivot), NULL, "chroot instead of pivot_root (root on a ramfs)"},   \
	{"no-new-keyring", 0, CLI_FLAG, AT(no_new_keyring), NULL, "keep the caller's session keyring"},    \
	{"preserve-fds", 0, CLI_NUMBER, AT(preserve_fds), "N", "pass the fds 3 to N+2 on"},                \
	{"pidfd-socket", 0, CLI_REFUSED, 0, "PATH", "this version does not send pidfds yet"},              \
	{"no-subreaper", 0, CLI_IGNORED_FLAG, 0, NULL, "accepted: crun-lite never becomes a subreaper"}

static const struct cli_option create_options[] = {CREATE_OPTIONS, CLI_END};

static const struct cli_option run_options[] = {
	CREATE_OPTIONS,
	{"detach", 'd', CLI_FLAG, AT(detach), NULL, "return once the program runs"},
	{"keep", 0, CLI_FLAG, AT(keep), NULL, "do not delete the container at its end"},
	CLI_END,
};

int cli_prepare_fds(unsigned preserve, struct error *err)
{
	unsigned n = preserve + listen_fds();

	if (syscall(SYS_close_range, 3 + n, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return error_set(err, errno, "hide the caller's open files from the container");
	for (unsigned fd = 3; fd < 3 + n; fd++)
		if (fcntl((int)fd, F_GETFD) < 0)
			return error_set(err, errno, "pass fd %u on", fd);
	return 0;
}

static int run_create(const struct cli_global *global, const void *given, int argc, char **argv,
                      struct error *err)
{
	struct create_options options = ((const struct cli_create *)given)->options;
	int r = cli_prepare_fds(options.preserve_fds, err);

	options.runtime = &global->runtime;
	options.id = argv[0];
	if (r == 0)
		r = container_create(&options, err);
	return r < 0 ? error_wrap(err, "create %s", options.id) : 0;
}

/* A word with a slash, or "." or "..", is a bundle: none of them is a legal ID. */
static bool is_bundle(const char *word)
{
	return strchr(word, '/') || strcmp(word, ".") == 0 || strcmp(word, "..") == 0;
}

/* An ID that nobody has yet: the directory of the state decides, so a collision is only unlikely, not harmful. */
static void make_id(char *buf, size_t size)
{
	/* getauxval(3) AT_RANDOM: sixteen bytes that the kernel gives every process. */
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);

	snprintf(buf, size, "run-%02x%02x%02x%02x%02x%02x", random[0], random[1], random[2], random[3], random[4],
	         random[5]);
}

static int choose(struct create_options *options, char *id, size_t size, const char *word, struct error *err)
{
	options->id = word;
	if (!is_bundle(word))
		return 0;
	if (options->bundle)
		return error_set(err, ERROR_SAID, "two bundles are given: %s and %s", options->bundle, word);
	options->bundle = word;
	make_id(id, size);
	options->id = id;
	return 0;
}

static int run_run(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	struct create_options options = ((const struct cli_create *)given)->options;
	char id[32];
	int status = 0, r = choose(&options, id, sizeof(id), argv[0], err);

	options.runtime = &global->runtime;
	if (r == 0)
		r = cli_prepare_fds(options.preserve_fds, err);
	if (r == 0)
		r = container_run(&options, &status, err);
	if (r < 0)
		return error_wrap(err, "run %s", options.id);
	/* Who made the ID up must say it where it is needed again. */
	if (options.id == id && (options.detach || options.keep))
		dprintf(STDOUT_FILENO, "%s\n", id);
	return status;
}

const struct command command_create = {
	.name = "create",
	.synopsis = "[flags] ID",
	.summary = "makes a container that waits for `start`",
	.options = create_options,
	.options_size = sizeof(struct cli_create),
	.min_args = 1,
	.max_args = 1,
	.run = run_create,
};

const struct command command_run = {
	.name = "run",
	.synopsis = "[flags] BUNDLE/ | [flags] -b BUNDLE ID",
	.summary = "makes a container, starts it, waits for its end and deletes it",
	.options = run_options,
	.options_size = sizeof(struct cli_create),
	.min_args = 1,
	.max_args = 1,
	.run = run_run,
};
