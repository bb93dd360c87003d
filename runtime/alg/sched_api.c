/* SPDX-License-Identifier: MIT */
/*
 * The schedulers under their public names. Each class library has them, as programs
 * expect; whichever a program finds first serves all classes.
 */
#include "uadk/wd_sched.h"

#include "core/core.h"

struct wd_sched *wd_sched_rr_alloc(__u8 sched_type, __u8 type_num, __u16 numa_num,
				   user_poll_func func)
{
	return wdi_core_sched_alloc(sched_type, type_num, numa_num, func);
}

int wd_sched_rr_instance(const struct wd_sched *sched, struct sched_params *param)
{
	return wdi_core_sched_instance(sched, param);
}

void wd_sched_rr_release(struct wd_sched *sched)
{
	wdi_core_sched_release(sched);
}
