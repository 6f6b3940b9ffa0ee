/*
 * address - how people write what networks are made of: 10.89.0.5, fd00::/64, 02:42:..., 10mbit, 8080:80/udp.
 *
 * Pure.  What is not exactly one of these is refused: an octet with a leading zero is octal to some programs and
 * decimal to others, so it is neither here.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"

#define ADDRESS_TEXT_MAX 64     /* bytes, with the NUL: "[" an IPv6 address "]/128" */
#define PUBLISH_TEXT_MAX 128

bool address_parse_ip(const char *text, struct ip *ret);
/* "10.89.0.0/24"; with `host_bits` they may be set ("10.89.0.5/24"), else they must be 0. */
bool address_parse_subnet(const char *text, bool host_bits, struct subnet *ret);
/* Six bytes; not a group's, not all zeros. */
bool address_parse_mac(const char *text, struct mac *ret);
/* Bits per second: "10mbit", "1.5gbit", "800kbit", "1000000"; decimal, as tc(8). */
bool address_parse_rate(const char *text, uint64_t *ret);
/* 1 to `max`. */
bool address_parse_number(const char *text, uint32_t max, uint32_t *ret);
/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, shorter than NETWORK_NAME_MAX. */
bool address_is_name(const char *text);
/* Of a device: not "." or "..", no "/", no ":", no "%", no space, shorter than IFNAMSIZ. */
bool address_is_interface(const char *text);
/* A host name with its dots, for the hosts file. */
bool address_is_host(const char *text);

/* [[IP:]HOST[-END]:]CONTAINER[-END][/PROTOCOL].  Errors name the part that is wrong. */
int address_parse_publish(const char *text, struct publish *ret, struct error *err);

/* The words, in `buf`, which is returned. */
const char *address_ip(const struct ip *ip, char buf[ADDRESS_TEXT_MAX]);
const char *address_subnet(const struct subnet *subnet, char buf[ADDRESS_TEXT_MAX]);
const char *address_mac(const struct mac *mac, char buf[ADDRESS_TEXT_MAX]);
const char *address_publish(const struct publish *publish, char buf[PUBLISH_TEXT_MAX]);
const char *address_protocol(uint8_t protocol);

/* 32 or 128. */
static inline unsigned address_bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

bool address_equal(const struct ip *a, const struct ip *b);
bool address_is_in(const struct ip *ip, const struct subnet *subnet);
bool address_overlap(const struct subnet *a, const struct subnet *b);
bool address_is_loopback(const struct ip *ip);
/* The `n`th address of the subnet (0: that of the subnet itself). */
struct ip address_nth(const struct subnet *subnet, uint64_t n);
/* The opposite: which one `ip`, which is in it, is; UINT64_MAX for those beyond 2^63. */
uint64_t address_index(const struct ip *ip, const struct subnet *subnet);
/* How many a container can have: without the subnet's own and, with IPv4, the broadcast address; 2^63 at most. */
uint64_t address_count(const struct subnet *subnet);
/* Do two share a port of the host?  Of one published on all addresses and one on a single address, that one wins there. */
bool publish_clash(const struct publish *a, const struct publish *b);
