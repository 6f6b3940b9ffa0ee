/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/legacy.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"

#define TABLE "filter"

/* What differs between the two families; the structs of info and entries are laid out alike. */
static const struct family {
	uint8_t family;
	const char *names;
	int level, get_info, get_entries;
	size_t entry;                   /* before its target */
} families[] = {
	{AF_INET, "/proc/net/ip_tables_names", IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES, sizeof(struct ipt_entry)},
	{AF_INET6, "/proc/net/ip6_tables_names", IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES, sizeof(struct ip6t_entry)},
};

_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "one struct for both");
_Static_assert(offsetof(struct ipt_get_entries, entrytable) == offsetof(struct ip6t_get_entries, entrytable), "one struct for both");

static bool has_table(const struct family *f)
{
	cleanup_file FILE *names = fopen(f->names, "re");
	char line[64];
	bool found = false;

	while (names && !found && fgets(line, sizeof(line), names))
		found = strcmp(line, TABLE "\n") == 0;
	return found;
}

/* The chain's policy is the verdict of the rule at its end, which has no matches. */
static bool is_drop(const struct family *f, const struct ipt_getinfo *info, const char *entries)
{
	uint32_t at = info->underflow[NF_INET_FORWARD];
	struct xt_standard_target target;

	if (at > info->size || info->size - at < f->entry + sizeof(target))
		return false;
	memcpy(&target, entries + at + f->entry, sizeof(target));
	return *target.target.u.user.name == '\0' && target.verdict == -NF_DROP - 1;
}

static bool ask(const struct family *f, int fd)
{
	struct ipt_getinfo info = {.name = TABLE};
	socklen_t len = sizeof(info);
	cleanup_free struct ipt_get_entries *all = NULL;

	if (getsockopt(fd, f->level, f->get_info, &info, &len) < 0 || !(info.valid_hooks >> NF_INET_FORWARD & 1))
		return false;
	len = (socklen_t)(offsetof(struct ipt_get_entries, entrytable) + info.size);
	all = calloc(1, len);
	if (!all)
		return false;
	strcpy(all->name, TABLE);
	all->size = info.size;
	return getsockopt(fd, f->level, f->get_entries, all, &len) == 0 && is_drop(f, &info, (const char *)all->entrytable);
}

bool legacy_drops_forward(uint8_t family)
{
	const struct family *f = &families[family == AF_INET6];
	cleanup_close int fd = has_table(f) ? socket(f->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW) : -1;

	return fd >= 0 && ask(f, fd);
}
