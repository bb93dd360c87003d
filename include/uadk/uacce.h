/* SPDX-License-Identifier: MIT */
/*
 * What a uacce character device and its sysfs folder speak: flags, regions and
 * ioctl numbers. The guard is that of the kernel's own header of this name, so
 * that a program which includes both gets one set of definitions.
 */
#ifndef _UAPIUUACCE_H
#define _UAPIUUACCE_H

#include <linux/ioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * For wd_ctx_set_io_cmd().
 * UACCE_CMD_START:	the queue begins to take work; no argument
 * UACCE_CMD_PUT_Q:	the queue goes back to the device at once, before the
 *			file is closed; no argument
 * UACCE_CMD_GET_SS_DMA: in: number of a slice of the static share region, out:
 *			its bus address. Only devices without SVA have slices.
 */
#define UACCE_CMD_START		_IO('W', 0)
#define UACCE_CMD_PUT_Q		_IO('W', 1)
#define UACCE_CMD_GET_SS_DMA	_IOR('W', 3, unsigned long)

/*
 * Bits of uacce_dev.flags.
 * UACCE_DEV_SVA:	the device uses the process's own pointers: it tags its
 *			accesses with a PASID and can take page faults
 * UACCE_DEV_NOIOMMU:	addresses are physical
 * UACCE_DEV_IOMMUU:	addresses are translated, but not by the process's tables
 */
enum {
	UACCE_DEV_SVA = 0x1,
	UACCE_DEV_NOIOMMU = 0x2,
	UACCE_DEV_IOMMUU = 0x80,
};

/* Ending of uacce_dev.api for a device that works without an IOMMU. */
#define UACCE_API_VER_NOIOMMU_SUBFIX	"_noiommu"

/* Regions of a context, for wd_ctx_mmap_qfr() and uacce_dev.qfrs_offs. */
enum uacce_qfrt {
	UACCE_QFRT_MMIO = 0,	/* registers and doorbell */
	UACCE_QFRT_DUS = 1,	/* rings, shared with the device */
	UACCE_QFRT_SS,		/* static share memory, without SVA only */
	UACCE_QFRT_MAX,
};

#ifdef __cplusplus
}
#endif

#endif
