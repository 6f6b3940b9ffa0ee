/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/chapters.h"

static const struct field hook_fields[] = {
	{NULL,      decode_at,      offsetof(struct hook, at)},
	{"path",    decode_text,    offsetof(struct hook, path), .required = true},
	{"args",    decode_texts,   offsetof(struct hook, args)},
	{"env",     decode_texts,   offsetof(struct hook, env)},
	{"timeout", decode_opt_int, offsetof(struct hook, timeout), .min = 1, .max = INT64_MAX},
	{0},
};

#define KIND(key, kind)                                                                           \
	{                                                                                         \
		key, decode_list, (kind) * sizeof(struct hooks), .fields = hook_fields,           \
		.size = sizeof(struct hook)                                                       \
	}

/* config.md "POSIX-platform Hooks" */
const struct field hooks_fields[] = {
	KIND("prestart", HOOK_PRESTART),
	KIND("createRuntime", HOOK_CREATE_RUNTIME),
	KIND("createContainer", HOOK_CREATE_CONTAINER),
	KIND("startContainer", HOOK_START_CONTAINER),
	KIND("poststart", HOOK_POSTSTART),
	KIND("poststop", HOOK_POSTSTOP),
	{0},
};
