/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/parts.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/plan/overlay.h"
#include "spec/names.h"

static const struct source nowhere;

static uint32_t propagation_flags(const char *word)
{
	const struct name *row = word ? name_find(propagation_names, word) : NULL;

	return row ? (uint32_t)row->value : 0;
}

static plan_str root_path(const struct plan_input *in, struct builder *b)
{
	const char *path = in->config->root.path.s;

	return path[0] == '/' ? builder_str(b, path) : builder_format(b, "%s/%s", in->bundle, path);
}

static uint32_t slot_of_root(const struct plan_input *in, struct builder *b, enum slot_kind kind)
{
	cleanup_free char *joined = NULL;
	const char *path = in->config->root.path.s;

	if (path[0] != '/' && asprintf(&joined, "%s/%s", in->bundle, path) < 0) {
		joined = NULL;
		b->failed = true;
		return 0;
	}
	return builder_slot(b, kind, joined ? joined : path, 0, in->config->root.path.at);
}

uint32_t plan_root_slot(const struct plan_input *in, struct builder *b)
{
	return slot_of_root(in, b, SLOT_ROOT);
}

static uint32_t place_slot(const struct plan_input *in, struct builder *b)
{
	return slot_of_root(in, b, SLOT_PLACE);
}

int plan_root(const struct plan_input *in, struct builder *b, uint32_t slot, struct error *err)
{
	const struct config *c = in->config;
	uint32_t wanted = propagation_flags(c->linux_.rootfs_propagation.s) & ~(uint32_t)MS_REC;
	/* A slave still hears of new mounts on the host below the root; everything else starts private. */
	bool slave = wanted == MS_SLAVE || wanted == MS_SHARED;
	bool overlay = overlay_asked(c);
	uint32_t place = 0;
	struct step *s = builder_step(b, STEP_PRIVATE, 0, nowhere);

	s->propagation.propagation = slave ? MS_SLAVE : MS_PRIVATE;
	if (b->opener == OPENED_BY_INIT)
		builder_step(b, STEP_OPEN, 0, nowhere);
	/* The container's root may not be able to go there by itself. */
	if (plan_has_create_hooks(c) && b->opener == OPENED_INSIDE)
		place = place_slot(in, b) + 1;
	if (overlay && plan_overlay(in, b, &slot, err) < 0)
		return -err->code;
	if (plan_copies(in, b, err) < 0)
		return -err->code;
	s = builder_step(b, STEP_ROOT, overlay && b->opener != OPENED_INSIDE ? STEP_F_OVERLAY : 0, c->root.path.at);
	s->root.slot = slot;
	s->root.propagation = slave ? MS_SLAVE : MS_PRIVATE;
	/* Hooks that enter the namespace before pivot_root look for the root where config.json says it is. */
	if (plan_has_create_hooks(c))
		s->root.path = root_path(in, b);
	s->root.place_slot_1 = place;
	return 0;
}

void plan_pivot(const struct plan_input *in, struct builder *b, uint32_t slot)
{
	const struct config *c = in->config;
	bool new_mounts = plan_is_new(c, NS_MOUNT);
	struct step *s = builder_step(b, STEP_PIVOT, new_mounts && !in->no_pivot ? 0 : STEP_F_CHROOT, c->root.path.at);

	s->pivot.slot = slot;
	if (new_mounts && plan_has_create_hooks(c))
		s->flags |= STEP_F_FROM_PATH;
}

/* Last of all: an unbindable root could not be cloned for readonlyPaths, a shared one would give it peers. */
void plan_propagation(const struct config *c, struct builder *b)
{
	uint32_t propagation = propagation_flags(c->linux_.rootfs_propagation.s);
	struct step *s;

	if (!propagation || (propagation & ~(uint32_t)MS_REC) == MS_SLAVE)
		return;
	s = builder_step(b, STEP_PROPAGATION, 0, c->linux_.rootfs_propagation.at);
	s->propagation.propagation = propagation;
}
