/*
 * Command lines that nobody would type: words with a NUL between them, through the program's own main(), as far as what would act.
 * What acts (see fuzz.mk: --wrap) looks at what it is given, and applies it to a configuration.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image.h"
#include "runtime/container/container.h"
#include "runtime/launch/exec_process.h"
#include "runtime/launch/overrides.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 40

int cli_main(int argc, char **argv);

/* ---- what would act ---- */

static const char base[] =
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\",\"b\"],\"user\":{\"uid\":0,\"gid\":0},\"env\":[\"A=b\"]},"
	"\"root\":{\"path\":\"rootfs\"},\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"network\"}],"
	"\"resources\":{\"memory\":{\"limit\":1000000}}}}";

static struct config *base_config(void)
{
	struct config *config = NULL;
	struct error err;

	MUST(config_parse(base, sizeof(base) - 1, "config.json", &config, &err) == 0);
	return config;
}

static int judge(int r, const struct error *err)
{
	MUST(r == 0 || (r == -err->code && err->text[0]));
	return r;
}

static int apply(const struct create_options *o, struct error *err)
{
	static struct net_request request;
	struct config *config = base_config();
	int r = limits_apply(&o->limits, config, err);

	MUST(o->id && o->runtime);
	request = (struct net_request){0};
	if (r == 0)
		r = overrides_apply(o, config, err);
	if (r == 0)
		r = net_request_read(&o->net, &config->annotations, &request, err);
	if (r == 0 && request.mode != NET_OCI && request.mode != NET_CONTAINER)
		r = net_request_apply(&request, config, err);
	if (r == 0)
		r = config_validate(config, err);
	config_free(config);
	return judge(r, err);
}

int __wrap_container_create(const struct create_options *options, struct error *err)
{
	return apply(options, err);
}

int __wrap_container_run(const struct create_options *options, int *ret_status, struct error *err)
{
	*ret_status = 0;
	return apply(options, err);
}

int __wrap_container_exec(const struct exec_options *options, int *ret_status, struct error *err)
{
	struct config *container = base_config(), *ret = NULL, *file = NULL;
	int r = 0;

	*ret_status = 0;
	MUST(options->id && (options->n_args == 0 || options->args[options->n_args - 1]));
	if (!options->process) {
		r = judge(exec_process(options, container, &ret, &file, err), err);
		if (r == 0)
			r = judge(config_validate(ret, err), err);
	}
	/* What is changed is shared with the container's. */
	config_free(file);
	config_free(container);
	return r;
}

int __wrap_container_kill(const struct runtime_options *runtime, const char *id, int sig, bool every, struct error *err)
{
	(void)runtime, (void)every, (void)err;
	MUST(id && sig >= 0 && sig <= 64);
	return 0;
}

int __wrap_container_update(const struct runtime_options *runtime, const char *id, const struct update_options *options, struct error *err)
{
	(void)runtime, (void)options, (void)err;
	MUST(id);
	return 0;
}

int __wrap_container_events(const struct runtime_options *runtime, const char *id, const struct events_options *options, struct error *err)
{
	(void)runtime, (void)options, (void)err;
	MUST(id);
	return 0;
}

int __wrap_container_ps(const struct runtime_options *runtime, const char *id, bool json, char *const *options, size_t n, struct error *err)
{
	(void)runtime, (void)json, (void)err;
	MUST(id && (n == 0 || options[n - 1]));
	return 0;
}

int __wrap_container_start(const struct runtime_options *runtime, const char *id, struct error *err)
{
	(void)runtime;
	return judge(state_check_id(id, err), err);
}

int __wrap_container_delete(const struct runtime_options *runtime, const char *id, bool force, struct error *err)
{
	(void)force;
	return __wrap_container_start(runtime, id, err);
}

int __wrap_container_freeze(const struct runtime_options *runtime, const char *id, bool frozen, struct error *err)
{
	(void)frozen;
	return __wrap_container_start(runtime, id, err);
}

int __wrap_image_bundle(const struct cli_global *global, const struct image_options *options, const char *word, struct image_bundle *ret,
                        struct error *err)
{
	(void)global, (void)options, (void)err;
	MUST(word);
	strcpy(ret->dir, "/bundle");
	ret->entry = strlen(word) % 3;
	return 0;
}

/* No file gets a log. */
int __wrap_log_open(const struct log_options *options, struct error *err)
{
	(void)err;
	MUST(options);
	return 0;
}

/* ---- words ---- */

/* These read or write this machine's files by themselves. */
static bool acts_itself(const char *word)
{
	static const char *const names[] = {"spec", "unpack", "images", "rmi", "prune", "verify", "network", "port", "list", "state", "plan",
		"sandbox", "stats", "inspect", "wait", "doctor", "selftest"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], word) == 0)
			return true;
	return false;
}

/* Of those, the flags alone. */
static void flags_of(const struct command *command, int argc, char **argv)
{
	char options[1024] __attribute__((aligned(16))) = {0};
	struct error err = {0};
	int n = 0;

	MUST(command->options_size <= sizeof(options));
	if (judge(cli_parse(command->options, options, argc, argv, command->in_order, &n, &err), &err) == 0)
		MUST(n >= 0 && n <= argc);
	cli_free(command->options, options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct command *const quiet[] = {&command_spec, &command_unpack, &command_images, &command_rmi, &command_prune, &command_verify,
	                                              &command_network, &command_port, &command_list, &command_state, &command_plan, &command_sandbox};
	char *words[WORDS_MAX + 2] = {strdup("crun-lite")}, *given[WORDS_MAX + 2];
	const char *p = (const char *)data;
	bool acts = false;
	int n = 1;

	if (size > 8192) {
		free(words[0]);
		return 0;
	}
	for (size_t left = size; n <= WORDS_MAX && left > 0; n++) {
		size_t len = strnlen(p, left);

		words[n] = strndup(p, len);
		acts |= acts_itself(words[n]);
		left -= len < left ? len + 1 : left;
		p += len + 1;
	}
	/* cli_parse puts the words in another order. */
	memcpy(given, words, sizeof(given));
	if (acts)
		flags_of(quiet[size % (sizeof(quiet) / sizeof(quiet[0]))], n - 1, given + 1);
	else
		cli_main(n, given);
	for (int i = 0; i < n; i++)
		free(words[i]);
	return 0;
}
