/*
 * validate_process - config.md "Process".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "spec/lists.h"

/* cwd is an absolute path. */
int check_cwd(const struct config *config, struct error *err)
{
	const struct text *cwd = &config->process.cwd;

	if (!config->process.set || cwd->s[0] == '/')
		return 0;
	return refuse(err, cwd->at, "cwd \"%.80s\" is not an absolute path", cwd->s);
}

/* args has at least one entry. */
int check_args(const struct config *config, struct error *err)
{
	if (!config->process.set || config->process.args.n > 0)
		return 0;
	if (config->process.args.set)
		return refuse(err, config->process.at, "process.args is empty");
	return refuse(err, config->process.at, "\"args\" is missing");
}

/* env is what environ(7) is. */
int check_env(const struct config *config, struct error *err)
{
	const struct texts *env = &config->process.env;

	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i].s, '=');

		if (!equals)
			return refuse(err, env->v[i].at, "\"%.80s\" is not of the form NAME=value",
			              env->v[i].s);
		if (equals == env->v[i].s)
			return refuse(err, env->v[i].at, "an environment variable without a name");
	}
	return 0;
}

/* consoleSize is ignored without a terminal; struct winsize has 16 bits. */
int check_console(const struct config *config, struct error *err)
{
	const struct process *p = &config->process;

	if (!p->terminal || (p->console_size.height <= UINT16_MAX && p->console_size.width <= UINT16_MAX))
		return 0;
	return refuse(err, p->at, "consoleSize %" PRIu64 " x %" PRIu64 " is larger than a terminal can be",
	              p->console_size.width, p->console_size.height);
}

/* Duplicated entries with the same type are an error. */
int check_rlimits(const struct config *config, struct error *err)
{
	bool seen[RLIM_NLIMITS] = {false};

	for (size_t i = 0; i < config->process.rlimits.n; i++) {
		const struct rlimit_entry *r = &config->process.rlimits.v[i];

		if (seen[r->resource])
			return refuse(err, r->at, "%s is given twice", r->type.s);
		if (r->soft > r->hard)
			return refuse(err, r->at, "the soft limit %" PRIu64 " of %s is above the hard one, %" PRIu64,
			              r->soft, r->type.s, r->hard);
		seen[r->resource] = true;
	}
	return 0;
}

/* Which values a policy has a use for: config.md "scheduler", sched_setattr(2). */
static const struct policy {
	const char *name;
	bool priority, deadline;
} policies[] = {
	{"SCHED_DEADLINE", false, true },
	{"SCHED_FIFO",     true,  false},
	{"SCHED_RR",       true,  false},
	{"",               false, false},       /* all others */
};

static const struct policy *find_policy(const char *name)
{
	const struct policy *p = policies;

	while (*p->name && strcmp(p->name, name) != 0)
		p++;
	return p;
}

int check_scheduler(const struct config *config, struct error *err)
{
	const struct scheduler *s = &config->process.scheduler;
	const struct policy *policy = s->set ? find_policy(s->policy.s) : NULL;
	bool times = s->runtime || s->deadline || s->period;

	if (!policy)
		return 0;
	if (s->nice < -20 || s->nice > 19)
		return refuse(err, s->at, "nice %" PRId64 " is outside -20..19", s->nice);
	if (policy->priority && (s->priority < 1 || s->priority > 99))
		return refuse(err, s->at, "%s needs a priority from 1 to 99", s->policy.s);
	if (!policy->priority && s->priority != 0)
		return refuse(err, s->at, "%s has no priority", s->policy.s);
	if (!policy->deadline && times)
		return refuse(err, s->at, "runtime, deadline and period are for SCHED_DEADLINE only");
	if (policy->deadline && !(s->runtime && s->runtime <= s->deadline))
		return refuse(err, s->at, "SCHED_DEADLINE needs a runtime that is not above its deadline");
	return 0;
}

/* A label is one line, and goes between quotes (selinuxLabel, mountLabel). */
static int check_label(const struct text *label, const char *what, struct error *err)
{
	for (const char *c = label->s ?: ""; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == '"' || *c == 0x7f)
			return refuse(err, label->at, "%s has a quotation mark or a control character", what);
	return 0;
}

int check_labels(const struct config *config, struct error *err)
{
	int r = check_label(&config->process.apparmor_profile, "apparmorProfile", err);

	if (r == 0)
		r = check_label(&config->process.selinux_label, "selinuxLabel", err);
	return r < 0 ? r : check_label(&config->linux_.mount_label, "mountLabel", err);
}

/* ioPriority: from 0 (highest) to 7. */
int check_io_priority(const struct config *config, struct error *err)
{
	const struct io_priority *io = &config->process.io_priority;

	if (!io->set || (io->priority >= 0 && io->priority <= 7))
		return 0;
	return refuse(err, io->at, "an I/O priority of %" PRId64 " is outside 0..7", io->priority);
}

/* execCPUAffinity: lists as taskset(1) takes them. */
int check_affinity(const struct config *config, struct error *err)
{
	const struct text *lists[] = {&config->process.exec_cpu_affinity.initial,
	                              &config->process.exec_cpu_affinity.final};

	for (int i = 0; i < 2; i++) {
		if (!lists[i]->s || list_parse(lists[i]->s, LIST_BITS, NULL) == 0)
			continue;
		refuse(err, lists[i]->at, "\"%.80s\" is not a list of processors", lists[i]->s);
		return error_hint(err, "such as \"0-3,7\"");
	}
	return 0;
}
