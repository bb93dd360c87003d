/* SPDX-License-Identifier: MIT */
/*
 * The built-in schedulers. They come with each class library (libwd_comp,
 * libwd_crypto), not with libwd.
 */
#ifndef UADK_WD_SCHED_H
#define UADK_WD_SCHED_H

#include <linux/types.h>

#include "wd_alg_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* What pick_next_ctx() returns when no context fits the session. */
#define INVALID_POS	0xFFFFFFFF

enum sched_policy_type {
	/*
	 * A session gets one synchronous and one asynchronous context of its
	 * node and operation; sessions are dealt out in turn.
	 */
	SCHED_POLICY_RR = 0,
	/* Every request goes to the first context. */
	SCHED_POLICY_NONE,
	/* Synchronous requests to the first context, asynchronous to the second. */
	SCHED_POLICY_SINGLE,
	/* As SCHED_POLICY_RR, with sched_params.dev_id in the place of the node. */
	SCHED_POLICY_DEV,
	SCHED_POLICY_BUTT,
};

/*
 * struct sched_params - a run of contexts for wd_sched_rr_instance(), or what a
 * session wants (wd_<class>_sess_setup.sched_param), where @begin and @end are
 * not read.
 * @numa_id:	node, 0 or more. For a session also -1 or a node without contexts:
 *		it gets the nearest that has some.
 * @type:	operation of the class, below type_num
 * @mode:	enum wd_ctx_mode; not read for a session
 * @begin:	position of the first context in wd_ctx_config.ctxs
 * @end:	position of the last one
 * @dev_id:	number of the device, with SCHED_POLICY_DEV
 */
struct sched_params {
	int numa_id;
	__u8 type;
	__u8 mode;
	__u32 begin;
	__u32 end;
	__u32 dev_id;
};

/* Polls one context: wd_comp_poll_ctx() and its like. */
typedef int (*user_poll_func)(__u32 pos, __u32 expect, __u32 *count);

/*
 * wd_sched_rr_alloc() - make a scheduler.
 * @sched_type: enum sched_policy_type.
 * @type_num: operations of the class, 1 or more.
 * @numa_num: nodes (or devices) that instances will name, 1 or more; more than
 * the machine has is not an error.
 * @func: how to poll one context; NULL if nothing is asynchronous.
 *
 * The scheduler is the caller's: wd_sched_rr_release(). Its name may be
 * replaced. NULL, with errno: WD_EINVAL (a number out of range), WD_ENOMEM.
 */
struct wd_sched *wd_sched_rr_alloc(__u8 sched_type, __u8 type_num,
				   __u16 numa_num, user_poll_func func);

/*
 * wd_sched_rr_instance() - tell a scheduler about a run of contexts. To be done
 * before wd_<class>_init(), once for each node, operation and mode. Contexts of
 * one node, operation and mode stand side by side.
 *
 * 0, or -WD_EINVAL: NULL, not of wd_sched_rr_alloc(), @begin above @end, or a
 * number that wd_sched_rr_alloc() left no room for.
 */
int wd_sched_rr_instance(const struct wd_sched *sched,
			 struct sched_params *param);

/*
 * wd_sched_rr_release() - free a scheduler, after wd_<class>_uninit(). NULL is
 * allowed.
 */
void wd_sched_rr_release(struct wd_sched *sched);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
