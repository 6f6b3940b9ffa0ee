/* Conversations with a systemd that is none: a thread that speaks D-Bus on a socketpair. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/systemd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define JOB "/org/freedesktop/systemd1/job/7"
#define OWNER ":1.1"

/* ---- the other side ---- */

struct stub {
	int fd;
	pthread_t thread;
	uint32_t serial;
	const char *result;             /* of the job; NULL: it never ends */
	const char *answers[4];         /* to StartTransientUnit and its like, one after the other: errors, or NULL */
	size_t n_answers;
	const char *auth;               /* what is said to the login */
	void (*spoil)(struct stub *);   /* instead of the answer */
	bool silent;                    /* Hello gets no answer either */
	bool early;                     /* the job ends before its name is told */
	const char *text;               /* the property that is asked for */
	char log[1024];                 /* the members that were called */
	unsigned char last[8192];       /* the last call's body */
	size_t last_len;
	char last_signature[64];
};

static void field(struct wire *w, uint64_t code, const char *type, const char *text, uint32_t number)
{
	if (!text && !number)
		return;
	wire_align(w, 8);
	wire_number(w, 1, code);
	wire_signature(w, type);
	if (*type == 'u')
		wire_number(w, 4, number);
	else if (*type == 'g')
		wire_signature(w, text);
	else
		wire_string(w, text);
}

struct words { const char *path, *interface, *member, *error, *sender, *signature; };

static void compose(struct stub *s, struct wire *w, enum dbus_type type, uint32_t reply, const struct words *words,
                    const struct wire *body)
{
	unsigned char head[] = {'l', (unsigned char)type, 0, 1};
	struct wire_array fields;

	wire_bytes(w, head, sizeof(head));
	wire_number(w, 4, body ? body->len : 0);
	wire_number(w, 4, ++s->serial);
	fields = wire_array(w, 8);
	field(w, 1, "o", words->path, 0);
	field(w, 2, "s", words->interface, 0);
	field(w, 3, "s", words->member, 0);
	field(w, 4, "s", words->error, 0);
	field(w, 5, "u", NULL, reply);
	field(w, 7, "s", words->sender, 0);
	field(w, 8, "g", words->signature, 0);
	field(w, 99, "s", "a field of the future", 0);
	wire_array_end(w, fields);
	wire_align(w, 8);
	if (body)
		wire_bytes(w, body->v, body->len);
}

static void say(struct stub *s, enum dbus_type type, uint32_t reply, const struct words *words, const struct wire *body)
{
	struct wire w = {0};

	compose(s, &w, type, reply, words, body);
	/* In two pieces: nobody promises that a message comes whole. */
	(void)!send(s->fd, w.v, 9, MSG_NOSIGNAL);
	(void)!send(s->fd, w.v + 9, w.len - 9, MSG_NOSIGNAL);
	wire_free(&w);
}

static void say_string(struct stub *s, enum dbus_type type, uint32_t reply, const char *error, const char *sender,
                       const char *signature, const char *text)
{
	struct wire body = {0};

	if (*signature == 'v')
		wire_signature(&body, "s");
	wire_string(&body, text);
	say(s, type, reply, &(struct words){.error = error, .sender = sender, .signature = signature}, &body);
	wire_free(&body);
}

static void say_removed(struct stub *s, const char *sender, const char *job, const char *unit, const char *result)
{
	static const struct words words = {"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "JobRemoved",
	                                   NULL, NULL, "uoss"};
	struct words said = words;
	struct wire body = {0};

	said.sender = sender;
	wire_number(&body, 4, 7);
	wire_string(&body, job);
	wire_string(&body, unit);
	wire_string(&body, result);
	say(s, DBUS_SIGNAL, 0, &said, &body);
	wire_free(&body);
}

static void answer_job(struct stub *s, uint32_t serial)
{
	const char *error = s->answers[s->n_answers];

	if (s->spoil) {
		s->spoil(s);
		return;
	}
	if (error) {
		s->n_answers++;
		say_string(s, DBUS_ERROR, serial, error, OWNER, "s", "the stub's own words");
		return;
	}
	/* Lies: another's signal, another job, another unit. */
	say_removed(s, ":1.66", JOB, "x.scope", "failed");
	say_removed(s, OWNER, "/org/freedesktop/systemd1/job/8", "x.scope", "failed");
	say_removed(s, OWNER, JOB, "y.scope", "failed");
	if (s->early)
		say_removed(s, OWNER, JOB, "x.scope", s->result);
	say_string(s, DBUS_REPLY, serial, NULL, OWNER, "o", JOB);
	if (s->result && !s->early)
		say_removed(s, OWNER, JOB, "x.scope", s->result);
}

static void respond(struct stub *s, const struct dbus_message *m)
{
	static const char *const jobs[] = {"StartTransientUnit", "StopUnit"};

	strncat(s->log, m->member, sizeof(s->log) - strlen(s->log) - 2);
	strcat(s->log, " ");
	if (s->silent)
		return;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(m->member, jobs[i]) == 0) {
			s->last_len = m->body.len < sizeof(s->last) ? m->body.len : 0;
			memcpy(s->last, m->body.v, s->last_len);
			strcpy(s->last_signature, m->signature);
			answer_job(s, m->serial);
			return;
		}
	if (strcmp(m->member, "SetUnitProperties") == 0 && s->answers[s->n_answers])
		say_string(s, DBUS_ERROR, m->serial, s->answers[s->n_answers++], OWNER, "s", "no");
	else if (strcmp(m->member, "Get") == 0)
		say_string(s, DBUS_REPLY, m->serial, NULL, OWNER, "v", s->text);
	else if (strcmp(m->member, "Hello") == 0)
		say_string(s, DBUS_REPLY, m->serial, NULL, "org.freedesktop.DBus", "s", ":1.2");
	else
		say(s, DBUS_REPLY, m->serial, &(struct words){.sender = strcmp(m->member, "AddMatch") == 0 ? "org.freedesktop.DBus" : OWNER}, NULL);
}

/* Until BEGIN: 32 bytes that never change. */
static bool login(struct stub *s)
{
	char words[64];
	size_t n = 0;

	while (n < sizeof("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n") - 1) {
		ssize_t r = recv(s->fd, words + n, sizeof("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n") - 1 - n, 0);

		if (r <= 0)
			return false;
		n += (size_t)r;
	}
	if (memcmp(words, "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", n) != 0)
		return false;
	return send(s->fd, s->auth, strlen(s->auth), MSG_NOSIGNAL) >= 0;
}

static void *serve(void *arg)
{
	struct stub *s = arg;
	unsigned char in[65536];
	size_t len = 0;

	if (!login(s))
		return NULL;
	for (;;) {
		struct dbus_message m;
		int64_t n = dbus_parse(in, len, &m);
		ssize_t got;

		if (n < 0)
			abort();        /* what we send is well-formed */
		if (n > 0) {
			respond(s, &m);
			memmove(in, in + n, len - (size_t)n);
			len -= (size_t)n;
			continue;
		}
		got = recv(s->fd, in + len, sizeof(in) - len, 0);
		if (got <= 0)
			return NULL;
		len += (size_t)got;
	}
}

static struct unit unit;
static const struct resources nothing;

static int meet(struct stub *s, struct dbus *bus, unsigned timeout_ms, struct error *err)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	s->fd = pair[1];
	if (!s->auth)
		s->auth = "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n";
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	unit = (struct unit){.name = "x.scope", .slice = "system.slice", .description = "crun-lite container x"};
	return dbus_attach(pair[0], "the stub", false, timeout_ms, NULL, bus, err);
}

static void part(struct stub *s, struct dbus *bus)
{
	dbus_close(bus);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static int start(struct stub *s, unsigned timeout_ms, bool *started, struct error *err)
{
	struct dbus bus;
	int r;

	*err = (struct error){0};
	assert_int_equal(meet(s, &bus, timeout_ms, err), 0);
	r = systemd_start(&bus, &unit, 42, &nothing, NULL, false, started, err);
	part(s, &bus);
	return r;
}

/* ---- starting ---- */

static void a_unit_starts_with_one_call(void **state)
{
	struct stub s = {.result = "done"};
	struct error err;
	bool started;

	assert_int_equal(start(&s, 5000, &started, &err), 0);
	assert_true(started);
	assert_string_equal(s.log, "Hello AddMatch Subscribe StartTransientUnit ");
	assert_string_equal(s.last_signature, "ssa(sv)a(sa(sv))");
}

static void a_job_that_ends_before_it_has_a_name(void **state)
{
	struct stub s = {.result = "done", .early = true};
	struct error err;
	bool started;

	assert_int_equal(start(&s, 5000, &started, &err), 0);
}

static void what_a_job_ends_with_is_told(void **state)
{
	static const char *const results[] = {"failed", "canceled", "timeout", "dependency", "something new"};

	for (size_t i = 0; i < 5; i++) {
		struct stub s = {.result = results[i]};
		struct error err;
		bool started;

		assert_true(start(&s, 5000, &started, &err) < 0);
		assert_true(started);
		assert_non_null(strstr(err.text, "x.scope"));
		assert_non_null(strstr(err.text, results[i]));
	}
}

static void a_failed_unit_is_forgotten_once(void **state)
{
	struct stub s = {.result = "done", .answers = {"org.freedesktop.systemd1.UnitExists"}};
	struct error err;
	bool started;

	assert_int_equal(start(&s, 5000, &started, &err), 0);
	assert_string_equal(s.log, "Hello AddMatch Subscribe StartTransientUnit ResetFailedUnit StartTransientUnit ");
	s = (struct stub){.answers = {"org.freedesktop.systemd1.UnitExists", "org.freedesktop.systemd1.UnitExists"}};
	assert_int_equal(start(&s, 5000, &started, &err), -EEXIST);
	assert_false(started);
	assert_non_null(strstr(err.hint, "another container"));
}

static void newer_properties_are_left_out_for_an_old_systemd(void **state)
{
	struct stub s = {.result = "done", .answers = {"org.freedesktop.DBus.Error.PropertyReadOnly"}};
	struct error err;
	bool started;

	assert_int_equal(start(&s, 5000, &started, &err), 0);
	assert_string_equal(s.log, "Hello AddMatch Subscribe StartTransientUnit StartTransientUnit ");
	s = (struct stub){.answers = {"org.freedesktop.DBus.Error.InvalidArgs", "org.freedesktop.DBus.Error.InvalidArgs"}};
	assert_true(start(&s, 5000, &started, &err) < 0);
	assert_non_null(strstr(err.text, "the stub's own words"));
}

static void errors_have_systemd_s_words_and_a_way_out(void **state)
{
	static const struct { const char *name; int code; const char *hint; } rows[] = {
		{"org.freedesktop.DBus.Error.AccessDenied", EACCES, "only root"},
		{"org.freedesktop.DBus.Error.ServiceUnknown", ERROR_SAID, "no systemd on it"},
		{"org.freedesktop.DBus.Error.NoReply", ETIMEDOUT, "overloaded"},
		{"com.example.Unheard", ERROR_SAID, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stub s = {.answers = {rows[i].name}};
		struct error err;
		bool started;

		assert_int_equal(start(&s, 5000, &started, &err), -rows[i].code);
		assert_non_null(strstr(err.text, "the stub's own words"));
		assert_non_null(strstr(err.hint, rows[i].hint));
		assert_false(started);
	}
}

/* ---- what nobody may wait for, or believe ---- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void a_dead_bus_ends_at_its_deadline(void **state)
{
	struct stub stubs[] = {{.silent = true}, {.result = NULL}};

	for (size_t i = 0; i < 2; i++) {
		uint64_t before = now_ms();
		struct error err;
		bool started;

		assert_int_equal(start(&stubs[i], 150, &started, &err), -ETIMEDOUT);
		assert_true(now_ms() - before >= 100 && now_ms() - before < 3000);
		assert_int_equal(started, i == 1);
		assert_non_null(strstr(err.text, "x.scope"));
	}
}

static int caught_one(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? SIGTERM : 0;
}

static void a_signal_ends_the_waiting(void **state)
{
	struct stub s = {.silent = true};
	struct dbus_interrupt interrupt = {eventfd(1, 0), caught_one, 0};
	struct error err = {0};
	struct dbus bus;
	bool started;

	assert_int_equal(meet(&s, &bus, 20000, &err), 0);
	bus.interrupt = &interrupt;
	assert_int_equal(systemd_start(&bus, &unit, 42, &nothing, NULL, false, &started, &err), -EINTR);
	assert_int_equal(interrupt.caught, SIGTERM);
	part(&s, &bus);
	close(interrupt.fd);
}

static void a_login_that_is_refused(void **state)
{
	static const char *const words[] = {
		"REJECTED EXTERNAL\r\n", "DATA\r\nREJECTED\r\n", "DATA\r\nERROR\r\n", "OKAY\r\n", "DATA\n", "\r\n",
		"DATABASE\r\nOK\r\n",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct stub s = {.auth = words[i]};
		struct error err = {0};
		struct dbus bus;

		assert_true(meet(&s, &bus, 3000, &err) < 0);
		assert_non_null(strstr(err.text, "log in"));
		part(&s, &bus);
	}
}

static void spoil_with(struct stub *s, size_t at, unsigned char value)
{
	struct wire w = {0}, body = {0};

	wire_string(&body, JOB);
	compose(s, &w, DBUS_REPLY, 4, &(struct words){.sender = OWNER, .signature = "o"}, &body);
	w.v[at] = value;
	(void)!send(s->fd, w.v, w.len, MSG_NOSIGNAL);
	wire_free(&w);
	wire_free(&body);
}

static void spoil_endian(struct stub *s) { spoil_with(s, 0, 'x'); }
static void spoil_version(struct stub *s) { spoil_with(s, 3, 2); }
static void spoil_body_length(struct stub *s) { spoil_with(s, 7, 0x7f); }
static void spoil_fields_length(struct stub *s) { spoil_with(s, 15, 0x7f); }
static void spoil_field_type(struct stub *s) { spoil_with(s, 18, 's'); }
static void spoil_serial(struct stub *s) { spoil_with(s, 8, 0); }
static void spoil_padding(struct stub *s)
{
	/* "s" of 4 + 1 + 4 bytes leaves room in front of the signature's field. */
	struct wire w = {0}, body = {0};

	wire_string(&body, JOB);
	wire_number(&body, 1, 1);       /* more than the signature says */
	compose(s, &w, DBUS_REPLY, 4, &(struct words){.sender = OWNER, .signature = "o"}, &body);
	(void)!send(s->fd, w.v, w.len, MSG_NOSIGNAL);
	wire_free(&w);
	wire_free(&body);
}
static void spoil_end(struct stub *s) { shutdown(s->fd, SHUT_RDWR); }
static void spoil_half(struct stub *s)
{
	(void)!send(s->fd, "l\2\0\1", 4, MSG_NOSIGNAL);
	shutdown(s->fd, SHUT_RDWR);
}
static void spoil_no_job(struct stub *s) { say(s, DBUS_REPLY, 4, &(struct words){.sender = OWNER}, NULL); }
static void spoil_long_job(struct stub *s)
{
	char job[2000];

	memset(job, 'a', sizeof(job));
	job[0] = '/';
	job[sizeof(job) - 1] = '\0';
	say_string(s, DBUS_REPLY, 4, NULL, OWNER, "o", job);
}

static void every_malformed_answer_is_an_error(void **state)
{
	void (*const spoils[])(struct stub *) = {
		spoil_endian, spoil_version, spoil_body_length, spoil_fields_length, spoil_field_type, spoil_serial,
		spoil_padding, spoil_end, spoil_half, spoil_no_job, spoil_long_job,
	};

	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		struct stub s = {.spoil = spoils[i]};
		uint64_t before = now_ms();
		struct error err;
		bool started;

		assert_true(start(&s, 5000, &started, &err) < 0);
		assert_true(err.code == EPROTO || err.code == ERROR_SAID);
		assert_non_null(strstr(err.text, "x.scope"));
		assert_true(now_ms() - before < 3000);
	}
}

/* ---- the rest ---- */

static void a_unit_is_stopped_and_forgotten(void **state)
{
	struct stub s = {.result = "done"};
	struct error err = {0};
	struct dbus bus;

	assert_int_equal(meet(&s, &bus, 5000, &err), 0);
	assert_int_equal(systemd_stop(&bus, "x.scope", &err), 0);
	part(&s, &bus);
	assert_string_equal(s.log, "Hello AddMatch Subscribe StopUnit ResetFailedUnit ");
	assert_string_equal(s.last_signature, "ss");
}

static void a_unit_that_is_gone_is_stopped(void **state)
{
	struct stub s = {.answers = {"org.freedesktop.systemd1.NoSuchUnit"}};
	struct error err = {0};
	struct dbus bus;

	assert_int_equal(meet(&s, &bus, 5000, &err), 0);
	assert_int_equal(systemd_stop(&bus, "x.scope", &err), 0);
	assert_int_equal(err.code, 0);
	part(&s, &bus);
}

static void a_process_is_moved_by_systemd(void **state)
{
	struct stub s = {0};
	struct error err = {0};
	struct dbus bus;

	assert_int_equal(meet(&s, &bus, 5000, &err), 0);
	assert_int_equal(systemd_attach(&bus, "x.scope", "", 42, &err), 0);
	part(&s, &bus);
	assert_string_equal(s.log, "Hello AttachProcessesToUnit ");
}

static void limits_are_changed(void **state)
{
	struct resources r = {.pids_limit = {.set = true, .value = 5}};
	struct stub s = {.answers = {"org.freedesktop.DBus.Error.PropertyReadOnly"}};
	struct error err = {0};
	struct dbus bus;

	assert_int_equal(meet(&s, &bus, 5000, &err), 0);
	assert_int_equal(systemd_update(&bus, "x.scope", &r, 0, &err), 0);
	part(&s, &bus);
	assert_string_equal(s.log, "Hello SetUnitProperties SetUnitProperties ");
	s = (struct stub){.answers = {"org.freedesktop.systemd1.NoSuchUnit"}};
	assert_int_equal(meet(&s, &bus, 5000, &err), 0);
	assert_int_equal(systemd_update(&bus, "x.scope", &r, 0, &err), -ENOENT);
	part(&s, &bus);
}

static void a_property_is_read(void **state)
{
	struct stub s = {.text = "/system.slice/x.scope", .result = "done"};
	struct error err = {0};
	struct dbus bus;
	char text[12];

	assert_int_equal(meet(&s, &bus, 5000, &err), 0);
	assert_int_equal(systemd_get(&bus, "x.scope", "Scope", "ControlGroup", text, sizeof(text), &err), 0);
	assert_string_equal(text, "/system.sli");
	/* The same connection goes on. */
	assert_int_equal(systemd_stop(&bus, "x.scope", &err), 0);
	part(&s, &bus);
	assert_string_equal(s.log, "Hello Get AddMatch Subscribe StopUnit ResetFailedUnit ");
}

/* ---- addresses ---- */

static int listener(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* '@' is the directory. */
static void expand(const char *from, const char *dir, char *to)
{
	for (; *from; from++) {
		if (*from == '@')
			to = stpcpy(to, dir);
		else
			*to++ = *from;
	}
	*to = '\0';
}

static void buses_are_found_by_their_address(void **state)
{
	char dir[] = "/tmp/test-systemd-XXXXXX", path[128], address[512];
	static const struct { const char *address; bool direct; } rows[] = {
		{"unix:path=@/a,guid=0011", false},
		{"unix:guid=00,path=@/%61", false},
		{"tcp:host=localhost;unix:path=@/none;unix:path=@/a", false},
		{"unix:path=@/none", true},      /* systemd's own socket is left */
		{"unixexec:path=@/a", true},
		{"unix:path=", true},
	};
	int bus_fd, own_fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/systemd", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/a", dir);
	bus_fd = listener(path);
	snprintf(path, sizeof(path), "%s/systemd/private", dir);
	own_fd = listener(path);
	setenv("XDG_RUNTIME_DIR", dir, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = {0};
		struct pollfd fds[] = {{.fd = bus_fd, .events = POLLIN}, {.fd = own_fd, .events = POLLIN}};
		struct dbus bus;

		expand(rows[i].address, dir, address);
		setenv("DBUS_SESSION_BUS_ADDRESS", address, 1);
		/* Nobody answers: each ends by its deadline. */
		assert_int_equal(dbus_open(true, 20, NULL, &bus, &err), -ETIMEDOUT);
		assert_int_equal(poll(fds, 2, 0), 1);
		assert_int_equal(fds[1].revents != 0, rows[i].direct);
		close(accept(fds[0].revents ? bus_fd : own_fd, NULL, NULL));
	}
	close(own_fd);
	unlink(path);
	assert_int_equal(dbus_open(true, 20, NULL, &(struct dbus){0}, &(struct error){0}), -EINVAL);
	close(bus_fd);
	snprintf(path, sizeof(path), "%s/a", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/systemd", dir);
	rmdir(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_starts_with_one_call),
		cmocka_unit_test(a_job_that_ends_before_it_has_a_name),
		cmocka_unit_test(what_a_job_ends_with_is_told),
		cmocka_unit_test(a_failed_unit_is_forgotten_once),
		cmocka_unit_test(newer_properties_are_left_out_for_an_old_systemd),
		cmocka_unit_test(errors_have_systemd_s_words_and_a_way_out),
		cmocka_unit_test(a_dead_bus_ends_at_its_deadline),
		cmocka_unit_test(a_signal_ends_the_waiting),
		cmocka_unit_test(a_login_that_is_refused),
		cmocka_unit_test(every_malformed_answer_is_an_error),
		cmocka_unit_test(a_unit_is_stopped_and_forgotten),
		cmocka_unit_test(a_unit_that_is_gone_is_stopped),
		cmocka_unit_test(a_process_is_moved_by_systemd),
		cmocka_unit_test(limits_are_changed),
		cmocka_unit_test(a_property_is_read),
		cmocka_unit_test(buses_are_found_by_their_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
