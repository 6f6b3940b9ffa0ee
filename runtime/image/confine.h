/*
 * confine - before the first byte of an image is read, the process gives away what it will not need: Landlock leaves it the store, the
 * image and the bundle, a seccomp filter the system calls that reading and unpacking take.  It can run no program, open no socket, and
 * reach no other file.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

struct confine_place {
	int fd;                 /* -1: none */
	enum { PLACE_READ, PLACE_WRITE } use;
};

/* A kernel without Landlock is no error: the filter stays. */
int confine(const struct confine_place *places, unsigned n, struct error *err);
