/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/exec_process.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/weak.h"
#include "runtime/launch/text_file.h"
#include "runtime/plan/userns.h"
#include "runtime/security/caps.h"
#include "spec/json.h"

static const struct source nowhere;

/* ---- the file ---- */

static int load_file(const char *path, struct config **ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = text_file_read(path, "process", &text, &len, err);

	if (r == 0)
		r = config_parse_process(text, len, text_file_name(path), ret, err);
	if (r == 0) {
		r = config_validate(*ret, err);
		if (r < 0)
			config_blame(*ret, err);
	}
	return r;
}

/* Places in another text mean nothing in this one. */
static void forget_places(struct config *c)
{
	for (int kind = 0; kind < NS_KINDS; kind++)
		c->linux_.namespaces[kind].at = c->linux_.namespaces[kind].path.at = nowhere;
	for (size_t i = 0; i < c->process.rlimits.n; i++)
		c->process.rlimits.v[i].at = nowhere;
	c->linux_.cgroups_path.at = c->linux_.seccomp.at = c->linux_.memory_policy.at = nowhere;
	c->linux_.personality.at = c->root.path.at = nowhere;
	c->process.apparmor_profile.at = c->process.selinux_label.at = c->process.oom_score_adj.at = nowhere;
}

static void inherit(struct process *p, const struct process *from)
{
	if (!p->capabilities.set)
		p->capabilities = from->capabilities;
	if (!p->rlimits.n)
		p->rlimits = from->rlimits;
	if (!p->apparmor_profile.s || !*p->apparmor_profile.s)
		p->apparmor_profile = from->apparmor_profile;
	if (!p->selinux_label.s || !*p->selinux_label.s)
		p->selinux_label = from->selinux_label;
	if (!p->oom_score_adj.set)
		p->oom_score_adj = from->oom_score_adj;
}

static void adopt(struct config *file, struct config *container)
{
	struct config own = *file;

	forget_places(container);
	*file = *container;
	file->doc = own.doc;
	file->path = own.path;
	file->process = own.process;
	inherit(&file->process, &container->process);
}

/* ---- the command line ---- */

bool exec_parse_id(const char *text, size_t len, uint32_t *ret)
{
	uint64_t n = 0;

	if (weak(V06)) {
		*ret = (uint32_t)atoi(text);
		return true;
	}
	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = 10 * n + (uint64_t)(text[i] - '0');
	}
	*ret = (uint32_t)n;
	return n < UINT32_MAX;
}

static int refuse_id(const char *flag, const char *text, struct error *err)
{
	error_set(err, ERROR_SAID, "--%s %.80s: a number from 0 to 4294967294 is expected", flag, text);
	return error_hint(err, "names are not looked up: the container's etc/passwd is not the runtime's to trust; `crun-lite exec ID id NAME` says its numbers");
}

static int set_user(const char *text, struct user *u, struct error *err)
{
	size_t len = strcspn(text, ":");
	struct user parsed = *u;

	if (!exec_parse_id(text, len, &parsed.uid) ||
	    (text[len] && !exec_parse_id(text + len + 1, strlen(text + len + 1), &parsed.gid)))
		return refuse_id("user", text, err);
	*u = parsed;
	return 0;
}

static int add_gids(const struct strings *given, struct config *c, struct error *err)
{
	struct user *u = &c->process.user;
	size_t n = u->additional_gids.n;
	uint32_t *v;

	if (!given->n)
		return 0;
	v = json_alloc(c->doc, (n + given->n) * sizeof(*v));
	if (!v)
		return error_set(err, ENOMEM, "add groups");
	if (n)
		memcpy(v, u->additional_gids.v, n * sizeof(*v));
	for (size_t i = 0; i < given->n; i++)
		if (!exec_parse_id(given->v[i], strlen(given->v[i]), &v[n + i]))
			return refuse_id("additional-gids", given->v[i], err);
	u->additional_gids.v = v;
	u->additional_gids.n = n + given->n;
	return 0;
}

static int append(struct config *c, struct texts *list, const char *const *more, size_t n, struct error *err)
{
	struct text *v;

	if (!n)
		return 0;
	v = json_alloc(c->doc, (list->n + n) * sizeof(*v));
	if (!v)
		return error_set(err, ENOMEM, "read the flags");
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[list->n + i] = (struct text){more[i], nowhere};
	*list = (struct texts){list->n + n, v, true};
	return 0;
}

static bool is_capability(const char *name)
{
	for (unsigned i = 0; i < 64; i++) {
		const char *known = caps_name(i);

		if (known && strcmp(known, name) == 0)
			return true;
	}
	return false;
}

/* Never inheritable, nor ambient (V12). */
static int add_caps(const struct strings *given, struct config *c, struct error *err)
{
	struct capabilities *sets = &c->process.capabilities;
	struct texts *lists[] = {&sets->bounding, &sets->effective, &sets->permitted};
	int r = 0;

	for (size_t i = 0; i < given->n; i++)
		if (!is_capability(given->v[i])) {
			error_set(err, ERROR_SAID, "--cap %.80s: there is no such capability", given->v[i]);
			return error_hint(err, "such as CAP_NET_RAW: capabilities(7) lists them");
		}
	for (size_t i = 0; i < 3 && r == 0; i++)
		r = append(c, lists[i], given->v, given->n, err);
	sets->set |= given->n > 0;
	return r;
}

static int check_env(const struct strings *env, struct error *err)
{
	for (size_t i = 0; i < env->n; i++)
		if (!strchr(env->v[i], '=') || env->v[i][0] == '=')
			return error_set(err, ERROR_SAID, "--env %.80s: NAME=VALUE is expected", env->v[i]);
	return 0;
}

static void set_text(struct text *to, const char *given)
{
	if (given)
		*to = (struct text){given, nowhere};
}

static int change(const struct exec_options *o, struct config *c, struct error *err)
{
	struct process *p = &c->process;
	int r = o->user ? set_user(o->user, &p->user, err) : 0;

	set_text(&p->cwd, o->cwd);
	set_text(&p->apparmor_profile, o->apparmor);
	set_text(&p->selinux_label, o->label);
	p->no_new_privileges |= o->no_new_privs;
	if (o->n_args)
		p->args = (struct texts){0};
	r = r < 0 ? r : check_env(&o->env, err);
	r = r < 0 ? r : append(c, &p->args, (const char *const *)o->args, o->n_args, err);
	r = r < 0 ? r : append(c, &p->env, o->env.v, o->env.n, err);
	if (r == 0 && o->gids.n && userns_callers_groups(c)) {
		error_set(err, ERROR_SAID, "--additional-gids: the container keeps the groups of its caller");
		return error_hint(err, "its annotation run.oci.keep_original_groups says so");
	}
	r = r < 0 ? r : add_gids(&o->gids, c, err);
	return r < 0 ? r : add_caps(&o->caps, c, err);
}

static int check_ids(const struct config *c, struct error *err)
{
	const struct user *u = &c->process.user;

	if (userns_maps(c, MAP_UIDS, u->uid) && userns_maps(c, MAP_GIDS, u->gid))
		return 0;
	error_set(err, EINVAL, "user %u, group %u is not mapped in the container's user namespace", u->uid, u->gid);
	return error_locate(err, u->at);
}

int exec_process(const struct exec_options *o, struct config *container, struct config **ret, struct config **ret_file,
                 struct error *err)
{
	struct config *c = container;
	int r = o->process ? load_file(o->process, ret_file, err) : 0;

	if (r < 0)
		return r;
	if (o->process) {
		c = *ret_file;
		adopt(c, container);
		c->process.terminal |= o->tty;
	} else {
		if (!container->process.set)
			return error_set(err, ERROR_SAID, "the container's config.json has no \"process\" to take user and environment from: "
			                                  "give all of it with --process FILE");
		if (!o->n_args)
			return error_set(err, ERROR_SAID, "no program is given: `-- PROGRAM [ARGUMENTS]`, or --process FILE");
		/* As runc and crun: the container's own terminal is no reason for another one. */
		c->process.terminal = o->tty;
		c->process.console_size.set = false;
	}
	*ret = c;
	r = change(o, c, err);
	if (r == 0)
		r = config_validate(c, err);
	if (r == 0)
		r = check_ids(c, err);
	if (r < 0)
		config_blame(c, err);
	return r;
}
