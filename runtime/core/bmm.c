/* SPDX-License-Identifier: MIT */
/*
 * wd_bmm.h. A pool of it is a block pool whose memory pool nobody else knows:
 * the handle of the memory pool is given up as soon as the block pool has its
 * units, and the memory goes with the block pool.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "uadk/wd_bmm.h"
#include "util/bits.h"
#include "util/log.h"

#define ALIGN_MAX	4096

/* The number that the name of a context's device ends in. */
static uint32_t device_number(handle_t h_ctx)
{
	const char *name = wd_ctx_get_dev_name(h_ctx);
	const char *dash = name ? strrchr(name, '-') : NULL;

	return dash ? (uint32_t)strtoul(dash + 1, NULL, 10) : 0;
}

static int setup_read(handle_t h_ctx, const struct wd_mempool_setup *from,
		      struct wdi_block_setup *setup)
{
	int sva = wd_is_sva(h_ctx);

	if (sva < 0 || !from) {
		wdi_err("wd_mempool_alloc: %#lx is no context, or there is no setup",
			(unsigned long)h_ctx);
		return -EINVAL;
	}
	if (!sva) {
		wdi_err("wd_mempool_alloc: the device does not share the address space");
		return -ENOTSUP;
	}
	if (from->align_size > ALIGN_MAX || (from->align_size && !wdi_is_pow2(from->align_size))) {
		wdi_err("wd_mempool_alloc: align_size %u is no power of two up to %u",
			from->align_size, ALIGN_MAX);
		return -EINVAL;
	}
	*setup = (struct wdi_block_setup){
		.block_size = from->block_size,
		.block_num = from->block_num,
		.align = from->align_size,
		.tag = device_number(h_ctx),
	};
	return 0;
}

/* Near the device, or anywhere when its node is one without memory. */
static handle_t mempool_near(handle_t h_ctx, size_t bytes)
{
	int node = wdi_max(wd_get_numa_id(h_ctx), NUMA_NO_NODE);
	handle_t mp = wd_mempool_create(bytes, node);

	if (WD_IS_ERR(mp) && WD_HANDLE_ERR(mp) == -WD_EINVAL && node != NUMA_NO_NODE)
		mp = wd_mempool_create(bytes, NUMA_NO_NODE);
	return mp;
}

void *wd_mempool_alloc(handle_t h_ctx, struct wd_mempool_setup *setup)
{
	struct wdi_block_setup blocks;
	handle_t mp, bp;
	size_t bytes;
	int ret = setup_read(h_ctx, setup, &blocks);

	if (!ret)
		ret = wdi_core_blockpool_bytes(&blocks, &bytes);
	if (ret) {
		errno = -ret;
		return NULL;
	}
	mp = mempool_near(h_ctx, bytes);
	if (WD_IS_ERR(mp))
		return NULL;
	bp = wdi_core_blockpool_create(mp, &blocks);
	wd_mempool_destroy(mp);
	return WD_IS_ERR(bp) ? NULL : (void *)bp;
}

void wd_mempool_free(handle_t h_ctx, void *pool)
{
	(void)h_ctx;
	if (pool)
		wd_blockpool_destroy((handle_t)pool);
}

void *wd_mem_alloc(void *pool, size_t size)
{
	return wdi_core_block_alloc((handle_t)pool, size);
}

void wd_mem_free(void *pool, void *buf)
{
	wd_block_free((handle_t)pool, buf);
}

void *wd_mem_map(void *pool, void *buf, size_t sz)
{
	struct wdi_block_info info;

	(void)sz;
	if (buf && !wdi_core_blockpool_info((handle_t)pool, &info))
		return buf;
	errno = EINVAL;
	return NULL;
}

void wd_mem_unmap(void *pool, void *buf_dma, void *buf, size_t sz)
{
	(void)pool;
	(void)buf_dma;
	(void)buf;
	(void)sz;
}

int wd_get_free_num(void *pool, __u32 *free_num)
{
	struct wdi_block_info info;

	if (!free_num || wdi_core_blockpool_info((handle_t)pool, &info))
		return -WD_EINVAL;
	*free_num = info.free;
	return 0;
}

int wd_get_fail_num(void *pool, __u32 *fail_num)
{
	struct wdi_block_info info;

	if (!fail_num || wdi_core_blockpool_info((handle_t)pool, &info))
		return -WD_EINVAL;
	*fail_num = info.failures;
	return 0;
}

__u32 wd_get_bufsize(void *pool)
{
	struct wdi_block_info info;

	return wdi_core_blockpool_info((handle_t)pool, &info) ? 0 : (__u32)info.block_size;
}

__u32 wd_get_dev_id(void *pool)
{
	struct wdi_block_info info;

	return wdi_core_blockpool_info((handle_t)pool, &info) ? 0 : info.tag;
}
