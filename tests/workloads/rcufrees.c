// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets the IP options of a socket again and again, until it is killed: the kernel keeps the last ones, and
 * frees those before by kfree_rcu() (ip_options_get() and do_ip_setsockopt() in net/ipv4), on all kernels.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <unistd.h>

#include "usage.h"

/* So that grace periods keep up. */
#define PAUSE_US 200

int main(void)
{
	static const unsigned char options[] = { IPOPT_NOP, IPOPT_NOP, IPOPT_NOP, IPOPT_EOL };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	for (;;) {
		if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, sizeof(options)) < 0)
			die("setsockopt");
		usleep(PAUSE_US);
	}
}
