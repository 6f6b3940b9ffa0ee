/*
 * ruleset - what the firewall table is made of: its sets, chains and rules, each rule a few words.
 *
 * Pure, and the same on every host: what differs is in the sets, which table.h fills.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/netlink.h"

/* One transaction, refused with EEXIST where the table is there. */
void ruleset_build(struct netlink_batch *batch);
