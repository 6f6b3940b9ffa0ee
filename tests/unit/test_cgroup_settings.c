/*
 * linux.resources as files and values, for v1, v2 and a hybrid host.
 *
 * A row's text has a line per setting: "hierarchy/file value", behind it the flags: D default,
 * E where it exists, | else the next, R try again, C check the use, O ours.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/settings.h"
#include "tests/unit/hosts.h"

static const char v1_text[] = "1:cpu,cpuacct:/\n2:cpuset:/\n3:memory:/\n4:blkio:/\n5:pids:/\n6:devices:/\n"
                              "7:freezer:/\n8:hugetlb:/\n9:net_cls,net_prio:/\n10:rdma:/\n11:name=systemd:/\n";
static const char hybrid_text[] = "1:memory:/\n2:pids:/\n3:devices:/\n0::/\n";
static const char bare_text[] = "1:freezer:/\n2:name=systemd:/\n";

enum host { V1, V2, HYBRID, BARE, NONE };

static struct cgroup_host hosts[] = {
	[V1] = {.layout = CGROUP_V1},
	[V2] = {.layout = CGROUP_V2},
	[HYBRID] = {.layout = CGROUP_HYBRID},
	[BARE] = {.layout = CGROUP_V1},
	[NONE] = {.layout = CGROUP_NONE},
};

static const char *const host_texts[] = {
	[V1] = v1_text, [V2] = "0::/\n", [HYBRID] = hybrid_text, [BARE] = bare_text, [NONE] = "",
};

#define AT          {7}
#define INT(n)      {.set = true, .at = AT, .value = (n)}
#define UINT(n)     {.set = true, .at = AT, .value = (n)}
#define YES         {.set = true, .at = AT, .value = true}
#define NO          {.set = true, .at = AT}
#define TEXT(t)     {(t), AT}
#define ONE(type, ...) {1, (struct type[]){__VA_ARGS__}}
#define UNIFIED(k, v_) .unified = {1, (struct pair[]){{(k), (v_), AT}}}

static const struct row {
	const char *name;
	enum host host;
	struct resources r;
	const char *expected;   /* or ... */
	const char *error;
} rows[] = {
	{"nothing asked on v1", V1, {0}, "", NULL},
	{"nothing asked on v2", V2, {0}, "", NULL},
	{"nothing asked where nothing is", NONE, {0}, "", NULL},

	/* F132 pids */
	{"pids 0 is a limit on v1", V1, {.pids_limit = INT(0)}, "pids/pids.max 0\n", NULL},
	{"pids 0 is a limit on v2", V2, {.pids_limit = INT(0)}, "/pids.max 0\n", NULL},
	{"pids 64", V2, {.pids_limit = INT(64)}, "/pids.max 64\n", NULL},
	{"pids -1 is max on v1", V1, {.pids_limit = INT(-1)}, "pids/pids.max max D\n", NULL},
	{"pids -1 is max on v2", V2, {.pids_limit = INT(-1)}, "/pids.max max D\n", NULL},
	{"pids without its controller", BARE, {.pids_limit = INT(5)}, NULL,
         "set pids.max: the pids controller is not mounted"},
	{"pids 0 without its controller", NONE, {.pids_limit = INT(0)}, NULL, "pids controller"},
	{"no limit of pids needs no controller", BARE, {.pids_limit = INT(-1)}, "", NULL},

	/* F101-F108 memory on v1 */
	{"memory limit on v1", V1, {.memory = {.limit = INT(1048576)}}, "memory/memory.limit_in_bytes 1048576 R\n", NULL},
	{"limit before swap, or the other way", V1, {.memory = {.limit = INT(100), .swap = INT(200)}},
         "memory/memory.limit_in_bytes 100 R\nmemory/memory.memsw.limit_in_bytes 200\n", NULL},
	{"no limit of memory is none of swap", V1, {.memory = {.limit = INT(-1)}},
         "memory/memory.limit_in_bytes -1 DR\nmemory/memory.memsw.limit_in_bytes -1 D\n", NULL},
	{"limit and no limit of swap", V1, {.memory = {.limit = INT(100), .swap = INT(-1)}},
         "memory/memory.limit_in_bytes 100 R\nmemory/memory.memsw.limit_in_bytes -1 D\n", NULL},
	{"memory 0 is not set", V1, {.memory = {.limit = INT(0), .swap = INT(0), .reservation = INT(0)}}, "", NULL},
	{"memory 0 is not set on v2", V2, {.memory = {.limit = INT(0), .swap = INT(0), .reservation = INT(0)}}, "", NULL},
	{"memory 0 where nothing is", NONE, {.memory = {.limit = INT(0)}}, "", NULL},
	{"less swap than memory on v1", V1, {.memory = {.limit = INT(200), .swap = INT(100)}}, NULL,
         "memory.swap 100 is less than memory.limit 200"},
	{"reservation on v1", V1, {.memory = {.reservation = INT(77)}}, "memory/memory.soft_limit_in_bytes 77\n", NULL},
	{"swappiness on v1", V1, {.memory = {.swappiness = UINT(0)}}, "memory/memory.swappiness 0\n", NULL},
	{"swappiness -1 is not set", V1, {.memory = {.swappiness = UINT(UINT64_MAX)}}, "", NULL},
	{"the OOM killer off", V1, {.memory = {.disable_oom_killer = YES}}, "memory/memory.oom_control 1\n", NULL},
	{"the OOM killer on", V1, {.memory = {.disable_oom_killer = NO}}, "", NULL},
	{"F104 buffers of TCP, which v1 counts apart", V1, {.memory = {.kernel_tcp = INT(6)}},
         "memory/memory.kmem.tcp.limit_in_bytes 6 E\n", NULL},
	{"F104 no limit of them", V1, {.memory = {.kernel_tcp = INT(-1)}}, "memory/memory.kmem.tcp.limit_in_bytes -1 DE\n", NULL},
	{"F104, F107, F108 what v1 has no file for, or does anyway", V1, {.memory = {.kernel = INT(5), .use_hierarchy = YES,
         .check_before_update = YES}}, "", NULL},
	{"F104, F107 what v2 has no file for", V2, {.memory = {.kernel = INT(5), .kernel_tcp = INT(6), .use_hierarchy = YES}}, "", NULL},
	{"memory without its controller", BARE, {.memory = {.limit = INT(5)}}, NULL, "the memory controller is not mounted"},

	/* on v2 */
	{"memory limit on v2", V2, {.memory = {.limit = INT(1048576)}}, "/memory.max 1048576\n", NULL},
	{"no limit of memory on v2 is none of swap", V2, {.memory = {.limit = INT(-1)}},
         "/memory.swap.max max D\n/memory.max max D\n", NULL},
	{"swap on v2 is without memory", V2, {.memory = {.limit = INT(100), .swap = INT(250)}},
         "/memory.swap.max 150\n/memory.max 100\n", NULL},
	{"as much swap as memory is none", V2, {.memory = {.limit = INT(100), .swap = INT(100)}},
         "/memory.swap.max 0 E\n/memory.max 100\n", NULL},
	{"no limit of swap on v2", V2, {.memory = {.limit = INT(100), .swap = INT(-1)}},
         "/memory.swap.max max D\n/memory.max 100\n", NULL},
	{"swap alone without limit on v2", V2, {.memory = {.swap = INT(-1)}}, "/memory.swap.max max D\n", NULL},
	{"swap with no limit of memory", V2, {.memory = {.limit = INT(-1), .swap = INT(50)}},
         "/memory.swap.max 50\n/memory.max max D\n", NULL},
	{"swap without memory on v2", V2, {.memory = {.swap = INT(50)}}, NULL, "memory.swap 50 without memory.limit"},
	{"less swap than memory on v2", V2, {.memory = {.limit = INT(200), .swap = INT(100)}}, NULL, "less than"},
	{"reservation on v2", V2, {.memory = {.reservation = INT(77)}}, "/memory.low 77\n", NULL},
	{"all reserved on v2", V2, {.memory = {.reservation = INT(-1)}}, "/memory.low max\n", NULL},
	{"swappiness on v2", V2, {.memory = {.swappiness = UINT(10)}}, NULL, "memory.swappiness does not exist on cgroup v2"},
	{"swappiness -1 on v2", V2, {.memory = {.swappiness = UINT(UINT64_MAX)}}, "", NULL},
	{"check before update on v2", V2, {.memory = {.limit = INT(9), .check_before_update = YES}}, "/memory.max 9 C\n", NULL},
	{"no check of no limit", V2, {.memory = {.limit = INT(-1), .check_before_update = YES}},
         "/memory.swap.max max D\n/memory.max max D\n", NULL},
	{"no check unless asked", V2, {.memory = {.limit = INT(9), .check_before_update = NO}}, "/memory.max 9\n", NULL},
	{"the OOM killer off on v2", V2, {.memory = {.disable_oom_killer = YES}}, "", NULL},

	/* F110-F115 cpu */
	{"shares on v1", V1, {.cpu = {.shares = UINT(512)}}, "cpu,cpuacct/cpu.shares 512\n", NULL},
	{"shares are a weight on v2", V2, {.cpu = {.shares = UINT(512)}}, "/cpu.weight 59\n", NULL},
	{"shares 0 is not set", V2, {.cpu = {.shares = UINT(0)}}, "", NULL},
	{"shares 0 is not set on v1", V1, {.cpu = {.shares = UINT(0)}}, "", NULL},
	{"quota, period and burst on v1", V1, {.cpu = {.quota = INT(50000), .period = UINT(200000), .burst = UINT(10)}},
         "cpu,cpuacct/cpu.cfs_burst_us 10 R\ncpu,cpuacct/cpu.cfs_period_us 200000 R\ncpu,cpuacct/cpu.cfs_quota_us 50000 R\n", NULL},
	{"no quota on v1", V1, {.cpu = {.quota = INT(-1)}}, "cpu,cpuacct/cpu.cfs_quota_us -1 DR\n", NULL},
	{"quota and period on v2", V2, {.cpu = {.quota = INT(50000), .period = UINT(200000)}}, "/cpu.max 50000 200000 R\n", NULL},
	{"quota alone on v2", V2, {.cpu = {.quota = INT(50000)}}, "/cpu.max 50000 100000 R\n", NULL},
	{"period alone on v2", V2, {.cpu = {.period = UINT(20000)}}, "/cpu.max max 20000 DR\n", NULL},
	{"no quota on v2", V2, {.cpu = {.quota = INT(-1)}}, "/cpu.max max 100000 DR\n", NULL},
	{"quota 0 and period 0 are not set", V2, {.cpu = {.quota = INT(0), .period = UINT(0)}}, "", NULL},
	{"burst on v2", V2, {.cpu = {.burst = UINT(7), .quota = INT(9)}}, "/cpu.max.burst 7 R\n/cpu.max 9 100000 R\n", NULL},
	{"no burst on v2", V2, {.cpu = {.burst = UINT(0)}}, "/cpu.max.burst 0 DR\n", NULL},
	{"realtime on v1", V1, {.cpu = {.realtime_period = UINT(1000000), .realtime_runtime = INT(5000)}},
         "cpu,cpuacct/cpu.rt_period_us 1000000 R\ncpu,cpuacct/cpu.rt_runtime_us 5000 R\n", NULL},
	{"realtime runtime on v2", V2, {.cpu = {.realtime_runtime = INT(5000)}}, NULL, "cpu.realtimeRuntime does not exist"},
	{"realtime period on v2", V2, {.cpu = {.realtime_period = UINT(5000)}}, NULL, "cpu.realtimePeriod does not exist"},
	{"realtime 0 on v2", V2, {.cpu = {.realtime_runtime = INT(0), .realtime_period = UINT(0)}}, "", NULL},
	{"idle makes shares moot on v1", V1, {.cpu = {.idle = INT(1), .shares = UINT(9)}}, "cpu,cpuacct/cpu.idle 1\n", NULL},
	{"idle makes shares moot on v2", V2, {.cpu = {.idle = INT(1), .shares = UINT(9)}}, "/cpu.idle 1\n", NULL},
	{"not idle comes before shares", V2, {.cpu = {.idle = INT(0), .shares = UINT(1024)}}, "/cpu.idle 0 D\n/cpu.weight 100\n", NULL},
	{"cpus and mems on v1", V1, {.cpu = {.cpus = TEXT("0-1"), .mems = TEXT("0")}}, "cpuset/cpuset.cpus 0-1\ncpuset/cpuset.mems 0\n", NULL},
	{"cpus on v2", V2, {.cpu = {.cpus = TEXT("0,2"), .mems = TEXT("")}}, "/cpuset.cpus 0,2\n", NULL},

	/* F120-F123 block I/O */
	{"weight 0 is not set", V1, {.block_io = {.weight = UINT(0), .leaf_weight = UINT(0)}}, "", NULL},
	{"weight 0 is not set on v2", V2, {.block_io = {.weight = UINT(0), .leaf_weight = UINT(0)}}, "", NULL},
	{"weight 0 without its controller", BARE, {.block_io = {.weight = UINT(0)}}, "", NULL},
	{"weight on v1", V1, {.block_io = {.weight = UINT(10), .leaf_weight = UINT(1000)}},
         "blkio/blkio.weight 10 |\nblkio/blkio.bfq.weight 10\nblkio/blkio.leaf_weight 1000\n", NULL},
	{"weight on v2", V2, {.block_io = {.weight = UINT(500)}}, "/io.bfq.weight 500 |\n/io.weight 4950\n", NULL},
	{"weight out of range", V1, {.block_io = {.weight = UINT(9)}}, NULL, "blockIO.weight 9 is not between 10 and 1000"},
	{"weight out of range on v2", V2, {.block_io = {.weight = UINT(1001)}}, NULL, "not between"},
	{"leaf weight on v2", V2, {.block_io = {.leaf_weight = UINT(10)}}, NULL, "blockIO.leafWeight does not exist"},
	{"weights of devices on v1", V1, {.block_io = {.weight_devices = ONE(weight_device, {8, 16, UINT(10), UINT(20), AT})}},
         "blkio/blkio.weight_device 8:16 10 |\nblkio/blkio.bfq.weight_device 8:16 10\nblkio/blkio.leaf_weight_device 8:16 20\n", NULL},
	{"weights of devices on v2", V2, {.block_io = {.weight_devices = ONE(weight_device, {8, 16, UINT(100), {0}, AT})}},
         "/io.bfq.weight 8:16 100 |\n/io.weight 8:16 910\n", NULL},
	{"leaf weights of devices on v2", V2, {.block_io = {.weight_devices = ONE(weight_device, {8, 16, {0}, UINT(20), AT})}}, NULL,
         "leafWeight does not exist"},
	{"a device's weight out of range", V2, {.block_io = {.weight_devices = ONE(weight_device, {8, 16, UINT(5), {0}, AT})}}, NULL,
         "not between"},
	{"throttles on v1", V1, {.block_io = {.read_bps = ONE(throttle_device, {8, 0, 1, AT}), .write_bps = ONE(throttle_device, {8, 0, 2, AT}),
         .read_iops = ONE(throttle_device, {8, 0, 3, AT}), .write_iops = ONE(throttle_device, {8, 0, 4, AT})}},
         "blkio/blkio.throttle.read_bps_device 8:0 1\nblkio/blkio.throttle.write_bps_device 8:0 2\n"
         "blkio/blkio.throttle.read_iops_device 8:0 3\nblkio/blkio.throttle.write_iops_device 8:0 4\n", NULL},
	{"throttles on v2", V2, {.block_io = {.read_bps = ONE(throttle_device, {8, 0, UINT64_MAX, AT}), .write_bps = ONE(throttle_device, {8, 0, 2, AT}),
         .read_iops = ONE(throttle_device, {8, 0, 3, AT}), .write_iops = ONE(throttle_device, {8, 0, 0, AT})}},
         "/io.max 8:0 rbps=18446744073709551615\n/io.max 8:0 wbps=2\n/io.max 8:0 riops=3\n/io.max 8:0 wiops=max D\n", NULL},

	/* F130 huge pages */
	{"huge pages on v1", V1, {.hugepage_limits = ONE(hugepage_limit, {TEXT("2MB"), 4194304, AT})},
         "hugetlb/hugetlb.2MB.limit_in_bytes 4194304\nhugetlb/hugetlb.2MB.rsvd.limit_in_bytes 4194304 E\n", NULL},
	{"huge pages on v2", V2, {.hugepage_limits = ONE(hugepage_limit, {TEXT("1GB"), 0, AT})},
         "/hugetlb.1GB.max 0\n/hugetlb.1GB.rsvd.max 0 E\n", NULL},
	{"no huge pages without the controller", BARE, {.hugepage_limits = ONE(hugepage_limit, {TEXT("1GB"), 0, AT})}, NULL,
         "set hugetlb.1GB.limit_in_bytes: the hugetlb controller"},
	{"a page size that is a path", V2, {.hugepage_limits = ONE(hugepage_limit, {TEXT("../2MB"), 0, AT})}, NULL, "huge page size"},
	{"a page size in bytes", V1, {.hugepage_limits = ONE(hugepage_limit, {TEXT("2097152"), 0, AT})}, NULL, "huge page size"},
	{"a page size in small letters", V1, {.hugepage_limits = ONE(hugepage_limit, {TEXT("2mB"), 0, AT})}, NULL, "huge page size"},
	{"a page size with more behind it", V1, {.hugepage_limits = ONE(hugepage_limit, {TEXT("2MB/"), 0, AT})}, NULL, "huge page size"},
	{"no page size", V2, {.hugepage_limits = ONE(hugepage_limit, {TEXT(NULL), 0, AT})}, NULL, "huge page size"},

	/* F133 rdma */
	{"rdma on v1", V1, {.rdma = ONE(rdma_limit, {"mlx5_1", UINT(3), UINT(10000), AT})},
         "rdma/rdma.max mlx5_1 hca_handle=3 hca_object=10000\n", NULL},
	{"rdma objects alone", V2, {.rdma = ONE(rdma_limit, {"mlx4_0", {0}, UINT(1000), AT})}, "/rdma.max mlx4_0 hca_object=1000\n", NULL},
	{"the largest rdma limits", V2, {.rdma = ONE(rdma_limit, {"a123456789012345678901234567890", UINT(UINT64_MAX), UINT(UINT64_MAX), AT})},
         "/rdma.max a123456789012345678901234567890 hca_handle=18446744073709551615 hca_object=18446744073709551615\n", NULL},
	{"rdma device of two words", V2, {.rdma = ONE(rdma_limit, {"a b", UINT(1), {0}, AT})}, NULL, "not the name of a device"},

	/* F131 network */
	{"network on v1", V1, {.network = {.class_id = UINT(1048577), .priorities = ONE(net_priority, {"eth0", 5, AT})}},
         "net_cls,net_prio/net_cls.classid 1048577\nnet_cls,net_prio/net_prio.ifpriomap eth0 5\n", NULL},
	{"class 0 on v2", V2, {.network = {.class_id = UINT(0)}}, "", NULL},
	{"class on v2", V2, {.network = {.class_id = UINT(1)}}, NULL, "network.classID does not exist on cgroup v2"},
	{"priorities on v2", V2, {.network = {.priorities = ONE(net_priority, {"eth0", 5, AT})}}, NULL, "network.priorities does not exist"},
	{"class without its controller", BARE, {.network = {.class_id = UINT(1)}}, NULL, "net_cls controller is not mounted"},
	{"an interface of two words", V1, {.network = {.priorities = ONE(net_priority, {"e 9", 5, AT})}}, NULL, "not the name of a network interface"},

	/* F134, F135 unified */
	{"unified", V2, {UNIFIED("memory.high", "1G")}, "/memory.high 1G\n", NULL},
	{"unified line by line", V2, {UNIFIED("io.max", "8:0 rbps=1\n\n8:16 wbps=2\n")}, "/io.max 8:0 rbps=1\n/io.max 8:16 wbps=2\n", NULL},
	{"unified and nothing", V2, {UNIFIED("cpuset.cpus", "")}, "/cpuset.cpus \n\n", NULL},
	{"unified misc", V2, {UNIFIED("misc.max", "sev 4")}, "/misc.max sev 4\n", NULL},
	{"unified comes last", V2, {.pids_limit = INT(3), UNIFIED("pids.max", "9")}, "/pids.max 3\n/pids.max 9\n", NULL},
	{"unified and a directory", V2, {UNIFIED("sub/memory.max", "1")}, NULL, "not a file of a cgroup"},
	{"unified and up", V2, {UNIFIED("../memory.max", "1")}, NULL, "not a file of a cgroup"},
	{"unified without a dot", V2, {UNIFIED("memory", "1")}, NULL, "not a file of a cgroup"},
	{"unified and two dots", V2, {UNIFIED("..", "1")}, NULL, "not a file of a cgroup"},
	{"unified that acts on processes", V2, {UNIFIED("cgroup.freeze", "1")}, NULL, "cgroup.freeze is no limit"},
	{"unified of the group itself", V2, {UNIFIED("cgroup.max.descendants", "3")}, "/cgroup.max.descendants 3\n", NULL},
	{"unified on v1", V1, {UNIFIED("memory.high", "1G")}, NULL, "unified: memory.high needs a host with cgroup v2 alone"},
	{"unified on a hybrid host", HYBRID, {UNIFIED("hugetlb.2MB.max", "0")}, NULL, "cgroup v2 alone"},
	{"unified where nothing is", NONE, {UNIFIED("memory.high", "1G")}, NULL, "cgroup v2 alone"},

	/* The order of files: guards first; swap before memory, burst before cpu.max, idle before the weight; the exact word last. */
	{"everything in its order on v2", V2, {.pids_limit = INT(1), .memory = {.limit = INT(100), .swap = INT(150), .reservation = INT(50)},
         .block_io = {.weight = UINT(10), .read_bps = ONE(throttle_device, {8, 0, 1, AT})},
         .cpu = {.shares = UINT(1024), .quota = INT(9), .burst = UINT(7), .idle = INT(0), .cpus = TEXT("0"), .mems = TEXT("0")},
         .hugepage_limits = ONE(hugepage_limit, {TEXT("2MB"), 0, AT}), .rdma = ONE(rdma_limit, {"mlx4_0", UINT(1), {0}, AT}),
         UNIFIED("memory.high", "5")},
         "/pids.max 1\n/memory.swap.max 50\n/memory.max 100\n/memory.low 50\n/io.bfq.weight 10 |\n/io.weight 1\n/io.max 8:0 rbps=1\n"
         "/cpu.idle 0 D\n/cpu.weight 100\n/cpu.max.burst 7 R\n/cpu.max 9 100000 R\n/cpuset.cpus 0\n/cpuset.mems 0\n"
         "/hugetlb.2MB.max 0\n/hugetlb.2MB.rsvd.max 0 E\n/rdma.max mlx4_0 hca_handle=1\n/memory.high 5\n", NULL},
	{"everything in its order on v1", V1, {.pids_limit = INT(1), .memory = {.limit = INT(100), .swap = INT(150), .reservation = INT(50),
         .kernel_tcp = INT(5), .swappiness = UINT(9), .disable_oom_killer = YES},
         .block_io = {.weight = UINT(10), .read_bps = ONE(throttle_device, {8, 0, 1, AT})},
         .cpu = {.shares = UINT(1024), .quota = INT(9), .period = UINT(8), .burst = UINT(7), .idle = INT(0), .cpus = TEXT("0"), .mems = TEXT("0")},
         .hugepage_limits = ONE(hugepage_limit, {TEXT("2MB"), 0, AT}), .rdma = ONE(rdma_limit, {"mlx4_0", UINT(1), {0}, AT}),
         .network = {.class_id = UINT(3), .priorities = ONE(net_priority, {"eth0", 5, AT})}},
         "pids/pids.max 1\nmemory/memory.limit_in_bytes 100 R\nmemory/memory.memsw.limit_in_bytes 150\nmemory/memory.soft_limit_in_bytes 50\n"
         "memory/memory.kmem.tcp.limit_in_bytes 5 E\nmemory/memory.swappiness 9\nmemory/memory.oom_control 1\n"
         "blkio/blkio.weight 10 |\nblkio/blkio.bfq.weight 10\nblkio/blkio.throttle.read_bps_device 8:0 1\n"
         "cpu,cpuacct/cpu.idle 0 D\ncpu,cpuacct/cpu.shares 1024\ncpu,cpuacct/cpu.cfs_burst_us 7 R\ncpu,cpuacct/cpu.cfs_period_us 8 R\n"
         "cpu,cpuacct/cpu.cfs_quota_us 9 R\ncpuset/cpuset.cpus 0\ncpuset/cpuset.mems 0\nhugetlb/hugetlb.2MB.limit_in_bytes 0\n"
         "hugetlb/hugetlb.2MB.rsvd.limit_in_bytes 0 E\nrdma/rdma.max mlx4_0 hca_handle=1\nnet_cls,net_prio/net_cls.classid 3\n"
         "net_cls,net_prio/net_prio.ifpriomap eth0 5\n", NULL},

	/* hybrid: v1 where v1 has it, else the v2 tree */
	{"a hybrid host", HYBRID, {.pids_limit = INT(5), .memory = {.limit = INT(100)}, .cpu = {.shares = UINT(1024)},
         .hugepage_limits = ONE(hugepage_limit, {TEXT("2MB"), 0, AT})},
         "pids/pids.max 5\nmemory/memory.limit_in_bytes 100 R\nunified/cpu.weight 100\n"
         "unified/hugetlb.2MB.max 0\nunified/hugetlb.2MB.rsvd.max 0 E\n", NULL},
	{"network on a hybrid host without it", HYBRID, {.network = {.class_id = UINT(1)}}, NULL, "does not exist on cgroup v2"},
};

static char text[8192];

static void print(const struct cgroup_host *host, const struct setting *s)
{
	size_t n = strlen(text);
	bool flags = s->flags != 0;

	snprintf(text + n, sizeof(text) - n, "%s/%s %.*s%s%s%s%s%s%s%s\n", host->hierarchies[s->hierarchy].dir,
	         setting_file(s), (int)s->len, setting_value(s), flags ? " " : "",
	         s->flags & SETTING_DEFAULT ? "D" : "", s->flags & SETTING_IF_EXISTS ? "E" : "",
	         s->flags & SETTING_ELSE_NEXT ? "|" : "", s->flags & SETTING_RETRY ? "R" : "",
	         s->flags & SETTING_CHECK ? "C" : "", s->flags & SETTING_OURS ? "O" : "");
}

static int setup(void **state)
{
	return imagine_hosts(hosts, host_texts, COUNT(hosts));
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const struct cgroup_host *host = &hosts[row->host];
		struct settings list;
		struct error err = {0};
		int r = settings_make(host, &row->r, false, &list, &err);

		print_message("  %s\n", row->name);
		if (row->error) {
			assert_true(r < 0);
			if (!strstr(err.text, row->error))
				fail_msg("'%s' does not say '%s'", err.text, row->error);
			assert_int_equal(err.at.offset, 7);
			continue;
		}
		if (r < 0)
			fail_msg("%s", err.text);
		text[0] = '\0';
		for (size_t k = 0; k < list.n; k++) {
			print(host, &list.v[k]);
			assert_int_equal(list.v[k].at.offset, 7);
			assert_int_equal(list.v[k].kind, SETTING_WRITE);
		}
		assert_string_equal(text, row->expected);
		settings_free(&list);
	}
}

static const struct {
	struct resources r;
	uint32_t controllers[2];
} wanted[] = {
	{{.pids_limit = INT(1)},                              {CGROUP_PIDS}                },
	{{.cpu = {.shares = UINT(3), .cpus = TEXT("0")}},     {CGROUP_CPU, CGROUP_CPUSET}  },
	{{.block_io = {.weight = UINT(10)}},                  {CGROUP_IO, CGROUP_IO}       },
	{{UNIFIED("memory.high", "1")},                       {CGROUP_MEMORY}              },
	{{UNIFIED("misc.max", "1")},                          {CGROUP_MISC}                },
	{{UNIFIED("cgroup.max.depth", "1")},                  {0}                          },
	{{UNIFIED("memoryx.high", "1")},                      {0}                          },
};

/* Which controller a setting belongs to decides what cgroup_make enables on v2. */
static void test_controllers(void **state)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct settings list;
		struct error err = {0};

		assert_int_equal(settings_make(&hosts[V2], &wanted[i].r, false, &list, &err), 0);
		assert_true(list.n >= 1 && list.n <= 2);
		for (size_t k = 0; k < list.n; k++)
			assert_int_equal(list.v[k].controller, wanted[i].controllers[k]);
		settings_free(&list);
	}
}

static void test_device_settings(void **state)
{
	struct device_rule rule = {.allow = true, .type = 'c', .read = true, .at = AT};
	const struct resources none = {0}, some = {.devices = {1, &rule}};
	struct settings list;
	struct error err = {0};

	assert_int_equal(settings_make(&hosts[V1], &none, true, &list, &err), 0);
	text[0] = '\0';
	for (size_t k = 0; k < list.n; k++)
		print(&hosts[V1], &list.v[k]);
	assert_string_equal(strtok(text, "\n"), "devices/devices.deny a");
	assert_string_equal(strtok(NULL, "\n"), "devices/devices.allow c *:* m O");
	assert_int_equal(list.n, 13);
	settings_free(&list);

	assert_int_equal(settings_make(&hosts[V2], &some, true, &list, &err), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].kind, SETTING_DEVICE_PROGRAM);
	assert_int_equal(list.v[0].at.offset, 7);
	settings_free(&list);

	/* What nobody asked for is not missed where there are no cgroups; with a v1 host it is. */
	assert_int_equal(settings_make(&hosts[NONE], &none, true, &list, &err), 0);
	assert_int_equal(list.n, 0);
	settings_free(&list);
	assert_true(settings_make(&hosts[NONE], &some, true, &list, &err) < 0);
	assert_true(settings_make(&hosts[BARE], &none, true, &list, &err) < 0);
	assert_non_null(strstr(err.text, "the devices controller is not mounted"));
}

static void test_many(void **state)
{
	static struct throttle_device devices[500];
	struct resources r = {.block_io = {.read_bps = {500, devices}}};
	struct settings list;
	struct error err = {0};

	for (size_t i = 0; i < 500; i++)
		devices[i] = (struct throttle_device){8, (int64_t)i, i + 1, AT};
	assert_int_equal(settings_make(&hosts[V2], &r, false, &list, &err), 0);
	assert_int_equal(list.n, 500);
	assert_string_equal(setting_value(&list.v[499]), "8:499 rbps=500");
	settings_free(&list);
}

static void test_weights(void **state)
{
	static const unsigned cpu[][2] = {
		{0, 0},      {1, 1},      {2, 1},       {3, 2},         {10, 4},         {100, 17},     {512, 59},
		{1024, 100}, {2000, 170}, {2048, 174}, {22000, 1204}, {262144, 10000}, {262145, 10000},
	};
	static const unsigned io[][2] = {{10, 1}, {100, 910}, {500, 4950}, {1000, 10000}};
	uint32_t hash = 0;

	for (size_t i = 0; i < sizeof(cpu) / sizeof(cpu[0]); i++)
		assert_int_equal(settings_cpu_weight(cpu[i][0]), cpu[i][1]);
	assert_int_equal(settings_cpu_weight(UINT64_MAX), 10000);
	for (size_t i = 0; i < sizeof(io) / sizeof(io[0]); i++)
		assert_int_equal(settings_io_weight(io[i][0]), io[i][1]);
	/* Every value, once computed with 40 digits. */
	for (unsigned shares = 2; shares <= 262144; shares++)
		hash = hash * 31 + settings_cpu_weight(shares);
	assert_int_equal(hash, 0x248af876);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),           cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_device_settings), cmocka_unit_test(test_many),
		cmocka_unit_test(test_weights),
	};

	return cmocka_run_group_tests_name("cgroup settings", tests, setup, NULL);
}
