/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/units.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};

/* ---- words to values ---- */

bool address_parse_ip(const char *text, struct ip *ret)
{
	struct ip ip = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	/* inet_pton(3) takes no short forms, and glibc's no leading zeros. */
	if (inet_pton(ip.family, text, ip.bytes) != 1)
		return false;
	*ret = ip;
	return true;
}

bool address_parse_number(const char *text, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;

	if (!*text || *text == '0')
		return false;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > max)
			return false;
	}
	*ret = (uint32_t)n;
	return true;
}

/* Clears what is behind the prefix; was anything set there? */
static bool clear_host_bits(struct subnet *s)
{
	bool any = false;

	for (unsigned bit = s->prefix; bit < address_bits(s->address.family); bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		any |= s->address.bytes[bit / 8] & mask;
		s->address.bytes[bit / 8] &= (uint8_t)~mask;
	}
	return any;
}

bool address_parse_subnet(const char *text, bool host_bits, struct subnet *ret)
{
	char buf[ADDRESS_TEXT_MAX];
	struct subnet s, plain;
	const char *slash = strchr(text, '/');
	uint32_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(buf))
		return false;
	snprintf(buf, sizeof(buf), "%.*s", (int)(slash - text), text);
	if (!address_parse_ip(buf, &s.address) ||
	    !address_parse_number(slash + 1, address_bits(s.address.family), &prefix))
		return false;
	s.prefix = (uint8_t)prefix;
	plain = s;
	if (clear_host_bits(&plain) && !host_bits)
		return false;
	*ret = s;
	return true;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool address_parse_mac(const char *text, struct mac *ret)
{
	struct mac mac = {.set = true};
	uint8_t any = 0;

	if (strlen(text) != 17)
		return false;
	for (int i = 0; i < 6; i++, text += 3) {
		int high = digit(text[0]), low = digit(text[1]);

		if (high < 0 || low < 0 || (i < 5 && text[2] != ':'))
			return false;
		mac.bytes[i] = (uint8_t)(high << 4 | low);
		any |= mac.bytes[i];
	}
	if (!any || (mac.bytes[0] & 1))
		return false;
	*ret = mac;
	return true;
}

bool address_parse_rate(const char *text, uint64_t *ret)
{
	static const struct { const char *unit; uint64_t bits; } units[] = {
		{"", 1}, {"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000},
	};
	size_t len = strspn(text, "0123456789.");
	char number[32];

	if (len == 0 || len >= sizeof(number))
		return false;
	memcpy(number, text, len);
	number[len] = '\0';
	for (size_t i = 0; i < COUNT(units); i++)
		if (strcasecmp(text + len, units[i].unit) == 0)
			return units_scaled(number, units[i].bits, ret) && *ret > 0;
	return false;
}

/* ---- names ---- */

static bool is_made_of(const char *text, const char *more, size_t size)
{
	size_t len = strlen(text);

	if (len == 0 || len >= size || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr(more, text[i]))
			return false;
	return true;
}

bool address_is_name(const char *text)
{
	return is_made_of(text, "_.-", NETWORK_NAME_MAX);
}

bool address_is_host(const char *text)
{
	return is_made_of(text, "_.-", 254);
}

bool address_is_interface(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= IFNAMSIZ || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]) || strchr("/:%", text[i]))
			return false;
	return true;
}

/* ---- published ports ---- */

static int refuse(const char *whole, const char *part, const char *why, struct error *err)
{
	if (strcmp(whole, part) == 0)
		error_set(err, ERROR_SAID, "publish %s: %s", whole, why);
	else
		error_set(err, ERROR_SAID, "publish %s: \"%s\": %s", whole, part, why);
	return error_hint(err, "[[IP:]HOSTPORT[-END]:]PORT[-END][/tcp|udp|sctp], such as 8080:80 or 127.0.0.1:5353:53/udp");
}

struct range {
	uint32_t first, n;
};

/* "80", "8000-8010" */
static bool parse_range(char *text, struct range *ret)
{
	char *dash = strchr(text, '-');
	uint32_t first, last;

	if (dash)
		*dash = '\0';
	if (!address_parse_number(text, 65535, &first))
		return false;
	last = first;
	if (dash) {
		*dash = '-';
		if (!address_parse_number(dash + 1, 65535, &last) || last < first)
			return false;
	}
	*ret = (struct range){first, last - first + 1};
	return true;
}

/* Cuts the address off the front: "[::1]:80:80", "127.0.0.1:80:80"; *rest is what is behind it. */
static bool take_host(char *text, char **rest, char **ret_host)
{
	char *end;

	*ret_host = NULL;
	*rest = text;
	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || end[1] != ':')
			return false;
		*end = '\0';
		*ret_host = text + 1;
		*rest = end + 2;
		return true;
	}
	end = strchr(text, ':');
	if (!end || !strchr(end + 1, ':'))
		return true;
	*end = '\0';
	*ret_host = text;
	*rest = end + 1;
	return true;
}

static int parse_ports(const char *whole, char *text, struct publish *p, bool has_host, struct error *err)
{
	char *colon = strchr(text, ':');
	struct range host = {0}, inside;

	if (colon)
		*colon = '\0';
	if (!parse_range(colon ? colon + 1 : text, &inside))
		return refuse(whole, colon ? colon + 1 : text, "the container's port is a number from 1 to 65535, or a range", err);
	if (has_host && !colon)
		return refuse(whole, text, "a port of the host is expected after its address", err);
	/* "127.0.0.1::80", "0:80": any */
	if (colon && *text && strcmp(text, "0") != 0 && !parse_range(text, &host))
		return refuse(whole, text, "the host's port is a number from 1 to 65535, or a range", err);
	if (host.n && host.n != inside.n)
		return refuse(whole, whole, "the ranges of the host and of the container are not of one length", err);
	p->host_port = (uint16_t)host.first;
	p->port = (uint16_t)inside.first;
	p->n = (uint16_t)inside.n;
	return 0;
}

int address_parse_publish(const char *text, struct publish *ret, struct error *err)
{
	struct publish p = {.protocol = IPPROTO_TCP};
	char buf[PUBLISH_TEXT_MAX], *rest, *host, *slash;
	bool known = true;
	int r;

	if (strlen(text) >= sizeof(buf))
		return error_set(err, ERROR_SAID, "publish %.40s...: too long", text);
	strcpy(buf, text);
	slash = strchr(buf, '/');
	if (slash) {
		*slash = '\0';
		known = false;
		for (size_t i = 0; i < COUNT(protocols); i++)
			if (strcmp(slash + 1, protocols[i].name) == 0) {
				p.protocol = protocols[i].number;
				known = true;
			}
	}
	if (!known)
		return refuse(text, slash + 1, "the protocol is tcp, udp or sctp", err);
	if (!take_host(buf, &rest, &host) || (host && *host && !address_parse_ip(host, &p.host)))
		return refuse(text, host ?: buf, "an address of the host is expected (an IPv6 address in brackets)", err);
	r = parse_ports(text, rest, &p, host && *host, err);
	if (r == 0)
		*ret = p;
	return r;
}

/* ---- values to words ---- */

const char *address_protocol(uint8_t protocol)
{
	for (size_t i = 0; i < COUNT(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return "?";
}

const char *address_ip(const struct ip *ip, char buf[ADDRESS_TEXT_MAX])
{
	if (!ip->family || !inet_ntop(ip->family, ip->bytes, buf, ADDRESS_TEXT_MAX))
		buf[0] = '\0';
	return buf;
}

const char *address_subnet(const struct subnet *subnet, char buf[ADDRESS_TEXT_MAX])
{
	size_t len = strlen(address_ip(&subnet->address, buf));

	snprintf(buf + len, ADDRESS_TEXT_MAX - len, "/%u", subnet->prefix);
	return buf;
}

const char *address_mac(const struct mac *mac, char buf[ADDRESS_TEXT_MAX])
{
	const uint8_t *b = mac->bytes;

	snprintf(buf, ADDRESS_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	return buf;
}

static int put_range(char *buf, size_t size, unsigned first, unsigned n)
{
	return n > 1 ? snprintf(buf, size, "%u-%u", first, first + n - 1) : snprintf(buf, size, "%u", first);
}

const char *address_publish(const struct publish *p, char buf[PUBLISH_TEXT_MAX])
{
	char ip[ADDRESS_TEXT_MAX], host[16] = "", inside[16];

	if (p->host_port)
		put_range(host, sizeof(host), p->host_port, p->n);
	put_range(inside, sizeof(inside), p->port, p->n);
	address_ip(&p->host, ip);
	snprintf(buf, PUBLISH_TEXT_MAX, "%s%s%s%s%s%s%s/%s", p->host.family == AF_INET6 ? "[" : "", ip,
	         p->host.family == AF_INET6 ? "]" : "", p->host.family ? ":" : "", host,
	         p->host_port || p->host.family ? ":" : "", inside, address_protocol(p->protocol));
	return buf;
}

/* ---- counting ---- */

bool address_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, address_bits(a->family) / 8) == 0;
}

static bool same_prefix(const struct ip *a, const struct ip *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a->bytes, b->bytes, whole) == 0 &&
	       (!rest || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0);
}

bool address_is_in(const struct ip *ip, const struct subnet *subnet)
{
	return ip->family == subnet->address.family && same_prefix(ip, &subnet->address, subnet->prefix);
}

bool address_overlap(const struct subnet *a, const struct subnet *b)
{
	unsigned bits = a->prefix < b->prefix ? a->prefix : b->prefix;

	return a->address.family == b->address.family && same_prefix(&a->address, &b->address, bits);
}

bool address_is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	return ip->family == AF_INET ? ip->bytes[0] == 127 : ip->family == AF_INET6 && memcmp(ip->bytes, one, 16) == 0;
}

/* The last eight bytes, or all four, as a number. */
static uint64_t low(const struct ip *ip)
{
	unsigned size = address_bits(ip->family) / 8;
	uint64_t n = 0;

	for (unsigned i = size > 8 ? size - 8 : 0; i < size; i++)
		n = n << 8 | ip->bytes[i];
	return n;
}

struct ip address_nth(const struct subnet *subnet, uint64_t n)
{
	struct ip ip = subnet->address;

	n += low(&ip);
	for (unsigned i = address_bits(ip.family) / 8, left = 8; i > 0 && left > 0; left--, n >>= 8)
		ip.bytes[--i] = (uint8_t)n;
	return ip;
}

/* Bits behind the prefix; of those that a number holds. */
static unsigned host_bits(const struct subnet *s)
{
	unsigned bits = address_bits(s->address.family) - s->prefix;

	return bits > 63 ? 63 : bits;
}

uint64_t address_index(const struct ip *ip, const struct subnet *subnet)
{
	unsigned bits = address_bits(ip->family) - subnet->prefix;

	if (bits > 63) {        /* all between the prefix and the last 63 bits must be 0 */
		struct subnet near = {subnet->address, (uint8_t)(address_bits(ip->family) - 63)};

		if (!address_is_in(ip, &near))
			return UINT64_MAX;
		bits = 63;
	}
	return low(ip) & ((1ull << bits) - 1);
}

uint64_t address_count(const struct subnet *s)
{
	uint64_t all = 1ull << host_bits(s);

	if (s->address.family == AF_INET6)
		return all - 1;
	return all > 2 ? all - 2 : 0;
}

/* 0.0.0.0, [::], or nothing: all addresses. */
static bool is_any(const struct ip *host)
{
	static const uint8_t zeros[16];

	return !host->family || memcmp(host->bytes, zeros, address_bits(host->family) / 8) == 0;
}

bool publish_clash(const struct publish *a, const struct publish *b)
{
	bool families = !a->host.family || !b->host.family || a->host.family == b->host.family;
	bool one_host = is_any(&a->host) ? is_any(&b->host) && families : address_equal(&a->host, &b->host);

	return a->protocol == b->protocol && one_host && a->host_port && b->host_port &&
	       a->host_port < b->host_port + b->n && b->host_port < a->host_port + a->n;
}
