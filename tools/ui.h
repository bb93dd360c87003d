/* SPDX-License-Identifier: MIT */
/* What the user sees: messages, progress, sizes. Tables are in table.h. */
#ifndef WEFT_TOOLS_UI_H
#define WEFT_TOOLS_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sub-command whose name messages carry. */
void ui_set_command(const char *name);

/*
 * One line on stderr, "weft COMMAND: ...". A progress line gives way to it, and
 * control characters, which a file name may hold, are replaced.
 */
void ui_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same without the name in front. */
void ui_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Show what was written to stdout so far. */
void ui_flush(void);
/* True when everything written to stdout has arrived; a message otherwise. */
bool ui_flush_output(void);

/* "0", "17 B", "64 KiB", "9.7 MiB" into @buf. */
const char *ui_size(uint64_t bytes, char *buf, size_t len);

/* "64 KiB", "1M", "4096": bytes, or 0 when it is not a size. */
uint64_t ui_parse_size(const char *text);

double ui_now(void);	/* seconds, monotonic */

/*
 * A line on stderr that follows a long job. It shows up only on a terminal and
 * only when the job takes a while.
 */
struct ui_progress {
	bool enabled;
	const char *name;
	uint64_t total;		/* bytes, 0: not known */
	double began;
	double drawn;		/* when it was last drawn, 0: never */
};

void ui_progress_begin(struct ui_progress *p, const char *name, uint64_t total, bool quiet);
void ui_progress_at(struct ui_progress *p, uint64_t done);
void ui_progress_end(struct ui_progress *p);

#endif
