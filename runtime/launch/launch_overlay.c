/*
 * launch_overlay - the directory that a container with a root of layers writes to (upper.h).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/launch/keeping.h"
#include "runtime/launch/layers.h"
#include "runtime/state/upper.h"
#include "runtime/plan/extras.h"

static int state_path(const struct launch *l, char *buf, size_t size)
{
	char link[32];
	ssize_t n;

	if (l->store.dir < 0) {         /* for `plan`, which makes nothing */
		snprintf(buf, size, "%s/%s", l->options->runtime->root ?: "/run/crun-lite", l->options->id);
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", l->store.dir);
	n = readlink(link, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* Of the start before: its name is made up anew, what was written is there. */
static void use_former(struct upper_places *places, const char *own)
{
	bool same = strcmp(places->dir, places->own) == 0;

	if (!own || strcmp(places->own, own) == 0)
		return;
	snprintf(places->own, sizeof(places->own), "%s", own);
	if (same)
		snprintf(places->dir, sizeof(places->dir), "%s", own);
	if (*places->below)
		snprintf(places->below, sizeof(places->below), "%.4000s/below", own);
}

int launch_name_upper(struct launch *l, struct error *err)
{
	char state[PATH_MAX];
	struct overlay o;
	int r;

	if (!overlay_asked(l->config) && !extras_copies(l->config))
		return 0;
	r = state_path(l, state, sizeof(state));
	if (r < 0)
		return error_set(err, -r, "find the path of the container's state");
	r = overlay_read(l->config, l->bundle, &o, err);
	/* What is copied needs a place, even if the root does not. */
	if (extras_copies(l->config) && (!o.n || o.upper == UPPER_NONE))
		o.upper = UPPER_TMPFS;
	if (r == 0)
		r = upper_name(&o, l->options->id, state, l->store.dir < 0, &l->upper, err);
	if (r == 0 && keeping_again(l->options->keeping))
		use_former(&l->upper, l->options->keeping->upper);
	if (r == 0 && l->store.dir >= 0 && *l->upper.own)
		l->state.upper = l->upper.own;
	overlay_free(&o);
	return r;
}

static void undo_upper(void *arg)
{
	struct launch *l = arg;
	struct error err;

	if (upper_remove(l->state.upper, &err) == 0)
		return;
	log_warning("%s: %s", err.text, error_reason(&err));
	l->not_undone = true;
}

int launch_make_upper(struct launch *l, struct error *err)
{
	struct overlay o;
	int r;

	if (!*l->upper.own && !*l->upper.dir)
		return 0;
	if (keeping_again(l->options->keeping))
		return upper_again(&l->upper, err);
	if (l->state.upper)
		undo_push(&l->undo, undo_upper, l);
	r = overlay_read(l->config, l->bundle, &o, err);
	if (!o.n)
		o.upper = UPPER_TMPFS;
	if (r == 0)
		r = upper_make(&o, &l->upper, overlay_outside(l->config, l->caller.ordinary), err);
	overlay_free(&o);
	return r;
}

/* root_given is of the container (the plan has seen that it is somebody). */
static void find_owner(const struct config *c, struct overlay *o)
{
	if (!o->root_given)
		return;
	o->uid = userns_host_id(c, MAP_UIDS, o->uid);
	o->gid = userns_host_id(c, MAP_GIDS, o->gid);
}

/* In *o, for as long as the caller keeps `paths`. */
static int copy_layers(const struct launch *l, const struct plan_slot *maps, struct overlay *o, char **paths, struct error *err)
{
	const char *const texts[2] = {plan_string(l->plan, maps->path), plan_string(l->plan, maps->gids)};
	int r;

	if (maps->kind != SLOT_IDS) {
		error_set(err, ENOTSUP, "copy the layers for a user namespace that is joined");
		return error_locate(err, o->at);
	}
	r = l->options->copy_layers(l->options->copy_arg, o->layers, o->n, texts, paths, err);
	if (r < 0)
		return error_locate(err, o->at);
	for (size_t i = 0; i < o->n; i++)
		o->layers[i] = paths[i];
	return upper_note(o, &l->upper, err);
}

static int mount_layers(const struct launch *l, const struct plan_slot *maps, struct overlay *o, int *ret, struct error *err)
{
	char *paths[OVERLAY_LAYERS_MAX] = {0};
	int r = layers_mount(o, &l->upper, maps ? maps->fd : -1, ret, err);

	if (r != LAYERS_NOT_MAPPED)
		return r;
	if (!l->options->copy_layers)
		return -err->code;
	log_debug("%s: %s; the layers are copied", err->text, error_reason(err));
	*err = (struct error){0};
	r = copy_layers(l, maps, o, paths, err);
	if (r == 0)
		r = layers_mount(o, &l->upper, -1, ret, err);
	for (size_t i = 0; i < OVERLAY_LAYERS_MAX; i++)
		free(paths[i]);
	return r;
}

int launch_mount_layers(struct launch *l, struct error *err)
{
	struct plan_slot *slots = (struct plan_slot *)plan_at(l->plan, l->plan->slots.offset), *mine = NULL;
	struct overlay o;
	int r;

	for (uint32_t i = 0; i < l->plan->slots.n && !mine; i++)
		mine = slots[i].kind == SLOT_LAYERS ? &slots[i] : NULL;
	if (!mine)
		return 0;
	r = overlay_read(l->config, l->bundle, &o, err);
	if (r == 0) {
		find_owner(l->config, &o);
		r = mount_layers(l, mine->ids_1 ? &slots[mine->ids_1 - 1] : NULL, &o, &mine->fd, err);
	}
	overlay_free(&o);
	return r;
}
