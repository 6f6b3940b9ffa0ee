/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/limits.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cgroups/settings.h"
#include "runtime/base/units.h"
#include "spec/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* cpu.cfs_period_us as the kernel, docker and podman have it, and the least quota that the kernel takes. */
#define CPU_PERIOD 100000
#define CPU_QUOTA_MIN 1000

static int expected(const char *flag, const char *value, const char *what, const char *hint, struct error *err)
{
	error_set(err, ERROR_SAID, "--%s %s: %s is expected", flag, value, what);
	return error_hint(err, "%s", hint);
}

static void set_int(struct opt_int *dest, int64_t value)
{
	*dest = (struct opt_int){.set = true, .value = value};
}

static int set_size(const char *flag, const char *value, struct opt_int *dest, struct error *err)
{
	uint64_t n = 0;

	if (strcmp(value, "-1") == 0 || strcmp(value, "max") == 0) {
		set_int(dest, -1);
		return 0;
	}
	if (!units_bytes(value, &n) || n == 0 || n > INT64_MAX)
		return expected(flag, value, "a size", "such as 512k, 50m or 1.5g; -1 for no limit", err);
	set_int(dest, (int64_t)n);
	return 0;
}

/* The configuration's own limit of swap may contradict the new one of memory, and then it falls with the old one. */
static int set_memory(const char *value, struct resources *r, struct error *err)
{
	struct opt_int *limit = &r->memory.limit, *swap = &r->memory.swap;
	int ret = set_size("memory", value, limit, err);

	r->memory.set = true;
	if (ret == 0 && swap->set && swap->value > 0 && (limit->value < 0 || swap->value < limit->value))
		*swap = (struct opt_int){0};
	return ret;
}

static int set_memory_swap(const char *value, struct resources *r, struct error *err)
{
	r->memory.set = true;
	return set_size("memory-swap", value, &r->memory.swap, err);
}

static int set_cpus(const char *value, struct resources *r, struct error *err)
{
	uint64_t quota = 0;

	if (!units_scaled(value, CPU_PERIOD, &quota) || quota < CPU_QUOTA_MIN || quota > INT64_MAX)
		return expected("cpus", value, "a number of processors, 0.01 at least", "such as 0.5 or 2", err);
	r->cpu.set = true;
	set_int(&r->cpu.quota, (int64_t)quota);
	r->cpu.period = (struct opt_uint){.set = true, .value = CPU_PERIOD};
	if (r->cpu.burst.set && r->cpu.burst.value > quota)
		r->cpu.burst.value = quota;
	return 0;
}

static int set_pids(const char *value, struct resources *r, struct error *err)
{
	uint64_t n = 0;

	if (strcmp(value, "-1") == 0 || strcmp(value, "max") == 0)
		set_int(&r->pids_limit, -1);
	else if (units_scaled(value, 1, &n) && !strchr(value, '.') && n > 0 && n <= INT64_MAX)
		set_int(&r->pids_limit, (int64_t)n);
	else
		return expected("pids-limit", value, "a number of processes", "such as 100; -1 for no limit", err);
	return 0;
}

static int set_shares(const char *value, struct resources *r, struct error *err)
{
	uint64_t n = 0;

	if (!units_scaled(value, 1, &n) || strchr(value, '.') || n < 2 || n > 262144)
		return expected("cpu-shares", value, "2 to 262144", "1024 is what a group has that nobody set", err);
	r->cpu.set = true;
	r->cpu.shares = (struct opt_uint){.set = true, .value = n};
	return 0;
}

/* The configuration knows shares only: the fewest that are that weight on v2. */
static int set_weight(const char *value, struct resources *r, struct error *err)
{
	uint64_t n = 0, low = 2, high = 262144;

	if (!units_scaled(value, 1, &n) || strchr(value, '.') || n < 1 || n > 10000)
		return expected("cpu-weight", value, "1 to 10000", "100 is what a group has that nobody set", err);
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (settings_cpu_weight(middle) < n)
			low = middle + 1;
		else
			high = middle;
	}
	/* Several shares are one weight; of those of the default, the default. */
	if (settings_cpu_weight(1024) == n)
		low = 1024;
	r->cpu.set = true;
	r->cpu.shares = (struct opt_uint){.set = true, .value = low};
	return 0;
}

/* ---- --io-max DEVICE,rbps=1m,wiops=100 ---- */

static int find_device(const char *word, size_t len, const char *value, unsigned *ret_major, unsigned *ret_minor,
                       struct error *err)
{
	char path[512], *end;
	struct stat st;

	if (len == 0 || len >= sizeof(path))
		return expected("io-max", value, "a device", "such as 8:0,rbps=1m or /dev/sda,wiops=100", err);
	memcpy(path, word, len);
	path[len] = '\0';
	*ret_major = (unsigned)strtoul(path, &end, 10);
	if (end != path && *end == ':' && end[1] >= '0' && end[1] <= '9') {
		*ret_minor = (unsigned)strtoul(end + 1, &end, 10);
		if (*end == '\0')
			return 0;
	}
	if (stat(path, &st) < 0)
		return error_set(err, errno, "--io-max %s: look at %s", value, path);
	if (!S_ISBLK(st.st_mode))
		return error_set(err, ERROR_SAID, "--io-max %s: %s is not a block device", value, path);
	*ret_major = major(st.st_rdev);
	*ret_minor = minor(st.st_rdev);
	return 0;
}

/* In place of what the configuration says of that device. */
static int set_rate(struct config *config, struct throttle_devices *list, unsigned major, unsigned minor, uint64_t rate,
                    struct error *err)
{
	struct throttle_device *bigger;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].major == major && list->v[i].minor == minor) {
			list->v[i].rate = rate;
			return 0;
		}
	bigger = json_alloc(config->doc, (list->n + 1) * sizeof(*bigger));
	if (!bigger)
		return error_set(err, ENOMEM, "keep --io-max");
	if (list->n)
		memcpy(bigger, list->v, list->n * sizeof(*bigger));
	bigger[list->n] = (struct throttle_device){.major = major, .minor = minor, .rate = rate};
	list->v = bigger;
	list->n++;
	return 0;
}

static const struct rate {
	const char *name;
	size_t list;            /* in struct resources */
	bool bytes;
} rates[] = {
	{"rbps=",  offsetof(struct resources, block_io.read_bps),   true },
	{"wbps=",  offsetof(struct resources, block_io.write_bps),  true },
	{"riops=", offsetof(struct resources, block_io.read_iops),  false},
	{"wiops=", offsetof(struct resources, block_io.write_iops), false},
};

static const struct rate *find_rate(const char *word, size_t len, uint64_t *ret)
{
	char number[32];

	for (size_t i = 0; i < COUNT(rates); i++) {
		size_t name = strlen(rates[i].name);

		if (len <= name || len - name >= sizeof(number) || strncmp(word, rates[i].name, name) != 0)
			continue;
		memcpy(number, word + name, len - name);
		number[len - name] = '\0';
		if (strcmp(number, "max") == 0) {
			*ret = 0;       /* takes a limit away */
			return &rates[i];
		}
		if ((rates[i].bytes ? units_bytes(number, ret) : units_scaled(number, 1, ret)) && *ret > 0)
			return &rates[i];
	}
	return NULL;
}

static int set_io_max(const char *value, struct config *config, struct error *err)
{
	static const char separators[] = ", ";
	struct resources *resources = &config->linux_.resources;
	const char *p = value;
	size_t len = strcspn(p, separators);
	unsigned device_major = 0, device_minor = 0;
	int r = find_device(p, len, value, &device_major, &device_minor, err);

	if (r < 0)
		return r;
	p += len + strspn(p + len, separators);
	if (*p == '\0')
		return expected("io-max", value, "a rate", "such as 8:0,rbps=1m,wiops=100", err);
	for (; *p && r == 0; p += len + strspn(p + len, separators)) {
		uint64_t rate = 0;
		const struct rate *known;

		len = strcspn(p, separators);
		known = find_rate(p, len, &rate);
		if (!known)
			return expected("io-max", value, "rbps=SIZE, wbps=SIZE, riops=NUMBER or wiops=NUMBER",
			                "such as 8:0,rbps=1m,wiops=100", err);
		r = set_rate(config, (void *)((char *)resources + known->list), device_major, device_minor, rate, err);
	}
	resources->block_io.set = true;
	return r;
}

/* ---- all ---- */

int limits_apply(const struct limits *limits, struct config *config, struct error *err)
{
	struct resources *resources = &config->linux_.resources;
	/* --memory first: it may take the configuration's swap away, not that of --memory-swap. */
	const struct {
		const char *value;
		int (*set)(const char *value, struct resources *r, struct error *err);
	} flags[] = {
		{limits->memory, set_memory},         {limits->memory_swap, set_memory_swap}, {limits->cpus, set_cpus},
		{limits->cpu_weight, set_weight},     {limits->cpu_shares, set_shares},       {limits->pids, set_pids},
	};
	int r = 0;

	if (limits->cpu_weight && limits->cpu_shares)
		return error_set(err, ERROR_SAID, "--cpu-weight and --cpu-shares say the same in two ways: give one");
	for (size_t i = 0; i < COUNT(flags) && r == 0; i++)
		if (flags[i].value) {
			resources->set = true;
			r = flags[i].set(flags[i].value, resources, err);
		}
	for (size_t i = 0; i < limits->io_max.n && r == 0; i++) {
		resources->set = true;
		r = set_io_max(limits->io_max.v[i], config, err);
	}
	return r;
}
