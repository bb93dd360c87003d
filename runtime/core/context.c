/* SPDX-License-Identifier: MIT */
/*
 * Contexts: a hardware queue bound to the caller's address space. Opening is
 * device, bond, queue, in this order; closing is the reverse, so that the PASID
 * goes only when nothing runs under it any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_internal.h"
#include "uadk/wd_bmm.h"
#include "util/log.h"
#include "weft/vfio_svm.h"

static pthread_mutex_t contexts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wdi_ctx *contexts;

struct wdi_ctx *wdi_core_ctx(uintptr_t handle)
{
	struct wdi_ctx *ctx = (struct wdi_ctx *)handle;

	return ctx && ctx->magic == WDI_CTX_MAGIC ? ctx : NULL;
}

/*
 * All contexts of a device share its bond; who is the last of them stops the
 * PASID. Nobody may bind in between, so both go one by one.
 */
static int ctx_bind(struct wdi_ctx *ctx)
{
	struct wdi_device *dev = ctx->dev;
	int ret;

	if (dev->inherited) {
		ctx->pasid = ctx->inherited_pasid;
		return 0;
	}
	pthread_mutex_lock(&dev->bond_lock);
	ret = dev->io.bus->ops->bind(dev->io.bus, &ctx->pasid);
	pthread_mutex_unlock(&dev->bond_lock);
	return ret;
}

/*
 * Nothing of this context runs any more. Whether page requests of the PASID are
 * still under way is the device's to say; where it does not, it is asked to send
 * word when they are through.
 */
static void ctx_unbind(struct wdi_ctx *ctx)
{
	struct wdi_device *dev = ctx->dev;
	bool clean = false;
	int ret;

	/* The bond is the parent's, and ends when the parent ends it. */
	if (dev->inherited) {
		ctx->pasid = 0;
		return;
	}
	pthread_mutex_lock(&dev->bond_lock);
	if (dev->drv->pasid_stop(&dev->io, ctx->pasid, &clean))
		clean = false;
	ret = dev->io.bus->ops->unbind(dev->io.bus, ctx->pasid,
				       clean ? VFIO_SVM_PASID_RELEASE_CLEAN :
					       VFIO_SVM_PASID_RELEASE_FLUSHED);
	pthread_mutex_unlock(&dev->bond_lock);
	if (ret)
		wdi_err("%s: PASID %u cannot be released: errno %d", ctx->dev_name, ctx->pasid,
			-ret);
	ctx->pasid = 0;
}

static int ctx_device(struct wdi_ctx *ctx)
{
	if (!ctx->inherits)
		return wdi_device_get(&ctx->info, &ctx->dev);
	if (!ctx->inherited) {
		wdi_err("%s: nothing to inherit: the parent had no engine threads, no descriptor for "
			"a channel, or had let go of the context", ctx->dev_name);
		return -ENODEV;
	}
	wdi_device_hold(ctx->inherited);
	ctx->dev = ctx->inherited;
	return 0;
}

/* With ctx->lock held, or before anybody knows the context. */
static int ctx_open(struct wdi_ctx *ctx)
{
	int ret = ctx_device(ctx);
	struct wdi_queue *q;
	uint32_t depth;

	if (ret)
		return ret;
	ret = ctx_bind(ctx);
	if (ret) {
		wdi_err("%s: binding the address space failed: errno %d", ctx->dev_name, -ret);
		goto put_device;
	}
	/* A device may round its largest ring up. */
	depth = wdi_min(ctx->dev->caps.depth, ctx->dev->env.queue_depth);
	ret = wdi_queue_create(ctx->dev, ctx->pasid, depth, &q);
	if (ret) {
		wdi_err("%s: no queue for a new context: errno %d", ctx->dev_name, -ret);
		goto unbind;
	}
	ret = *ctx->dev->env.inject ? wdi_inject_apply(q, ctx->dev->env.inject) : 0;
	if (!ret && ctx->poll_only && !q->inherited)
		ret = wdi_core_poll_only(q);
	if (ret)
		goto destroy_queue;
	ctx->generation = wdi_core_generation;
	ctx->inherits = ctx->dev->env.fork == WDI_FORK_INHERIT;
	/* Whole before wdi_core_ctx_queue(), which takes no lock, may see it. */
	__atomic_store_n(&ctx->queue, q, __ATOMIC_RELEASE);
	return 0;

destroy_queue:
	wdi_queue_destroy(q);
unbind:
	ctx_unbind(ctx);
put_device:
	wdi_device_put(ctx->dev);
	ctx->dev = NULL;
	return ret;
}

/*
 * Stop and drain the queue, stop the PASID, unbind. Requests that are
 * dropped on the way may end sessions, which look for a queue to close their
 * objects on: nobody may find this one, and the lock must be free.
 */
static void ctx_close(struct wdi_ctx *ctx)
{
	struct wdi_queue *q;

	pthread_mutex_lock(&ctx->lock);
	q = ctx->queue;
	__atomic_store_n(&ctx->queue, NULL, __ATOMIC_RELEASE);
	ctx->forced = true;
	pthread_mutex_unlock(&ctx->lock);
	if (!q)
		return;
	wdi_queue_destroy(q);
	ctx_unbind(ctx);
	wdi_device_put(ctx->dev);
	ctx->dev = NULL;
}

static void contexts_hold(void)
{
	pthread_mutex_lock(&contexts_lock);
}

static void contexts_go_on(void)
{
	pthread_mutex_unlock(&contexts_lock);
}

/* In the child: the parent's queues are not ours; the next use opens our own. */
static void contexts_forget(void)
{
	for (struct wdi_ctx *ctx = contexts; ctx; ctx = ctx->next) {
		pthread_mutex_init(&ctx->lock, NULL);
		if (ctx->queue) {
			ctx->inherited_pasid = ctx->pasid;
			wdi_queue_forget(ctx->queue);
		}
		if (ctx->inherits)
			ctx->inherited = wdi_device_inherit(ctx->dev ? ctx->dev : ctx->inherited);
		ctx->queue = NULL;
		ctx->dev = NULL;
		ctx->pasid = 0;
		memset(ctx->pub.qfrs_base, 0, sizeof(ctx->pub.qfrs_base));
	}
	contexts_go_on();
}

static struct wdi_fork_hook contexts_fork = {
	.rank = WDI_FORK_CONTEXT,
	.prepare = contexts_hold,
	.parent = contexts_go_on,
	.child = contexts_forget,
};
WDI_FORK_HOOK(contexts_fork)

int wdi_core_ctx_queue(struct wdi_ctx *ctx, struct wdi_queue **out)
{
	int ret = 0;

	*out = __atomic_load_n(&ctx->queue, __ATOMIC_ACQUIRE);
	if (wdi_likely(*out != NULL))
		return 0;
	pthread_mutex_lock(&ctx->lock);
	if (ctx->forced)
		ret = -ENODEV;
	else if (!ctx->queue)
		ret = ctx_open(ctx);
	*out = ctx->queue;
	pthread_mutex_unlock(&ctx->lock);
	return ret;
}

bool wdi_core_ctx_reports(const struct wdi_ctx *ctx)
{
	return ctx->dev && ctx->dev->caps.fault_report;
}

const char *wdi_core_ctx_device(const struct wdi_ctx *ctx)
{
	return ctx->dev_name;
}

const char *wdi_core_ctx_engine_name(const struct wdi_ctx *ctx, unsigned int engine)
{
	return ctx->dev ? ctx->dev->drv->engine_name(engine) : "";
}

const char *wdi_core_ctx_detail_name(const struct wdi_ctx *ctx, const struct wdi_msg *msg)
{
	const char *name = ctx->dev && ctx->dev->drv->detail_name ?
			   ctx->dev->drv->detail_name(msg) : NULL;

	return name ? name : "";
}

bool wdi_core_ctx_can(const struct wdi_ctx *ctx, enum wdi_op op, unsigned int what)
{
	const struct wdi_caps *caps = ctx->dev ? &ctx->dev->caps : NULL;

	if (!caps || !(caps->ops & (UINT32_C(1) << op)))
		return false;
	switch (op) {
	case WDI_OP_COMPRESS:
		return what < WDI_FMT_COUNT && caps->comp_formats & (UINT32_C(1) << what);
	case WDI_OP_DECOMPRESS:
		return what < WDI_FMT_COUNT && caps->decomp_formats & (UINT32_C(1) << what);
	case WDI_OP_SESSION_OPEN:
	case WDI_OP_CIPHER:
	case WDI_OP_DIGEST:
	case WDI_OP_AEAD:
	case WDI_OP_PK:
		return what < WDI_ALG_COUNT && wdi_caps_alg(caps, what);
	default:
		return true;
	}
}

uint64_t wdi_core_ctx_space(const struct wdi_ctx *ctx)
{
	return (uint64_t)(uintptr_t)ctx->dev ^ (uint64_t)ctx->pasid << 48;
}

/* ---- libwd -------------------------------------------------------------- */

/* Why there is no context, as libwd says it: devices have their own numbers for these two. */
static int request_errno(int error)
{
	switch (error) {
	case -ENOSPC:
		return WD_EBUSY;
	case -EIO:
		return WD_ENODEV;	/* isolated */
	default:
		return -error;
	}
}

handle_t wd_request_ctx(struct uacce_dev *dev)
{
	struct wdi_ctx *ctx;
	int ret;

	if (!dev || !*dev->dev_root) {
		wdi_err("wd_request_ctx: no device");
		errno = EINVAL;
		return 0;
	}
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx) {
		errno = ENOMEM;
		return 0;
	}
	ret = wdi_device_find(dev, &ctx->info);
	if (ret) {
		wdi_err("wd_request_ctx: %s is not a device of this machine", dev->dev_root);
		goto free_ctx;
	}
	pthread_mutex_init(&ctx->lock, NULL);
	strcpy(ctx->dev_name, ctx->info.name);
	strcpy(ctx->api, ctx->info.api);
	ctx->pub.dev = wd_clone_dev(dev);
	ctx->pub.drv_name = wd_get_accel_name(ctx->dev_name, 1);
	if (!ctx->pub.dev || !ctx->pub.drv_name) {
		ret = -ENOMEM;
		goto free_copies;
	}
	ctx->pub.fd = -1;
	ctx->pub.dev_name = ctx->dev_name;
	snprintf(ctx->pub.dev_path, sizeof(ctx->pub.dev_path), "/dev/%s", ctx->dev_name);
	ret = ctx_open(ctx);
	if (ret)
		goto free_copies;
	ctx->magic = WDI_CTX_MAGIC;
	pthread_mutex_lock(&contexts_lock);
	ctx->next = contexts;
	contexts = ctx;
	pthread_mutex_unlock(&contexts_lock);
	/* Clients look at errno after success too; leave nothing stale. */
	errno = 0;
	return (handle_t)ctx;

free_copies:
	pthread_mutex_destroy(&ctx->lock);
	free(ctx->pub.drv_name);
	free(ctx->pub.dev);
free_ctx:
	free(ctx);
	errno = request_errno(ret);
	return 0;
}

void wd_release_ctx(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);
	struct wdi_ctx **at;

	if (!ctx)
		return;
	pthread_mutex_lock(&contexts_lock);
	for (at = &contexts; *at && *at != ctx; at = &(*at)->next)
		;
	if (*at)
		*at = ctx->next;
	pthread_mutex_unlock(&contexts_lock);

	wd_remove_ctx_list(h_ctx);
	ctx_close(ctx);
	if (ctx->inherited)
		wdi_device_put(ctx->inherited);
	ctx->magic = 0;
	pthread_mutex_destroy(&ctx->lock);
	free(ctx->pub.drv_name);
	free(ctx->pub.dev);
	free(ctx);
}

/* The hardware goes now, the handle lives until wd_release_ctx(). */
int wd_release_ctx_force(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	if (!ctx)
		return -WD_EINVAL;
	ctx_close(ctx);
	return 0;
}

int wd_ctx_start(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);
	struct wdi_queue *q;

	if (!ctx)
		return -WD_EINVAL;
	return wdi_core_ctx_queue(ctx, &q);
}

int wd_ctx_set_priv(handle_t h_ctx, void *priv)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	if (!ctx)
		return -WD_EINVAL;
	ctx->pub.priv = priv;
	return 0;
}

void *wd_ctx_get_priv(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	return ctx ? ctx->pub.priv : NULL;
}

char *wd_ctx_get_api(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	return ctx ? ctx->api : NULL;
}

char *wd_ctx_get_dev_name(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	return ctx ? ctx->dev_name : NULL;
}

int wd_is_sva(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	if (!ctx)
		return -WD_EINVAL;
	return (ctx->pub.dev->flags & UACCE_DEV_SVA) ? 1 : 0;
}

int wd_get_numa_id(handle_t h_ctx)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	return ctx ? ctx->pub.dev->numa_id : -WD_EINVAL;
}

int wd_ctx_wait(handle_t h_ctx, __u16 ms)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);
	struct wdi_queue *q;
	int ret;

	if (!ctx)
		return -WD_EINVAL;
	ret = wdi_core_ctx_queue(ctx, &q);
	return ret ? ret : wdi_core_wait(q, ms);
}

void *wd_ctx_mmap_qfr(handle_t h_ctx, enum uacce_qfrt qfrt)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);
	struct wdi_region region;
	struct wdi_queue *q;

	if (!ctx || wdi_core_ctx_queue(ctx, &q) || q->drv->region(q->priv, qfrt, &region)) {
		errno = EINVAL;
		return NULL;
	}
	ctx->pub.qfrs_base[qfrt] = region.addr;
	return region.addr;
}

/* The mapping is the queue's; this only ends the application's view of it. */
void wd_ctx_unmap_qfr(handle_t h_ctx, enum uacce_qfrt qfrt)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);

	if (ctx && (unsigned int)qfrt < UACCE_QFRT_MAX)
		ctx->pub.qfrs_base[qfrt] = NULL;
}

unsigned long wd_ctx_get_region_size(handle_t h_ctx, enum uacce_qfrt qfrt)
{
	struct wdi_ctx *ctx = wdi_core_ctx(h_ctx);
	struct wdi_region region;
	struct wdi_queue *q;

	if (!ctx || wdi_core_ctx_queue(ctx, &q) || q->drv->region(q->priv, qfrt, &region))
		return 0;
	return region.size;
}

/* The commands of uacce.h that mean something to a context on any bus. */
int wd_ctx_set_io_cmd(handle_t h_ctx, unsigned long cmd, void *arg)
{
	(void)arg;
	if (!wdi_core_ctx(h_ctx))
		return -WD_EINVAL;
	if (cmd == UACCE_CMD_START)
		return wd_ctx_start(h_ctx);
	if (cmd == UACCE_CMD_PUT_Q)
		return wd_release_ctx_force(h_ctx);
	return -ENOTTY;
}
