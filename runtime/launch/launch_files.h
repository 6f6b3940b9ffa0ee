/*
 * launch_files - /etc/hosts, /etc/resolv.conf and /etc/hostname of a container with networking (runtime/network/names.h).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/launch/launch.h"

/* Is there one to be made, for whom has no network of ours? */
bool launch_wants_files(const struct net_request *request);
/* Makes them, and says to the plan where they are.  After the addresses are known. */
int launch_make_files(struct launch *l, struct error *err);
/* Those of a container whose network is shared: who is found there is found here. */
int launch_share_files(struct launch *l, const struct store *neighbour, struct error *err);
/* What only who attached it knew: its address (with or without a prefix), into its hosts file, with its host name. */
void launch_learn_address(struct launch *l, const char *address);
/* {"nameservers": [...], "search": [...]} of a result of the CNI, into its resolv.conf; what was asked for wins. */
void launch_learn_dns(struct launch *l, const struct json *dns);
