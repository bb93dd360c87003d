/* SPDX-License-Identifier: MIT */
/*
 * Scatter lists, which requests of every class use, and the visible part of a
 * context, which some programs outside this tree look into.
 */
#ifndef UADK_WD_INTERNAL_H
#define UADK_WD_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>

#include "wd.h"
#include "wd_alg.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/*
 * struct wd_datalist - one piece of a WD_SGL_BUF buffer.
 * @data:	its first byte
 * @len:	bytes in it
 * @next:	the next piece, or NULL. A list has at most 4096 pieces, empty
 *		ones included; one that comes back to itself is refused.
 */
struct wd_datalist {
	void *data;
	__u32 len;
	struct wd_datalist *next;
};

/*
 * struct wd_ctx_h - what the handle of wd_request_ctx() points at. For reading,
 * and only while the context is not being released; the functions of wd.h that
 * answer the same questions also work in a forked child and check the handle.
 * @fd:		file behind the context, -1 when it has none
 * @dev_path:	uacce_dev.char_dev_path
 * @dev_name:	name of the device
 * @drv_name:	name of what drives it
 * @qfrs_offs:	bytes in each region
 * @qfrs_base:	where it is mapped, or NULL
 * @dev:	the device
 * @priv:	of wd_ctx_set_priv()
 */
struct wd_ctx_h {
	int fd;
	char dev_path[MAX_DEV_NAME_LEN];
	char *dev_name;
	char *drv_name;
	unsigned long qfrs_offs[UACCE_QFRT_MAX];
	void *qfrs_base[UACCE_QFRT_MAX];
	struct uacce_dev *dev;
	void *priv;
};

/*
 * memcmp_consttime() - compare @n bytes in a time that depends on @n alone.
 * 0: equal. Anything else says only that they differ, not how they are ordered.
 */
int memcmp_consttime(const void *s1, const void *s2, size_t n);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
