/*
 * builder - a plan while it grows: strings and lists go into one buffer, steps and slots
 * into tables that are appended at the end.
 *
 * Running out of memory is remembered and reported once, by builder_finish: the
 * code that decides what the steps are stays free of it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/plan/plan.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>

struct builder {
	char *data;
	size_t len, room;
	struct step *steps;
	size_t n_steps, steps_room;
	struct plan_slot *slots;
	size_t n_slots, slots_room;
	enum slot_opener opener;        /* of the next slots that are mounts */
	bool failed;
};

/* Copies `len` bytes, aligned to `align`; their offset. */
uint32_t builder_bytes(struct builder *b, const void *bytes, size_t len, size_t align);
plan_str builder_str(struct builder *b, const char *s);      /* NULL gives 0 */
plan_str builder_format(struct builder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct plan_list builder_strs(struct builder *b, const char *const *strings, size_t n);
struct plan_list builder_texts(struct builder *b, const struct texts *texts);

/* A new step at the end, zeroed but for its kind, flags and place; valid until the next one. */
struct step *builder_step(struct builder *b, enum step_kind kind, unsigned flags, struct source at);
/* A new slot; its number. */
uint32_t builder_slot(struct builder *b, enum slot_kind kind, const char *path, uint32_t flags,
                      struct source at);

/* *ret is one malloc'ed blob, the caller's.  -ENOMEM, -E2BIG (PLAN_SIZE_MAX). */
int builder_finish(struct builder *b, const struct plan *head, struct plan **ret, struct error *err);
void builder_free(struct builder *b);
