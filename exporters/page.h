/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The web page: one self-contained document that reads /metrics and shows the busiest groups. */
#ifndef MEMOIR_PAGE_H
#define MEMOIR_PAGE_H

extern const char page_html[];
/* Its Content-Security-Policy. */
extern const char page_policy[];

#endif
