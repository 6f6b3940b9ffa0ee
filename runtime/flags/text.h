/*
 * text - config.json as it would say itself what flags said: for the copy that is kept, which exec, update, inspect and hooks' authors
 * read (runtime.md: "changes to config.json after create have no effect", and so it must say what was carried out).
 *
 * What flags can change is written from the decoded configuration; all else stays as it stands in the text, known or not.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/config.h"

/* What is not UTF-8 cannot be said there, and is an error.  *ret is malloc'ed, terminated, the caller's. */
int flags_text(const struct config *config, char **ret, size_t *ret_len, struct error *err);
