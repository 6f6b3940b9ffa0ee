/*
 * validate - helpers of config_validate that others need as well.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct id_mappings;

/*
 * The file below /proc/sys that a sysctl key names, as sysctl(8) reads it: whichever of '.' and
 * '/' comes first separates, the other one is part of a name ("net.ipv4.conf.eth0/1.forwarding" is
 * net/ipv4/conf/eth0.1/forwarding).  False if the key is empty, does not fit, or has an empty, "."
 * or ".." component.
 */
bool sysctl_path(const char *key, char *buf, size_t size);

/* May a network interface have this name?  (dev_valid_name of the kernel) */
bool interface_name_ok(const char *name);

/* Ranges of ids as the kernel takes them (user_namespaces(7)): sizes, the last id, no overlap.  -EINVAL with the place. */
int id_mappings_check(const struct id_mappings *mappings, struct error *err);
