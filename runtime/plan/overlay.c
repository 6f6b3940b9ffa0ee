/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/overlay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS "org.crun-lite.layers"
#define UPPER "org.crun-lite.upper"
#define SCRATCH "org.crun-lite.scratch"
#define ROOT "org.crun-lite.root"
#define OWNERS "org.crun-lite.owners"

static const struct pair *find(const struct config *c, const char *key)
{
	for (size_t i = 0; i < c->annotations.n; i++)
		if (strcmp(c->annotations.v[i].key, key) == 0)
			return &c->annotations.v[i];
	return NULL;
}

bool overlay_asked(const struct config *config)
{
	return find(config, LAYERS) != NULL;
}

bool overlay_outside(const struct config *config, bool ordinary)
{
	const struct namespace *ns = config->linux_.namespaces;

	return ns[NS_USER].set && ns[NS_MOUNT].set && !ns[NS_MOUNT].path.s && !ordinary && overlay_asked(config);
}

static int refuse(struct error *err, const struct pair *p, const char *why, const char *hint)
{
	error_set(err, ERROR_SAID, "annotation %s: %s", p->key, why);
	error_hint(err, "%s", hint);
	return error_locate(err, p->at);
}

/* The bytes that all paths take when the bundle stands in front of them. */
static size_t room_for(const char *text, size_t bundle)
{
	size_t n = 1;

	for (const char *p = text; *p; p++)
		n += *p == ':';
	return strlen(text) + 2 + n * (bundle + 2);
}

/* One path up to a colon that is not escaped; returns where it ended. */
static const char *take_path(const char *p, const char *bundle, char **to)
{
	char *out = *to;

	if (*p != '/') {
		out = stpcpy(out, bundle);
		*out++ = '/';
	}
	for (; *p && *p != ':'; p++) {
		if (*p == '\\' && (p[1] == ':' || p[1] == '\\'))
			p++;
		*out++ = *p;
	}
	*out++ = '\0';
	*to = out;
	return p;
}

static int read_layers(const struct pair *given, const char *bundle, struct overlay *o, struct error *err)
{
	const char *p = given->value;
	char *out;

	o->at = given->at;
	o->text = given->value;
	o->memory = out = malloc(room_for(p, strlen(bundle)));
	o->layers = calloc(OVERLAY_LAYERS_MAX, sizeof(*o->layers));
	if (!o->memory || !o->layers)
		return error_set(err, ENOMEM, "read the layers");
	for (;; p++) {
		if (!*p || *p == ':')
			return refuse(err, given, "an empty path", "directories are expected, the topmost first, between colons");
		if (o->n == OVERLAY_LAYERS_MAX)
			return refuse(err, given, "too many layers", "the kernel takes 500");
		o->layers[o->n++] = out;
		p = take_path(p, bundle, &out);
		if (!*p)
			return 0;
	}
}

static int read_upper(const struct pair *given, struct overlay *o, struct error *err)
{
	const char *v = given->value;

	o->upper_at = given->at;
	if (strcmp(v, "none") == 0)
		o->upper = UPPER_NONE;
	else if (strncmp(v, "tmpfs", 5) == 0 && (!v[5] || (v[5] == ':' && v[6])))
		o->upper = UPPER_TMPFS;
	else if (v[0] == '/')
		o->upper = UPPER_KEPT;
	else
		return refuse(err, given, "neither none nor tmpfs nor an absolute path", "\"tmpfs:64m\" keeps at most 64 MiB in memory");
	/* fsconfig(2) would take what stands behind a comma for another option. */
	if (o->upper == UPPER_TMPFS && v[5] && v[6 + strspn(v + 6, "0123456789kKmMgG%")])
		return refuse(err, given, "no size", "\"tmpfs:64m\" keeps at most 64 MiB in memory");
	o->kept = o->upper == UPPER_KEPT ? v : NULL;
	o->size = o->upper == UPPER_TMPFS && v[5] ? v + 6 : NULL;
	return 0;
}

/* "755:0:0" */
static int read_root(const struct pair *given, struct overlay *o, struct error *err)
{
	unsigned mode, uid, gid;
	int end = 0;

	if (sscanf(given->value, "%o:%u:%u%n", &mode, &uid, &gid, &end) != 3 || given->value[end] || mode > 07777 ||
	    given->value[strspn(given->value, "0123456789:")])
		return refuse(err, given, "no MODE:UID:GID", "\"755:0:0\" is what most images have");
	o->root_given = true;
	o->mode = mode;
	o->uid = uid;
	o->gid = gid;
	return 0;
}

static int read_owners(const struct pair *given, struct overlay *o, struct error *err)
{
	o->shifted = strcmp(given->value, "shifted") == 0;
	return o->shifted ? 0 : refuse(err, given, "not \"shifted\"", "without it the layers' owners are the container's ids");
}

int overlay_read(const struct config *config, const char *bundle, struct overlay *ret, struct error *err)
{
	const struct pair *layers = find(config, LAYERS), *upper = find(config, UPPER), *scratch = find(config, SCRATCH),
	                  *root = find(config, ROOT), *owners = find(config, OWNERS);
	int r;

	*ret = (struct overlay){0};
	if (!layers)
		return 0;
	r = read_layers(layers, bundle, ret, err);
	if (r == 0 && upper)
		r = read_upper(upper, ret, err);
	if (r == 0 && ret->upper == UPPER_NONE && ret->n == 1)
		r = refuse(err, layers, "one layer that is not written to is no overlay",
		           "name the directory in root.path, and set root.readonly");
	if (r == 0 && root)
		r = read_root(root, ret, err);
	if (r == 0 && owners)
		r = read_owners(owners, ret, err);
	if (r < 0 || !scratch)
		return r;
	ret->scratch = scratch->value;
	ret->scratch_at = scratch->at;
	return scratch->value[0] == '/' ? 0 : refuse(err, scratch, "no absolute path", "it names a directory that is there already");
}

void overlay_free(struct overlay *overlay)
{
	free(overlay->memory);
	free(overlay->layers);
	*overlay = (struct overlay){0};
}
