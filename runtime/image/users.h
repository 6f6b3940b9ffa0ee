/*
 * users - whom an image's User means, by the image's own passwd and group (image-spec config.md).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/image/merged.h"

#include <stddef.h>
#include <stdint.h>

#define USERS_GROUPS_MAX 64

struct image_user {
	uint32_t uid, gid;
	size_t n_groups;
	uint32_t groups[USERS_GROUPS_MAX];      /* only where no group is named */
};

/* `text`: "", "user", "uid", "user:group" ... */
int users_find(const struct merged *image, const char *text, struct image_user *ret, struct error *err);
/* The same with both files at hand; either may be NULL: there is none. */
int users_find_in(const char *text, const char *passwd, const char *group, struct image_user *ret, struct error *err);
