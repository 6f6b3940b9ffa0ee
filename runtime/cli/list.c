/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/slices.h"
#include "runtime/base/text.h"
#include "runtime/state/handle.h"
#include "runtime/state/network.h"
#include "spec/emit.h"

struct list_options {
	const char *format;
	bool quiet;
};

static const struct cli_option list_flags[] = {
	{"format", 'f', CLI_STRING, offsetof(struct list_options, format), "table|json", "of the output"},
	{"quiet", 'q', CLI_FLAG, offsetof(struct list_options, quiet), NULL, "the IDs alone"},
	CLI_END,
};

static void emit_one(struct emitter *e, const struct state *s, enum status status)
{
	emit_object(e);
	emit_key_string(e, "ociVersion", "1.3.0");
	emit_key_string(e, "id", s->id);
	emit_key_int(e, "pid", status == STATUS_STOPPED ? 0 : s->pid);
	emit_key_string(e, "status", status_name(status));
	emit_key_string(e, "bundle", s->bundle);
	emit_key_string(e, "rootfs", s->rootfs);
	emit_key_string(e, "created", s->created);
	if (s->unit)                    /* as crun has it */
		emit_key_string(e, "systemd-scope", s->unit);
	emit_key_pairs(e, "annotations", &s->annotations);
}

static int emit_status(const struct store *store, const struct state *state, enum status status, struct emitter *e, struct error *err)
{
	struct pair *pairs = reallocarray(NULL, state->annotations.n + 1, sizeof(*pairs));
	cleanup_free char *network = NULL;
	struct state told = *state;
	int r = pairs ? network_status(store, state, status, &network, err) : error_set(err, ENOMEM, "print the state");

	if (r == 0) {
		if (state->annotations.n)
			memcpy(pairs, state->annotations.v, state->annotations.n * sizeof(*pairs));
		pairs[state->annotations.n] = (struct pair){NET_STATUS, network, {0}};
		told.annotations = (struct pairs){state->annotations.n + 1, pairs};
	}
	if (r >= 0)
		emit_one(e, &told, status);
	free(pairs);
	return r < 0 ? r : 0;
}

static int print_state(const struct store *store, const struct state *state, struct error *err)
{
	struct emitter e = {.pretty = true};
	int status = state_status(store, state, err), r = 0;

	if (status < 0)
		return status;
	if (state->network)
		r = emit_status(store, state, (enum status)status, &e, err);
	else
		emit_one(&e, state, (enum status)status);
	if (r < 0)
		return r;
	emit_end_object(&e);
	return cli_print_json(&e, err);
}

static int run_state(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	cleanup_close int root = -1;
	struct store store = {.dir = -1};
	struct state state = {0};
	int r = state_root_open(global->runtime.root, false, &root, err);

	if (r == 0)
		r = store_open(root, argv[0], STORE_READ, &store, err);
	if (r == 0)
		r = state_read(&store, &state, err);
	if (r == STATE_EMPTY)
		error_set(err, ERROR_SAID, "container \"%s\" does not exist", argv[0]);
	if (r == 0)
		r = print_state(&store, &state, err);
	state_free(&state);
	store_close(&store);
	return r == 0 ? 0 : error_wrap(err, "state %s", argv[0]);
}

const struct command command_state = {
	.name = "state",
	.synopsis = "ID",
	.summary = "prints the state of a container as JSON",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite state web1 | jq -r .status\n",
	.options = (const struct cli_option[]){CLI_END},
	.min_args = 1,
	.max_args = 1,
	.run = run_state,
};

/* What is done with each container: the three outputs. */
struct listing {
	struct handle_names all;
	FILE *out;                      /* of a slice: rows, or elements with commas between them */
	struct emitter element, array;
	bool json;
	void (*one)(struct listing *l, const struct state *state, enum status status);
};

static const char *owner_name(uid_t uid, char *buf, size_t size)
{
	if (uid == 0)
		return "root";
	snprintf(buf, size, "#%u", uid);
	return buf;
}

static void list_json(struct listing *l, const struct state *state, enum status status)
{
	char buf[16];

	emit_one(&l->element, state, status);
	emit_key_string(&l->element, "owner", owner_name(state->owner, buf, sizeof(buf)));
	emit_end_object(&l->element);
}

/* A path may hold what a terminal would obey. */
static char *printable(const char *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	text_print(out, s);
	fclose(out);
	return text;
}

static bool is_ascii(const char *s)
{
	while (*s >= ' ' && *s <= '~')
		s++;
	return !*s;
}

static void list_row(struct listing *l, const struct state *state, enum status status)
{
	cleanup_free char *text = is_ascii(state->bundle) ? NULL : printable(state->bundle);
	const char *bundle = is_ascii(state->bundle) ? state->bundle : text ?: "?";
	char buf[16];

	fprintf(l->out, "%-24s %-8d %-10s %-30s %-32s %s\n", state->id, status == STATUS_STOPPED ? 0 : state->pid,
	        status_name(status), bundle, state->created, owner_name(state->owner, buf, sizeof(buf)));
}

static void list_id(struct listing *l, const struct state *state, enum status status)
{
	fprintf(l->out, "%s\n", state->id);
}

static int list_one(const struct handle *h, void *arg, struct error *err)
{
	struct listing *l = arg;

	l->one(l, &h->state, h->status);
	return 0;
}

/* The elements stand in an array whose brackets are left out. */
static int finish_elements(struct emitter *e, FILE *out, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	emit_end_array(e);
	r = emit_finish(e, &text, &len, err);
	if (r == 0)
		fwrite(text + 1, 1, len - 2, out);
	return r;
}

static int make_slice(size_t first, size_t end, void *arg, FILE *out, struct error *err)
{
	struct listing *l = arg;
	int r, finished = 0;

	l->out = out;
	if (l->json)
		emit_array(&l->element);
	r = handle_visit(&l->all, first, end, list_one, l, err);
	if (l->json)
		finished = finish_elements(&l->element, out, &(struct error){0});
	return r < 0 || finished == 0 ? r : error_set(err, ENOMEM, "print the list");
}

static int take_slice(const char *text, size_t len, void *arg, struct error *err)
{
	struct listing *l = arg;

	if (l->json && len > 0)
		emit_raw(&l->array, text, len);
	else if (fwrite(text, 1, len, stdout) != len)
		return error_set(err, errno, "write to standard output");
	return 0;
}

static int print_list(struct listing *l, struct error *err)
{
	const struct slices slices = {.n = l->all.n, .make = make_slice, .take = take_slice, .arg = l};
	int r;

	if (l->json)
		emit_array(&l->array);
	r = slices_run(&slices, slices_processes(l->all.n), err);
	if (l->json)
		emit_end_array(&l->array);
	return r < 0 || !l->json ? r : cli_print_json(&l->array, err);
}

static int run_list(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct list_options *options = given;
	bool json = options->format && strcmp(options->format, "json") == 0;
	struct listing listing = {
		.json = json && !options->quiet,
		.one = options->quiet ? list_id : json ? list_json : list_row,
	};
	int r;

	if (options->format && !json && strcmp(options->format, "table") != 0)
		return error_set(err, ERROR_SAID, "list: --format %s: table or json is expected", options->format);
	if (!options->quiet && !json)
		printf("%-24s %-8s %-10s %-30s %-32s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
	r = handle_names_open(&global->runtime, true, &listing.all, err);
	if (r == 0)
		r = print_list(&listing, err);
	handle_names_close(&listing.all);
	return r;
}

const struct command command_list = {
	.name = "list",
	.synopsis = "[flags]",
	.summary = "lists the containers",
	.examples = "crun-lite list\n"
	            "crun-lite list -q\n"
	            "crun-lite list -f json\n",
	.options = list_flags,
	.options_size = sizeof(struct list_options),
	.max_args = 0,
	.run = run_list,
};
