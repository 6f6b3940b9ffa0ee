/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/security/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/security/seccomp_bpf.h"
#include "runtime/security/seccomp_cache.h"
#include "runtime/security/seccomp_calls.h"
#include "runtime/security/seccomp_profile.h"

static int compile(const struct seccomp *from, struct seccomp_filter *ret, struct error *err)
{
	__attribute__((cleanup(seccomp_profile_free))) struct seccomp_profile profile;
	struct sock_filter *code;
	int r = seccomp_profile_read(from, &profile, err);

	*ret = (struct seccomp_filter){.flags = profile.flags};
	r = r ?: seccomp_calls_compile(from, &profile, &code, &ret->n, err);
	if (r == 0)
		ret->bytes = code;
	return r;
}

static uint32_t decide(const struct seccomp_filter *filter, int nr, const uint64_t args[6])
{
	struct seccomp_data data = {.nr = nr, .arch = seccomp_native_arch()};

	memcpy(data.args, args, sizeof(data.args));
	return seccomp_bpf_decide(filter->bytes, filter->n, &data) & SECCOMP_RET_ACTION_FULL;
}

bool seccomp_allows(const struct seccomp_filter *filter, int nr, const uint64_t args[6])
{
	uint32_t action = decide(filter, nr, args);

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* What init does until the agent has the listener (init/listener.c): notified is as good as allowed. */
static bool may_wait(const struct seccomp_filter *filter)
{
	static const uint64_t none[6];

	return seccomp_allows(filter, SYS_futex, none) || decide(filter, SYS_futex, none) == SECCOMP_RET_USER_NOTIF;
}

static int compile_or_read(const struct seccomp *profile, int cache_dir, struct seccomp_filter *ret, struct error *err)
{
	const struct seccomp_cache_key key = {
		.text = profile->raw,
		.len = profile->raw_len,
		.library = seccomp_library(),
		.arch = seccomp_native_arch(),
	};
	bool cached = cache_dir >= 0 && profile->raw != NULL;
	struct seccomp_filter filter;
	int r;

	if (cached && seccomp_cache_read(cache_dir, &key, ret))
		return 0;
	r = compile(profile, &filter, err);
	if (r < 0)
		return r;
	if (cached)
		seccomp_cache_write(cache_dir, &key, &filter);
	*ret = filter;
	return 0;
}

int seccomp_compile(const struct seccomp *profile, int cache_dir, struct seccomp_filter *ret, struct error *err)
{
	int r = compile_or_read(profile, cache_dir, ret, err);

	if (r == 0 && (ret->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		ret->may_wait = may_wait(ret);
	return r;
}

void seccomp_filter_free(struct seccomp_filter *filter)
{
	free(filter->bytes);
	*filter = (struct seccomp_filter){0};
}

/* seccomp(2): flags are looked at before the program, which is not there. */
bool seccomp_supports(const char *flag)
{
	uint32_t value = seccomp_flag(flag);

	if (strcmp(flag, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") == 0)
		value = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return value && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, value, NULL) < 0 && errno == EFAULT;
}
