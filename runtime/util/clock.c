/* SPDX-License-Identifier: MIT */
#include "util/clock.h"

/* A moment on both clocks, before anybody has a duration to convert. */
static uint64_t base_ticks, base_ns;

__attribute__((constructor))
static void base_take(void)
{
	base_ticks = wdi_ticks();
	base_ns = wdi_now_ns();
}

uint64_t wdi_ticks_to_ns(uint64_t ticks)
{
	uint64_t passed = wdi_ticks() - base_ticks, ns = wdi_now_ns() - base_ns;

	/* A counter that another CPU has a little behind makes a negative duration. */
	if ((int64_t)ticks <= 0 || !passed)
		return 0;
	return (uint64_t)((double)ticks * ((double)ns / (double)passed));
}
