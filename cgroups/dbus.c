/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/dbus.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"

#define HEAD 16                 /* the fixed part of a header, with the length of the fields */
#define FIELDS_MAX (64u << 10)
#define LINE_MAX_ 512           /* of the authentication */
#define IN_SIZE 8192

enum field {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR,
	FIELD_REPLY,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE,
	FIELDS
};

static const char field_types[FIELDS] = {
	[FIELD_PATH] = 'o', [FIELD_INTERFACE] = 's', [FIELD_MEMBER] = 's', [FIELD_ERROR] = 's',
	[FIELD_REPLY] = 'u', [FIELD_DESTINATION] = 's', [FIELD_SENDER] = 's', [FIELD_SIGNATURE] = 'g',
};

/* ---- messages ---- */

/* Each an (yv); those that are not known are left out, known ones of the wrong type are an error. */
static void read_fields(struct wire_reader *r, size_t end, struct dbus_message *ret)
{
	const char *ignored;
	const char **texts[FIELDS] = {
		[FIELD_PATH] = &ret->path, [FIELD_INTERFACE] = &ret->interface, [FIELD_MEMBER] = &ret->member,
		[FIELD_ERROR] = &ret->error, [FIELD_DESTINATION] = &ignored, [FIELD_SENDER] = &ret->sender,
	};

	while (!r->failed && r->at < end) {
		const char *type;
		uint64_t code;

		wire_read_align(r, 8);
		code = wire_read_number(r, 1);
		type = wire_read_signature(r);
		if (code > 0 && code < FIELDS && (type[0] != field_types[code] || type[1]))
			r->failed = true;
		else if (code == FIELD_REPLY)
			ret->reply_serial = (uint32_t)wire_read_number(r, 4);
		else if (code == FIELD_SIGNATURE)
			ret->signature = wire_read_signature(r);
		else if (code > 0 && code < FIELDS)
			*texts[code] = wire_read_string(r);
		else if (wire_type_length(type) != strlen(type))
			r->failed = true;
		else
			wire_skip(r, &type);
	}
	if (r->at != end)
		r->failed = true;
}

static bool is_complete(const struct dbus_message *m)
{
	static const struct { bool path, member, reply, error; } needed[] = {
		[DBUS_CALL] = {true, true, false, false},
		[DBUS_REPLY] = {false, false, true, false},
		[DBUS_ERROR] = {false, false, true, true},
		[DBUS_SIGNAL] = {true, true, false, false},
	};

	if (m->type < DBUS_CALL)
		return false;
	if (m->type > DBUS_SIGNAL)      /* "must be ignored" */
		return true;
	return (*m->path || !needed[m->type].path) && (*m->member || !needed[m->type].member) &&
	       (m->reply_serial || !needed[m->type].reply) && (*m->error || !needed[m->type].error) && m->serial;
}

/* The arguments have to be what the signature says, all of them and nothing else. */
static bool check_body(const struct dbus_message *m)
{
	struct wire_reader r = m->body;
	const char *signature = m->signature;

	while (*signature && !r.failed)
		wire_skip(&r, &signature);
	return !r.failed && r.at == r.len;
}

int64_t dbus_parse(const unsigned char *v, size_t len, struct dbus_message *ret)
{
	struct wire_reader r = {.v = v, .len = len, .at = 4};
	uint64_t body, fields, end;

	*ret = (struct dbus_message){
		.path = "", .interface = "", .member = "", .error = "", .sender = "", .signature = ""};
	if (len < HEAD)
		return 0;
	if ((v[0] != 'l' && v[0] != 'B') || v[3] != 1)
		return -EPROTO;
	r.swap = (v[0] == 'B') != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	ret->type = v[1];
	body = wire_read_number(&r, 4);
	ret->serial = (uint32_t)wire_read_number(&r, 4);
	fields = wire_read_number(&r, 4);
	if (fields > FIELDS_MAX || body > DBUS_MESSAGE_MAX - FIELDS_MAX - HEAD - 8)
		return -EPROTO;
	end = (HEAD + fields + 7) / 8 * 8;
	if (len < end + body)
		return 0;
	r.len = end;
	read_fields(&r, HEAD + (size_t)fields, ret);
	wire_read_align(&r, 8);
	ret->body = (struct wire_reader){.v = v + end, .len = (size_t)body, .swap = r.swap};
	if (r.failed || !is_complete(ret) || !check_body(ret))
		return -EPROTO;
	return (int64_t)(end + body);
}

static void put_field(struct wire *w, enum field code, const char *value)
{
	const char type[2] = {field_types[code], '\0'};

	if (!value)
		return;
	wire_align(w, 8);
	wire_number(w, 1, code);
	wire_signature(w, type);
	if (field_types[code] == 'g')
		wire_signature(w, value);
	else
		wire_string(w, value);
}

uint32_t dbus_call(struct dbus *bus, const struct dbus_call *call)
{
	struct wire *w = &bus->out, message = {0};
	const unsigned char head[] = {__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 'B' : 'l', DBUS_CALL, 0, 1};
	size_t body = call->body ? call->body->len : 0;
	struct wire_array fields;

	wire_bytes(&message, head, sizeof(head));
	wire_number(&message, 4, body);
	wire_number(&message, 4, ++bus->serial);
	fields = wire_array(&message, 8);
	put_field(&message, FIELD_PATH, call->path);
	put_field(&message, FIELD_INTERFACE, call->interface);
	put_field(&message, FIELD_MEMBER, call->member);
	put_field(&message, FIELD_DESTINATION, bus->direct ? NULL : call->destination);
	put_field(&message, FIELD_SIGNATURE, call->signature);
	wire_array_end(&message, fields);
	wire_align(&message, 8);
	if (call->body)
		wire_bytes(&message, call->body->v, body);
	if (message.failed || (call->body && call->body->failed))
		w->failed = true;
	wire_bytes(w, message.v, message.len);
	wire_free(&message);
	return w->failed ? 0 : bus->serial;
}

/* ---- bytes ---- */

static int wait_for(struct dbus *bus, short events, struct error *err)
{
	struct dbus_interrupt *interrupt = bus->interrupt;
	struct pollfd fds[] = {
		{.fd = bus->fd,                        .events = events},
                {.fd = interrupt ? interrupt->fd : -1, .events = POLLIN}
        };

	for (;;) {
		uint64_t now = cgroup_now_ms();
		int r = now < bus->end ? poll(fds, 2, (int)(bus->end - now)) : 0;

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return error_set(err, errno, "wait for %s", bus->address);
		if (r == 0) {
			error_set(err, ETIMEDOUT, "wait for an answer from %s", bus->address);
			return error_hint(err,
					  "systemd or its bus is stuck or overloaded: `systemctl status` shows it");
		}
		if (fds[1].revents)
			interrupt->caught = interrupt->check(interrupt->fd);
		if (fds[1].revents && interrupt->caught)
			return error_set(err, EINTR, "wait for an answer from %s", bus->address);
		if (fds[0].revents)
			return 0;
	}
}

int dbus_flush(struct dbus *bus, struct error *err)
{
	size_t sent = 0;

	if (bus->out.failed)
		return error_set(err, ENOMEM, "write a message to %s", bus->address);
	while (sent < bus->out.len) {
		ssize_t n = send(bus->fd, bus->out.v + sent, bus->out.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return error_set(err, errno, "write to %s", bus->address);
		if (n < 0 && wait_for(bus, POLLOUT, err) < 0)
			return -err->code;
		sent += n > 0 ? (size_t)n : 0;
	}
	bus->out.len = 0;
	return 0;
}

/* Reads what is there, at least one byte; `size`: room that is needed in all. */
static int fill(struct dbus *bus, size_t size, struct error *err)
{
	unsigned char *in = realloc(bus->in, size);

	if (!in)
		return error_set(err, ENOMEM, "read from %s", bus->address);
	bus->in = in;
	for (;;) {
		ssize_t n = recv(bus->fd, in + bus->in_len, size - bus->in_len, MSG_DONTWAIT);

		if (n > 0) {
			bus->in_len += (size_t)n;
			return 0;
		}
		if (n == 0)
			return error_set(err, ERROR_SAID, "%s closed the connection", bus->address);
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return error_set(err, errno, "read from %s", bus->address);
		if (wait_for(bus, POLLIN, err) < 0)
			return -err->code;
	}
}

static void forget(struct dbus *bus)
{
	if (bus->in_used)
		memmove(bus->in, bus->in + bus->in_used, bus->in_len - bus->in_used);
	bus->in_len -= bus->in_used;
	bus->in_used = 0;
}

int dbus_receive(struct dbus *bus, struct dbus_message *ret, struct error *err)
{
	int r = dbus_flush(bus, err);

	forget(bus);
	while (r == 0) {
		int64_t n = dbus_parse(bus->in, bus->in_len, ret);

		if (n < 0)
			return error_set(err, EPROTO, "read a message from %s", bus->address);
		if (n > 0) {
			bus->in_used = (size_t)n;
			return 0;
		}
		r = fill(bus, bus->in_len < IN_SIZE ? 2 * IN_SIZE : 2 * bus->in_len, err);
	}
	return r;
}

/* ---- authentication ---- */

static int read_line(struct dbus *bus, char *line, struct error *err)
{
	for (;;) {
		unsigned char *end = bus->in_len ? memchr(bus->in, '\n', bus->in_len) : NULL;
		size_t n = end ? (size_t)(end - bus->in) : bus->in_len;
		int r;

		if (n >= LINE_MAX_ || (end && (n == 0 || end[-1] != '\r')))
			return error_set(err, EPROTO, "log in to %s", bus->address);
		if (end) {
			memcpy(line, bus->in, n - 1);
			line[n - 1] = '\0';
			bus->in_used = n + 1;
			forget(bus);
			return 0;
		}
		r = fill(bus, 2 * IN_SIZE, err);
		if (r < 0)
			return error_wrap(err, "log in");
	}
}

/*
 * EXTERNAL without a name: the other end asks the kernel who we are, which is right in a user namespace too, where our
 * own number for us is not the bus's.
 */
static int authenticate(struct dbus *bus, struct error *err)
{
	static const char words[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	static const char *const answers[] = {"DATA", "OK"};
	char line[LINE_MAX_];
	int r;

	wire_bytes(&bus->out, words, sizeof(words) - 1);
	r = dbus_flush(bus, err);
	for (size_t i = 0; i < 2 && r == 0; i++) {
		size_t n = strlen(answers[i]);

		r = read_line(bus, line, err);
		if (r == 0 && (strncmp(line, answers[i], n) != 0 || (line[n] && line[n] != ' '))) {
			r = error_set(err, EACCES, "log in to %s: the answer is '%.64s'", bus->address, line);
			error_hint(err, "whose bus is it? $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR have to be "
					"the caller's");
		}
	}
	return r;
}

int dbus_attach(int fd, const char *address, bool direct, unsigned timeout_ms, struct dbus_interrupt *interrupt,
                struct dbus *ret, struct error *err)
{
	int r;

	*ret = (struct dbus){.fd = fd, .direct = direct, .interrupt = interrupt, .end = cgroup_now_ms() + timeout_ms};
	snprintf(ret->address, sizeof(ret->address), "%.159s", address);
	r = authenticate(ret, err);
	if (r < 0)
		dbus_close(ret);
	return r;
}

void dbus_close(struct dbus *bus)
{
	if (bus->fd >= 0)
		close(bus->fd);
	free(bus->in);
	wire_free(&bus->out);
	*bus = (struct dbus){.fd = -1};
}

/* ---- addresses ---- */

static int connect_to(const struct sockaddr_un *address, socklen_t len, uint64_t end)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* unix(7): EAGAIN if its queue is full; nothing says when it no longer is. */
	while (connect(fd, (const struct sockaddr *)address, len) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (cgroup_now_ms() >= end)
			return -ETIMEDOUT;
		cgroup_sleep_us(5000);
	}
	return steal_fd(&fd);
}

/* "unix:path=/a%20b,guid=...": the value of `key` into `out`; false if there is none, or no room. */
static bool address_value(const char *entry, size_t len, const char *key, char *out, size_t size)
{
	const char *end = entry + len, *part = entry;
	size_t n = 0, key_len = strlen(key);

	while (part < end && strncmp(part, key, key_len) != 0) {
		part += strcspn(part, ",");
		part += part < end;
	}
	for (part += key_len; part < end && *part != ','; part++) {
		char hex[3] = {0};

		if (n + 1 >= size)
			return false;
		out[n] = *part;
		if (*part == '%' && end - part > 2) {
			memcpy(hex, part + 1, 2);
			out[n] = (char)strtol(hex, NULL, 16);
			part += 2;
		}
		n++;
	}
	out[n] = '\0';
	return n > 0;
}

/* One address of a list; what is not a unix socket is none for us. */
static int connect_entry(const char *entry, size_t len, uint64_t end)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *path = address.sun_path;

	if (len < 5 || memcmp(entry, "unix:", 5) != 0)
		return -EPROTONOSUPPORT;
	if (address_value(entry + 5, len - 5, "path=", path, sizeof(address.sun_path)))
		return connect_to(&address, sizeof(address), end);
	if (!address_value(entry + 5, len - 5, "abstract=", path + 1, sizeof(address.sun_path) - 1))
		return -EINVAL;
	return connect_to(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path + 1)), end);
}

static int connect_list(const char *list, uint64_t end)
{
	int fd = -ENOENT;

	while (*list && fd < 0) {
		size_t n = strcspn(list, ";");

		fd = connect_entry(list, n, end);
		list += n + (list[n] == ';');
	}
	return fd;
}

/* Where the bus is, then where systemd itself listens. */
static void find_addresses(bool user, char *bus, char *own, size_t size)
{
	const char *given = getenv(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
	const char *dir = user ? getenv("XDG_RUNTIME_DIR") : NULL;
	char run[64];

	snprintf(run, sizeof(run), "/run/user/%u", (unsigned)getuid());
	if (!dir || *dir != '/')
		dir = run;
	if (user) {
		snprintf(bus, size, "unix:path=%s/bus", dir);
		snprintf(own, size, "unix:path=%s/systemd/private", dir);
	} else {
		snprintf(bus, size, "unix:path=/run/dbus/system_bus_socket");
		snprintf(own, size, "unix:path=/run/systemd/private");
	}
	if (given && *given)
		snprintf(bus, size, "%s", given);
}

int dbus_open(bool user, unsigned timeout_ms, struct dbus_interrupt *interrupt, struct dbus *ret, struct error *err)
{
	char bus[1024], own[1024];
	uint64_t end = cgroup_now_ms() + timeout_ms;
	const char *address = bus;
	int fd, first;

	*ret = (struct dbus){.fd = -1};
	find_addresses(user, bus, own, sizeof(bus));
	fd = first = connect_list(bus, end);
	if (fd < 0 && fd != -ETIMEDOUT) {
		fd = connect_list(own, end);
		address = own;
	}
	if (fd >= 0)
		return dbus_attach(fd, address, address == own, timeout_ms, interrupt, ret, err);
	error_set(err, -first, "reach systemd by %.200s", bus);
	if (user)
		error_hint(err, "a session of the user has it (loginctl enable-linger USER starts one), with "
				"$XDG_RUNTIME_DIR set; "
				"or run with --cgroup-manager cgroupfs");
	else
		error_hint(err, "is systemd pid 1 here?  Else run with --cgroup-manager cgroupfs, or mount /run/dbus "
				"into this container");
	return -err->code;
}
