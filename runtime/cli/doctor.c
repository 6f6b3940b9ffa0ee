/*
 * doctor - what works here and what does not, with the line that mends it.  The rows are those of runtime/host/.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/text.h"
#include "runtime/cli/cli.h"
#include "spec/emit.h"

struct doctor_options {
	const char *engine;
	bool json;
};

static const struct cli_option doctor_flags[] = {
	{"engine", 0, CLI_STRING, offsetof(struct doctor_options, engine), "podman|containerd|docker", "is it set up to use crun-lite?"},
	{"json", 0, CLI_FLAG, offsetof(struct doctor_options, json), NULL, "the same as JSON"},
	CLI_END,
};

static const char *const verdict_names[VERDICTS] = {
	[VERDICT_OK] = "ok", [VERDICT_NOTE] = "note", [VERDICT_LIMITED] = "limited", [VERDICT_BROKEN] = "broken"};

/* How each verdict is shown on a terminal: green, plain, yellow, red. */
static const char *const verdict_colours[VERDICTS] = {
	[VERDICT_OK] = "\033[32m", [VERDICT_NOTE] = "", [VERDICT_LIMITED] = "\033[33m", [VERDICT_BROKEN] = "\033[31m"};

struct report {
	unsigned count[VERDICTS];
	bool colour;
	struct emitter emitter;
	void (*row)(struct report *r, const struct check *check, const struct finding *f);
};

/* A path, or a word of a kernel's file, may hold what a terminal would obey. */
static void print_text(const char *prefix, const char *text)
{
	if (!*text)
		return;
	fputs(prefix, stdout);
	text_print(stdout, text);
	putchar('\n');
}

static void row_text(struct report *r, const struct check *check, const struct finding *f)
{
	const char *colour = r->colour ? verdict_colours[f->verdict] : "";

	printf("%-10s  %-20s %s%-7s%s  ", check->area, check->name, colour, verdict_names[f->verdict], *colour ? "\033[0m" : "");
	print_text("", f->found);
	print_text("                                          so: ", f->consequence);
	print_text("                                          do: ", f->remedy);
}

static void row_json(struct report *r, const struct check *check, const struct finding *f)
{
	struct emitter *e = &r->emitter;

	emit_object(e);
	emit_key_string(e, "area", check->area);
	emit_key_string(e, "name", check->name);
	emit_key_string(e, "verdict", verdict_names[f->verdict]);
	emit_key_string(e, "found", f->found);
	if (*f->consequence)
		emit_key_string(e, "consequence", f->consequence);
	if (*f->remedy)
		emit_key_string(e, "remedy", f->remedy);
	emit_end_object(e);
}

static void look_at(struct report *r, const struct host *host, const struct check *checks)
{
	for (; checks->name; checks++) {
		struct finding finding = {0};

		checks->look(host, checks, &finding);
		r->count[finding.verdict]++;
		r->row(r, checks, &finding);
	}
}

static void look_at_all(struct report *r, const struct host *host)
{
	static const struct check *const areas[] = {checks_kernel,   checks_namespaces, checks_mounts,  checks_groups,
	                                            checks_security, checks_users,      checks_network, checks_programs};

	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++)
		look_at(r, host, areas[i]);
	if (host->engine)
		look_at(r, host, checks_engine);
}

static int print_json(struct report *r, const struct host *host, struct error *err)
{
	r->row = row_json;
	r->emitter.pretty = true;
	emit_object(&r->emitter);
	emit_key(&r->emitter, "checks");
	emit_array(&r->emitter);
	look_at_all(r, host);
	emit_end_array(&r->emitter);
	emit_key_bool(&r->emitter, "containersRun", r->count[VERDICT_BROKEN] == 0);
	emit_end_object(&r->emitter);
	return cli_print_json(&r->emitter, err);
}

static void print_text_report(struct report *r, const struct host *host)
{
	r->row = row_text;
	r->colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	look_at_all(r, host);
	printf("\n%s: %u ok, %u notes, %u limited, %u broken\n", r->count[VERDICT_BROKEN] ? "no container can run" : "containers can run",
	       r->count[VERDICT_OK], r->count[VERDICT_NOTE], r->count[VERDICT_LIMITED], r->count[VERDICT_BROKEN]);
}

static int run_doctor(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct doctor_options *options = given;
	struct host host = {.engine = options->engine};
	struct report report = {0};
	int r;

	if (host.engine && !host_knows_engine(host.engine)) {
		error_set(err, ERROR_SAID, "doctor: --engine %s", host.engine);
		return error_hint(err, "podman, containerd or docker");
	}
	r = host_learn(&host, err);
	if (r == 0 && options->json)
		r = print_json(&report, &host, err);
	else if (r == 0)
		print_text_report(&report, &host);
	host_free(&host);
	return r < 0 ? r : report.count[VERDICT_BROKEN] != 0;
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "[flags]",
	.summary = "tells what works on this machine for this user, and how to mend what does not",
	.examples = "crun-lite doctor\n"
	            "crun-lite doctor --engine podman\n",
	.options = doctor_flags,
	.options_size = sizeof(struct doctor_options),
	.max_args = 0,
	.run = run_doctor,
};
