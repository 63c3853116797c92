/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir faults: what replies become, within 80 columns, and addresses as places in what is mapped. */
#include "cli_test.h"

#include "../../cli/fault_sites.h"
#include "../../cli/fault_view.h"

#define WIDTH 80

static const char groups[] =
	"{\"groups\":[{\"comm\":\"none\",\"unit\":\"\",\"anonymous_faults\":0,\"sigbus_faults\":0},"
	"{\"comm\":\"\\u001b[1m\",\"unit\":\"kernel\",\"sigbus_faults\":2,\"oom_faults\":1},"
	"{\"comm\":\"postgres\",\"unit\":\"db.service\",\"anonymous_faults\":3200000,"
	"\"file_faults\":64,\"copy_on_write_faults\":123456,\"shared_memory_faults\":96000,\"swap_faults\":12345,"
	"\"huge_page_faults\":512,\"userfaultfd_faults\":0,\"sigbus_faults\":0}]}";

static void show(const char *reply, const char *processes, struct text *out)
{
	json_t *json = json_loads(reply, 0, NULL), *of_processes = json_loads(processes, 0, NULL),
	       *of_groups = json_loads(groups, 0, NULL);

	assert_true(json && of_processes && of_groups);
	assert_int_equal(faults_show(json, of_processes, of_groups, false, WIDTH, out), EXIT_OK);
	json_decref(json);
	json_decref(of_processes);
	json_decref(of_groups);
	for (const char *line = out->data; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= WIDTH);
}

#define ESTIMATES                                                                              \
	"\n~: estimated from one page in 32; of n faults, the standard error is sqrt(32 n),\n" \
	"as 3200 of 320000. Time in all faults is estimated where their kind is.\n"

static const char seen[] =
	"{\"snapshot\":{\"age_ns\":1000000},"
	"\"faults\":[{\"kind\":\"minor\",\"count\":200000},{\"kind\":\"major\",\"count\":12}],"
	"\"exceptions\":[{\"mode\":\"user\",\"access\":\"read\",\"count\":64}],"
	"\"bounds_ns\":[1024,2048],\"why_not\":null,"
	"\"causes\":[{\"kind\":\"anonymous\",\"severity\":\"minor\",\"estimated\":true,\"count\":96,"
	"\"total_ns\":96000,\"buckets\":[64,32,0]},"
	"{\"kind\":\"swap\",\"severity\":\"major\",\"estimated\":false,\"count\":3,\"total_ns\":9000000,"
	"\"buckets\":[0,0,3]}],"
	"\"errors\":[{\"error\":\"oom\",\"count\":0},{\"error\":\"sigbus\",\"count\":5}],"
	"\"mappings\":[{\"pid\":42,\"comm\":\"\\u001b[2J\",\"kind\":\"swap\",\"area\":\"heap\",\"name\":\"\","
	"\"estimated\":false,\"count\":3,\"major\":3,\"total_ns\":9000000,\"longest_ns\":4000000},"
	"{\"pid\":43,\"comm\":\"reader\",\"kind\":\"file\",\"area\":\"file\",\"name\":\"a\\nb\","
	"\"estimated\":true,\"count\":64,\"major\":0,\"total_ns\":64000,\"longest_ns\":1000}],"
	"\"stacks\":[{\"pid\":42,\"comm\":\"worker\",\"start_ns\":1,\"count\":8192,\"error\":5792,\"address\":\"0x7f00\","
	"\"access\":\"write\",\"frames\":[{\"address\":\"0x401000\",\"name\":null},{\"address\":\"0x402000\","
	"\"name\":\"parse\\u001b+0x1a\"},{\"address\":\"0x0\"},{\"address\":\"0x403000\"}]}]}";

static const char processes[] =
	"{\"processes\":[{\"pid\":1,\"comm\":\"init\",\"unit\":\"init.scope\",\"minor_faults\":10,"
	"\"major_faults\":9,\"major_fault_time_ns\":5,\"fault_time_ns\":6},"
	"{\"pid\":42,\"comm\":\"worker\",\"unit\":\"web.service\",\"minor_faults\":20,\"major_faults\":3,"
	"\"major_fault_time_ns\":9000000,\"fault_time_ns\":9000001},"
	"{\"pid\":2,\"comm\":\"idle\",\"unit\":\"\",\"minor_faults\":0,\"major_faults\":0,"
	"\"major_fault_time_ns\":0,\"fault_time_ns\":0}]}";

static void test_view(void **state UNUSED)
{
	struct text out = {};

	show(seen, processes, &out);
	expect_text(&out, "Snapshot    1.00ms old; counts since the probes were installed\n"
			  "\n"
			  "FAULTS               COUNT\n"
			  "minor                 200k\n"
			  "major                   12\n"
			  "\n"
			  "KIND               SEVERITY    COUNT    TOTAL        p50        p99\n"
			  "anonymous          minor         ~96  ~96.0us  <= 1.02us  <= 2.05us\n"
			  "swap               major           3   9.00ms   > 2.05us   > 2.05us\n"
			  "Major: read from storage. p50 and p99 are upper bounds.\n"
			  "Failed with sigbus: 5\n"
			  "\n"
			  "Living processes that waited longest in major faults:\n"
			  "    PID  COMM              MAJOR  WAITED   MINOR  ALL TIME  UNIT\n"
			  "     42  worker                3  9.00ms      20   ~9.00ms  web.service\n"
			  "      1  init                  9     5ns      10      ~6ns  init.scope\n"
			  "\n"
			  "Groups with most faults, by what they were for:\n"
			  "COMM        ANON    FILE    COPY   SHMEM   SWAP  HUGE  UFFD  FAILED  UNIT\n"
			  "postgres  ~3.20M     ~64   ~123k  ~96000  12345   512     0       0  db.service\n"
			  "\uFFFD[1m           0       0       0       0      0     0     0       3  kernel\n"
			  "\n"
			  "Files and memory that faults took most time in:\n"
			  "    PID  COMM             KIND   COUNT     TIME  LONGEST SEEN  IN\n"
			  "     42  \uFFFD[2J             swap       3   9.00ms        4.00ms  heap\n"
			  "     43  reader           file     ~64  ~64.0us        1.00us  a\uFFFDb\n"
			  "\n"
			  "Code that faults most, from one fault in 4096, the innermost frame first:\n"
			  "   ~8192 +-5792  worker (42), write at 0x7f00\n"
			  "          0x401000 < parse\uFFFD+0x1a\n"
			  "\n"
			  "EXCEPTIONS  MODE    COUNT\n"
			  "read        user      ~64\n"
			  "An exception that is retried counts again.\n" ESTIMATES);
}

/* Where a kernel does not let the end of a fault be seen, that is said, and no 0 stands for it. */
static void test_what_is_not_seen(void **state UNUSED)
{
	struct text out = {};

	show("{\"snapshot\":{\"age_ns\":0},\"faults\":[],\"exceptions\":[],\"causes\":null,\"errors\":null,"
	     "\"mappings\":null,\"stacks\":null,\"why_not\":\"not possible on this kernel: \\u001b[1m\"}",
	     "{\"processes\":[{\"pid\":1,\"comm\":\"few\",\"unit\":\"\",\"minor_faults\":10,\"major_faults\":1,"
	     "\"major_fault_time_ns\":null,\"fault_time_ns\":null},"
	     "{\"pid\":2,\"comm\":\"many\",\"unit\":\"\",\"minor_faults\":10,\"major_faults\":2,"
	     "\"major_fault_time_ns\":null,\"fault_time_ns\":null}]}",
	     &out);
	expect_text(&out, "Snapshot    0 old; counts since the probes were installed\n"
			  "\n"
			  "What faults are for and how long they take is not visible here: this kernel does\n"
			  "not let memoir see the end of a fault.\n"
			  "Why: not possible on this kernel: \uFFFD[1m\n"
			  "\n"
			  "Living processes with most major faults:\n"
			  "    PID  COMM              MAJOR  WAITED   MINOR  ALL TIME  UNIT\n"
			  "      2  many                  2       -      10         -\n"
			  "      1  few                   1       -      10         -\n"
			  "An exception that is retried counts again.\n" ESTIMATES);
}

static void expect_place(const struct mappings *mappings, uint64_t address, const char *wanted)
{
	struct text text = {};

	fault_place(mappings, address, &text);
	expect_text(&text, wanted);
}

static void test_places(void **state UNUSED)
{
	static const char maps[] = "1000-3000 r-xp 00005000 fe:00 12 /usr/lib/libc.so.6\n"
				   "3000-4000 rw-p 00000000 00:00 0\n"
				   "5000-6000 rw-p 00000000 00:00 0 [heap]\n"
				   "7000-8000 rw-s 00002000 00:01 9 /dev/zero (deleted)\n"
				   "9000-a000 rw-p 00000000 fe:00 12 /\n";
	struct mappings mappings;

	assert_int_equal(mappings_parse(maps, sizeof(maps) - 1, 4096, &mappings), 0);
	expect_place(&mappings, 0x1010, "libc.so.6+0x5010");
	expect_place(&mappings, 0x2fff, "libc.so.6+0x6fff");
	expect_place(&mappings, 0x3000, "anonymous+0x0");
	expect_place(&mappings, 0x5008, "[heap]+0x8");
	expect_place(&mappings, 0x7001, "zero (deleted)+0x2001");
	expect_place(&mappings, 0x9000, "anonymous+0x0");
	expect_place(&mappings, 0xfff, "0xfff");
	expect_place(&mappings, 0x4000, "0x4000");
	expect_place(&mappings, UINT64_MAX, "0xffffffffffffffff");
	expect_place(NULL, 0x1010, "0x1010");
	mappings_free(&mappings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_view, use_utf8),
		cmocka_unit_test_setup(test_what_is_not_seen, use_utf8),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
