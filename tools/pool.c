/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <weft/weft.h>

#define POLL_BATCH	64
#define DEVICES_MAX	64

static unsigned int want_total(const struct pool_want *want)
{
	unsigned int total = 0;

	for (unsigned int dir = 0; dir < WD_DIR_MAX; dir++) {
		for (unsigned int mode = 0; mode < CTX_MODE_MAX; mode++)
			total += want->count[dir][mode];
	}
	return total;
}

static void release_ctxs(struct pool *pool)
{
	for (unsigned int i = 0; i < pool->ctx_count; i++)
		wd_release_ctx(pool->ctxs[i].ctx);
	free(pool->ctxs);
	pool->ctxs = NULL;
	pool->ctx_count = 0;
}

static int request_ctxs(struct pool *pool, struct uacce_dev *dev, const struct pool_want *want)
{
	pool->ctxs = calloc(want_total(want), sizeof(*pool->ctxs));
	if (!pool->ctxs)
		return -ENOMEM;
	for (unsigned int dir = 0; dir < WD_DIR_MAX; dir++) {
		for (unsigned int mode = 0; mode < CTX_MODE_MAX; mode++) {
			for (unsigned int i = 0; i < want->count[dir][mode]; i++) {
				struct wd_ctx *ctx = &pool->ctxs[pool->ctx_count];

				ctx->op_type = (__u8)dir;
				ctx->ctx_mode = (__u8)mode;
				errno = 0;
				ctx->ctx = wd_request_ctx(dev);
				if (!ctx->ctx) {
					release_ctxs(pool);
					return errno ? -errno : -EBUSY;
				}
				pool->ctx_count++;
			}
		}
	}
	return 0;
}

static int make_sched(struct pool *pool, const struct pool_want *want)
{
	struct sched_params params = { .numa_id = pool->numa_id };
	unsigned int next = 0;
	int ret;

	pool->sched = wd_sched_rr_alloc(SCHED_POLICY_RR, WD_DIR_MAX,
					(__u16)(pool->numa_id + 1), wd_comp_poll_ctx);
	if (!pool->sched)
		return -ENOMEM;
	for (unsigned int dir = 0; dir < WD_DIR_MAX; dir++) {
		for (unsigned int mode = 0; mode < CTX_MODE_MAX; mode++) {
			if (!want->count[dir][mode])
				continue;
			params.type = (__u8)dir;
			params.mode = (__u8)mode;
			params.begin = next;
			next += want->count[dir][mode];
			params.end = next - 1;
			ret = wd_sched_rr_instance(pool->sched, &params);
			if (ret)
				return ret < 0 ? ret : -ret;
		}
	}
	return 0;
}

/* No engine threads: no descriptors, and pool_wait() has nothing to wait for. */
static int get_fds(struct pool *pool)
{
	pool->fds = calloc(pool->ctx_count, sizeof(*pool->fds));
	if (!pool->fds)
		return -ENOMEM;
	for (unsigned int i = 0; i < pool->ctx_count; i++) {
		int fd;

		if (pool->ctxs[i].ctx_mode != CTX_MODE_ASYNC)
			continue;
		fd = weft_ctx_wait_fd(pool->ctxs[i].ctx);
		if (fd == -EOPNOTSUPP)
			return 0;
		if (fd < 0)
			return fd;
		pool->fds[pool->fd_count].fd = fd;
		pool->fds[pool->fd_count++].events = POLLIN;
	}
	return 0;
}

int pool_open(struct pool *pool, const char *alg, struct uacce_dev *dev,
	      const struct pool_want *want, bool sleep)
{
	struct uacce_dev *own = NULL;
	struct wd_ctx_config config = { 0 };
	int ret;

	memset(pool, 0, sizeof(*pool));
	if (!dev) {
		own = wd_get_accel_dev(alg);
		if (!own)
			return -ENODEV;
		dev = own;
	}
	pool->numa_id = dev->numa_id > 0 ? dev->numa_id : 0;
	ret = request_ctxs(pool, dev, want);
	free(own);
	if (ret)
		return ret;
	ret = make_sched(pool, want);
	if (ret)
		goto release_sched;
	if (sleep) {
		ret = get_fds(pool);
		if (ret)
			goto release_sched;
	}
	config.ctx_num = pool->ctx_count;
	config.ctxs = pool->ctxs;
	ret = wd_comp_init(&config, pool->sched);
	if (!ret)
		return 0;
	ret = ret < 0 ? ret : -ret;

release_sched:
	free(pool->fds);
	if (pool->sched)
		wd_sched_rr_release(pool->sched);
	release_ctxs(pool);
	return ret;
}

void pool_close(struct pool *pool)
{
	wd_comp_uninit();
	wd_sched_rr_release(pool->sched);
	free(pool->fds);
	release_ctxs(pool);
}

handle_t pool_first_ctx(const struct pool *pool, unsigned int dir, unsigned int mode)
{
	for (unsigned int i = 0; i < pool->ctx_count; i++) {
		if (pool->ctxs[i].op_type == dir && pool->ctxs[i].ctx_mode == mode)
			return pool->ctxs[i].ctx;
	}
	return 0;
}

handle_t pool_session(const struct pool *pool, enum wd_comp_alg_type alg,
		      enum wd_comp_op_type dir, unsigned int level)
{
	struct sched_params params = { .numa_id = pool->numa_id, .type = (__u8)dir };
	struct wd_comp_sess_setup setup = {
		.alg_type = alg,
		.comp_lv = (enum wd_comp_level)level,
		.win_sz = WD_COMP_WS_32K,
		.op_type = dir,
		.sched_param = &params,
	};

	return wd_comp_alloc_sess(&setup);
}

int pool_poll(struct pool *pool)
{
	int total = 0;

	for (__u32 i = 0; i < pool->ctx_count; i++) {
		__u32 count = 0;
		int ret;

		if (pool->ctxs[i].ctx_mode != CTX_MODE_ASYNC)
			continue;
		ret = wd_comp_poll_ctx(i, POLL_BATCH, &count);
		total += (int)count;
		if (ret && ret != -EAGAIN)
			return ret < 0 ? ret : -ret;
	}
	return total;
}

void pool_wait(struct pool *pool, int timeout_ms)
{
	if (pool->fd_count)
		poll(pool->fds, pool->fd_count, timeout_ms);
	else
		sched_yield();
}

unsigned int pool_width(void)
{
	struct weft_device list[DEVICES_MAX];
	unsigned int width = 1;
	int count;

	list[0].size = sizeof(list[0]);
	count = weft_device_list(list, DEVICES_MAX);
	for (int i = 0; i < count && i < DEVICES_MAX; i++) {
		if (list[i].engine_threads > width)
			width = list[i].engine_threads;
	}
	return width;
}

static const struct {
	unsigned int status;
	const char *text;
} status_texts[] = {
	{ WD_ADDR_ERR, "bad address" },
	{ WD_HW_EACCESS, "the device was reset" },
	{ WD_SGL_ERR, "bad scatter list" },
	{ WD_VERIFY_ERR, "verification failed" },
	{ WD_OUT_EPARA, "output parameter error" },
	{ WD_IN_EPARA, "invalid compressed data" },
	{ WD_ENOPROC, "not processed" },
	{ WD_ETIMEDOUT, "the device did not answer in time" },
	{ WD_ENOMEM, "the device is out of memory" },
	{ WD_EIO, "the device failed" },
};

const char *pool_status_text(unsigned int status)
{
	for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++) {
		if (status_texts[i].status == status)
			return status_texts[i].text;
	}
	return "the device reported an unknown error";
}
