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

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/base/weak.h"
#include "runtime/base/units.h"
#include "runtime/cli/image.h"
#include "runtime/launch/log_writer.h"

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
	{"pidfd-socket", 0, CLI_STRING, AT(pidfd_socket), "PATH",                                          \
         "a unix socket that gets a pidfd of the container's process"},                                    \
	LIMIT_OPTIONS(offsetof(struct cli_create, options.limits)),                                        \
	RUN_FLAGS(offsetof(struct cli_create, flags)),                                                     \
	NET_OPTIONS(offsetof(struct cli_create, options.net)),                                             \
	{"net-annotations", 0, CLI_STRING, AT(net.annotations), "allow|deny",                              \
         "may config.json ask for networking by org.crun-lite.net (allow)"},                               \
	{"no-subreaper", 0, CLI_IGNORED_FLAG, 0, NULL, "accepted: crun-lite never becomes a subreaper"}

static const struct cli_option create_options[] = {
	CREATE_OPTIONS,
	{"store", 0, CLI_STRING, AT(store), "DIR", "where volumes are kept (/var/lib/crun-lite)"},
	CLI_END,
};

/* Of run only. */
struct run_given {
	struct cli_create create;       /* first: CREATE_OPTIONS count from it */
	struct image_options image;
	bool chown_copy, rm;
	const char *name, *log_max, *restart;
};

static const struct cli_option run_options[] = {
	CREATE_OPTIONS,
	IMAGE_OPTIONS(offsetof(struct run_given, image)),
	{"keep-upper", 0, CLI_STRING, AT(keep_upper), "DIR", "what is written to a root of layers goes there, and stays"},
	{"chown-copy", 0, CLI_FLAG, offsetof(struct run_given, chown_copy), NULL, "copies the layers where the kernel cannot map their owners"},
	{"tmpfs-upper", 0, CLI_STRING, AT(tmpfs_upper), "SIZE", "it goes into memory, and this much of it (64m)"},
	{"name", 0, CLI_STRING, offsetof(struct run_given, name), "ID", "the container's ID, where a bundle or an image is named (made up)"},
	{"id", 0, CLI_STRING, offsetof(struct run_given, name), "ID", "the same"},
	{"rm", 0, CLI_FLAG, offsetof(struct run_given, rm), NULL, "accepted: it is so without --detach and --keep"},
	{"detach", 'd', CLI_FLAG, AT(detach), NULL, "return once the program runs"},
	{"log-file", 0, CLI_STRING, AT(log_file), "FILE|DIR/", "with --detach: what it writes goes there (DIR/ID.log); `crun-lite logs` shows it"},
	{"log-max-size", 0, CLI_STRING, offsetof(struct run_given, log_max), "SIZE", "of that file: then it becomes FILE.1, and a new one begins"},
	{"restart", 0, CLI_STRING, offsetof(struct run_given, restart), "no|on-failure[:N]|always",
         "starts it again when it has ended, after a pause (100 ms, doubled up to 1 min)"},
	{"keep", 0, CLI_FLAG, AT(keep), NULL, "do not delete the container at its end"},
	{"timeout", 0, CLI_STRING, offsetof(struct cli_create, timeout), "DURATION",
         "10, 10s, 1.5m, 500ms: then TERM, and exit code 124"},
	{"kill-after", 0, CLI_STRING, offsetof(struct cli_create, kill_after), "DURATION",
         "so long after that KILL to all of the container (10s; 0: at once), and exit code 137"},
	{"report", 0, CLI_STRING, AT(report), "FILE|-", "at the end: how it ended and what it used, as JSON"},
	CLI_END,
};

int cli_prepare_fds(unsigned preserve, struct error *err)
{
	unsigned n = preserve + listen_fds();

	if (weak(V15))
		return 0;
	if (syscall(SYS_close_range, 3 + n, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return error_set(err, errno, "hide the caller's open files from the container");
	for (unsigned fd = 3; fd < 3 + n; fd++)
		if (fcntl((int)fd, F_GETFD) < 0)
			return error_set(err, errno, "pass fd %u on", fd);
	return 0;
}

#define KILL_AFTER_NS 10000000000ull

static int parse_duration(const char *flag, const char *value, uint64_t *ret, struct error *err)
{
	if (!value || units_duration(value, ret))
		return 0;
	error_set(err, ERROR_SAID, "--%s %s: a duration is expected", flag, value);
	return error_hint(err, "such as 10, 10s, 1.5m or 500ms");
}

/* Who stays deletes it, and nobody else. */
static int check_rm(const struct run_given *given, struct error *err)
{
	const struct create_options *o = &given->create.options;

	if (!given->rm || (!o->keep && !o->detach))
		return 0;
	error_set(err, ERROR_SAID, "--rm and --%s are given", o->keep ? "keep" : "detach");
	return error_hint(err, o->keep ? "--keep leaves the container there at its end, --rm deletes it" : "nobody would be there at the end: `crun-lite delete ID` removes it");
}

/* What only makes sense for who stays. */
static int take_watch(const struct cli_create *given, struct create_options *options, struct error *err)
{
	const char *flag = given->timeout ? "timeout" : "report";
	int r = parse_duration("timeout", given->timeout, &options->timeout_ns, err);

	options->kill_after_ns = KILL_AFTER_NS;
	if (r == 0)
		r = parse_duration("kill-after", given->kill_after, &options->kill_after_ns, err);
	if (r == 0 && given->timeout && options->timeout_ns == 0)
		r = error_set(err, ERROR_SAID, "--timeout %s: more than 0 is expected", given->timeout);
	if (r == 0 && given->kill_after && !given->timeout)
		r = error_set(err, ERROR_SAID, "--kill-after is given without --timeout");
	if (r == 0 && options->detach && (given->timeout || options->report) && !options->log_file && !options->restart.kind) {
		error_set(err, ERROR_SAID, "--%s and --detach are given: nobody would be there at the end", flag);
		r = error_hint(err, "leave --detach out, and put the command in the background; or give --log-file, and somebody stays");
	}
	if (r == 0 && options->detach && options->report && strcmp(options->report, "-") == 0)
		r = error_set(err, ERROR_SAID, "--report - and --detach are given: a file is expected");
	return r;
}

static int take_log(const struct run_given *given, struct create_options *options, struct error *err)
{
	if (given->log_max && !options->log_file)
		return error_set(err, ERROR_SAID, "--log-max-size is given without --log-file");
	if (options->log_file && !options->detach) {
		error_set(err, ERROR_SAID, "--log-file is given without --detach: in the foreground the output is yours");
		return error_hint(err, "add --detach, or redirect it: crun-lite run ... >FILE 2>&1");
	}
	if (!given->log_max)
		return 0;
	if (units_bytes(given->log_max, &options->log_max) && options->log_max >= LOG_MAX_LEAST)
		return 0;
	error_set(err, ERROR_SAID, "--log-max-size %s: a size is expected, of 64k at least", given->log_max);
	return error_hint(err, "such as 64k or 10m");
}

/* What only makes sense with a process that stays beside the container. */
static int take_keeping(const struct run_given *given, struct create_options *options, struct error *err)
{
	int r = take_log(given, options, err);

	if (r == 0 && given->restart)
		r = restart_parse(given->restart, &options->restart, err);
	if (r == 0 && options->restart.kind && options->console_socket) {
		error_set(err, ERROR_SAID, "--restart and --console-socket are given: who listens there gets one terminal, and not one for each start");
		error_hint(err, "an engine starts its containers again itself");
		r = -err->code;
	}
	if (r == 0 && options->restart.kind && options->pidfd_socket) {
		error_set(err, ERROR_SAID, "--restart and --pidfd-socket are given: who listens there gets one process, and not one for each start");
		error_hint(err, "an engine starts its containers again itself");
		r = -err->code;
	}
	if (!options->restart.kind)
		options->restart.text = NULL;
	return r;
}

static int run_create(const struct cli_global *global, const void *given, int argc, char **argv,
                      struct error *err)
{
	const struct cli_create *g = given;
	struct create_options options = g->options;
	int r = cli_prepare_fds(options.preserve_fds, err);

	options.runtime = &global->runtime;
	options.flags = cli_run_flags(&g->flags);
	options.id = argv[0];
	options.args = argv + 1;
	options.n_args = (size_t)argc - 1;
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

struct choice {
	char id[32];
	struct image_bundle image;
};

/* 0; or the exit status of the unpacking that failed. */
static int choose_image(const struct cli_global *global, const struct run_given *given, struct create_options *options, struct choice *c,
                        int argc, char **argv, struct error *err)
{
	int r = image_bundle(global, &given->image, argv[0], &c->image, err);

	if (r != 0)
		return r;
	options->bundle = c->image.dir;
	options->keep_args = c->image.entry;
	return 0;
}

static int choose(const struct cli_global *global, const struct run_given *given, struct create_options *options, struct choice *c, int argc,
                  char **argv, struct error *err)
{
	const char *word = argc ? argv[0] : NULL;
	bool image = word && !options->bundle && image_is_meant(word);

	options->id = word ?: given->name;
	if (!word && options->bundle && given->name)
		return 0;
	if (!word) {
		error_set(err, ERROR_SAID, "an argument is missing");
		return error_hint(err, "crun-lite run %s", command_run.synopsis);
	}
	options->args = argv + 1;
	options->n_args = (size_t)argc - 1;
	if (!is_bundle(word) && !image && given->name) {
		error_set(err, ERROR_SAID, "two IDs are given: %s and %s", given->name, word);
		return error_hint(err, "a word without a slash is an ID: `crun-lite run --name %s BUNDLE/ -- COMMAND...`", given->name);
	}
	if (!is_bundle(word) && !image)
		return 0;
	if (options->bundle)
		return error_set(err, ERROR_SAID, "two bundles are given: %s and %s", options->bundle, word);
	options->bundle = word;
	if (!given->name)
		make_id(c->id, sizeof(c->id));
	options->id = given->name ?: c->id;
	return image ? choose_image(global, given, options, c, argc, argv, err) : 0;
}

/* `run b` means the ID b, as with runc; who meant the bundle forgot the slash. */
static void hint_at_slash(const struct create_options *options, struct error *err)
{
	cleanup_free char *config = NULL;

	if (options->bundle || err->code != ENOENT || asprintf(&config, "%s/config.json", options->id) < 0)
		return;
	if (access(config, F_OK) < 0)
		return;
	err->hint[0] = '\0';
	error_hint(err, "%s is taken for an ID: `crun-lite run %s/` runs the bundle in that directory", options->id, options->id);
}

static int run_run(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct run_given *g = given;
	const struct image_copy copy = {global, g->image.store};
	struct create_options options = g->create.options;
	static struct choice chosen;
	int status = 0, r = check_rm(g, err);

	if (r == 0)
		r = choose(global, g, &options, &chosen, argc, argv, err);
	if (r > 0)
		return r;
	options.runtime = &global->runtime;
	options.flags = cli_run_flags(&g->create.flags);
	options.store = g->image.store;
	if (g->chown_copy) {
		options.copy_layers = image_copy_layers;
		options.copy_arg = &copy;
	}
	if (r == 0)
		r = take_keeping(g, &options, err);
	if (r == 0)
		r = take_watch(given, &options, err);
	if (r == 0)
		r = cli_prepare_fds(options.preserve_fds, err);
	if (r == 0)
		r = container_run(&options, &status, err);
	if (r < 0) {
		if (options.id)
			hint_at_slash(&options, err);
		return options.id ? error_wrap(err, "run %s", options.id) : error_wrap(err, "run");
	}
	/* Who made the ID up must say it where it is needed again. */
	if (options.id == chosen.id && (options.detach || options.keep))
		dprintf(STDOUT_FILENO, "%s\n", chosen.id);
	return status;
}

const struct command command_create = {
	.name = "create",
	.synopsis = "[flags] ID [-- COMMAND...]",
	.summary = "makes a container that waits for `start`",
	.examples = "crun-lite create -b bundle/ web1\n"
	            "crun-lite create -b bundle/ --pid-file web1.pid --memory 50m web1\n",
	.options = create_options,
	.options_size = sizeof(struct cli_create),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = run_create,
};

const struct command command_run = {
	.name = "run",
	.synopsis = "[flags] BUNDLE/ | -b BUNDLE ID | IMAGE[:REF] [-- COMMAND...]",
	.summary = "makes a container, starts it, waits for its end and deletes it",
	.argument = CLI_RUN,
	.examples = "crun-lite run bundle/\n"
	            "crun-lite run --memory 50m --cpus 0.5 --timeout 30s --report - bundle/\n"
	            "crun-lite run -d -b bundle/ web1\n"
	            "crun-lite run -d --log-file /var/log/ --restart on-failure:5 -b bundle/ web1\n"
	            "crun-lite run --net bridge -p 8080:80 ./web.tar\n"
	            "crun-lite run -it -v ./src:/src -e DEBUG=1 ./alpine.tar -- sh\n",
	.options = run_options,
	.options_size = sizeof(struct run_given),
	.max_args = SIZE_MAX,
	.run = run_run,
};
