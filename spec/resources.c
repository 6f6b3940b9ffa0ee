/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/chapters.h"

#include <errno.h>
#include <string.h>

#define AT(member) offsetof(struct resources, member)

/* ---- config-linux.md "Allowed Device list" ---- */

static const struct name rule_types[] = {
	{"a", 'a'},
	{"b", 'b'},
	{"c", 'c'},
	{0},
};

/* What an absent type or access means: all. */
static DECODER(decode_rule_defaults)
{
	struct device_rule *rule = dest;

	rule->type = 'a';
	rule->read = rule->write = rule->mknod = true;
	return 0;
}

static DECODER(decode_rule_type)
{
	if (value->type == JSON_STRING && value->len == 0)
		return 0;
	return decode_letter(doc, value, dest, f, err);
}

static DECODER(decode_access)
{
	struct device_rule *rule = dest;
	const char *access = NULL;
	int r = decode_string(doc, value, &access, f, err);

	if (r < 0 || *access == '\0')
		return r;
	if (access[strspn(access, "rwm")] != '\0') {
		error_set(err, EINVAL, "\"%.40s\" is not made of the letters r, w and m", access);
		return error_locate(err, json_source(value));
	}
	rule->read = strchr(access, 'r') != NULL;
	rule->write = strchr(access, 'w') != NULL;
	rule->mknod = strchr(access, 'm') != NULL;
	return 0;
}

static const struct field device_fields[] = {
	{NULL,     decode_at,            offsetof(struct device_rule, at)},
	{NULL,     decode_rule_defaults, 0},
	{"allow",  decode_bool,          offsetof(struct device_rule, allow), .required = true},
	{"type",   decode_rule_type,     offsetof(struct device_rule, type), .names = rule_types,
	 .what = "a device type of a rule"},
	{"major",  decode_opt_int,       offsetof(struct device_rule, major), .min = -1, .max = INT64_MAX},
	{"minor",  decode_opt_int,       offsetof(struct device_rule, minor), .min = -1, .max = INT64_MAX},
	{"access", decode_access,        0},
	{0},
};

/* ---- controllers ---- */

/* -1: none.  Nothing else below zero means anything. */
#define LIMIT .min = -1, .max = INT64_MAX

static const struct field memory_fields[] = {
	{NULL,                decode_set,      AT(memory.set)},
	{"limit",             decode_opt_int,  AT(memory.limit), LIMIT},
	{"reservation",       decode_opt_int,  AT(memory.reservation), LIMIT},
	{"swap",              decode_opt_int,  AT(memory.swap), LIMIT},
	{"kernel",            decode_opt_int,  AT(memory.kernel), LIMIT},
	{"kernelTCP",         decode_opt_int,  AT(memory.kernel_tcp), LIMIT},
	{"swappiness",        decode_opt_uint, AT(memory.swappiness)},
	{"disableOOMKiller",  decode_opt_bool, AT(memory.disable_oom_killer)},
	{"useHierarchy",      decode_opt_bool, AT(memory.use_hierarchy)},
	{"checkBeforeUpdate", decode_opt_bool, AT(memory.check_before_update)},
	{0},
};

static const struct field cpu_fields[] = {
	{NULL,              decode_set,      AT(cpu.set)},
	{"shares",          decode_opt_uint, AT(cpu.shares)},
	{"quota",           decode_opt_int,  AT(cpu.quota)},
	{"period",          decode_opt_uint, AT(cpu.period)},
	{"burst",           decode_opt_uint, AT(cpu.burst)},
	{"realtimeRuntime", decode_opt_int,  AT(cpu.realtime_runtime)},
	{"realtimePeriod",  decode_opt_uint, AT(cpu.realtime_period)},
	{"idle",            decode_opt_int,  AT(cpu.idle)},
	{"cpus",            decode_option,   AT(cpu.cpus)},
	{"mems",            decode_option,   AT(cpu.mems)},
	{0},
};

#define NUMBER .min = 0, .max = UINT32_MAX

static const struct field weight_device_fields[] = {
	{NULL,         decode_at,       offsetof(struct weight_device, at)},
	{"major",      decode_i64,      offsetof(struct weight_device, major), .required = true, NUMBER},
	{"minor",      decode_i64,      offsetof(struct weight_device, minor), .required = true, NUMBER},
	{"weight",     decode_opt_uint, offsetof(struct weight_device, weight),      .max = UINT16_MAX},
	{"leafWeight", decode_opt_uint, offsetof(struct weight_device, leaf_weight), .max = UINT16_MAX},
	{0},
};

static const struct field throttle_fields[] = {
	{NULL,    decode_at,  offsetof(struct throttle_device, at)},
	{"major", decode_i64, offsetof(struct throttle_device, major), .required = true, NUMBER},
	{"minor", decode_i64, offsetof(struct throttle_device, minor), .required = true, NUMBER},
	{"rate",  decode_u64, offsetof(struct throttle_device, rate)},
	{0},
};

#define THROTTLE .fields = throttle_fields, .size = sizeof(struct throttle_device)

static const struct field block_io_fields[] = {
	{NULL,                      decode_set,      AT(block_io.set)},
	{"weight",                  decode_opt_uint, AT(block_io.weight),      .max = UINT16_MAX},
	{"leafWeight",              decode_opt_uint, AT(block_io.leaf_weight), .max = UINT16_MAX},
	{"weightDevice",            decode_list,     AT(block_io.weight_devices),
	 .fields = weight_device_fields, .size = sizeof(struct weight_device)},
	{"throttleReadBpsDevice",   decode_list,     AT(block_io.read_bps),   THROTTLE},
	{"throttleWriteBpsDevice",  decode_list,     AT(block_io.write_bps),  THROTTLE},
	{"throttleReadIOPSDevice",  decode_list,     AT(block_io.read_iops),  THROTTLE},
	{"throttleWriteIOPSDevice", decode_list,     AT(block_io.write_iops), THROTTLE},
	{0},
};

/* config-linux.md "Huge page limits": [1-9][0-9]*[KMG]B, as sysfs names its directories. */
static DECODER(decode_page_size)
{
	int r = decode_text(doc, value, dest, f, err);
	const char *s = value->text;
	size_t digits;

	if (r < 0)
		return r;
	digits = strspn(s, "0123456789");
	if (*s != '0' && digits > 0 && s[digits] && strchr("KMG", s[digits]) &&
	    strcmp(s + digits + 1, "B") == 0)
		return 0;
	error_set(err, EINVAL, "\"%.40s\" is not a page size", s);
	error_hint(err, "such as \"64KB\", \"2MB\" or \"1GB\"");
	return error_locate(err, json_source(value));
}

static const struct field hugepage_fields[] = {
	{NULL,       decode_at,        offsetof(struct hugepage_limit, at)},
	{"pageSize", decode_page_size, offsetof(struct hugepage_limit, page_size), .required = true},
	{"limit",    decode_u64,       offsetof(struct hugepage_limit, limit),     .required = true},
	{0},
};

static const struct field net_priority_fields[] = {
	{NULL,       decode_at,     offsetof(struct net_priority, at)},
	{"name",     decode_string, offsetof(struct net_priority, name),     .required = true},
	{"priority", decode_u64,    offsetof(struct net_priority, priority), .required = true,
	 .max = UINT32_MAX},
	{0},
};

static const struct field network_fields[] = {
	{NULL,         decode_set,      AT(network.set)},
	{"classID",    decode_opt_uint, AT(network.class_id), .max = UINT32_MAX},
	{"priorities", decode_list,     AT(network.priorities), .fields = net_priority_fields,
	 .size = sizeof(struct net_priority)},
	{0},
};

static const struct field pids_fields[] = {
	{"limit", decode_opt_int, AT(pids_limit), .required = true, LIMIT},
	{0},
};

static const struct field rdma_fields[] = {
	{NULL,         decode_at,       offsetof(struct rdma_limit, at)},
	{"hcaHandles", decode_opt_uint, offsetof(struct rdma_limit, hca_handles), .max = UINT32_MAX},
	{"hcaObjects", decode_opt_uint, offsetof(struct rdma_limit, hca_objects), .max = UINT32_MAX},
	{0},
};

/* config-linux.md "Control groups" */
const struct field resources_fields[] = {
	{NULL,             decode_set,    AT(set)},
	{NULL,             decode_at,     AT(at)},
	{"devices",        decode_list,   AT(devices), .fields = device_fields,
	 .size = sizeof(struct device_rule)},
	{"memory",         decode_object, 0, .fields = memory_fields},
	{"cpu",            decode_object, 0, .fields = cpu_fields},
	{"blockIO",        decode_object, 0, .fields = block_io_fields},
	{"hugepageLimits", decode_list,   AT(hugepage_limits), .fields = hugepage_fields,
	 .size = sizeof(struct hugepage_limit)},
	{"network",        decode_object, 0, .fields = network_fields},
	{"pids",           decode_object, 0, .fields = pids_fields},
	{"rdma",           decode_map,    AT(rdma), .fields = rdma_fields,
	 .size = sizeof(struct rdma_limit)},
	{"unified",        decode_pairs,  AT(unified)},
	{0},
};
