/*
 * layers - a root of layers for a container in a user namespace that is not the caller's own (overlay_outside).
 *
 * Nobody in there may see the layers' trusted.overlay.*, so it is mounted on the host, of clones of the layers whose owners
 * are mapped: no file is changed, and all containers share them, whatever their maps.  overlayfs takes such clones from
 * Linux 5.19 on, detached ones only from 6.15 on, and more names than a page has room for from 6.7 on: so a process that is
 * gone when this returns attaches them under short names in a mount namespace of its own, and mounts by mount(2).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/overlay.h"
#include "runtime/state/upper.h"

#define LAYERS_NOT_MAPPED 1      /* a positive result: this kernel cannot map these owners, *err says why */

/*
 * *ret: a detached mount, not close-on-exec, the caller's.  `ns`: a user namespace with the maps; -1: the owners are right as they are.
 * The owner of the overlay's root (overlay->root_given) is the host's id.
 */
int layers_mount(const struct overlay *overlay, const struct upper_places *places, int ns, int *ret, struct error *err);
