/* SPDX-License-Identifier: MIT */
#include "core/numa.h"

#include <sched.h>
#include <stdlib.h>

#include "uadk/wd.h"

#define NUMA_LOCAL	10

int wdi_numa_here(void)
{
	unsigned int cpu, node;

	return getcpu(&cpu, &node) ? 0 : (int)node;
}

#ifdef HAVE_LIBNUMA

int wdi_numa_distance(int from, int to)
{
	int distance = numa_available() < 0 ? 0 : numa_distance(from, to);

	return distance > 0 ? distance : NUMA_LOCAL;
}

struct bitmask *wd_create_device_nodemask(struct uacce_dev_list *list)
{
	struct bitmask *mask;

	if (!list)
		return WD_ERR_PTR((uintptr_t)-WD_EINVAL);
	mask = numa_allocate_nodemask();
	if (!mask)
		return WD_ERR_PTR((uintptr_t)-WD_ENOMEM);
	for (; list; list = list->next) {
		if (list->dev && list->dev->numa_id >= 0)
			numa_bitmask_setbit(mask, (unsigned int)list->dev->numa_id);
	}
	return mask;
}

void wd_free_device_nodemask(struct bitmask *bmp)
{
	if (bmp && !WD_IS_ERR(bmp))
		numa_free_nodemask(bmp);
}

#else

int wdi_numa_distance(int from, int to)
{
	(void)from;
	(void)to;
	return NUMA_LOCAL;
}

/* A mask is libnuma's type; without libnuma nobody can use one. */
struct bitmask *wd_create_device_nodemask(struct uacce_dev_list *list)
{
	(void)list;
	return WD_ERR_PTR((uintptr_t)-ENOTSUP);
}

void wd_free_device_nodemask(struct bitmask *bmp)
{
	(void)bmp;
}

#endif
