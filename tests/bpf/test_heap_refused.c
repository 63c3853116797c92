// SPDX-License-Identifier: GPL-2.0-or-later
/* What a heap is not traced for: that it is refused for its own reason, and that no probe is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/privileges.h"
#include "../../daemon/trace/heapfunctions.h"
#include "traced_program.h"

static void assert_refused(pid_t pid, int err)
{
	struct heaptrace *trace = NULL;

	assert_int_equal(trace_try(&trace, pid, (struct heaptrace_options){}), err);
	assert_int_equal(nr_links(), 0);
}

static void test_no_such_process(void **state)
{
	struct target_program program = program_start("allocate", NULL);

	(void)state;
	program_end(&program);
	assert_refused(program.pid, -ESRCH);
}

static void test_kernel_thread(void **state)
{
	(void)state;
	/* kthreadd */
	assert_refused(2, -ESRCH);
}

static void test_no_allocator(void **state)
{
	pid_t pid = running = fork();

	(void)state;
	if (!pid) {
		execl("/bin/busybox", "busybox", "sleep", "1000", NULL);
		_exit(127);
	}
	/* It has executed the other program when its name is that. */
	for (char name[64] = "", path[64]; !strstr(name, "busybox");) {
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		assert_true(readlink(path, name, sizeof(name) - 1) >= 0);
	}
	assert_refused(pid, -ENOENT);
}

/* The number of a function among those that are known. */
static __u32 function_named(const char *name)
{
	for (__u32 i = 0; i < NR_HEAP_FUNCTIONS; i++)
		if (!strcmp(heap_functions[i].name, name))
			return i;
	fail_msg("%s is not known", name);
	return 0;
}

static void test_more_allocators_than_there_is_room_for(void **state)
{
	struct answer_places places = { .h = { .nr = 2 },
					.place = { { .name = function_named("malloc") },
						   { .name = function_named("free") } } };
	struct allocators allocators = {};
	char names[64];

	(void)state;
	for (__u32 i = 0; i < MAX_ALLOCATOR_FILES; i++)
		assert_true(allocators_add(&allocators, dup(STDERR_FILENO), "lib", &places));
	allocators_name(&allocators, names, sizeof(names));
	assert_string_equal(names, "lib, lib, lib, lib, lib, lib, lib, lib");
	for (__u32 i = 0; i < 2; i++)
		assert_false(allocators_add(&allocators, STDERR_FILENO, "lib", &places));
	allocators_name(&allocators, names, sizeof(names));
	assert_string_equal(names, "lib, lib, lib, lib, lib, lib, lib, lib; no room for 2 others");
	allocators_name(&allocators, names, 40);
	assert_string_equal(names, "lib, lib, lib, li; no room for 2 others");
	places.h.nr = 1;
	assert_false(allocators_add(&allocators, STDERR_FILENO, "lib", &places));
	assert_int_equal(allocators.nr_left_out, 2);
	allocators_close(&allocators);
}

/* A place behind the end of the file. What is tried for older kernels would say that it takes more rights. */
static int begin_at_no_place(struct allocators *allocators, pid_t pid)
{
	const struct heaptrace_options options = { .tgid = (__u32)pid };
	struct heaptrace *trace;

	allocators->file[0].places[0].offset = 1ULL << 40;
	return privileges_drop(PRIVILEGES_OF_TRACER) ?: heaptrace_begin(&trace, &options, allocators);
}

static void test_error_is_that_of_the_probes_that_the_kernel_has(void **state)
{
	struct target_program program = program_start("allocate", NULL);
	struct allocators allocators = {};
	int status;
	pid_t pid;

	(void)state;
	if (uprobes_are_events())
		skip();
	assert_int_equal(find_allocators(program.pid, &allocators), 0);
	pid = fork();
	if (!pid)
		_exit(-begin_at_no_place(&allocators, program.pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EINVAL);
	allocators_close(&allocators);
	program_end(&program);
}

static void test_error_is_told_as_what_it_is(void **state)
{
	(void)state;
	assert_non_null(strstr(uprobes_strerror(-EACCES, true), "before Linux 6.6"));
	assert_string_equal(uprobes_strerror(-EACCES, false), strerror(EACCES));
	assert_non_null(strstr(uprobes_strerror(-524, false), "no instruction begins there"));
	assert_string_equal(uprobes_strerror(-ENOMEM, true), strerror(ENOMEM));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_teardown(test_no_such_process, tear_down),
	cmocka_unit_test_teardown(test_kernel_thread, tear_down),
	cmocka_unit_test_teardown(test_no_allocator, tear_down),
	cmocka_unit_test(test_more_allocators_than_there_is_room_for),
	cmocka_unit_test_teardown(test_error_is_that_of_the_probes_that_the_kernel_has, tear_down),
	cmocka_unit_test(test_error_is_told_as_what_it_is),
};

int main(void)
{
	if (geteuid() != 0) {
		puts("only root may load BPF programs");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
