/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/mount_parts.h"

/* Each masked or read-only path leaves up to two. */
#define PATHS_BEFORE_TIDY 200

/* A guess that saves init a look: it tries the other kind when the kernel says ENOTDIR. */
static bool is_likely_directory(const char *path)
{
	static const char *const files[] = {
		"/proc/kcore",       "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/interrupts",    "/proc/sysrq-trigger",
	};

	return !is_in(path, files);
}

/* With what the mounts left open, a soft limit of 1024 must do. */
static void tidy_between(struct builder *b, size_t path)
{
	if (path > 0 && path % PATHS_BEFORE_TIDY == 0)
		builder_step(b, STEP_TIDY, 0, (struct source){0});
}

void plan_hidden(const struct plan_input *in, struct builder *b)
{
	const struct linux_config *l = &in->config->linux_;
	plan_str label = 0;
	uint32_t null = 0;

	if (in->config->mounts.n + l->masked_paths.n + l->readonly_paths.n > 2 * MOUNTS_BEFORE_TIDY)
		builder_step(b, STEP_TIDY, 0, (struct source){0});

	if (l->masked_paths.n && l->mount_label.s && *l->mount_label.s)
		label = builder_str(b, l->mount_label.s);
	if (l->masked_paths.n)
		null = builder_slot(b, SLOT_NULL, "/dev/null", 0, l->masked_paths.v[0].at);
	for (size_t i = 0; i < l->masked_paths.n; i++) {
		const struct text *path = &l->masked_paths.v[i];
		struct step *s;

		tidy_between(b, i);
		s = builder_step(b, STEP_MASK, is_likely_directory(path->s) ? STEP_F_DIRECTORY : 0, path->at);
		s->mask.path = builder_str(b, path->s);
		s->mask.slot = null;
		s->mask.label = label;
	}
	for (size_t i = 0; i < l->readonly_paths.n; i++) {
		struct step *s;

		tidy_between(b, l->masked_paths.n + i);
		s = builder_step(b, STEP_READONLY, 0, l->readonly_paths.v[i].at);
		s->path.path = builder_str(b, l->readonly_paths.v[i].s);
	}
}
