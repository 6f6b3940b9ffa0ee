/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runtime/launch/exec_process.h"
#include "runtime/launch/launch.h"
#include "runtime/plan/print.h"
#include "spec/names.h"

struct plan_options {
	struct run_flags flags;
	const char *store;
	const char *bundle, *config, *id, *host, *process;
	bool json, create, no_pivot;
};

#define AT(field) offsetof(struct plan_options, field)

static const struct cli_option plan_flags[] = {
	{"bundle", 'b', CLI_STRING, AT(bundle), "DIR", "the bundle (the current directory)"},
	{"config", 'f', CLI_STRING, AT(config), "FILE", "instead of the bundle's config.json"},
	RUN_FLAGS(AT(flags)),
	{"store", 0, CLI_STRING, AT(store), "DIR", "where volumes are kept (/var/lib/crun-lite)"},
	{"json", 0, CLI_FLAG, AT(json), NULL, "for programs"},
	{"create", 0, CLI_FLAG, AT(create), NULL, "as create does it, not run"},
	{"no-pivot", 0, CLI_FLAG, AT(no_pivot), NULL, "as with --no-pivot"},
	{"id", 0, CLI_STRING, AT(id), "ID", "the container's ID (plan)"},
	{"process", 0, CLI_STRING, AT(process), "FILE", "as exec does it with this process, in the container, not run"},
	{"host", 0, CLI_STRING, AT(host), "v1|hybrid|v2|none|rootless",
         "plan for a host with these cgroups and all capabilities (or for a user with a range of ids), not for this one"},
	CLI_END,
};

/* A host that looks the same on every machine: for golden files, and for "what would it do there?". */
static int imagine_host(const char *word, struct cgroup_host *ret, struct caller *ret_caller, struct error *err)
{
	static const struct {
		const char *word;
		enum cgroup_layout layout;
		const char *dirs[4];
		struct caller caller;
	} hosts[] = {
		{"v1", CGROUP_V1, {"cpu,cpuacct", "memory", "pids", "systemd"}},
		{"hybrid", CGROUP_HYBRID, {"cpu,cpuacct", "memory", "pids", "unified"}},
		{"v2", CGROUP_V2, {""}},
		{"none", CGROUP_NONE, {NULL}},
		{"rootless", CGROUP_V2, {""}, {true, {1000, 1000}, {{100000, 65536}, {100000, 65536}}}},
		{"rootless-no-ids", CGROUP_NONE, {NULL}, {true, {1000, 1000}, {{0}}}},
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (strcmp(hosts[i].word, word) != 0)
			continue;
		*ret_caller = hosts[i].caller;
		*ret = (struct cgroup_host){.layout = hosts[i].layout, .root_fd = -1};
		for (; ret->n < 4 && hosts[i].dirs[ret->n]; ret->n++) {
			struct cgroup_hierarchy *h = &ret->hierarchies[ret->n];

			snprintf(h->dir, sizeof(h->dir), "%s", hosts[i].dirs[ret->n]);
			h->own = "/";
			h->v2 = !*h->dir || strcmp(h->dir, "unified") == 0;
		}
		return 0;
	}
	return error_set(err, ERROR_SAID, "--host %s: v1, hybrid, v2, none, rootless or rootless-no-ids is expected", word);
}

static int find_host(struct launch *l, const struct plan_options *o, struct error *err)
{
	enum cgroup_manager_kind manager = l->options->runtime->manager;
	struct cgroup_wish wish = launch_wish(l);
	int r = o->host ? imagine_host(o->host, &l->cgroup_host, &l->caller, err) : cgroup_host_open(&l->cgroup_host, err);

	if (r < 0 || l->cgroup_host.layout == CGROUP_NONE)
		return r;
	wish.user = o->host ? l->caller.ordinary : cgroup_user_manager();
	return cgroup_managers[manager].locate(&l->cgroup_host, &wish, &l->group, &l->unit, err);
}

/* What systemd will be asked for, behind the steps.  The process is not known yet. */
static int print_unit(const struct launch *l, struct error *err)
{
	unsigned flags = l->cgroup_host.layout == CGROUP_V2 ? 0 : UNIT_V1;
	struct wire properties = {0};
	int r = unit_properties(&l->unit, 0, &l->config->linux_.resources, &l->config->annotations, flags, &properties, err);

	if (r == 0) {
		printf("systemd %s of the %s%s%s\n", l->unit.name, l->unit.user ? "user" : "system",
		       *l->unit.subgroup ? ", in its group " : "", l->unit.subgroup);
		unit_properties_print(&properties, stdout);
	}
	wire_free(&properties);
	return r;
}

/* All that the configuration has is joined, as if each were another one than ours. */
static int make_exec_plan(struct launch *l, const struct plan_options *o, struct error *err)
{
	static struct config *container, *file; /* what they share is not freed twice: the process ends now */
	struct exec_options options = {.runtime = l->options->runtime, .id = l->options->id, .process = o->process};
	uint32_t namespaces = 0;
	int r;

	container = l->config;
	for (int kind = 0; kind < NS_KINDS; kind++)
		if (container->linux_.namespaces[kind].set)
			namespaces |= (uint32_t)namespace_flags[kind];
	r = exec_process(&options, container, &l->config, &file, err);
	return r < 0 ? r : exec_plan(l, &options, container, namespaces, false, err);
}

static int make_plan(struct launch *l, const struct plan_options *o, struct error *err)
{
	int r = find_host(l, o, err);

	l->create = o->create;
	l->imagined = o->host != NULL;
	if (r == 0)
		r = launch_learn_caller(l, err);
	if (r == 0)
		r = launch_name_upper(l, err);
	if (r == 0 && o->process)
		return make_exec_plan(l, o, err);
	if (r == 0)
		launch_name_files(l);
	return r < 0 ? r : launch_plan(l, err);
}

static int run_plan(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct plan_options *o = given;
	struct create_options options = {
		.runtime = &global->runtime,
		.bundle = argc ? argv[0] : o->bundle,
		.flags = cli_run_flags(&o->flags),
		.store = o->store,
		.dry = true,
		.config = o->config,
		.id = o->id ?: "plan",
		.no_pivot = o->no_pivot,
	};
	static struct launch l;
	int r = state_check_id(options.id, err);

	if (r < 0)
		return r;
	launch_init(&l, &options);
	r = launch_load(&l, err);
	if (r == 0)
		r = make_plan(&l, o, err);
	if (r == 0)
		plan_print(l.plan, l.config, o->json, stdout);
	if (r == 0 && *l.unit.name && !o->json)
		r = print_unit(&l, err);
	if (r < 0 && l.config && !err->line)    /* unless the process is from a file of its own */
		config_blame(l.config, err);
	if (r == 0 && fflush(stdout) != 0)
		r = error_set(err, errno, "write to standard output");
	launch_end(&l);
	return r < 0 ? error_wrap(err, "plan") : 0;
}

const struct command command_plan = {
	.name = "plan",
	.synopsis = "[flags] [BUNDLE]",
	.summary = "prints what run would do, step by step, and does nothing",
	.argument = CLI_BUNDLE,
	.examples = "crun-lite plan bundle/\n"
	            "crun-lite plan --json --host v2 bundle/\n",
	.options = plan_flags,
	.options_size = sizeof(struct plan_options),
	.max_args = 1,
	.run = run_plan,
};
