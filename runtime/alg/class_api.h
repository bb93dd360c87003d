/* SPDX-License-Identifier: MIT */
/*
 * The lifecycle functions that a class shows under its public names, for all
 * classes alike; the public header of the class declares them.
 */
#ifndef WEFT_ALG_CLASS_API_H
#define WEFT_ALG_CLASS_API_H

#include "alg/class.h"

/* CLASS: "comp", as in wd_comp_init(). cls: its struct wdi_class. */
#define WDI_CLASS_API(CLASS, cls) \
	int wd_##CLASS##_init(struct wd_ctx_config *config, struct wd_sched *sched) \
	{ \
		return wdi_class_init(&(cls), config, sched); \
	} \
	void wd_##CLASS##_uninit(void) \
	{ \
		wdi_class_uninit(&(cls)); \
	} \
	int wd_##CLASS##_init2_(const char *alg, __u32 sched_type, int task_type, \
				struct wd_ctx_params *ctx_params) \
	{ \
		return wdi_class_init2(&(cls), alg, sched_type, task_type, ctx_params); \
	} \
	void wd_##CLASS##_uninit2(void) \
	{ \
		wdi_class_uninit2(&(cls)); \
	} \
	int wd_##CLASS##_env_init(struct wd_sched *sched) \
	{ \
		return wdi_class_env_init(&(cls), sched); \
	} \
	void wd_##CLASS##_env_uninit(void) \
	{ \
		wdi_class_env_uninit(&(cls)); \
	} \
	int wd_##CLASS##_ctx_num_init(__u32 node, __u32 type, __u32 num, __u8 mode) \
	{ \
		return wdi_class_ctx_num_init(&(cls), node, type, num, mode); \
	} \
	void wd_##CLASS##_ctx_num_uninit(void) \
	{ \
		wdi_class_env_uninit(&(cls)); \
	} \
	int wd_##CLASS##_get_env_param(__u32 node, __u32 type, __u32 mode, __u32 *num, \
				       __u8 *is_enable) \
	{ \
		return wdi_class_get_env_param(&(cls), node, type, mode, num, is_enable); \
	} \
	int wd_##CLASS##_poll_ctx(__u32 idx, __u32 expt, __u32 *count) \
	{ \
		return wdi_class_poll_ctx(&(cls), idx, expt, count); \
	} \
	int wd_##CLASS##_poll(__u32 expt, __u32 *count) \
	{ \
		return wdi_class_poll(&(cls), expt, count); \
	}

#endif
