/*
 * known_limits - limits that one update has to know of another: those that are written together (memory and swap, quota
 * and period and burst), as config.json and later updates set them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/state/state.h"
#include "spec/config.h"

/* Of config.json, overruled by what earlier updates have left in resources.json.  *ret_later owns strings; config_free. */
int known_limits_read(const struct store *store, const struct config *config, struct resources *ret,
                      struct config **ret_later, struct error *err);
/* What `given` leaves out, but is written together with what it has, is as it was. */
void known_limits_complete(struct resources *given, const struct resources *known);
/* Keeps `known` with `given` on top, for the next update. */
int known_limits_write(const struct store *store, const struct resources *known, const struct resources *given,
                       struct error *err);
/* The container's config.json as it has become by updates, for one more start of it.  *ret is malloc'ed, terminated. */
int known_limits_text(const struct store *store, char **ret, size_t *ret_len, struct error *err);
