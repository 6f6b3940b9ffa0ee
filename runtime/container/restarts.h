/*
 * restarts - a container that is started again when it has ended (run --restart): each time by a process of its own, which does what
 * `run` does, and a pause between two.
 *
 * Between two starts the container is one that is stopped: its state, what it wrote to a root of layers and its addresses stay.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/launch/options.h"

/* container_run, again and again; *ret_status is that of the last one. */
int restarts_run(const struct create_options *options, int *ret_status, struct error *err);
