// SPDX-License-Identifier: GPL-2.0-or-later
/* Can a screen be drawn here? Apart from the screen, because term.h takes common words for its macros. */
#include "top.h"

#include <unistd.h>

#include <curses.h>
#include <term.h>

bool top_screen_is_possible(void)
{
	bool is_possible;
	int err;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	if (setupterm(NULL, STDOUT_FILENO, &err) != OK)
		return false;
	is_possible = cursor_address && clear_screen;
	del_curterm(cur_term);
	return is_possible;
}
