/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir numa, and what memoir process says of NUMA: what replies become, within 80 columns. */
#include "cli_test.h"

#include "../../cli/command.h"
#include "../../cli/locality.h"
#include "../../cli/numa_matrix.h"

static void show(const char *reply, struct text *out)
{
	json_t *json = json_loads(reply, 0, NULL);

	assert_non_null(json);
	setenv("COLUMNS", "80", 1);
	assert_int_equal(numa_view(NULL, json, out), EXIT_OK);
	json_decref(json);
}

/* Characters, which here have one column each. */
static size_t columns_of(const char *line, size_t len)
{
	size_t nr = 0;

	for (size_t i = 0; i < len; i++)
		nr += ((unsigned char)line[i] & 0xc0) != 0x80;
	return nr;
}

static void expect_narrow(const struct text *out)
{
	assert_false(out->is_failed);
	for (const char *line = out->data; *line; line += strcspn(line, "\n") + 1)
		assert_true(columns_of(line, strcspn(line, "\n")) <= 80);
}

static void expect_line(const struct text *out, const char *line)
{
	if (!strstr(out->data, line))
		print_message("%s", out->data);
	assert_non_null(strstr(out->data, line));
}

#define NODES                                                                                              \
	"\"nodes\":[{\"node\":\"0\",\"cpus\":1,\"managed_bytes\":536870912,\"free_bytes\":1048576,"        \
	"\"numastat\":{\"hit\":100,\"miss\":2,\"foreign\":30,\"interleave\":4,\"local\":5,\"other\":6}},"  \
	"{\"node\":\"1\",\"cpus\":1,\"managed_bytes\":536870912,\"free_bytes\":0,\"numastat\":{\"hit\":7," \
	"\"miss\":8,\"foreign\":9,\"interleave\":1,\"local\":2,\"other\":null}}]"

#define CELL(cpu, memory, key, value) \
	"{\"cpu_node\":\"" cpu "\",\"memory_node\":\"" memory "\",\"" key "\":" value "}"

#define PROCESS                                                                                              \
	"{\"pid\":4711,\"comm\":\"a\\u001b[2J\",\"unit\":\"x.service\",\"threads\":1,\"cpu_nodes\":[\"0\"]," \
	"\"policy\":\"bind\",\"allowed_nodes\":[\"0\",\"1\"],\"numa_local_faults\":10,"                      \
	"\"numa_remote_faults\":90,\"allocated_bytes\":8192,\"allocated_remote_bytes\":4096,"                \
	"\"numa_migrated_bytes\":4096,\"numa_refused_bytes\":0,\"numa_migration_stall_ns\":1500,"            \
	"\"resident\":[{\"node\":\"1\",\"bytes\":3145728,\"error_bytes\":262144},"                           \
	"{\"node\":\"0\",\"bytes\":1048576,\"error_bytes\":131072}],\"remote_share\":0.9,"                   \
	"\"basis\":\"hint_faults\",\"cause\":\"policy\",\"cause_text\":\"Its policy binds its memory to "    \
	"node 1, and it runs on node 0\\u001b[1m, which is a long story that needs more than a line.\","     \
	"\"remedy\":\"numactl --cpunodebind=1\"}"

/* clang-format off */
static const char reply[] =
	"{\"snapshot\":{\"age_ns\":306000000},\"balancing\":\"1\",\"page_nodes_known\":true," NODES
	",\"hint_faults\":[" CELL("0", "0", "count", "12345") "," CELL("0", "1", "count", "123") ","
	CELL("1", "0", "count", "10") "," CELL("1", "1", "count", "0") "],"
	"\"allocated\":[" CELL("0", "0", "bytes", "1048576") "," CELL("1", "1", "bytes", "1048576") "],"
	"\"migrated\":[{\"reason\":\"numa_misplaced\",\"from_node\":\"0\",\"to_node\":\"1\",\"bytes\":81920},"
	"{\"reason\":\"syscall\",\"from_node\":\"1\",\"to_node\":\"0\",\"bytes\":0}],"
	"\"migrated_pages\":[{\"reason\":\"numa_misplaced\",\"result\":\"succeeded\",\"count\":20},"
	"{\"reason\":\"numa_misplaced\",\"result\":\"failed\",\"count\":3}],"
	"\"refused\":[{\"from_node\":\"0\",\"to_node\":\"1\",\"bytes\":12288}],"
	"\"migration_stall\":{\"count\":5,\"sum_ns\":1500000},"
	"\"task_moves\":[{\"decision\":\"moved\",\"from_node\":\"0\",\"count\":2},"
	"{\"decision\":\"moved\",\"from_node\":\"1\",\"count\":3},{\"decision\":\"swapped\",\"count\":0}],"
	"\"processes\":[" PROCESS ",{\"pid\":1,\"comm\":\"init\",\"remote_share\":0},"
	"{\"pid\":2,\"comm\":\"x\",\"remote_share\":null}]}";
/* clang-format on */

static void test_view(void **state UNUSED)
{
	struct text out = {};

	show(reply, &out);
	expect_narrow(&out);
	expect_text(&out, "Snapshot    306ms old; counts since the probes were installed\n"
			  "Balancing is on: hint faults are samples of accesses that the kernel's balancer\n"
			  "takes, not all accesses. What has a memory policy it does not sample, nor shared\n"
			  "memory on older kernels, and of a process with one thread only what is on\n"
			  "another node than that runs on.\n"
			  "\n"
			  "Hint faults: 12478, 98.9% local, 1.1% remote\n"
			  "                 0        1  REMOTE\n"
			  "CPUs 0     @ 12345  .   123    1.0%\n"
			  "CPUs 1     @    10        0    100%\n"
			  "\n"
			  "Allocated: 2.00MiB, 100% local, 0% remote\n"
			  "                   0          1  REMOTE\n"
			  "CPUs 0     @ 1.00MiB          0      0%\n"
			  "CPUs 1             0  @ 1.00MiB      0%\n"
			  "Columns are nodes of memory. The darker, the larger the share of its row.\n"
			  "\n"
			  "NODE  CPUS    MEMORY      FREE     HIT    MISS  FOREIGN   LOCAL   OTHER\n"
			  "   0     1    512MiB   1.00MiB     100       2       30       5       6\n"
			  "   1     1    512MiB         0       7       8        9       2       -\n"
			  "Allocations since boot (numastat). MISS: here, though another node was wanted;\n"
			  "FOREIGN: wanted here, and taken elsewhere; OTHER: for a CPU of another node.\n"
			  "\n"
			  "MIGRATED           FROM  TO       SUM\n"
			  "numa_misplaced        0   1   80.0KiB\n"
			  "\n"
			  "Pages moved numa_misplaced succeeded 20, numa_misplaced failed 3\n"
			  "Waited      1.50ms in faults for pages to be migrated, 5 times\n"
			  "Refused     12.0KiB was to follow a hint fault, and could not be moved\n"
			  "Remote      133 hint faults were on memory of another node\n"
			  "Tasks       moved 5\n"
			  "\n"
			  "Processes that use memory of another node than they run on, worst first\n"
			  " PID COMM     CPUS MEMORY                   REMOTE BY          CAUSE\n"
			  "4711 a\xef\xbf\xbd"
			  "[2J    0    ~75.0% on 1, ~25.0% on 0 ~90.0% hint faults policy\n"
			  "REMOTE: share by what BY says. ~: estimated from samples.\n"
			  "\n"
			  "4711 a\xef\xbf\xbd"
			  "[2J\n"
			  "  Its policy binds its memory to node 1, and it runs on node 0\xef\xbf\xbd"
			  "[1m, which is a\n"
			  "  long story that needs more than a line.\n"
			  "  What helps: numactl --cpunodebind=1\n");
}

/* Of many, those that are most are shown, and they come first; the same of the same size stays in order. */
static void test_the_largest_migrations_come_first(void **state UNUSED)
{
	struct text json = {}, out = {};
	const char *first, *second, *tied, *least;

	text_add(&json, "{" NODES ",\"page_nodes_known\":true,\"migrated_pages\":[],\"migrated\":[");
	for (int i = 0; i < 23; i++)
		text_add_format(
			&json,
			"{\"reason\":\"reason%d\",\"from_node\":\"0\",\"to_node\":\"1\",\"bytes\":%d},", i,
			i == 22 ? 90 * 4096 : (1 + i / 2) * 4096);
	text_add(&json, "{\"reason\":\"none\",\"bytes\":0}]}");
	show(json.data, &out);
	first = strstr(out.data, "\nreason22  ");
	second = strstr(out.data, "\nreason20  ");
	tied = strstr(out.data, "\nreason21  ");
	least = strstr(out.data, "\nreason2  ");
	assert_true(first && second && tied && least);
	assert_true(first < second && second < tied && tied < least);
	assert_null(strstr(out.data, "reason3 "));
	assert_null(strstr(out.data, "none "));
	assert_non_null(strstr(out.data, "\nand 3 more\n"));
	text_free(&json);
	text_free(&out);
}

static void test_one_node(void **state UNUSED)
{
	struct text out = {};

	show("{\"nodes\":[{\"node\":\"0\",\"cpus\":2}]}", &out);
	expect_narrow(&out);
	expect_line(&out, "\nThis machine has one NUMA node: every access is local, ");
	assert_null(strstr(out.data, "Balancing"));
	text_free(&out);
	show("{}", &out);
	expect_line(&out, "\nThe NUMA nodes of this machine are not visible here.\n");
	text_free(&out);
}

/* What is recent has a picture of its own, once it is of a minute. */
static void test_what_is_recent(void **state UNUSED)
{
	struct text out = {};

#define RECENTLY(ns)                                                                    \
	"{\"page_nodes_known\":true," NODES ",\"recent_ns\":" ns ",\"hint_faults\":["   \
	"{\"cpu_node\":\"0\",\"memory_node\":\"1\",\"count\":3600,\"recent_count\":0}," \
	"{\"cpu_node\":\"0\",\"memory_node\":\"0\",\"count\":1200,\"recent_count\":600}],\"allocated\":[]}"
	show(RECENTLY("659000000000"), &out);
	expect_narrow(&out);
	expect_line(&out, "\nHint faults: 4800, 25.0% local, 75.0% remote\n");
	expect_line(&out, "\nHint faults in the last 10 min: 600, 100% local, 0% remote\n");
	expect_line(&out, "\nAllocated in the last 10 min: none so far\n");
	text_free(&out);
	show(RECENTLY("59000000000"), &out);
	assert_null(strstr(out.data, "in the last"));
	text_free(&out);
}

static void test_what_cannot_be_seen(void **state UNUSED)
{
	struct text out = {};

	show("{\"balancing\":\"0\",\"page_nodes_known\":true,\"hint_faults\":null,"
	     "\"migrated\":null,\"allocated\":[],\"task_moves\":null," NODES "}",
	     &out);
	expect_narrow(&out);
	expect_line(&out, "\nBalancing is off: ");
	expect_line(&out, "sysctl kernel.numa_balancing=1");
	expect_line(&out, "\nHint faults: not visible on this kernel (memoir probes)\n");
	expect_line(&out, "\nAllocated: none so far\n");
	expect_line(&out, "cannot be seen here.\n");
	expect_line(&out, "\nNo process is seen to use memory of another node.\n");
	assert_null(strstr(out.data, "\nWaited"));
	assert_null(strstr(out.data, "\nTasks"));
	text_free(&out);
	show("{\"balancing\":\"\"," NODES "}", &out);
	expect_line(&out, "\nBalancing is not in this kernel ");
	text_free(&out);
	show("{\"balancing\":\"2\"," NODES "}", &out);
	expect_line(&out, "\nBalancing is for memory tiers only ");
	text_free(&out);
}

/* That is said once, and nothing stands for what would need it: not even what an older daemon sends. */
static void test_the_node_of_a_page_cannot_be_told(void **state UNUSED)
{
	static const char *const unsaid[] = { "Hint faults",    "Allocated", "none so far",      "MIGRATED",
					      "Refused",        "\nRemote",  "No process",       "Processes",
					      "cannot be seen", "memoir p",  "Columns are nodes" };
	struct text out = {};

	show("{\"balancing\":\"1\",\"page_nodes_known\":false,\"hint_faults\":null,\"allocated\":null,"
	     "\"migrated\":[{\"reason\":\"syscall\",\"from_node\":\"0\",\"to_node\":\"unknown\",\"bytes\":1}],"
	     "\"refused\":null,\"migrated_pages\":[{\"reason\":\"syscall\",\"result\":\"failed\",\"count\":3}],"
	     "\"task_moves\":[{\"decision\":\"moved\",\"count\":2}]," NODES "}",
	     &out);
	expect_narrow(&out);
	expect_line(&out, "\n\nThe node of a page cannot be told on this kernel: which memory is used,\n"
			  "allocated or migrated from where is not shown.\n");
	expect_line(&out, "\nPages moved syscall failed 3\n");
	expect_line(&out, "\nTasks       moved 2\n");
	expect_line(&out, "\nNODE  CPUS");
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++)
		assert_null(strstr(out.data, unsaid[i]));
	text_free(&out);
}

/* 16 nodes have no room for numbers in 80 columns. */
static void test_many_nodes(void **state UNUSED)
{
	static const struct numa_matrix_format format = { "Hint faults", "count", human_count, 5 };
	struct text nodes = {}, out = {};
	static const char cells_text[] = "[" CELL("0", "0", "count",
						  "1") "," CELL("0", "15", "count",
								"9") "," CELL("12", "12", "count", "7") "]";
	json_t *json, *cells = json_loads(cells_text, 0, NULL);

	text_add(&nodes, "[");
	for (int i = 0; i < 16; i++)
		text_add_format(&nodes, "%s{\"node\":\"%d\",\"cpus\":%d}", i ? "," : "", i, i < 2);
	text_add(&nodes, "]");
	json = json_loads(nodes.data, 0, NULL);
	numa_matrix_add(&out, 80, json, cells, &format);
	expect_text(&out, "\n"
			  "Hint faults: 17, 47.1% local, 52.9% remote\n"
			  "          a column for each memory node from 0 on, then what is remote\n"
			  "CPUs 0  |.              @|  90.0%\n"
			  "CPUs 1  |                |      -\n"
			  "CPUs 12 |            @   |     0%\n");
	json_decref(json);
	json_decref(cells);
	text_free(&nodes);
}

/* 34 nodes have rows of their own up to 30, and one for the others. */
static void test_more_nodes_than_rows(void **state UNUSED)
{
	static const struct numa_matrix_format format = { "Hint faults", "count", human_count, 5 };
	static const char cells_text[] =
		"[" CELL("0", "0", "count",
			 "1") "," CELL("0", "31 and above", "count",
				       "4") "," CELL("31 and above", "31 and above", "count",
						     "4") "," CELL("31 and above", "30", "count", "1") "]";
	json_t *nodes = json_array(), *cells = json_loads(cells_text, 0, NULL);
	struct text out = {};
	char name[16];

	for (int i = 0; i < 34; i++) {
		snprintf(name, sizeof(name), "%d", i);
		json_array_append_new(nodes, json_pack("{s:s,s:i}", "node", name, "cpus", i == 0 || i == 33));
	}
	numa_matrix_add(&out, 80, nodes, cells, &format);
	expect_text(&out, "\n"
			  "Hint faults: 10, 10.0% local, 50.0% remote, 40.0% either, within 31+\n"
			  "          a column for each memory node from 0 on, then what is remote\n"
			  "CPUs 0  |:                              %|  80.0%\n"
			  "CPUs 31+|                              :%|  20.0%\n");
	json_decref(nodes);
	json_decref(cells);
}

/* Node 1 has gone, and what was counted of it is there. */
static void test_a_node_that_has_gone(void **state UNUSED)
{
	static const struct numa_matrix_format format = { "Hint faults", "count", human_count, 5 };
	json_t *nodes = json_pack("[{s:s,s:i},{s:s,s:i}]", "node", "0", "cpus", 1, "node", "2", "cpus", 1);
	json_t *cells = json_loads("[" CELL("0", "1", "count", "3") "," CELL("1", "1", "count", "1") "]", 0,
				   NULL);
	struct text out = {};

	numa_matrix_add(&out, 80, nodes, cells, &format);
	expect_text(&out, "\n"
			  "Hint faults: 4, 25.0% local, 75.0% remote\n"
			  "                 0        1        2  REMOTE\n"
			  "CPUs 0           0  @     3        0    100%\n"
			  "CPUs 1           0  @     1        0      0%\n"
			  "CPUs 2           0        0        0       -\n");
	json_decref(nodes);
	json_decref(cells);
}

static void test_process(void **state UNUSED)
{
	json_t *json = json_loads(PROCESS, 0, NULL);
	struct text out = {};

	locality_show(json, 80, &out);
	expect_narrow(&out);
	expect_text(&out, "\n"
			  "NUMA        runs on node 0; policy bind, may use memory of 0,1\n"
			  "Remote      ~90.0%, by hint faults\n"
			  "Holds       ~3.00MiB+-256KiB on 1, ~1.00MiB+-128KiB on 0\n"
			  "Hint faults 10 on local memory, 90 on remote\n"
			  "Allocated   8.00KiB, 4.00KiB of it on other nodes than that of the CPU\n"
			  "Migrated    4.00KiB to its own node, 0 more could not be; it waited 1.50us\n"
			  "Its policy binds its memory to node 1, and it runs on node 0\xef\xbf\xbd"
			  "[1m, which is a\n"
			  "long story that needs more than a line.\n"
			  "What helps: numactl --cpunodebind=1\n");
	json_decref(json);
	locality_show(NULL, 80, &out);
	expect_text(&out, "");
}

/* What is allocated is counted, and what cannot be seen is no 0. */
static void test_process_of_which_little_is_seen(void **state UNUSED)
{
	json_t *json = json_loads("{\"policy\":\"default\",\"numa_local_faults\":null,"
				  "\"allocated_bytes\":8192,\"allocated_remote_bytes\":null,"
				  "\"numa_migrated_bytes\":4096,\"numa_refused_bytes\":null,"
				  "\"numa_migration_stall_ns\":1500,\"remote_share\":0.25,"
				  "\"basis\":\"allocations\"}",
				  0, NULL);
	struct text out = {};

	locality_show(json, 80, &out);
	expect_text(&out, "\n"
			  "NUMA        runs on node -; policy default, may use memory of -\n"
			  "Remote      25.0%, by allocations\n"
			  "Hint faults cannot be seen here\n"
			  "Allocated   8.00KiB; on which nodes cannot be seen here\n"
			  "Migrated    4.00KiB to its own node; it waited 1.50us\n");
	json_decref(json);
}

/* Of another version, or not of the daemon's at all. */
static void test_strange_replies(void **state UNUSED)
{
	static const char *const replies[] = {
		"{\"nodes\":7}",
		"{\"nodes\":[7,null,{}]}",
		"{\"nodes\":[{},{}],\"hint_faults\":[7,{}],\"allocated\":[{\"bytes\":1e308},{\"bytes\":1e308}],"
		"\"migrated\":[7,{\"bytes\":-1},{\"bytes\":1}],\"migrated_pages\":7,\"task_moves\":[7,{\"count\":1}],"
		"\"processes\":[7,null,{},{\"remote_share\":1e308,\"cpu_nodes\":[7,null],\"resident\":[7,{\"bytes\":1}]}]}",
		"{\"nodes\":[{\"node\":\"\\u001b[2J\",\"cpus\":1},{\"node\":\"a name that has no end at all\",\"cpus\":9}],"
		"\"hint_faults\":[" CELL("\\u001b[2J", "\\u001b[2J", "count", "1e30") "]}",
		"{\"nodes\":[{},{}],\"processes\":[{\"remote_share\":-1,\"cause_text\":7},{\"remote_share\":1,"
		"\"comm\":\"\\n\\u202e\",\"basis\":\"a_very_long_basis_that_nobody_has_ever_seen_anywhere\","
		"\"cause\":\"\\u0007\",\"cause_text\":\"\\u001b]0;x\\u0007\",\"remedy\":\"\\r\"}]}",
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct text out = {};

		show(replies[i], &out);
		expect_narrow(&out);
		assert_null(strpbrk(out.data, "\033\007\r"));
		text_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_the_largest_migrations_come_first),
		cmocka_unit_test(test_one_node),
		cmocka_unit_test(test_what_is_recent),
		cmocka_unit_test(test_what_cannot_be_seen),
		cmocka_unit_test(test_the_node_of_a_page_cannot_be_told),
		cmocka_unit_test(test_many_nodes),
		cmocka_unit_test(test_more_nodes_than_rows),
		cmocka_unit_test(test_a_node_that_has_gone),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_process_of_which_little_is_seen),
		cmocka_unit_test(test_strange_replies),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
