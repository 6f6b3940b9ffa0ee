/*
 * layers - the steps that make the root an overlay (overlay.h).
 *
 * In a user namespace of root's they are no steps but a slot: the parent mounts it.  Else init does,
 * by fsconfig(2), which takes each layer by itself (Linux 6.7).  For older kernels the step has mount(2)'s one page of
 * data, too, if all fits into it: names from the directory that the layers have in common.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/mount_parts.h"
#include "runtime/plan/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/plan/extras.h"
#include "runtime/plan/idmap.h"
#include "runtime/plan/overlay.h"
#include "runtime/plan/userns.h"

#define DATA_MAX 4096           /* mount(2): a page, with its end */
#define VALUE_MAX 256           /* fsconfig(2): a string, with its end */

/*
 * No features that would trust what an image says of other layers; no index of hard links over layers, which would tie the
 * upper directory to these layers for good.
 */
static const struct { const char *key, *value; } fixed[] = {
	{"redirect_dir", "nofollow"}, {"metacopy", "off"}, {"index", "off"},
};

struct list {
	struct plan_option v[OVERLAY_LAYERS_MAX + 16];
	size_t n;
};

static void add(struct list *l, struct builder *b, const char *key, const char *value)
{
	plan_str k = builder_str(b, key), v = builder_str(b, value);

	l->v[l->n++] = (struct plan_option){k, v};
}

/* ---- for mount(2) ---- */

/* Bytes of the directory, with its slash, that all have in common; of one layer: the one that it is in. */
static size_t common(const struct overlay *o)
{
	const char *first = o->layers[0];
	size_t len = strlen(first);

	for (size_t i = 0; i < o->n; i++) {
		size_t k = 0;

		while (k < len && o->layers[i][k] == first[k])
			k++;
		len = k;
	}
	while (len > 0 && first[len - 1] != '/')
		len--;
	return len;
}

struct page {
	char v[DATA_MAX];
	size_t n;
	bool full;
};

static void put(struct page *t, const char *s, const char *escaped)
{
	for (; *s && !t->full; s++) {
		bool escape = strchr(escaped, *s) != NULL;

		t->full = t->n + 3 > sizeof(t->v);
		if (t->full)
			return;
		if (escape)
			t->v[t->n++] = '\\';
		t->v[t->n++] = *s;
	}
	t->v[t->n] = '\0';
}

static plan_str legacy_data(const struct overlay *o, size_t base, const struct list *l, size_t rest, struct builder *b)
{
	struct page t = {.n = 0};

	put(&t, "lowerdir=", "");
	for (size_t i = 0; i < o->n; i++) {
		put(&t, i ? ":" : "", "");
		put(&t, o->layers[i] + base, ":,\\");
	}
	for (size_t i = rest; i < l->n; i++) {
		put(&t, ",", "");
		put(&t, b->failed ? "" : b->data + l->v[i].key, "");
		put(&t, l->v[i].value ? "=" : "", "");
		put(&t, b->failed || !l->v[i].value ? "" : b->data + l->v[i].value, ",\\");
	}
	return t.full ? 0 : builder_str(b, t.v);
}

/* ---- the steps ---- */

/* What it holds is nobody's business but the container's. */
static struct step *add_tmpfs(const struct plan_input *in, const char *size, struct source at, struct builder *b)
{
	plan_str data = size ? builder_format(b, "mode=0700,size=%s", size) : builder_str(b, "mode=0700");
	plan_str place = builder_str(b, in->upper_dir);
	struct step *s = builder_step(b, STEP_UPPER, 0, at);

	s->upper.place = place;
	s->upper.data = data;
	return s;
}

static void plan_tmpfs(const struct plan_input *in, const struct overlay *o, struct builder *b)
{
	struct step *s = add_tmpfs(in, o->size, o->upper_at, b);

	s->upper.upper = builder_format(b, "%s/upper", in->upper_dir);
	s->upper.work = builder_format(b, "%s/work", in->upper_dir);
	s->upper.like = builder_str(b, o->layers[0]);
}

static int too_long(const char *path, struct source at, struct error *err)
{
	error_set(err, ENAMETOOLONG, "give %.64s... to overlayfs", path);
	error_hint(err, "the kernel takes %d bytes; a symbolic link makes it shorter", VALUE_MAX - 1);
	return error_locate(err, at);
}

static int check_lengths(const struct plan_input *in, const struct overlay *o, struct error *err)
{
	for (size_t i = 0; i < o->n; i++)
		if (strlen(o->layers[i]) >= VALUE_MAX)
			return too_long(o->layers[i], o->at, err);
	return o->upper != UPPER_NONE && strlen(in->upper_dir) + sizeof("/upper") > VALUE_MAX ? too_long(in->upper_dir, o->at, err) : 0;
}

static void add_upper(const struct plan_input *in, const struct overlay *o, struct list *l, struct builder *b)
{
	if (o->upper == UPPER_NONE)
		return;
	l->v[l->n++] = (struct plan_option){builder_str(b, "upperdir"), builder_format(b, "%s/upper", in->upper_dir)};
	l->v[l->n++] = (struct plan_option){builder_str(b, "workdir"), builder_format(b, "%s/work", in->upper_dir)};
	/* What goes with the container need not be written to the disk. */
	if (o->upper == UPPER_OWN)
		add(l, b, "volatile", NULL);
}

static void add_common(const struct plan_input *in, struct list *l, struct builder *b)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		add(l, b, fixed[i].key, fixed[i].value);
	/* Only root of the host sees trusted.overlay.* */
	if (in->caller.ordinary)
		add(l, b, "userxattr", NULL);
}

/* The options are in one list: the layers, then what both ways of mounting have in common. */
static void plan_step(const struct plan_input *in, const struct overlay *o, struct builder *b)
{
	cleanup_free struct list *l = calloc(1, sizeof(*l));
	cleanup_free char *base = NULL;
	size_t len = common(o), rest;
	struct plan_list options;
	plan_str data = 0;
	struct step *s;

	if (!l || !(base = strndup(o->layers[0], len))) {
		b->failed = true;
		return;
	}
	/* One that needs no escapes every kernel takes by its old name; of "/" there is no page for mount(2). */
	if (in->upper_below && *in->upper_below)
		l->v[l->n++] = (struct plan_option){builder_str(b, "lowerdir"), builder_format(b, "%s/lower", in->upper_below)};
	else if (o->n == 1 && strcmp(o->layers[0], "/") == 0)
		add(l, b, "lowerdir", "/");
	else
		for (size_t i = 0; i < o->n; i++)
			add(l, b, "lowerdir+", o->layers[i]);
	rest = l->n;
	add_upper(in, o, l, b);
	add_common(in, l, b);
	/* Over the directory of them all, which is hidden then; so not over "/". */
	if (len > 1)
		data = legacy_data(o, len, l, rest, b);
	options = (struct plan_list){builder_bytes(b, l->v, l->n * sizeof(*l->v), 4), (uint32_t)l->n};
	s = builder_step(b, STEP_OVERLAY, 0, o->at);
	s->mount.type = builder_str(b, "overlay");
	s->mount.source = builder_str(b, "overlay");
	s->mount.target = builder_str(b, base);
	s->mount.options = options;
	s->mount.data = data;
}

/* Where what is copied is written to, if there is no directory for the root that can take it, too. */
int plan_copies(const struct plan_input *in, struct builder *b, struct error *err)
{
	struct overlay o;
	int r = extras_copies(in->config) ? overlay_read(in->config, in->bundle, &o, err) : 1;

	if (r > 0)
		return 0;
	if (r == 0 && in->upper_dir && *in->upper_dir && (!o.n || o.upper == UPPER_NONE))
		add_tmpfs(in, NULL, (struct source){0}, b);
	overlay_free(&o);
	return r;
}

static unsigned count_copies(const struct config *c, const struct mount *before)
{
	unsigned n = 0;

	for (const struct mount *m = c->mounts.v; m != before; m++)
		n += extras_copied(c, m->destination.s);
	return n;
}

/* The bound tree, entered by its fd, is ".": its path is not looked up again. */
void plan_copy(const struct plan_input *in, struct builder *b, const struct mount *m, uint32_t slot)
{
	plan_str dir = builder_format(b, "%s/copy-%u", in->upper_dir ?: "", count_copies(in->config, m));
	const char *text = b->failed ? "" : strdupa(b->data + dir);
	cleanup_free struct list *l = calloc(1, sizeof(*l));
	struct plan_list options;
	struct step *s;

	if (!l) {
		b->failed = true;
		return;
	}
	add(l, b, "lowerdir", ".");
	l->v[l->n++] = (struct plan_option){builder_str(b, "upperdir"), builder_format(b, "%s/upper", text)};
	l->v[l->n++] = (struct plan_option){builder_str(b, "workdir"), builder_format(b, "%s/work", text)};
	add_common(in, l, b);
	options = (struct plan_list){builder_bytes(b, l->v, l->n * sizeof(*l->v), 4), (uint32_t)l->n};
	s = builder_step(b, STEP_COPY, 0, m->at);
	s->mount.type = builder_str(b, "overlay");
	s->mount.source = builder_str(b, m->source.s);
	s->mount.target = builder_str(b, m->destination.s);
	s->mount.data = dir;
	s->mount.options = options;
	s->mount.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	s->mount.ids_1 = slot + 1;
}

/* "/" and an empty directory, without an upper one (which the kernel allows from two layers on); in a tmpfs of their own. */
static void plan_below(const struct plan_input *in, const struct overlay *o, struct builder *b)
{
	struct plan_option v[4] = {{0}};
	struct step *s = builder_step(b, STEP_UPPER, 0, o->upper_at);
	const char *below = in->upper_below;

	s->upper.place = builder_str(b, below);
	s->upper.data = builder_str(b, "mode=0700,size=64k");
	s->upper.upper = builder_format(b, "%s/lower", below);
	s->upper.work = builder_format(b, "%s/empty", below);
	s->upper.like = builder_str(b, "/");
	v[0] = (struct plan_option){builder_str(b, "lowerdir"), builder_format(b, "/:%s/empty", below)};
	for (size_t i = 0; i < 3; i++)
		v[1 + i] = (struct plan_option){builder_str(b, fixed[i].key), builder_str(b, fixed[i].value)};
	s = builder_step(b, STEP_OVERLAY, STEP_F_BELOW, o->at);
	s->mount.type = builder_str(b, "overlay");
	s->mount.source = builder_str(b, "overlay");
	s->mount.target = builder_format(b, "%s/lower", below);
	s->mount.options = (struct plan_list){builder_bytes(b, v, sizeof(v), 4), 4};
}

static int plan_steps(const struct plan_input *in, const struct overlay *o, struct builder *b, struct error *err)
{
	int r = check_lengths(in, o, err);

	if (r < 0)
		return r;
	if (o->upper == UPPER_TMPFS)
		plan_tmpfs(in, o, b);
	if (in->upper_below && *in->upper_below)
		plan_below(in, o, b);
	plan_step(in, o, b);
	return 0;
}

/* Its owner has to be one of the namespace's, which only the maps tell. */
static int check_root(const struct config *c, const struct overlay *o, struct error *err)
{
	if (!o->root_given || (userns_mappings(c, MAP_UIDS)->n && userns_maps(c, MAP_UIDS, o->uid) &&
	                       userns_mappings(c, MAP_GIDS)->n && userns_maps(c, MAP_GIDS, o->gid)))
		return 0;
	error_set(err, EINVAL, "annotation org.crun-lite.root: %u:%u is not mapped in the container's user namespace", o->uid, o->gid);
	error_hint(err, "linux.uidMappings and gidMappings say who that is on the host; of a namespace that is joined, too");
	return error_locate(err, o->at);
}

/* Mounted by the parent (runtime/launch/layers.h). */
static int plan_slot(const struct plan_input *in, const struct overlay *o, struct builder *b, uint32_t *ret, struct error *err)
{
	uint32_t ids_1 = 0;
	int r = check_root(in->config, o, err);

	if (r == 0 && in->upper_below && *in->upper_below) {
		error_set(err, ENOTSUP, "\"/\" of the host as a layer in a user namespace that root makes");
		error_hint(err, "leave the user namespace out, or run it as an ordinary user");
		r = error_locate(err, o->at);
	}
	if (r == 0 && !o->shifted)
		r = plan_idmap_own(in->config, b, o->at, &ids_1, err);
	if (r < 0)
		return r;
	*ret = builder_slot(b, SLOT_LAYERS, o->text, 0, o->at);
	if (b->failed)
		return 0;
	b->slots[*ret].ids_1 = ids_1;
	if (o->upper != UPPER_NONE)
		b->slots[*ret].gids = builder_str(b, in->upper_dir);
	return 0;
}

int plan_overlay(const struct plan_input *in, struct builder *b, uint32_t *ret_slot, struct error *err)
{
	struct overlay o;
	int r = overlay_read(in->config, in->bundle, &o, err);

	if (r == 0)
		r = b->opener == OPENED_INSIDE ? plan_slot(in, &o, b, ret_slot, err) : plan_steps(in, &o, b, err);
	overlay_free(&o);
	return r;
}
