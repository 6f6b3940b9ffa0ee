/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/builder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for one more element of `size` bytes in *array; NULL once memory is gone. */
static void *grow(struct builder *b, void **array, size_t n, size_t *room, size_t size)
{
	if (n == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *bigger = b->failed ? NULL : realloc(*array, more * size);

		if (!bigger) {
			b->failed = true;
			return NULL;
		}
		*array = bigger;
		*room = more;
	}
	return (char *)*array + n * size;
}

static size_t align_up(size_t n, size_t align)
{
	return (n + align - 1) / align * align;
}

/* Reserves zeroed bytes; offset 0 is the head, so a real offset is never 0. */
static uint32_t reserve(struct builder *b, size_t len, size_t align)
{
	size_t start = align_up(b->len ? b->len : sizeof(struct plan), align), end = start + len;

	if (end > PLAN_SIZE_MAX)
		b->failed = true;
	if (b->failed)
		return 0;
	if (end > b->room) {
		size_t room = align_up(2 * end, 4096);
		char *bigger = realloc(b->data, room);

		if (!bigger) {
			b->failed = true;
			return 0;
		}
		b->data = bigger;
		b->room = room;
	}
	memset(b->data + b->len, 0, end - b->len);
	b->len = end;
	return (uint32_t)start;
}

uint32_t builder_bytes(struct builder *b, const void *bytes, size_t len, size_t align)
{
	uint32_t offset = reserve(b, len, align);

	if (offset && len)
		memcpy(b->data + offset, bytes, len);
	return offset;
}

plan_str builder_str(struct builder *b, const char *s)
{
	return s ? builder_bytes(b, s, strlen(s) + 1, 1) : 0;
}

plan_str builder_format(struct builder *b, const char *fmt, ...)
{
	plan_str offset;
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return 0;
	}
	offset = builder_str(b, text);
	free(text);
	return offset;
}

static void set_str(struct builder *b, uint32_t list, size_t i, plan_str s)
{
	if (!b->failed)
		((plan_str *)(b->data + list))[i] = s;
}

struct plan_list builder_strs(struct builder *b, const char *const *strings, size_t n)
{
	uint32_t list = reserve(b, n * sizeof(plan_str), sizeof(plan_str));

	for (size_t i = 0; i < n; i++)
		set_str(b, list, i, builder_str(b, strings[i]));
	return (struct plan_list){list, (uint32_t)n};
}

struct plan_list builder_texts(struct builder *b, const struct texts *texts)
{
	uint32_t list = reserve(b, texts->n * sizeof(plan_str), sizeof(plan_str));

	for (size_t i = 0; i < texts->n; i++)
		set_str(b, list, i, builder_str(b, texts->v[i].s));
	return (struct plan_list){list, (uint32_t)texts->n};
}

struct step *builder_step(struct builder *b, enum step_kind kind, unsigned flags, struct source at)
{
	static struct step lost;        /* written to after memory ran out, read by nobody */
	struct step *step = grow(b, (void **)&b->steps, b->n_steps, &b->steps_room, sizeof(*step));

	if (!step)
		return &lost;
	b->n_steps++;
	memset(step, 0, sizeof(*step));
	step->kind = kind & 0xff;
	step->flags = flags & 0xffffff;
	step->at = at.offset;
	return step;
}

static bool is_mount(enum slot_kind kind)
{
	return kind == SLOT_ROOT || kind == SLOT_TREE || kind == SLOT_PROC || kind == SLOT_NULL || kind == SLOT_PLACE;
}

uint32_t builder_slot(struct builder *b, enum slot_kind kind, const char *path, uint32_t flags,
                      struct source at)
{
	struct plan_slot *slot = grow(b, (void **)&b->slots, b->n_slots, &b->slots_room, sizeof(*slot));

	if (!slot)
		return 0;
	memset(slot, 0, sizeof(*slot));
	slot->kind = kind;
	slot->at = at.offset;
	slot->path = builder_str(b, path);
	slot->flags = flags;
	slot->opener = is_mount(kind) ? b->opener : OPENED_BY_PARENT;
	/* What is mounted below is locked to it there, and cannot be left behind (mount_namespaces(7)). */
	if (slot->opener != OPENED_BY_PARENT && (kind == SLOT_TREE || kind == SLOT_PROC))
		slot->flags |= AT_RECURSIVE;
	slot->fd = -1;
	return (uint32_t)b->n_slots++;
}

int builder_finish(struct builder *b, const struct plan *head, struct plan **ret, struct error *err)
{
	uint32_t steps = builder_bytes(b, b->steps, b->n_steps * sizeof(*b->steps), 8);
	uint32_t slots = builder_bytes(b, b->slots, b->n_slots * sizeof(*b->slots), 8);
	struct plan *plan;

	if (b->failed && b->len >= PLAN_SIZE_MAX / 2)
		return error_set(err, E2BIG, "plan the container");
	if (b->failed)
		return error_set(err, ENOMEM, "plan the container");
	plan = (struct plan *)b->data;
	*plan = *head;
	plan->magic = PLAN_MAGIC;
	plan->size = (uint32_t)b->len;
	plan->steps = (struct plan_list){steps, (uint32_t)b->n_steps};
	plan->slots = (struct plan_list){slots, (uint32_t)b->n_slots};
	plan->sync_fd = plan->listen_fd = -1;
	b->data = NULL;
	*ret = plan;
	return 0;
}

void builder_free(struct builder *b)
{
	free(b->data);
	free(b->steps);
	free(b->slots);
	*b = (struct builder){0};
}
