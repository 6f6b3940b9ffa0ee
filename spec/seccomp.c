/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/chapters.h"

#include <errno.h>
#include <string.h>

static const struct field arg_fields[] = {
	{NULL,       decode_at,   offsetof(struct seccomp_arg, at)},
	{"index",    decode_u32,  offsetof(struct seccomp_arg, index), .required = true},
	{"value",    decode_u64,  offsetof(struct seccomp_arg, value), .required = true},
	{"valueTwo", decode_u64,  offsetof(struct seccomp_arg, value_two)},
	{"op",       decode_word, offsetof(struct seccomp_arg, op), .required = true,
	 .names = seccomp_operator_names, .what = "a seccomp operator"},
	{0},
};

/* config-linux.md "Seccomp": names MUST contain at least one entry. */
static DECODER(decode_names)
{
	int r = decode_texts(doc, value, dest, f, err);

	if (r < 0 || value->len > 0)
		return r;
	error_set(err, EINVAL, "needs at least one system call");
	return error_locate(err, json_source(value));
}

static const struct field rule_fields[] = {
	{NULL,       decode_at,       offsetof(struct seccomp_rule, at)},
	{"names",    decode_names,    offsetof(struct seccomp_rule, names), .required = true},
	{"action",   decode_word,     offsetof(struct seccomp_rule, action), .required = true,
	 .names = seccomp_action_names, .what = "a seccomp action"},
	{"errnoRet", decode_opt_uint, offsetof(struct seccomp_rule, errno_ret), .max = UINT32_MAX},
	{"args",     decode_list,     offsetof(struct seccomp_rule, args), .fields = arg_fields,
	 .size = sizeof(struct seccomp_arg)},
	{0},
};

/* The profile's own text is the key of the cache of compiled filters. */
static DECODER(decode_raw)
{
	struct seccomp *seccomp = dest;

	seccomp->raw = json_raw(doc, value);
	seccomp->raw_len = value->span;
	return 0;
}

/* config-linux.md "Seccomp" */
const struct field seccomp_fields[] = {
	{NULL,               decode_set,      offsetof(struct seccomp, set)},
	{NULL,               decode_at,       offsetof(struct seccomp, at)},
	{NULL,               decode_raw,      0},
	{"defaultAction",    decode_word,     offsetof(struct seccomp, default_action), .required = true,
	 .names = seccomp_action_names, .what = "a seccomp action"},
	{"defaultErrnoRet",  decode_opt_uint, offsetof(struct seccomp, default_errno_ret),
	 .max = UINT32_MAX},
	{"architectures",    decode_words,    offsetof(struct seccomp, architectures),
	 .names = seccomp_arch_names, .what = "a seccomp architecture"},
	{"flags",            decode_words,    offsetof(struct seccomp, flags),
	 .names = seccomp_flag_names, .what = "a seccomp flag"},
	{"listenerPath",     decode_option,   offsetof(struct seccomp, listener_path)},
	{"listenerMetadata", decode_option,   offsetof(struct seccomp, listener_metadata)},
	{"syscalls",         decode_list,     offsetof(struct seccomp, syscalls), .fields = rule_fields,
	 .size = sizeof(struct seccomp_rule)},
	{0},
};

static bool is_notify(const struct text *action)
{
	return action->s && strcmp(action->s, "SCMP_ACT_NOTIFY") == 0;
}

bool seccomp_notifies(const struct seccomp *s)
{
	if (!s->set || is_notify(&s->default_action))
		return s->set;
	for (size_t i = 0; i < s->syscalls.n; i++)
		if (is_notify(&s->syscalls.v[i].action))
			return true;
	return false;
}
