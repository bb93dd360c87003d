/* SPDX-License-Identifier: MIT */
#include "zlib/report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "zlib/log.h"
#include "zlib/settings.h"
#include "zlib/system.h"

struct wdi_z_path_count wdi_z_path_counts[WDI_Z_PATHS];
_Atomic uint64_t wdi_z_why_counts[WDI_Z_WHYS];

static const char *const path_names[] = {
	[WDI_Z_PATH_DEFLATE_DEVICE] = "deflate.device",
	[WDI_Z_PATH_DEFLATE_SYSTEM] = "deflate.system",
	[WDI_Z_PATH_INFLATE_DEVICE] = "inflate.device",
	[WDI_Z_PATH_INFLATE_SYSTEM] = "inflate.system",
};
_Static_assert(wdi_z_array_size(path_names) == WDI_Z_PATHS, "a name for each path");

static const char *const why_names[] = {
	[WDI_Z_WHY_MODE] = "mode",
	[WDI_Z_WHY_SMALL] = "small",
	[WDI_Z_WHY_PARAMETERS] = "parameters",
	[WDI_Z_WHY_FLUSH] = "flush",
	[WDI_Z_WHY_CALL] = "call",
	[WDI_Z_WHY_DICTIONARY] = "dictionary",
	[WDI_Z_WHY_PIECES] = "pieces",
	[WDI_Z_WHY_DATA] = "data",
	[WDI_Z_WHY_DEVICE] = "device",
};
_Static_assert(wdi_z_array_size(why_names) == WDI_Z_WHYS, "a name for each reason");

/* A child counts what it does itself. */
static void forget(void)
{
	for (unsigned int i = 0; i < WDI_Z_PATHS; i++) {
		atomic_store_explicit(&wdi_z_path_counts[i].streams, 0, memory_order_relaxed);
		atomic_store_explicit(&wdi_z_path_counts[i].in_bytes, 0, memory_order_relaxed);
		atomic_store_explicit(&wdi_z_path_counts[i].out_bytes, 0, memory_order_relaxed);
	}
	for (unsigned int i = 0; i < WDI_Z_WHYS; i++)
		atomic_store_explicit(&wdi_z_why_counts[i], 0, memory_order_relaxed);
}

__attribute__((constructor)) static void begin(void)
{
	pthread_atfork(NULL, NULL, forget);
}

/* The name of the program, with whatever could end a field replaced. */
static void program_name(char *to, size_t size)
{
	size_t len = strlen(program_invocation_short_name);

	len = wdi_z_min(len, size - 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)program_invocation_short_name[i];

		to[i] = c <= ' ' || c == '=' || c >= 0x7f ? '_' : (char)c;
	}
	to[len] = '\0';
}

struct record {
	char text[2048];
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void add(struct record *r, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(r->text + r->len, sizeof(r->text) - r->len, format, args);
	va_end(args);
	if (n > 0)
		r->len = wdi_z_min(r->len + (size_t)n, sizeof(r->text) - 1);
}

/*
 * One write() of one line to a file that is opened for it: whole among those
 * of other processes, and none of the program's descriptors is touched, or
 * needed, however it has closed them.
 */
__attribute__((destructor)) static void end(void)
{
	const struct wdi_z_settings *settings = wdi_z_settings();
	struct record r = { .len = 0 };
	char name[64];
	int fd, saved = errno;

	/* Nothing to say for a process that has never called zlib. */
	if (!settings->report[0] || !atomic_load(&wdi_z_system_now))
		return;
	program_name(name, sizeof(name));
	add(&r, "weft-zlib 1 pid=%ld program=%s mode=%s", (long)getpid(), name,
	    wdi_z_mode_name(settings->mode));
	for (unsigned int i = 0; i < WDI_Z_PATHS; i++) {
		const struct wdi_z_path_count *c = &wdi_z_path_counts[i];

		add(&r, " %s.streams=%" PRIu64 " %s.in=%" PRIu64 " %s.out=%" PRIu64,
		    path_names[i], atomic_load(&c->streams), path_names[i],
		    atomic_load(&c->in_bytes), path_names[i], atomic_load(&c->out_bytes));
	}
	for (unsigned int i = 0; i < WDI_Z_WHYS; i++)
		add(&r, " why.%s=%" PRIu64, why_names[i], atomic_load(&wdi_z_why_counts[i]));
	add(&r, "\n");
	fd = open(settings->report, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0 || write(fd, r.text, r.len) != (ssize_t)r.len)
		wdi_z_log(WDI_Z_LOG_ERROR, "no record in WEFT_REPORT=%s: %s", settings->report,
			  strerror(errno));
	if (fd >= 0)
		close(fd);
	errno = saved;
}
