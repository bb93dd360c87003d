/* SPDX-License-Identifier: MIT */
/*
 * Binding an address space to a VFIO device: the user interface of the 2017
 * proposal "vfio: Add support for Shared Virtual Memory". It never reached
 * mainline; these are its names, numbers and layouts.
 *
 * VFIO_DEVICE_BIND_TASK(struct vfio_device_svm *)
 *	Shares the address space of the calling task with the device and writes
 *	its PASID to @pasid. The ID is unique to the device. Binding the same
 *	address space again through the same device fd returns the same PASID
 *	and counts; it takes as many unbinds to end the bond.
 *	@argsz: sizeof(struct vfio_device_svm) or more.  @flags: 0.
 *	Errors: EINVAL (argsz too short, a flag that is not known), ENOSPC (no
 *	PASID left), ENOTTY (no SVM support), EIO (the device is isolated).
 *
 * VFIO_DEVICE_UNBIND_TASK(struct vfio_device_svm *)
 *	Ends a bond. The caller has stopped all work under the PASID; what the
 *	device still finds is completed with "no such PASID".
 *	@pasid: as BIND_TASK gave it.
 *	@flags: VFIO_SVM_PASID_RELEASE_CLEAN: no transaction and no page request
 *	of the PASID is outstanding; it can be given out again at once.
 *	VFIO_SVM_PASID_RELEASE_FLUSHED: transactions have ended, page requests
 *	may still be on their way; the PASID is given out again once the device's
 *	stop message has come through. Neither: the PASID is never used again.
 *	Both: EINVAL.
 *	Errors: EINVAL (argsz too short, unknown flag), ENOENT (no such PASID),
 *	EPERM (another file's bond).
 */
#ifndef WEFT_VFIO_SVM_H
#define WEFT_VFIO_SVM_H

#include <linux/types.h>
#include <linux/vfio.h>

/*
 * The proposal's flag in vfio_device_info.flags. Mainline has since given bit 4
 * to CCW devices, so the capability below says it too; a client that does not
 * know the device believes only the capability.
 */
#define VFIO_DEVICE_FLAGS_SVM		(1 << 4)

/* Capability in the chain of vfio_device_info; an ID far from mainline's. */
#define VFIO_DEVICE_INFO_CAP_WEFT_SVM	0x5756
struct vfio_device_info_cap_svm {
	struct vfio_info_cap_header header;
	__u32 flags;			/* 0 */
	__u32 pasid_bits;		/* width of a PASID */
};

struct vfio_device_svm {
	__u32 argsz;
	__u32 flags;
	__u32 pasid;
};

#define VFIO_SVM_PASID_RELEASE_FLUSHED	(1 << 0)
#define VFIO_SVM_PASID_RELEASE_CLEAN	(1 << 1)

#define VFIO_DEVICE_BIND_TASK		_IO(VFIO_TYPE, VFIO_BASE + 22)
#define VFIO_DEVICE_UNBIND_TASK		_IO(VFIO_TYPE, VFIO_BASE + 23)

#endif
