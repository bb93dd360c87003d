/* SPDX-License-Identifier: MIT */
/*
 * A VFIO device through whatever carries VFIO to it. References are to the
 * kernel's user interface, linux/vfio.h, and to weft/vfio_svm.h.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/inherit.h"
#include "bus/transport.h"
#include "hw/sdev_hw.h"
#include "util/bits.h"
#include "util/log.h"
#include "weft/vfio_svm.h"

#define VFIO_REGIONS_MAX	16

struct vfio_dev {
	struct wdi_bus_dev base;
	const struct wdi_transport_ops *t;
	void *handle;
	unsigned int regions;
	struct {
		uint64_t offset;
		uint64_t size;
		uint32_t flags;
	} region[VFIO_REGIONS_MAX];
	struct wdi_heir *heir;		/* during a fork: this device as the child has it */
	char name[WDI_BUS_NAME_LEN];
};

static struct vfio_dev *to_vfio(struct wdi_bus_dev *dev)
{
	return wdi_container_of(dev, struct vfio_dev, base);
}

/* A range of a region with one of @flags, as an offset into the device. */
static int vfio_range(const struct vfio_dev *v, unsigned int region, uint64_t off, size_t len,
		      uint32_t flag, uint64_t *where)
{
	if (region >= v->regions || !(v->region[region].flags & flag) ||
	    off > v->region[region].size || len > v->region[region].size - off)
		return -EINVAL;
	*where = v->region[region].offset + off;
	return 0;
}

/* What a transfer of @len bytes returned, as an errno: a short one is an error. */
static int vfio_transferred(ssize_t n, size_t len)
{
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

static int vfio_read(struct wdi_bus_dev *dev, unsigned int region, uint64_t off, void *buf,
		     size_t len)
{
	struct vfio_dev *v = to_vfio(dev);
	uint64_t where;
	int ret = vfio_range(v, region, off, len, VFIO_REGION_INFO_FLAG_READ, &where);

	return ret ? ret : vfio_transferred(v->t->read(v->handle, buf, len, where), len);
}

static int vfio_write(struct wdi_bus_dev *dev, unsigned int region, uint64_t off, const void *buf,
		      size_t len)
{
	struct vfio_dev *v = to_vfio(dev);
	uint64_t where;
	int ret = vfio_range(v, region, off, len, VFIO_REGION_INFO_FLAG_WRITE, &where);

	return ret ? ret : vfio_transferred(v->t->write(v->handle, buf, len, where), len);
}

static int vfio_map(struct wdi_bus_dev *dev, unsigned int region, uint64_t off, size_t len,
		    void **out)
{
	struct vfio_dev *v = to_vfio(dev);
	uint64_t where;
	int ret = vfio_range(v, region, off, len, VFIO_REGION_INFO_FLAG_MMAP, &where);

	return ret ? ret : v->t->map(v->handle, where, len, out);
}

static int vfio_irq(struct wdi_bus_dev *dev, unsigned int queue, int efd)
{
	struct vfio_dev *v = to_vfio(dev);
	/* The struct ends in an array; this is it with one eventfd. */
	union {
		struct vfio_irq_set set;
		unsigned char room[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	} irq = {
		.set = {
			.argsz = sizeof(irq.room),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = 0,
			.start = queue,
			.count = 1,
		},
	};
	const int32_t fd = efd;

	memcpy(irq.room + offsetof(struct vfio_irq_set, data), &fd, sizeof(fd));
	return v->t->ioctl(v->handle, VFIO_DEVICE_SET_IRQS, &irq);
}

static int vfio_reset(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);

	return v->t->ioctl(v->handle, VFIO_DEVICE_RESET, NULL);
}

static int vfio_bind(struct wdi_bus_dev *dev, uint32_t *pasid)
{
	struct vfio_dev *v = to_vfio(dev);
	struct vfio_device_svm svm = { .argsz = sizeof(svm) };
	int ret = v->t->ioctl(v->handle, VFIO_DEVICE_BIND_TASK, &svm);

	if (!ret)
		*pasid = svm.pasid;
	return ret;
}

static int vfio_unbind(struct wdi_bus_dev *dev, uint32_t pasid, uint32_t flags)
{
	struct vfio_dev *v = to_vfio(dev);
	struct vfio_device_svm svm = { .argsz = sizeof(svm), .flags = flags, .pasid = pasid };

	return v->t->ioctl(v->handle, VFIO_DEVICE_UNBIND_TASK, &svm);
}

static void vfio_kick(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);

	v->t->kick(v->handle);
}

static void vfio_close(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);

	v->t->close(v->handle);
	free(v);
}

static void vfio_forget(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);

	v->t->forget(v->handle);
	free(v);
}

static int vfio_fork_prepare(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);
	int ret = wdi_heir_new(v->t, v->handle, v->region[SDEV_REGION_DUS].offset, &v->heir);

	if (ret)
		wdi_err("%s: a child cannot inherit it: errno %d", v->name, -ret);
	return ret;
}

static void vfio_fork_parent(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);

	v->t->heir(v->handle, wdi_heir_pass_on(v->heir));
}

static void vfio_fork_child(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);

	v->t->forget(v->handle);
	v->t = &wdi_inherited_transport;
	v->handle = v->heir;
	wdi_heir_take(v->heir);
	v->base.step = v->t->step;
	v->base.direct = v->t->direct;
	v->base.step_handle = v->handle;
}

static bool vfio_alive(struct wdi_bus_dev *dev)
{
	struct vfio_dev *v = to_vfio(dev);

	return !v->t->alive || v->t->alive(v->handle);
}

static const struct wdi_bus_ops vfio_ops = {
	.close = vfio_close,
	.read = vfio_read,
	.write = vfio_write,
	.map = vfio_map,
	.irq = vfio_irq,
	.reset = vfio_reset,
	.bind = vfio_bind,
	.unbind = vfio_unbind,
	.kick = vfio_kick,
	.forget = vfio_forget,
	.fork_prepare = vfio_fork_prepare,
	.fork_parent = vfio_fork_parent,
	.fork_child = vfio_fork_child,
	.alive = vfio_alive,
};

/* Walk the capability chain; every offset is the device's word and is checked. */
static bool vfio_chain_has(const void *info, uint32_t argsz, uint32_t first, uint16_t id)
{
	const unsigned char *base = info;
	struct vfio_info_cap_header header;

	for (unsigned int i = 0; i < 64 && first; i++) {
		if (first > argsz || argsz - first < sizeof(header))
			return false;
		memcpy(&header, base + first, sizeof(header));
		if (header.id == id)
			return true;
		first = header.next;
	}
	return false;
}

static int vfio_read_info(struct vfio_dev *v)
{
	struct {
		struct vfio_device_info info;
		unsigned char caps[256];
	} dev = { .info.argsz = sizeof(dev) };
	int ret = v->t->ioctl(v->handle, VFIO_DEVICE_GET_INFO, &dev);

	if (ret)
		return ret;
	if ((dev.info.flags & VFIO_DEVICE_FLAGS_CAPS) && dev.info.cap_offset)
		v->base.has_svm = vfio_chain_has(&dev, sizeof(dev), dev.info.cap_offset,
						 VFIO_DEVICE_INFO_CAP_WEFT_SVM);
	v->regions = wdi_min(dev.info.num_regions, (uint32_t)VFIO_REGIONS_MAX);
	for (unsigned int i = 0; i < v->regions; i++) {
		struct vfio_region_info region = { .argsz = sizeof(region), .index = i };

		ret = v->t->ioctl(v->handle, VFIO_DEVICE_GET_REGION_INFO, &region);
		if (ret)
			return ret;
		v->region[i].offset = region.offset;
		v->region[i].size = region.size;
		v->region[i].flags = region.flags;
	}
	return 0;
}

int wdi_bus_vfio_open(const struct wdi_transport_ops *transport, const struct wdi_bus_info *info,
		      const struct wdi_bus_config *config, struct wdi_bus_dev **out)
{
	struct vfio_dev *v = calloc(1, sizeof(*v));
	int ret;

	if (!v)
		return -ENOMEM;
	v->base.ops = &vfio_ops;
	v->t = transport;
	strcpy(v->name, info->name);
	ret = transport->open(info, config, &v->handle);
	if (ret)
		goto free_dev;
	v->base.step = transport->step;
	v->base.direct = transport->direct;
	v->base.step_handle = v->handle;
	ret = vfio_read_info(v);
	if (ret) {
		wdi_err("%s: VFIO info cannot be read: errno %d", v->name, -ret);
		goto close_handle;
	}
	*out = &v->base;
	return 0;

close_handle:
	transport->close(v->handle);
free_dev:
	free(v);
	return ret;
}
