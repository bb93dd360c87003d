/* SPDX-License-Identifier: MIT */
/* <weft/weft.h>, all but the sessions: those are in alg/session.c. */
#include "weft/weft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core_internal.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/step.h"

const char *weft_version(void)
{
	return PACKAGE_VERSION;
}

const char *weft_build(void)
{
	return WEFT_BUILD;
}

/*
 * Copy a struct that starts with its size into the caller's, which may be older
 * (shorter) or newer (longer) than this library's.
 */
static int copy_sized(void *to, const void *from, uint32_t size)
{
	uint32_t theirs;

	if (!to)
		return -EINVAL;
	memcpy(&theirs, to, sizeof(theirs));
	if (theirs < 2 * sizeof(uint32_t))
		return -EINVAL;
	theirs = wdi_min(theirs, size);
	memcpy(to, from, theirs);
	memcpy(to, &theirs, sizeof(theirs));
	return 0;
}

/* ---- contexts ----------------------------------------------------------- */

static int queue_of(uintptr_t handle, struct wdi_queue **q)
{
	struct wdi_ctx *ctx = wdi_core_ctx(handle);

	return ctx ? wdi_core_ctx_queue(ctx, q) : -EINVAL;
}

static uint64_t counter(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

int weft_ctx_stats(uintptr_t handle, struct weft_ctx_stats *stats)
{
	struct weft_ctx_stats s = { .size = sizeof(s) };
	struct wdi_queue *q;
	int ret = queue_of(handle, &q);

	if (ret)
		return ret;
	/* Past the ring all of it is one step of the caller's. */
	s.completed = counter(&q->direct.jobs);
	s.submitted = counter(&q->submitted) + s.completed;
	s.inline_steps = counter(&q->inline_count) + s.completed;
	s.completed += counter(&q->completed);
	s.errors = counter(&q->errors) + counter(&q->direct.errors);
	s.busy = counter(&q->busy);
	s.faults = counter(&q->faults) + counter(&q->direct.faults);
	s.in_bytes = counter(&q->in_bytes) + counter(&q->direct.in_bytes);
	s.out_bytes = counter(&q->out_bytes) + counter(&q->direct.out_bytes);
	s.sleeps = counter(&q->sleeps);
	s.kicks = counter(&q->kicks);
	s.retries = counter(&q->retries);
	s.redone_bytes = counter(&q->redone);
	s.by_cpu = counter(&q->by_cpu);
	s.timeouts = counter(&q->expiry.timeouts);
	s.cancelled = counter(&q->expiry.cancelled);
	s.late = counter(&q->expiry.late);
	s.lost = counter(&q->expiry.lost);
	s.strays = counter(&q->expiry.strays);
	s.quarantined = wdi_io_load32(&q->expiry.quarantined);
	return copy_sized(stats, &s, sizeof(s));
}

int weft_ctx_pasid(uintptr_t handle)
{
	struct wdi_queue *q;
	int ret = queue_of(handle, &q);

	return ret ? ret : (int)wdi_core_ctx(handle)->pasid;
}

int weft_ctx_wait_fd(uintptr_t handle)
{
	struct wdi_queue *q;
	int ret = queue_of(handle, &q);

	return ret ? ret : wdi_core_event_fd(q);
}

int weft_ctx_poll_only(uintptr_t handle)
{
	struct wdi_ctx *ctx = wdi_core_ctx(handle);
	struct wdi_queue *q;
	int ret = ctx ? wdi_core_ctx_queue(ctx, &q) : -EINVAL;

	if (!ret)
		ret = wdi_core_poll_only(q);
	if (!ret)
		ctx->poll_only = true;
	return ret;
}

int weft_in_engine(void)
{
	return wdi_step_depth > 0;
}

int weft_ctx_noop(uintptr_t handle)
{
	struct wdi_msg msg;
	struct wdi_queue *q;
	int ret = queue_of(handle, &q);

	if (wdi_unlikely(ret))
		return ret;
	memset(&msg, 0, offsetof(struct wdi_msg, start));
	if (wdi_unlikely(q->dev->env.deadline_ms))
		msg.deadline_ns = wdi_now_ns() + q->dev->env.deadline_ms * WDI_NSEC_PER_MSEC;
	ret = wdi_core_run(q, &msg, false);
	if (wdi_unlikely(ret))
		return ret;
	if (wdi_unlikely(msg.status == WDI_ST_TIMED_OUT))
		return -ETIMEDOUT;
	return msg.status == WDI_ST_DONE ? 0 : -EIO;
}

int weft_ctx_reset(uintptr_t handle)
{
	struct wdi_queue *q;
	int ret = queue_of(handle, &q);

	if (!ret)
		ret = q->dev->io.bus->ops->reset(q->dev->io.bus);
	/* What the device has not completed by now it never will. */
	if (!ret && wdi_io_load32(&q->expiry.quarantined))
		wdi_expire_drain(q);
	return ret;
}

/* ---- devices and options ------------------------------------------------ */

static const char *const dev_states[] = {
	[WDI_DEV_RUNNING] = "running",
	[WDI_DEV_RESETTING] = "resetting",
	[WDI_DEV_ISOLATED] = "isolated",
};

static int describe(const struct wdi_bus_info *info, struct weft_device *d)
{
	struct wdi_dev_status status;
	struct wdi_device *dev;
	int ret = wdi_device_get(info, &dev);

	if (ret)
		return ret;
	ret = dev->drv->status(&dev->io, &status);
	if (ret)
		goto put;
	d->numa_id = info->numa_id;
	d->ctx_total = dev->caps.queues;
	d->ctx_free = status.queues_free;
	d->engine_threads = dev->caps.engine_threads;
	d->flags = UACCE_DEV_SVA;
	snprintf(d->name, sizeof(d->name), "%s", info->name);
	snprintf(d->bus, sizeof(d->bus), "%s", info->bus->name);
	snprintf(d->api, sizeof(d->api), "%s", info->api);
	snprintf(d->state, sizeof(d->state), "%s",
		 status.state < wdi_array_size(dev_states) ? dev_states[status.state] : "unknown");
	snprintf(d->guard, sizeof(d->guard), "%s", dev->caps.guard);
	snprintf(d->engines, sizeof(d->engines), "%s", dev->caps.engines);
	wdi_device_algs(&dev->caps, d->algs, sizeof(d->algs));
put:
	wdi_device_put(dev);
	return ret;
}

int weft_device_list(struct weft_device *list, unsigned int max)
{
	struct wdi_bus_info infos[16];
	int n = wdi_device_scan(infos, 16);
	uint32_t stride;

	if (!max)
		return n;
	if (!list || list->size < 2 * sizeof(uint32_t))
		return -EINVAL;
	stride = list->size;
	for (int i = 0; i < n && i < 16 && (unsigned int)i < max; i++) {
		struct weft_device d = { .size = sizeof(d) };
		void *to = (char *)list + (size_t)i * stride;
		int ret = describe(&infos[i], &d);

		if (ret)
			return ret;
		memcpy(to, &stride, sizeof(stride));
		copy_sized(to, &d, sizeof(d));
	}
	return n;
}

int weft_option_get(unsigned int index, struct weft_option *option)
{
	const struct wdi_opt_row *row = wdi_core_env_row(index);

	if (!row)
		return -ENOENT;
	if (!option || option->size < sizeof(*option))
		return -EINVAL;
	option->name = row->name;
	wdi_opt_type_text(row, option->type, sizeof(option->type));
	option->fallback = row->fallback;
	option->help = row->help;
	return 0;
}
