/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/chapters.h"

#define AT(member) offsetof(struct process, member)
#define INT32      .min = INT32_MIN, .max = INT32_MAX

static const struct field console_fields[] = {
	{NULL,     decode_set, AT(console_size.set)},
	{"height", decode_u64, AT(console_size.height), .required = true},
	{"width",  decode_u64, AT(console_size.width),  .required = true},
	{0},
};

/* Of Windows: nothing of it is kept, but a value of a wrong type is an error (config.md "Valid values"). */
static DECODER(check_text)
{
	struct text text = {0};

	return decode_option(doc, value, &text, f, err);
}

static const struct field user_fields[] = {
	{NULL,             decode_at,       offsetof(struct user, at)},
	{"uid",            decode_id,       offsetof(struct user, uid)},
	{"gid",            decode_id,       offsetof(struct user, gid)},
	{"umask",          decode_opt_uint, offsetof(struct user, umask), .max = 0777},
	{"additionalGids", decode_ids,      offsetof(struct user, additional_gids)},
	{"username",       check_text,      0},
	{0},
};

static const struct field capability_fields[] = {
	{NULL,          decode_set,   offsetof(struct capabilities, set)},
	{"bounding",    decode_texts, offsetof(struct capabilities, bounding)},
	{"effective",   decode_texts, offsetof(struct capabilities, effective)},
	{"permitted",   decode_texts, offsetof(struct capabilities, permitted)},
	{"inheritable", decode_texts, offsetof(struct capabilities, inheritable)},
	{"ambient",     decode_texts, offsetof(struct capabilities, ambient)},
	{0},
};

/* One word, two destinations: the text for messages, the number for prlimit(2). */
static DECODER(decode_rlimit_type)
{
	struct rlimit_entry *entry = dest;
	int r = decode_text(doc, value, &entry->type, f, err);

	return r < 0 ? r : decode_number_of(doc, value, &entry->resource, f, err);
}

static const struct field rlimit_fields[] = {
	{NULL,   decode_at,          offsetof(struct rlimit_entry, at)},
	{"type", decode_rlimit_type, 0, .required = true, .names = rlimit_names,
	 .what = "a resource limit"},
	{"soft", decode_u64,         offsetof(struct rlimit_entry, soft), .required = true},
	{"hard", decode_u64,         offsetof(struct rlimit_entry, hard), .required = true},
	{0},
};

static const struct field scheduler_fields[] = {
	{NULL,       decode_set,   offsetof(struct scheduler, set)},
	{NULL,       decode_at,    offsetof(struct scheduler, at)},
	{"policy",   decode_word,  offsetof(struct scheduler, policy), .required = true,
	 .names = scheduler_policy_names, .what = "a scheduling policy"},
	{"nice",     decode_i64,   offsetof(struct scheduler, nice), INT32},
	{"priority", decode_i64,   offsetof(struct scheduler, priority), INT32},
	{"flags",    decode_words, offsetof(struct scheduler, flags),
	 .names = scheduler_flag_names, .what = "a scheduling flag"},
	{"runtime",  decode_u64,   offsetof(struct scheduler, runtime)},
	{"deadline", decode_u64,   offsetof(struct scheduler, deadline)},
	{"period",   decode_u64,   offsetof(struct scheduler, period)},
	{0},
};

static const struct field io_priority_fields[] = {
	{NULL,       decode_set,  offsetof(struct io_priority, set)},
	{NULL,       decode_at,   offsetof(struct io_priority, at)},
	{"class",    decode_word, offsetof(struct io_priority, class), .required = true,
	 .names = io_priority_names, .what = "an I/O priority class"},
	{"priority", decode_i64,  offsetof(struct io_priority, priority), INT32},
	{0},
};

static const struct field affinity_fields[] = {
	{NULL,      decode_set,    AT(exec_cpu_affinity.set)},
	{NULL,      decode_at,     AT(exec_cpu_affinity.at)},
	{"initial", decode_option, AT(exec_cpu_affinity.initial)},
	{"final",   decode_option, AT(exec_cpu_affinity.final)},
	{0},
};

/* config.md "Process", "Linux Process", "User" */
const struct field process_fields[] = {
	{NULL,              decode_set,     AT(set)},
	{NULL,              decode_at,      AT(at)},
	{"terminal",        decode_bool,    AT(terminal)},
	{"consoleSize",     decode_object,  0, .fields = console_fields},
	{"cwd",             decode_text,    AT(cwd), .required = true},
	{"env",             decode_texts,   AT(env)},
	{"args",            decode_texts,   AT(args)},
	{"commandLine",     check_text,     0},
	{"rlimits",         decode_list,    AT(rlimits), .fields = rlimit_fields,
	 .size = sizeof(struct rlimit_entry)},
	{"apparmorProfile", decode_option,  AT(apparmor_profile)},
	{"selinuxLabel",    decode_option,  AT(selinux_label)},
	{"capabilities",    decode_object,  AT(capabilities), .fields = capability_fields},
	{"noNewPrivileges", decode_bool,    AT(no_new_privileges)},
	{"oomScoreAdj",     decode_opt_int, AT(oom_score_adj), .min = -1000, .max = 1000},
	{"scheduler",       decode_object,  AT(scheduler), .fields = scheduler_fields},
	{"ioPriority",      decode_object,  AT(io_priority), .fields = io_priority_fields},
	{"execCPUAffinity", decode_object,  0, .fields = affinity_fields},
	{"user",            decode_object,  AT(user), .fields = user_fields},
	{0},
};
