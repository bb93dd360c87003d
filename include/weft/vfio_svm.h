/* SPDX-License-Identifier: MIT */
/*
 * Shared virtual memory for a VFIO device: the user interface of the 2017
 * proposal "vfio: Add support for Shared Virtual Memory", and of the reply to it
 * for virtual machines. Neither reached mainline. Names, numbers and layouts
 * are theirs where they had one; what is ours says so. docs/sva.md has each rule
 * with the test that proves it.
 *
 * All commands take a device fd (in Weft, an open file of the device), begin
 * with argsz, and may be used from any thread. A struct may be longer than what
 * is known; a flag that is not known is EINVAL.
 *
 * VFIO_DEVICE_BIND_TASK(struct vfio_device_svm *)
 *	Shares the address space of the calling task with the device and writes
 *	its PASID to @pasid: the device then reaches the task's memory by the
 *	task's own addresses. The ID is unique to the device. Binding the same
 *	address space again through the same device fd returns the same PASID
 *	and counts; it takes as many unbinds to end the bond. What is bound is not
 *	affected by VFIO_IOMMU_MAP_DMA and UNMAP_DMA, which serve the accesses that
 *	have no PASID.
 *	@argsz: sizeof(struct vfio_device_svm) or more.  @flags: 0.
 *	Errors: EINVAL (argsz too short, a flag that is not known), ENOSPC (no
 *	PASID left: in use, retired, or not through yet), ENOTTY (no such command),
 *	EOPNOTSUPP (the device cannot end a bond, so it makes none), EBUSY (the
 *	bond has been stopped and not been unbound yet; or the file has a guest's
 *	PASID table), EIO (the device is isolated), ENOMEM.
 *
 * VFIO_DEVICE_UNBIND_TASK(struct vfio_device_svm *)
 *	Takes one bind back. With the last one the bond ends: the caller has stopped
 *	all work under the PASID; what the device still finds is completed with "no
 *	such PASID".
 *	@pasid: as BIND_TASK gave it.
 *	@flags: VFIO_SVM_PASID_RELEASE_CLEAN: no transaction and no page request
 *	of the PASID is outstanding; it can be given out again at once.
 *	VFIO_SVM_PASID_RELEASE_FLUSHED: transactions have ended, page requests
 *	may still be on their way; the PASID is given out again once the device's
 *	stop message has come through. Neither: the PASID is never used again,
 *	unless it is a platform device, whose invalidate callback is asked then.
 *	Both: EINVAL. Flags matter in the last unbind only, but are always checked.
 *	A PASID never comes back while the device has a request of it, whatever the
 *	caller says.
 *	Errors: EINVAL (argsz too short, unknown flag), ENOENT (no such PASID),
 *	EPERM (another file's bond), EBUSY (somebody is stopping it).
 *
 *	Which flag is right the driver learns from the device, which it asks to stop
 *	the PASID first (Weft's device: SDEV_ADMIN_PASID_STOP in hw/sdev_hw.h).
 *	A bond whose file is closed ends with it, and its PASID is retired.
 *
 * VFIO_DEVICE_SVM(struct vfio_device_svm_data *)
 *	The variable-length form of the reply, for a virtual machine monitor. In the
 *	reply its flag bits were those of the release flags above; here it has a
 *	command number of its own. Exactly one flag says what @data is:
 *
 *	VFIO_SVM_BIND_PASIDTP (struct iommu_svm_pasid_table): from now on PASIDs of
 *	this file are those of a guest. A queue that is made for PASID n has its
 *	addresses translated by entry n of the table at @ptr, through the guest's
 *	page tables (x86-64, four levels, user accesses) to guest-physical
 *	addresses, and those through VFIO_IOMMU_MAP_DMA. @ptr: guest-physical, on a
 *	page. @size: bytes, 8 for each entry; at most 2^20 entries. An entry: bit 0 is
 *	P, bits 51:12 are the guest-physical address of a PML4 table, the others 0.
 *	Errors: EINVAL, EBUSY (the file has bonds, or a table already), EFAULT (@ptr
 *	is not mapped), ENOMEM.
 *
 *	VFIO_SVM_UNBIND_PASIDTP (no data; ours): ends that. ENOENT: there was none.
 *
 *	VFIO_SVM_PASSDOWN_INVALIDATE (struct iommu_svm_tlb_invalidate_info): the
 *	guest has changed something that the IOMMU or the device may have cached.
 *	Nothing is forgotten by itself. Errors: EINVAL (a type, granularity or flag
 *	that is not known or does not go together; @addr or @size not of pages;
 *	@pasid too large; @mip above 31; @pfsid not 0: there is one function), ENOENT
 *	(no table).
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

/* Capability in the chain of vfio_device_info; an ID far from mainline's. Ours. */
#define VFIO_DEVICE_INFO_CAP_WEFT_SVM	0x5756
struct vfio_device_info_cap_svm {
	struct vfio_info_cap_header header;
	__u32 flags;			/* VFIO_SVM_CAP_* */
	__u32 pasid_bits;		/* width of a PASID */
};
#define VFIO_SVM_CAP_NESTED		(1 << 0)	/* VFIO_DEVICE_SVM */

struct vfio_device_svm {
	__u32 argsz;
	__u32 flags;
	__u32 pasid;
};

#define VFIO_SVM_PASID_RELEASE_FLUSHED	(1 << 0)
#define VFIO_SVM_PASID_RELEASE_CLEAN	(1 << 1)

#define VFIO_DEVICE_BIND_TASK		_IO(VFIO_TYPE, VFIO_BASE + 22)
#define VFIO_DEVICE_UNBIND_TASK		_IO(VFIO_TYPE, VFIO_BASE + 23)

/* ---- virtual SVM ---------------------------------------------------------- */

struct vfio_device_svm_data {
	__u32 argsz;			/* this head and @length */
	__u32 flags;			/* one of the three below */
	__u32 length;			/* bytes of @data */
#ifndef __cplusplus			/* which has no such member: it follows the struct */
	__u8 data[];
#endif
};

#define VFIO_SVM_BIND_PASIDTP		(1 << 0)
#define VFIO_SVM_PASSDOWN_INVALIDATE	(1 << 1)
#define VFIO_SVM_UNBIND_PASIDTP		(1 << 2)

#define VFIO_DEVICE_SVM			_IO(VFIO_TYPE, VFIO_BASE + 24)

struct iommu_svm_pasid_table {
	__u64 ptr;
	__u32 size;
	__u32 reserved;			/* 0 */
};

/* Which cache. The IOMMU has a TLB and a PASID cache, the device a TLB of its own. */
enum iommu_svm_inv_type {
	IOMMU_SVM_INV_IOTLB,		/* of all PASIDs */
	IOMMU_SVM_INV_EXT_IOTLB,	/* of one PASID; granularity default: of all */
	IOMMU_SVM_INV_DEV_IOTLB,	/* the device's, of all PASIDs */
	IOMMU_SVM_INV_EXT_DEV_IOTLB,	/* the device's, of one PASID */
	IOMMU_SVM_INV_PASID_CACHE,	/* entries of the PASID table */
	IOMMU_SVM_INV_TYPE_COUNT,
};

enum iommu_svm_inv_granularity {
	IOMMU_SVM_INV_DEFAULT,		/* all of that cache */
	IOMMU_SVM_INV_PAGE,		/* @size bytes at @addr; not for the PASID cache */
	IOMMU_SVM_INV_PASID,		/* @pasid; not for IOTLB and DEV_IOTLB */
	IOMMU_SVM_INV_GRANULARITY_COUNT,
};

/* Leaf entries only have changed. We keep no others, so it changes nothing. */
#define IOMMU_SVM_INV_HINT		(1 << 0)
/* IOTLB types: global translations go, too. Without it they stay, but by DEFAULT. */
#define IOMMU_SVM_INV_GLOBAL_HINT	(1 << 1)
/* Return when reads, or writes, that may have used what was cached are done. */
#define IOMMU_SVM_INV_DRAIN_READ	(1 << 2)
#define IOMMU_SVM_INV_DRAIN_WRITE	(1 << 3)
/* EXT_DEV_IOTLB with PAGE: of every PASID. */
#define IOMMU_SVM_INV_DEVTLB_GLOBAL	(1 << 4)

struct iommu_svm_tlb_invalidate_info {
	__u32 type;			/* enum iommu_svm_inv_type */
	__u32 granularity;		/* enum iommu_svm_inv_granularity */
	__u32 flags;			/* IOMMU_SVM_INV_* */
	__u32 pasid;
	__u64 addr;			/* guest virtual */
	__u64 size;			/* bytes */
	__u32 mip;			/* most invalidations that the device has pending at once */
	__u32 pfsid;			/* of the physical function behind a virtual one */
};

#endif
