/*
 * stats_text - the texts in which the kernel counts, line by line.
 *
 * Pure, and without memory of its own: a reader walks through a text that somebody else holds.  What does not look as
 * the kernel's documentation says is passed over, so a newer kernel's lines are no error.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the kernel writes as "max": no limit. */
#define STATS_MAX UINT64_MAX

/* A file of one number, or "max". */
bool stats_number(const char *text, uint64_t *ret);
/* The same, below zero too (cpuset.sched_relax_domain_level). */
bool stats_signed(const char *text, int64_t *ret);

/* "key number" lines (memory.stat, cpu.stat, *.events) */
struct stats_field {
	const char *key;        /* not terminated */
	size_t len;
	uint64_t value;
};
bool stats_next_field(const char **text, struct stats_field *ret);
bool stats_field(const char *text, const char *key, uint64_t *ret);

/* "12 34 56" */
bool stats_next_number(const char **text, uint64_t *ret);
/* Column `column` of the lines that begin with a number: cpuacct.usage_all is a table with a heading. */
bool stats_next_cell(const char **text, unsigned column, uint64_t *ret);

/* "0-3,7": one number after the other */
struct stats_list {
	const char *text;
	uint64_t next, last;
	bool in_range;
};
bool stats_next_of_list(struct stats_list *list, uint64_t *ret);

/*
 * Both "8:0 Read 4096" (blkio.*; "8:0 4096" has no op) and "8:0 rbytes=4096 wbytes=0" (io.stat): one count after the
 * other.
 */
struct stats_io {
	const char *text;
	bool in_line;
	uint64_t major, minor;
	char op[16];
	uint64_t value;
};
bool stats_next_io(struct stats_io *io);

/* A line of a pressure file; averages in hundredths of a percent, the total in microseconds. */
struct stats_pressure {
	uint64_t avg10, avg60, avg300, total;
};
/* `line`: "some" or "full" */
bool stats_pressure(const char *text, const char *line, struct stats_pressure *ret);

/* "hugepages-2048kB" of /sys/kernel/mm/hugepages as the files of the controller say it: "2MB". */
bool stats_page_size(const char *directory, char *buf, size_t size);
