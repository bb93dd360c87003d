/* SPDX-License-Identifier: MIT */
/*
 * What the parts of block memory share: memory pools give units to block pools,
 * and wd_bmm.h wants of a block pool more than wd.h has.
 */
#ifndef WEFT_CORE_MEM_H
#define WEFT_CORE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "uadk/wd.h"

/* Bytes in a unit of a memory pool. */
#define WDI_UNIT	4096ul

/* A handle that says what went wrong; sets errno to the same, positive. */
static inline handle_t wdi_core_error_handle(int ret)
{
	errno = -ret;
	return (handle_t)ret;
}

/* Neither NULL nor an error, and where an object of this alignment can stand. */
static inline bool wdi_core_handle_plausible(handle_t h, size_t align)
{
	return h && !WD_IS_ERR(h) && h % align == 0;
}

/* ---- units (mempool.c) -------------------------------------------------- */

struct wdi_mempool;

/* A run of cells side by side, a cell being as many units as the caller said. */
struct wdi_zone {
	char *addr;
	size_t cells;
	size_t first;		/* number of its first cell */
};

/* The pool behind a handle, or NULL, logged in the name of @who. */
struct wdi_mempool *wdi_core_mempool(handle_t h, const char *who);

/*
 * Take @cells cells of @cell_units units each, in as few zones as lie in the way
 * from the lowest address on, and with them a reference to the pool. The array
 * is ordered by address and by number. -ENOMEM: there are not as many.
 */
int wdi_core_mempool_take(struct wdi_mempool *mp, size_t cell_units, size_t cells,
			  struct wdi_zone **zones, size_t *count);

/* Give back what the other took, the array too. The pool may be gone then. */
void wdi_core_mempool_give(struct wdi_mempool *mp, size_t cell_units, struct wdi_zone *zones,
			   size_t count);

/* ---- block pools (blockpool.c) ------------------------------------------ */

struct wdi_block_setup {
	size_t block_size;
	size_t block_num;
	size_t align;		/* of each block, a power of two up to 4096; 0: the usual */
	uint32_t tag;		/* the owner's; the pool does not look at it */
};

/* Bytes of a memory pool that holds nothing but such a block pool. 0, -EINVAL, -ENOMEM. */
int wdi_core_blockpool_bytes(const struct wdi_block_setup *setup, size_t *bytes);

/* As wd_blockpool_create(); the handle is one like any other. */
handle_t wdi_core_blockpool_create(handle_t mempool, const struct wdi_block_setup *setup);

/* As wd_block_alloc(), for @size bytes. EINVAL: none, or more than a block has. */
void *wdi_core_block_alloc(handle_t blkpool, size_t size);

struct wdi_block_info {
	size_t block_size;
	uint32_t free;
	uint32_t failures;	/* of wdi_core_block_alloc() */
	uint32_t tag;
};

/* 0, or -EINVAL: not a block pool. */
int wdi_core_blockpool_info(handle_t blkpool, struct wdi_block_info *info);

#endif
