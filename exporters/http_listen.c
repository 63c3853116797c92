// SPDX-License-Identifier: GPL-2.0-or-later
/* The listening sockets; see http.h. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../daemon/log.h"
#include "../daemon/util.h"
#include "http.h"

#define BACKLOG 64

/* getaddrinfo() takes blanks and signs before a port, and cuts one beyond 65535. */
static bool is_port(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= 5 && !text[len] && strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* Splits ADDR:PORT, where ADDR may be in brackets. */
static bool split_address(const char *listen, char host[256], char port[16])
{
	const char *colon = strrchr(listen, ':');
	size_t len = colon ? (size_t)(colon - listen) : 0;

	if (!colon || len >= 256 || !is_port(colon + 1))
		return false;
	if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') {
		listen++;
		len -= 2;
	}
	memcpy(host, listen, len);
	host[len] = '\0';
	strcpy(port, colon + 1);
	return true;
}

static int bind_tcp(const struct addrinfo *address, int *ret_fd)
{
	_cleanup_close_ int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* The caller frees the list. NULL: it is no address. */
static struct addrinfo *resolve(const char *listen_at)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *address = NULL;
	char host[256], port[16];

	if (!split_address(listen_at, host, port) ||
	    getaddrinfo(host[0] ? host : NULL, port, &hints, &address) != 0)
		return NULL;
	return address;
}

bool http_listen_is_valid(const char *listen_at)
{
	struct addrinfo *address = strcmp(listen_at, "none") != 0 ? resolve(listen_at) : NULL;
	bool is_valid = address || !strcmp(listen_at, "none");

	if (address)
		freeaddrinfo(address);
	return is_valid;
}

int http_listen_tcp(const char *listen_at, int *ret_fd)
{
	struct addrinfo *address;
	int err;

	*ret_fd = -1;
	if (!strcmp(listen_at, "none"))
		return 0;
	address = resolve(listen_at);
	if (!address)
		return -EINVAL;
	err = bind_tcp(address, ret_fd);
	freeaddrinfo(address);
	if (err == -EADDRINUSE)
		log_error("cannot listen on %s: another program does; choose another with --listen",
			  listen_at);
	else if (err)
		log_error("cannot listen on %s: %s", listen_at, strerror(-err));
	return err;
}

/* The folder must be one where nobody but its owner can put or replace a socket. */
static int check_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char *slash;
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	*(slash == folder ? slash + 1 : slash) = '\0';
	if (mkdir(folder, 0750) < 0 && errno != EEXIST) {
		int err = -errno;

		log_error("cannot make %s for the socket: %s", folder, strerror(-err));
		return err;
	}
	if (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_error("%s is not a directory: choose another place with --socket", folder);
		return -ENOTDIR;
	}
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022) {
		log_error(
			"%s can be written by others, who could replace the socket: choose another place with --socket",
			folder);
		return -EPERM;
	}
	return 0;
}

/* Removes the socket file of a daemon that is gone. */
static int remove_stale(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		log_error("%s exists and is not a socket: remove it, or choose another place with --socket",
			  address->sun_path);
		return -EEXIST;
	}
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
		log_error("another memoird answers on %s: stop it, or choose another place with --socket",
			  address->sun_path);
		return -EADDRINUSE;
	}
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

int http_listen_unix(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int err;

	*ret_fd = -1;
	if (strlen(path) >= sizeof(address.sun_path)) {
		log_error("--socket %s: must be shorter than %zu bytes", path, sizeof(address.sun_path));
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	err = check_folder(path);
	if (err)
		return err;
	err = remove_stale(&address);
	if (err) {
		if (err != -EADDRINUSE && err != -EEXIST)
			log_error("cannot replace %s: %s", path, strerror(-err));
		return err;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode of the file is that of the socket at bind, so there is no moment with a wider one. */
	if (fd < 0 || fchmod(fd, 0660) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0660) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		err = -errno;
		log_error("cannot listen on %s: %s; choose another place with --socket", path,
			  strerror(-err));
		return err;
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}
