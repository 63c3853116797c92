/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of /proc/PID/numa_maps, and what only looks like them; sums by node, kind and policy. */
#include "cli_test.h"

#include "../../cli/numa_maps.h"

static struct numa_mapping mapping;
static struct numa_maps maps;

static void parse(const char *line)
{
	/* Nothing may be read behind the line. */
	size_t size = strlen(line);
	char *exact = malloc(size ? size : 1);

	memcpy(exact, line, size);
	assert_true(numa_maps_parse(exact, size, &mapping));
	free(exact);
	assert_true(numa_maps_parse(line, size, &mapping));
}

static void expect_policy(const char *line, const char *policy)
{
	parse(line);
	assert_int_equal(mapping.policy_len, strlen(policy));
	assert_memory_equal(mapping.policy, policy, strlen(policy));
}

static void expect_name(const char *line, const char *name, bool has_file, bool is_hugetlb)
{
	parse(line);
	assert_int_equal(mapping.name_len, strlen(name));
	assert_memory_equal(mapping.name, name, strlen(name));
	assert_int_equal(mapping.has_file, has_file);
	assert_int_equal(mapping.is_hugetlb, is_hugetlb);
}

static void test_policies(void **state UNUSED)
{
	expect_policy("1000 default", "default");
	expect_policy("1000 default anon=1 N0=1 kernelpagesize_kB=4", "default");
	expect_policy("1000 bind=static|balancing:0-1,3 heap", "bind=static|balancing:0-1,3");
	expect_policy("1000 prefer:1", "prefer:1");
	expect_policy("1000 prefer (many):0-1 anon=1 N0=1 kernelpagesize_kB=4", "prefer (many):0-1");
	expect_policy("1000 weighted interleave:0-1", "weighted interleave:0-1");
	expect_policy("1000 weighted interleave", "weighted interleave");
	expect_policy("1000 prefer heap", "prefer");
	expect_policy("1000 prefer", "prefer");
}

static void test_names(void **state UNUSED)
{
	expect_name("1000 default", "", false, false);
	expect_name("1000 default heap anon=1 N0=1 kernelpagesize_kB=4", "heap", false, false);
	expect_name("1000 default stack", "stack", false, false);
	expect_name("1000 default file=/a\\040b\\075 mapped=1 N0=1 kernelpagesize_kB=4", "/a\\040b\\075",
		    true, false);
	expect_name("1000 default file=/anon_hugepage\\040(deleted) huge", "/anon_hugepage\\040(deleted)",
		    true, true);
	/* A name that looks like what follows names. */
	expect_name("1000 default file=N0=7", "N0=7", true, false);
	assert_int_equal(mapping.nr_nodes, 0);
	expect_name("1000 default file=", "", true, false);
}

static void test_nodes(void **state UNUSED)
{
	parse("7f00dead0000 default anon=9 dirty=8 mapmax=3 active=0 N0=7 N12=2 kernelpagesize_kB=4");
	assert_true(mapping.start == 0x7f00dead0000);
	assert_int_equal(mapping.nr_nodes, 2);
	assert_int_equal(mapping.node[0].node, 0);
	assert_int_equal(mapping.node[0].bytes, 7 * 4096);
	assert_int_equal(mapping.node[1].node, 12);
	assert_int_equal(mapping.node[1].bytes, 2 * 4096);
	parse("1000 default huge N1023=3 kernelpagesize_kB=1048576");
	assert_int_equal(mapping.node[0].node, 1023);
	assert_true(mapping.node[0].bytes == 3ULL << 30);
	/* Of a newer kernel. */
	parse("1000 default New=1 N nodes=7 N0=1 kernelpagesize_kB=4 more=2");
	assert_int_equal(mapping.nr_nodes, 1);
}

static void test_what_is_no_line(void **state UNUSED)
{
	static const char *const lines[] = {
		"",
		" ",
		"1000",
		"1000 ",
		"x default",
		"0x1000 default",
		"10000000000000000 default",
		"1000 default N0=1",
		"1000 default N0 kernelpagesize_kB=4",
		"1000 default N0= kernelpagesize_kB=4",
		"1000 default N0=-1 kernelpagesize_kB=4",
		"1000 default N1024=1 kernelpagesize_kB=4",
		"1000 default N99999999999999999999=1 kernelpagesize_kB=4",
		"1000 default N0=1 kernelpagesize_kB=",
		"1000 default N0=1 kernelpagesize_kB=x",
		"1000 default N0=4503599627370497 kernelpagesize_kB=4",
		"1000 default N0=1 kernelpagesize_kB=18014398509481984",
		"1000 default kernelpagesize_kB=4 N0=1",
		"1000 default N0=1 kernelpagesize_kB=4 kernelpagesize_kB=4",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(numa_maps_parse(lines[i], strlen(lines[i]), &mapping));
}

static void test_too_many_nodes(void **state UNUSED)
{
	struct text line = {};

	text_add(&line, "1000 default");
	for (int i = 0; i < NUMA_MAX_NODES; i++)
		text_add_format(&line, " N%d=1", i);
	text_add(&line, " N7=1 kernelpagesize_kB=4");
	assert_false(numa_maps_parse(line.data, line.len, &mapping));
	text_free(&line);
}

static void add(const char *line, bool is_shared)
{
	parse(line);
	numa_maps_add(&maps, &mapping, is_shared);
}

static void test_sums(void **state UNUSED)
{
	maps = (struct numa_maps){};
	add("1000 default heap anon=3 N0=1 N1=2 kernelpagesize_kB=4", false);
	add("5000 default file=/x mapped=4 N1=4 kernelpagesize_kB=4", false);
	add("9000 bind:1 file=/y mapped=8 N1=8 kernelpagesize_kB=4", true);
	add("f000 default file=/z huge N0=1 kernelpagesize_kB=2048", true);
	add("ff000 default", false);
	assert_int_equal(maps.nr_mappings, 5);
	assert_int_equal(maps.bytes[NUMA_ANONYMOUS][0], 4096);
	assert_int_equal(maps.bytes[NUMA_ANONYMOUS][1], 2 * 4096);
	assert_int_equal(maps.bytes[NUMA_FILE][1], 4 * 4096);
	assert_int_equal(maps.bytes[NUMA_SHARED][1], 8 * 4096);
	assert_int_equal(maps.bytes[NUMA_HUGETLB][0], 2 << 20);
	assert_int_equal(numa_maps_on_node(&maps, 1), 14 * 4096);
	assert_int_equal(maps.nr_policies, 2);
	assert_string_equal(maps.policy[0].name, "default");
	assert_int_equal(maps.policy[0].nr_mappings, 4);
	assert_int_equal(maps.policy[0].bytes[1], 6 * 4096);
	assert_string_equal(maps.policy[0].largest_name, "/z");
	assert_int_equal(maps.policy[0].largest_start, 0xf000);
	assert_string_equal(maps.policy[1].name, "bind:1");
	assert_int_equal(maps.policy[1].largest_bytes, 8 * 4096);
}

static void test_too_much(void **state UNUSED)
{
	maps = (struct numa_maps){};
	for (int i = 0; i < 3; i++)
		add("1000 default N0=4503599627370495 N1=1 kernelpagesize_kB=4", false);
	assert_true(maps.bytes[NUMA_ANONYMOUS][0] == UINT64_MAX);
	assert_int_equal(maps.bytes[NUMA_ANONYMOUS][1], 3 * 4096);
	assert_true(maps.policy[0].largest_bytes == UINT64_MAX);
	assert_true(numa_maps_on_node(&maps, 0) == UINT64_MAX);
}

static void test_many_policies(void **state UNUSED)
{
	char line[64];

	maps = (struct numa_maps){};
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "1000 bind:%d N0=1 kernelpagesize_kB=4", i);
		add(line, false);
	}
	assert_int_equal(maps.nr_policies, NUMA_MAX_POLICIES);
	assert_string_equal(maps.policy[NUMA_MAX_POLICIES - 1].name, NUMA_OTHER_POLICIES);
	assert_int_equal(maps.policy[NUMA_MAX_POLICIES - 1].nr_mappings, 100 - (NUMA_MAX_POLICIES - 1));
	assert_int_equal(maps.policy[0].nr_mappings, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),       cmocka_unit_test(test_names),
		cmocka_unit_test(test_nodes),          cmocka_unit_test(test_what_is_no_line),
		cmocka_unit_test(test_too_many_nodes), cmocka_unit_test(test_sums),
		cmocka_unit_test(test_too_much),       cmocka_unit_test(test_many_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
