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
bool wdi_z_calls_wanted;

static const char *const why_names[] = {
	[WDI_Z_WHY_MODE] = "mode",
	[WDI_Z_WHY_SMALL] = "small",
	[WDI_Z_WHY_PARAMETERS] = "parameters",
	[WDI_Z_WHY_FLUSH] = "flush",
	[WDI_Z_WHY_CALL] = "call",
	[WDI_Z_WHY_DICTIONARY] = "dictionary",
	[WDI_Z_WHY_PIECES] = "pieces",
	[WDI_Z_WHY_DATA] = "data",
	[WDI_Z_WHY_ALLOCATOR] = "allocator",
	[WDI_Z_WHY_CALLER] = "caller",
	[WDI_Z_WHY_DEVICE] = "device",
};
_Static_assert(wdi_z_array_size(why_names) == WDI_Z_WHYS, "a name for each reason");

static char program[64];

/* A child counts what it does itself. */
static void forget(void)
{
	for (unsigned int i = 0; i < WDI_Z_PATHS; i++) {
		atomic_store_explicit(&wdi_z_path_counts[i].streams, 0, memory_order_relaxed);
		atomic_store_explicit(&wdi_z_path_counts[i].calls, 0, memory_order_relaxed);
		atomic_store_explicit(&wdi_z_path_counts[i].in_bytes, 0, memory_order_relaxed);
		atomic_store_explicit(&wdi_z_path_counts[i].out_bytes, 0, memory_order_relaxed);
	}
	for (unsigned int i = 0; i < WDI_Z_WHYS; i++)
		atomic_store_explicit(&wdi_z_why_counts[i], 0, memory_order_relaxed);
}

/*
 * The name of the program, with whatever could end a field replaced. Programs that give
 * their processes titles write over it.
 */
static void program_take(void)
{
	size_t len = strlen(program_invocation_short_name);

	len = wdi_z_min(len, sizeof(program) - 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)program_invocation_short_name[i];

		program[i] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
}

__attribute__((constructor)) static void begin(void)
{
	wdi_z_calls_wanted = wdi_z_settings()->report[0];
	if (wdi_z_calls_wanted)
		program_take();
	pthread_atfork(NULL, NULL, forget);
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

static void add_number(struct record *r, const char *prefix, const char *name, uint64_t value)
{
	add(r, "\t%s%s=%" PRIu64, prefix, name, value);
}

static void add_direction(struct record *r, const char *prefix,
			  const struct wdi_z_path_count *device,
			  const struct wdi_z_path_count *zlib)
{
	add_number(r, prefix, "_streams", atomic_load(&device->streams) +
		   atomic_load(&zlib->streams));
	add_number(r, prefix, "_calls", atomic_load(&device->calls) +
		   atomic_load(&zlib->calls));
	add_number(r, prefix, "_in", atomic_load(&device->in_bytes) +
		   atomic_load(&zlib->in_bytes));
	add_number(r, prefix, "_out", atomic_load(&device->out_bytes) +
		   atomic_load(&zlib->out_bytes));
	add_number(r, prefix, "_device_streams", atomic_load(&device->streams));
	add_number(r, prefix, "_device_in", atomic_load(&device->in_bytes));
}

/* Both directions together, by who did them. */
static void add_path(struct record *r, const char *name, const struct wdi_z_path_count *deflate,
		     const struct wdi_z_path_count *inflate)
{
	add_number(r, "path_", name, atomic_load(&deflate->in_bytes) +
		   atomic_load(&inflate->in_bytes));
	add_number(r, "out_", name, atomic_load(&deflate->out_bytes) +
		   atomic_load(&inflate->out_bytes));
	add_number(r, "calls_", name, atomic_load(&deflate->calls) +
		   atomic_load(&inflate->calls));
}

static void record_make(struct record *r)
{
	const struct wdi_z_path_count *c = wdi_z_path_counts;

	add(r, "zlib\tpid=%ld\tcomm=%s\tmode=%s", (long)getpid(), program,
	    wdi_z_mode_name(wdi_z_settings()->mode));
	add_direction(r, "deflate", &c[WDI_Z_PATH_DEFLATE_DEVICE], &c[WDI_Z_PATH_DEFLATE_SYSTEM]);
	add_direction(r, "inflate", &c[WDI_Z_PATH_INFLATE_DEVICE], &c[WDI_Z_PATH_INFLATE_SYSTEM]);
	add_path(r, "device", &c[WDI_Z_PATH_DEFLATE_DEVICE], &c[WDI_Z_PATH_INFLATE_DEVICE]);
	add_path(r, "zlib", &c[WDI_Z_PATH_DEFLATE_SYSTEM], &c[WDI_Z_PATH_INFLATE_SYSTEM]);
	for (unsigned int i = 0; i < WDI_Z_WHYS; i++)
		add_number(r, "fallback_", why_names[i], atomic_load(&wdi_z_why_counts[i]));
	add(r, "\n");
}

/*
 * One write() of one line to a file that is there and is opened for it: whole
 * among those of other processes, and none of the program's descriptors is
 * touched, or needed, however it has closed them.
 */
__attribute__((destructor)) static void end(void)
{
	const struct wdi_z_settings *settings = wdi_z_settings();
	struct record r = { .len = 0 };
	int fd, saved = errno;

	/* Nothing to say for a process that has never called zlib. */
	if (!settings->report[0] || !atomic_load(&wdi_z_system_now))
		return;
	record_make(&r);
	fd = open(settings->report, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || write(fd, r.text, r.len) != (ssize_t)r.len)
		wdi_z_log(WDI_Z_LOG_ERROR, "no record in WEFT_REPORT=%s: %s", settings->report,
			  strerror(errno));
	if (fd >= 0)
		close(fd);
	errno = saved;
}
