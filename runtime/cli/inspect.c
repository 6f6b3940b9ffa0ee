/*
 * inspect - all that is known of a container, as JSON: its state, how it was configured, what was changed since, its network,
 * what it uses.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/stats.h"
#include "runtime/base/cleanup.h"
#include "runtime/state/group.h"
#include "runtime/state/network.h"
#include "spec/emit.h"

/* Of one that somebody stays beside. */
static void emit_keeper_of(struct emitter *e, const struct handle *h)
{
	const struct state_keeper *k = &h->state.keeper;
	bool stopped = h->status == STATUS_STOPPED;

	if (!k->pid)
		return;
	if (stopped && k->ended)
		emit_key_int(e, "exitStatus", k->exit_status);
	if (k->log)
		emit_key_string(e, "log", k->log);
	if (!k->policy)
		return;
	emit_key_string(e, "restartPolicy", k->policy);
	emit_key_uint(e, "restarts", k->restarts);
	emit_key_bool(e, "restarting", stopped && state_keeper_lives(&h->state));
}

static void emit_state_of(struct emitter *e, const struct handle *h)
{
	const struct state *s = &h->state;

	emit_key(e, "state");
	emit_object(e);
	emit_key_string(e, "ociVersion", "1.3.0");
	emit_key_string(e, "id", s->id);
	emit_key_string(e, "status", status_name(h->status));
	emit_key_int(e, "pid", h->status == STATUS_STOPPED ? 0 : s->pid);
	emit_key_string(e, "bundle", s->bundle);
	emit_key_string(e, "rootfs", s->rootfs);
	emit_key_string(e, "created", s->created);
	emit_key_uint(e, "owner", s->owner);
	if (s->unit)
		emit_key_string(e, "systemdScope", s->unit);
	emit_keeper_of(e, h);
	emit_key_pairs(e, "annotations", &s->annotations);
	emit_key(e, "cgroups");
	emit_array(e);
	for (size_t i = 0; i < s->n_groups; i++)
		emit_string(e, s->groups[i]);
	emit_end_array(e);
	emit_end_object(e);
}

/* A file of the state directory that is JSON; nothing if it is not there. */
static void emit_file(struct emitter *e, const struct handle *h, const char *key, const char *name)
{
	cleanup_free char *text = NULL;
	struct error ignored = {0};
	size_t len = 0;

	if (store_read_file(&h->store, name, &text, &len, &ignored) < 0)
		return;
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	emit_key(e, key);
	emit_raw(e, text, len);
}

static int emit_network(struct emitter *e, const struct handle *h, struct error *err)
{
	cleanup_free char *text = NULL;
	int r = h->state.network ? network_status(&h->store, &h->state, h->status, &text, err) : STATE_NOT_FOUND;

	if (r == 0) {
		emit_key(e, "network");
		emit_raw(e, text, strlen(text));
	}
	return r < 0 ? r : 0;
}

static void emit_usage(struct emitter *e, const struct handle *h)
{
	struct error ignored = {0};
	struct group group;

	if (h->status != STATUS_STOPPED && group_open(&h->state, &group, &ignored) == 0) {
		if (group.cgroup.n) {
			emit_key(e, "usage");
			emit_object(e);
			stats_emit_report(&group.cgroup, e);
			emit_end_object(e);
		}
		group_close(&group);
	}
}

static int inspect_one(const struct cli_global *global, const char *word, struct emitter *e, struct error *err)
{
	struct handle h = {.root = -1, .store.dir = -1};
	char id[256];
	int r = handle_complete(&global->runtime, word, id, err);

	if (r == 0)
		r = handle_open(&global->runtime, id, STORE_READ, &h, err);
	if (r == 0) {
		emit_object(e);
		emit_state_of(e, &h);
		emit_usage(e, &h);
		r = emit_network(e, &h, err);
		emit_file(e, &h, "updatedResources", "resources.json");
		emit_file(e, &h, "config", "config.json");
		emit_end_object(e);
	}
	handle_close(&h);
	return r < 0 ? error_wrap(err, "inspect %s", word) : 0;
}

static int run_inspect(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	struct emitter e = {.pretty = true};
	int r = 0;

	emit_array(&e);
	for (int i = 0; i < argc && r == 0; i++)
		r = inspect_one(global, argv[i], &e, err);
	emit_end_array(&e);
	if (r == 0)
		return cli_print_json(&e, err);
	free(e.text);
	return r;
}

const struct command command_inspect = {
	.name = "inspect",
	.synopsis = "ID...",
	.summary = "prints all that is known of containers as JSON: state, configuration, limits, network, usage",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite inspect web1 | jq '.[0].usage.memory'\n",
	.options = (const struct cli_option[]){CLI_END},
	.min_args = 1,
	.max_args = 1000,
	.run = run_inspect,
};
