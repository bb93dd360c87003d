/* SPDX-License-Identifier: MIT */
/*
 * Downwards: what a driver is, and what it may use. A driver is one const
 * table and one row in drivers[] of drv/drivers.c; state lives in the device
 * and the queue, never in the table. Drivers never see a class or a bus.
 */
#ifndef WEFT_CORE_DRIVER_H
#define WEFT_CORE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/msg.h"

/* Access to the device that a driver was given; forwards to its bus. */
struct wdi_io;
int wdi_io_read(struct wdi_io *io, unsigned int region, uint64_t off, void *buf, size_t len);
int wdi_io_write(struct wdi_io *io, unsigned int region, uint64_t off, const void *buf,
		 size_t len);

/* For sequences of accesses that must not be interleaved, such as a mailbox. */
void wdi_io_lock(struct wdi_io *io);
void wdi_io_unlock(struct wdi_io *io);

/*
 * Have the device run one descriptor of a queue in this thread, past its rings; both are
 * as the device lays them out. False: nothing was done, or its bus has no such way.
 */
bool wdi_io_direct(struct wdi_io *io, unsigned int queue, const void *desc, void *cpl);

int wdi_io_map(struct wdi_io *io, unsigned int region, uint64_t off, size_t len, void **out);

/* What a device says of itself; filled by wdi_driver.probe(). */
struct wdi_caps {
	uint32_t queues;	/* in all */
	uint32_t depth;		/* largest ring */
	uint32_t ops;		/* bit an enum wdi_op */
	uint32_t comp_formats;	/* bit an enum wdi_format */
	uint32_t decomp_formats;
	uint64_t algs[(WDI_ALG_COUNT + 63) / 64];	/* bit an enum wdi_alg */
	uint32_t engine_threads;
	bool sgl;
	uint32_t stream_unit;	/* where a stream may be cut and come out the same; 0: nowhere */
	bool fault_report;	/* of messages with @report */
	char guard[16];
	char engines[256];	/* libraries and their versions */
};

static inline bool wdi_caps_alg(const struct wdi_caps *caps, unsigned int alg)
{
	return caps->algs[alg / 64] >> alg % 64 & 1;
}

enum wdi_dev_state {
	WDI_DEV_RUNNING,
	WDI_DEV_RESETTING,
	WDI_DEV_ISOLATED,
};

/* What changes while it runs. */
struct wdi_dev_status {
	uint32_t queues_free;
	uint32_t state;		/* enum wdi_dev_state */
};

/*
 * A completion as read from the ring. The queue finds the message by the tag
 * and lets the driver translate into it.
 */
#define WDI_CPL_WORDS	4
#define WDI_TAG_DRAIN	UINT32_MAX	/* of no message */
struct wdi_cpl {
	uint32_t tag;
	uint64_t raw[WDI_CPL_WORDS];	/* the driver's own copy of the entry */
};

/* As enum weft_inject_what. */
enum wdi_inject_what {
	WDI_INJECT_FAULT,
	WDI_INJECT_DELAY,
	WDI_INJECT_LOSE,
	WDI_INJECT_LATE,
	WDI_INJECT_DUP,
	WDI_INJECT_PRQ_FULL,
	WDI_INJECT_RESET,
	WDI_INJECT_ISOLATE,
	WDI_INJECT_COUNT,
};

struct wdi_inject_rule {
	unsigned int what;	/* enum wdi_inject_what */
	uint32_t every;		/* 0: off */
	uint32_t arg;
	uint32_t seed;
};

struct wdi_region {
	void *addr;
	size_t size;
};

struct wdi_driver {
	const char *name;
	const char *api;	/* the device's api string begins with this */

	/* Check that the device is what it claims; fill @caps. */
	int (*probe)(struct wdi_io *io, struct wdi_caps *caps);
	int (*status)(struct wdi_io *io, struct wdi_dev_status *status);

	/*
	 * Make a hardware queue for @pasid with @depth entries. *priv is the
	 * driver's; queue_exit() stops it (nothing is running when it returns)
	 * and frees priv. @number: what the bus calls this queue.
	 */
	int (*queue_init)(struct wdi_io *io, uint32_t pasid, uint32_t depth, void **priv,
			  unsigned int *number);
	void (*queue_exit)(struct wdi_io *io, void *priv);
	/* In a forked child: free priv and touch nothing of the device. */
	void (*queue_forget)(void *priv);

	/*
	 * Ask the device to stop a PASID, before the last unbind. @clean: nothing of
	 * it is under way any more, page requests included; otherwise they may be,
	 * and the device says when they are through. -EBUSY: others have it, too.
	 */
	int (*pasid_stop)(struct wdi_io *io, uint32_t pasid, bool *clean);

	/*
	 * Data path, no system call, no lock: submit() under the queue's submit
	 * lock, poll() under its poll lock. submit() publishes the descriptor and
	 * rings the doorbell. poll() returns up to @max completions, oldest first,
	 * and gives their ring entries back.
	 */
	void (*submit)(void *priv, const struct wdi_msg *msg);
	unsigned int (*poll)(void *priv, struct wdi_cpl *cpls, unsigned int max);
	void (*complete)(const struct wdi_cpl *cpl, struct wdi_msg *msg);
	/*
	 * Instead of the three: run the message in this thread and complete it, past the
	 * rings. Needs no lock. False: nothing was done; submit it. May be NULL.
	 */
	bool (*direct)(struct wdi_io *io, void *priv, struct wdi_msg *msg);
	/* What the detail of a message that ended badly means; may be NULL, and return it. */
	const char *(*detail_name)(const struct wdi_msg *msg);

	/*
	 * Slow. cancel(): the client no longer wants the message with this tag;
	 * the device need not run it, and if it has it, should stop. uncancel(): the
	 * tag is going to be used anew. drain(), under the submit lock: submit what
	 * completes with WDI_TAG_DRAIN when nothing before it can any more; false:
	 * the ring has no room. Each may be NULL.
	 */
	void (*cancel)(void *priv, uint32_t tag);
	void (*uncancel)(void *priv, uint32_t tag);
	bool (*drain)(void *priv);

	/* Failure injection: rules of enum wdi_inject_what. May be NULL. */
	int (*inject)(struct wdi_io *io, void *priv, const struct wdi_inject_rule *rule);
	int (*injected)(struct wdi_io *io, void *priv, unsigned int what, uint64_t *count);

	/* The device's own threads leave this queue to who steps it. May be NULL. */
	int (*poll_only)(struct wdi_io *io, void *priv);

	/*
	 * Whether nothing is submitted that has not been taken, and nothing posted that poll()
	 * would return; without a lock, so it may be out of date. May be NULL.
	 */
	bool (*quiet)(void *priv);
	/* Submitted and not begun, or ready to go on; whether kicking would wake anybody. */
	uint32_t (*backlog)(void *priv);
	bool (*needs_kick)(void *priv);
	/* Ask for an interrupt, through the eventfd of the queue, at the next completion. */
	void (*arm_irq)(void *priv);
	/*
	 * A word that costs no descriptor: store 1 there, and at the next completion
	 * the device makes it 0 and wakes who waits for it (futex). NULL where the
	 * device cannot. Asked once a queue.
	 */
	uint32_t *(*wake_word)(void *priv);

	/* The queue's doorbells (UACCE_QFRT_MMIO) or rings (UACCE_QFRT_DUS). */
	int (*region)(void *priv, unsigned int qfrt, struct wdi_region *region);

	const char *(*engine_name)(unsigned int engine);
};

/* All drivers of this library; ends with NULL. Defined in drv/drivers.c. */
extern const struct wdi_driver *const wdi_drivers[];

#endif
