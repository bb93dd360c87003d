/* SPDX-License-Identifier: MIT */
/*
 * The system's zlib, opened when it is first needed: a pointer for each of its
 * functions. What is not accelerated goes through here, unchanged.
 */
#ifndef WEFT_ZLIB_SYSTEM_H
#define WEFT_ZLIB_SYSTEM_H

#include <stdatomic.h>

#include "zlib/front.h"

struct wdi_z_system {
#define OURS(ret, name, params, args)		ret (*name) params;
#define ABSENT(ret, name, params, args)		ret (*name) params;
#define FORWARD(ret, name, params, args)	ret (*name) params;
#include "zlib/functions.def"
#undef OURS
#undef ABSENT
#undef FORWARD
	/* where its code lies: a call from there is zlib's own */
	uintptr_t text_from, text_to;
};

extern _Atomic(const struct wdi_z_system *) wdi_z_system_now;

/*
 * Open it. No lock is held meanwhile: loading a library runs the constructors
 * of others, which may call zlib. Threads that meet here do the work twice and
 * keep one result. Never NULL; without a zlib every function fails in zlib's way.
 */
const struct wdi_z_system *wdi_z_system_open(void);

static inline const struct wdi_z_system *wdi_z_system(void)
{
	/* Pairs with the release of the table's pointer in wdi_z_system_open(). */
	const struct wdi_z_system *sys = atomic_load_explicit(&wdi_z_system_now,
							      memory_order_acquire);

	return wdi_z_likely(sys) ? sys : wdi_z_system_open();
}

/* The loaded object that an address lies in: where it begins and ends. */
bool wdi_z_object_of(const void *address, uintptr_t *from, uintptr_t *to);

/*
 * Whether a caller, known by its return address, belongs to the system's zlib
 * or to this library: then its stream is the system's, whatever it asks for.
 */
static inline bool wdi_z_system_calls(const struct wdi_z_system *sys, const void *caller)
{
	return (uintptr_t)caller - sys->text_from < sys->text_to - sys->text_from;
}

#endif
