// SPDX-License-Identifier: GPL-2.0-or-later
/* The live screen of memoir top: keys, drawing, and leaving the terminal as it was. */
#define NCURSES_NOMACROS
#include <errno.h>
#include <limits.h>
#include <ncurses.h>
#include <poll.h>
#include <string.h>
#include <wchar.h>

#include "../daemon/util.h"
#include "heatmap.h"
#include "interrupt.h"
#include "top.h"
#include "view.h"

/* Summary, state and column headers. */
#define HEAD_LINES 3
#define ESCAPE_KEY 27
#define DELETE_KEY 127
#define ESCAPE_WAIT_MS 25

struct screen {
	struct cli *cli;
	struct top_moment *moment;
	struct top_choice choice;
	char filter[64];
	size_t first;   /* row at the top */
	bool is_typing; /* the filter */
	bool is_help, is_ended, wants_fetch;
};

static size_t screen_width(void)
{
	return COLS > 0 ? (size_t)COLS : 1;
}

static size_t body_lines(void)
{
	return LINES > HEAD_LINES ? (size_t)(LINES - HEAD_LINES) : 1;
}

/* --- drawing ---------------------------------------------------------------------------------- */

/* Draws lines that have been made safe and cut, from line y down. */
static void draw_text(int y, const struct text *text, attr_t attributes)
{
	const char *line = text->is_failed || !text->data ? "" : text->data;

	attrset((int)attributes);
	for (; *line && y < LINES; y++) {
		size_t len = strcspn(line, "\n");

		mvaddnstr(y, 0, line, (int)len);
		line += len + (line[len] != '\0');
	}
	attrset(A_NORMAL);
}

static void draw_state(const struct screen *screen, struct text *text)
{
	const struct top_choice *choice = &screen->choice;

	text_clear(text);
	if (*screen->moment->problem)
		view_line(text, screen_width(), "%s", screen->moment->problem);
	else if (screen->is_typing)
		view_line(text, screen_width(), "filter: %s_", screen->filter);
	else if (choice->is_zones)
		view_line(text, screen_width(), "free memory  (z: back, h: help, q: quit)");
	else
		view_line(text, screen_width(), "%s by %s%s%s%s  (h: help, q: quit)",
			  choice->is_groups ? "groups" : "processes", top_key_name(choice->key),
			  choice->is_reversed ? ", reversed" : "", *screen->filter ? ", only " : "",
			  screen->filter);
	draw_text(1, text, *screen->moment->problem || screen->is_typing ? A_BOLD : A_NORMAL);
}

static void draw_rows(const struct screen *screen, struct text *text)
{
	struct table table = top_table(&screen->choice);
	enum top_key key = screen->choice.key;

	text_clear(text);
	top_rows_add(&screen->moment->rows, screen->first, body_lines(), &table);
	table_render(&table, screen_width(), text);
	draw_text(HEAD_LINES - 1, text, A_NORMAL);
	mvchgat(HEAD_LINES - 1, 0, -1, A_REVERSE, 0, NULL);
	if (table.width[key] && table.x[key] < screen_width())
		mvchgat(HEAD_LINES - 1, (int)table.x[key], (int)table.width[key],
			A_REVERSE | A_BOLD | A_UNDERLINE, 0, NULL);
	table_free(&table);
}

static void draw_zones(const struct screen *screen, struct text *text)
{
	text_clear(text);
	heatmap_add_legend(text, screen_width());
	heatmap_add(text, screen_width(), screen->moment->zones.json);
	draw_text(HEAD_LINES - 1, text, A_NORMAL);
	mvchgat(HEAD_LINES - 1, 0, -1, A_REVERSE, 0, NULL);
}

static void draw_help(struct text *text)
{
	static const char *const lines[] = {
		"< > left right  sort by the next column",
		"p c m f a s j t u  sort by pid, comm, rss,",
		"    faults, alloc, stall, major, stalled, unit",
		"r  reverse        g  groups or processes",
		"/  filter by comm or unit, Escape: all",
		"z  free memory by zone, order and time",
		"up down page home end  scroll",
		"q  quit           any key: back",
		"",
		"STALL%   time stalled by wall time, all threads",
		"STALLED  time stalled since the probes came",
		"RSS      anonymous, file and shared pages",
	};

	text_clear(text);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		view_line(text, screen_width(), "%s", lines[i]);
	draw_text(HEAD_LINES - 1, text, A_NORMAL);
}

static void draw(struct screen *screen)
{
	size_t nr = screen->moment->rows.nr;
	struct text text = {};

	if (screen->first + body_lines() > nr)
		screen->first = nr > body_lines() ? nr - body_lines() : 0;
	erase();
	top_add_summary(&text, screen->moment, screen_width());
	draw_text(0, &text, A_BOLD);
	draw_state(screen, &text);
	if (screen->is_help)
		draw_help(&text);
	else if (screen->choice.is_zones)
		draw_zones(screen, &text);
	else
		draw_rows(screen, &text);
	text_free(&text);
	refresh();
}

/* --- keys ------------------------------------------------------------------------------------- */

static void sort_by(struct screen *screen, enum top_key key)
{
	screen->choice.key = key;
	screen->first = 0;
}

/* Columns in the order of the screen; those that are left out for want of room are passed over. */
static void sort_beside(struct screen *screen, int step)
{
	struct table table = top_table(&screen->choice);
	int key = (int)screen->choice.key;

	top_rows_add(&screen->moment->rows, screen->first, body_lines(), &table);
	table_layout(&table, screen_width());
	do
		key = (key + step + NR_TOP_KEYS) % NR_TOP_KEYS;
	while (!table.width[key]);
	table_free(&table);
	sort_by(screen, (enum top_key)key);
}

static void scroll_by(struct screen *screen, size_t nr, bool is_up)
{
	if (is_up)
		screen->first -= nr < screen->first ? nr : screen->first;
	else
		screen->first += nr;
}

/* Takes the last character of the filter away, all of its bytes. */
static void shorten_filter(struct screen *screen)
{
	size_t len = strlen(screen->filter);

	while (len && (screen->filter[len - 1] & 0xc0) == 0x80)
		len--;
	if (len)
		len--;
	screen->filter[len] = '\0';
}

static void type_filter(struct screen *screen, wint_t key, bool is_function)
{
	size_t len = strlen(screen->filter);
	char bytes[MB_LEN_MAX + 1];
	mbstate_t state = {};
	size_t size;

	screen->first = 0;
	if (is_function ? key == KEY_BACKSPACE : key == DELETE_KEY || key == '\b') {
		shorten_filter(screen);
		return;
	}
	if (is_function ? key == KEY_ENTER : key == '\n' || key == '\r' || key == ESCAPE_KEY) {
		screen->is_typing = false;
		if (!is_function && key == ESCAPE_KEY)
			screen->filter[0] = '\0';
		return;
	}
	if (is_function || key < ' ')
		return;
	size = wcrtomb(bytes, (wchar_t)key, &state);
	if (size == (size_t)-1 || len + size >= sizeof(screen->filter))
		return;
	memcpy(screen->filter + len, bytes, size);
	screen->filter[len + size] = '\0';
}

static void on_function_key(struct screen *screen, wint_t key)
{
	if (key == KEY_LEFT)
		sort_beside(screen, -1);
	else if (key == KEY_RIGHT)
		sort_beside(screen, 1);
	else if (key == KEY_UP || key == KEY_DOWN)
		scroll_by(screen, 1, key == KEY_UP);
	else if (key == KEY_PPAGE || key == KEY_NPAGE)
		scroll_by(screen, body_lines(), key == KEY_PPAGE);
	else if (key == KEY_HOME)
		screen->first = 0;
	else if (key == KEY_END)
		screen->first = screen->moment->rows.nr;
}

static void on_letter(struct screen *screen, wint_t key)
{
	static const char letters[NR_TOP_KEYS + 1] = {
		[TOP_PID] = 'p',    [TOP_COMM] = 'c',  [TOP_RSS] = 'm',
		[TOP_FAULTS] = 'f', [TOP_ALLOC] = 'a', [TOP_STALL] = 's',
		[TOP_MAJOR] = 'j',  [TOP_TOTAL] = 't', [TOP_UNIT] = 'u',
	};
	const char *letter = key && key < 128 ? strchr(letters, (int)key) : NULL;

	if (letter) {
		sort_by(screen, (enum top_key)(letter - letters));
	} else if (key == 'g') {
		screen->choice.is_groups = !screen->choice.is_groups;
		screen->first = 0;
		screen->wants_fetch = true;
	} else if (key == 'z') {
		screen->choice.is_zones = !screen->choice.is_zones;
		screen->wants_fetch = true;
	} else if (key == '<' || key == '>') {
		sort_beside(screen, key == '<' ? -1 : 1);
	} else if (key == ESCAPE_KEY) {
		screen->filter[0] = '\0';
	} else {
		screen->is_ended |= key == 'q';
		screen->is_help |= key == 'h' || key == '?';
		screen->is_typing |= key == '/';
		screen->choice.is_reversed ^= key == 'r';
	}
}

static void on_key(struct screen *screen, wint_t key, bool is_function)
{
	if (is_function && key == KEY_RESIZE) {
		/* The terminal has moved what was on it. */
		clear();
		return;
	}
	if (screen->is_help)
		screen->is_help = false;
	else if (screen->is_typing)
		type_filter(screen, key, is_function);
	else if (is_function)
		on_function_key(screen, key);
	else
		on_letter(screen, key);
}

/* All keys that wait. */
static void read_keys(struct screen *screen)
{
	wint_t key;
	int kind;

	while (!screen->is_ended && (kind = get_wch(&key)) != ERR)
		on_key(screen, key, kind == KEY_CODE_YES);
	if (!top_arrange(&screen->choice, screen->moment))
		screen->wants_fetch = true;
}

/* --- the loop --------------------------------------------------------------------------------- */

static void fetch(struct screen *screen)
{
	/* Less than the interval, so that a snapshot is never shown twice for being a moment too young. */
	uint64_t max_age_ms = screen->cli->interval_ns / NSEC_PER_MSEC * 3 / 4;
	char why[sizeof(screen->moment->problem)];
	int err;

	err = top_fetch(&screen->cli->source, &screen->choice, screen->wants_fetch ? ANY_AGE : max_age_ms,
			screen->moment);
	screen->wants_fetch = false;
	if (err == -ENOTCONN) {
		memcpy(why, screen->moment->problem, sizeof(why));
		snprintf(screen->moment->problem, sizeof(screen->moment->problem),
			 "daemon not reachable, retrying: %.200s", why);
	}
}

/* EXIT_OK when told to end, EXIT_FAILED when the terminal is gone. */
static int loop(struct screen *screen)
{
	uint64_t next_ns = now_ns(CLOCK_MONOTONIC) + screen->cli->interval_ns;

	while (!screen->is_ended && !interrupt_requested()) {
		int events;

		draw(screen);
		events = interrupt_poll(STDIN_FILENO, POLLIN, next_ns);
		if (events > 0 && events & (POLLHUP | POLLERR | POLLNVAL))
			return EXIT_FAILED;
		read_keys(screen);
		if (events == 0)
			next_ns = now_ns(CLOCK_MONOTONIC) + screen->cli->interval_ns;
		if ((events == 0 || screen->wants_fetch) && !interrupt_requested() && !screen->is_ended)
			fetch(screen);
	}
	return EXIT_OK;
}

int top_screen_run(struct cli *cli, const struct top_choice *choice, struct top_moment *moment)
{
	struct screen screen = { .cli = cli, .moment = moment, .choice = *choice };
	SCREEN *terminal;
	int status;

	screen.choice.filter = screen.filter;
	interrupt_init();
	/* Else they would be believed more than the window, and it could not be resized. */
	unsetenv("COLUMNS");
	unsetenv("LINES");
	set_escdelay(ESCAPE_WAIT_MS);
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		complain("cannot use this terminal; try memoir top --once");
		return EXIT_FAILED;
	}
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	status = loop(&screen);
	endwin();
	delscreen(terminal);
	return status;
}
