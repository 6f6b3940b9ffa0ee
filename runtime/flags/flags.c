/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <string.h>

#include "runtime/flags/edit.h"

static int set_annotations(struct flags_work *w, struct error *err)
{
	const struct strings *given = &w->flags->annotations;
	int r = 0;

	for (size_t i = 0; i < given->n && r == 0; i++) {
		const char *value;
		size_t name;

		if (!edit_split(given->v[i], &name, &value))
			return edit_expected("annotation", given->v[i], "KEY=VALUE", "such as org.example.owner=me", err);
		r = edit_set_pair(w->config, &w->config->annotations, edit_copy(w->config, given->v[i], name), value, err);
	}
	return r;
}

static int set_workdir(struct flags_work *w, struct error *err)
{
	const char *dir = w->flags->workdir;

	if (!dir)
		return 0;
	if (dir[0] != '/')
		return edit_expected("workdir", dir, "an absolute path", "it is a directory of the container", err);
	w->config->process.cwd = (struct text){.s = dir};
	return 0;
}

/* docker's: programs find out what the terminal can do. */
static int set_terminal(struct flags_work *w, struct error *err)
{
	struct process *p = &w->config->process;

	if (!w->flags->tty)
		return 0;
	p->terminal = true;
	for (size_t i = 0; i < p->env.n; i++)
		if (strncmp(p->env.v[i].s, "TERM=", 5) == 0)
			return 0;
	return edit_add_text(w->config, &p->env, "TERM=xterm", err);
}

/* Byte by byte: the command line's parser begins with zeros everywhere. */
bool flags_given(const struct run_flags *flags)
{
	const unsigned char *bytes = (const unsigned char *)flags;

	for (size_t i = 0; i < sizeof(*flags); i++)
		if (bytes[i])
			return true;
	return false;
}

int flags_apply(const struct run_flags *flags, const struct flags_place *place, struct config *config, struct flags_kept *kept,
                struct error *err)
{
	static int (*const parts[])(struct flags_work *, struct error *) = {
		set_annotations, flags_process, flags_env, set_workdir, set_terminal, flags_user, flags_caps, flags_security, flags_devices,
		flags_mounts, flags_system,
	};
	struct flags_work w = {flags, place, config, kept};
	int r = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && r == 0; i++)
		r = parts[i](&w, err);
	return r;
}

void flags_forget(struct flags_kept *kept)
{
	config_free(kept->profile);
	kept->profile = NULL;
}
