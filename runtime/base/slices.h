/*
 * slices - many items that are looked at one by one, and printed in their order: by several processes at the same time.
 *
 * Most of the time goes to system calls on files, whose locks threads of one process would share.  So each slice but the
 * first has a process of its own, which sends what it made through a pipe.  A process that could not be made, died, or failed
 * does not matter: its slice is then made by the caller, who so finds what there is to find, and says it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct slices {
	size_t n;               /* items */
	/* Writes those from `first` to before `end` to `out`.  May be called in another process, which then ends. */
	int (*make)(size_t first, size_t end, void *arg, FILE *out, struct error *err);
	/* What was made of a slice, in the order of slices; also what was made before a failure. */
	int (*take)(const char *text, size_t len, void *arg, struct error *err);
	void *arg;
};

/* How many processes are worth it: of the processors that we may use, so many as have work. */
size_t slices_processes(size_t items);
/* The first negative result of `make` or `take` ends it. */
int slices_run(const struct slices *slices, size_t processes, struct error *err);
