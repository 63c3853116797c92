// SPDX-License-Identifier: GPL-2.0-or-later
/* memoir: the command line of memoird. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>

#include "../daemon/util.h"
#include "options.h"

/*
 * A standard descriptor that is closed would be given to the next file or socket, which would then be
 * written to. What is opened here instead makes its use fail.
 */
static void occupy_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			_exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	struct cli cli;
	int err = 0, status;

	occupy_standard_descriptors();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	cli_options_parse(&cli, argc, argv);
	if (cli.replay)
		err = source_open_record(&cli.source, cli.replay);
	if (err && err != -EPIPE)
		return EXIT_FAILED;
	status = command_run(&cli);
	source_close(&cli.source);
	/* The end of the record was missing: the answer stands, but it is not the whole one. */
	return err && status == EXIT_OK ? EXIT_FAILED : status;
}
