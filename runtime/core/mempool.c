/* SPDX-License-Identifier: MIT */
/*
 * Memory pools: a mapping and a bitmap of its units. A pool is counted: the
 * handle holds one reference and each block pool another. Destroying gives up
 * the handle's, and the last to go unmaps.
 */
#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/mem.h"
#include "core/pages.h"
#include "util/bits.h"
#include "util/log.h"

#define WORD_BITS	(8 * sizeof(unsigned long))
#define MAGIC		0x4d454d4cu	/* while there is a handle */

struct wdi_mempool {
	struct wdi_pages pages;
	size_t units;
	unsigned long *map;		/* bit set: the unit belongs to a block pool */
	size_t free_units;		/* this and @map under @lock */
	pthread_mutex_t lock;
	_Atomic uint32_t magic;
	_Atomic uint32_t refs;
};

struct wdi_mempool *wdi_core_mempool(handle_t h, const char *who)
{
	struct wdi_mempool *mp = (struct wdi_mempool *)h;

	if (wdi_core_handle_plausible(h, alignof(struct wdi_mempool)) &&
	    atomic_load(&mp->magic) == MAGIC)
		return mp;
	wdi_err("%s: %#lx is no memory pool", who, (unsigned long)h);
	return NULL;
}

static void put(struct wdi_mempool *mp)
{
	if (atomic_fetch_sub(&mp->refs, 1) != 1)
		return;
	wdi_core_pages_unmap(&mp->pages);
	pthread_mutex_destroy(&mp->lock);
	free(mp->map);
	free(mp);
}

handle_t wd_mempool_create(size_t size, int node)
{
	struct wdi_mempool *mp;
	int ret;

	if (!size || node < NUMA_NO_NODE) {
		wdi_err("wd_mempool_create: %zu bytes on node %d", size, node);
		return wdi_core_error_handle(-EINVAL);
	}
	if (size > SIZE_MAX - WDI_UNIT) {
		wdi_err("wd_mempool_create: %zu bytes are more than there can be", size);
		return wdi_core_error_handle(-ENOMEM);
	}
	mp = calloc(1, sizeof(*mp));
	if (!mp)
		return wdi_core_error_handle(-ENOMEM);
	mp->units = (size + WDI_UNIT - 1) / WDI_UNIT;
	ret = wdi_core_pages_map(&mp->pages, mp->units * WDI_UNIT, node);
	if (ret)
		goto free_pool;
	mp->map = calloc((mp->units + WORD_BITS - 1) / WORD_BITS, sizeof(*mp->map));
	if (!mp->map) {
		ret = -ENOMEM;
		goto unmap;
	}
	mp->free_units = mp->units;
	pthread_mutex_init(&mp->lock, NULL);
	atomic_init(&mp->refs, 1);
	atomic_init(&mp->magic, MAGIC);
	return (handle_t)mp;

unmap:
	wdi_core_pages_unmap(&mp->pages);
free_pool:
	free(mp);
	return wdi_core_error_handle(ret);
}

void wd_mempool_destroy(handle_t mempool)
{
	struct wdi_mempool *mp = wdi_core_mempool(mempool, "wd_mempool_destroy");

	if (!mp)
		return;
	atomic_store(&mp->magic, 0);
	put(mp);
}

void wd_mempool_stats(handle_t mempool, struct wd_mempool_stats *stats)
{
	struct wdi_mempool *mp = wdi_core_mempool(mempool, "wd_mempool_stats");

	if (!mp || !stats)
		return;
	pthread_mutex_lock(&mp->lock);
	*stats = (struct wd_mempool_stats){
		.page_type = mp->pages.huge ? WD_HUGE_PAGE : WD_NORMAL_PAGE,
		.page_size = mp->pages.page_size,
		.page_num = mp->pages.bytes / mp->pages.page_size,
		.blk_size = WDI_UNIT,
		.blk_num = mp->units,
		.free_blk_num = mp->free_units,
		.blk_usage_rate = (mp->units - mp->free_units) * 100 / mp->units,
	};
	pthread_mutex_unlock(&mp->lock);
}

/* ---- units, all with the lock held --------------------------------------- */

/* First unit from @at on that is taken, or is not; the number of units if none. */
static size_t find_unit(const struct wdi_mempool *mp, size_t at, bool taken)
{
	unsigned long flip = taken ? 0 : ~0ul;

	while (at < mp->units) {
		unsigned long word = (mp->map[at / WORD_BITS] ^ flip) >> at % WORD_BITS;

		if (word)
			return wdi_min(at + (size_t)__builtin_ctzl(word), mp->units);
		at = (at / WORD_BITS + 1) * WORD_BITS;
	}
	return mp->units;
}

/* Number of zones, 0 when there are not as many cells. @zones NULL: only count. */
static size_t find_zones(const struct wdi_mempool *mp, size_t cell_units, size_t cells,
			 struct wdi_zone *zones)
{
	size_t missing = cells;
	size_t n = 0;
	size_t end;

	for (size_t at = 0; missing && at < mp->units; at = end) {
		size_t here;

		at = find_unit(mp, at, false);
		end = find_unit(mp, at, true);
		here = wdi_min((end - at) / cell_units, missing);
		if (!here)
			continue;
		if (zones) {
			zones[n] = (struct wdi_zone){
				.addr = mp->pages.base + at * WDI_UNIT,
				.cells = here,
				.first = cells - missing,
			};
		}
		missing -= here;
		n++;
	}
	return missing ? 0 : n;
}

static void mark_zone(struct wdi_mempool *mp, const struct wdi_zone *zone, size_t cell_units,
		      bool taken)
{
	size_t at = (size_t)(zone->addr - mp->pages.base) / WDI_UNIT;
	size_t count = zone->cells * cell_units;

	for (size_t i = at; i < at + count; i++) {
		unsigned long bit = 1ul << i % WORD_BITS;

		if (taken)
			mp->map[i / WORD_BITS] |= bit;
		else
			mp->map[i / WORD_BITS] &= ~bit;
	}
	mp->free_units = taken ? mp->free_units - count : mp->free_units + count;
}

/* ---- for block pools ------------------------------------------------------ */

int wdi_core_mempool_take(struct wdi_mempool *mp, size_t cell_units, size_t cells,
			  struct wdi_zone **zones, size_t *count)
{
	struct wdi_zone *found = NULL;
	size_t n;

	pthread_mutex_lock(&mp->lock);
	n = find_zones(mp, cell_units, cells, NULL);
	if (n)
		found = calloc(n, sizeof(*found));
	else
		wdi_err("memory pool: %zu times %zu units side by side, %zu of %zu are free", cells,
			cell_units, mp->free_units, mp->units);
	if (found) {
		find_zones(mp, cell_units, cells, found);
		for (size_t i = 0; i < n; i++)
			mark_zone(mp, &found[i], cell_units, true);
		atomic_fetch_add(&mp->refs, 1);
	}
	pthread_mutex_unlock(&mp->lock);
	*zones = found;
	*count = n;
	return found ? 0 : -ENOMEM;
}

void wdi_core_mempool_give(struct wdi_mempool *mp, size_t cell_units, struct wdi_zone *zones,
			   size_t count)
{
	pthread_mutex_lock(&mp->lock);
	for (size_t i = 0; i < count; i++)
		mark_zone(mp, &zones[i], cell_units, false);
	pthread_mutex_unlock(&mp->lock);
	free(zones);
	put(mp);
}
