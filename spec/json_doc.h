/*
 * json_doc - what the files of json.h share.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/json.h"

struct json_doc {
	struct block *blocks;
	const struct json *root;
	const char *text;       /* pristine, followed by "\n\0" */
	size_t len;
};

/* json_utf8.c: bytes of `s` up to the first that is not UTF-8. */
size_t json_utf8_span(const char *s, size_t n);
