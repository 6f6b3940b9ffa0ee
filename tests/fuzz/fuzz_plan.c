/*
 * A bundle that is hostile, all the way to what init would be told: its configuration becomes a plan, for each kind of host, a seccomp
 * program, and what systemd would be asked for.  (fuzz_config stops where it was read.)
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/unit.h"
#include "runtime/launch/launch.h"
#include "runtime/plan/print.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

static const struct host {
	enum cgroup_layout layout;
	const char *dirs[4];
	struct caller caller;
} hosts[] = {
	{CGROUP_V2, {""}, {0}},
	{CGROUP_HYBRID, {"cpu,cpuacct", "memory", "pids", "unified"}, {0}},
	{CGROUP_NONE, {NULL}, {0}},
	{CGROUP_V2, {""}, {true, {1000, 1000}, {{100000, 65536}, {100000, 65536}}}},
	{CGROUP_NONE, {NULL}, {true, {1000, 1000}, {{0}}}},
};

static void imagine(struct launch *l, const struct host *h)
{
	l->imagined = true;
	l->caller = h->caller;
	l->cgroup_host.layout = h->layout;
	for (size_t i = 0; i < 4 && h->dirs[i]; i++) {
		struct cgroup_hierarchy *to = &l->cgroup_host.hierarchies[l->cgroup_host.n++];

		snprintf(to->dir, sizeof(to->dir), "%s", h->dirs[i]);
		to->own = "/";
		to->v2 = !*h->dirs[i] || strcmp(h->dirs[i], "unified") == 0;
	}
}

static int locate(struct launch *l, bool systemd, struct error *err)
{
	struct cgroup_wish wish = launch_wish(l);

	if (l->cgroup_host.layout == CGROUP_NONE)
		return 0;
	wish.user = l->caller.ordinary;
	return cgroup_managers[systemd ? CGROUP_BY_SYSTEMD : 0].locate(&l->cgroup_host, &wish, &l->group, &l->unit, err);
}

static void check_unit(const struct launch *l, FILE *nowhere)
{
	struct wire properties = {0};
	struct error err = {0};
	int r = unit_properties(&l->unit, 0, &l->config->linux_.resources, &l->config->annotations,
	                        l->cgroup_host.layout == CGROUP_V2 ? 0 : UNIT_V1, &properties, &err);

	MUST(r == 0 || (r == -err.code && err.text[0]));
	if (r == 0)
		unit_properties_print(&properties, nowhere);
	wire_free(&properties);
}

/* libseccomp needs milliseconds for what is large. */
static void check_filter(const struct seccomp *profile)
{
	static const uint64_t args[6];
	struct seccomp_filter filter = {0};
	struct error err = {0};
	int r = seccomp_compile(profile, -1, &filter, &err);

	MUST(r == 0 || (r == -err.code && err.text[0]));
	if (r == 0 && filter.n)
		seccomp_allows(&filter, 0, args);
	seccomp_filter_free(&filter);
}

static void plan(struct launch *l, const struct host *h, bool systemd, FILE *nowhere)
{
	struct error err = {0};
	int r;

	imagine(l, h);
	r = locate(l, systemd, &err);
	if (r == 0)
		r = launch_learn_caller(l, &err);
	if (r == 0)
		r = launch_name_upper(l, &err);
	if (r == 0)
		r = launch_plan(l, &err);
	config_blame(l->config, &err);
	MUST(r == 0 || (r == -err.code && err.text[0]));
	if (r < 0)
		return;
	MUST(l->plan->magic == PLAN_MAGIC && l->plan->size <= PLAN_SIZE_MAX);
	plan_print(l->plan, l->config, h->layout == CGROUP_V2, nowhere);
	if (*l->unit.name)
		check_unit(l, nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct runtime_options runtime = {0};
	static const struct create_options options = {.runtime = &runtime, .id = "fuzz", .bundle = "/bundle"};
	static FILE *nowhere;
	static struct launch l;
	struct error err = {0};
	size_t pick = 0;

	nowhere = nowhere ?: fopen("/dev/null", "we");
	MUST(nowhere);
	for (size_t i = 0; i < size; i++)
		pick = pick * 31 + data[i];
	l = (struct launch){0};
	launch_init(&l, &options);
	l.create = pick / 16 % 2;
	strcpy(l.bundle, "/bundle");
	strcpy(l.rootfs, "/bundle/rootfs");
	if (config_parse((const char *)data, size, "config.json", &l.config, &err) == 0 && config_validate(l.config, &err) == 0) {
		/* What is joined by path is looked for on this host. */
		if (l.config->linux_.seccomp.set && l.config->linux_.seccomp.syscalls.n < 20)
			check_filter(&l.config->linux_.seccomp);
		plan(&l, &hosts[pick % (sizeof(hosts) / sizeof(hosts[0]))], pick / 32 % 2, nowhere);
	}
	launch_end(&l);
	return 0;
}
