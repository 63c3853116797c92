/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memoir's command line: checked values, and one line about what is wrong with it. */
#ifndef MEMOIR_CLI_OPTIONS_H
#define MEMOIR_CLI_OPTIONS_H

#include "command.h"

/*
 * Parses argv into ret, which borrows from it. Ends the process: status 0 after --help and --version,
 * EXIT_USAGE after one line that names the option or argument, its value and what is allowed.
 */
void cli_options_parse(struct cli *ret, int argc, char **argv);

#endif
