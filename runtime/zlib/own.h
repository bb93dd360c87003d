/* SPDX-License-Identifier: MIT */
/*
 * Streams of our own. z_stream.state is ours or the system's, and which of them
 * is to be seen from two words that stand in front of each: zlib's states begin
 * with the address of their z_stream and a small number, ours with the address
 * and one of the words below, which is gone before the memory is given back. So a
 * state is never handed to the wrong library, and a z_stream that the program has
 * moved, zeroed or never initialised gets the answer that zlib gives.
 */
#ifndef WEFT_ZLIB_OWN_H
#define WEFT_ZLIB_OWN_H

#include "zlib/system.h"

#define WDI_Z_DEFLATE	UINT64_C(0xd7f1a7e057ef7001)
#define WDI_Z_INFLATE	UINT64_C(0x14f1a7e057ef7002)

struct wdi_z_head {
	z_streamp strm;
	uint64_t kind;		/* WDI_Z_DEFLATE or WDI_Z_INFLATE */
};

/*
 * What a stream is: OURS of the kind that was asked for, THEIRS, or WRONG: ours,
 * but of the other kind or at another address.
 */
enum wdi_z_whose { WDI_Z_THEIRS, WDI_Z_OURS, WDI_Z_WRONG };

static inline enum wdi_z_whose wdi_z_whose(z_streamp strm, uint64_t kind)
{
	const struct wdi_z_head *head;

	if (!strm || !strm->zalloc || !strm->zfree || !strm->state)
		return WDI_Z_THEIRS;
	head = (const struct wdi_z_head *)(const void *)strm->state;
	if (head->kind != WDI_Z_DEFLATE && head->kind != WDI_Z_INFLATE)
		return WDI_Z_THEIRS;
	return head->kind == kind && head->strm == strm ? WDI_Z_OURS : WDI_Z_WRONG;
}

/* Whether zlib would take these three arguments of an init. */
static inline bool wdi_z_init_args(const z_stream *strm, const char *version, int size)
{
	return strm && version && version[0] == ZLIB_VERSION[0] && size == (int)sizeof(z_stream);
}

/*
 * Fill in the allocator as zlib does. False: the program's allocator works on
 * memory of its own (it has an opaque), of which a program may give exactly what
 * zlib needs and which it may drop without ending the stream: the stream is the
 * system's.
 */
bool wdi_z_allocator(z_streamp strm);

void *wdi_z_own_new(z_streamp strm, uint64_t kind, size_t size);
void wdi_z_own_free(z_streamp strm);

#endif
