/* SPDX-License-Identifier: MIT */
/* What the files of the core share and nobody else sees. */
#ifndef WEFT_CORE_INTERNAL_H
#define WEFT_CORE_INTERNAL_H

#include <pthread.h>

#include "bus/bus.h"
#include "core/core.h"
#include "core/driver.h"
#include "uadk/wd_internal.h"
#include "util/bits.h"
#include "util/slots.h"
#include "util/spin.h"

/* A counter with one writer at a time, read by anybody. */
static inline void wdi_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

struct wdi_io {
	struct wdi_bus_dev *bus;
	pthread_mutex_t lock;
};

/*
 * An open device. One a process and device; contexts hold references. Nobody
 * but device.c changes it.
 */
struct wdi_device {
	struct wdi_io io;
	struct wdi_bus_info info;
	const struct wdi_driver *drv;
	struct wdi_caps caps;
	struct wdi_env env;		/* as it was when the device was opened */
	unsigned int refs;
};

/* Known devices, open or not. Returns how many; at most @max are stored. */
int wdi_device_scan(struct wdi_bus_info *list, unsigned int max);
/* The scanned device that a uacce_dev was made from: 0 or -ENODEV. */
int wdi_device_find(const struct uacce_dev *dev, struct wdi_bus_info *info);
int wdi_device_get(const struct wdi_bus_info *info, struct wdi_device **out);
void wdi_device_put(struct wdi_device *dev);
/* Algorithm names of a device, separated by newlines. */
void wdi_device_algs(const struct wdi_caps *caps, char *buf, size_t len);
/* Whether it has an algorithm, or one of a class, of this name. */
bool wdi_device_has(const struct wdi_caps *caps, const char *name);

struct wdi_queue {
	struct wdi_device *dev;
	const struct wdi_driver *drv;
	void *priv;
	unsigned int number;
	uint32_t depth;
	bool inline_steps;
	bool event_mode;		/* atomic; somebody has the wait fd: leave no work unseen */
	uint32_t *wake_word;		/* the device calls through it; NULL: through the eventfd */
	int efd;			/* atomic; -1: nobody has needed it yet */
	pthread_mutex_t efd_lock;	/* making it */
	uint64_t spin_ns;
	struct wdi_slots slots;
	struct wdi_msg **by_tag;	/* [depth]; NULL: not out */
	struct wdi_msg *pool;		/* [depth], asynchronous messages */

	/* under submit_lock */
	struct wdi_spin submit_lock __attribute__((aligned(WDI_CACHE_LINE)));
	uint32_t limit;			/* messages that may be out at once */
	uint32_t unseen;		/* submissions since anybody was kicked or stepped */
	uint64_t unseen_bytes;
	uint64_t submitted;
	uint64_t busy;
	uint64_t kicks;

	/* under poll_lock */
	struct wdi_spin poll_lock __attribute__((aligned(WDI_CACHE_LINE)));
	struct wdi_msg *ready_head, **ready_tail;
	struct wdi_sleeper *sleepers;	/* see wait.c */
	struct wdi_sleeper *watcher;	/* the one of them that the device calls */
	uint64_t completed;
	uint64_t errors;
	uint64_t faults;
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t inline_count;

	uint64_t sleeps __attribute__((aligned(WDI_CACHE_LINE)));	/* atomic */
};

int wdi_queue_create(struct wdi_device *dev, uint32_t pasid, uint32_t depth,
		     struct wdi_queue **out);
void wdi_queue_destroy(struct wdi_queue *q);
/* In a forked child. */
void wdi_queue_forget(struct wdi_queue *q);

/*
 * Take completions off the ring; true if any came. Needs no lock; runs no step.
 * @steps: engine steps to be accounted, set to 0 when they were.
 */
bool wdi_queue_reap(struct wdi_queue *q, unsigned int *steps);
/* Under poll_lock: take all that there are, and call nobody. */
void wdi_queue_collect(struct wdi_queue *q);
/* Let the device use this thread; true if it did something. */
bool wdi_queue_step(struct wdi_queue *q);
/* Wake an engine thread if one is parked and work may be waiting. */
void wdi_queue_kick(struct wdi_queue *q);
bool wdi_queue_has_ready(struct wdi_queue *q);

static inline bool wdi_queue_event_mode(const struct wdi_queue *q)
{
	return __atomic_load_n(&q->event_mode, __ATOMIC_RELAXED);
}

/*
 * wait.c: sleep until @mine is done, or, without @mine, something is ready, or
 * the caller may be able to step. 1, 0 at @until (wdi_now_ns()), or a negative
 * errno.
 */
int wdi_queue_sleep(struct wdi_queue *q, uint64_t until, const struct wdi_msg *mine);
void wdi_queue_wake(struct wdi_queue *q);
void wdi_queue_rearm(struct wdi_queue *q);
/* The eventfd of the queue, made at its first use, or a negative errno. */
int wdi_queue_efd(struct wdi_queue *q);

#define WDI_CTX_MAGIC	0x57454654u

struct wdi_ctx {
	struct wd_ctx_h pub;		/* what wd_internal.h shows of a context */
	uint32_t magic;
	uint32_t generation;		/* of the process that opened it */
	pthread_mutex_t lock;		/* opening, and the slow calls */
	struct wdi_bus_info info;
	struct wdi_device *dev;
	struct wdi_queue *queue;
	uint32_t pasid;
	bool forced;			/* wd_release_ctx_force() took the hardware away */
	char dev_name[WDI_BUS_NAME_LEN];
	char api[WDI_BUS_NAME_LEN];
	struct wdi_ctx *next;		/* list of all, for fork */
};

#endif
