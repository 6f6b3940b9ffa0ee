/*
 * undo - what must be taken back if the rest fails: each act of the parent pushes its opposite.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

#define UNDO_MAX 16

struct undo {
	size_t n;
	struct undo_entry {
		void (*take_back)(void *arg);
		void *arg;
	} entries[UNDO_MAX];
};

/* `arg` must stay valid until undo_all or undo_forget. */
void undo_push(struct undo *undo, void (*take_back)(void *arg), void *arg);
/* Takes everything back, last first. */
void undo_all(struct undo *undo);
/* It worked: nothing is to be taken back any more. */
void undo_forget(struct undo *undo);
