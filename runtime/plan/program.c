/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* execve(2): a quarter of the stack's limit, 2 MiB by default, is what the kernel takes of pointers and strings. */
#define EXEC_POINTERS_MAX (2u << 20)

/* ---- the environment ---- */

static int by_name(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int r = memcmp(x->text, y->text, n);

	if (r == 0)
		r = (x->name_len > y->name_len) - (x->name_len < y->name_len);
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

/* process.env, then ours; of two with the same name the last one counts (F008), in its own place. */
struct variable *plan_environment(const struct plan_input *in, size_t *ret_n)
{
	const struct texts *env = &in->config->process.env;
	size_t n = env->n + in->n_env;
	struct variable *v = calloc(n + 1, sizeof(*v));

	if (!v)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *text = i < env->n ? env->v[i].s : in->env[i - env->n];

		v[i] = (struct variable){text, strcspn(text, "="), i, false};
	}
	qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 0; i + 1 < n; i++)
		v[i].dropped = v[i].name_len == v[i + 1].name_len &&
		               memcmp(v[i].text, v[i + 1].text, v[i].name_len) == 0;
	qsort(v, n, sizeof(*v), by_order);
	*ret_n = n;
	return v;
}

const char *plan_value_of(const struct variable *v, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!v[i].dropped && v[i].name_len == len && memcmp(v[i].text, name, len) == 0 &&
		    v[i].text[len] == '=')
			return v[i].text + len + 1;
	return NULL;
}

/* ---- the program ---- */

static plan_str absolute(struct builder *b, const char *cwd, const char *directory, size_t len,
                         const char *name)
{
	if (len && directory[0] == '/')
		return builder_format(b, "%.*s/%s", (int)len, directory, name);
	return builder_format(b, "%s/%.*s%s%s", strcmp(cwd, "/") == 0 ? "" : cwd, (int)len, directory,
	                      len ? "/" : "", name);
}

/* As execvp(3): a name with a slash is a path, another one is looked for in the container's PATH. */
void plan_program(const struct config *c, const char *path, struct builder *b)
{
	const char *name = c->process.args.v[0].s, *cwd = c->process.cwd.s, *p = path ? path : PATH_DEFAULT;
	struct step *s = builder_step(b, STEP_PROGRAM, 0, c->process.args.v[0].at);
	plan_str candidates[256];
	size_t n = 0;

	s->program.name = builder_str(b, name);
	if (strchr(name, '/')) {
		candidates[n++] = name[0] == '/' ? builder_str(b, name) : absolute(b, cwd, "", 0, name);
	} else if (*name) {
		for (; n < 256; p++) {
			size_t len = strcspn(p, ":");

			candidates[n++] = absolute(b, cwd, p, len, name);
			p += len;
			if (!*p)
				break;
		}
	}
	s->program.candidates = (struct plan_list){builder_bytes(b, candidates, n * sizeof(*candidates), 4),
	                                           (uint32_t)n};
}

int plan_env(struct builder *b, const struct config *c, const struct variable *env, size_t n_env,
                    struct plan_list *ret, struct error *err)
{
	cleanup_free const char **kept = calloc(n_env + 1, sizeof(*kept));
	size_t n = 0;

	if (!kept)
		return error_set(err, ENOMEM, "plan the environment");
	if ((c->process.args.n + n_env) * sizeof(char *) > EXEC_POINTERS_MAX) {
		error_set(err, E2BIG, "exec: %zu arguments and %zu variables", c->process.args.n, n_env);
		return error_locate(err, c->process.args.v[0].at);
	}
	for (size_t i = 0; i < n_env; i++)
		if (!env[i].dropped)
			kept[n++] = env[i].text;
	*ret = builder_strs(b, kept, n);
	return 0;
}

void plan_exec(struct builder *b, const struct config *c, struct plan_list env)
{
	struct step *s = builder_step(b, STEP_EXEC, 0, c->process.args.v[0].at);

	s->exec.args = builder_texts(b, &c->process.args);
	s->exec.env = env;
}
