/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/netlink.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The kernel fills at most 32 KiB of a dump at a time (netlink_dump). */
#define ANSWER_MAX 32768
/* All answers to a batch wait in the socket until they are read: some 700 bytes for each acknowledgement. */
#define RECEIVE_ROOM (4 << 20)
/* Thousands of published ports are one batch. */
#define SEND_ROOM_MAX (64 << 20)
/* Hundreds at a time on a slow machine: each change of one makes the others' dumps begin anew. */
#define PATIENCE_MS 10000
#define PAUSE_MAX_MS 32
#define TRIES_WITHOUT_PAUSE 4

/* ---- sockets ---- */

void netlink_close(struct netlink *netlink)
{
	if (netlink->fd >= 0)
		close(netlink->fd);
	netlink->fd = -1;
}

int netlink_open(int protocol, struct netlink *ret, struct error *err)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	/* Words for refusals; no copy of the refused message; dumps that heed what they are asked. */
	static const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
	int one = 1, room = RECEIVE_ROOM;

	*ret = (struct netlink){.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)};
	/* Connected, it takes no messages from others, who could forge answers with CAP_NET_ADMIN in this namespace. */
	if (ret->fd < 0 || connect(ret->fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		error_set(err, errno, "open a netlink socket");
		netlink_close(ret);
		return -err->code;
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(ret->fd, SOL_NETLINK, options[i], &one, sizeof(one));
	setsockopt(ret->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return 0;
}

int netlink_open_in(int netns, int home, int protocol, struct netlink *ret, struct error *err)
{
	int r;

	*ret = (struct netlink){.fd = -1};
	if (setns(netns, CLONE_NEWNET) < 0)
		return error_set(err, errno, "enter the container's network namespace");
	r = netlink_open(protocol, ret, err);
	if (setns(home, CLONE_NEWNET) == 0)
		return r;
	netlink_close(ret);
	return error_set(err, errno, "return from the container's network namespace");
}

/* ---- building ---- */

/* Zeroed room for `len` bytes at the end, aligned; NULL once memory is gone. */
static void *extend(struct netlink_batch *b, size_t len)
{
	size_t end = b->len + NLMSG_ALIGN(len);
	char *at;

	if (end > b->room && !b->failed) {
		size_t room = 2 * end + 1024;
		char *bigger = realloc(b->data, room);

		b->failed = !bigger;
		if (bigger) {
			b->data = bigger;
			b->room = room;
		}
	}
	if (b->failed)
		return NULL;
	at = b->data + b->len;
	memset(at, 0, end - b->len);
	b->len = end;
	return at;
}

static struct nlmsghdr *current(const struct netlink_batch *b)
{
	return (struct nlmsghdr *)(b->data + b->current);
}

static void seal(struct netlink_batch *b)
{
	if (!b->failed)
		current(b)->nlmsg_len = (uint32_t)(b->len - b->current);
}

void message_begin(struct netlink_batch *b, unsigned type, unsigned flags, const void *head, size_t len)
{
	size_t start = b->len;
	char *at = extend(b, NLMSG_HDRLEN + len);

	if (!at)
		return;
	b->current = start;
	b->n++;
	*current(b) = (struct nlmsghdr){
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | NLM_F_ACK),
	};
	if (len)
		memcpy(at + NLMSG_HDRLEN, head, len);
	seal(b);
}

void message_put(struct netlink_batch *b, unsigned attribute, const void *data, size_t len)
{
	struct nlattr *a;

	/* 16 bits: what would be longer must not wrap round (V17). */
	if (len > UINT16_MAX - NLA_HDRLEN)
		b->failed = true;
	a = extend(b, NLA_HDRLEN + len);
	if (!a)
		return;
	*a = (struct nlattr){.nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = (uint16_t)attribute};
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	seal(b);
}

void message_u32(struct netlink_batch *b, unsigned attribute, uint32_t value)
{
	message_put(b, attribute, &value, sizeof(value));
}

void message_string(struct netlink_batch *b, unsigned attribute, const char *s)
{
	message_put(b, attribute, s, strlen(s) + 1);
}

size_t message_nest(struct netlink_batch *b, unsigned attribute)
{
	size_t start = b->len;

	message_put(b, attribute | NLA_F_NESTED, NULL, 0);
	return start;
}

void message_nest_end(struct netlink_batch *b, size_t nest)
{
	size_t len = b->len - nest;

	if (len > UINT16_MAX)
		b->failed = true;
	if (!b->failed)
		((struct nlattr *)(b->data + nest))->nla_len = (uint16_t)len;
}

void message_raw(struct netlink_batch *b, const void *attributes, size_t len)
{
	char *at = extend(b, len);

	if (!at)
		return;
	memcpy(at, attributes, len);
	seal(b);
}

static void empty(struct netlink_batch *b)
{
	b->len = b->current = b->n = 0;
	b->failed = false;
}

void netlink_batch_free(struct netlink_batch *b)
{
	free(b->data);
	*b = (struct netlink_batch){0};
}

/* ---- sending ---- */

/* Each message gets its number; that of the first is returned in *ret. */
static int send_batch(struct netlink *nl, struct netlink_batch *b, uint32_t *ret_first)
{
	ssize_t n;

	if (b->failed)
		return -ENOMEM;
	*ret_first = nl->sequence + 1;
	for (size_t at = 0; at < b->len;) {
		struct nlmsghdr *m = (struct nlmsghdr *)(b->data + at);

		m->nlmsg_seq = ++nl->sequence;
		at += NLMSG_ALIGN(m->nlmsg_len);
	}
	n = TEMP_FAILURE_RETRY(send(nl->fd, b->data, b->len, 0));
	if (n < 0 && errno == EMSGSIZE && b->len <= SEND_ROOM_MAX) {
		int room = (int)b->len + 4096;

		setsockopt(nl->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
		n = TEMP_FAILURE_RETRY(send(nl->fd, b->data, b->len, 0));
	}
	return n < 0 ? -errno : 0;
}

static ssize_t receive(const struct netlink *nl, char *buf, size_t size, int flags)
{
	ssize_t n = TEMP_FAILURE_RETRY(recv(nl->fd, buf, size, MSG_TRUNC | flags));

	if (n < 0)
		return -errno;
	return (size_t)n > size ? (ssize_t)-EMSGSIZE : n;
}

/* ---- answers ---- */

static const struct nlattr *find(const char *data, size_t len, unsigned attribute)
{
	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)data;
		size_t next;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == attribute)
			return a;
		next = NLA_ALIGN((size_t)a->nla_len);
		if (next >= len)
			break;
		data += next;
		len -= next;
	}
	return NULL;
}

const void *netlink_attribute(const struct nlmsghdr *m, size_t head, unsigned attribute, size_t *ret_len)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(head);
	const struct nlattr *a = m->nlmsg_len < skip ? NULL : find((const char *)m + skip, m->nlmsg_len - skip, attribute);

	if (!a)
		return NULL;
	*ret_len = (size_t)a->nla_len - NLA_HDRLEN;
	return (const char *)a + NLA_HDRLEN;
}

const struct nlattr *netlink_nested(const struct nlattr *outer, unsigned attribute)
{
	return find((const char *)outer + NLA_HDRLEN, (size_t)outer->nla_len - NLA_HDRLEN, attribute);
}

/* The words behind a refusal: linux/netlink.h "struct nlmsgerr", NLM_F_ACK_TLVS. */
static void read_words(const struct nlmsghdr *m, size_t fixed, struct netlink_refusal *ret)
{
	const char *words;
	size_t len = 0;

	words = m->nlmsg_flags & NLM_F_ACK_TLVS ? netlink_attribute(m, fixed, NLMSGERR_ATTR_MSG, &len) : NULL;
	snprintf(ret->text, sizeof(ret->text), "%.*s", words ? (int)strnlen(words, len) : 0, words ?: "");
}

/* What is no errno is no answer. */
static int errno_of(int code)
{
	return code > 0 || code < -4095 ? -EPROTO : code;
}

/* 0 or the errno of an ACK. */
static int verdict(const struct nlmsghdr *m, struct netlink_refusal *ret)
{
	const struct nlmsgerr *e = (const struct nlmsgerr *)((const char *)m + NLMSG_HDRLEN);
	size_t fixed = sizeof(*e);

	if (m->nlmsg_len < NLMSG_HDRLEN + sizeof(*e))
		return -EPROTO;
	if (e->error && !(m->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len >= (uint32_t)NLMSG_HDRLEN)
		fixed += e->msg.nlmsg_len - NLMSG_HDRLEN;
	if (e->error)
		read_words(m, fixed, ret);
	return errno_of(e->error);
}

struct reading {
	uint32_t first;         /* sequence numbers first .. first + n - 1 are ours */
	unsigned n, left;       /* how many there are, and how many answers are still awaited */
	bool transaction;       /* one answer, to the last but one, or to the first, that nothing begins */
	int (*each)(const struct nlmsghdr *, void *);
	void *arg;
	struct netlink_refusal *refusal;
	int result;
};

static void conclude(struct reading *reading, unsigned index, int result, const struct netlink_refusal *refusal)
{
	if (!reading->transaction || index == reading->n - 2 || index == 0)
		reading->left--;
	if (result == 0 || reading->result != 0)
		return;
	reading->result = result;
	*reading->refusal = *refusal;
	reading->refusal->index = reading->transaction && index > 0 ? index - 1 : index;
}

/* A dump ends with DONE, which carries its errno. */
static int end_of_dump(const struct nlmsghdr *m, struct netlink_refusal *ret)
{
	int code = 0;

	if (m->nlmsg_len >= NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, (const char *)m + NLMSG_HDRLEN, sizeof(code));
	if (code)
		read_words(m, sizeof(code), ret);
	return code ? errno_of(code) : m->nlmsg_flags & NLM_F_DUMP_INTR ? -EAGAIN : 0;
}

static void read_message(struct reading *reading, const struct nlmsghdr *m)
{
	struct netlink_refusal refusal = {0};
	unsigned index = m->nlmsg_seq - reading->first;

	if (index >= reading->n)        /* of a batch before, whose answers nobody waited for */
		return;
	if (m->nlmsg_type == NLMSG_ERROR) {
		int r = verdict(m, &refusal);

		conclude(reading, index, r, &refusal);
	} else if (m->nlmsg_type == NLMSG_DONE) {
		int r = end_of_dump(m, &refusal);

		conclude(reading, index, r, &refusal);
	} else if (reading->each && reading->result == 0) {
		reading->result = m->nlmsg_flags & NLM_F_DUMP_INTR ? -EAGAIN : reading->each(m, reading->arg);
	}
}

static int read_answers(struct netlink *nl, struct reading *reading)
{
	char buf[ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));

	int lost = 0;

	while (reading->left > 0) {
		ssize_t n = receive(nl, buf, sizeof(buf), lost ? MSG_DONTWAIT : 0);

		/* Thousands of refusals: the first ones are there all the same. */
		if (n == -ENOBUFS && reading->transaction && !lost) {
			lost = (int)n;
			continue;
		}
		if (n < 0)
			return n == -EAGAIN && lost ? reading->result ?: lost : (int)n;
		for (size_t at = 0, len = (size_t)n; len - at >= NLMSG_HDRLEN && reading->left > 0;) {
			const struct nlmsghdr *m = (const struct nlmsghdr *)(buf + at);

			if (m->nlmsg_len < NLMSG_HDRLEN || m->nlmsg_len > len - at)
				return -EPROTO;
			read_message(reading, m);
			at += NLMSG_ALIGN(m->nlmsg_len);
			if (at > len)
				break;
		}
	}
	return reading->result;
}

static int exchange(struct netlink *nl, struct netlink_batch *b, int (*each)(const struct nlmsghdr *, void *), void *arg,
                    struct netlink_refusal *ret)
{
	struct reading reading = {.n = b->n, .left = b->n, .each = each, .arg = arg, .refusal = ret};
	int r = 0;

	*ret = (struct netlink_refusal){0};
	if (b->n > 0 || b->failed)
		r = send_batch(nl, b, &reading.first);
	empty(b);
	return r < 0 ? r : read_answers(nl, &reading);
}

int netlink_commit(struct netlink *nl, struct netlink_batch *b, struct netlink_refusal *ret)
{
	return exchange(nl, b, NULL, NULL, ret);
}

/* Thousands of answers would not fit: the last message's comes after all refusals. */
static void silence(struct netlink_batch *b)
{
	unsigned i = 0;

	for (size_t at = 0; at < b->len && !b->failed; i++) {
		struct nlmsghdr *m = (struct nlmsghdr *)(b->data + at);

		if (i + 2 != b->n)
			m->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
		at += NLMSG_ALIGN(m->nlmsg_len);
	}
}

int netlink_transact(struct netlink *nl, struct netlink_batch *b, struct netlink_refusal *ret)
{
	struct reading reading = {.n = b->n, .left = 1, .transaction = true, .refusal = ret};
	int r;

	*ret = (struct netlink_refusal){0};
	silence(b);
	r = b->n < 3 && !b->failed ? 0 : send_batch(nl, b, &reading.first);
	if (r == 0 && b->n >= 3)
		r = read_answers(nl, &reading);
	empty(b);
	return r;
}

int netlink_query(struct netlink *nl, struct netlink_batch *b, int (*each)(const struct nlmsghdr *, void *), void *arg,
                  struct netlink_refusal *ret)
{
	return exchange(nl, b, each, arg, ret);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Between half of the longest pause and all of it, by chance: who collided would meet again. */
static void give_way(unsigned longest_ms)
{
	struct timespec pause = {0};
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = (uint32_t)getpid();
	pause.tv_nsec = (long)(longest_ms * 500000 + chance % (longest_ms * 500000));
	nanosleep(&pause, NULL);
}

bool netlink_again(struct netlink_patience *p, int r)
{
	unsigned pauses;

	if (r != -EAGAIN && r != -EINTR)
		return false;
	if (++p->tries <= TRIES_WITHOUT_PAUSE)
		return true;
	pauses = p->tries - TRIES_WITHOUT_PAUSE;
	if (pauses == 1)
		p->end = now_ms() + PATIENCE_MS;
	if (now_ms() > p->end)
		return false;
	give_way(pauses > 5 ? PAUSE_MAX_MS : 1u << pauses);
	return true;
}
