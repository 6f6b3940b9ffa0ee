/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/stats_text.h"
#include "runtime/base/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* cpuacct.usage_all has a line for each possible processor, io.stat one for each device. */
#define TEXT_SIZE (256 * 1024)

/* Nanoseconds in a tick of cpuacct.stat: USER_HZ is 100 everywhere (include/asm-generic/param.h; alpha is no more). */
#define TICK 10000000

enum kind {
	OBJECT, /* opens one; END closes it */
	END,
	NUMBER,
	LIMIT,          /* the same, where runc says 0 for "max" */
	SIGNED,
	FIELD,          /* of a file of "key number" lines */
	NUMBERS,
	CELLS,          /* a column of a table */
	LIST,           /* "0-3" as [0,1,2,3] */
	FIELDS,         /* the whole file as an object */
	IO,             /* entries of the first of several files that has any */
	IO_V2,          /* entries of io.stat */
	PRESSURE,
	SWAP_V2,        /* memory and swap together, as v1 counts */
	PAGES,          /* hugetlb, by page size */
	NOTHING,        /* null */
};

struct member {
	enum kind kind;
	const char *key;
	uint32_t controller;    /* v1: of which hierarchy */
	const char *file;
	const char *field;      /* IO_V2: the names in io.stat, for Read and for Write */
	uint64_t scale;         /* CELLS: the column */
	bool omit;              /* if it is zero */
	const char *other[3];   /* IO: files to look into if the first has no entry */
};

#define N(key, controller, file) {NUMBER, key, controller, file}
#define N_OMIT(key, controller, file) {NUMBER, key, controller, file, .omit = true}
#define MEMORY_ENTRY(name, prefix)                                             \
	{OBJECT, name},                                                        \
	N("limit", CGROUP_MEMORY, prefix ".limit_in_bytes"),                   \
	N_OMIT("usage", CGROUP_MEMORY, prefix ".usage_in_bytes"),              \
	N_OMIT("max", CGROUP_MEMORY, prefix ".max_usage_in_bytes"),            \
	N("failcnt", CGROUP_MEMORY, prefix ".failcnt"), {END}
#define IO_LIST(key, name) {IO, key, CGROUP_IO, "blkio.bfq." name "_recursive", .other = {"blkio." name "_recursive"}}
#define IO_THROTTLED(key, name)                                                \
	{IO, key, CGROUP_IO, "blkio.bfq." name "_recursive",                   \
	 .other = {"blkio." name "_recursive", "blkio.throttle." name "_recursive", "blkio.throttle." name}}

static const struct member cpu_v1[] = {
	{OBJECT, "usage"},
	N_OMIT("total", CGROUP_CPUACCT, "cpuacct.usage"),
	{NUMBERS, "percpu", CGROUP_CPUACCT, "cpuacct.usage_percpu"},
	{CELLS, "percpu_kernel", CGROUP_CPUACCT, "cpuacct.usage_all", .scale = 2},
	{CELLS, "percpu_user", CGROUP_CPUACCT, "cpuacct.usage_all", .scale = 1},
	{FIELD, "kernel", CGROUP_CPUACCT, "cpuacct.stat", "system", TICK},
	{FIELD, "user", CGROUP_CPUACCT, "cpuacct.stat", "user", TICK},
	{END},
	{OBJECT, "throttling"},
	{FIELD, "periods", CGROUP_CPU, "cpu.stat", "nr_periods", .omit = true},
	{FIELD, "throttledPeriods", CGROUP_CPU, "cpu.stat", "nr_throttled", .omit = true},
	{FIELD, "throttledTime", CGROUP_CPU, "cpu.stat", "throttled_time", .omit = true},
	{END},
	{END},
};

static const struct member cpu_v2[] = {
	{OBJECT, "usage"},
	{FIELD, "total", 0, "cpu.stat", "usage_usec", 1000, .omit = true},
	{FIELD, "kernel", 0, "cpu.stat", "system_usec", 1000},
	{FIELD, "user", 0, "cpu.stat", "user_usec", 1000},
	{END},
	{OBJECT, "throttling"},
	{FIELD, "periods", 0, "cpu.stat", "nr_periods", .omit = true},
	{FIELD, "throttledPeriods", 0, "cpu.stat", "nr_throttled", .omit = true},
	{FIELD, "throttledTime", 0, "cpu.stat", "throttled_usec", 1000, .omit = true},
	{END},
	{PRESSURE, "psi", 0, "cpu.pressure"},
	{END},
};

/* runc has no cpuset numbers of v2: these files do not exist there, so all are zero. */
static const struct member cpuset[] = {
	{LIST, "cpus", CGROUP_CPUSET, "cpuset.cpus"},
	N("cpu_exclusive", CGROUP_CPUSET, "cpuset.cpu_exclusive"),
	{LIST, "mems", CGROUP_CPUSET, "cpuset.mems"},
	N("mem_hardwall", CGROUP_CPUSET, "cpuset.mem_hardwall"),
	N("mem_exclusive", CGROUP_CPUSET, "cpuset.mem_exclusive"),
	N("memory_migrate", CGROUP_CPUSET, "cpuset.memory_migrate"),
	N("memory_spread_page", CGROUP_CPUSET, "cpuset.memory_spread_page"),
	N("memory_spread_slab", CGROUP_CPUSET, "cpuset.memory_spread_slab"),
	N("memory_pressure", CGROUP_CPUSET, "cpuset.memory_pressure"),
	N("sched_load_balance", CGROUP_CPUSET, "cpuset.sched_load_balance"),
	{SIGNED, "sched_relax_domain_level", CGROUP_CPUSET, "cpuset.sched_relax_domain_level"},
	{END},
};

static const struct member memory_v1[] = {
	{FIELD, "cache", CGROUP_MEMORY, "memory.stat", "cache", .omit = true},
	MEMORY_ENTRY("usage", "memory"),
	MEMORY_ENTRY("swap", "memory.memsw"),
	MEMORY_ENTRY("kernel", "memory.kmem"),
	MEMORY_ENTRY("kernelTCP", "memory.kmem.tcp"),
	{FIELDS, "raw", CGROUP_MEMORY, "memory.stat"},
	{END},
};

static const struct member memory_v2[] = {
	{FIELD, "cache", 0, "memory.stat", "file", .omit = true},
	{OBJECT, "usage"},
	N("limit", 0, "memory.max"),
	N_OMIT("usage", 0, "memory.current"),
	N_OMIT("max", 0, "memory.peak"),
	N("failcnt", 0, NULL),
	{END},
	{SWAP_V2, "swap"},
	{OBJECT, "kernel"},
	N("limit", 0, NULL),
	N("failcnt", 0, NULL),
	{END},
	{OBJECT, "kernelTCP"},
	N("limit", 0, NULL),
	N("failcnt", 0, NULL),
	{END},
	{FIELDS, "raw", 0, "memory.stat"},
	{PRESSURE, "psi", 0, "memory.pressure"},
	{END},
};

static const struct member pids[] = {
	N_OMIT("current", CGROUP_PIDS, "pids.current"),
	{LIMIT, "limit", CGROUP_PIDS, "pids.max", .omit = true},
	{END},
};

static const struct member blkio_v1[] = {
	IO_THROTTLED("ioServiceBytesRecursive", "io_service_bytes"),
	IO_THROTTLED("ioServicedRecursive", "io_serviced"),
	IO_LIST("ioQueueRecursive", "io_queued"),
	IO_LIST("ioServiceTimeRecursive", "io_service_time"),
	IO_LIST("ioWaitTimeRecursive", "io_wait_time"),
	IO_LIST("ioMergedRecursive", "io_merged"),
	IO_LIST("ioTimeRecursive", "time"),
	IO_LIST("sectorsRecursive", "sectors"),
	{END},
};

static const struct member blkio_v2[] = {
	{IO_V2, "ioServiceBytesRecursive", 0, "io.stat", "rbytes wbytes"},
	{IO_V2, "ioServicedRecursive", 0, "io.stat", "rios wios"},
	{PRESSURE, "psi", 0, "io.pressure"},
	{END},
};

/* Names after the size. */
static const struct member hugetlb_v1[] = {
	N_OMIT("usage", CGROUP_HUGETLB, "usage_in_bytes"),
	N_OMIT("max", CGROUP_HUGETLB, "max_usage_in_bytes"),
	N("failcnt", CGROUP_HUGETLB, "failcnt"),
	{END},
};

static const struct member hugetlb_v2[] = {
	N_OMIT("usage", 0, "current"),
	{FIELD, "failcnt", 0, "events", "max"},
	{END},
};

static const struct member pages[] = {{PAGES}, {END}};
static const struct member no_members[] = {{END}};

static const struct chapter {
	const char *key;
	uint32_t controller;
	const struct member *v1, *v2;
} chapters[] = {
	{"cpu",       CGROUP_CPU,     cpu_v1,     cpu_v2    },
	{"cpuset",    CGROUP_CPUSET,  cpuset,     cpuset    },
	{"memory",    CGROUP_MEMORY,  memory_v1,  memory_v2 },
	{"pids",      CGROUP_PIDS,    pids,       pids      },
	{"blkio",     CGROUP_IO,      blkio_v1,   blkio_v2  },
	{"hugetlb",   CGROUP_HUGETLB, pages,      pages     },
	{"intel_rdt", 0,              no_members, no_members},
};

/* ---- reading ---- */

struct reader {
	const struct cgroup *cgroup;
	struct emitter *e;
	char *text;                     /* of the file that was read last */
	const struct cgroup_dir *dir;
	char file[64];
};

/* On v1 by the controller, else the group itself. */
static const struct cgroup_dir *dir_of(const struct reader *r, uint32_t controller)
{
	return (controller ? cgroup_v1_dir(r->cgroup, controller) : NULL) ?: cgroup_v2_dir(r->cgroup);
}

/* The file's text, or NULL; several members of one file cost one read. */
static const char *read_file(struct reader *r, uint32_t controller, const char *file)
{
	const struct cgroup_dir *dir = dir_of(r, controller);

	if (!file || !dir || !r->text)
		return NULL;
	if (r->dir == dir && strcmp(r->file, file) == 0)
		return r->text;
	r->dir = NULL;
	if (cgroup_file_read(r->cgroup, dir, file, r->text, TEXT_SIZE) < 0)
		return NULL;
	if (snprintf(r->file, sizeof(r->file), "%s", file) < (int)sizeof(r->file))
		r->dir = dir;
	return r->text;
}

static uint64_t times(uint64_t n, uint64_t scale)
{
	return __builtin_mul_overflow(n, scale ?: 1, &n) ? STATS_MAX : n;
}

static bool read_number(struct reader *r, const struct member *m, uint64_t *ret)
{
	const char *text = read_file(r, m->controller, m->file);

	*ret = 0;
	if (!text || !(m->field ? stats_field(text, m->field, ret) : stats_number(text, ret)))
		return false;
	*ret = times(*ret, m->scale);
	return true;
}

/* ---- members ---- */

static void emit_number(struct reader *r, const struct member *m)
{
	uint64_t n;

	read_number(r, m, &n);
	if (m->kind == LIMIT && n == STATS_MAX)
		n = 0;
	if (n || !m->omit)
		emit_key_uint(r->e, m->key, n);
}

static void emit_signed(struct reader *r, const struct member *m)
{
	const char *text = read_file(r, m->controller, m->file);
	int64_t n = 0;

	if (text)
		stats_signed(text, &n);
	emit_key_int(r->e, m->key, n);
}

/* An array that is there only if it has a member. */
static bool next(const struct member *m, const char **text, struct stats_list *list, uint64_t *ret)
{
	switch (m->kind) {
	case NUMBERS:
		return stats_next_number(text, ret);
	case CELLS:
		return stats_next_cell(text, (unsigned)m->scale, ret);
	default:
		return stats_next_of_list(list, ret);
	}
}

static void emit_numbers(struct reader *r, const struct member *m)
{
	const char *text = read_file(r, m->controller, m->file);
	struct stats_list list = {.text = text};
	uint64_t n;

	if (!text || !next(m, &text, &list, &n))
		return;
	emit_key(r->e, m->key);
	emit_array(r->e);
	do
		emit_uint(r->e, n);
	while (next(m, &text, &list, &n));
	emit_end_array(r->e);
}

static int compare_fields(const void *a, const void *b)
{
	const struct stats_field *x = a, *y = b;
	int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);

	return order ?: (x->len > y->len) - (x->len < y->len);
}

/* Sorted, as Go prints its maps. */
static void emit_fields(struct reader *r, const struct member *m)
{
	const char *text = read_file(r, m->controller, m->file);
	struct stats_field fields[256];
	char key[64];
	size_t n = 0;

	while (text && n < COUNT(fields) && stats_next_field(&text, &fields[n]))
		n++;
	if (n == 0)
		return;
	qsort(fields, n, sizeof(fields[0]), compare_fields);
	emit_key(r->e, m->key);
	emit_object(r->e);
	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%.*s", (int)fields[i].len, fields[i].key);
		emit_key_uint(r->e, key, fields[i].value);
	}
	emit_end_object(r->e);
}

static void emit_key_nonzero(struct emitter *e, const char *key, uint64_t n)
{
	if (n)
		emit_key_uint(e, key, n);
}

/* "rbytes" is Read of "rbytes wbytes", "wbytes" Write; NULL: another count. */
static const char *op_of(const struct member *m, const struct stats_io *io)
{
	size_t len = strlen(io->op), first = m->field ? strcspn(m->field, " ") : 0;

	if (!m->field)
		return io->op;
	if (len == first && memcmp(m->field, io->op, len) == 0)
		return "Read";
	return strcmp(m->field + first + 1, io->op) == 0 ? "Write" : NULL;
}

static bool emit_io_of(struct reader *r, const struct member *m, const char *file)
{
	struct stats_io io = {.text = read_file(r, m->controller, file)};
	bool any = false;

	while (io.text && stats_next_io(&io)) {
		const char *op = op_of(m, &io);

		if (!op)
			continue;
		if (!any) {
			emit_key(r->e, m->key);
			emit_array(r->e);
		}
		any = true;
		emit_object(r->e);
		emit_key_nonzero(r->e, "major", io.major);
		emit_key_nonzero(r->e, "minor", io.minor);
		if (*op)
			emit_key_string(r->e, "op", op);
		emit_key_nonzero(r->e, "value", io.value);
		emit_end_object(r->e);
	}
	if (any)
		emit_end_array(r->e);
	return any;
}

static void emit_io(struct reader *r, const struct member *m)
{
	bool any = emit_io_of(r, m, m->file);

	for (size_t i = 0; i < COUNT(m->other) && m->other[i] && !any; i++)
		any = emit_io_of(r, m, m->other[i]);
}

static void emit_hundredths(struct emitter *e, const char *key, uint64_t n)
{
	char text[32];

	emit_key(e, key);
	emit_raw(e, text, (size_t)snprintf(text, sizeof(text), "%llu.%02llu", (unsigned long long)n / 100,
	                                   (unsigned long long)n % 100));
}

static void emit_pressure(struct reader *r, const struct member *m)
{
	static const char *const lines[] = {"some", "full"};
	const char *text = read_file(r, m->controller, m->file);
	struct stats_pressure p;

	if (!text || !stats_pressure(text, "some", &p))
		return;
	emit_key(r->e, m->key);
	emit_object(r->e);
	for (size_t i = 0; i < COUNT(lines); i++) {
		p = (struct stats_pressure){0};
		stats_pressure(text, lines[i], &p);
		emit_key(r->e, lines[i]);
		emit_object(r->e);
		emit_hundredths(r->e, "avg10", p.avg10);
		emit_hundredths(r->e, "avg60", p.avg60);
		emit_hundredths(r->e, "avg300", p.avg300);
		emit_key_uint(r->e, "total", p.total);
		emit_end_object(r->e);
	}
	emit_end_object(r->e);
}

static uint64_t sum_of(struct reader *r, const char *one, const char *other)
{
	const struct member a = N(NULL, 0, one), b = N(NULL, 0, other);
	uint64_t x, y, sum;

	read_number(r, &a, &x);
	read_number(r, &b, &y);
	return __builtin_add_overflow(x, y, &sum) ? STATS_MAX : sum;
}

static void emit_swap_v2(struct reader *r, const struct member *m)
{
	emit_key(r->e, m->key);
	emit_object(r->e);
	emit_key_uint(r->e, "limit", sum_of(r, "memory.max", "memory.swap.max"));
	emit_key_nonzero(r->e, "usage", sum_of(r, "memory.current", "memory.swap.current"));
	emit_key_uint(r->e, "failcnt", 0);
	emit_end_object(r->e);
}

static void emit_members(struct reader *r, const struct member *m);

static void emit_page_size(struct reader *r, const char *size)
{
	const struct cgroup_dir *dir = dir_of(r, CGROUP_HUGETLB);
	const struct member *m = dir->hierarchy->v2 ? hugetlb_v2 : hugetlb_v1;
	char file[64];

	emit_key(r->e, size);
	emit_object(r->e);
	for (; m->kind != END; m++) {
		struct member one = *m;

		snprintf(file, sizeof(file), "hugetlb.%.23s.%.24s", size, m->file);
		one.file = file;
		emit_number(r, &one);
	}
	emit_end_object(r->e);
}

static int compare_sizes(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Nothing where nobody counts them. */
static void emit_pages(struct reader *r)
{
	cleanup_dir DIR *sizes = NULL;
	const struct dirent *entry;
	char names[16][24];
	char file[64];
	size_t n = 0;

	sizes = dir_of(r, CGROUP_HUGETLB) ? opendir("/sys/kernel/mm/hugepages") : NULL;
	while (sizes && n < COUNT(names) && (entry = readdir(sizes)))
		n += stats_page_size(entry->d_name, names[n], sizeof(names[n]));
	qsort(names, n, sizeof(names[0]), compare_sizes);
	for (size_t i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "hugetlb.%.23s.%s", names[i],
		         dir_of(r, CGROUP_HUGETLB)->hierarchy->v2 ? "current" : "usage_in_bytes");
		if (read_file(r, CGROUP_HUGETLB, file))
			emit_page_size(r, names[i]);
	}
}

static void emit_member(struct reader *r, const struct member *m)
{
	switch (m->kind) {
	case OBJECT:
		emit_key(r->e, m->key);
		emit_object(r->e);
		break;
	case END:
		emit_end_object(r->e);
		break;
	case NUMBER:
	case LIMIT:
	case FIELD:
		emit_number(r, m);
		break;
	case SIGNED:
		emit_signed(r, m);
		break;
	case NUMBERS:
	case CELLS:
	case LIST:
		emit_numbers(r, m);
		break;
	case FIELDS:
		emit_fields(r, m);
		break;
	case IO:
	case IO_V2:
		emit_io(r, m);
		break;
	case PRESSURE:
		emit_pressure(r, m);
		break;
	case SWAP_V2:
		emit_swap_v2(r, m);
		break;
	case PAGES:
		emit_pages(r);
		break;
	case NOTHING:
		emit_key(r->e, m->key);
		emit_raw(r->e, "null", 4);
		break;
	}
}

/* Up to the END that has no OBJECT. */
static void emit_members(struct reader *r, const struct member *m)
{
	int depth = 0;

	for (; depth > 0 || m->kind != END; m++) {
		depth += m->kind == OBJECT ? 1 : m->kind == END ? -1 : 0;
		emit_member(r, m);
	}
}

void stats_emit(const struct cgroup *cgroup, struct emitter *e)
{
	static const struct member network = {NOTHING, "network_interfaces"};
	struct reader r = {.cgroup = cgroup, .e = e, .text = malloc(TEXT_SIZE)};

	e->failed |= !r.text;
	emit_object(e);
	for (size_t i = 0; i < COUNT(chapters); i++) {
		const struct chapter *c = &chapters[i];
		bool v1 = c->controller && cgroup_v1_dir(cgroup, c->controller);

		emit_key(e, c->key);
		emit_object(e);
		emit_members(&r, v1 || !cgroup_v2_dir(cgroup) ? c->v1 : c->v2);
		emit_end_object(e);
	}
	emit_member(&r, &network);
	emit_end_object(e);
	free(r.text);
}
