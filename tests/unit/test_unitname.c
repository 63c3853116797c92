/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a cgroup's path to what an operator calls it, for every way to start services and containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/unitname.h"
#include "../../daemon/util.h"

#define UNUSED __attribute__((unused))
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHORT_ID "0123456789ab"

/* The path has no byte behind it that could be read by mistake. */
static void expect(const char *path, const char *expected)
{
	_cleanup_free_ char *exact = strdup(path);
	_cleanup_free_ char *unit = malloc(REC_NAME_LEN);

	assert_non_null(exact);
	assert_non_null(unit);
	memset(unit, 'X', REC_NAME_LEN);
	unit_name(unit, exact);
	assert_string_equal(unit, expected);
}

static void test_systemd(void **state UNUSED)
{
	expect("/system.slice/ssh.service", "ssh.service");
	expect("/init.scope", "init.scope");
	expect("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service");
	expect("/user.slice/user-1000.slice/session-3.scope", "session-3.scope");
	expect("/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service", "editor.service");
	expect("/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope");
	/* A service that has made cgroups of its own. */
	expect("/system.slice/worker.service/pool/one", "worker.service");
	expect("/system.slice/dev-disk-by\\x2duuid.service", "dev-disk-by\\x2duuid.service");
	expect("/machine.slice/machine-qemu.scope/libvirt/emulator", "machine-qemu.scope");
}

static void test_no_unit(void **state UNUSED)
{
	expect("", "/");
	expect("/", "/");
	expect("/system.slice", "/system.slice");
	expect("/user.slice/user-1000.slice", "/user.slice/user-1000.slice");
	expect("/batch/job-7", "/batch/job-7");
	expect("relative/job", "relative/job");
}

static void test_containers(void **state UNUSED)
{
	expect("/system.slice/docker-" ID ".scope", "docker:" SHORT_ID);
	expect("/docker/" ID, "docker:" SHORT_ID);
	expect("/machine.slice/libpod-" ID ".scope", "podman:" SHORT_ID);
	expect("/machine.slice/libpod-" ID ".scope/container", "podman:" SHORT_ID);
	expect("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
	       "podman:" SHORT_ID);
	expect("/system.slice/nerdctl-" ID ".scope", "containerd:" SHORT_ID);
	expect("/docker/" ID "/system.slice/ssh.service", "docker:" SHORT_ID);
}

static void test_kubernetes(void **state UNUSED)
{
#define POD "pod01234567_89ab_cdef_0123_456789abcdef"
	expect("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD ".slice/cri-containerd-" ID
	       ".scope",
	       "containerd:" SHORT_ID);
	expect("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" POD ".slice/crio-" ID
	       ".scope",
	       "crio:" SHORT_ID);
	expect("/kubepods.slice/kubepods-" POD ".slice/docker-" ID ".scope", "docker:" SHORT_ID);
	expect("/kubepods/burstable/" POD "/" ID, "container:" SHORT_ID);
}

static void test_almost_containers(void **state UNUSED)
{
	expect("/system.slice/docker-0123.scope", "docker-0123.scope");
	expect("/system.slice/docker.service", "docker.service");
	/* 65 digits, and 64 with something behind them: no ids, and too long for names. */
	expect("/a/" ID "0", "...56789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0");
	expect("/a/docker-" ID "x.scope", "...bcdef0123456789abcdef0123456789abcdef0123456789abcdefx.scope");
}

static void test_names_that_only_end_like_units(void **state UNUSED)
{
	expect("/a/.service", "/a/.service");
	expect("/a/.scope/b", "/a/.scope/b");
	expect("/a/x.services", "/a/x.services");
	expect("//x.service//", "x.service");
	expect("/x.service", "x.service");
}

/* Names of every length around the limit, with the tail of the path where they do not fit. */
static void test_lengths(void **state UNUSED)
{
	char path[4096], unit[REC_NAME_LEN];

	for (size_t len = 1; len < sizeof(path) - 1; len += len < 200 ? 1 : 97) {
		memset(path, 'n', len);
		path[0] = '/';
		path[len] = '\0';
		unit_name(unit, path);
		if (len < REC_NAME_LEN) {
			assert_string_equal(unit, path);
		} else {
			assert_int_equal(strlen(unit), REC_NAME_LEN - 1);
			assert_memory_equal(unit, "...nnn", 6);
		}
		if (len < 20)
			continue;
		memcpy(path + len - strlen(".service"), ".service", strlen(".service"));
		unit_name(unit, path);
		assert_string_equal(unit + strlen(unit) - strlen(".service"), ".service");
		assert_int_equal(unit[0], len <= REC_NAME_LEN ? 'n' : '.');
	}
}

/* The name is raw bytes: making them harmless is the exporters' business. */
static void test_hostile_bytes(void **state UNUSED)
{
	expect("/a\n\x1b[2J\xff\".service", "a\n\x1b[2J\xff\".service");
	expect("/%s%n/%d.scope", "%d.scope");
	expect("/\xff\xfe", "/\xff\xfe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_no_unit),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_kubernetes),
		cmocka_unit_test(test_almost_containers),
		cmocka_unit_test(test_names_that_only_end_like_units),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_hostile_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
