/* SPDX-License-Identifier: MIT */
/*
 * Block pools: blocks cut from the units of a memory pool, and a stack of the
 * free ones without a lock. Its links stand beside the blocks, not in them, so
 * that a write to a block that has been freed harms nothing but that block.
 *
 * A pool is counted: the handle holds one reference and each block that is out
 * another. Destroying gives up the handle's, and the last to go gives the units
 * back. So a late wd_block_free() always finds its pool.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "util/bits.h"
#include "util/log.h"

#define NO_BLOCK	UINT32_MAX

/* A handle is taken for what the magic says, which is 0 before the memory goes. */
#define MAGIC_LIVE	0x424c4b4cu
#define MAGIC_ENDED	0x424c4b45u	/* no handle any more, blocks are still out */

/*
 * How blocks lie in units. A cell is as few units as blocks fill from the
 * beginning: one unit with several blocks, or several units with one block.
 */
struct layout {
	size_t stride;			/* from one block of a cell to the next */
	size_t per_cell;		/* blocks in a cell */
	size_t cell_units;
	size_t cells;
};

struct slot {
	char *addr;
	_Atomic uint32_t next;		/* in the stack of free blocks */
	_Atomic uint32_t held;
};

struct blockpool {
	struct wdi_mempool *mp;
	struct layout lay;
	size_t block_size;
	uint32_t block_num;
	uint32_t tag;
	size_t zone_count;
	struct wdi_zone *zones;
	struct slot *slots;
	_Atomic uint32_t magic;
	_Atomic uint32_t failures;
	/* These two change with every block, and always together. */
	alignas(WDI_CACHE_LINE) _Atomic uint64_t top;	/* turns << 32 | number of a block */
	_Atomic uint64_t refs;
};

/* The pool behind a handle; one that has ended only for giving blocks back. */
static struct blockpool *blockpool_of(handle_t h, bool or_ended, const char *who)
{
	struct blockpool *bp = (struct blockpool *)h;

	if (wdi_core_handle_plausible(h, alignof(struct blockpool))) {
		uint32_t magic = atomic_load_explicit(&bp->magic, memory_order_relaxed);

		if (wdi_likely(magic == MAGIC_LIVE) || (or_ended && magic == MAGIC_ENDED))
			return bp;
	}
	wdi_err("%s: %#lx is no block pool", who, (unsigned long)h);
	return NULL;
}

/* ---- layout --------------------------------------------------------------- */

static int layout_for(const struct wdi_block_setup *setup, struct layout *lay)
{
	size_t align = wdi_max(setup->align, setup->block_size < 16 ? (size_t)8 : (size_t)16);
	size_t bytes;

	if (!setup->block_size || !setup->block_num || setup->block_num >= NO_BLOCK) {
		wdi_err("block pool: %zu blocks of %zu bytes", setup->block_num, setup->block_size);
		return -EINVAL;
	}
	if (setup->block_size > SIZE_MAX - 2 * WDI_UNIT)
		goto too_large;
	lay->stride = wdi_align_up(setup->block_size, align);
	lay->per_cell = lay->stride < WDI_UNIT ? WDI_UNIT / lay->stride : 1;
	lay->cell_units = (lay->stride + WDI_UNIT - 1) / WDI_UNIT;
	lay->cells = (setup->block_num + lay->per_cell - 1) / lay->per_cell;
	if (!__builtin_mul_overflow(lay->cells, lay->cell_units * WDI_UNIT, &bytes))
		return 0;

too_large:
	wdi_err("block pool: %zu blocks of %zu bytes are more than there can be", setup->block_num,
		setup->block_size);
	return -ENOMEM;
}

static size_t layout_bytes(const struct layout *lay)
{
	return lay->cells * lay->cell_units * WDI_UNIT;
}

int wdi_core_blockpool_bytes(const struct wdi_block_setup *setup, size_t *bytes)
{
	struct layout lay;
	int ret = layout_for(setup, &lay);

	if (!ret)
		*bytes = layout_bytes(&lay);
	return ret;
}

/* Number of the block that begins at @addr, or NO_BLOCK. */
static uint32_t block_at(const struct blockpool *bp, const char *addr)
{
	size_t cell_bytes = bp->lay.cell_units * WDI_UNIT;
	size_t low = 0, high = bp->zone_count;
	const struct wdi_zone *z;
	size_t offset, cell, place, n;

	/* The zone at @low becomes the last one that does not begin behind @addr. */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (addr < bp->zones[mid].addr)
			high = mid;
		else
			low = mid;
	}
	z = &bp->zones[low];
	if (addr < z->addr)
		return NO_BLOCK;
	offset = (size_t)(addr - z->addr);
	cell = offset / cell_bytes;
	offset %= cell_bytes;
	place = offset / bp->lay.stride;
	n = (z->first + cell) * bp->lay.per_cell + place;
	if (cell >= z->cells || offset % bp->lay.stride || place >= bp->lay.per_cell ||
	    n >= bp->block_num)
		return NO_BLOCK;
	return (uint32_t)n;
}

/* ---- the stack of free blocks ---------------------------------------------- */

/* Every block is free, the lowest on top. */
static void fill(struct blockpool *bp)
{
	uint32_t n = 0;

	for (size_t i = 0; i < bp->zone_count; i++) {
		char *cell = bp->zones[i].addr;

		for (size_t j = 0; j < bp->zones[i].cells; j++) {
			for (size_t k = 0; k < bp->lay.per_cell && n < bp->block_num; k++, n++) {
				bp->slots[n].addr = cell + k * bp->lay.stride;
				atomic_init(&bp->slots[n].next, n + 1);
			}
			cell += bp->lay.cell_units * WDI_UNIT;
		}
	}
	atomic_init(&bp->slots[n - 1].next, NO_BLOCK);
	atomic_init(&bp->top, 0);
}

/*
 * Take the top block, or NO_BLOCK. Another thread may take it and put it back
 * between the two loads and the exchange; the turns beside its number differ
 * then, so that a link that has become stale is never made the top.
 */
static uint32_t pop(struct blockpool *bp)
{
	uint64_t top = atomic_load_explicit(&bp->top, memory_order_acquire);
	uint64_t next;

	do {
		if ((uint32_t)top == NO_BLOCK)
			return NO_BLOCK;
		next = ((top >> 32) + 1) << 32 |
		       atomic_load_explicit(&bp->slots[(uint32_t)top].next, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&bp->top, &top, next, memory_order_acquire,
							memory_order_acquire));
	return (uint32_t)top;
}

/* The link, and what the last holder wrote, are visible to whoever pops the block. */
static void push(struct blockpool *bp, uint32_t n)
{
	uint64_t top = atomic_load_explicit(&bp->top, memory_order_relaxed);
	uint64_t next;

	do {
		atomic_store_explicit(&bp->slots[n].next, (uint32_t)top, memory_order_relaxed);
		next = ((top >> 32) + 1) << 32 | n;
	} while (!atomic_compare_exchange_weak_explicit(&bp->top, &top, next, memory_order_release,
							memory_order_relaxed));
}

/* ---- pools ----------------------------------------------------------------- */

handle_t wdi_core_blockpool_create(handle_t mempool, const struct wdi_block_setup *setup)
{
	struct wdi_mempool *mp = wdi_core_mempool(mempool, "wd_blockpool_create");
	struct blockpool *bp;
	struct layout lay;
	int ret;

	if (!mp)
		return wdi_core_error_handle(-EINVAL);
	ret = layout_for(setup, &lay);
	if (ret)
		return wdi_core_error_handle(ret);
	bp = aligned_alloc(alignof(struct blockpool), sizeof(*bp));
	if (!bp)
		return wdi_core_error_handle(-ENOMEM);
	memset(bp, 0, sizeof(*bp));
	bp->mp = mp;
	bp->lay = lay;
	bp->block_size = setup->block_size;
	bp->block_num = (uint32_t)setup->block_num;
	bp->tag = setup->tag;
	ret = wdi_core_mempool_take(mp, lay.cell_units, lay.cells, &bp->zones, &bp->zone_count);
	if (ret)
		goto free_pool;
	bp->slots = calloc(bp->block_num, sizeof(*bp->slots));
	if (!bp->slots) {
		ret = -ENOMEM;
		goto give_units;
	}
	fill(bp);
	atomic_init(&bp->refs, 1);
	atomic_init(&bp->magic, MAGIC_LIVE);
	return (handle_t)bp;

give_units:
	wdi_core_mempool_give(mp, lay.cell_units, bp->zones, bp->zone_count);
free_pool:
	free(bp);
	return wdi_core_error_handle(ret);
}

handle_t wd_blockpool_create(handle_t mempool, size_t block_size, size_t block_num)
{
	struct wdi_block_setup setup = {
		.block_size = block_size,
		.block_num = block_num,
	};

	return wdi_core_blockpool_create(mempool, &setup);
}

static void put(struct blockpool *bp)
{
	if (atomic_fetch_sub_explicit(&bp->refs, 1, memory_order_acq_rel) != 1)
		return;
	atomic_store(&bp->magic, 0);
	wdi_core_mempool_give(bp->mp, bp->lay.cell_units, bp->zones, bp->zone_count);
	free(bp->slots);
	free(bp);
}

/* While a block changes hands, both holders may be counted: never say more than there are. */
static uint32_t blocks_out(const struct blockpool *bp)
{
	uint64_t out = atomic_load_explicit(&bp->refs, memory_order_relaxed) - 1;

	return (uint32_t)wdi_min(out, (uint64_t)bp->block_num);
}

void wd_blockpool_destroy(handle_t blkpool)
{
	struct blockpool *bp = blockpool_of(blkpool, false, "wd_blockpool_destroy");
	uint32_t out;

	if (!bp)
		return;
	out = blocks_out(bp);
	if (out)
		wdi_warn("wd_blockpool_destroy: %u of %u blocks are still held", out,
			 bp->block_num);
	atomic_store(&bp->magic, MAGIC_ENDED);
	put(bp);
}

void wd_blockpool_stats(handle_t blkpool, struct wd_blockpool_stats *stats)
{
	struct blockpool *bp = blockpool_of(blkpool, false, "wd_blockpool_stats");
	unsigned long bytes, out;

	if (!bp || !stats)
		return;
	out = blocks_out(bp);
	bytes = layout_bytes(&bp->lay);
	*stats = (struct wd_blockpool_stats){
		.block_size = bp->block_size,
		.block_num = bp->block_num,
		.free_block_num = bp->block_num - out,
		.block_usage_rate = out * 100 / bp->block_num,
		.mem_waste_rate = (bytes - bp->block_size * bp->block_num) * 100 / bytes,
	};
}

int wdi_core_blockpool_info(handle_t blkpool, struct wdi_block_info *info)
{
	struct blockpool *bp = blockpool_of(blkpool, false, "block pool");

	if (!bp)
		return -EINVAL;
	*info = (struct wdi_block_info){
		.block_size = bp->block_size,
		.free = bp->block_num - blocks_out(bp),
		.failures = atomic_load_explicit(&bp->failures, memory_order_relaxed),
		.tag = bp->tag,
	};
	return 0;
}

/* ---- blocks ---------------------------------------------------------------- */

void *wdi_core_block_alloc(handle_t blkpool, size_t size)
{
	struct blockpool *bp = blockpool_of(blkpool, false, "wd_block_alloc");
	uint32_t n;

	if (!bp) {
		errno = EINVAL;
		return NULL;
	}
	if (wdi_unlikely(!size || size > bp->block_size)) {
		wdi_err("wd_mem_alloc: %zu bytes from blocks of %zu", size, bp->block_size);
		errno = EINVAL;
		goto failed;
	}
	n = pop(bp);
	if (wdi_unlikely(n == NO_BLOCK)) {
		errno = ENOMEM;
		goto failed;
	}
	/* Counted before it can be freed, so that a wrong free never ends the pool. */
	atomic_fetch_add_explicit(&bp->refs, 1, memory_order_relaxed);
	atomic_store_explicit(&bp->slots[n].held, 1, memory_order_release);
	return bp->slots[n].addr;

failed:
	atomic_fetch_add_explicit(&bp->failures, 1, memory_order_relaxed);
	return NULL;
}

void *wd_block_alloc(handle_t blkpool)
{
	return wdi_core_block_alloc(blkpool, 1);
}

void wd_block_free(handle_t blkpool, void *addr)
{
	struct blockpool *bp;
	uint32_t n;

	if (!addr)
		return;
	bp = blockpool_of(blkpool, true, "wd_block_free");
	if (!bp)
		return;
	n = block_at(bp, addr);
	if (wdi_unlikely(n == NO_BLOCK)) {
		wdi_err("wd_block_free: %p is no block of this pool", addr);
		return;
	}
	if (wdi_unlikely(!atomic_exchange_explicit(&bp->slots[n].held, 0, memory_order_acq_rel))) {
		wdi_err("wd_block_free: block %p is free already", addr);
		return;
	}
	push(bp, n);
	put(bp);
}
