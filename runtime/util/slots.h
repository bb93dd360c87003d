/* SPDX-License-Identifier: MIT */
/*
 * The tag pool of one queue: a ring of tags that came back, and behind it those that
 * nobody has needed yet, so that only as many go round as are out at a time, and what
 * belongs to them stays in the cache. One side takes (the submitter, under the queue's
 * submit lock), the other gives back (the poller, under its poll lock), so the two sides
 * need no lock in common.
 */
#ifndef WEFT_UTIL_SLOTS_H
#define WEFT_UTIL_SLOTS_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "bits.h"
#include "io.h"

struct wdi_slots {
	uint32_t mask;
	uint16_t *free;		/* [mask + 1] */
	uint32_t take __attribute__((aligned(WDI_CACHE_LINE)));
	uint32_t fresh;		/* this tag and those above have never been out; the taker's */
	uint32_t give __attribute__((aligned(WDI_CACHE_LINE)));
};

#define WDI_SLOTS_NONE	UINT32_MAX

/* @count: a power of two, at most 65536. */
static inline int wdi_slots_init(struct wdi_slots *s, uint32_t count)
{
	if (!wdi_is_pow2(count) || count > 65536)
		return -EINVAL;
	s->free = calloc(count, sizeof(*s->free));
	if (!s->free)
		return -ENOMEM;
	s->mask = count - 1;
	s->take = 0;
	s->fresh = 0;
	s->give = 0;
	return 0;
}

static inline void wdi_slots_exit(struct wdi_slots *s)
{
	free(s->free);
	s->free = NULL;
}

/* Next free tag, or WDI_SLOTS_NONE. */
static inline uint32_t wdi_slots_take(struct wdi_slots *s)
{
	uint32_t take = s->take, fresh = s->fresh;

	if (wdi_likely(take != wdi_io_load32_acquire(&s->give))) {
		wdi_io_store32(&s->take, take + 1);
		return s->free[take & s->mask];
	}
	if (wdi_unlikely(fresh > s->mask))
		return WDI_SLOTS_NONE;
	wdi_io_store32(&s->fresh, fresh + 1);
	return fresh;
}

/* Only tags that were taken come back, so the ring cannot overflow. */
static inline void wdi_slots_give(struct wdi_slots *s, uint32_t tag)
{
	uint32_t give = s->give;

	s->free[give & s->mask] = (uint16_t)tag;
	wdi_io_store32_release(&s->give, give + 1);
}

/* Tags out at this moment; exact only while both sides are quiet. */
static inline uint32_t wdi_slots_used(const struct wdi_slots *s)
{
	return wdi_io_load32(&s->fresh) + wdi_io_load32(&s->take) - wdi_io_load32(&s->give);
}

#endif
