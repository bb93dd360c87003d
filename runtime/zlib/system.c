/* SPDX-License-Identifier: MIT */
#include "zlib/system.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zlib/log.h"
#include "zlib/settings.h"

#define SONAME	"libz.so.1"

_Atomic(const struct wdi_z_system *) wdi_z_system_now;

/* ---- without a zlib ------------------------------------------------------------ */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NOTHING(ret, name, params)						\
	static ret none_##name params						\
	{									\
		return (ret)__builtin_choose_expr(				\
			__builtin_types_compatible_p(ret, int), Z_STREAM_ERROR, 0); \
	}
#define OURS(ret, name, params, args)		NOTHING(ret, name, params)
#define ABSENT(ret, name, params, args)		NOTHING(ret, name, params)
#define FORWARD(ret, name, params, args)	NOTHING(ret, name, params)
#include "zlib/functions.def"
#undef OURS
#undef ABSENT
#undef FORWARD
#pragma GCC diagnostic pop

static const struct wdi_z_system no_system = {
#define OURS(ret, name, params, args)		.name = none_##name,
#define ABSENT(ret, name, params, args)		.name = none_##name,
#define FORWARD(ret, name, params, args)	.name = none_##name,
#include "zlib/functions.def"
#undef OURS
#undef ABSENT
#undef FORWARD
};

/* ---- where it is --------------------------------------------------------------- */

/* The object that an address lies in: where it begins and ends. */
struct object {
	uintptr_t in, from, to;
};

static int object_visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct object *o = arg;
	uintptr_t from = UINTPTR_MAX, to = 0;

	(void)size;
	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD)
			continue;
		from = wdi_z_min(from, (uintptr_t)(info->dlpi_addr + p->p_vaddr));
		if (info->dlpi_addr + p->p_vaddr + p->p_memsz > to)
			to = info->dlpi_addr + p->p_vaddr + p->p_memsz;
	}
	if (o->in < from || o->in >= to)
		return 0;
	o->from = from;
	o->to = to;
	return 1;
}

bool wdi_z_object_of(const void *address, uintptr_t *from, uintptr_t *to)
{
	struct object o = { .in = (uintptr_t)address };

	if (!dl_iterate_phdr(object_visit, &o))
		return false;
	*from = o.from;
	*to = o.to;
	return true;
}

/* A handle whose deflate() is somebody else's than ours, or NULL. */
static void *not_ourselves(void *handle)
{
	void *theirs = handle ? dlsym(handle, "deflate") : NULL;
	uintptr_t from = 0, to = 0;

	if (theirs && wdi_z_object_of((const void *)(uintptr_t)wdi_z_system_open, &from, &to) &&
	    ((uintptr_t)theirs < from || (uintptr_t)theirs >= to))
		return handle;
	if (handle)
		dlclose(handle);
	return NULL;
}

static void *try_path(const char *path)
{
	return not_ourselves(dlopen(path, RTLD_NOW | RTLD_LOCAL));
}

/* One that the program has loaded already comes first: it is the one it was linked with. */
struct loaded {
	char path[PATH_MAX];
	unsigned int skip;
};

static int loaded_visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct loaded *l = arg;
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	if (!base || strncmp(base + 1, SONAME, strlen(SONAME)) != 0)
		return 0;
	if (l->skip) {
		l->skip--;
		return 0;
	}
	return snprintf(l->path, sizeof(l->path), "%s", info->dlpi_name) < (int)sizeof(l->path);
}

static void *find_loaded(void)
{
	struct loaded l;
	void *handle;

	for (unsigned int i = 0; i < 8; i++) {
		l.skip = i;
		if (!dl_iterate_phdr(loaded_visit, &l))
			return NULL;
		handle = not_ourselves(dlopen(l.path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD));
		if (handle)
			return handle;
	}
	return NULL;
}

/*
 * Where distributions put it. Full paths, because the loader takes the bare
 * name for a library of that name that it has already, which may be us.
 */
static const char *const folders[] = {
	ZLIB_LIBDIR,
	"/lib/" MULTIARCH,
	"/usr/lib/" MULTIARCH,
	"/lib64",
	"/usr/lib64",
	"/lib",
	"/usr/lib",
	"/usr/local/lib",
};

static void *find_handle(void)
{
	const char *asked = wdi_z_settings()->system_zlib;
	char path[PATH_MAX];
	void *handle;

	if (asked[0]) {
		handle = try_path(asked);
		if (handle)
			return handle;
		wdi_z_log(WDI_Z_LOG_ERROR, "WEFT_ZLIB_SYSTEM=%s is not a zlib that can be loaded",
			  asked);
	}
	handle = find_loaded();
	if (!handle)
		handle = try_path(SONAME);
	for (size_t i = 0; i < wdi_z_array_size(folders) && !handle; i++) {
		snprintf(path, sizeof(path), "%s/" SONAME, folders[i]);
		handle = try_path(path);
	}
	return handle;
}

/* ---- the table ------------------------------------------------------------------ */

static void fill(struct wdi_z_system *sys, void *handle)
{
	void *symbol;

	*sys = no_system;
#define RESOLVE(name)								\
	symbol = dlsym(handle, #name);						\
	if (symbol)								\
		memcpy(&sys->name, &symbol, sizeof(symbol));
#define OURS(ret, name, params, args)		RESOLVE(name)
#define ABSENT(ret, name, params, args)		RESOLVE(name)
#define FORWARD(ret, name, params, args)	RESOLVE(name)
#include "zlib/functions.def"
#undef OURS
#undef ABSENT
#undef FORWARD
	wdi_z_object_of((const void *)(uintptr_t)sys->deflate, &sys->text_from, &sys->text_to);
}

wdi_z_cold const struct wdi_z_system *wdi_z_system_open(void)
{
	const struct wdi_z_system *expected = NULL, *result = &no_system;
	struct wdi_z_system *sys = NULL;
	void *handle = find_handle();

	if (handle)
		sys = malloc(sizeof(*sys));
	if (sys) {
		fill(sys, handle);
		result = sys;
	} else {
		wdi_z_log(WDI_Z_LOG_ERROR, "no " SONAME " was found beside this library");
	}
	if (!atomic_compare_exchange_strong_explicit(&wdi_z_system_now, &expected, result,
						     memory_order_acq_rel,
						     memory_order_acquire)) {
		free(sys);
		return expected;
	}
	wdi_z_log(WDI_Z_LOG_INFO, "the system's zlib is version %s", result->zlibVersion());
	return result;
}
