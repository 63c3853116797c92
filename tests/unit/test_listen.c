/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon listens: addresses, busy ports, and what may stand in the way of a Unix socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../../daemon/util.h"
#include "../../exporters/http.h"

#define UNUSED __attribute__((unused))

static char folder[] = "/tmp/memoir-listen-XXXXXX";
static char path[64];

static int make_folder(void **state UNUSED)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/memoir.sock", folder);
	return 0;
}

static int remove_file(void **state UNUSED)
{
	unlink(path);
	return 0;
}

static int remove_folder(void **state UNUSED)
{
	return rmdir(folder);
}

/*
 * Calls open_at(where, ret_fd), which must return err and write to standard error one line that holds both
 * words, or nothing where these are NULL.
 */
static void expect(int (*open_at)(const char *where, int *ret_fd), const char *where, int *ret_fd, int err,
		   const char *object, const char *reason)
{
	FILE *caught = tmpfile();
	int saved_stderr = dup(STDERR_FILENO), returned;
	char line[1024];
	size_t size;

	assert_non_null(caught);
	dup2(fileno(caught), STDERR_FILENO);
	returned = open_at(where, ret_fd);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	rewind(caught);
	size = fread(line, 1, sizeof(line) - 1, caught);
	line[size] = '\0';
	fclose(caught);
	if (returned != err)
		fail_msg("\"%s\": returned %d, not %d", where, returned, err);
	assert_true(err ? *ret_fd == -1 : *ret_fd >= 0 || !strcmp(where, "none"));
	if (!object) {
		assert_string_equal(line, "");
		return;
	}
	assert_non_null(strstr(line, object));
	assert_non_null(strstr(line, reason));
	assert_ptr_equal(strchr(line, '\n'), line + size - 1);
}

static void refuse(int (*open_at)(const char *where, int *ret_fd), const char *where, int err,
		   const char *object, const char *reason)
{
	int fd;

	expect(open_at, where, &fd, err, object, reason);
}

static void test_impossible_addresses(void **state UNUSED)
{
	static const char *const values[] = { "",
					      "9942",
					      ":",
					      "127.0.0.1",
					      "127.0.0.1:",
					      "127.0.0.1:http",
					      "localhost:1",
					      "127.0.0.1:65536",
					      "127.0.0.1:70000",
					      "127.0.0.1: 1",
					      "127.0.0.1:-1",
					      "999.0.0.1:1",
					      "[::1:1",
					      "1.2.3.4.5:1",
					      "127.0.0.1:11111111111111111111" };
	char longest[600];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_false(http_listen_is_valid(values[i]));
	memset(longest, '1', sizeof(longest));
	memcpy(longest + sizeof(longest) - 3, ":1", 3);
	assert_false(http_listen_is_valid(longest));
	assert_true(http_listen_is_valid("none"));
	assert_true(http_listen_is_valid("[::1]:9942"));
}

static in_port_t port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(address.sin_family, AF_INET);
	assert_int_equal(address.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	return ntohs(address.sin_port);
}

static void test_addresses(void **state UNUSED)
{
	_cleanup_close_ int fd = -1, none = -1;
	char address[64];

	expect(http_listen_tcp, "none", &none, 0, NULL, NULL);
	assert_int_equal(none, -1);
	expect(http_listen_tcp, "127.0.0.1:0", &fd, 0, NULL, NULL);
	snprintf(address, sizeof(address), "127.0.0.1:%u", port_of(fd));
	refuse(http_listen_tcp, address, -EADDRINUSE, address, "another program does");
}

static void test_ipv6(void **state UNUSED)
{
	_cleanup_close_ int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = -1;
	const struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	if (probe < 0 || bind(probe, (const struct sockaddr *)&loopback, sizeof(loopback)) < 0)
		skip(); /* this machine has none */
	expect(http_listen_tcp, "[::1]:0", &fd, 0, NULL, NULL);
}

/* --- the Unix socket -------------------------------------------------------------------------- */

static void test_socket(void **state UNUSED)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	expect(http_listen_unix, path, &fd, 0, NULL, NULL);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	refuse(http_listen_unix, path, -EADDRINUSE, path, "another memoird");
	close(fd);
	fd = -1;
	/* Nobody answers there any more: the file is replaced. */
	expect(http_listen_unix, path, &fd, 0, NULL, NULL);
}

static void test_something_else_is_there(void **state UNUSED)
{
	_cleanup_close_ int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	refuse(http_listen_unix, path, -EEXIST, path, "not a socket");
	assert_int_equal(access(path, F_OK), 0);
}

static void test_folders(void **state UNUSED)
{
	char longest[200], inside[128];

	assert_int_equal(chmod(folder, 0777), 0);
	refuse(http_listen_unix, path, -EPERM, folder, "written by others");
	assert_int_equal(chmod(folder, 0700), 0);
	snprintf(inside, sizeof(inside), "%s/missing/folder/memoir.sock", folder);
	refuse(http_listen_unix, inside, -ENOENT, "missing", "No such file");
	refuse(http_listen_unix, "/dev/null/memoir.sock", -ENOTDIR, "/dev/null", "director");
	memset(longest, 'n', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	refuse(http_listen_unix, longest, -ENAMETOOLONG, "--socket", "shorter than");
}

/* Its folder is made, and others cannot enter it. */
static void test_folder_is_made(void **state UNUSED)
{
	char inside[128], made[96];
	_cleanup_close_ int fd = -1;
	struct stat st;

	snprintf(made, sizeof(made), "%s/made", folder);
	snprintf(inside, sizeof(inside), "%s/memoir.sock", made);
	expect(http_listen_unix, inside, &fd, 0, NULL, NULL);
	assert_int_equal(stat(made, &st), 0);
	assert_int_equal(st.st_mode & 0027, 0);
	unlink(inside);
	rmdir(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_impossible_addresses),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test_teardown(test_socket, remove_file),
		cmocka_unit_test_teardown(test_something_else_is_there, remove_file),
		cmocka_unit_test_teardown(test_folders, remove_file),
		cmocka_unit_test_teardown(test_folder_is_made, remove_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
