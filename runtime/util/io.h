/* SPDX-License-Identifier: MIT */
/*
 * Memory that a device and a client share, and the order of accesses to it.
 * Each barrier is named for its one use; the name at the place of use is the
 * documentation.
 */
#ifndef WEFT_UTIL_IO_H
#define WEFT_UTIL_IO_H

#include <stdatomic.h>
#include <stdint.h>

/* A register or ring index with one writer. */
static inline uint32_t wdi_io_load32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* Read an index or a phase word; what was written before it is visible after. */
static inline uint32_t wdi_io_load32_acquire(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void wdi_io_store32(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

/* Publish: everything written before is visible to who reads the new value. */
static inline void wdi_io_store32_release(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/*
 * Between "I have published work" and "is anybody awake to see it", and on the
 * other side between "I am going to sleep" and "is there work after all".
 */
static inline void wdi_io_sleep_barrier(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}

/* The same, where the operation just before it was an atomic read-modify-write. */
static inline void wdi_io_sleep_barrier_after_rmw(void)
{
#if defined(__x86_64__) || defined(__i386__)
	/* A locked instruction is a full barrier already. */
	__asm__ volatile("" ::: "memory");
#else
	wdi_io_sleep_barrier();
#endif
}

static inline void wdi_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
