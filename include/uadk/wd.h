/* SPDX-License-Identifier: MIT */
/*
 * The libwd API: devices, contexts, block memory, capabilities. Link with
 * -lwd (pkg-config libwd). Algorithms are in wd_comp.h and its like.
 *
 * A context is one queue of a device, bound to the address space of the
 * process: everything that is handed to it is a plain pointer of the program.
 *
 * Errors. Functions that return int give 0 (or a count) or a negative WD_*
 * number. Functions that return a pointer give NULL, and those that return a
 * handle give 0; where "errno" is said, it tells why. Where the error comes back
 * inside the pointer or handle instead, the function says so, and WD_IS_ERR()
 * tells.
 *
 * Threads. All functions may be called from any thread at any time, with one
 * exception: what a call destroys must not be in use by another call.
 *
 * fork(). A child inherits handles. Its first use of a context opens one of
 * its own on the same device; block memory is copied as any private memory is
 * (on huge pages, the child may run out of them when it writes). With
 * WEFT_FORK=inherit in the parent's environment it works through the parent's
 * device instead, and addresses are of the parent's memory: see weft(7).
 */
#ifndef UADK_WD_H
#define UADK_WD_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <linux/types.h>

/* Programs that use node masks get libnuma's declarations along, where it is installed. */
#if defined(__has_include)
#if __has_include(<numa.h>)
#include <numa.h>
#endif
#endif

#include "uacce.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct bitmask;		/* of libnuma */

/* Lengths of the strings in the structs below, with the closing NUL. */
#define PATH_STR_SIZE		256
#define MAX_ATTR_STR_SIZE	384
#define WD_NAME_SIZE		64
#define MAX_DEV_NAME_LEN	256
#define CRYPTO_MAX_ALG_NAME	128

/*
 * UADK keeps one unsigned long a context, the requests it has sent, in a System
 * V shared memory segment of this key and this many entries. Tools that read it
 * find it empty here; weft_ctx_stats() of <weft/weft.h> has these counters and
 * more, and needs no segment.
 */
#define WD_IPC_KEY		0x500011
#define WD_CTX_CNT_NUM		1024

#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE		(-1)
#endif

#ifndef likely
#define likely(x)		__builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x)		__builtin_expect(!!(x), 0)
#endif
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(x)		(sizeof(x) / sizeof((x)[0]))
#endif

/* Ordering of accesses to memory that a device sees too: loads, stores, both. */
#if defined(__aarch64__)
#ifndef rmb
#define rmb()			__asm__ volatile("dsb ld" : : : "memory")
#endif
#ifndef wmb
#define wmb()			__asm__ volatile("dsb st" : : : "memory")
#endif
#ifndef mb
#define mb()			__asm__ volatile("dsb sy" : : : "memory")
#endif
#else
#ifndef rmb
#define rmb()			__sync_synchronize()
#endif
#ifndef wmb
#define wmb()			__sync_synchronize()
#endif
#ifndef mb
#define mb()			__sync_synchronize()
#endif
#endif

/* A context, session or pool. The value means nothing outside the library. */
#define handle_t		uintptr_t

/*
 * Messages of the program, printf-like: to the system log, facility local5, or
 * to stderr with WD_NO_LOG defined. The library itself writes elsewhere and
 * only when asked to: WEFT_LOG=error, warn, info or debug in the environment.
 */
#ifndef WD_ERR
#ifndef WD_NO_LOG
#define WD_ERR(...)		syslog(LOG_LOCAL5 | LOG_ERR, __VA_ARGS__)
#else
#define WD_ERR(...)		fprintf(stderr, __VA_ARGS__)
#endif
#endif
#ifndef WD_INFO
#ifndef WD_NO_LOG
#define WD_INFO(...)		syslog(LOG_LOCAL5 | LOG_INFO, __VA_ARGS__)
#else
#define WD_INFO(...)		fprintf(stderr, __VA_ARGS__)
#endif
#endif
#ifndef WD_DEBUG
#ifndef WD_NO_LOG
#define WD_DEBUG(...)		syslog(LOG_LOCAL5 | LOG_DEBUG, __VA_ARGS__)
#else
#define WD_DEBUG(...)		fprintf(stderr, __VA_ARGS__)
#endif
#endif
/* WD_ERR() with a line before it that names the device of context @h_ctx. */
#ifndef WD_DEV_ERR
#define WD_DEV_ERR(h_ctx, ...) \
	do { \
		WD_ERR("device %s:\n", wd_ctx_get_dev_name(h_ctx)); \
		WD_ERR(__VA_ARGS__); \
	} while (0)
#endif
#ifndef WD_CONSOLE
#define WD_CONSOLE		printf
#endif

/*
 * Results. Return values carry them negated, the status of a request as they
 * are. Those up to WD_SOFT_COMPUTING are not errors. The last seven numbers
 * mean something else in errno.h: strerror() does not know them.
 */
#define WD_SUCCESS		0
#define WD_STREAM_END		1	/* the stream is complete */
#define WD_STREAM_START		2
#define WD_SOFT_COMPUTING	3
#define WD_EIO			EIO
#define WD_EAGAIN		EAGAIN
#define WD_ENOMEM		ENOMEM
#define WD_EACCES		EACCES
#define WD_EACCESS		EACCES
#define WD_EBUSY		EBUSY
#define WD_EEXIST		EEXIST
#define WD_ENODEV		ENODEV
#define WD_EINVAL		EINVAL
#define WD_ETIMEDOUT		ETIMEDOUT
#define WD_ADDR_ERR		61	/* an address that the device could not access */
#define WD_HW_EACCESS		62	/* the device was reset, is isolated or gone */
#define WD_SGL_ERR		63	/* a scatter list that makes no sense */
#define WD_VERIFY_ERR		64	/* a signature or tag that does not match */
#define WD_OUT_EPARA		66	/* output buffer too small */
#define WD_IN_EPARA		67	/* input that is not what the algorithm expects */
#define WD_ENOPROC		68	/* not processed */

/* Errors inside pointers and handles: the top 999 values are negated numbers. */
#define WD_HANDLE_ERR(h)	((long long)(h))
#define WD_IS_ERR(h)		((uintptr_t)(h) > \
				(uintptr_t)(-1000))

static inline void *WD_ERR_PTR(uintptr_t error)
{
	return (void *)error;
}

static inline long WD_PTR_ERR(const void *ptr)
{
	return (long)(intptr_t)ptr;
}

/* How a request describes its data: one buffer, or a list of struct wd_datalist. */
enum wd_buff_type {
	WD_FLAT_BUF,
	WD_SGL_BUF,
};

enum wd_alg_type {
	WD_CIPHER,
	WD_DIGEST,
	WD_AEAD,
};

/* Callbacks of struct wd_mm_ops; @usr is its member of that name. */
typedef void *(*wd_alloc)(void *usr, size_t size);
typedef void (*wd_free)(void *usr, void *va);
typedef void *(*wd_map)(void *usr, void *va, size_t sz);
typedef void (*wd_unmap)(void *usr, void *va, void *dma, size_t sz);
typedef __u32 (*wd_bufsize)(void *usr);

/*
 * struct wd_mm_ops - memory of the program's own for a device without SVA. With
 * SVA, which is all that this library drives, no member is read or called; it
 * may be left uninitialised.
 * @alloc, @free:	memory that the device can reach
 * @iova_map, @iova_unmap: address of it as the device sees it, and back
 * @get_bufsize:	size of one block of it; may be NULL
 * @usr:		first argument of all of them
 * @sva_mode:		whether addresses are plain pointers
 */
struct wd_mm_ops {
	wd_alloc alloc;
	wd_free free;
	wd_map iova_map;
	wd_unmap iova_unmap;
	wd_bufsize get_bufsize;
	void *usr;
	bool sva_mode;
};

/*
 * struct wd_dtb - a number or string with its room.
 * @data:	first byte
 * @dsize:	bytes in use
 * @bsize:	bytes of room
 */
struct wd_dtb {
	char *data;
	__u32 dsize;
	__u32 bsize;
};

/*
 * struct uacce_dev - a device, as it was when the struct was made.
 * @flags:	UACCE_DEV_*
 * @numa_id:	node that it is attached to, or -1
 * @api:	what its queues speak. "hisi_qm_v2" stands for a reduced set of
 *		algorithms; anything else for all that @algs names.
 * @algs:	its algorithms and classes of algorithms, separated by newlines
 * @dev_root:	its folder in sysfs; the last part is the name of the device
 * @char_dev_path: its file in /dev; ends in '-' and the number of the device
 * @qfrs_offs:	bytes in each region of a context, where the device says so before
 *		one is open; else 0: see wd_ctx_get_region_size()
 */
struct uacce_dev {
	int flags;
	int numa_id;
	char api[WD_NAME_SIZE];
	char algs[MAX_ATTR_STR_SIZE];
	char dev_root[PATH_STR_SIZE];
	char char_dev_path[MAX_DEV_NAME_LEN];
	unsigned long qfrs_offs[UACCE_QFRT_MAX];
};

struct uacce_dev_list {
	struct uacce_dev *dev;
	struct uacce_dev_list *next;
};

/* ---- devices ----------------------------------------------------------- */

/*
 * wd_get_accel_list() - every device that has an algorithm.
 * @alg_name: a class ("comp", "cipher", "digest", "aead", "rsa", "dh", ...) or a
 * single algorithm ("gzip", "cbc(aes)").
 *
 * The list and its devices are the caller's: wd_free_list_accels().
 * NULL: no device has it, @alg_name is NULL, or no memory.
 */
struct uacce_dev_list *wd_get_accel_list(const char *alg_name);

/* wd_free_list_accels() - free a list with its devices. NULL is allowed. */
void wd_free_list_accels(struct uacce_dev_list *list);

/*
 * wd_get_accel_dev() - the best device for an algorithm: of those that have a
 * context left, the one nearest to the CPU that the caller runs on.
 * @alg_name: as for wd_get_accel_list().
 *
 * The struct is the caller's: free().
 * NULL: no device has it, none has a context left, @alg_name is NULL, or no
 * memory.
 */
struct uacce_dev *wd_get_accel_dev(const char *alg_name);

/*
 * wd_find_dev_by_numa() - the device of a list that sits on node @numa_id and
 * has the most contexts left. The result points into the list.
 * WD_IS_ERR(): -WD_EINVAL (@list is NULL), -WD_ENODEV (none on that node has a
 * context left).
 */
struct uacce_dev *wd_find_dev_by_numa(struct uacce_dev_list *list, int numa_id);

/*
 * wd_clone_dev() - copy of a device struct, the caller's: free().
 * NULL: @dev is NULL, or no memory.
 */
struct uacce_dev *wd_clone_dev(struct uacce_dev *dev);

/*
 * wd_add_dev_to_list() - append @node to the list that begins at @head. The
 * list takes it over. Nothing happens when either is NULL.
 */
void wd_add_dev_to_list(struct uacce_dev_list *head, struct uacce_dev_list *node);

/*
 * wd_create_device_nodemask() - libnuma mask of the nodes that a list's devices
 * sit on, for wd_ctx_params.bmp. The mask is the caller's:
 * wd_free_device_nodemask().
 * WD_IS_ERR(): -WD_EINVAL (@list is NULL), -WD_ENOMEM, -ENOTSUP (the library was
 * built without libnuma).
 */
struct bitmask *wd_create_device_nodemask(struct uacce_dev_list *list);

/* wd_free_device_nodemask() - free such a mask. NULL is allowed. */
void wd_free_device_nodemask(struct bitmask *bmp);

/* wd_get_avail_ctx() - contexts left in a device, or -WD_EINVAL, -WD_ENODEV. */
int wd_get_avail_ctx(struct uacce_dev *dev);

/*
 * wd_is_isolate() - 1: the device failed too often and refuses work; 0: it does
 * not. -WD_EINVAL (@dev is NULL), -WD_ENODEV (it is gone).
 */
int wd_is_isolate(struct uacce_dev *dev);

/*
 * wd_get_accel_name() - name in the path of a device file.
 * @dev_path: for example "/dev/hisi_zip-0".
 * @no_apdx: 0: "hisi_zip-0", otherwise: without the number, "hisi_zip".
 *
 * The string is the caller's: free(). NULL: @dev_path is NULL or empty, or no
 * memory.
 */
char *wd_get_accel_name(char *dev_path, int no_apdx);

/*
 * wd_get_dev_usage() - how busy a device is.
 * @alg_name: class or algorithm to ask about, as for wd_get_accel_list().
 * @alg_op_type: operation of the class, for example enum wd_comp_op_type.
 *
 * Percent, 0 to 100; of the software device, the share of its contexts that are
 * open. -WD_EINVAL (an argument is NULL, or the device does not have the
 * algorithm), -WD_ENODEV (it is gone).
 */
int wd_get_dev_usage(struct uacce_dev *dev, const char *alg_name, __u8 alg_op_type);

/* ---- contexts ---------------------------------------------------------- */

/*
 * wd_request_ctx() - open a context of a device.
 * @dev: from wd_get_accel_list() or wd_get_accel_dev(); not needed afterwards.
 *
 * The context is the caller's: wd_release_ctx(). It costs the device a queue.
 * 0, with errno: WD_EINVAL (@dev is NULL), WD_ENODEV (the device is gone or
 * isolated), WD_EBUSY (no context is left), WD_ENOMEM. A good call leaves errno
 * at 0, because programs look at it.
 */
handle_t wd_request_ctx(struct uacce_dev *dev);

/*
 * wd_release_ctx() - close a context. Requests that it still holds end with
 * WD_HW_EACCESS. A class that was initialised with the context has to be
 * uninitialised first. 0 is allowed.
 */
void wd_release_ctx(handle_t h_ctx);

/*
 * wd_release_ctx_force() - give the device its queue back at once and keep only
 * the handle. What needs the queue is then refused with -WD_ENODEV;
 * wd_release_ctx() ends it. -WD_EINVAL (not a context).
 */
int wd_release_ctx_force(handle_t h_ctx);

/*
 * wd_ctx_start() - let a context take work. The classes do this by themselves.
 * Starting twice is not an error. -WD_EINVAL (not a context), -WD_ENODEV (its
 * queue has been given back).
 */
int wd_ctx_start(handle_t h_ctx);

/*
 * wd_ctx_set_priv(), wd_ctx_get_priv() - a pointer that the program keeps with
 * a context. The library never looks at it. -WD_EINVAL, NULL: not a context.
 */
int wd_ctx_set_priv(handle_t h_ctx, void *priv);
void *wd_ctx_get_priv(handle_t h_ctx);

/*
 * wd_ctx_get_api(), wd_ctx_get_dev_name() - uacce_dev.api and the name of the
 * context's device. The strings belong to the context. NULL: not a context.
 */
char *wd_ctx_get_api(handle_t h_ctx);
char *wd_ctx_get_dev_name(handle_t h_ctx);

/* wd_get_numa_id() - node of the context's device; -1: none; -WD_EINVAL: not a context. */
int wd_get_numa_id(handle_t h_ctx);

/* wd_is_sva() - 1: plain pointers; 0: not; -WD_EINVAL: not a context. */
int wd_is_sva(handle_t h_ctx);

/*
 * wd_ctx_wait() - sleep until a completion waits in a context to be polled.
 * @ms: at most this many milliseconds; 0: only look.
 *
 * Above 0: there is one. 0: the time is over. -WD_EINVAL (not a context),
 * -WD_ENODEV (its queue has been given back).
 */
int wd_ctx_wait(handle_t h_ctx, __u16 ms);

/*
 * wd_ctx_mmap_qfr() - address of a region of a context. A second call gives the
 * same. What stands there is between the driver and the device; a program that
 * also sends requests through the context must not write to it.
 * NULL, with errno: WD_EINVAL (not a context, or no such region).
 * wd_ctx_unmap_qfr() - the program is done with it. wd_release_ctx() does it too.
 */
void *wd_ctx_mmap_qfr(handle_t h_ctx, enum uacce_qfrt qfrt);
void wd_ctx_unmap_qfr(handle_t h_ctx, enum uacce_qfrt qfrt);

/* wd_ctx_get_region_size() - bytes in a region; 0: no such region or context. */
unsigned long wd_ctx_get_region_size(handle_t h_ctx, enum uacce_qfrt qfrt);

/*
 * wd_ctx_set_io_cmd() - send a command to the file behind a context.
 * @cmd: UACCE_CMD_*, or one of the device's own.
 * @arg: what the command says; NULL where it takes none.
 *
 * 0 or more as the command returns it. -WD_EINVAL (not a context), -ENOTTY (the
 * device does not know the command).
 */
int wd_ctx_set_io_cmd(handle_t h_ctx, unsigned long cmd, void *arg);

/* ---- block memory ------------------------------------------------------ */

/*
 * Memory in blocks of one size, taken and given back without a system call and
 * near a NUMA node. Requests do not need it: any memory will do. It helps where
 * buffers come and go quickly, or should stand on huge pages.
 *
 * A memory pool is one mapping, handed out in units of 4 KiB. A block pool
 * takes such units and cuts blocks from them. A block up to 4 KiB never crosses
 * a unit; a larger one begins at a unit. Every block begins at a multiple of 16
 * bytes, or of 8 when it is smaller than 16.
 */

enum wd_page_type {
	WD_HUGE_PAGE = 0,
	WD_NORMAL_PAGE,
};

/*
 * struct wd_mempool_stats
 * @page_type:	what the mapping is made of
 * @page_size:	bytes in one of those pages
 * @page_num:	pages in the mapping
 * @blk_size:	bytes in a unit: 4096
 * @blk_num:	units in the pool
 * @free_blk_num: units that no block pool holds
 * @blk_usage_rate: units that a block pool holds, in percent
 */
struct wd_mempool_stats {
	enum wd_page_type page_type;
	unsigned long page_size;
	unsigned long page_num;
	unsigned long blk_size;
	unsigned long blk_num;
	unsigned long free_blk_num;
	unsigned long blk_usage_rate;
};

/*
 * struct wd_blockpool_stats
 * @block_size:	bytes in a block, as asked for
 * @block_num:	blocks in the pool
 * @free_block_num: blocks that nobody holds
 * @block_usage_rate: blocks that somebody holds, in percent
 * @mem_waste_rate: bytes of the pool's units that no block uses, in percent
 */
struct wd_blockpool_stats {
	unsigned long block_size;
	unsigned long block_num;
	unsigned long free_block_num;
	unsigned long block_usage_rate;
	unsigned long mem_waste_rate;
};

/*
 * wd_mempool_create() - map memory for block pools.
 * @size: bytes, rounded up to 4 KiB.
 * @node: NUMA node that the pages come from and never leave; -1: wherever.
 *
 * Huge pages are tried first: of the sizes with enough free pages (on @node)
 * the smallest. Otherwise the pages are normal ones, taken when first touched.
 * WD_IS_ERR(), and errno says the same: -WD_EINVAL (@size is 0, there is no such
 * node or it has no memory), -WD_ENOMEM.
 */
handle_t wd_mempool_create(size_t size, int node);

/*
 * wd_mempool_destroy() - give the memory back. While block pools still use it,
 * the handle is gone at once and the memory goes with the last of them.
 */
void wd_mempool_destroy(handle_t mempool);

/* wd_mempool_stats() - fill @stats; untouched when @mempool is not one. */
void wd_mempool_stats(handle_t mempool, struct wd_mempool_stats *stats);

/*
 * wd_blockpool_create() - take units from a memory pool and cut blocks.
 * @block_size: bytes, 1 or more. @block_num: 1 to 2^32 - 2.
 *
 * WD_IS_ERR(), and errno says the same: -WD_EINVAL (not a memory pool, or a
 * number out of range), -WD_ENOMEM (the pool has not enough free units, or for
 * blocks above 4 KiB not enough of them side by side: see its @blk_usage_rate).
 */
handle_t wd_blockpool_create(handle_t mempool, size_t block_size,
			     size_t block_num);

/*
 * wd_blockpool_destroy() - give the units back. While blocks are still held,
 * no more are given out, holders go on using and freeing theirs, and the units
 * go back with the last one.
 */
void wd_blockpool_destroy(handle_t blkpool);

/* wd_blockpool_stats() - fill @stats; untouched when @blkpool is not one. */
void wd_blockpool_stats(handle_t blkpool, struct wd_blockpool_stats *stats);

/*
 * wd_block_alloc() - take a block. Its content is what the last holder left.
 * NULL, with errno: WD_EINVAL (not a block pool), WD_ENOMEM (all blocks are held).
 */
void *wd_block_alloc(handle_t blkpool);

/*
 * wd_block_free() - give a block back, from any thread. NULL is allowed. An
 * address that is not the beginning of a block of this pool, or whose block
 * nobody holds, is logged and changes nothing.
 */
void wd_block_free(handle_t blkpool, void *addr);

/* ---- the library ------------------------------------------------------- */

/* wd_get_version() - print the version of the library to standard output. */
void wd_get_version(void);

/* wd_need_debug(), wd_need_info() - whether WEFT_LOG lets such messages through. */
bool wd_need_debug(void);
bool wd_need_info(void);

/*
 * struct wd_capability - one algorithm of one driver.
 * @alg_name:	for example "gzip"
 * @drv_name:	who has it
 * @available:	a device of that driver is there and not isolated
 * @priority:	the highest is chosen first
 * @calc_type:	enum alg_dev_type of wd_alg.h
 * @next:	the next one, or NULL
 */
struct wd_capability {
	char alg_name[CRYPTO_MAX_ALG_NAME];
	char drv_name[CRYPTO_MAX_ALG_NAME];
	bool available;
	int priority;
	int calc_type;
	struct wd_capability *next;
};

/*
 * wd_get_alg_cap() - every algorithm that the system has, as a list that is the
 * caller's: wd_release_alg_cap(). NULL: there is none, or no memory.
 * wd_release_alg_cap() - free the list. NULL is allowed.
 */
struct wd_capability *wd_get_alg_cap(void);
void wd_release_alg_cap(struct wd_capability *head);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
