/* SPDX-License-Identifier: MIT */
/* Device state: reset, failures, isolation. */
#include "device/device_internal.h"

#include <time.h>

#include "util/clock.h"
#include "util/io.h"
#include "util/log.h"

#define HOUR_NS		(3600 * WDI_NSEC_PER_SEC)

static void state_set(struct sdev *dev, enum sdev_dev_state state)
{
	atomic_store(&dev->state, state);
	wdi_io_store32_release(&dev->status->state, state);
}

/* Failures are counted by the hour that begins with the first of them. */
static void health_age(struct sdev_health *h)
{
	uint64_t now = wdi_now_ns();

	if (h->failures && now - h->hour < HOUR_NS)
		return;
	h->hour = now;
	h->failures = 0;
}

static bool health_bad(const struct sdev_health *h)
{
	return h->limit && h->failures > h->limit;
}

static bool health_count(struct sdev *dev)
{
	struct sdev_health *h = &dev->health;
	bool bad;

	wdi_spin_lock(&h->lock);
	health_age(h);
	h->failures++;
	bad = health_bad(h);
	wdi_spin_unlock(&h->lock);
	if (bad)
		wdi_err("sdev: more than %u failures in an hour; device isolated", h->limit);
	return bad;
}

/* sdev_fail() - the device did something that it should not. From a step, too. */
void sdev_fail(struct sdev *dev, const char *what)
{
	wdi_err("sdev: internal failure: %s", what);
	if (health_count(dev))
		sdev_isolate(dev);
}

/* sdev_isolate() - as after too many failures. From a step, too. */
void sdev_isolate(struct sdev *dev)
{
	uint32_t running = SDEV_DEV_RUNNING;

	if (atomic_compare_exchange_strong(&dev->state, &running, SDEV_DEV_ISOLATED))
		wdi_io_store32_release(&dev->status->state, SDEV_DEV_ISOLATED);
}

/*
 * sdev_reset_begin() - from a step: no other begins, those that run are cut. The
 * rest has to wait for this one, so whoever runs it calls sdev_reset() after it.
 */
void sdev_reset_begin(struct sdev *dev)
{
	uint32_t running = SDEV_DEV_RUNNING;

	atomic_store(&dev->reset_due, true);
	if (atomic_compare_exchange_strong(&dev->state, &running, SDEV_DEV_RESETTING))
		wdi_io_store32_release(&dev->status->state, SDEV_DEV_RESETTING);
}

uint32_t sdev_failures(struct sdev *dev)
{
	uint32_t n;

	wdi_spin_lock(&dev->health.lock);
	health_age(&dev->health);
	n = dev->health.failures;
	wdi_spin_unlock(&dev->health.lock);
	return n;
}

uint32_t sdev_isolate_limit(struct sdev *dev)
{
	uint32_t limit;

	wdi_spin_lock(&dev->health.lock);
	limit = dev->health.limit;
	wdi_spin_unlock(&dev->health.lock);
	return limit;
}

/* A new limit starts with a clean slate, and takes an isolated device back into service. */
void sdev_isolate_set(struct sdev *dev, uint32_t limit)
{
	pthread_mutex_lock(&dev->lock);
	wdi_spin_lock(&dev->health.lock);
	dev->health.limit = limit;
	dev->health.failures = 0;
	wdi_spin_unlock(&dev->health.lock);
	if (atomic_load(&dev->state) == SDEV_DEV_ISOLATED)
		state_set(dev, SDEV_DEV_RUNNING);
	pthread_mutex_unlock(&dev->lock);
}

/*
 * sdev_reset() - everything accepted completes with SDEV_ST_RESET, streams go,
 * queues and bonds stay. Steps under way finish or cut short what they are at.
 */
void sdev_reset(struct sdev *dev)
{
	bool bad;

	pthread_mutex_lock(&dev->lock);
	bad = atomic_load(&dev->state) == SDEV_DEV_ISOLATED;
	state_set(dev, SDEV_DEV_RESETTING);
	for (uint32_t i = 0; i < dev->max_queues && i < dev->open_words * 64; i++) {
		struct sdev_queue *q = &dev->queues[i];
		uint32_t state = atomic_load(&q->state);

		if (state != SDEV_QUEUE_FREE)
			sdev_queue_drain(q);
		if (state == SDEV_QUEUE_RUNNING)
			sdev_queue_flush(q, SDEV_ST_RESET);
		sdev_parked_cancel(q, NULL, SDEV_ST_RESET);
	}
	sdev_objects_destroy(dev, NULL);
	bad |= health_count(dev);
	wdi_io_store32_release(&dev->status->reset_count,
			       wdi_io_load32(&dev->status->reset_count) + 1);
	state_set(dev, bad ? SDEV_DEV_ISOLATED : SDEV_DEV_RUNNING);
	pthread_mutex_unlock(&dev->lock);
	wdi_info("sdev: reset");
}
