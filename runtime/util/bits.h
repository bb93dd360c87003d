/* SPDX-License-Identifier: MIT */
#ifndef WEFT_UTIL_BITS_H
#define WEFT_UTIL_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define wdi_array_size(a)	(sizeof(a) / sizeof((a)[0]))
#define wdi_likely(x)		__builtin_expect(!!(x), 1)
#define wdi_unlikely(x)		__builtin_expect(!!(x), 0)
#define wdi_container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#define WDI_CACHE_LINE		64

static inline bool wdi_is_pow2(uint64_t v)
{
	return v && !(v & (v - 1));
}

static inline uint64_t wdi_align_up(uint64_t v, uint64_t pow2)
{
	return (v + pow2 - 1) & ~(pow2 - 1);
}

#define wdi_min(a, b) \
	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define wdi_max(a, b) \
	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })

#endif
