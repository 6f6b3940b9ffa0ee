/*
 * validate_seccomp - config-linux.md "Seccomp".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/checks.h"

#include <string.h>

/* An errno for an action that supports none is an error. */
static int check_errno(const struct text *action, const struct opt_uint *number, struct error *err)
{
	if (!number->set || strcmp(action->s, "SCMP_ACT_ERRNO") == 0 ||
	    strcmp(action->s, "SCMP_ACT_TRACE") == 0)
		return 0;
	return refuse(err, number->at, "%s takes no errno", action->s);
}

/* Without a listener there is nobody to notify. */
static int check_listener(const struct seccomp *s, const struct text *action, struct error *err)
{
	if (s->listener_path.s || strcmp(action->s, "SCMP_ACT_NOTIFY") != 0)
		return 0;
	return refuse(err, action->at, "SCMP_ACT_NOTIFY needs a listenerPath");
}

static int check_seccomp_rule(const struct seccomp *s, const struct seccomp_rule *rule,
                              struct error *err)
{
	int r = check_errno(&rule->action, &rule->errno_ret, err);

	for (size_t i = 0; r == 0 && i < rule->args.n; i++)
		if (rule->args.v[i].index > 5)
			r = refuse(err, rule->args.v[i].at,
			           "a system call has arguments 0 to 5, not %u", rule->args.v[i].index);
	return r < 0 ? r : check_listener(s, &rule->action, err);
}

int check_seccomp(const struct config *config, struct error *err)
{
	const struct seccomp *s = &config->linux_.seccomp;
	int r;

	if (!s->set)
		return 0;
	if (s->listener_metadata.s && !s->listener_path.s)
		return refuse(err, s->listener_metadata.at, "listenerMetadata needs a listenerPath");
	/* create and start may have different working directories. */
	if (seccomp_notifies(s) && s->listener_path.s && s->listener_path.s[0] != '/')
		return refuse(err, s->listener_path.at, "listenerPath is not absolute");
	r = check_errno(&s->default_action, &s->default_errno_ret, err);
	if (r == 0)
		r = check_listener(s, &s->default_action, err);
	for (size_t i = 0; r == 0 && i < s->syscalls.n; i++)
		r = check_seccomp_rule(s, &s->syscalls.v[i], err);
	return r;
}
