/*
 * chapters - the field tables of config.json, one per chapter of the specification.
 *
 * For spec/config.c and for whoever decodes a part alone (exec --process, update --resources).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/decode.h"

extern const struct field process_fields[];     /* struct process */
extern const struct field mount_fields[];       /* struct mount */
extern const struct field hooks_fields[];       /* struct hooks[HOOK_KINDS] */
extern const struct field linux_fields[];       /* struct linux_config */
extern const struct field resources_fields[];   /* struct resources */
extern const struct field seccomp_fields[];     /* struct seccomp */

DECODER(decode_id_mappings);                    /* struct id_mappings */
