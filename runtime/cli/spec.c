/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "spec/emit.h"

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct cli_option spec_flags[] = {
	{"bundle", 'b', CLI_STRING, offsetof(struct spec_options, bundle), "DIR", "where (the current directory)"},
	{"rootless", 0, CLI_FLAG, offsetof(struct spec_options, rootless), NULL, "for a container of an ordinary user: you"},
	CLI_END,
};

static int write_config(int dir, const char *text, size_t len, struct error *err)
{
	cleanup_close int fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0) {
		error_set(err, errno, "make config.json");
		return err->code == EEXIST ? error_hint(err, "an existing one is never overwritten: remove it first")
		                           : -err->code;
	}
	if (write(fd, text, len) == (ssize_t)len)
		return 0;
	error_set(err, errno ? errno : ENOSPC, "write config.json");
	unlinkat(dir, "config.json", 0);
	return -err->code;
}

static int run_spec(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct spec_options *options = given;
	const char *bundle = options->bundle ?: ".";
	cleanup_close int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct emitter e = {.pretty = true};
	size_t len = 0;
	int r;

	if (dir < 0)
		return error_set(err, errno, "spec: open the bundle %s", bundle);
	emit_default_config(&e, options->rootless);
	r = emit_finish(&e, &text, &len, err);
	if (r == 0)
		r = write_config(dir, text, len, err);
	return r < 0 ? error_wrap(err, "spec") : 0;
}

const struct command command_spec = {
	.name = "spec",
	.synopsis = "[flags]",
	.summary = "writes a config.json to start from",
	.examples = "crun-lite spec -b bundle/\n"
	            "crun-lite spec --rootless\n",
	.options = spec_flags,
	.options_size = sizeof(struct spec_options),
	.max_args = 0,
	.run = run_spec,
};
