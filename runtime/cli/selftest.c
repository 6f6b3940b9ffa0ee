/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "runtime/selftest/selftest.h"
#include "spec/emit.h"

struct selftest_given {
	bool json;
};

static const struct cli_option selftest_options[] = {
	{"json", 0, CLI_FLAG, offsetof(struct selftest_given, json), NULL, "the table as JSON"},
	CLI_END,
};

static const char *const verdicts[VERDICTS] = {[PASSED] = "passed", [FAILED] = "failed", [SKIPPED] = "skipped"};

struct table {
	bool json;
	struct emitter e;
	unsigned counts[VERDICTS];
};

static void add_row(struct table *table, const char *id, const char *what, const struct result *result)
{
	table->counts[result->verdict]++;
	if (!table->json) {
		printf("%-4s %-8s %s\n", id, verdicts[result->verdict], what);
		if (*result->why)
			printf("              %s\n", result->why);
		return;
	}
	emit_object(&table->e);
	emit_key_string(&table->e, "row", id);
	emit_key_string(&table->e, "what", what);
	emit_key_string(&table->e, "result", verdicts[result->verdict]);
	if (*result->why)
		emit_key_string(&table->e, "why", result->why);
	emit_end_object(&table->e);
}

static void begin(struct table *table)
{
	struct utsname system;

	uname(&system);
	if (!table->json) {
		printf("crun-lite %s (%s) on Linux %s, as %s\n", cli_version(), cli_commit(), system.release,
		       geteuid() == 0 ? "root" : "an ordinary user");
		return;
	}
	emit_object(&table->e);
	emit_key_string(&table->e, "version", cli_version());
	emit_key_string(&table->e, "commit", cli_commit());
	emit_key_string(&table->e, "kernel", system.release);
	emit_key_bool(&table->e, "root", geteuid() == 0);
	emit_key(&table->e, "rows");
	emit_array(&table->e);
}

static int end(struct table *table, struct error *err)
{
	if (!table->json) {
		printf("%u passed, %u failed, %u skipped\n", table->counts[PASSED], table->counts[FAILED], table->counts[SKIPPED]);
		return 0;
	}
	emit_end_array(&table->e);
	for (size_t i = 0; i < VERDICTS; i++)
		emit_key_uint(&table->e, verdicts[i], table->counts[i]);
	emit_end_object(&table->e);
	return cli_print_json(&table->e, err);
}

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static void try_all(struct trial *t, struct table *table)
{
	struct result plain, result;

	trial_plain(t, &plain);
	add_row(table, "-", "a container runs here", &plain);
	for (size_t i = 0; i < selftest_n_rows && !interrupted; i++) {
		result = plain;
		if (plain.verdict == PASSED)
			trial_row(t, &selftest_rows[i], &result);
		add_row(table, selftest_rows[i].id, selftest_rows[i].what, &result);
	}
	for (size_t i = 0; i < selftest_n_more && !interrupted; i++) {
		result = plain;
		if (plain.verdict == PASSED)
			selftest_more[i].try(t, &result);
		add_row(table, selftest_more[i].id, selftest_more[i].what, &result);
	}
}

/* A dynamic one would need its libraries in the container. */
static int check_static(struct error *err)
{
	const ElfW(Phdr) *phdr = (const void *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM);

	for (size_t i = 0; i < n; i++)
		if (phdr[i].p_type == PT_INTERP) {
			error_set(err, ERROR_SAID, "this build needs shared libraries, and is to be the container's program");
			return error_hint(err, "the static build, which is the usual one, tests itself");
		}
	return 0;
}

static int test(struct table *table, struct error *err)
{
	struct place place;
	struct trial *t;
	int r = check_static(err);

	if (r < 0)
		return r;
	r = place_make(&place, err);
	if (r < 0)
		return r;
	t = trial_new(&place, err);
	if (t) {
		begin(table);
		try_all(t, table);
		r = end(table, err);
	}
	place_remove(&place);
	if (!t || r < 0)
		return -err->code;
	trial_free(t);
	if (interrupted)
		return error_set(err, ERROR_SAID, "interrupted by SIG%s", sigabbrev_np(interrupted) ?: "?");
	return table->counts[FAILED] ? 1 : table->counts[PASSED] ? 0 : 2;
}

static int run_selftest(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	struct table table = {.json = ((const struct selftest_given *)given)->json, .e = {.pretty = true}};
	int r;

	/* The container's program (rows.c). */
	if (argc > 1 && strcmp(argv[0], "inside") == 0)
		return selftest_inside(argc - 1, argv + 1);
	if (argc > 0)
		return error_set(err, ERROR_SAID, "selftest: too many arguments");
	/* SIGPIPE too: a reader that has gone must not keep it from tidying up. */
	for (size_t i = 0; i < 5; i++)
		sigaction(((const int[]){SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE})[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
	r = test(&table, err);
	return r < 0 ? error_wrap(err, "selftest") : r;
}

const struct command command_selftest = {
	.name = "selftest",
	.synopsis = "[flags]",
	.summary = "tries the known holes of container runtimes on this machine",
	.examples = "crun-lite selftest\n"
	            "crun-lite selftest --json | jq '.rows[] | select(.result == \"failed\")'\n",
	.options = selftest_options,
	.options_size = sizeof(struct selftest_given),
	.max_args = 3,
	.run = run_selftest,
};
