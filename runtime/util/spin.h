/* SPDX-License-Identifier: MIT */
/*
 * Lock for the few instructions that one queue's submitters or pollers need.
 * It yields to the scheduler when its holder seems to be off the CPU.
 */
#ifndef WEFT_UTIL_SPIN_H
#define WEFT_UTIL_SPIN_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "io.h"

struct wdi_spin {
	atomic_bool held;
};

static inline bool wdi_spin_trylock(struct wdi_spin *s)
{
	return !atomic_load_explicit(&s->held, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&s->held, true, memory_order_acquire);
}

static inline void wdi_spin_lock(struct wdi_spin *s)
{
	unsigned int turns = 0;

	while (!wdi_spin_trylock(s)) {
		if (++turns % 128 == 0)
			sched_yield();
		else
			wdi_cpu_relax();
	}
}

static inline void wdi_spin_unlock(struct wdi_spin *s)
{
	atomic_store_explicit(&s->held, false, memory_order_release);
}

#endif
