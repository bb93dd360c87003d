/* SPDX-License-Identifier: MIT */
/*
 * What the algorithm classes have in common: how a class begins and ends, which
 * contexts it works with, and the scheduler that spreads requests over them.
 *
 * START AND END. Each class (comp, cipher, digest, aead, ...) is initialised once
 * a process, in one of four ways, and ended by the function of the same way:
 *
 *	wd_<class>_init2_(alg, sched_type, task_type, ctx_params), uninit2()
 *		the library finds the devices that have algorithm @alg, requests
 *		contexts and makes a scheduler (enum sched_policy_type of
 *		wd_sched.h). @task_type: enum alg_task_type. @ctx_params: contexts to
 *		request, or NULL for the default; init2() is short for that.
 *	wd_<class>_init(config, sched), uninit()
 *		the program brings contexts and a scheduler. Both structs are
 *		copied, what they point at must live until uninit().
 *	wd_<class>_env_init(sched), env_uninit()
 *		WD_<CLASS>_CTX_NUM says how many contexts; @sched: the program's
 *		scheduler, or NULL: SCHED_POLICY_RR
 *	wd_<class>_ctx_num_init(node, type, num, mode), ctx_num_uninit()
 *		@num contexts of NUMA node @node, for operation @type of the class
 *		and enum wd_ctx_mode @mode
 *
 * All four return 0, or:
 *	-WD_EEXIST	the class is initialised already; this caller may use it, and
 *			has nothing to end
 *	-WD_EINVAL	an argument is NULL, out of range or not known, a context is
 *			not one, has no such operation or mode, or its device has
 *			nothing of this class, or the variable cannot be read
 *	-WD_ENODEV	no device has the algorithm
 *	-WD_EBUSY	no context is left, or sessions of an initialisation that has
 *			ended still live (not with init2_() after uninit2())
 *	-WD_ENOMEM
 *
 * Ending. After uninit2(), env_uninit() and ctx_num_uninit() the contexts stay
 * open for sessions that still live and go when the last is freed; no new session
 * can be made. After uninit() contexts and scheduler are the program's again, and
 * sessions that still live refuse requests with -WD_EINVAL. Without an init before
 * it, each of them does nothing. After fork() the child starts as if nothing had
 * been initialised; sessions are the parent's.
 *
 * wd_<class>_get_env_param(node, type, mode, num, is_enable) tells what env_init()
 * or ctx_num_init() requested: *@num contexts, *@is_enable 1 if threads of the
 * library poll for them. 0; *@num is 0 where there are none. -WD_EINVAL: NULL, out
 * of range, or not initialised by one of the two; then nothing is written.
 *
 * Environment, read when a class is initialised:
 *	WD_<CLASS>_CTX_NUM	contexts to request, for all but init():
 *		"sync:2@0,async:2@0" is two of each kind for each operation on node 0
 *	WD_<CLASS>_ASYNC_POLL_EN	1: threads of the library poll and run the
 *		callbacks (env_init() and ctx_num_init() only); default 0. They
 *		sleep until an engine thread wakes them: with
 *		WEFT_ENGINE_THREADS=0 initialisation fails with -EOPNOTSUPP
 *	WD_<CLASS>_ASYNC_POLL_NUM	how many such threads
 *	WD_<CLASS>_EPOLL_EN	1: synchronous calls sleep without spinning first
 *
 * POLLING. The callback of an asynchronous request runs within one of
 *	wd_<class>_poll_ctx(idx, expt, count)
 *		the context at position @idx: at most @expt (1 or more) requests.
 *		*@count: out: how many. 0: @expt of them. -WD_EAGAIN: fewer, perhaps
 *		none; nothing more has completed by now. -WD_EINVAL: @count is NULL,
 *		@expt is 0, no such context, or not initialised. -WD_HW_EACCESS: the
 *		device is gone. *@count is 0 with every error but -WD_EAGAIN.
 *	wd_<class>_poll(expt, count)
 *		the same over all contexts, as the scheduler sees fit. Set *@count to
 *		0 before; what was polled is added. 0, -WD_EINVAL, or what the
 *		scheduler's poll_policy() returned.
 * Several threads may poll one context.
 */
#ifndef UADK_WD_ALG_COMMON_H
#define UADK_WD_ALG_COMMON_H

#include <pthread.h>
#include <stdbool.h>

#include "wd.h"
#include "wd_alg.h"
#include "wd_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef BYTE_BITS
#define BYTE_BITS		8
#endif
#ifndef BITS_TO_BYTES
#define BITS_TO_BYTES(bits)	(((bits) + 7) >> 3)
#endif
#ifndef BYTES_TO_BITS
#define BYTES_TO_BITS(bytes)	((bytes) << 3)
#endif

/* Key sizes in bytes. */
#define MAX_CIPHER_KEY_SIZE	64
#define AES_KEYSIZE_128		16
#define AES_KEYSIZE_192		24
#define AES_KEYSIZE_256		32
#define SM4_KEY_SIZE		16
#define DES_KEY_SIZE		8
#define DES3_2KEY_SIZE		(2 * DES_KEY_SIZE)
#define DES3_3KEY_SIZE		(3 * DES_KEY_SIZE)
#define MAX_HMAC_KEY_SIZE	128U

/* What wd_<class>_init2_() may use. */
enum alg_task_type {
	TASK_MIX = 0x0,		/* whatever computes the algorithm */
	TASK_HW,		/* devices only */
	TASK_INSTR,		/* instructions of the CPU only */
	TASK_MAX_TYPE,
};

enum wd_ctx_mode {
	CTX_MODE_SYNC = 0,
	CTX_MODE_ASYNC,
	CTX_MODE_MAX,
};

/* Who provides the memory of a session. Without effect on a device with SVA. */
enum wd_mem_type {
	UADK_MEM_AUTO,		/* the library chooses */
	UADK_MEM_USER,		/* the program, through struct wd_mm_ops */
	UADK_MEM_PROXY,		/* the library, and it copies */
	UADK_MEM_MAX,
};

/*
 * struct wd_ctx - a context and what it is for.
 * @ctx:	of wd_request_ctx()
 * @op_type:	operation of the class, for example enum wd_comp_op_type
 * @ctx_mode:	enum wd_ctx_mode: synchronous and asynchronous requests go
 *		through different contexts
 */
struct wd_ctx {
	handle_t ctx;
	__u8 op_type;
	__u8 ctx_mode;
};

/*
 * struct wd_cap_config - limits that the program sets.
 * @ctx_msg_num: asynchronous requests that a context can hold at once, 1 to
 *		1024; anything else: 1024
 * @resv:	not read
 */
struct wd_cap_config {
	__u32 ctx_msg_num;
	__u32 resv;
};

/*
 * struct wd_ctx_config - the contexts of a class. Read during
 * wd_<class>_init(); the contexts themselves stay the program's, and stay open
 * until wd_<class>_uninit().
 * @ctx_num:	entries of @ctxs; a scheduler names contexts by their position
 * @ctxs:	the contexts
 * @priv:	for the program's own scheduler; the library does not look at it
 * @cap:	limits, or NULL
 */
struct wd_ctx_config {
	__u32 ctx_num;
	struct wd_ctx *ctxs;
	void *priv;
	struct wd_cap_config *cap;
};

/*
 * struct wd_ctx_nums - how many contexts one operation gets.
 * @sync_ctx_num:	for synchronous requests
 * @async_ctx_num:	for asynchronous ones
 */
struct wd_ctx_nums {
	__u32 sync_ctx_num;
	__u32 async_ctx_num;
};

/*
 * struct wd_ctx_params - what wd_<class>_init2_() should request. Read during
 * the call only. The environment variable WD_<CLASS>_CTX_NUM overrules it.
 * @op_type_num: entries of @ctx_set_num; entry i is for operation i
 * @ctx_set_num: contexts for each operation, on each node
 * @bmp:	libnuma mask of nodes to use, or NULL: all that have a device
 * @cap:	limits, or NULL
 */
struct wd_ctx_params {
	__u32 op_type_num;
	struct wd_ctx_nums *ctx_set_num;
	struct bitmask *bmp;
	struct wd_cap_config *cap;
};

/*
 * struct wd_sched - a scheduler: one of wd_sched_rr_alloc(), or the program's
 * own. wd_<class>_init() copies the struct; @h_sched_ctx must live until uninit.
 * @name:	for messages; the program may put its own string here, which
 *		the library never frees
 * @sched_policy: enum sched_policy_type of wd_sched.h
 * @sched_init:	called when a session is made, with @h_sched_ctx and the
 *		session's sched_param. Returns the session's key: 0, or memory
 *		that the library frees with free() along with the session, or a
 *		negative number in the handle to refuse the session.
 * @pick_next_ctx: called for each request with the session's key and enum
 *		wd_ctx_mode. Returns a position in wd_ctx_config.ctxs, whose
 *		context has that mode. Called from any thread, several at once.
 * @poll_policy: called by wd_<class>_poll(). Polls contexts, by way of
 *		wd_<class>_poll_ctx(), until @expect requests have completed or
 *		nothing is left to collect, and adds to *@count. 0 or a negative
 *		number.
 * @h_sched_ctx: first argument of the three
 */
struct wd_sched {
	const char *name;
	int sched_policy;
	handle_t (*sched_init)(handle_t h_sched_ctx, void *sched_param);
	__u32 (*pick_next_ctx)(handle_t h_sched_ctx, void *sched_key,
			       const int sched_mode);
	int (*poll_policy)(handle_t h_sched_ctx, __u32 expect, __u32 *count);
	handle_t h_sched_ctx;
};

#ifdef __cplusplus
}
#endif

#endif
