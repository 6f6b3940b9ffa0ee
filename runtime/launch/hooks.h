/*
 * hooks - the hooks that run in the runtime's namespace (config.md "POSIX-platform
 * Hooks"): prestart, createRuntime, poststart, poststop.  createContainer and
 * startContainer run inside and are steps of the plan (runtime/init).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <stddef.h>

/*
 * Runs them in the listed order, each with `state` (`len` bytes) on its standard input (a
 * hook that does not read it is no error: no EPIPE, no SIGPIPE), with exactly its own args and
 * env, standard output and error ours, no other fd, signal mask and dispositions default.
 * After `timeout` seconds a hook is killed.  The first that fails (non-zero exit, signal,
 * timeout, no such program) ends the row: the error names its kind, path, what
 * it did, and its place.  Except among poststop hooks, where a failure is a warning and
 * the rest run (runtime.md "Lifecycle").
 *
 * A hook without `env` gets our environment, as runc and crun do (it needs its PATH); with an
 * empty one it gets an empty one.  SIGCHLD must not be ignored.
 */
int hooks_run(const struct hooks *hooks, enum hook_kind kind, const char *state, size_t len,
              struct error *err);
/*
 * From now on a signal that ends us (foreground_interrupted) ends a running hook too, and hooks_run
 * fails; -1: no more.  `signal_fd` stays the caller's.
 */
void hooks_interrupt_by(int signal_fd);
/* "createRuntime" ... as in config.json. */
const char *hook_kind_name(enum hook_kind kind);
