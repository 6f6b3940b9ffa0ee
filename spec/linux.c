/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/chapters.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define AT(member) offsetof(struct linux_config, member)

/* ---- namespaces ---- */

struct namespace_entry {
	int kind;
	struct text path;
};

static const struct field namespace_fields[] = {
	{"type", decode_number_of, offsetof(struct namespace_entry, kind), .required = true,
	 .names = namespace_names, .what = "a namespace type"},
	{"path", decode_option,    offsetof(struct namespace_entry, path)},
	{0},
};

/* A list becomes a slot for each type: config-linux.md "Namespaces" wants no type twice. */
static DECODER(decode_namespaces)
{
	struct namespace *namespaces = dest;
	int r = decode_expect(value, JSON_ARRAY, err);

	for (const struct json *e = value->first; r == 0 && e; e = e->next) {
		struct namespace_entry entry = {0};

		r = decode_fields(doc, e, namespace_fields, &entry, err);
		if (r < 0)
			return r;
		if (namespaces[entry.kind].set) {
			error_set(err, EINVAL, "a second %s namespace",
			          name_of(namespace_names, entry.kind));
			return error_locate(err, json_source(e));
		}
		namespaces[entry.kind] = (struct namespace){true, entry.path, json_source(e)};
	}
	return r;
}

static const struct field time_offset_fields[] = {
	{NULL,       decode_set, offsetof(struct time_offset, set)},
	{NULL,       decode_at,  offsetof(struct time_offset, at)},
	{"secs",     decode_i64, offsetof(struct time_offset, secs)},
	{"nanosecs", decode_u32, offsetof(struct time_offset, nanosecs)},
	{0},
};

static const struct field time_fields[] = {
	{"monotonic", decode_object, AT(monotonic), .fields = time_offset_fields},
	{"boottime",  decode_object, AT(boottime),  .fields = time_offset_fields},
	{0},
};

/* ---- devices ---- */

/* "u" is a character device without a buffer: to Linux, a character device. */
static const struct name device_types[] = {
	{"b", 'b'},
	{"c", 'c'},
	{"p", 'p'},
	{"u", 'c'},
	{0},
};

/* validate must see what was not given: 0 is a device number. */
static DECODER(decode_no_number)
{
	*(int64_t *)dest = -1;
	return 0;
}

/* Engines pass st_mode as it is: the bits of the file's type are dropped. */
static DECODER(decode_file_mode)
{
	static const struct field mode = {.max = 0777};
	static const struct field with_type = {.max = S_IFMT | 0777};
	struct opt_uint *opt = dest;
	int r = decode_opt_uint(doc, value, dest, &with_type, err);

	if (r == 0 && (opt->value & ~(uint64_t)S_IFMT) <= 0777)
		opt->value &= 0777;
	else
		r = decode_opt_uint(doc, value, dest, &mode, err);
	return r;
}

static const struct field device_fields[] = {
	{NULL,       decode_at,        offsetof(struct device, at)},
	{NULL,       decode_no_number, offsetof(struct device, major)},
	{NULL,       decode_no_number, offsetof(struct device, minor)},
	{"type",     decode_letter,    offsetof(struct device, type), .required = true,
	 .names = device_types, .what = "a device type"},
	{"path",     decode_text,      offsetof(struct device, path), .required = true},
	{"major",    decode_i64,       offsetof(struct device, major)},
	{"minor",    decode_i64,       offsetof(struct device, minor)},
	{"fileMode", decode_file_mode, offsetof(struct device, file_mode)},
	{"uid",      decode_opt_id,    offsetof(struct device, uid)},
	{"gid",      decode_opt_id,    offsetof(struct device, gid)},
	{0},
};

static const struct field net_device_fields[] = {
	{NULL,   decode_at,     offsetof(struct net_device, at)},
	{"name", decode_option, offsetof(struct net_device, name)},
	{0},
};

/* ---- the rest ---- */

static const struct field personality_fields[] = {
	{NULL,     decode_set,   AT(personality.set)},
	{NULL,     decode_at,    AT(personality.at)},
	{"domain", decode_word,  AT(personality.domain), .names = personality_names,
	 .what = "an execution domain"},
	{"flags",  decode_texts, AT(personality.flags)},
	{0},
};

/* config-linux.md "IntelRdt": one line that begins with MB: */
static DECODER(decode_bandwidth)
{
	int r = decode_option(doc, value, dest, f, err);

	if (r < 0 || value->len == 0 ||
	    (strncmp(value->text, "MB:", 3) == 0 && !strchr(value->text, '\n')))
		return r;
	error_set(err, EINVAL, "\"%.80s\" is not one line that begins with MB:", value->text);
	return error_locate(err, json_source(value));
}

static const struct field rdt_fields[] = {
	{NULL,               decode_set,       offsetof(struct intel_rdt, set)},
	{NULL,               decode_at,        offsetof(struct intel_rdt, at)},
	{"closID",           decode_option,    offsetof(struct intel_rdt, clos_id)},
	{"schemata",         decode_texts,     offsetof(struct intel_rdt, schemata)},
	{"l3CacheSchema",    decode_option,    offsetof(struct intel_rdt, l3_cache_schema)},
	{"memBwSchema",      decode_bandwidth, offsetof(struct intel_rdt, mem_bw_schema)},
	{"enableCMT",        decode_opt_bool,  offsetof(struct intel_rdt, enable_cmt)},
	{"enableMBM",        decode_opt_bool,  offsetof(struct intel_rdt, enable_mbm)},
	{"enableMonitoring", decode_opt_bool,  offsetof(struct intel_rdt, enable_monitoring)},
	{0},
};

static const struct field memory_policy_fields[] = {
	{NULL,    decode_set,   offsetof(struct memory_policy, set)},
	{NULL,    decode_at,    offsetof(struct memory_policy, at)},
	{"mode",  decode_word,  offsetof(struct memory_policy, mode), .names = memory_mode_names,
	 .what = "a memory policy"},
	{"nodes", decode_text,  offsetof(struct memory_policy, nodes)},
	{"flags", decode_words, offsetof(struct memory_policy, flags), .names = memory_flag_names,
	 .what = "a flag of a memory policy"},
	{0},
};

/*
 * config-linux.md.  rootfsPropagation: the schema knows four words, engines also write their
 * recursive forms (rslave, rshared).
 */
const struct field linux_fields[] = {
	{NULL,                decode_at,          AT(at)},
	{"namespaces",        decode_namespaces,  AT(namespaces)},
	{"uidMappings",       decode_id_mappings, AT(uid_mappings)},
	{"gidMappings",       decode_id_mappings, AT(gid_mappings)},
	{"timeOffsets",       decode_object,      0, .fields = time_fields},
	{"devices",           decode_list,        AT(devices), .fields = device_fields,
	 .size = sizeof(struct device)},
	{"netDevices",        decode_map,         AT(net_devices), .fields = net_device_fields,
	 .size = sizeof(struct net_device)},
	{"cgroupsPath",       decode_option,      AT(cgroups_path)},
	{"resources",         decode_object,      AT(resources), .fields = resources_fields},
	{"sysctl",            decode_pairs,       AT(sysctl)},
	{"seccomp",           decode_object,      AT(seccomp), .fields = seccomp_fields},
	{"rootfsPropagation", decode_word,        AT(rootfs_propagation), .names = propagation_names,
	 .what = "a mount propagation"},
	{"maskedPaths",       decode_texts,       AT(masked_paths)},
	{"readonlyPaths",     decode_texts,       AT(readonly_paths)},
	{"mountLabel",        decode_option,      AT(mount_label)},
	{"personality",       decode_object,      0, .fields = personality_fields},
	{"intelRdt",          decode_object,      AT(intel_rdt), .fields = rdt_fields},
	{"memoryPolicy",      decode_object,      AT(memory_policy), .fields = memory_policy_fields},
	{0},
};
