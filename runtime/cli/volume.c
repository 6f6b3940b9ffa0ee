/*
 * volume - named directories that outlive containers (runtime/flags/volumes.h).  Who has one is asked of the containers: the names are in
 * an annotation of theirs.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "runtime/base/cleanup.h"
#include "runtime/flags/volumes.h"
#include "runtime/state/handle.h"
#include "runtime/users/own_ids.h"
#include "spec/emit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct volume_flags {
	const char *store, *format;
	bool json, quiet, force, all;
};

#define AT(field) offsetof(struct volume_flags, field)

static const struct cli_option volume_options[] = {
	{"json", 0, CLI_FLAG, AT(json), NULL, "ls, inspect: for programs"},
	{"format", 'f', CLI_STRING, AT(format), "table|json", "ls: of the output"},
	{"quiet", 'q', CLI_FLAG, AT(quiet), NULL, "ls: the names alone"},
	{"force", 0, CLI_FLAG, AT(force), NULL, "rm: one that is missing, or that only stopped containers have, too"},
	{"all", 'a', CLI_FLAG, AT(all), NULL, "prune: those that hold something, too"},
	{"store", 0, CLI_STRING, AT(store), "DIR", "where volumes are kept (/var/lib/crun-lite)"},
	CLI_END,
};

/* ---- who has one ---- */

struct users {
	const char *name;
	bool stopped_too;
	struct emitter *list;   /* gets the IDs; or NULL */
	size_t n;
	char first[256];
};

static bool names(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (strncmp(p, name, len) == 0 && (!p[len] || p[len] == ','))
			return true;
	return false;
}

static int look_at(const struct handle *h, void *arg, struct error *err)
{
	const struct pairs *a = &h->state.annotations;
	struct users *u = arg;

	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i].key, VOLUMES_ANNOTATION) != 0 || !names(a->v[i].value, u->name))
			continue;
		/* Between two starts of --restart it has it as well. */
		if (h->status == STATUS_STOPPED && !u->stopped_too && !state_keeper_lives(&h->state))
			continue;
		if (u->list)
			emit_string(u->list, h->state.id);
		if (!u->n++)
			snprintf(u->first, sizeof(u->first), "%s", h->state.id);
	}
	return 0;
}

static int find_users(const struct cli_global *global, struct users *u, struct error *err)
{
	return handle_each(&global->runtime, look_at, u, err);
}

/* ---- create ---- */

static int run_create(const struct cli_global *global, const struct volume_flags *flags, int argc, char **argv, struct error *err)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	struct volume_store store;
	char made_up[40];
	const char *name = argc ? argv[0] : made_up;
	int r = argc ? volume_check_name(name, err) : 0;

	for (unsigned i = 0; i < 8 && !argc; i++)
		snprintf(made_up + 2 * i, 3, "%02x", random[i]);
	if (r == 0)
		r = volumes_open(flags->store, true, &store, err);
	if (r < 0)
		return r;
	r = volumes_lock(&store, err);
	if (r == 0)
		r = volume_make(&store, name, err);
	volumes_close(&store);
	if (r == 0)
		printf("%s\n", name);
	return r;
}

/* ---- rm, prune: of an ordinary user as who has all the ids of the containers' users ---- */

struct removal {
	const struct volume_flags *flags;
	struct volume_store *store;
	const char *name;
	struct error *err;
};

static int remove_as(void *arg)
{
	struct removal *r = arg;
	int code = volume_remove(r->store, r->name, r->err);

	return code == 0 ? 0 : 1;
}

static int remove_one(const struct volume_flags *flags, struct volume_store *store, const char *name, struct error *err)
{
	struct removal removal = {flags, store, name, err};
	struct caller caller;
	int status = 0, r = own_ids_learn(&caller, err);

	if (r < 0 || !caller.ordinary)
		return r < 0 ? r : volume_remove(store, name, err);
	r = own_ids_run(&caller, remove_as, &removal, &status, err);
	if (r < 0 || status == 0)
		return r;
	return error_set(err, EACCES, "remove the volume %s", name);
}

static int check_users(const struct cli_global *global, const struct volume_flags *flags, const char *name, struct error *err)
{
	struct users u = {.name = name, .stopped_too = !flags->force};
	int r = find_users(global, &u, err);

	if (r < 0 || !u.n)
		return r;
	error_set(err, EBUSY, "remove the volume %s", name);
	return error_hint(err, "container %s has it%s", u.first, flags->force ? ", and runs" : ": delete that first (--force: unless it runs)");
}

static int rm_one(const struct cli_global *global, const struct volume_flags *flags, struct volume_store *store, const char *name,
                  struct error *err)
{
	cleanup_close int claim = -1;
	int r = volume_claim(store, name, &claim, err);

	if (r == VOLUME_NONE)
		return flags->force ? 0 : -err->code;
	if (r == 0)
		r = check_users(global, flags, name, err);
	if (r == 0)
		r = remove_one(flags, store, name, err);
	if (r == 0)
		printf("%s\n", name);
	return r;
}

static int no_volume(const char *name, struct error *err)
{
	error_set(err, ERROR_SAID, "there is no volume %s", name);
	return error_hint(err, "`crun-lite volume create %s` makes it", name);
}

static int run_rm(const struct cli_global *global, const struct volume_flags *flags, int argc, char **argv, struct error *err)
{
	struct volume_store store;
	int r = 0;

	for (int i = 0; i < argc && r == 0; i++)
		r = volume_check_name(argv[i], err);
	if (r == 0)
		r = volumes_open(flags->store, false, &store, err);
	if (r != 0)
		return r == VOLUME_NONE ? (flags->force ? 0 : no_volume(argv[0], err)) : r;
	r = volumes_lock(&store, err);
	for (int i = 0; i < argc && r == 0; i++)
		r = rm_one(global, flags, &store, argv[i], err);
	volumes_close(&store);
	return r;
}

static int prune_one(const struct cli_global *global, const struct volume_flags *flags, struct volume_store *store, const char *name,
                     struct error *err)
{
	struct users u = {.name = name, .stopped_too = true};
	cleanup_close int claim = -1;
	char created[40];
	bool empty = false;
	int r = volume_claim(store, name, &claim, err);

	if (r < 0 && err->code == EBUSY)        /* it is held: somebody has it */
		return 0;
	if (r == 0)
		r = volume_look(store, name, created, sizeof(created), &empty, err);
	if (r == 0)
		r = find_users(global, &u, err);
	if (r != 0 || u.n || (!empty && !flags->all))
		return r < 0 ? r : 0;
	r = remove_one(flags, store, name, err);
	if (r == 0)
		printf("%s\n", name);
	return r;
}

static void free_names(char **all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(all[i]);
	free(all);
}

static int run_prune(const struct cli_global *global, const struct volume_flags *flags, int argc, char **argv, struct error *err)
{
	struct volume_store store;
	char **all = NULL;
	size_t n = 0;
	int r = volumes_open(flags->store, false, &store, err);

	if (r != 0)
		return r == VOLUME_NONE ? 0 : r;
	r = volumes_lock(&store, err);
	if (r == 0)
		r = volumes_names(&store, &all, &n, err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = prune_one(global, flags, &store, all[i], err);
	free_names(all, n);
	volumes_close(&store);
	return r;
}

/* ---- ls, inspect ---- */

static int emit_one(const struct cli_global *global, const struct volume_store *store, const char *name, struct emitter *e, struct error *err)
{
	struct users u = {.name = name, .stopped_too = true, .list = e};
	char created[40], path[PATH_MAX + 160];
	bool empty = false;
	int r = volume_look(store, name, created, sizeof(created), &empty, err);

	if (r != 0)
		return r;
	snprintf(path, sizeof(path), "%s/%s/data", store->path, name);
	emit_object(e);
	emit_key_string(e, "name", name);
	emit_key_string(e, "mountpoint", path);
	emit_key_string(e, "created", created);
	emit_key_bool(e, "empty", empty);
	emit_key(e, "containers");
	emit_array(e);
	r = find_users(global, &u, err);
	emit_end_array(e);
	emit_end_object(e);
	return r;
}

static int print_row(const struct cli_global *global, const struct volume_store *store, const char *name, struct error *err)
{
	struct users u = {.name = name, .stopped_too = true};
	char created[40];
	bool empty = false;
	int r = volume_look(store, name, created, sizeof(created), &empty, err);

	if (r == 0)
		r = find_users(global, &u, err);
	if (r == 0)
		printf("%-24s %-32s %-10zu %s/%s/data\n", name, created, u.n, store->path, name);
	return r;
}

static int ls_one(const struct cli_global *global, const struct volume_flags *flags, const struct volume_store *store, const char *name,
                  struct emitter *e, struct error *err)
{
	if (flags->quiet) {
		printf("%s\n", name);
		return 0;
	}
	/* Who removes one meanwhile is no trouble. */
	return (e ? emit_one(global, store, name, e, err) : print_row(global, store, name, err)) < 0 ? -err->code : 0;
}

static int run_ls(const struct cli_global *global, const struct volume_flags *flags, int argc, char **argv, struct error *err)
{
	bool json = flags->json || (flags->format && strcmp(flags->format, "json") == 0);
	struct emitter e = {.pretty = true};
	struct volume_store store;
	char **all = NULL;
	size_t n = 0;
	int r;

	if (flags->format && !json && strcmp(flags->format, "table") != 0)
		return error_set(err, ERROR_SAID, "--format %s: table or json is expected", flags->format);
	r = volumes_open(flags->store, false, &store, err);
	if (r == 0)
		r = volumes_names(&store, &all, &n, err);
	json = json && !flags->quiet;
	if (json)
		emit_array(&e);
	else if (!flags->quiet)
		printf("%-24s %-32s %-10s %s\n", "NAME", "CREATED", "CONTAINERS", "PATH");
	for (size_t i = 0; i < n && r == 0; i++)
		r = ls_one(global, flags, &store, all[i], json ? &e : NULL, err);
	if (json)
		emit_end_array(&e);
	free_names(all, n);
	volumes_close(&store);
	if (r < 0) {
		free(e.text);
		return r;
	}
	return json ? cli_print_json(&e, err) : 0;
}

static int run_inspect(const struct cli_global *global, const struct volume_flags *flags, int argc, char **argv, struct error *err)
{
	struct emitter e = {.pretty = true};
	struct volume_store store;
	int r = volumes_open(flags->store, false, &store, err);

	if (r != 0)
		return r == VOLUME_NONE ? no_volume(argv[0], err) : r;
	emit_array(&e);
	for (int i = 0; i < argc && r == 0; i++)
		r = emit_one(global, &store, argv[i], &e, err);
	emit_end_array(&e);
	volumes_close(&store);
	if (r == 0)
		return cli_print_json(&e, err);
	free(e.text);
	return -err->code;
}

/* ---- all ---- */

static const struct verb {
	const char *name;
	int min, max;
	int (*run)(const struct cli_global *global, const struct volume_flags *flags, int argc, char **argv, struct error *err);
	const char *flags;      /* those it has beside --store */
} verbs[] = {
	{"create", 0, 1, run_create, ""},
	{"ls", 0, 0, run_ls, "json format quiet"},
	{"inspect", 1, 100, run_inspect, "json"},
	{"rm", 1, 100, run_rm, "force"},
	{"prune", 0, 0, run_prune, "all force"},
};

static int check_flags(const struct verb *v, const struct volume_flags *f, struct error *err)
{
	const struct { const char *name; bool given; } flags[] = {
		{"json", f->json}, {"format", f->format != NULL}, {"quiet", f->quiet}, {"force", f->force}, {"all", f->all},
	};

	for (size_t i = 0; i < COUNT(flags); i++)
		if (flags[i].given && !strstr(v->flags, flags[i].name))
			return error_set(err, ERROR_SAID, "volume %s has no flag --%s", v->name, flags[i].name);
	return 0;
}

static int run_volume(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	int r;

	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(verbs[i].name, argv[0]) != 0)
			continue;
		if (argc - 1 < verbs[i].min || argc - 1 > verbs[i].max)
			return error_set(err, ERROR_SAID, "volume %s: %s", argv[0],
			                 argc - 1 < verbs[i].min ? "an argument is missing" : "too many arguments");
		r = check_flags(&verbs[i], given, err);
		if (r == 0)
			r = verbs[i].run(global, given, argc - 1, argv + 1, err);
		return r < 0 ? error_wrap(err, "volume %s", argv[0]) : 0;
	}
	error_set(err, ERROR_SAID, "volume: unknown command %s", argv[0]);
	return error_hint(err, "create, ls, inspect, rm or prune");
}

const struct command command_volume = {
	.name = "volume",
	.synopsis = "create [NAME] | ls | inspect NAME... | rm NAME... | prune",
	.summary = "makes, shows and removes directories that outlive containers (run -v NAME:DEST; prune: those that no container has)",
	.argument = CLI_VOLUME,
	.examples = "crun-lite volume create data\n"
	            "crun-lite volume ls\n"
	            "crun-lite volume inspect data\n"
	            "crun-lite volume rm data\n",
	.options = volume_options,
	.options_size = sizeof(struct volume_flags),
	.min_args = 1,
	.max_args = 101,
	.run = run_volume,
};
