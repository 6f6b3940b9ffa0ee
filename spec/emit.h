/*
 * emit - JSON as it is written: states, lists, the default configuration.
 *
 * A buffer that grows; separators and indentation are the emitter's business, so a caller only says
 * what comes next.  Byte-exact: hooks and engines compare texts, so neither slashes nor
 * anything else that RFC 8259 allows to stand as it is gets escaped.  Strings that are not
 * UTF-8 (a path of the host may be anything) have U+FFFD for each byte that is not: JSON cannot
 * hold them.
 * Running out of memory is remembered and reported once, by emit_finish.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EMIT_PID_WIDTH 10       /* digits that a pid_t may have */

struct emitter {
	bool pretty;            /* a line for each value, two spaces for each level, as runc's `state` */
	const char *indent;     /* for each level, instead of two spaces */
	char *text;
	size_t len, room;
	unsigned depth;
	bool first;             /* nothing stands in the innermost object or array yet */
	bool after_key;
	bool failed;
	const char *key;        /* the last one; */
	const char *foreign, *foreign_key;      /* the first string that was not UTF-8, and where; NULL: none */
};

void emit_object(struct emitter *e);
void emit_end_object(struct emitter *e);
void emit_array(struct emitter *e);
void emit_end_array(struct emitter *e);
void emit_key(struct emitter *e, const char *key);
void emit_string(struct emitter *e, const char *s);
void emit_int(struct emitter *e, int64_t n);
void emit_uint(struct emitter *e, uint64_t n);
void emit_bool(struct emitter *e, bool truth);
/* `len` bytes that are JSON already, as they are. */
void emit_raw(struct emitter *e, const char *text, size_t len);
/* `width` blanks where a number will be written later; the offset of the first. */
size_t emit_hole(struct emitter *e, unsigned width);

void emit_key_string(struct emitter *e, const char *key, const char *s);
void emit_key_int(struct emitter *e, const char *key, int64_t n);
void emit_key_uint(struct emitter *e, const char *key, uint64_t n);
void emit_key_bool(struct emitter *e, const char *key, bool truth);
/* {"key": {"a": "b", ...}} of a map */
void emit_key_pairs(struct emitter *e, const char *key, const struct pairs *pairs);
/* Nothing, key and all, where the value is not set. */
void emit_key_opt_int(struct emitter *e, const char *key, const struct opt_int *n);
void emit_key_opt_uint(struct emitter *e, const char *key, const struct opt_uint *n);
/* Nothing where there are none. */
void emit_key_throttle(struct emitter *e, const char *key, const struct throttle_devices *list);

/* *ret is malloc'ed, terminated, the caller's; the emitter is empty afterwards.  -ENOMEM. */
int emit_finish(struct emitter *e, char **ret, size_t *ret_len, struct error *err);

/*
 * The state of the runtime-spec (runtime.md "State"), as hooks get it: compact, keys in this order.
 * `pid` 0: a hole of EMIT_PID_WIDTH blanks at *ret_hole, for who knows the pid (blanks in front of
 * a number are JSON, so digits may stand anywhere in it); with status "stopped" no pid at all.
 */
int emit_state(const struct config *config, const char *id, const char *bundle, const char *status,
               pid_t pid, char **ret, size_t *ret_len, size_t *ret_hole, struct error *err);

/*
 * The container process state (config-linux.md), as a seccomp agent gets it with the listener's fd.
 */
int emit_process_state(const struct config *config, const char *id, const char *bundle, const char *status,
                       pid_t pid, char **ret, size_t *ret_len, struct error *err);

/*
 * What `crun-lite spec` writes; with tabs if `e` is pretty and has no indent.  `rootless`: in a
 * user namespace whose root is who runs this, with what such a user may have (the host's network,
 * no limits).
 */
void emit_default_config(struct emitter *e, bool rootless);
/* The same with annotations, and with or without a network namespace of its own. */
void emit_annotated_config(struct emitter *e, bool rootless, bool network, const struct pairs *annotations);
