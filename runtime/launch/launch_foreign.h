/*
 * launch_foreign - networks that other programs make: the CNI's (cni:NAME), pasta's and slirp4netns's.
 *
 * For each what is decided, and written down, before there is a process; and what is done while it mounts.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/launch/launch.h"

int launch_make_cni(struct launch *l, struct error *err);
int launch_attach_cni(struct launch *l, struct error *err);
int launch_make_helper(struct launch *l, struct error *err);
int launch_attach_helper(struct launch *l, struct error *err);

/* What is published, into the record: ports that are free where none is named, and none that a process of the host has. */
int launch_choose_ports(struct launch *l, struct error *err);
