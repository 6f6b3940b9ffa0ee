/*
 * scheduler - process.scheduler and process.ioPriority: set by the parent, by pid, because what they need
 * (CAP_SYS_NICE on the host) is what a container's own user namespace does not give.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/config.h"

#include <sys/types.h>

/* sched_setattr(2), version 1; libc's headers have it since glibc 2.41 only. */
struct scheduler_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

/* The words as numbers; `s` is valid (config_validate). */
void scheduler_attr(const struct scheduler *s, struct scheduler_attr *ret);

/*
 * Not before the process is in its group: a real-time process cannot join a v1 group without a real-time budget,
 * and a deadline is refused to whoever may not use every processor, as our caller may not.
 */
int scheduler_set(pid_t pid, const struct scheduler *s, struct error *err);
int io_priority_set(pid_t pid, const struct io_priority *io, struct error *err);
