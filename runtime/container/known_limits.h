/*
 * known_limits - limits that one update has to know of another: those that are written together (memory and swap, quota
 * and period and burst), as config.json and later updates set them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/state/state.h"
#include "spec/config.h"

struct known_limits {
	struct resources resources;
	struct config *later;           /* what updates have left; owns strings; NULL: nothing */
};

/* Of config.json, overruled by what earlier updates have left in resources.json.  To be freed on failure, too. */
int known_limits_read(const struct store *store, const struct config *config, struct known_limits *ret, struct error *err);
void known_limits_free(struct known_limits *known);
/* What `given` leaves out, but is written together with what it has, is as it was. */
void known_limits_complete(struct resources *given, const struct resources *known);
/* Keeps `known` with `given` and the class of service (its two schemata, each if it is there) on top, for the next update. */
int known_limits_write(const struct store *store, const struct known_limits *known, const struct resources *given,
                       const struct intel_rdt *rdt, struct error *err);
/* The container's config.json as it has become by updates, for one more start of it.  *ret is malloc'ed, terminated. */
int known_limits_text(const struct store *store, char **ret, size_t *ret_len, struct error *err);
