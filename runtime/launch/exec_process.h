/*
 * exec_process - what `exec` runs: the container's process, or one of a file, and what the command line changes of it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/launch/options.h"
#include "spec/config.h"

/*
 * `container`: the configuration as it was at create.  *ret is that one, changed, or with --process the file's, which then
 * has the container's other chapters (without their places: errors are blamed on the file); *ret_file owns it, or is NULL.
 * What the file leaves out of capabilities, rlimits, labels and oomScoreAdj is the container's.
 */
int exec_process(const struct exec_options *options, struct config *container, struct config **ret,
                 struct config **ret_file, struct error *err);

/*
 * The plan of that process, into l->plan; l->config is what exec_process said.  `namespaces`: CLONE_NEW* to join; `moved`:
 * into its group, when it is there.
 */
struct launch;
int exec_plan(struct launch *l, const struct exec_options *options, const struct config *container, uint32_t namespaces,
              bool moved, struct error *err);

/* A decimal number that can be an id: not -1, which setresuid(2) takes for "as it is" (V06, V29).  For tests. */
bool exec_parse_id(const char *text, size_t len, uint32_t *ret);
