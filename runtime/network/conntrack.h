/*
 * conntrack - connections that the kernel remembers, and would go on sending where they went before.
 *
 * A packet's way is decided when its connection is first seen.  A client that sends UDP from one port, again and again
 * (DNS, QUIC, syslog), to a port that is published or taken back meanwhile stays on the old way for as long as it sends.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/table.h"

/* Forgets the UDP connections to the ports of the host in `rules`; a kernel that cannot has none, or keeps them: a warning. */
void conntrack_forget(struct netlink *netlink, const struct port_rule *rules, size_t n);
/* Pure: the message that forgets the UDP connections to one port of the host (`type` IPCTNL_MSG_CT_DELETE), or asks for them. */
void conntrack_build(struct netlink_batch *batch, unsigned type, uint8_t family, uint16_t port);
