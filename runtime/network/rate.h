/*
 * rate - how much a device may send: a token bucket (tc-tbf(8)).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/netlink.h"

/* At most `bits` per second out of device `index`, whose packets have `mtu` bytes. */
void rate_limit(struct netlink_batch *batch, uint32_t index, uint64_t bits, uint32_t mtu);
