/* What a bus may say, and what a bundle's annotations may: messages, whole conversations, GVariant text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/systemd.h"
#include "cgroups/variant.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void print_all(struct wire_reader r, const char *signature)
{
	char *out = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&out, &len);

	while (*signature && !r.failed)
		wire_print(&r, &signature, file);
	fclose(file);
	free(out);
}

/* What was found well-formed reads without a failure. */
static void one_message(const uint8_t *data, size_t size)
{
	struct dbus_message m;
	int64_t n = dbus_parse(data, size, &m);

	MUST(n <= (int64_t)size);
	if (n <= 0)
		return;
	MUST(strlen(m.path) + strlen(m.member) + strlen(m.interface) + strlen(m.sender) + strlen(m.error) < size);
	print_all(m.body, m.signature);
}

static void one_value(const uint8_t *data, size_t size)
{
	struct wire w = {0};
	struct error err = {0};
	char *text = strndup((const char *)data, size);
	int r = variant_parse(text, &w, &err);
	struct wire_reader reader = {.v = w.v, .len = w.len};
	const char *type = "v";

	MUST(r == 0 || (r == -err.code && err.text[0]));
	if (r == 0) {
		/* What is written can be read. */
		wire_skip(&reader, &type);
		MUST(!reader.failed && reader.at == reader.len);
	}
	wire_free(&w);
	err = (struct error){0};
	r = variant_parse_seconds(text, &w, &err);
	MUST(r == 0 || (r == -err.code && err.text[0]));
	wire_free(&w);
	free(text);
}

/* The other side has said everything, and has gone. */
static void one_conversation(const uint8_t *data, size_t size, bool direct, int what)
{
	static const char login[] = "DATA\r\nOK 00\r\n";
	static const struct unit unit = {.name = "x.scope", .slice = "a.slice"};
	static const struct resources nothing;
	struct error err = {0};
	struct dbus bus;
	char text[64];
	int pair[2], r;
	bool started;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	MUST(send(pair[1], login, sizeof(login) - 1, 0) > 0);
	if (size)
		MUST(send(pair[1], data, size, MSG_DONTWAIT) > 0);
	shutdown(pair[1], SHUT_WR);
	MUST(dbus_attach(pair[0], "fuzz", direct, 2000, NULL, &bus, &err) == 0);
	if (what == 0)
		r = systemd_start(&bus, &unit, 1, &nothing, NULL, false, &started, &err);
	else if (what == 1)
		r = systemd_stop(&bus, "x.scope", &err);
	else
		r = systemd_get(&bus, "x.scope", "Unit", "Description", text, sizeof(text), &err);
	MUST(r == 0 || (r == -err.code && err.text[0] && err.code != ETIMEDOUT));
	dbus_close(&bus);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 60000)
		return 0;
	switch (*data % 8) {
	case 0:
		one_message(data + 1, size - 1);
		break;
	case 1:
		one_value(data + 1, size - 1);
		break;
	default:
		one_conversation(data + 1, size - 1, *data % 2, *data % 8 / 2 - 1);
	}
	return 0;
}
