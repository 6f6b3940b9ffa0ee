/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"

/* A conversation about one unit. */
struct talk {
	struct dbus *bus;
	const char *unit;
	uint32_t greetings;             /* serials 1 to this one: their answers are looked at when they come */
	char owner[DBUS_NAME_MAX + 1];  /* who is systemd on this bus */
	/* The last job of the unit that ended, which may be before we are told which one is ours. */
	char removed[256], result[64];
	char error[DBUS_NAME_MAX + 1];  /* the name of the error that the last call ended with */
};

/* What systemd answers, and what that means for a container. */
static const struct meaning {
	const char *name;
	int code;
	const char *hint;
} meanings[] = {
	{SYSTEMD ".UnitExists", EEXIST, "another container has this cgroupsPath, or one that ended badly left it: `systemctl stop` it"},
	{SYSTEMD ".NoSuchUnit", ENOENT, NULL},
	{SYSTEMD ".UnitMasked", EPERM, "`systemctl unmask` it"},
	{BUS ".Error.AccessDenied", EACCES, "only root may ask the system's systemd; a user has his own"},
	{BUS ".Error.InteractiveAuthorizationRequired", EACCES, "only root may ask the system's systemd; a user has his own"},
	{BUS ".Error.ServiceUnknown", ERROR_SAID, "there is a bus, but no systemd on it: run with --cgroup-manager cgroupfs"},
	{BUS ".Error.NameHasNoOwner", ERROR_SAID, "there is a bus, but no systemd on it: run with --cgroup-manager cgroupfs"},
	{BUS ".Error.NoReply", ETIMEDOUT, "systemd is stuck or overloaded: `systemctl status` shows it"},
	{BUS ".Error.Timeout", ETIMEDOUT, "systemd is stuck or overloaded: `systemctl status` shows it"},
};

static const struct meaning *find_meaning(const char *name)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcmp(meanings[i].name, name) == 0)
			return &meanings[i];
	return NULL;
}

/* "systemd says: ..." with its own words; the name of the error is kept for who can do something about it. */
static int refused(struct talk *t, const struct dbus_message *m, const char *what, struct error *err)
{
	const struct meaning *meaning = find_meaning(m->error);
	struct wire_reader body = m->body;
	const char *words = *m->signature == 's' ? wire_read_string(&body) : "";

	snprintf(t->error, sizeof(t->error), "%s", m->error);
	error_set(err, meaning ? meaning->code : ERROR_SAID, "%s %s: systemd says: %.300s", what, t->unit,
	          *words ? words : m->error);
	return meaning && meaning->hint ? error_hint(err, "%s", meaning->hint) : -err->code;
}

/* The bus alone knows who is systemd: without this, anybody on it could say that our job is done. */
static bool is_from_systemd(const struct talk *t, const struct dbus_message *m)
{
	return t->bus->direct || (*t->owner && strcmp(t->owner, m->sender) == 0);
}

/* JobRemoved(u id, o job, s unit, s result) */
static void note_job(struct talk *t, const struct dbus_message *m)
{
	struct wire_reader body = m->body;
	const char *job, *unit, *result;

	if (m->type != DBUS_SIGNAL || strcmp(m->member, "JobRemoved") != 0 || strcmp(m->interface, MANAGER) != 0 ||
	    strcmp(m->path, SYSTEMD_PATH) != 0 || strcmp(m->signature, "uoss") != 0 || !is_from_systemd(t, m))
		return;
	wire_read_number(&body, 4);
	job = wire_read_string(&body);
	unit = wire_read_string(&body);
	result = wire_read_string(&body);
	if (body.failed || strcmp(unit, t->unit) != 0 || strlen(job) >= sizeof(t->removed))
		return;
	strcpy(t->removed, job);
	snprintf(t->result, sizeof(t->result), "%s", result);
}

static bool is_answer(const struct dbus_message *m)
{
	return m->type == DBUS_REPLY || m->type == DBUS_ERROR;
}

/* The next message; signals about our unit are noted, a failed greeting is an error. */
static int next(struct talk *t, struct dbus_message *ret, const char *what, struct error *err)
{
	int r = dbus_receive(t->bus, ret, err);

	if (r < 0)
		return error_wrap(err, "%s %s", what, t->unit);
	note_job(t, ret);
	if (is_answer(ret) && ret->reply_serial <= t->greetings) {
		/* Subscribe is the last of them, and answered by systemd itself. */
		if (ret->type == DBUS_ERROR)
			return refused(t, ret, what, err);
		if (ret->reply_serial == t->greetings)
			snprintf(t->owner, sizeof(t->owner), "%s", ret->sender);
	}
	return 0;
}

/* Sends all that waits, and returns the answer to `serial`. */
static int answer(struct talk *t, uint32_t serial, struct dbus_message *ret, const char *what, struct error *err)
{
	int r;

	t->error[0] = '\0';
	if (!serial)
		return error_set(err, ENOMEM, "%s %s", what, t->unit);
	do {
		r = next(t, ret, what, err);
	} while (r == 0 && !(is_answer(ret) && ret->reply_serial == serial));
	if (r < 0)
		return r;
	return ret->type == DBUS_ERROR ? refused(t, ret, what, err) : 0;
}

static uint32_t call_bus(struct talk *t, const char *member, const char *argument)
{
	struct wire body = {0};
	struct dbus_call call = {BUS, BUS_PATH, BUS, member, argument ? "s" : NULL, &body};
	uint32_t serial;

	if (argument)
		wire_string(&body, argument);
	serial = dbus_call(t->bus, &call);
	wire_free(&body);
	return serial;
}

static uint32_t call_manager(struct talk *t, const char *member, const char *signature, const struct wire *body)
{
	return dbus_call(t->bus, &(struct dbus_call){SYSTEMD, SYSTEMD_PATH, MANAGER, member, signature, body});
}

/*
 * Whoever wants to speak has to say Hello to a bus; then: which signals we want to hear.  Nobody is waited for: what
 * comes next goes out with it.
 */
static void greet(struct talk *t, bool listen)
{
	char rule[UNIT_NAME_MAX + 256];

	if (t->bus->direct)
		return;
	if (!t->bus->serial)
		t->greetings = call_bus(t, "Hello", NULL);
	if (!listen)
		return;
	snprintf(rule, sizeof(rule), "type='signal',sender='" SYSTEMD "',path='" SYSTEMD_PATH "',interface='" MANAGER
	         "',member='JobRemoved',arg2='%s'", t->unit);
	call_bus(t, "AddMatch", rule);
	t->greetings = call_manager(t, "Subscribe", NULL, NULL);
}

/* ---- jobs ---- */

static int job_ended(const struct talk *t, const char *what, struct error *err)
{
	static const struct { const char *result, *hint; } hints[] = {
		{"failed", "`journalctl -b` has what systemd says of the unit"},
		{"canceled", "somebody else started or stopped the unit meanwhile"},
		{"timeout", "systemd gave up; a process of the unit may be stuck in the kernel"},
		{"dependency", "a unit that this one needs (its slice) could not be started"},
	};

	if (strcmp(t->result, "done") == 0)
		return 0;
	error_set(err, ERROR_SAID, "%s %s: systemd's job ended with '%.40s'", what, t->unit, t->result);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(hints[i].result, t->result) == 0)
			error_hint(err, "%s", hints[i].hint);
	return -err->code;
}

/* `m`: the answer that names the job. */
static int await_job(struct talk *t, const struct dbus_message *m, const char *what, struct error *err)
{
	struct wire_reader body = m->body;
	char job[sizeof(t->removed)];
	struct dbus_message other;
	int r = 0;

	if (strcmp(m->signature, "o") != 0 || snprintf(job, sizeof(job), "%s", wire_read_string(&body)) >= (int)sizeof(job))
		return error_set(err, EPROTO, "%s %s: systemd names no job", what, t->unit);
	while (r == 0 && strcmp(t->removed, job) != 0)
		r = next(t, &other, what, err);
	return r < 0 ? r : job_ended(t, what, err);
}

/* ---- starting ---- */

static uint32_t call_start(struct talk *t, const struct unit *unit, pid_t pid, const struct resources *resources,
                           const struct pairs *annotations, unsigned flags, struct error *err)
{
	struct wire body = {0};
	uint32_t serial = 0;

	/* name, mode, properties, units that are made along with it */
	wire_string(&body, unit->name);
	wire_string(&body, "replace");
	if (unit_properties(unit, pid, resources, annotations, flags, &body, err) == 0) {
		wire_array_end(&body, wire_array(&body, 8));
		serial = call_manager(t, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body);
		if (!serial)
			error_set(err, ENOMEM, "start %s", unit->name);
	}
	wire_free(&body);
	return serial;
}

static void reset_failed(struct talk *t)
{
	struct wire body = {0};
	struct dbus_message ignored;
	struct error err = {0};

	wire_string(&body, t->unit);
	answer(t, call_manager(t, "ResetFailedUnit", "s", &body), &ignored, "reset", &err);
	wire_free(&body);
}

static bool is_error(const struct talk *t, const char *name)
{
	return strcmp(t->error, name) == 0;
}

/*
 * One call with everything.  Once more without the name's last bearer, if that failed and was not forgotten; once more
 * without the newer properties, if systemd does not know one (asking for its version first would be one more call for
 * every container).
 */
int systemd_start(struct dbus *bus, const struct unit *unit, pid_t pid, const struct resources *resources,
                  const struct pairs *annotations, bool v1, bool *ret_started, struct error *err)
{
	struct talk t = {.bus = bus, .unit = unit->name};
	unsigned flags = v1 ? UNIT_V1 : 0;
	bool reset = false;
	struct dbus_message m;
	int r;

	*ret_started = false;
	greet(&t, true);
	for (;;) {
		uint32_t serial = call_start(&t, unit, pid, resources, annotations, flags, err);

		if (!serial)
			return -err->code;
		r = answer(&t, serial, &m, "start", err);
		if (r < 0 && !reset && is_error(&t, SYSTEMD ".UnitExists")) {
			reset = true;
			reset_failed(&t);
		} else if (r < 0 && !(flags & UNIT_OLD) &&
		           (is_error(&t, BUS ".Error.PropertyReadOnly") || is_error(&t, BUS ".Error.InvalidArgs"))) {
			flags |= UNIT_OLD;
		} else {
			break;
		}
		*err = (struct error){0};
	}
	if (r < 0)
		return r;
	*ret_started = true;
	return await_job(&t, &m, "start", err);
}

/* ---- the rest of its life ---- */

static uint32_t call_update(struct talk *t, const struct resources *resources, unsigned flags, struct error *err)
{
	static const struct unit nobody;
	struct wire body = {0};
	uint32_t serial = 0;

	wire_string(&body, t->unit);
	wire_number(&body, 4, true);    /* until the next boot */
	if (unit_properties(&nobody, 0, resources, NULL, flags | UNIT_UPDATE, &body, err) == 0)
		serial = call_manager(t, "SetUnitProperties", "sba(sv)", &body);
	wire_free(&body);
	return serial;
}

int systemd_update(struct dbus *bus, const char *unit, const struct resources *resources, unsigned flags, struct error *err)
{
	struct talk t = {.bus = bus, .unit = unit};
	struct dbus_message m;
	int r;

	greet(&t, false);
	r = answer(&t, call_update(&t, resources, flags, err), &m, "update", err);
	if (r < 0 && (is_error(&t, BUS ".Error.PropertyReadOnly") || is_error(&t, BUS ".Error.InvalidArgs"))) {
		*err = (struct error){0};
		r = answer(&t, call_update(&t, resources, flags | UNIT_OLD, err), &m, "update", err);
	}
	return r;
}

int systemd_attach(struct dbus *bus, const char *unit, const char *subgroup, pid_t pid, struct error *err)
{
	struct talk t = {.bus = bus, .unit = unit};
	struct wire body = {0};
	struct wire_array pids;
	struct dbus_message m;
	int r;

	greet(&t, false);
	wire_string(&body, unit);
	wire_string(&body, subgroup);
	pids = wire_array(&body, 4);
	wire_number(&body, 4, (uint32_t)pid);
	wire_array_end(&body, pids);
	r = answer(&t, call_manager(&t, "AttachProcessesToUnit", "ssau", &body), &m, "move a process to", err);
	wire_free(&body);
	return r;
}

int systemd_stop(struct dbus *bus, const char *unit, struct error *err)
{
	struct talk t = {.bus = bus, .unit = unit};
	struct wire body = {0};
	struct dbus_message m;
	int r;

	greet(&t, true);
	wire_string(&body, unit);
	wire_string(&body, "replace");
	r = answer(&t, call_manager(&t, "StopUnit", "ss", &body), &m, "stop", err);
	wire_free(&body);
	if (r < 0 && is_error(&t, SYSTEMD ".NoSuchUnit")) {
		*err = (struct error){0};
		return 0;
	}
	if (r == 0)
		r = await_job(&t, &m, "stop", err);
	reset_failed(&t);
	return r;
}

int systemd_get(struct dbus *bus, const char *unit, const char *interface, const char *property, char *ret, size_t size,
                struct error *err)
{
	struct talk t = {.bus = bus, .unit = unit};
	char path[sizeof(SYSTEMD_PATH) + 6 + 3 * UNIT_NAME_MAX], full[64];
	struct dbus_call call = {SYSTEMD, path, "org.freedesktop.DBus.Properties", "Get", "ss", NULL};
	struct wire body = {0};
	struct dbus_message m;
	int r;

	greet(&t, false);
	unit_escape(unit, stpcpy(path, SYSTEMD_PATH "/unit/"));
	snprintf(full, sizeof(full), SYSTEMD ".%s", interface);
	wire_string(&body, full);
	wire_string(&body, property);
	call.body = &body;
	r = answer(&t, dbus_call(bus, &call), &m, "ask about", err);
	wire_free(&body);
	if (r < 0)
		return r;
	if (strcmp(m.signature, "v") != 0 || strcmp(wire_read_signature(&m.body), "s") != 0)
		return error_set(err, EPROTO, "ask about %s: %s is no text", unit, property);
	snprintf(ret, size, "%s", wire_read_string(&m.body));
	return 0;
}
