/* SPDX-License-Identifier: MIT */
/*
 * A device without hardware and without engines: a driver table, a bus table
 * and two rings, and the test itself is the device. It sees what was submitted,
 * completes it when and in what order it likes, or posts completions that no
 * device should.
 *
 * Submission and completion rings each have one writer and one reader side, as
 * those of a real device have, so one thread may be the device while others use
 * the queue.
 */
#ifndef WEFT_TEST_FAKE_DRIVER_H
#define WEFT_TEST_FAKE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/core_internal.h"

/* What the device sees of a message. */
struct fake_desc {
	uint32_t tag;
	uint32_t object;	/* the message's: tests say with it what they want */
	uint32_t src_len;
};

struct fake_cpl {
	uint32_t tag;
	uint32_t status;	/* enum wdi_status */
	uint32_t consumed;
	uint32_t produced;
	uint32_t faults;
};

struct fake {
	struct wdi_bus_dev bus;
	struct wdi_device dev;
	struct wdi_queue *q;

	/* Set these between fake_init() and fake_open(). */
	uint32_t depth;
	int init_error;		/* of queue_init() */
	int irq_error;		/* of the bus's irq() */
	bool wakes;		/* calls through a word, not the eventfd */

	/* Hooks, each may be NULL, and something to go with them. */
	unsigned int (*on_step)(struct fake *f);	/* returns completions made */
	void (*on_kick)(struct fake *f);
	void (*on_empty)(struct fake *f);	/* polled, and nothing there; poll lock is held */
	void *context;
	bool need_kick;		/* atomic: kicks are wanted */

	/* Counted atomically. */
	unsigned int kicks;
	unsigned int steps;	/* asked for */
	unsigned int arms;
	unsigned int irqs;	/* written to the eventfd, or to the word */
	unsigned int exits;
	unsigned int forgets;
	unsigned int drops;	/* of messages of fake_send() */

	struct fake_desc *sq;
	uint32_t sq_tail;	/* atomic, by submit() */
	uint32_t sq_head;	/* atomic, by the device */
	struct fake_cpl *cq;
	uint32_t cq_size;
	uint32_t cq_tail;	/* atomic, by the device */
	uint32_t cq_head;	/* atomic, by poll() */
	uint32_t irq_arm;
	uint32_t wake_arm;
	int irq_fd;
};

/* A device with engine threads, inline steps allowed and no spinning. */
void fake_init(struct fake *f, uint32_t depth);
int fake_try_open(struct fake *f);
void fake_open(struct fake *f);
/* Destroys the queue. */
void fake_close(struct fake *f);
/* Frees what fake_close() frees, but for the queue. */
void fake_exit(struct fake *f);

/* ---- the client's side --------------------------------------------------- */

/* Send an asynchronous message; false: the ring is full. @object is what the device sees. */
bool fake_send(struct fake *f, uint32_t object, uint32_t len);
void fake_send_many(struct fake *f, unsigned int number);
/* Poll until nothing comes and give everything back; how many there were. */
unsigned int fake_poll_all(struct fake *f);

/* ---- the device's side: one thread at a time ----------------------------- */

bool fake_take(struct fake *f, struct fake_desc *desc);
void fake_post_cpl(struct fake *f, const struct fake_cpl *cpl);
/* Tell who sleeps, after one or more completions. */
void fake_signal(struct fake *f);

static inline void fake_post(struct fake *f, uint32_t tag, enum wdi_status status)
{
	const struct fake_cpl cpl = { .tag = tag, .status = status };

	fake_post_cpl(f, &cpl);
}

/* Complete the next submission, if there is one. */
bool fake_serve(struct fake *f);
unsigned int fake_serve_all(struct fake *f);
/* Hooks: a step serves one, a kick all. */
unsigned int fake_step_serves(struct fake *f);
void fake_kick_serves(struct fake *f);

#endif
