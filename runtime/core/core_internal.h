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
#include "weft/fault.h"

#define WDI_NEVER	UINT64_MAX	/* of wdi_now_ns() */

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
	pthread_mutex_t bond_lock;	/* binding, and stopping with unbinding */
	struct wdi_bus_info info;
	const struct wdi_driver *drv;
	struct wdi_caps caps;
	struct wdi_env env;		/* as it was when the device was opened */
	unsigned int refs;
	bool passed_on;			/* during a fork: the child may use it */
	bool inherited;			/* it is an ancestor's; contexts that came along have it */
	struct wdi_device *next_inherited;
};

/* Known devices, open or not. Returns how many; at most @max are stored. */
int wdi_device_scan(struct wdi_bus_info *list, unsigned int max);
/* The scanned device that a uacce_dev was made from: 0 or -ENODEV. */
int wdi_device_find(const struct uacce_dev *dev, struct wdi_bus_info *info);
int wdi_device_get(const struct wdi_bus_info *info, struct wdi_device **out);
void wdi_device_put(struct wdi_device *dev);
/* In a forked child: @dev with a reference more if it was inherited, else NULL; it may be gone. */
struct wdi_device *wdi_device_inherit(const struct wdi_device *dev);
/* One reference more. */
void wdi_device_hold(struct wdi_device *dev);
/* Algorithm names of a device, separated by newlines. */
void wdi_device_algs(const struct wdi_caps *caps, char *buf, size_t len);
/* Whether it has an algorithm, or one of a class, of this name. */
bool wdi_device_has(const struct wdi_caps *caps, const char *name);

/* Requests that ended here before the device was done with them; under poll_lock. */
struct wdi_expiry {
	uint64_t next;			/* atomic: no asynchronous deadline is earlier */
	uint32_t quarantined;		/* atomic: slots that only the device still has */
	uint32_t draining;		/* atomic; a drain is on its way, for marks older than ... */
	uint32_t era;			/* ... this one */
	uint32_t drain_era;
	uint32_t *eras;			/* [depth], of the marks */
	/* counters */
	uint64_t timeouts;
	uint64_t cancelled;
	uint64_t late;
	uint64_t lost;
	uint64_t strays;
};

struct wdi_queue {
	struct wdi_device *dev;
	const struct wdi_driver *drv;
	void *priv;
	unsigned int number;
	uint32_t depth;
	bool inline_steps;
	bool may_direct;		/* the device has a way past the ring, and it is wanted */
	bool inherited;			/* of a device in another process, which may end */
	bool poll_only;			/* engine threads leave it alone; before the first submission */
	bool event_mode;		/* atomic; somebody has the wait fd: leave no work unseen */
	uint32_t *wake_word;		/* the device calls through it; NULL: through the eventfd */
	int efd;			/* atomic; -1: nobody has needed it yet */
	int loop_fd;			/* what event loops get, see alarm.c; -1 */
	int timer_fd;			/* in it; -1 */
	uint64_t alarm;			/* atomic: when that goes off, WDI_NEVER: not at all */
	pthread_mutex_t efd_lock;	/* making and setting them */
	uint64_t spin_ns;
	struct wdi_slots slots;
	struct wdi_msg **by_tag;	/* [depth], atomic; NULL: not out, or a mark of expire.c */
	uint32_t *wire;			/* [depth], atomic: the slot's tag as the device has it */
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
	struct wdi_msg *faulted;	/* asynchronous, for fault.c */
	struct wdi_ladder *orphans;
	struct wdi_expiry expiry;
	struct wdi_sleeper *sleepers;	/* see wait.c */
	struct wdi_sleeper *watcher;	/* the one of them that the device calls */
	uint64_t completed;
	uint64_t errors;
	uint64_t faults;
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t inline_count;
	uint64_t retries;
	uint64_t redone;
	uint64_t by_cpu;

	/* messages that went past the ring; counted under the lock */
	struct {
		struct wdi_spin lock;
		uint64_t jobs;
		uint64_t errors;
		uint64_t faults;
		uint64_t in_bytes;
		uint64_t out_bytes;
	} direct __attribute__((aligned(WDI_CACHE_LINE)));

	uint64_t sleeps __attribute__((aligned(WDI_CACHE_LINE)));	/* atomic */
};

int wdi_queue_create(struct wdi_device *dev, uint32_t pasid, uint32_t depth,
		     struct wdi_queue **out);
void wdi_queue_destroy(struct wdi_queue *q);
/* In a forked child. */
void wdi_queue_forget(struct wdi_queue *q);
/* Of an inherited device, under poll_lock: if it is gone, requests end with "device reset". */
void wdi_queue_mourn(struct wdi_queue *q);

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

/* Bits of a tag that name its slot; the others count its uses. */
#define WDI_TAG_SLOTS	0x10000u

static inline uint32_t wdi_tag_slot(uint32_t tag)
{
	return tag & (WDI_TAG_SLOTS - 1);
}

/* queue.c, for the parts below: under poll_lock, and while nobody else submits @msg. */
void wdi_queue_ready(struct wdi_queue *q, struct wdi_msg *msg);
void wdi_queue_unlock(struct wdi_queue *q);	/* poll_lock, and call who has something */
void wdi_queue_account(struct wdi_queue *q, const struct wdi_msg *msg);
/* Submit a message that has its slot once more. */
void wdi_queue_again(struct wdi_queue *q, struct wdi_msg *msg);
/* A synchronous message once, without what fault.c makes of the result. */
int wdi_queue_run_once(struct wdi_queue *q, struct wdi_msg *msg, bool sleep_now);

/*
 * expire.c. All under poll_lock but the first and the last.
 *
 * wdi_expire_watch() - an asynchronous message with a deadline has gone out: not before it can
 *	be found in its slot, or who looks for what is due forgets its time.
 * wdi_expire_due() - end what is too late. True if anything was.
 * wdi_expire_one() - end one message of the queue here and now.
 * wdi_expire_all() - end all of them; the device is gone and has nothing any more.
 * wdi_expire_completion() - a completion that belongs to no message: whose was it?
 * wdi_expire_put() - the last of an abandoned message; true: its slot is free.
 * wdi_expire_drain() - find out which quarantined slots the device has lost.
 */
/* The earliest deadline of an asynchronous message, or WDI_NEVER. */
static inline uint64_t wdi_expire_next(const struct wdi_queue *q)
{
	return __atomic_load_n(&q->expiry.next, __ATOMIC_RELAXED);
}

/* Whether engine threads run what is in the queue; without them somebody else has to. */
static inline bool wdi_queue_has_threads(const struct wdi_queue *q)
{
	return q->dev->caps.engine_threads && !q->poll_only;
}

/* A step can take as long as it likes, so who has to keep a deadline runs none, if others do. */
static inline bool wdi_queue_may_step(const struct wdi_queue *q)
{
	return wdi_likely(wdi_expire_next(q) == WDI_NEVER) || !wdi_queue_has_threads(q);
}

void wdi_expire_watch(struct wdi_queue *q, uint64_t deadline);
bool wdi_expire_due(struct wdi_queue *q);
void wdi_expire_one(struct wdi_queue *q, struct wdi_msg *msg, enum wdi_status status);
void wdi_expire_all(struct wdi_queue *q, enum wdi_status status);
void wdi_expire_completion(struct wdi_queue *q, uint32_t tag);
bool wdi_expire_put(struct wdi_queue *q, const struct wdi_msg *msg);
bool wdi_expire_is_mark(const struct wdi_msg *msg);
void wdi_expire_drain(struct wdi_queue *q);

/*
 * fault.c.
 * wdi_fault_wanted() - whether a message that has ended is to be taken further.
 * wdi_fault_run() - take a synchronous one to its end.
 * wdi_fault_serve() - take asynchronous ones a step further; true if there were any.
 */
static inline bool wdi_fault_wanted(const struct wdi_msg *msg)
{
	return wdi_unlikely(msg->ladder ||
			    (msg->status == WDI_ST_PAGE_FAULT && msg->on_fault != WDI_FAULT_WAIT &&
			     msg->policy != WEFT_FAULT_REPORT));
}
int wdi_fault_run(struct wdi_queue *q, struct wdi_msg *msg, bool sleep_now);
bool wdi_fault_serve(struct wdi_queue *q);
/* A message with a ladder will not complete. */
void wdi_fault_drop(struct wdi_msg *msg);
/* One with a ladder was abandoned; under poll_lock. They are freed with the queue. */
void wdi_fault_orphan(struct wdi_queue *q, struct wdi_msg *msg);
void wdi_fault_free_orphans(struct wdi_queue *q);

/* inject.c: the rules of weft/inject.h. */
int wdi_inject_apply(struct wdi_queue *q, const char *text);

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
/* Something has ended without the device: tell an event loop. */
void wdi_queue_call_loop(struct wdi_queue *q);

/* alarm.c */
int wdi_queue_loop_fd(struct wdi_queue *q);
void wdi_queue_alarm(struct wdi_queue *q);
void wdi_queue_alarm_over(struct wdi_queue *q);

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
	bool poll_only;			/* and so is each queue of it */
	bool inherits;			/* WEFT_FORK=inherit: a child's use of it is of the ... */
	struct wdi_device *inherited;	/* ... parent's device, or there is none */
	uint32_t inherited_pasid;
	char dev_name[WDI_BUS_NAME_LEN];
	char api[WDI_BUS_NAME_LEN];
	struct wdi_ctx *next;		/* list of all, for fork */
};

#endif
