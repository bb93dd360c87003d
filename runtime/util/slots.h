/* SPDX-License-Identifier: MIT */
/*
 * The tag pool of one queue: a ring of free tags. One side takes (the
 * submitter, under the queue's submit lock), the other gives back (the poller,
 * under its poll lock), so the two sides need no lock in common.
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
	uint32_t give __attribute__((aligned(WDI_CACHE_LINE)));
};

#define WDI_SLOTS_NONE	UINT32_MAX

/* @count: a power of two, at most 65536. */
static inline int wdi_slots_init(struct wdi_slots *s, uint32_t count)
{
	if (!wdi_is_pow2(count) || count > 65536)
		return -EINVAL;
	s->free = malloc(count * sizeof(*s->free));
	if (!s->free)
		return -ENOMEM;
	s->mask = count - 1;
	for (uint32_t i = 0; i < count; i++)
		s->free[i] = (uint16_t)i;
	s->take = 0;
	s->give = count;
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
	uint32_t take = s->take;

	if (wdi_unlikely(take == wdi_io_load32_acquire(&s->give)))
		return WDI_SLOTS_NONE;
	wdi_io_store32(&s->take, take + 1);
	return s->free[take & s->mask];
}

/* What the next take will give, if there is one; only the taker. */
static inline uint32_t wdi_slots_next(const struct wdi_slots *s)
{
	return s->free[s->take & s->mask];
}

/* Undo the last take; only the taker, before it takes again. */
static inline void wdi_slots_untake(struct wdi_slots *s)
{
	wdi_io_store32(&s->take, s->take - 1);
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
	return s->mask + 1 - (wdi_io_load32(&s->give) - wdi_io_load32(&s->take));
}

#endif
