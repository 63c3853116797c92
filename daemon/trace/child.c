// SPDX-License-Identifier: GPL-2.0-or-later
/* The process of the symbolizer; see child.h. */
#include "child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../privileges.h"
#include "../util.h"
#include "stuck.h"

/* For one question, beside what it has used. */
#define CPU_SECONDS 4
/* So long one that has closed its socket may take to die, before it is killed for that. */
#define DEATH_MS 200

/* The socket is where standard input would be. Does not return. */
static void become_symbolizer(int program_fd, int fd, pid_t parent)
{
	char *const arguments[] = { (char *)"memoir-symbolizer", NULL };
	char *const environment[] = { NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
	    privileges_drop(PRIVILEGES_OF_SYMBOLIZER) || dup2(fd, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	fexecve(program_fd, arguments, environment);
	_exit(EXIT_FAILURE);
}

int child_start(struct child *child)
{
	int pair[2];
	pid_t parent = getpid();

	if (child->program_fd < 0)
		return -ENOENT;
	if (stuck_are_too_many())
		return -EBUSY;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	child->pid = fork();
	if (!child->pid)
		become_symbolizer(child->program_fd, pair[1], parent);
	close(pair[1]);
	if (child->pid < 0) {
		close(pair[0]);
		return -errno;
	}
	child->fd = pair[0];
	return 0;
}

/* What a process has open is closed a moment before it can be seen to be dead. */
static bool is_dying(pid_t pid)
{
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return pidfd >= 0 && poll(&end, 1, DEATH_MS) > 0;
}

void child_end(struct child *child, bool is_closed, char *why, size_t size)
{
	size_t len = strlen(why);
	bool has_died;
	int status = 0;

	if (child->fd < 0)
		return;
	has_died = is_closed && is_dying(child->pid);
	close(child->fd);
	child->fd = -1;
	/* Nothing happens to one that has died already, and its status says of what. */
	if (!stuck_kill(child->pid, &status))
		return;
	if (WIFSIGNALED(status) && (has_died || WTERMSIG(status) != SIGKILL))
		snprintf(why + len, size - len, " of signal %s", sigabbrev_np(WTERMSIG(status)));
	else if (WIFEXITED(status))
		snprintf(why + len, size - len, " with status %d", WEXITSTATUS(status));
}

/* The CPU time of the one that lives. */
static __u64 living_cpu_ns(const struct child *child)
{
	clockid_t clock;

	return child->fd >= 0 && !clock_getcpuclockid(child->pid, &clock) ? now_ns(clock) : 0;
}

void child_limit_cpu(const struct child *child)
{
	struct rlimit limit = { .rlim_cur = living_cpu_ns(child) / NSEC_PER_SEC + 1 + CPU_SECONDS,
				.rlim_max = RLIM_INFINITY };

	prlimit(child->pid, RLIMIT_CPU, &limit, NULL);
}

__u64 child_cpu_ns(const struct child *child)
{
	struct rusage ended;

	getrusage(RUSAGE_CHILDREN, &ended);
	return ((__u64)ended.ru_utime.tv_sec + (__u64)ended.ru_stime.tv_sec) * NSEC_PER_SEC +
	       ((__u64)ended.ru_utime.tv_usec + (__u64)ended.ru_stime.tv_usec) * NSEC_PER_USEC +
	       living_cpu_ns(child);
}

__u64 child_rss_bytes(const struct child *child)
{
	char path[32];

	if (child->fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/statm", child->pid);
	return read_rss_bytes(path);
}
