/*
 * overrides - what `run` says instead of config.json: the command of an image, where its root of layers is written to.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/launch/options.h"

/* Before the configuration is validated. */
int overrides_apply(const struct create_options *options, struct config *config, struct error *err);
