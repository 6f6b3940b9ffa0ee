/*
 * progress - how far the layers are, on standard error: a line for each that is worked on where that is a terminal, one when each is
 * done elsewhere, JSON lines for programs, or nothing.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum progress_kind { PROGRESS_AUTO, PROGRESS_QUIET, PROGRESS_JSON };
enum progress_state { LAYER_WAITS, LAYER_WORKS, LAYER_DONE, LAYER_THERE };

struct progress_layer {
	const char *name;       /* a digest's first digits, say */
	uint64_t size;          /* bytes to read */
	atomic_ullong done;
	atomic_int state;       /* enum progress_state */
	struct timespec began;  /* since when it is LAYER_WORKS */
};

struct progress;

/* `layers` stays the caller's, as long as it is shown.  NULL without memory: nothing is shown, which is no error. */
struct progress *progress_begin(enum progress_kind kind, struct progress_layer *layers, size_t n);
void progress_set(struct progress *p, struct progress_layer *layer, enum progress_state state);
/* The last lines; ends the thread that draws. */
void progress_end(struct progress *p);
