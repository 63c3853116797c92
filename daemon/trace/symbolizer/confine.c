// SPDX-License-Identifier: GPL-2.0-or-later
/* What the symbolizer may still do; see confine.h. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../../util.h"

/* Files that are mapped as a whole count too; of memory of its own it has less. */
#define MAX_ADDRESS_SPACE (1ULL << 30)
#define MAX_DATA (256ULL << 20)
#define MAX_FILES 600

int confine_resources(void)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t limit;
	} limits[] = { { RLIMIT_AS, MAX_ADDRESS_SPACE },
		       { RLIMIT_DATA, MAX_DATA },
		       { RLIMIT_NOFILE, MAX_FILES },
		       { RLIMIT_FSIZE, 0 },
		       { RLIMIT_CORE, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit limit = { limits[i].limit, limits[i].limit };

		if (setrlimit(limits[i].resource, &limit) < 0)
			return -errno;
	}
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

static int add_rules(scmp_filter_ctx filter)
{
	static const int allowed[] = {
		SCMP_SYS(read),       SCMP_SYS(pread64),    SCMP_SYS(lseek),        SCMP_SYS(fstat),
		SCMP_SYS(newfstatat), SCMP_SYS(close),      SCMP_SYS(munmap),       SCMP_SYS(mremap),
		SCMP_SYS(madvise),    SCMP_SYS(brk),        SCMP_SYS(futex),        SCMP_SYS(recvmsg),
		SCMP_SYS(sendmsg),    SCMP_SYS(recvfrom),   SCMP_SYS(sendto),       SCMP_SYS(getrandom),
		SCMP_SYS(exit),       SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime),
		SCMP_SYS(sysinfo),
	};
	/* Libraries look for more files, and go on without. */
	static const int refused[] = { SCMP_SYS(open),      SCMP_SYS(openat),     SCMP_SYS(openat2),
				       SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(access),
				       SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(stat),
				       SCMP_SYS(getcwd) };
	static const int of_descriptors[] = { F_GETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC };
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	/* Not F_SETOWN and F_SETSIG, by which the kernel would signal others in our name, which is root's. */
	for (size_t i = 0; i < ARRAY_SIZE(of_descriptors) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX,
					       (scmp_datum_t)of_descriptors[i]));
	/* Memory, but none that could be executed. */
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return err;
}

int confine_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err = filter ? add_rules(filter) : -ENOMEM;

	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
