/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/undo.h"

#include <assert.h>

void undo_push(struct undo *undo, void (*take_back)(void *arg), void *arg)
{
	assert(undo->n < UNDO_MAX);
	undo->entries[undo->n++] = (struct undo_entry){take_back, arg};
}

void undo_all(struct undo *undo)
{
	while (undo->n > 0) {
		struct undo_entry *e = &undo->entries[--undo->n];

		e->take_back(e->arg);
	}
}

void undo_forget(struct undo *undo)
{
	undo->n = 0;
}
