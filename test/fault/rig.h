/* SPDX-License-Identifier: MIT */
/* What the fault tests share: counters, and the ways that a request can go. */
#ifndef WEFT_TEST_FAULT_RIG_H
#define WEFT_TEST_FAULT_RIG_H

#include <pthread.h>

#include <weft/fault.h>
#include <weft/inject.h>

#include "../api/jobs.h"

#define MS	UINT64_C(1000000)

struct weft_ctx_stats stats_of(handle_t ctx);
struct weft_report report_of(handle_t sess);
uint64_t injected(handle_t ctx, enum weft_inject_what what);
/* Nothing is in flight: every descriptor is accounted for. */
void assert_adds_up(handle_t ctx);

/* Whether WEFT_TEST_LONG asks for the full size of a test. */
bool in_full(void);

/* Guards of the software device that can be used here. */
extern const char *const guards[];
int guard_count(void);

/* Each guard with each fault mode: how many there are, and the environment for one. */
int config_count(void);
void config_set(int i);
bool config_is_pri(int i);

/* A thread that does @fn until it is stopped. */
struct pest {
	pthread_t thread;
	void (*fn)(struct pest *pest);
	void *base;
	size_t len;
	struct rng rng;
	bool stop;		/* atomic */
	unsigned int rounds;	/* atomic */
};
void pest_start(struct pest *pest, void (*fn)(struct pest *pest), void *base, size_t len);
void pest_stop(struct pest *pest);

#endif
