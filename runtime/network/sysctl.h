/*
 * sysctl - settings below /proc/sys/net, of the network namespace that we are in.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

/* `name` as in "ipv4/ip_forward".  The number that is there, or a negative errno. */
int sysctl_get(const char *name);
int sysctl_set(const char *name, const char *value);
