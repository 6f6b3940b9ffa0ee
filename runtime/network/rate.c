/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/rate.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#define BURST_MIN 16384         /* bytes: ten packets */
#define HEADERS 64              /* bytes that a packet has beside its MTU */

static uint32_t cut(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

void rate_limit(struct netlink_batch *b, uint32_t index, uint64_t bits, uint32_t mtu)
{
	struct tcmsg head = {.tcm_ifindex = (int)index, .tcm_parent = TC_H_ROOT};
	uint64_t bytes = bits / 8 ?: 1;
	uint32_t burst = cut(bytes / 100);      /* 10 ms */
	struct tc_tbf_qopt options = {.rate = {.linklayer = TC_LINKLAYER_ETHERNET, .rate = cut(bytes)}};
	size_t nest;

	if (burst < BURST_MIN)
		burst = BURST_MIN;
	if (burst < mtu + HEADERS)
		burst = mtu + HEADERS;
	options.limit = cut(bytes / 20 + burst);        /* 50 ms wait at most */
	message_begin(b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	message_string(b, TCA_KIND, "tbf");
	nest = message_nest(b, TCA_OPTIONS);
	message_put(b, TCA_TBF_PARMS, &options, sizeof(options));
	message_u32(b, TCA_TBF_BURST, burst);
	if (bytes > UINT32_MAX)
		message_put(b, TCA_TBF_RATE64, &bytes, sizeof(bytes));
	message_nest_end(b, nest);
}
