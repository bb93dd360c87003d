/* SPDX-License-Identifier: MIT */
#ifndef WEFT_UTIL_CLOCK_H
#define WEFT_UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define WDI_NSEC_PER_USEC	UINT64_C(1000)
#define WDI_NSEC_PER_MSEC	UINT64_C(1000000)
#define WDI_NSEC_PER_SEC	UINT64_C(1000000000)

/* A time that does not come. */
#define WDI_NEVER		UINT64_MAX

/* Monotonic nanoseconds. No system call where the kernel has a vDSO clock. */
static inline uint64_t wdi_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * WDI_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * For durations on the data path: the CPU's counter, which takes a third of the time.
 * It runs at a rate of its own and says nothing about when.
 */
static inline uint64_t wdi_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r" (ticks));
	return ticks;
#else
	return wdi_now_ns();
#endif
}

/* A difference of ticks as nanoseconds; libwd's own. */
uint64_t wdi_ticks_to_ns(uint64_t ticks);

#endif
