/* SPDX-License-Identifier: MIT */
/*
 * Block memory for the buffers of one context's requests: a memory pool and a
 * block pool of wd.h in one, near the context's device. With SVA the addresses
 * that the device sees are the program's own, so mapping is no work.
 *
 * A pool keeps working when its context is released. Threads and fork() are as
 * in wd.h. A pool that is NULL or not one is refused.
 */
#ifndef UADK_WD_BMM_H
#define UADK_WD_BMM_H

#include <stdint.h>

#include "wd.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/*
 * struct wd_mempool_setup
 * @block_size:	bytes in a block, 1 or more
 * @block_num:	blocks, 1 to 2^32 - 2
 * @align_size:	every block begins at a multiple of this: a power of two up to
 *		4096; 0 or 1: no wish beyond that of wd_blockpool_create()
 * @ops:	memory of the program's own, for devices without SVA; not read
 */
struct wd_mempool_setup {
	__u32 block_size;
	__u32 block_num;
	__u32 align_size;
	struct wd_mm_ops ops;
};

/*
 * wd_mempool_alloc() - make a pool on the node of the context's device, or
 * anywhere if that node has no memory. @setup is not needed afterwards.
 * The pool is the caller's: wd_mempool_free().
 * NULL, with errno: WD_EINVAL (not a context, @setup is NULL or out of range),
 * ENOTSUP (the device has no SVA), WD_ENOMEM.
 */
void *wd_mempool_alloc(handle_t h_ctx, struct wd_mempool_setup *setup);

/*
 * wd_mempool_free() - free a pool. While blocks are still held, no more are
 * given out, holders go on using and freeing theirs, and the memory goes with
 * the last one.
 * @h_ctx: the context that the pool was made for; it may be released already.
 */
void wd_mempool_free(handle_t h_ctx, void *pool);

/*
 * wd_mem_alloc() - take a block for @size bytes; its content is what the last
 * holder left. A call that fails counts in wd_get_fail_num().
 * NULL, with errno: WD_EINVAL (not a pool, @size is 0 or above the block size),
 * WD_ENOMEM (all blocks are held).
 */
void *wd_mem_alloc(void *pool, size_t size);

/* wd_mem_free() - give a block back, as wd_block_free() does. */
void wd_mem_free(void *pool, void *buf);

/*
 * wd_mem_map() - address of @buf as the device sees it: @buf itself.
 * NULL, with errno: WD_EINVAL (not a pool, or @buf is NULL).
 * wd_mem_unmap() - end that; there is nothing to do.
 */
void *wd_mem_map(void *pool, void *buf, size_t sz);
void wd_mem_unmap(void *pool, void *buf_dma, void *buf, size_t sz);

/*
 * wd_get_free_num(), wd_get_fail_num() - blocks that nobody holds, and calls of
 * wd_mem_alloc() that failed. 0, or -WD_EINVAL: not a pool, or NULL.
 */
int wd_get_free_num(void *pool, __u32 *free_num);
int wd_get_fail_num(void *pool, __u32 *fail_num);

/* wd_get_bufsize() - bytes in a block; 0: not a pool. */
__u32 wd_get_bufsize(void *pool);

/* wd_get_dev_id() - number of the device that the pool was made for; 0: not a pool. */
__u32 wd_get_dev_id(void *pool);

/*
 * wd_find_ctx() - the context that was last made known under a name, for
 * wd_mempool_alloc(); it stays with its owner. 0: none, or @alg_name is NULL.
 */
handle_t wd_find_ctx(const char *alg_name);

/*
 * wd_insert_ctx_list(), wd_remove_ctx_list() - make a context known under a
 * name, and forget it under all names, as wd_release_ctx() does by itself.
 * 0, -WD_EINVAL (not a context, or @alg_name is NULL or longer than
 * CRYPTO_MAX_ALG_NAME - 1) or -WD_ENOMEM.
 */
int wd_insert_ctx_list(handle_t h_ctx, char *alg_name);
void wd_remove_ctx_list(handle_t h_ctx);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
