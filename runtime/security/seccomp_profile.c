/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/security/seccomp_profile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sys.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct action {
	const char *name;
	uint32_t value;
	bool takes_errno;
	bool permits; /* the system call happens */
} actions[] = {
	{"SCMP_ACT_ALLOW",        SECCOMP_RET_ALLOW,        false, true },
	{"SCMP_ACT_ERRNO",        SECCOMP_RET_ERRNO,        true,  false},
	{"SCMP_ACT_KILL",         SECCOMP_RET_KILL_THREAD,  false, false},
	{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false, false},
	{"SCMP_ACT_KILL_THREAD",  SECCOMP_RET_KILL_THREAD,  false, false},
	{"SCMP_ACT_LOG",          SECCOMP_RET_LOG,          false, true },
	{"SCMP_ACT_NOTIFY",       SECCOMP_RET_USER_NOTIF,   false, false},
	{"SCMP_ACT_TRACE",        SECCOMP_RET_TRACE,        true,  true },
	{"SCMP_ACT_TRAP",         SECCOMP_RET_TRAP,         false, false},
};

static const struct {
	const char *name;
	enum bpf_compare value;
} operators[] = {
	{"SCMP_CMP_EQ",        BPF_COMPARE_EQ       },
        {"SCMP_CMP_GE",        BPF_COMPARE_GE       },
	{"SCMP_CMP_GT",        BPF_COMPARE_GT       },
        {"SCMP_CMP_LE",        BPF_COMPARE_LE       },
	{"SCMP_CMP_LT",        BPF_COMPARE_LT       },
        {"SCMP_CMP_MASKED_EQ", BPF_COMPARE_MASKED_EQ},
	{"SCMP_CMP_NE",        BPF_COMPARE_NE       },
};

static const struct {
	const char *name;
	uint32_t value;
} flags[] = {
	{"SECCOMP_FILTER_FLAG_LOG",                SECCOMP_FILTER_FLAG_LOG       },
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW",         SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_TSYNC",              SECCOMP_FILTER_FLAG_TSYNC     },
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0                             }, /* see listener_flags */
};

int seccomp_unknown(const struct text *what, const char *kind, struct error *err)
{
	error_set(err, EINVAL, "seccomp: unknown %s \"%s\"", kind, what->s ? what->s : "");
	return error_locate(err, what->at);
}

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; name && i < COUNT(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* defaultAction with defaultErrnoRet, or action with errnoRet. */
static int read_action(const struct text *name, const struct opt_uint *number, uint32_t *ret,
		       bool *ret_permits, struct error *err)
{
	const struct action *action = find_action(name->s);

	if (action == NULL)
		return seccomp_unknown(name, "action", err);
	/* config-linux.md: an errno for an action that takes none MUST be an error. */
	if (number->set && !action->takes_errno) {
		error_set(err, EINVAL, "seccomp: %s takes no errno", name->s);
		return error_locate(err, number->at);
	}
	if (number->set && number->value > SECCOMP_RET_DATA) {
		error_set(err, EINVAL, "seccomp: %llu is not an errno",
			  (unsigned long long)number->value);
		return error_locate(err, number->at);
	}
	*ret = action->value;
	if (action->takes_errno)
		*ret |= number->set ? (uint32_t)number->value : EPERM;
	*ret_permits = action->permits;
	return 0;
}

static int read_flags(const struct texts *names, uint32_t *ret, struct error *err)
{
	uint32_t value = 0;

	/* As runc: absent is not the same as an empty list. */
	if (!names->set)
		value = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0, k; i < names->n; i++) {
		for (k = 0; k < COUNT(flags) && strcmp(flags[k].name, names->v[i].s) != 0;)
			k++;
		if (k == COUNT(flags))
			return seccomp_unknown(&names->v[i], "flag", err);
		value |= flags[k].value;
	}
	*ret = value;
	return 0;
}

/*
 * WAIT_KILLABLE_RECV belongs to a listener: the kernel answers EINVAL to it without one, so elsewhere it
 * is taken and means nothing.  TSYNC must not reach the thread that hands the listener over
 * (init/listener.c); init has no other.
 */
static uint32_t listener_flags(const struct texts *names)
{
	uint32_t value = SECCOMP_FILTER_FLAG_NEW_LISTENER;

	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i].s, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") == 0)
			value |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return value;
}

static int read_condition(const struct seccomp_arg *arg, struct bpf_condition *ret,
			  struct error *err)
{
	size_t i = 0;

	if (arg->index > 5) {
		error_set(err, EINVAL, "seccomp: a system call has no argument %u", arg->index);
		return error_locate(err, arg->at);
	}
	while (i < COUNT(operators) && (!arg->op.s || strcmp(operators[i].name, arg->op.s) != 0))
		i++;
	if (i == COUNT(operators))
		return seccomp_unknown(&arg->op, "operator", err);
	*ret = (struct bpf_condition){arg->index, operators[i].value, arg->value, 0};
	if (ret->op == BPF_COMPARE_MASKED_EQ) {
		ret->mask = arg->value;
		ret->value = arg->value_two;
	}
	return 0;
}

static int read_rule(const struct seccomp_rule *from, struct bpf_condition *room, struct profile_rule *ret,
		     struct error *err)
{
	unsigned seen = 0;
	int r;

	*ret = (struct profile_rule){.from = from, .n = from->args.n, .conditions = room};
	r = read_action(&from->action, &from->errno_ret, &ret->action, &ret->permits, err);
	for (size_t i = 0; i < from->args.n && r == 0; i++) {
		r = read_condition(&from->args.v[i], &room[i], err);
		/* As runc: two conditions on one argument are alternatives. */
		ret->any |= seen >> from->args.v[i].index & 1;
		seen |= 1u << from->args.v[i].index;
	}
	return r;
}

static int read_rules(const struct seccomp *from, struct seccomp_profile *ret, struct error *err)
{
	struct bpf_condition *room;
	size_t n = 0;

	for (size_t i = 0; i < from->syscalls.n; i++)
		n += from->syscalls.v[i].args.n;
	ret->rules = calloc(from->syscalls.n + 1, sizeof(*ret->rules));
	ret->conditions = room = calloc(n + 1, sizeof(*room));
	if (ret->rules == NULL || room == NULL)
		return error_set(err, ENOMEM, "compile the seccomp profile");
	for (size_t i = 0; i < from->syscalls.n; i++) {
		int r = read_rule(&from->syscalls.v[i], room, &ret->rules[i], err);

		if (r < 0)
			return r;
		room += ret->rules[i].n;
		ret->n++;
	}
	return 0;
}

/*
 * As runc: a system call that is newer than the newest one that the profile names was not
 * denied but not known when the profile was written, and gets ENOSYS, on which C
 * libraries fall back to an older one; EPERM would break them.
 */
static int read_default(const struct seccomp *from, struct seccomp_profile *ret, struct error *err)
{
	bool permits = false;
	int r = read_action(&from->default_action, &from->default_errno_ret, &ret->otherwise, &permits, err);

	/* Who wants to be asked about everything is asked about new calls too. */
	permits |= ret->otherwise == SECCOMP_RET_USER_NOTIF;
	ret->beyond = permits ? ret->otherwise : SECCOMP_RET_ERRNO | ENOSYS;
	return r;
}

int seccomp_profile_read(const struct seccomp *from, struct seccomp_profile *ret, struct error *err)
{
	int r;

	*ret = (struct seccomp_profile){0};
	r = read_flags(&from->flags, &ret->flags, err);
	if (seccomp_notifies(from))
		ret->flags = (ret->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC) | listener_flags(&from->flags);
	r = r ?: read_default(from, ret, err);
	return r ?: read_rules(from, ret, err);
}

void seccomp_profile_free(struct seccomp_profile *profile)
{
	free(profile->rules);
	free(profile->conditions);
}

uint32_t seccomp_flag(const char *name)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		if (strcmp(flags[i].name, name) == 0)
			return flags[i].value;
	return 0;
}
