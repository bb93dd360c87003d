/* SPDX-License-Identifier: MIT */
#include "ui.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_AFTER	0.5	/* seconds before a job is worth a line */
#define PROGRESS_EVERY	0.1

static const char *command;
static int output_error;	/* errno of stdout's first failure */
static bool line_drawn;		/* a progress line stands on the terminal */

void ui_set_command(const char *name)
{
	command = name;
}

static void clear_line(void)
{
	if (line_drawn)
		fputs("\r\033[K", stderr);
	line_drawn = false;
}

/* No escape sequence of somebody's file name reaches the terminal. */
static void make_plain(char *text)
{
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
}

static void print_line(const char *prefix, const char *fmt, va_list args)
{
	char line[8192];
	size_t at = (size_t)snprintf(line, sizeof(line), "%s", prefix);

	vsnprintf(line + at, sizeof(line) - at, fmt, args);
	make_plain(line);
	clear_line();
	fprintf(stderr, "%s\n", line);
}

void ui_error(const char *fmt, ...)
{
	char prefix[64];
	va_list args;

	snprintf(prefix, sizeof(prefix), "weft%s%s: ", command ? " " : "", command ? command : "");
	va_start(args, fmt);
	print_line(prefix, fmt, args);
	va_end(args);
}

void ui_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line("", fmt, args);
	va_end(args);
}

void ui_flush(void)
{
	/* The first failure is the one to tell about. */
	if (fflush(stdout) && !output_error)
		output_error = errno;
}

bool ui_flush_output(void)
{
	ui_flush();
	if (!output_error && !ferror(stdout))
		return true;
	ui_error("standard output: %s", strerror(output_error ? output_error : EIO));
	return false;
}

static const struct {
	const char *name;	/* its first letter is enough when typed */
	uint64_t bytes;
} units[] = {
	{ "GiB", UINT64_C(1) << 30 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "KiB", UINT64_C(1) << 10 },
};

#define UNIT_COUNT	(sizeof(units) / sizeof(units[0]))

const char *ui_size(uint64_t bytes, char *buf, size_t len)
{
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (bytes < units[i].bytes)
			continue;
		snprintf(buf, len, bytes % units[i].bytes ? "%.1f %s" : "%.0f %s",
			 (double)bytes / (double)units[i].bytes, units[i].name);
		return buf;
	}
	snprintf(buf, len, "%llu B", (unsigned long long)bytes);
	return buf;
}

uint64_t ui_parse_size(const char *text)
{
	unsigned long long v;
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	v = strtoull(text, &end, 10);
	end += strspn(end, " ");
	if (errno || !*end || !strcasecmp(end, "B"))
		return errno ? 0 : v;
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (strncasecmp(end, units[i].name, strlen(end)) || v > UINT64_MAX / units[i].bytes)
			continue;
		return v * units[i].bytes;
	}
	return 0;
}

double ui_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void ui_progress_begin(struct ui_progress *p, const char *name, uint64_t total, bool quiet)
{
	p->enabled = !quiet && isatty(STDERR_FILENO);
	p->name = name;
	p->total = total;
	p->began = ui_now();
	p->drawn = 0;
}

static void draw(const struct ui_progress *p, uint64_t done, double elapsed)
{
	char right[64], name[256];
	int room, len;

	if (p->total)
		len = snprintf(right, sizeof(right), "%5.1f%%  %6.1f MB/s",
			       100.0 * (double)done / (double)p->total,
			       (double)done / 1e6 / elapsed);
	else
		len = snprintf(right, sizeof(right), "%.1f MB  %6.1f MB/s", (double)done / 1e6,
			       (double)done / 1e6 / elapsed);

	/* The last column stays free: writing there makes some terminals wrap. */
	room = terminal_width() - len - 3;
	if (room < 8)
		room = 8;
	if ((int)strlen(p->name) <= room)
		snprintf(name, sizeof(name), "%s", p->name);
	else
		snprintf(name, sizeof(name), "...%s", p->name + strlen(p->name) - (size_t)room + 3);
	make_plain(name);
	fprintf(stderr, "\r%s  %s\033[K", name, right);
	line_drawn = true;
}

void ui_progress_at(struct ui_progress *p, uint64_t done)
{
	double now;

	if (!p->enabled)
		return;
	now = ui_now();
	if (now - p->began < PROGRESS_AFTER || now - p->drawn < PROGRESS_EVERY)
		return;
	draw(p, done, now - p->began);
	p->drawn = now;
}

void ui_progress_end(struct ui_progress *p)
{
	if (p->enabled)
		clear_line();
}
