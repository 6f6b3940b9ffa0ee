/*
 * devices - linux.netDevices: devices of the host move into the container's network namespace (config-linux.md
 * "Network Devices").
 *
 * They stay there: when the namespace ends, the kernel gives a physical device back to the first namespace and
 * destroys a virtual one; the runtime must not take them back.  Only a create that fails does, so that it
 * leaves the host as it was.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/network/netlink.h"
#include "spec/config.h"

struct moved_device;

struct net_devices {
	int home, netns;                        /* the runtime's namespace, the container's; owned */
	struct netlink outside, inside;
	struct moved_device *v;
	size_t n;
};

/*
 * Moves `n` devices, keeps their permanent global addresses, sets them up.  Takes `netns`, whatever the outcome.  A
 * failure moves back those that were moved before it.  The caller ends *ret with net_devices_free.
 */
int net_devices_move(const struct net_device *devices, size_t n, int netns, struct net_devices *ret, struct error *err);
/* Moves all of them back, with their names, addresses and state; what fails is a warning. */
void net_devices_return(struct net_devices *devices);
void net_devices_free(struct net_devices *devices);
