/* A container as a unit of systemd: names, properties, annotations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/unit.h"
#include "cgroups/variant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* ---- names ---- */

static const struct name_row {
	const char *path;
	bool user;
	const char *unit, *group;       /* NULL: refused */
} names[] = {
	{NULL, false, "crun-lite-web1.scope", "/system.slice/crun-lite-web1.scope"},
	{"", true, "crun-lite-web1.scope", "/user.slice/crun-lite-web1.scope"},
	{"system.slice:docker:x", false, "docker-x.scope", "/system.slice/docker-x.scope"},
	{":docker:x", false, "docker-x.scope", "/system.slice/docker-x.scope"},
	{":libpod:x", true, "libpod-x.scope", "/user.slice/libpod-x.scope"},
	{"system.slice::x", false, "x.scope", "/system.slice/x.scope"},
	{"-.slice:a:b", false, "a-b.scope", "/a-b.scope"},
	{"a-b-c.slice:p:n", false, "p-n.scope", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope"},
	{"kubepods-besteffort-pod1_2.slice:cri-containerd:f00", false, "cri-containerd-f00.scope",
         "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/cri-containerd-f00.scope"},
	{"machine.slice:libpod:a-b.slice", false, "a-b.slice", "/a.slice/a-b.slice"},
	{"::a.slice", false, "a.slice", "/a.slice"},
	{"/a/b", false, NULL, NULL},
	{"a", false, NULL, NULL},
	{"a.slice:b", false, NULL, NULL},
	{"a.slice:b:c:d", false, NULL, NULL},
	{"a.slice:b:", false, NULL, NULL},
	{"a:b:c", false, NULL, NULL},
	{".slice:b:c", false, NULL, NULL},
	{"-a.slice:b:c", false, NULL, NULL},
	{"a-.slice:b:c", false, NULL, NULL},
	{"a--b.slice:c:d", false, NULL, NULL},
	{"a/b.slice:c:d", false, NULL, NULL},
	{"a.slice:b/c:d", false, NULL, NULL},
	{"a.slice:b:../d", false, NULL, NULL},
	{"a.slice:b:c@d", false, NULL, NULL},
	{"a.slice:b:c d", false, NULL, NULL},
	{"a.slice:b:c'd", false, NULL, NULL},
	{"a.slice:b:c\nd", false, NULL, NULL},
	{"::-.slice", false, NULL, NULL},
	{"::a--b.slice", false, NULL, NULL},
};

static void units_are_named(void **state)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		struct text path = {.s = names[i].path, .at = {7}};
		char group[CGROUP_PATH_MAX];
		struct error err = {0};
		struct unit unit;
		int r = unit_name(&path, "web1", names[i].user, &unit, &err);

		if (!names[i].unit) {
			if (r == 0)
				fail_msg("%s is %s", names[i].path, unit.name);
			assert_int_equal(err.at.offset, 7);
			assert_true(*err.hint);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", names[i].path, err.text);
		assert_string_equal(unit.name, names[i].unit);
		assert_true(unit_is_name(unit.name));
		assert_int_equal(unit_path(&unit, group, &err), 0);
		assert_string_equal(group, names[i].group);
	}
}

static void long_names_are_refused(void **state)
{
	char text[600], group[CGROUP_PATH_MAX];
	struct text path = {.s = text};
	struct error err = {0};
	struct unit unit;

	memset(text, 'a', sizeof(text));
	strcpy(text + 300, ":b:c");
	assert_true(unit_name(&path, "x", false, &unit, &err) < 0);
	memcpy(text, "::", 2);
	text[252] = '\0';
	assert_true(unit_name(&path, "x", false, &unit, &err) < 0);
	/* A slice of many parts is a long path. */
	for (size_t i = 0; i < 200; i++)
		text[i] = i % 2 ? '-' : 'a';
	strcpy(text + 199, ".slice:b:c");
	assert_int_equal(unit_name(&path, "x", false, &unit, &err), 0);
	assert_true(unit_path(&unit, group, &err) < 0);
}

static void names_in_object_paths(void **state)
{
	char text[64];

	unit_escape("a-b_c.scope", text);
	assert_string_equal(text, "a_2db_5fc_2escope");
	assert_false(unit_is_name("a.service"));
	assert_false(unit_is_name("a b.scope"));
	assert_false(unit_is_name(""));
}

static const struct subgroup_row {
	const char *value;
	bool slice;
	const char *subgroup;           /* NULL: refused */
} subgroups[] = {
	{"", false, ""},
	{"", true, ""},
	{"container", false, "container"},
	{"a.b_c-d:e", false, "a.b_c-d:e"},
	{"container", true, NULL},
	{".", false, NULL},
	{"..", false, NULL},
	{".hidden", false, NULL},
	{"a/b", false, NULL},
	{"/a", false, NULL},
	{"a b", false, NULL},
	{"a\nb", false, NULL},
};

static void subgroups_are_one_name(void **state)
{
	char text[NAME_MAX + 2];
	struct pair pairs[] = {{"other", "x", {3}}, {"run.oci.systemd.subgroup", text, {9}}};
	struct pairs annotations = {.v = pairs, .n = 2};

	for (size_t i = 0; i < COUNT(subgroups); i++) {
		struct unit unit = {.name = "u", .is_slice = subgroups[i].slice};
		struct error err = {0};
		int r;

		strcpy(text, subgroups[i].value);
		r = unit_subgroup(&annotations, &unit, &err);
		if (subgroups[i].subgroup ? r != 0 || strcmp(unit.subgroup, subgroups[i].subgroup) != 0
		                          : r == 0 || err.at.offset != 9 || !*err.hint || *unit.subgroup)
			fail_msg("'%s' is '%s': %s", text, unit.subgroup, err.text);
	}
	memset(text, 'a', NAME_MAX + 1);
	text[NAME_MAX + 1] = '\0';
	assert_true(unit_subgroup(&annotations, &(struct unit){0}, &(struct error){0}) < 0);
	text[NAME_MAX] = '\0';
	assert_int_equal(unit_subgroup(&annotations, &(struct unit){0}, &(struct error){0}), 0);
}

/* ---- properties ---- */

static const struct unit scope = {.name = "p-n.scope", .slice = "s.slice", .description = "d"};

static char *print(const char *resources, const char *annotations, unsigned flags, const struct unit *unit, struct error *err)
{
	struct config *config = NULL;
	struct wire w = {0};
	char text[4096], *out = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&out, &len);

	snprintf(text, sizeof(text), "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"annotations\":%s,\"linux\":{\"resources\":%s}}",
	         annotations ?: "{}", resources ?: "{}");
	assert_int_equal(config_parse(text, strlen(text), "c", &config, err), 0);
	*err = (struct error){0};
	if (unit_properties(unit, 42, &config->linux_.resources, &config->annotations, flags, &w, err) == 0)
		unit_properties_print(&w, file);
	fclose(file);
	wire_free(&w);
	config_free(config);
	return out;
}

static void a_scope_s_properties(void **state)
{
	static const char basics[] =
		"Description=s \"d\"\nSlice=s \"s.slice\"\nDelegate=b true\nPIDs=au [42]\nMemoryAccounting=b true\n"
		"CPUAccounting=b true\nTasksAccounting=b true\nIOAccounting=b true\nDefaultDependencies=b false\n"
		"CollectMode=s \"inactive-or-failed\"\nDevicePolicy=s \"strict\"\nDeviceAllow=a(ss) [(\"char-*\", \"m\")";
	struct error err;
	char *text = print(NULL, NULL, 0, &scope, &err);

	assert_int_equal(strncmp(text, basics, strlen(basics)), 0);
	free(text);
	text = print(NULL, NULL, 0, &(struct unit){.name = "a.slice", .is_slice = true, .user = true}, &err);
	assert_null(strstr(text, "PIDs"));
	assert_null(strstr(text, "Delegate"));
	assert_null(strstr(text, "Device"));
	free(text);
	/* Who holds it starts in it; on v1 not in the groups that limit. */
	text = print("{\"pids\":{\"limit\":5}}", NULL, 0, &(struct unit){.name = "a.scope", .held = true, .holder = 43}, &err);
	assert_non_null(strstr(text, "PIDs=au [42, 43]\n"));
	assert_non_null(strstr(text, "TasksMax=t 6\n"));
	free(text);
	text = print("{\"pids\":{\"limit\":5}}", NULL, UNIT_V1, &(struct unit){.name = "a.scope", .held = true, .holder = 43}, &err);
	assert_non_null(strstr(text, "PIDs=au [42]\n"));
	assert_non_null(strstr(text, "TasksMax=t 5\n"));
	free(text);
}

static const struct limit_row {
	const char *resources;
	unsigned flags;
	const char *expected;
} limits[] = {
	{"{\"memory\":{\"limit\":1000,\"swap\":3000,\"reservation\":500}}", 0, "MemoryMax=t 1000\nMemoryLow=t 500\nMemorySwapMax=t 2000\n"},
	{"{\"memory\":{\"limit\":1000,\"swap\":1000}}", 0, "MemoryMax=t 1000\nMemorySwapMax=t 0\n"},
	{"{\"memory\":{\"limit\":-1,\"swap\":-1}}", 0, "MemoryMax=t 18446744073709551615\nMemorySwapMax=t 18446744073709551615\n"},
	{"{\"memory\":{\"limit\":0}}", 0, ""},
	{"{\"memory\":{\"limit\":1000,\"reservation\":500}}", UNIT_V1, "MemoryLimit=t 1000\n"},
	{"{\"cpu\":{\"shares\":1024}}", 0, "CPUWeight=t 100\n"},
	{"{\"cpu\":{\"shares\":1024}}", UNIT_V1, "CPUShares=t 1024\n"},
	{"{\"cpu\":{\"shares\":1024,\"idle\":1}}", 0, "CPUWeight=t 0\n"},
	{"{\"cpu\":{\"shares\":1024,\"idle\":1}}", UNIT_OLD, ""},
	{"{\"cpu\":{\"quota\":50000}}", 0, "CPUQuotaPerSecUSec=t 500000\n"},
	{"{\"cpu\":{\"quota\":1001,\"period\":10000}}", 0, "CPUQuotaPeriodUSec=t 10000\nCPUQuotaPerSecUSec=t 110000\n"},
	{"{\"cpu\":{\"quota\":1001,\"period\":10000}}", UNIT_OLD, "CPUQuotaPerSecUSec=t 110000\n"},
	{"{\"cpu\":{\"quota\":-1}}", 0, "CPUQuotaPerSecUSec=t 18446744073709551615\n"},
	{"{\"cpu\":{\"cpus\":\"0-3,7\",\"mems\":\"0,64\"}}", 0, "AllowedCPUs=ay [143]\nAllowedMemoryNodes=ay [1, 0, 0, 0, 0, 0, 0, 0, 1]\n"},
	{"{\"cpu\":{\"cpus\":\"0-3,7\"}}", UNIT_OLD, ""},
	{"{\"cpu\":{\"cpus\":\"3-0\"}}", 0, ""},
	{"{\"pids\":{\"limit\":100}}", 0, "TasksMax=t 100\n"},
	{"{\"pids\":{\"limit\":0}}", 0, "TasksMax=t 1\n"},
	/* Who holds the unit is in it. */
	{"{\"pids\":{\"limit\":100}}", UNIT_HELD, "TasksMax=t 101\n"},
	{"{\"pids\":{\"limit\":0}}", UNIT_HELD, "TasksMax=t 2\n"},
	{"{\"pids\":{\"limit\":-1}}", UNIT_HELD, "TasksMax=t 18446744073709551615\n"},
	{"{\"unified\":{\"pids.max\":\"7\"}}", UNIT_HELD, "TasksMax=t 8\n"},
	{"{\"unified\":{\"pids.max\":\"0\"}}", 0, "TasksMax=t 1\n"},
	{"{\"unified\":{\"pids.max\":\"max\"}}", UNIT_HELD, "TasksMax=t 18446744073709551615\n"},
	{"{\"pids\":{\"limit\":-1}}", 0, "TasksMax=t 18446744073709551615\n"},
	{"{\"blockIO\":{\"weight\":100,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500}]}}", 0,
         "IOWeight=t 910\nIODeviceWeight=a(st) [(\"/dev/block/8:0\", 4950)]\n"},
	{"{\"blockIO\":{\"weight\":100,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500}]}}", UNIT_V1,
         "BlockIOWeight=t 100\nBlockIODeviceWeight=a(st) [(\"/dev/block/8:0\", 500)]\n"},
	{"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1000},{\"major\":8,\"minor\":16,\"rate\":0}],"
         "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":7}]}}",
         0, "IOReadBandwidthMax=a(st) [(\"/dev/block/8:0\", 1000), (\"/dev/block/8:16\", 18446744073709551615)]\n"
         "IOWriteIOPSMax=a(st) [(\"/dev/block/8:0\", 7)]\n"},
	{"{\"unified\":{\"memory.high\":\"5\",\"memory.max\":\"max\",\"pids.max\":\"3\",\"cpu.max\":\"max 100000\",\"memory.low\":\"x\","
         "\"hugetlb.2MB.max\":\"1\"}}",
         0, "MemoryHigh=t 5\nMemoryMax=t 18446744073709551615\nTasksMax=t 3\nCPUQuotaPerSecUSec=t 18446744073709551615\n"},
	{"{\"unified\":{\"cpu.max\":\"25000 50000\",\"memory.zswap.max\":\"1\",\"cpuset.cpus\":\"1\"}}", 0,
         "CPUQuotaPerSecUSec=t 500000\nMemoryZSwapMax=t 1\nAllowedCPUs=ay [2]\n"},
	{"{\"unified\":{\"cpu.max\":\"25000\",\"memory.zswap.max\":\"1\",\"cpuset.cpus\":\"1\"}}", UNIT_OLD, "CPUQuotaPerSecUSec=t 250000\n"},
};

static void limits_in_systemd_s_words(void **state)
{
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct error err;
		char *text = print(limits[i].resources, NULL, limits[i].flags | UNIT_UPDATE, &scope, &err);

		if (strcmp(text, limits[i].expected) != 0)
			fail_msg("%s: %s", limits[i].resources, text);
		free(text);
	}
}

static void devices_that_are_no_list(void **state)
{
	struct error err;
	char *text = print("{\"devices\":[{\"allow\":true},{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":1}]}", NULL, 0, &scope, &err);

	assert_non_null(strstr(text, "DevicePolicy=s \"auto\"\n"));
	assert_null(strstr(text, "DeviceAllow"));
	free(text);
	/* What v1 cannot say, the program can. */
	text = print("{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1},{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":1,\"access\":\"r\"}]}",
	             NULL, 0, &scope, &err);
	assert_non_null(strstr(text, "DevicePolicy=s \"auto\"\n"));
	free(text);
}

/* ---- annotations ---- */

static const struct value_row {
	const char *text;
	const char *printed;    /* NULL: refused */
} values[] = {
	{"true", "b true"}, {"false", "b false"}, {"5", "i 5"}, {" -5 ", "i -5"}, {"+5", "i 5"}, {"0x10", "i 16"}, {"0x1e", "i 30"},
	{"1.5", "d 1.5"}, {"1e3", "d 1000"}, {"uint64 18446744073709551615", "t 18446744073709551615"}, {"int64 -9223372036854775808", "x -9223372036854775808"},
	{"byte 255", "y 255"}, {"int16 -32768", "n -32768"}, {"@t 5", "t 5"}, {"'a'", "s \"a\""}, {"\"a'b\"", "s \"a'b\""},
	{"'a\\'b\\\\'", "s \"a'b\\\""}, {"['a', 'b']", "as [\"a\", \"b\"]"}, {"@as []", "as []"}, {"[uint32 1, 2]", "au [1, 2]"},
	{"[[1], [2, 3]]", "aai [[1], [2, 3]]"}, {"@a(su) [('a', 1), ('b', 2)]", "a(su) [(\"a\", 1), (\"b\", 2)]"},
	{"<5>", "v i 5"}, {"[<5>, <'a'>]", "av [i 5, s \"a\"]"}, {"objectpath '/a'", "o \"/a\""}, {"signature 'as'", "g \"as\""},
	{"double 5", "d 5"}, {"boolean true", "b true"},
	{"", NULL}, {"a", NULL}, {"'a", NULL}, {"'a\\", NULL}, {"'\\q'", NULL}, {"[]", NULL}, {"[1", NULL}, {"[1,", NULL}, {"[1 2]", NULL}, {"[1, 'a']", NULL},
	{"byte 256", NULL}, {"byte -1", NULL}, {"int16 -32769", NULL}, {"2147483648", NULL}, {"-2147483649", NULL}, {"uint64 18446744073709551616", NULL},
	{"uint64 'a'", NULL}, {"uint64", NULL}, {"@", NULL}, {"@a", NULL}, {"@(s 'a'", NULL}, {"@() ()", NULL}, {"@t uint32 5", NULL}, {"5 5", NULL}, {"5x", NULL},
	{"truely", NULL}, {"<5", NULL}, {"<>", NULL}, {"[[[[[[[[[[1]]]]]]]]]]", NULL}, {"<<<<<<<<<<1>>>>>>>>>>", NULL}, {"@a{sv} {}", NULL}, {"@(ss) ('a')", NULL},
	{"inf", NULL}, {"1.5.5", NULL}, {"--5", NULL},
};

static void values_are_read(void **state)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		struct wire w = {0};
		struct error err = {0};
		int r = variant_parse(values[i].text, &w, &err);
		struct wire_reader reader = {.v = w.v, .len = w.len};
		const char *type = "v";
		char *out = NULL;
		size_t len;
		FILE *file = open_memstream(&out, &len);

		if (r == 0)
			wire_print(&reader, &type, file);
		fclose(file);
		if ((r == 0) != (values[i].printed != NULL) || (r == 0 && strcmp(out, values[i].printed) != 0))
			fail_msg("%s: %s %s", values[i].text, out, err.text);
		if (r == 0)
			assert_true(!reader.failed && reader.at == reader.len);
		free(out);
		wire_free(&w);
	}
}

static void seconds_are_microseconds(void **state)
{
	static const struct { const char *text; uint64_t usec; bool good; } rows[] = {
		{"5", 5000000, true}, {"uint64 90", 90000000, true}, {"1.5", 1500000, true}, {"byte 1", 1000000, true}, {"0", 0, true},
		{"-1", 0, false}, {"'5'", 0, false}, {"[5]", 0, false}, {"uint64 18446744073709551615", 0, false}, {"true", 0, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire w = {0};
		struct error err = {0};
		int r = variant_parse_seconds(rows[i].text, &w, &err);
		struct wire_reader reader = {.v = w.v, .len = w.len};

		if ((r == 0) != rows[i].good)
			fail_msg("%s", rows[i].text);
		if (r == 0) {
			assert_string_equal(wire_read_signature(&reader), "t");
			assert_int_equal(wire_read_number(&reader, 8), rows[i].usec);
		}
		wire_free(&w);
	}
}

static const struct annotation_row {
	const char *annotations, *expected;     /* the last lines; or words of the error, behind '!' */
} annotations[] = {
	{"{\"org.systemd.property.TimeoutStopUSec\":\"uint64 5\"}", "\nTimeoutStopUSec=t 5\n"},
	{"{\"org.systemd.property.TimeoutStopSec\":\"5\"}", "\nTimeoutStopUSec=t 5000000\n"},
	{"{\"org.systemd.property.CollectMode\":\"'inactive'\"}", "\nCollectMode=s \"inactive\"\n"},
	{"{\"org.systemd.property.After\":\"['a.service']\",\"other\":\"x\"}", "\nAfter=as [\"a.service\"]\n"},
	{"{\"org.systemd.property.MemoryMax\":\"uint64 5\"}", "\nMemoryMax=t 5\n"},
	{"{\"org.systemd.property.Ab\":\"5\"}", "!not the name of a property"},
	{"{\"org.systemd.property.\":\"5\"}", "!not the name of a property"},
	{"{\"org.systemd.property.Memory.Max\":\"5\"}", "!not the name of a property"},
	{"{\"org.systemd.property.PIDs\":\"[uint32 1]\"}", "!not for a bundle"},
	{"{\"org.systemd.property.FailureAction\":\"'reboot'\"}", "!not for a bundle"},
	{"{\"org.systemd.property.JobTimeoutAction\":\"'reboot'\"}", "!not for a bundle"},
	{"{\"org.systemd.property.Slice\":\"'x.slice'\"}", "!not for a bundle"},
	{"{\"org.systemd.property.KillMode\":\"none\"}", "!a value is expected at 'none'"},
};

static void annotations_become_properties(void **state)
{
	for (size_t i = 0; i < COUNT(annotations); i++) {
		const char *expected = annotations[i].expected;
		struct error err;
		char *text = print(NULL, annotations[i].annotations, 0, &scope, &err);
		size_t n = strlen(text), m = strlen(expected);

		if (*expected == '!' ? !strstr(err.text, expected + 1) : n < m || strcmp(text + n - m, expected) != 0)
			fail_msg("%s: %s %s", annotations[i].annotations, text, err.text);
		if (*expected == '!')
			assert_true(err.at.offset > 0);
		free(text);
	}
}

/* ---- bytes ---- */

static void bytes_of_either_order_are_read(void **state)
{
	static const unsigned char big[] = {0, 0, 0, 5, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe};
	struct wire_reader r = {.v = big, .len = sizeof(big), .swap = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__};
	const char *signature = "usan";
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	while (*signature) {
		wire_print(&r, &signature, file);
		fputc(' ', file);
	}
	fclose(file);
	assert_false(r.failed);
	assert_string_equal(out, "5 \"a\" [258] ");
	free(out);
}

static void types_are_complete_or_none(void **state)
{
	static const struct { const char *text; size_t length; } rows[] = {
		{"s", 1}, {"as", 2}, {"a(sv)", 5}, {"(s(uu))x", 7}, {"a{sv}u", 5}, {"", 0}, {"a", 0}, {"(", 0}, {"()", 0}, {"(s", 0}, {"z", 0}, {")", 0}, {"a)", 0},
	};
	char deep[300];

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(wire_type_length(rows[i].text), rows[i].length);
	memset(deep, 'a', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(wire_type_length(deep), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_are_named),
		cmocka_unit_test(long_names_are_refused),
		cmocka_unit_test(names_in_object_paths),
		cmocka_unit_test(subgroups_are_one_name),
		cmocka_unit_test(a_scope_s_properties),
		cmocka_unit_test(limits_in_systemd_s_words),
		cmocka_unit_test(devices_that_are_no_list),
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(seconds_are_microseconds),
		cmocka_unit_test(annotations_become_properties),
		cmocka_unit_test(bytes_of_either_order_are_read),
		cmocka_unit_test(types_are_complete_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
