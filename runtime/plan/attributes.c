/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/build.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/sys.h"
#include "runtime/plan/builder.h"
#include "spec/lists.h"
#include "spec/names.h"

static uint32_t number_of(const struct name *table, const char *word)
{
	const struct name *row = name_find(table, word);

	return row ? (uint32_t)row->value : 0;
}

/* config-linux.md "Personality" */
static void plan_personality(const struct config *c, struct builder *b)
{
	struct step *s;

	if (!c->linux_.personality.set)
		return;
	s = builder_step(b, STEP_PERSONALITY, 0, c->linux_.personality.at);
	s->personality.name = builder_str(b, c->linux_.personality.domain.s);
	s->personality.persona = number_of(personality_names, c->linux_.personality.domain.s);
}

static bool is_asked(const struct text *label)
{
	return label->s && *label->s;
}

static void add_label(struct builder *b, const char *file, plan_str value, unsigned flags, struct source at)
{
	struct step *s = builder_step(b, STEP_LABEL, flags, at);

	s->sysctl.path = builder_format(b, "thread-self/attr/%s", file);
	s->sysctl.value = value;
}

/* The session keyring is the container's: keyrings(7), selinux(8). */
void plan_key_label(const struct plan_input *in, struct builder *b)
{
	const struct process *p = &in->config->process;

	if (is_asked(&p->selinux_label) && !in->no_new_keyring)
		add_label(b, "keycreate", builder_str(b, p->selinux_label.s), 0, p->selinux_label.at);
}

/* Both are for the next execve of this thread; written to a /proc that nobody else reaches (V10, V19). */
static void plan_labels(const struct process *p, struct builder *b)
{
	const char *profile = p->apparmor_profile.s;

	if (is_asked(&p->apparmor_profile))
		add_label(b, "apparmor/exec", builder_format(b, "exec %s", profile),
		          strcmp(profile, "unconfined") == 0 ? STEP_F_OPTIONAL : 0, p->apparmor_profile.at);
	if (is_asked(&p->selinux_label))
		add_label(b, "exec", builder_str(b, p->selinux_label.s), 0, p->selinux_label.at);
}

void plan_attributes(const struct plan_input *in, struct builder *b)
{
	plan_personality(in->config, b);
	if (in->config->process.set)
		plan_labels(&in->config->process, b);
}

/* The words up to the last bit that is set: the kernel looks at no more. */
static uint32_t used_words(const uint64_t bits[LIST_WORDS])
{
	uint32_t n = LIST_WORDS;

	while (n > 0 && !bits[n - 1])
		n--;
	return n;
}

/* config-linux.md "Memory policy".  After START, when the group's memory nodes are final. */
void plan_memory_policy(const struct plan_input *in, struct builder *b)
{
	const struct memory_policy *m = &in->config->linux_.memory_policy;
	uint64_t bits[LIST_WORDS] = {0};
	struct step *s;

	if (!m->set)
		return;
	if (m->nodes.s)
		list_parse(m->nodes.s, LIST_BITS, bits);
	s = builder_step(b, STEP_MEMORY_POLICY, 0, m->at);
	s->memory.name = builder_str(b, m->mode.s);
	s->memory.nodes = builder_str(b, m->nodes.s && *m->nodes.s ? m->nodes.s : NULL);
	s->memory.mode = number_of(memory_mode_names, m->mode.s);
	for (size_t i = 0; i < m->flags.n; i++)
		s->memory.mode |= number_of(memory_flag_names, m->flags.v[i].s);
	s->memory.mask = (struct plan_list){builder_bytes(b, bits, used_words(bits) * 8, 8), used_words(bits)};
}

int plan_check_scheduler(const struct config *c, struct error *err)
{
	const struct scheduler *s = &c->process.scheduler;
	bool resets = false;

	for (size_t i = 0; i < s->flags.n; i++)
		resets |= strcmp(s->flags.v[i].s, "SCHED_FLAG_RESET_ON_FORK") == 0;
	if (!s->set || strcmp(s->policy.s, "SCHED_DEADLINE") != 0 || resets ||
	    (!c->hooks[HOOK_START_CONTAINER].n && !seccomp_notifies(&c->linux_.seccomp)))
		return 0;
	error_set(err, EINVAL, "a process with SCHED_DEADLINE cannot fork, and there %s",
	          c->hooks[HOOK_START_CONTAINER].n ? "are startContainer hooks to run" : "is a seccomp listener to give away");
	error_hint(err, "add SCHED_FLAG_RESET_ON_FORK to the scheduler's flags");
	return error_locate(err, s->at);
}
