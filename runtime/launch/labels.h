/*
 * labels - is the security module there that a label of config.json is for?
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/config.h"

/*
 * -ENOTSUP with the label's place if the host has no AppArmor or SELinux: a confinement that is silently left out
 * is worse than none.  `sys`: the host's /sys.  Without labels nothing is looked at.
 */
int labels_check(const struct config *config, const char *sys, struct error *err);
