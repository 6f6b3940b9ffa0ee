/*
 * variant - GVariant text ("uint64 5", "['a', 'b']", "@as []") as a D-Bus variant: how the annotations
 * org.systemd.property.NAME give their values, in runc and crun too.
 *
 * Pure.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/wire.h"
#include "runtime/base/error.h"

/* Appends a variant (its signature, then the value). */
int variant_parse(const char *text, struct wire *ret, struct error *err);
/* The same for a number of seconds, as microseconds (type t). */
int variant_parse_seconds(const char *text, struct wire *ret, struct error *err);
