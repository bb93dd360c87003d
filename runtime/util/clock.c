/* SPDX-License-Identifier: MIT */
#include "util/clock.h"

struct moment {
	uint64_t ticks, ns;
};

/* Before anybody has a duration to convert. */
static struct moment base;

/* One moment on both clocks: of some looks, the one in which least came between them. */
static struct moment moment_take(void)
{
	struct moment m = { 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t before = wdi_ticks(), ns = wdi_now_ns(), took = wdi_ticks() - before;

		if (took < least) {
			least = took;
			m = (struct moment){ .ticks = before + took / 2, .ns = ns };
		}
	}
	return m;
}

__attribute__((constructor))
static void base_take(void)
{
	base = moment_take();
}

/*
 * Nanoseconds a tick, from the time between then and the first use: measured once, so
 * that one duration is the same number whenever it is asked for.
 */
static double tick_ns(void)
{
	static double rate;
	double known = 0, measured;
	struct moment now;

	__atomic_load(&rate, &known, __ATOMIC_RELAXED);
	if (known > 0)
		return known;
	now = moment_take();
	measured = now.ticks == base.ticks ? 0 :
		   (double)(now.ns - base.ns) / (double)(now.ticks - base.ticks);
	/* Who comes second takes what the first has found. */
	if (__atomic_compare_exchange(&rate, &known, &measured, 0, __ATOMIC_RELAXED,
				      __ATOMIC_RELAXED))
		return measured;
	return known;
}

uint64_t wdi_ticks_to_ns(uint64_t ticks)
{
	/* A counter that another CPU has a little behind makes a negative duration. */
	return (int64_t)ticks <= 0 ? 0 : (uint64_t)((double)ticks * tick_ns());
}
