// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile process: its /tmp is an overlay, made as anybody may in a user namespace of his own, of a file
 * system that it serves itself and that never answers for a map of compiled code. It says where it has
 * code without a file, and waits.
 *
 *	mute	exits with 77 where the kernel does not let it
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CANNOT 77
#define REQUEST_BYTES (1u << 20)

static void need(int is_done)
{
	if (!is_done)
		exit(CANNOT);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* The body of an answer, its size, and the error; -1 where there is none at all. */
static int answer(const struct fuse_in_header *request, void *body, uint32_t *ret_size)
{
	struct fuse_init_out *init = body;
	struct fuse_attr_out *attr = body;

	switch (request->opcode) {
	case FUSE_INIT:
		*init = (struct fuse_init_out){ .major = 7, .minor = 31, .max_write = 4096 };
		*ret_size = sizeof(*init);
		return 0;
	case FUSE_GETATTR:
		attr->attr = (struct fuse_attr){ .ino = request->nodeid, .mode = S_IFDIR | 0755, .nlink = 2 };
		*ret_size = sizeof(*attr);
		return 0;
	case FUSE_STATFS:
		*ret_size = sizeof(struct fuse_statfs_out);
		return 0;
	case FUSE_LOOKUP:
		return strncmp((const char *)(request + 1), "perf-", 5) ? 2 : -1;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return -1;
	default:
		return 38;
	}
}

static void serve(int fd)
{
	static uint64_t request[REQUEST_BYTES / sizeof(uint64_t)];
	struct {
		struct fuse_out_header h;
		char body[4096];
	} reply;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(fd, request, sizeof(request)) > 0) {
		const struct fuse_in_header *h = (const struct fuse_in_header *)request;
		uint32_t size = 0;
		int err;

		memset(&reply, 0, sizeof(reply));
		err = answer(h, reply.body, &size);
		if (err < 0)
			continue;
		reply.h = (struct fuse_out_header){ .len = sizeof(reply.h) + size,
						    .error = -err,
						    .unique = h->unique };
		if (write(fd, &reply, reply.h.len) < 0)
			break;
	}
	exit(EXIT_FAILURE);
}

int main(void)
{
	char text[96];
	unsigned int uid = getuid(), gid = getgid();
	void *code;
	int fd;

	need(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
	write_file("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", uid);
	write_file("/proc/self/uid_map", text);
	snprintf(text, sizeof(text), "0 %u 1", gid);
	write_file("/proc/self/gid_map", text);
	need(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	     !mount("none", "/mnt", "tmpfs", 0, NULL) && !mkdir("/mnt/served", 0755) &&
	     !mkdir("/mnt/empty", 0755));
	fd = open("/dev/fuse", O_RDWR);
	snprintf(text, sizeof(text), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	need(fd >= 0 && !mount("none", "/mnt/served", "fuse", 0, text));
	if (!fork())
		serve(fd);
	close(fd);
	need(!mount("none", "/tmp", "overlay", MS_RDONLY, "lowerdir=/mnt/served:/mnt/empty,userxattr"));
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(code != MAP_FAILED);
	memset(code, 0xc3, 1);
	printf("cart %p\n", code);
	fflush(stdout);
	pause();
	return EXIT_SUCCESS;
}
