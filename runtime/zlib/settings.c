/* SPDX-License-Identifier: MIT */
#include "zlib/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "zlib/log.h"

/* Opening the runtime takes about as long as zlib takes for this much. */
#define MIN_BYTES	(128 << 10)
/* Telling a place takes about as long as inflating a few KiB. */
#define KEEP_BYTES	(128 << 10)
#define KEEP_LEAST	(4 << 10)
#define KEEP_MOST	(1 << 30)

static const char *const modes[] = {
	[WDI_Z_OFF] = "off",
	[WDI_Z_EXACT] = "exact",
	[WDI_Z_ON] = "on",
	[WDI_Z_FAST] = "fast",
};
_Static_assert(wdi_z_array_size(modes) == WDI_Z_MODES, "a name for each mode");

/*
 * Read when the library is loaded, because programs clear their environment
 * later on (nginx does). But the first calls may come from other libraries'
 * constructors, before ours, and from several threads: whoever comes first writes,
 * the rest spin for as long as it takes to read six variables.
 */
static atomic_flag taken = ATOMIC_FLAG_INIT;
static struct wdi_z_settings settings;
_Atomic(const struct wdi_z_settings *) wdi_z_settings_now;

const char *wdi_z_mode_name(enum wdi_z_mode mode)
{
	return modes[mode];
}

static void read_text(const char *name, char *to, size_t size)
{
	const char *text = secure_getenv(name);

	if (text && strlen(text) < size)
		strcpy(to, text);
}

static bool read_mode(void)
{
	const char *text = secure_getenv("WEFT_ZLIB");

	settings.mode = WDI_Z_ON;
	if (!text || !*text)
		return true;
	for (size_t i = 0; i < wdi_z_array_size(modes); i++) {
		if (!strcasecmp(text, modes[i])) {
			settings.mode = (enum wdi_z_mode)i;
			return true;
		}
	}
	return false;
}

static uint64_t read_bytes(const char *name, uint64_t otherwise)
{
	const char *text = secure_getenv(name);
	char *end = NULL;
	uint64_t n;

	if (!text || *text < '0' || *text > '9')
		return otherwise;
	errno = 0;
	n = strtoull(text, &end, 10);
	return errno || *end ? otherwise : n;
}

static void read_keep(void)
{
	uint64_t n = read_bytes("WEFT_ZLIB_KEEP", KEEP_BYTES);

	settings.keep_bytes = n < KEEP_LEAST ? KEEP_LEAST : (size_t)wdi_z_min(n, KEEP_MOST);
}

static void read_log(void)
{
	const char *spec = secure_getenv("WEFT_LOG");
	const char *colon = spec ? strchr(spec, ':') : NULL;

	settings.log_fd = STDERR_FILENO;
	if (!spec)
		return;
	settings.log_level = wdi_z_log_level(spec, colon ? (size_t)(colon - spec) : strlen(spec));
	if (settings.log_level && colon && colon[1]) {
		int fd = open(colon + 1, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

		if (fd >= 0)
			settings.log_fd = fd;
	}
}

const struct wdi_z_settings *wdi_z_settings_read(void)
{
	int saved = errno;
	bool good;

	if (atomic_flag_test_and_set(&taken)) {
		while (!atomic_load_explicit(&wdi_z_settings_now, memory_order_acquire))
			;
		return &settings;
	}
	read_log();
	good = read_mode();
	settings.min_bytes = read_bytes("WEFT_ZLIB_MIN", MIN_BYTES);
	read_keep();
	read_text("WEFT_ZLIB_SYSTEM", settings.system_zlib, sizeof(settings.system_zlib));
	read_text("WEFT_REPORT", settings.report, sizeof(settings.report));
	atomic_store_explicit(&wdi_z_settings_now, &settings, memory_order_release);
	if (!good)
		wdi_z_log(WDI_Z_LOG_ERROR, "WEFT_ZLIB=%s: no such mode; on, fast, exact and off are known, on holds",
			  secure_getenv("WEFT_ZLIB"));
	errno = saved;
	return &settings;
}

__attribute__((constructor)) static void settings_at_load(void)
{
	wdi_z_settings();
}
