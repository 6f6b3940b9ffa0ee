/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/request.h"
#include "spec/emit.h"

struct spec_options {
	const char *bundle;
	bool rootless;
	struct net_flags net;
};

static const struct cli_option spec_flags[] = {
	{"bundle", 'b', CLI_STRING, offsetof(struct spec_options, bundle), "DIR", "where (the current directory)"},
	{"rootless", 0, CLI_FLAG, offsetof(struct spec_options, rootless), NULL, "for a container of an ordinary user: you"},
	NET_OPTIONS(offsetof(struct spec_options, net)),
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

#define ANNOTATIONS_MAX 8

/* As flags of `run` would be read: what `run` would refuse is not written. */
static int emit_networked(struct emitter *e, const struct spec_options *options, struct error *err)
{
	static struct net_request request;
	struct pair v[ANNOTATIONS_MAX];
	struct pairs pairs = {.v = v};
	char *values[ANNOTATIONS_MAX];
	bool more = true;
	size_t n = 0;
	int r = net_request_read(&options->net, &(struct pairs){0}, &request, err);

	if (r < 0)
		return r;
	for (; n < ANNOTATIONS_MAX && (more = net_request_annotation(&options->net, n, &v[pairs.n].key, &values[n])); n++) {
		v[pairs.n].value = values[n];
		pairs.n += values[n] != NULL;
	}
	emit_annotated_config(e, options->rootless, request.mode == NET_OCI ? !options->rootless : request.mode != NET_HOST, &pairs);
	while (n)
		free(values[--n]);
	return 0;
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
	r = emit_networked(&e, options, err);
	if (r == 0)
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
