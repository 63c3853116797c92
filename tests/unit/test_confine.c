/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The symbolizer's confinement, from inside: what it can still do, and what ends it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/trace/symbolizer/confine.h"

#define UNUSED __attribute__((unused))

enum { AS_EXPECTED, NOT_AS_EXPECTED, NOT_CONFINED };

/* Of a process that does this when it is confined: its status, as waitpid() has it. */
static int confined(bool (*act)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (confine_calls())
			_exit(NOT_CONFINED);
		/* What the sanitizers do at an end is not allowed any more. */
		syscall(SYS_exit_group, act() ? AS_EXPECTED : NOT_AS_EXPECTED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool opens_nothing(void)
{
	int fd = open("/proc/self/status", O_RDONLY),
	    raw = (int)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);

	return fd < 0 && raw < 0 && errno == EACCES;
}

static bool has_memory(void)
{
	char *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED && !munmap(page, 1 << 20);
}

static int file;

static bool reads_what_is_open(void)
{
	char byte;

	return pread(file, &byte, 1, 0) == 1 && lseek(file, 0, SEEK_END) > 0;
}

static bool makes_memory_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool makes_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static bool makes_a_process(void)
{
	return syscall(SYS_fork);
}

static bool executes(void)
{
	return execl("/bin/true", "true", NULL);
}

static bool signals(void)
{
	return kill(1, 0);
}

static bool has_others_signalled(void)
{
	return fcntl(file, F_SETOWN, 1);
}

static bool writes(void)
{
	return write(STDERR_FILENO, "", 1);
}

static void test_what_is_left(void **state UNUSED)
{
	bool (*const acts[])(void) = { opens_nothing, has_memory, reads_what_is_open };

	file = open("/proc/self/exe", O_RDONLY);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = confined(acts[i]);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), AS_EXPECTED);
	}
	close(file);
}

static void test_what_ends_it(void **state UNUSED)
{
	bool (*const acts[])(void) = {
		makes_memory_executable, makes_a_socket, makes_a_process, executes, signals,
		has_others_signalled,    writes
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = confined(acts[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_left),
		cmocka_unit_test(test_what_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
