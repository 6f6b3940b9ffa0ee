/*
 * linux.resources from the JSON text to the files: every property ends in the file that the specification means
 * (config-linux.md "Control groups").  What values do to each other is test_cgroup_settings.c's business.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/settings.h"
#include "spec/config.h"
#include "tests/unit/hosts.h"

enum host { V1, V2 };

static struct cgroup_host hosts[] = {[V1] = {.layout = CGROUP_V1}, [V2] = {.layout = CGROUP_V2}};
static const char *const host_texts[] = {
	[V1] = "1:cpu:/\n2:cpuset:/\n3:memory:/\n4:blkio:/\n5:pids:/\n6:devices:/\n7:hugetlb:/\n8:net_cls:/\n9:net_prio:/\n10:rdma:/\n",
	[V2] = "0::/\n",
};

static const struct row {
	const char *name;
	enum host host;
	const char *json, *text;        /* of linux.resources; a line for each file */
} rows[] = {
	{"F101-F107 memory on v1", V1,
         "\"memory\":{\"limit\":1000,\"reservation\":500,\"swap\":2000,\"kernel\":300,\"kernelTCP\":200,\"swappiness\":10,"
         "\"disableOOMKiller\":true,\"useHierarchy\":true,\"checkBeforeUpdate\":false}",
         "memory.limit_in_bytes 1000\nmemory.memsw.limit_in_bytes 2000\nmemory.soft_limit_in_bytes 500\n"
         /* Linux has no limit of the kernel's own memory any more, and only one kind of hierarchy. */
         "memory.kmem.tcp.limit_in_bytes 200\nmemory.swappiness 10\nmemory.oom_control 1\n"},
	{"F101-F108 memory on v2", V2, "\"memory\":{\"limit\":1000,\"reservation\":500,\"swap\":3000,\"checkBeforeUpdate\":true}",
         "memory.max 1000 checked\nmemory.swap.max 2000\nmemory.low 500\n"},
	{"F110-F115 cpu on v1", V1,
         "\"cpu\":{\"shares\":512,\"quota\":5000,\"period\":10000,\"burst\":100,\"realtimeRuntime\":50,\"realtimePeriod\":1000,\"idle\":0,"
         "\"cpus\":\"0-1\",\"mems\":\"0\"}",
         "cpu.idle 0\ncpu.shares 512\ncpu.rt_period_us 1000\ncpu.rt_runtime_us 50\ncpu.cfs_burst_us 100\ncpu.cfs_period_us 10000\n"
         "cpu.cfs_quota_us 5000\ncpuset.cpus 0-1\ncpuset.mems 0\n"},
	{"F110-F115 cpu on v2", V2,
         "\"cpu\":{\"shares\":1024,\"quota\":5000,\"period\":10000,\"burst\":100,\"idle\":0,\"cpus\":\"0-1\",\"mems\":\"0\"}",
         "cpu.idle 0\ncpu.weight 100\ncpu.max.burst 100\ncpu.max 5000 10000\ncpuset.cpus 0-1\ncpuset.mems 0\n"},
	{"F120-F123 block devices on v1", V1,
         "\"blockIO\":{\"weight\":10,\"leafWeight\":20,\"weightDevice\":[{\"major\":8,\"minor\":16,\"weight\":30,\"leafWeight\":40}],"
         "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":100}],\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":2,\"rate\":200}],"
         "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":3,\"rate\":300}],\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":400}]}",
         "blkio.weight 10\nblkio.bfq.weight 10\nblkio.leaf_weight 20\nblkio.weight_device 8:16 30\nblkio.bfq.weight_device 8:16 30\n"
         "blkio.leaf_weight_device 8:16 40\nblkio.throttle.read_bps_device 8:1 100\nblkio.throttle.write_bps_device 8:2 200\n"
         "blkio.throttle.read_iops_device 8:3 300\nblkio.throttle.write_iops_device 8:4 400\n"},
	{"F123 block devices on v2", V2,
         "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":100}],\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":400}]}",
         "io.max 8:1 rbps=100\nio.max 8:4 wiops=400\n"},
	{"F130 huge pages on v1", V1, "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]",
         "hugetlb.2MB.limit_in_bytes 4194304\nhugetlb.2MB.rsvd.limit_in_bytes 4194304\n"},
	{"F130 huge pages on v2", V2, "\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":0}]", "hugetlb.1GB.max 0\nhugetlb.1GB.rsvd.max 0\n"},
	{"F131 network", V1, "\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]}",
         "net_cls.classid 1048577\nnet_prio.ifpriomap eth0 5\n"},
	{"F132 pids", V2, "\"pids\":{\"limit\":64}", "pids.max 64\n"},
	{"F133 rdma", V2, "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000}}", "rdma.max mlx5_1 hca_handle=3 hca_object=10000\n"},
	{"F134 unified", V2, "\"unified\":{\"memory.high\":\"1000\"}", "memory.high 1000\n"},
};

static void print(const struct settings *list, char *text, size_t size)
{
	size_t n = 0;

	for (size_t k = 0; k < list->n && n < size; k++) {
		const struct setting *s = &list->v[k];

		n += (size_t)snprintf(text + n, size - n, "%s %.*s%s\n", setting_file(s), (int)s->len, setting_value(s),
		                      s->flags & SETTING_CHECK ? " checked" : "");
	}
}

/* As a set of lines: the order is test_cgroup_settings.c's. */
static bool same_lines(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (n != strlen(b))
		return false;
	for (const char *line = a; *line; line += strcspn(line, "\n") + 1) {
		char whole[128] = "\n", other[2048] = "\n";

		strncat(whole, line, strcspn(line, "\n") + 1);
		strncat(other, b, sizeof(other) - 2);
		if (!strstr(other, whole))
			return false;
	}
	return true;
}

static void every_property_ends_in_its_file(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config *config = NULL;
		struct settings list;
		char json[1024], text[2048] = "";
		struct error err = {0};

		snprintf(json, sizeof(json), "{%s}", rows[i].json);
		if (config_parse_resources(json, strlen(json), "r", &config, &err) < 0 || config_validate(config, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		if (settings_make(&hosts[rows[i].host], &config->linux_.resources, false, &list, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		print(&list, text, sizeof(text));
		for (size_t k = 0; k < list.n; k++)
			assert_int_not_equal(list.v[k].at.offset, 0);
		if (!same_lines(text, rows[i].text))
			fail_msg("%s:\n%s", rows[i].name, text);
		settings_free(&list);
		config_free(config);
	}
}

static int setup(void **state)
{
	return imagine_hosts(hosts, host_texts, COUNT(hosts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_property_ends_in_its_file)};

	return cmocka_run_group_tests(tests, setup, NULL);
}
