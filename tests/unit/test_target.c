/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as the tracer sees it: whose file systems it has. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/mappings.h"
#include "../../daemon/trace/target.h"
#include "../../daemon/util.h"

#define UNUSED __attribute__((unused))
#define IS_READY 'r'
#define IS_REFUSED 'n'

static __u64 start_ns(pid_t pid)
{
	char path[64], text[1024] = "";
	_cleanup_fclose_ FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	return stat_start_ticks(text) * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

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
		assert_int_equal(target_look(&target, (__u32)pid, start_ns(pid)), 0);
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
