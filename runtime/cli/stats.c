/*
 * stats - what containers use, a line for each, again and again: for people.  (`events` is what engines read.)
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroups/usage.h"
#include "runtime/base/units.h"
#include "runtime/state/group.h"
#include "spec/emit.h"

struct stats_options {
	bool no_stream, json;
	const char *interval;
};

#define AT(field) offsetof(struct stats_options, field)

static const struct cli_option stats_flags[] = {
	{"no-stream", 0, CLI_FLAG, AT(no_stream), NULL, "once"},
	{"json", 0, CLI_FLAG, AT(json), NULL, "an array each time"},
	{"interval", 0, CLI_STRING, AT(interval), "DURATION", "between two looks, over which the processors are counted (1s)"},
	CLI_END,
};

/* ---- looking ---- */

struct sample {
	char id[256];
	enum status status;
	bool counted;           /* it has a group */
	uint64_t at_ns;
	struct usage usage;
};

struct samples {
	size_t n;
	struct sample *v;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int take(const struct handle *h, void *arg, struct error *err)
{
	struct samples *to = arg;
	struct sample *v = reallocarray(to->v, to->n + 1, sizeof(*v)), *s;
	struct error ignored = {0};
	struct group group;

	if (!v)
		return error_set(err, ENOMEM, "look at container %s", h->store.id);
	to->v = v;
	s = &v[to->n++];
	*s = (struct sample){.status = h->status, .at_ns = now_ns()};
	snprintf(s->id, sizeof(s->id), "%s", h->store.id);
	s->counted = group_open(&h->state, &group, &ignored) == 0 && group.cgroup.n;
	if (s->counted)
		usage_read(&group.cgroup, &s->usage);
	group_close(&group);
	return 0;
}

static int take_running(const struct handle *h, void *arg, struct error *err)
{
	return h->status == STATUS_STOPPED || h->status == STATUS_CREATING ? 0 : take(h, arg, err);
}

/* Those that are named, or all that run. */
static int look(const struct cli_global *global, int argc, char **argv, struct samples *ret, struct error *err)
{
	int r = 0;

	ret->n = 0;
	if (!argc)
		return handle_each(&global->runtime, take_running, ret, err);
	for (int i = 0; i < argc && r == 0; i++) {
		struct handle h;

		r = handle_open(&global->runtime, argv[i], STORE_READ, &h, err);
		if (r == 0)
			r = take(&h, ret, err);
		handle_close(&h);
	}
	return r;
}

static const struct sample *find(const struct samples *in, const char *id)
{
	for (size_t i = 0; i < in->n; i++)
		if (strcmp(in->v[i].id, id) == 0)
			return &in->v[i];
	return NULL;
}

/* Of one processor, in hundredths of a percent, since `before`; USAGE_UNKNOWN where that cannot be told. */
static uint64_t cpu_share(const struct sample *s, const struct sample *before)
{
	if (!before || s->usage.cpu_usec == USAGE_UNKNOWN || before->usage.cpu_usec > s->usage.cpu_usec || s->at_ns <= before->at_ns)
		return USAGE_UNKNOWN;
	return (s->usage.cpu_usec - before->usage.cpu_usec) * 10000 / ((s->at_ns - before->at_ns) / 1000 ?: 1);
}

/* ---- printing ---- */

static const char *size_text(uint64_t n, char buf[16])
{
	static const char units[] = "BKMGTPE";
	double d = (double)n;
	unsigned u = 0;

	if (n == USAGE_UNKNOWN)
		return "-";
	for (; d >= 1024 && u < 6; u++)
		d /= 1024;
	snprintf(buf, 16, u ? "%.1f%c" : "%.0f%c", d, units[u]);
	return buf;
}

static const char *share_text(uint64_t hundredths, char buf[24])
{
	if (hundredths == USAGE_UNKNOWN)
		return "-";
	snprintf(buf, 24, "%llu.%02llu%%", (unsigned long long)hundredths / 100, (unsigned long long)hundredths % 100);
	return buf;
}

static const char *number_text(uint64_t n, char buf[24])
{
	if (n == USAGE_UNKNOWN)
		return "-";
	snprintf(buf, 24, "%llu", (unsigned long long)n);
	return buf;
}

static uint64_t memory_share(const struct usage *u)
{
	if (u->memory == USAGE_UNKNOWN || u->memory_limit == USAGE_UNKNOWN || !u->memory_limit)
		return USAGE_UNKNOWN;
	return (uint64_t)((double)u->memory * 10000 / (double)u->memory_limit);
}

static void print_row(const struct sample *s, uint64_t cpu)
{
	char a[24], b[16], c[16], d[24], e[16], f[16], g[24];
	const struct usage *u = &s->usage;

	if (!s->counted) {
		printf("%-24s %-8s has no control group: nobody counts what it uses\n", s->id, status_name(s->status));
		return;
	}
	printf("%-24s %-8s %8s %9s / %-9s %8s %6s %9s / %s\n", s->id, status_name(s->status), share_text(cpu, a), size_text(u->memory, b),
	       size_text(u->memory_limit, c), share_text(memory_share(u), d), number_text(u->pids, g), size_text(u->read, e),
	       size_text(u->written, f));
}

static void print_table(const struct samples *now, const struct samples *before)
{
	printf("%-24s %-8s %8s %9s / %-9s %8s %6s %9s / %s\n", "ID", "STATUS", "CPU", "MEMORY", "LIMIT", "MEMORY", "PIDS", "READ", "WRITTEN");
	for (size_t i = 0; i < now->n; i++)
		print_row(&now->v[i], cpu_share(&now->v[i], find(before, now->v[i].id)));
}

static void emit_number(struct emitter *e, const char *key, uint64_t n)
{
	emit_key(e, key);
	if (n == USAGE_UNKNOWN)
		emit_raw(e, "null", 4);
	else
		emit_uint(e, n);
}

static void emit_sample(struct emitter *e, const struct sample *s, uint64_t cpu)
{
	char text[32];

	emit_object(e);
	emit_key_string(e, "id", s->id);
	emit_key_string(e, "status", status_name(s->status));
	if (s->counted) {
		emit_key(e, "cpu_percent");
		snprintf(text, sizeof(text), "%llu.%02llu", (unsigned long long)cpu / 100, (unsigned long long)cpu % 100);
		emit_raw(e, cpu == USAGE_UNKNOWN ? "null" : text, cpu == USAGE_UNKNOWN ? 4 : strlen(text));
		emit_number(e, "cpu_usec", s->usage.cpu_usec);
		emit_number(e, "memory_bytes", s->usage.memory);
		emit_number(e, "memory_limit_bytes", s->usage.memory_limit);
		emit_number(e, "pids", s->usage.pids);
		emit_number(e, "pids_limit", s->usage.pids_limit == UINT64_MAX ? USAGE_UNKNOWN : s->usage.pids_limit);
		emit_number(e, "read_bytes", s->usage.read);
		emit_number(e, "written_bytes", s->usage.written);
	}
	emit_end_object(e);
}

static int print_json(const struct samples *now, const struct samples *before, struct error *err)
{
	struct emitter e = {0};

	emit_array(&e);
	for (size_t i = 0; i < now->n; i++)
		emit_sample(&e, &now->v[i], cpu_share(&now->v[i], find(before, now->v[i].id)));
	emit_end_array(&e);
	return cli_print_json(&e, err);
}

static int show(const struct samples *now, const struct samples *before, const struct stats_options *o, struct error *err)
{
	int r = 0;

	/* On a terminal the lines stay where they are. */
	if (!o->json && !o->no_stream && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	if (o->json)
		r = print_json(now, before, err);
	else
		print_table(now, before);
	return r == 0 && fflush(stdout) != 0 ? error_set(err, errno, "write to standard output") : r;
}

static int watch(const struct cli_global *global, const struct stats_options *o, uint64_t interval_ns, int argc, char **argv,
                 struct error *err)
{
	const struct timespec pause = {(time_t)(interval_ns / 1000000000), (long)(interval_ns % 1000000000)};
	struct samples before = {0}, now = {0}, swap;
	int r = look(global, argc, argv, &before, err);

	while (r == 0) {
		nanosleep(&pause, NULL);
		r = look(global, argc, argv, &now, err);
		if (r == 0)
			r = show(&now, &before, o, err);
		if (o->no_stream)
			break;
		swap = before;
		before = now;
		now = swap;
	}
	free(before.v);
	free(now.v);
	return r;
}

#define IDS_MAX 1000

static int run_stats(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct stats_options *o = given;
	uint64_t interval_ns = 1000000000;
	static char ids[IDS_MAX][256];
	int r = 0;

	if (o->interval && (!units_duration(o->interval, &interval_ns) || !interval_ns)) {
		error_set(err, ERROR_SAID, "stats: --interval %s: a duration greater than 0 is expected", o->interval);
		return error_hint(err, "such as 5s, 500ms or 1m30s");
	}
	for (int i = 0; i < argc && r == 0; i++) {
		r = handle_complete(&global->runtime, argv[i], ids[i], err);
		argv[i] = ids[i];
	}
	if (r == 0)
		r = watch(global, o, interval_ns, argc, argv, err);
	return r < 0 ? error_wrap(err, "stats") : 0;
}

const struct command command_stats = {
	.name = "stats",
	.synopsis = "[flags] [ID...]",
	.summary = "shows what containers use, a line for each, until it is interrupted",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite stats\n"
	            "crun-lite stats --no-stream --json web1\n",
	.options = stats_flags,
	.options_size = sizeof(struct stats_options),
	.max_args = IDS_MAX,
	.run = run_stats,
};
