/*
 * forwarding - this host passes packets on, between its networks and those of containers.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdint.h>

/* For AF_INET or AF_INET6; what is on already costs one look. */
int forwarding_enable(uint8_t family, struct error *err);
