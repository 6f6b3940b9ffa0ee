/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <stddef.h>

#define AT(field) CLI_STRING, offsetof(struct update_options, field)

/* As runc and crun spell them (features C060-C064). */
static const struct cli_option update_flags[] = {
	{"resources", 'r', AT(resources), "FILE|-", "a linux.resources object; flags overrule it"},
	{"blkio-weight", 0, AT(blkio_weight), "N", "share of the block devices, 10 to 1000"},
	{"cpu-period", 0, AT(cpu_period), "USEC", "the quota is counted over it"},
	{"cpu-quota", 0, AT(cpu_quota), "USEC", "of each period; -1: no limit"},
	{"cpu-burst", 0, AT(cpu_burst), "USEC", "what may be saved up and used beyond the quota"},
	{"cpu-share", 0, AT(cpu_share), "N", "share of the processors, 2 to 262144 (1024)"},
	{"cpu-rt-period", 0, AT(cpu_rt_period), "USEC", "the same for real-time processes"},
	{"cpu-rt-runtime", 0, AT(cpu_rt_runtime), "USEC", "the same for real-time processes"},
	{"cpu-idle", 0, AT(cpu_idle), "0|1", "1: run when nobody else does"},
	{"cpuset-cpus", 0, AT(cpuset_cpus), "LIST", "processors"},
	{"cpuset-mems", 0, AT(cpuset_mems), "LIST", "memory nodes"},
	{"memory", 0, AT(memory), "SIZE", "512k, 50m, 1.5g; -1: no limit"},
	{"memory-reservation", 0, AT(memory_reservation), "SIZE", "what it keeps when memory is short"},
	{"memory-swap", 0, AT(memory_swap), "SIZE", "memory and swap together; -1: no limit"},
	{"pids-limit", 0, AT(pids_limit), "N", "so many processes and threads; -1: no limit"},
	{"l3-cache-schema", 0, AT(l3_cache_schema), "SCHEMA", "of its resctrl class"},
	{"mem-bw-schema", 0, AT(mem_bw_schema), "SCHEMA", "of its resctrl class"},
	{"kernel-memory", 0, AT(kernel_memory), "SIZE", "accepted: Linux has no such limit since 5.16"},
	{"kernel-memory-tcp", 0, AT(kernel_memory_tcp), "SIZE", "accepted: the memory limit counts it"},
	CLI_END,
};

static int run_update(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	int r = container_update(&global->runtime, argv[0], given, err);

	return r < 0 ? error_wrap(err, "update %s", argv[0]) : 0;
}

const struct command command_update = {
	.name = "update",
	.synopsis = "[flags] ID",
	.summary = "gives a container that runs other limits, all of them or none",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite update --memory 100m --pids-limit 50 web1\n"
	            "echo '{\"cpu\": {\"quota\": 50000, \"period\": 100000}}' | crun-lite update -r - web1\n",
	.options = update_flags,
	.options_size = sizeof(struct update_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_update,
};
