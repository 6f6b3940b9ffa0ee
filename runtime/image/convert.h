/*
 * convert - an image's configuration becomes a config.json (image-spec conversion.md), with what containers should have by default:
 * few capabilities, a seccomp profile, hidden and read-only paths, no new privileges, a limit of processes.
 *
 * An image's author says what runs in the container.  Nothing of it may tell the runtime, or any other, what to do outside: labels
 * that some program acts on are left out.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/image/users.h"
#include "spec/json.h"

#include <stdbool.h>

struct convert {
	const struct json *config;      /* the image's; NULL: none */
	const struct image_user *user;
	const char *const *layers;      /* absolute, the topmost first */
	size_t n_layers;
	const char *scratch;            /* absolute */
	const char *root;               /* MODE:UID:GID of the root directory, where the topmost layer's is another; or NULL */
	bool rootless;
	const char *seccomp;            /* JSON */
	size_t seccomp_len;
};

/* *ret is malloc'ed.  *ret_entry: how many of the arguments are the entry point's. */
int convert_config(const struct convert *c, char **ret, size_t *ret_len, size_t *ret_entry, struct error *err);
/* Is there a program that acts on annotations of this name? */
bool convert_is_acted_on(const char *label);
