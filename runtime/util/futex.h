/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a word, and waking who sleeps there (futex(2)). @shared: processes
 * share the word; both sides have to say the same.
 */
#ifndef WEFT_UTIL_FUTEX_H
#define WEFT_UTIL_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"

/*
 * wdi_futex_wait() - sleep while *@word is @expect, at the longest until @until
 * (wdi_now_ns(), or WDI_NEVER). False: it is too late. Who is woken looks
 * again: it may have been for nothing.
 */
static inline bool wdi_futex_wait(uint32_t *word, uint32_t expect, uint64_t until, bool shared)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(until / WDI_NSEC_PER_SEC),
		.tv_nsec = (long)(until % WDI_NSEC_PER_SEC),
	};

	return !syscall(SYS_futex, word,
			shared ? FUTEX_WAIT_BITSET : FUTEX_WAIT_BITSET_PRIVATE, expect,
			until == WDI_NEVER ? NULL : &ts, NULL, FUTEX_BITSET_MATCH_ANY) ||
	       errno != ETIMEDOUT;
}

/* Wakes one. Nobody may be there any more; then it wakes nobody. */
static inline void wdi_futex_wake(uint32_t *word, bool shared)
{
	syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#endif
