/* SPDX-License-Identifier: MIT */
/* The VFIO face: what the kernel's ioctls on a device fd would be. */
#include "device/device_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "weft/vfio_svm.h"

uint64_t sdev_region_size(const struct sdev *dev, unsigned int region)
{
	return region == SDEV_REGION_MMIO ?
	       SDEV_DB_PAGE(0) + (uint64_t)dev->max_queues * SDEV_PAGE_SIZE :
	       (uint64_t)dev->max_queues * SDEV_DUS_STRIDE(dev->max_depth);
}

/*
 * Append a capability to an info struct of @base bytes, as the kernel does: if
 * there is no room, argsz says how much would have been needed, and the offset
 * stays 0. Returns the offset.
 */
static uint32_t cap_append(void *info, size_t base, uint32_t *argsz, const void *cap, size_t size)
{
	size_t off = wdi_align_up(base, 8);

	if (*argsz < off + size) {
		*argsz = (uint32_t)(off + size);
		return 0;
	}
	memcpy((uint8_t *)info + off, cap, size);
	return (uint32_t)off;
}

/* ---- info --------------------------------------------------------------------------- */

static int info_get(struct sdev_file *file, void *arg)
{
	const struct vfio_device_info_cap_svm cap = {
		.header = { .id = VFIO_DEVICE_INFO_CAP_WEFT_SVM, .version = 1 },
		.flags = VFIO_SVM_CAP_NESTED,
		.pasid_bits = (uint32_t)__builtin_ctz(file->dev->pasids.count),
	};
	struct vfio_device_info *info = arg;
	uint32_t cap_off = 0, room = info->argsz;

	info->flags = VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = SDEV_REGION_COUNT;
	info->num_irqs = SDEV_IRQ_COUNT;
	if (sdev_has_svm(file->dev)) {
		info->flags |= VFIO_DEVICE_FLAGS_CAPS | VFIO_DEVICE_FLAGS_SVM;
		cap_off = cap_append(info, sizeof(*info), &info->argsz, &cap, sizeof(cap));
	}
	if (room >= offsetof(struct vfio_device_info, cap_offset) + sizeof(info->cap_offset))
		info->cap_offset = cap_off;
	return 0;
}

/* struct vfio_region_info_cap_sparse_mmap with as many areas as we have. */
struct region_cap {
	struct vfio_info_cap_header header;
	uint32_t nr_areas;
	uint32_t reserved;
	struct vfio_region_sparse_mmap_area areas[2];
};
static_assert(offsetof(struct region_cap, areas) ==
	      sizeof(struct vfio_region_info_cap_sparse_mmap), "areas follow the head");

static void region_cap_fill(const struct sdev *dev, unsigned int region, struct region_cap *cap)
{
	uint64_t size = sdev_region_size(dev, region);

	*cap = (struct region_cap){
		.header = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 },
	};
	if (region == SDEV_REGION_MMIO) {
		cap->nr_areas = 2;
		cap->areas[0].offset = SDEV_STATUS_PAGE;
		cap->areas[0].size = SDEV_PAGE_SIZE;
		cap->areas[1].offset = SDEV_DB_PAGE(0);
		cap->areas[1].size = size - SDEV_DB_PAGE(0);
	} else {
		cap->nr_areas = 1;
		cap->areas[0].size = size;
	}
}

static int region_info_get(struct sdev_file *file, void *arg)
{
	struct vfio_region_info *info = arg;
	struct region_cap cap;

	if (info->index >= SDEV_REGION_COUNT)
		return -EINVAL;
	info->flags = VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS;
	if (info->index == SDEV_REGION_MMIO)
		info->flags |= VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->size = sdev_region_size(file->dev, info->index);
	info->offset = SDEV_REGION_OFFSET(info->index);
	region_cap_fill(file->dev, info->index, &cap);
	info->cap_offset = cap_append(info, sizeof(*info), &info->argsz, &cap,
				      offsetof(struct region_cap, areas) +
				      cap.nr_areas * sizeof(cap.areas[0]));
	return 0;
}

static int irq_info_get(struct sdev_file *file, void *arg)
{
	struct vfio_irq_info *info = arg;

	if (info->index >= SDEV_IRQ_COUNT)
		return -EINVAL;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = file->dev->max_queues;
	return 0;
}

/* ---- irqs --------------------------------------------------------------------------- */

/* Where /proc tells, only an eventfd will do: anything else could block an engine. */
static bool fd_is_eventfd(int fd)
{
	static const char want[] = "anon_inode:[eventfd]";
	char path[64], link[64];
	ssize_t n;

	if (fcntl(fd, F_GETFD) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link));
	return n < 0 || ((size_t)n == sizeof(want) - 1 && !memcmp(link, want, sizeof(want) - 1));
}

/* All or nothing: every queue is checked and every fd is ours before one is set. */
static int irqs_prepare(struct sdev_file *file, const struct vfio_irq_set *set, int *fds)
{
	int32_t fd;

	for (uint32_t i = 0; i < set->count; i++) {
		memcpy(&fd, set->data + i * sizeof(fd), sizeof(fd));
		if (!sdev_queue_of(file, set->start + i))
			return -EPERM;
		if (fd < -1 || (fd >= 0 && !fd_is_eventfd(fd)))
			return -EINVAL;
		if (fd < 0)
			continue;
		fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fds[i] < 0)
			return -errno;
	}
	return 0;
}

static int irqs_set_eventfds(struct sdev_file *file, const struct vfio_irq_set *set)
{
	int *fds = malloc(set->count * sizeof(*fds));
	int rc;

	if (!fds)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->count; i++)
		fds[i] = -1;
	rc = irqs_prepare(file, set, fds);
	for (uint32_t i = 0; i < set->count; i++) {
		if (!rc)
			sdev_queue_set_irq(sdev_queue_of(file, set->start + i), fds[i]);
		else if (fds[i] >= 0)
			close(fds[i]);
	}
	free(fds);
	return rc;
}

static void irqs_disable(struct sdev_file *file)
{
	struct sdev_queue *q;

	for (uint32_t i = 0; i < file->dev->open_words * 64; i++) {
		q = sdev_queue_of(file, i);
		if (q)
			sdev_queue_set_irq(q, -1);
	}
}

static int irqs_set(struct sdev_file *file, void *arg)
{
	const struct vfio_irq_set *set = arg;
	uint32_t max = file->dev->max_queues;
	int rc = 0;

	if (set->index >= SDEV_IRQ_COUNT || set->start > max || set->count > max - set->start)
		return -EINVAL;
	pthread_mutex_lock(&file->dev->lock);
	switch (set->flags) {
	case VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER:
		if (set->count || set->start)
			rc = -EINVAL;
		else
			irqs_disable(file);
		break;
	case VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER:
		if (!set->count ||
		    set->argsz - sizeof(*set) < (uint64_t)set->count * sizeof(int32_t))
			rc = -EINVAL;
		else
			rc = irqs_set_eventfds(file, set);
		break;
	default:
		rc = -EINVAL;
	}
	pthread_mutex_unlock(&file->dev->lock);
	return rc;
}

/* ---- reset, binding ------------------------------------------------------------------- */

static int reset(struct sdev_file *file, void *arg)
{
	(void)arg;
	sdev_reset(file->dev);
	return 0;
}

static int bind_task(struct sdev_file *file, void *arg)
{
	struct vfio_device_svm *svm = arg;

	if (svm->flags)
		return -EINVAL;
	return sdev_bind(file, &svm->pasid);
}

static int unbind_task(struct sdev_file *file, void *arg)
{
	const struct vfio_device_svm *svm = arg;

	return sdev_unbind(file, svm->pasid, svm->flags);
}

/* A command with a struct begins with its argsz; 0: there is none. */
static const struct face_row {
	unsigned long cmd;
	size_t min;
	int (*fn)(struct sdev_file *file, void *arg);
} face_rows[] = {
	{ VFIO_DEVICE_GET_INFO, offsetof(struct vfio_device_info, cap_offset), info_get },
	{ VFIO_DEVICE_GET_REGION_INFO, sizeof(struct vfio_region_info), region_info_get },
	{ VFIO_DEVICE_GET_IRQ_INFO, sizeof(struct vfio_irq_info), irq_info_get },
	{ VFIO_DEVICE_SET_IRQS, offsetof(struct vfio_irq_set, data), irqs_set },
	{ VFIO_DEVICE_RESET, 0, reset },
	{ VFIO_DEVICE_BIND_TASK, sizeof(struct vfio_device_svm), bind_task },
	{ VFIO_DEVICE_UNBIND_TASK, sizeof(struct vfio_device_svm), unbind_task },
	{ VFIO_DEVICE_SVM, offsetof(struct vfio_device_svm_data, data), sdev_svm_op },
	{ VFIO_IOMMU_MAP_DMA, sizeof(struct vfio_iommu_type1_dma_map), sdev_dma_map },
	{ VFIO_IOMMU_UNMAP_DMA, offsetof(struct vfio_iommu_type1_dma_unmap, data), sdev_dma_unmap },
};

int sdev_ioctl(struct sdev_file *file, unsigned long cmd, void *arg)
{
	for (size_t i = 0; i < wdi_array_size(face_rows); i++) {
		const struct face_row *row = &face_rows[i];
		uint32_t argsz;

		if (row->cmd != cmd)
			continue;
		if (row->min) {
			if (!arg)
				return -EFAULT;
			memcpy(&argsz, arg, sizeof(argsz));
			if (argsz < row->min)
				return -EINVAL;
		}
		return row->fn(file, arg);
	}
	return -ENOTTY;
}
