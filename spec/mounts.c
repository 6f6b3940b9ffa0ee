/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/chapters.h"

static const struct field id_mapping_fields[] = {
	{NULL,          decode_at,  offsetof(struct id_mapping, at)},
	{"containerID", decode_u32, offsetof(struct id_mapping, container_id), .required = true},
	{"hostID",      decode_u32, offsetof(struct id_mapping, host_id),      .required = true},
	{"size",        decode_u32, offsetof(struct id_mapping, size),         .required = true},
	{0},
};

DECODER(decode_id_mappings)
{
	static const struct field list = {.fields = id_mapping_fields, .size = sizeof(struct id_mapping)};
	struct id_mappings *mappings = dest;
	int r = decode_list(doc, value, &mappings->n, &list, err);

	if (r == 0) {
		mappings->set = true;
		mappings->at = json_source(value);
	}
	return r;
}

/* config.md "Mounts" */
const struct field mount_fields[] = {
	{NULL,          decode_at,          offsetof(struct mount, at)},
	{"destination", decode_text,        offsetof(struct mount, destination), .required = true},
	{"source",      decode_option,      offsetof(struct mount, source)},
	{"type",        decode_option,      offsetof(struct mount, type)},
	{"options",     decode_texts,       offsetof(struct mount, options)},
	{"uidMappings", decode_id_mappings, offsetof(struct mount, uid_mappings)},
	{"gidMappings", decode_id_mappings, offsetof(struct mount, gid_mappings)},
	{0},
};
