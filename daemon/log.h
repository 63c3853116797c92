/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line an entry on standard error, with the journal's priority prefix where the
 * journal reads it. A line says what failed, on which object, why, and what to do; it is written
 * once, where the decision is made. Control characters are replaced before they are written.
 */
#ifndef MEMOIR_LOG_H
#define MEMOIR_LOG_H

/* Levels are syslog's. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Entries above this level are not written; LOG_LEVEL_INFO at start. */
void log_set_level(enum log_level level);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
