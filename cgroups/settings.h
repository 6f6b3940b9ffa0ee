/*
 * settings - linux.resources as an ordered list of files to write.
 *
 * Pure: what is to be written is decided here, for v1, for v2 and for a host that has
 * some of both; apply.c only opens and writes.  That makes the list the test surface,
 * and what `plan` can print.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"

#define SETTING_NOWHERE SIZE_MAX

enum setting_kind {
	SETTING_WRITE,
	SETTING_DEVICE_PROGRAM, /* no file: attach the program for resources.devices (v2) */
};

enum {
	/* What a new group has anyway: no such file (or controller) is as good. */
	SETTING_DEFAULT   = 1 << 0,
	/* Part of the wish that older kernels lack the file for: write it where it exists. */
	SETTING_IF_EXISTS = 1 << 1,
	/* If the file does not exist, the next setting stands in for this one; if it does, the next is skipped. */
	SETTING_ELSE_NEXT = 1 << 2,
	/* EINVAL may mean that another setting of this controller must come first: try again after the last of them. */
	SETTING_RETRY     = 1 << 3,
	/* Compare with what the group uses now, which must not be more (memory.checkBeforeUpdate). */
	SETTING_CHECK     = 1 << 4,
	/* Ours, not asked for: a parent that does not have it either is no error. */
	SETTING_OURS      = 1 << 5,
};

struct setting {
	enum setting_kind kind;
	unsigned flags;
	size_t hierarchy;       /* index in cgroup_host.hierarchies, or SETTING_NOWHERE: nobody has the controller */
	uint32_t controller;    /* CGROUP_*; 0: a core file */
	struct source at;
	const char *file;       /* NULL: `name` */
	char name[48];
	const char *value;      /* `len` bytes of the config; NULL: `line` */
	size_t len;
	char line[112];
};

/* Owns `v`; strings belong to the resources they were made of, which must outlive it. */
struct settings {
	size_t n, cap;
	struct setting *v;
	/* what the next setting gets */
	size_t hierarchy;
	uint32_t controller;
	bool failed;            /* out of memory: reported once, at the end */
	struct setting spare;
};

/*
 * What to write so that the group gets `resources`, in order; `devices` false leaves device rules out.
 * The caller ends it with settings_free.  Errors (with their place) for what cannot be
 * expressed on this host and for a controller that nobody mounted.
 */
int settings_make(const struct cgroup_host *host, const struct resources *resources, bool devices,
                  struct settings *ret, struct error *err);
void settings_free(struct settings *settings);

static inline const char *setting_file(const struct setting *setting)
{
	return setting->file ? setting->file : setting->name;
}

static inline const char *setting_value(const struct setting *setting)
{
	return setting->value ? setting->value : setting->line;
}

/* ---- for the translators ---- */

/* 0 is "not set" for most numbers: engines write `"shares": 0` for what their user left out. */
static inline bool opt_uint_asked(const struct opt_uint *v)
{
	return v->set && v->value != 0;
}

static inline bool opt_int_asked(const struct opt_int *v)
{
	return v->set && v->value != 0;
}

/* Appends "file <- fmt" and returns it (for flags); never NULL.  `file` must outlive the list. */
struct setting *settings_put(struct settings *settings, struct source at, const char *file,
                             const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The value as it stands in the config. */
struct setting *settings_put_text(struct settings *settings, struct source at, const char *file,
                                  const char *value, size_t len);
/* For a file name that has to be put together. */
void setting_name(struct setting *setting, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

typedef int settings_translate(const struct resources *resources, struct settings *ret,
                               struct error *err);

settings_translate settings_v1_pids, settings_v1_memory, settings_v1_io, settings_v1_cpu,
	settings_v1_hugetlb, settings_v1_net_cls,
	settings_v1_net_prio, settings_v1_devices, settings_v1_unified;
settings_translate settings_v2_pids, settings_v2_memory, settings_v2_io, settings_v2_cpu,
	settings_v2_hugetlb, settings_v2_net_cls,
	settings_v2_net_prio, settings_v2_devices, settings_v2_unified;
/* settings_both.c */
settings_translate settings_cpuset, settings_rdma;
/* hugetlb.SIZE.`what`, and what is reserved. */
int settings_put_hugepages(const struct resources *resources, const char *what, struct settings *ret, struct error *err);

/* Both: blockIO.weight and its like, 10 to 1000. */
int settings_check_weight(const struct opt_uint *weight, const char *what, struct error *err);
/* Both: memory.swap is memory plus swap. */
int settings_check_swap(const struct resources *resources, struct error *err);
/* cpu.shares (2..262144) as cpu.weight (1..10000), the curve on which 1024 is 100; 0 stays 0. */
unsigned settings_cpu_weight(uint64_t shares);
/* blockIO.weight (10..1000) as io.weight (1..10000). */
unsigned settings_io_weight(uint64_t weight);
