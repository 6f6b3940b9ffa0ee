/*
 * edit - adding to a decoded configuration: what is added lives as long as it, and has no place in its text.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/text.h"
#include "spec/config.h"

/* "--flag value: WHAT is expected", with a hint. */
int edit_expected(const char *flag, const char *value, const char *what, const char *hint, struct error *err);
/* The first `len` bytes of `s`, terminated; or NULL. */
const char *edit_copy(struct config *config, const char *s, size_t len);
void *edit_copy_bytes(struct config *config, const void *bytes, size_t len);
__attribute__((format(printf, 2, 3))) const char *edit_format(struct config *config, const char *format, ...);
/* At the end of the list. */
int edit_add_text(struct config *config, struct texts *list, const char *s, struct error *err);
/* In place of the pair of that key, or at the end. */
int edit_set_pair(struct config *config, struct pairs *pairs, const char *key, const char *value, struct error *err);
/* The element behind the last one of a { size_t n; T *v; }, zeroed; NULL: no memory. */
void *edit_grow(struct config *config, void *list, size_t size);
int edit_no_memory(struct error *err);
/* "NAME=VALUE" with a name of at least a byte: *ret_value is behind the "=". */
bool edit_split(const char *word, size_t *ret_name, const char **ret_value);
