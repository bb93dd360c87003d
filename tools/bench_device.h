/* SPDX-License-Identifier: MIT */
/* What a device costs besides the work: the way there and back, and doing nothing. */
#ifndef WEFT_TOOLS_BENCH_DEVICE_H
#define WEFT_TOOLS_BENCH_DEVICE_H

#include "bench.h"

/* Values of noop_measure(). */
enum {
	NOOP_VALUE_RATIO,	/* of the medians below */
	NOOP_VALUE_NS,		/* one weft_ctx_noop() */
	NOOP_VALUE_SYSCALL_NS,	/* one system call that does nothing */
};

/* A bench_fn; @arg is a double: seconds. */
int noop_measure(const void *arg, struct bench_result *res);

/* Values of idle_measure(). */
enum {
	IDLE_VALUE_CPU_MS,	/* of the whole process */
	IDLE_VALUE_WAKEUPS,	/* of all threads but the one that watches */
	IDLE_VALUE_THREADS,	/* how many these are */
};

/* A bench_fn; @arg is a double: seconds to watch. */
int idle_measure(const void *arg, struct bench_result *res);

#endif
