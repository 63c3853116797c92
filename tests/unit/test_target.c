/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as the tracer sees it: whose file systems it has. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/processfolder.h"
#include "../../daemon/trace/target.h"

#define UNUSED __attribute__((unused))
#define IS_READY 'r'
#define IS_REFUSED 'n'

/* Of a process that has left so many kinds of namespaces. */
static bool is_trusted(int namespaces)
{
	struct target target = TARGET_NONE;
	int ready[2];
	bool ret;
	char said;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		said = namespaces && unshare(namespaces) ? IS_REFUSED : IS_READY;
		(void)!write(ready[1], &said, 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &said, 1), 1);
	if (said == IS_READY)
		assert_int_equal(target_look(&target, (__u32)pid, processfolder_start_ns((__u32)pid)), 0);
	ret = said == IS_READY && target_mounts_are_trusted(&target);
	target_close(&target);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	if (said == IS_REFUSED)
		skip();
	return ret;
}

static void test_mounts_of_all_are_trusted(void **state UNUSED)
{
	assert_true(is_trusted(0));
}

static void test_mounts_of_ours_are_trusted(void **state UNUSED)
{
	assert_true(is_trusted(CLONE_NEWNS));
}

static void test_mounts_of_a_user_are_not(void **state UNUSED)
{
	assert_false(is_trusted(CLONE_NEWUSER | CLONE_NEWNS));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_of_all_are_trusted),
		cmocka_unit_test(test_mounts_of_ours_are_trusted),
		cmocka_unit_test(test_mounts_of_a_user_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
