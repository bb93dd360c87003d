/* SPDX-License-Identifier: MIT */
#include "zlib/own.h"

#include <stdlib.h>
#include <string.h>

static voidpf plain_alloc(voidpf opaque, uInt items, uInt size)
{
	(void)opaque;
	return malloc((size_t)items * size);
}

static void plain_free(voidpf opaque, voidpf address)
{
	(void)opaque;
	free(address);
}

bool wdi_z_allocator(z_streamp strm)
{
	if (strm->zalloc && strm->zalloc != plain_alloc && strm->opaque)
		return false;
	if (!strm->zalloc) {
		strm->zalloc = plain_alloc;
		strm->opaque = NULL;
	}
	if (!strm->zfree)
		strm->zfree = plain_free;
	return true;
}

void *wdi_z_own_new(z_streamp strm, uint64_t kind, size_t size)
{
	struct wdi_z_head *head = strm->zalloc(strm->opaque, 1, (uInt)size);

	if (!head)
		return NULL;
	memset(head, 0, size);
	head->strm = strm;
	head->kind = kind;
	strm->state = (struct internal_state *)(void *)head;
	return head;
}

void wdi_z_own_free(z_streamp strm)
{
	volatile struct wdi_z_head *head = (volatile struct wdi_z_head *)(void *)strm->state;

	/* Whoever gets this memory next must not look like one of ours. */
	head->kind = 0;
	strm->state = NULL;
	strm->zfree(strm->opaque, (void *)(uintptr_t)head);
}
