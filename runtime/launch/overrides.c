/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/overrides.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/plan/overlay.h"
#include "spec/json.h"

#define UPPER "org.crun-lite.upper"

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "read the flags");
}

/* As `docker run IMAGE COMMAND`: the entry point stays. */
static int replace_args(const struct create_options *o, struct config *config, struct error *err)
{
	struct texts *args = &config->process.args;
	size_t keep = o->keep_args < args->n ? o->keep_args : args->n;
	struct text *v = json_alloc(config->doc, (keep + o->n_args) * sizeof(*v));

	if (!v)
		return no_memory(err);
	memcpy(v, args->v, keep * sizeof(*v));
	for (size_t i = 0; i < o->n_args; i++)
		v[keep + i] = (struct text){.s = o->args[i], .at = args->n ? args->v[0].at : config->process.at};
	*args = (struct texts){.n = keep + o->n_args, .v = v};
	return 0;
}

static int set_annotation(struct config *config, const char *key, const char *value, struct error *err)
{
	struct pairs *p = &config->annotations;
	struct pair *v = json_alloc(config->doc, (p->n + 1) * sizeof(*v));
	size_t n = 0;

	if (!v)
		return no_memory(err);
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].key, key) != 0)
			v[n++] = p->v[i];
	v[n++] = (struct pair){.key = key, .value = value};
	*p = (struct pairs){.n = n, .v = v};
	return 0;
}

static int replace_upper(const struct create_options *o, struct config *config, struct error *err)
{
	size_t size = sizeof("tmpfs:") + (o->tmpfs_upper ? strlen(o->tmpfs_upper) : 0);
	char *tmpfs;

	if (o->keep_upper && o->tmpfs_upper)
		return error_set(err, ERROR_SAID, "--keep-upper and --tmpfs-upper are given: memory keeps nothing");
	if (!overlay_asked(config)) {
		error_set(err, ERROR_SAID, "--%s is given, but the root is no overlay of layers", o->keep_upper ? "keep-upper" : "tmpfs-upper");
		return error_hint(err, "the root of an image is one, or of a bundle with the annotation org.crun-lite.layers");
	}
	if (o->keep_upper && o->keep_upper[0] != '/')
		return error_set(err, ERROR_SAID, "--keep-upper %s: an absolute path is expected", o->keep_upper);
	if (o->keep_upper)
		return set_annotation(config, UPPER, o->keep_upper, err);
	tmpfs = json_alloc(config->doc, size);
	if (!tmpfs)
		return no_memory(err);
	snprintf(tmpfs, size, "tmpfs:%s", o->tmpfs_upper);
	return set_annotation(config, UPPER, tmpfs, err);
}

int overrides_apply(const struct create_options *options, struct config *config, struct error *err)
{
	int r = options->n_args ? replace_args(options, config, err) : 0;

	if (r == 0 && (options->keep_upper || options->tmpfs_upper))
		r = replace_upper(options, config, err);
	return r;
}
