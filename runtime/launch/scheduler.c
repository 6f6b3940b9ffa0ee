/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/scheduler.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spec/names.h"

/* linux/ioprio.h */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

static int number_of(const struct name *table, const char *word)
{
	const struct name *row = name_find(table, word);

	return row ? (int)row->value : 0;
}

void scheduler_attr(const struct scheduler *s, struct scheduler_attr *ret)
{
	*ret = (struct scheduler_attr){
		.size = sizeof(*ret),
		.policy = (uint32_t)number_of(scheduler_policy_names, s->policy.s),
		.nice = (int32_t)s->nice,
		.priority = (uint32_t)s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};
	for (size_t i = 0; i < s->flags.n; i++)
		ret->flags |= (uint64_t)number_of(scheduler_flag_names, s->flags.v[i].s);
}

/* "SCHED_FIFO, priority 10": what was asked for, for the message. */
static void describe(const struct scheduler *s, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%s", s->policy.s);

	if (s->priority && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", priority %" PRId64, s->priority);
	if (s->nice && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", nice %" PRId64, s->nice);
	if (s->deadline && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", %" PRIu64 " of %" PRIu64 " ns every %" PRIu64 " ns", s->runtime,
		                      s->deadline, s->period ?: s->deadline);
	for (size_t i = 0; i < s->flags.n && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, ", %s", s->flags.v[i].s);
}

static void hint(const struct scheduler_attr *attr, int code, struct error *err)
{
	bool real_time = attr->policy == SCHED_FIFO || attr->policy == SCHED_RR;

	if (attr->policy == SCHED_DEADLINE && code == EPERM)
		error_hint(err, "SCHED_DEADLINE needs CAP_SYS_NICE and every processor: no cpuset that leaves one out");
	else if (attr->policy == SCHED_DEADLINE && code == EBUSY)
		error_hint(err, "so much time is not left: see the sysctls kernel.sched_rt_runtime_us and _period_us");
	else if (attr->policy == SCHED_DEADLINE && code == EINVAL)
		error_hint(err, "the kernel wants 1024 ns <= runtime <= deadline <= period, within the sysctls "
		                "kernel.sched_deadline_period_min_us and _max_us");
	else if (real_time && code == EPERM)
		error_hint(err, "it needs CAP_SYS_NICE; on cgroup v1 also linux.resources.cpu.realtimeRuntime");
	else if (code == EPERM || code == EACCES)
		error_hint(err, "it needs CAP_SYS_NICE, or a RLIMIT_NICE of the caller that allows it");
	else if (code == EOPNOTSUPP)
		error_hint(err, "this kernel is built without CONFIG_UCLAMP_TASK, which SCHED_FLAG_UTIL_CLAMP_* needs");
	else if (attr->policy == 4)
		error_hint(err, "SCHED_ISO is a reserved name: no kernel has it");
}

int scheduler_set(pid_t pid, const struct scheduler *s, struct error *err)
{
	struct scheduler_attr attr;
	unsigned char all[1024];
	char text[256];

	if (!s->set)
		return 0;
	scheduler_attr(s, &attr);
	memset(all, 0xff, sizeof(all));
	syscall(SYS_sched_setaffinity, pid, sizeof(all), all);
	if (syscall(SYS_sched_setattr, pid, &attr, 0) == 0)
		return 0;
	describe(s, text, sizeof(text));
	error_set(err, errno, "set the scheduler to %s", text);
	hint(&attr, err->code, err);
	return error_locate(err, s->at);
}

int io_priority_set(pid_t pid, const struct io_priority *io, struct error *err)
{
	long value;

	if (!io->set)
		return 0;
	value = (long)number_of(io_priority_names, io->class.s) << IOPRIO_CLASS_SHIFT | io->priority;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) == 0)
		return 0;
	error_set(err, errno, "set the I/O priority to %s, %" PRId64, io->class.s, io->priority);
	if (err->code == EPERM)
		error_hint(err, "IOPRIO_CLASS_RT needs CAP_SYS_NICE or CAP_SYS_ADMIN");
	return error_locate(err, io->at);
}
