/* SPDX-License-Identifier: MIT */
#include "bus/embedded.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "bus/inherit.h"
#include "device/device.h"
#include "util/log.h"

/*
 * One device for the process, made at the first open and destroyed at the last
 * close. In a forked child the parent's device is forgotten by fork handling
 * before anybody gets here.
 */
static struct {
	pthread_mutex_t lock;
	struct sdev *dev;
	unsigned int opens;
} embedded = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int embedded_open(const struct wdi_bus_info *info, const struct wdi_bus_config *config,
			 void **handle)
{
	const struct sdev_config sc = {
		.max_queues = config->queues,
		.max_depth = config->depth,
		.engine_threads = config->engine_threads,
		/* No threads at all, or as many as there is to wait for. */
		.page_workers = config->engine_threads ? -1 : 0,
		.guard = config->guard,
		.fault_mode = config->fault_mode,
		.codecs = config->codecs,
		.crypto = config->crypto,
		.isolate = config->isolate,
		.spin_ns = config->spin_ns,
	};
	struct sdev_file *file;
	int ret = 0;

	pthread_mutex_lock(&embedded.lock);
	if (!embedded.dev)
		ret = sdev_create(&sc, &embedded.dev);
	if (ret) {
		wdi_err("%s: cannot be created: errno %d", info->name, -ret);
		goto unlock;
	}
	ret = sdev_open(embedded.dev, &file);
	if (ret) {
		if (!embedded.opens) {
			sdev_destroy(embedded.dev);
			embedded.dev = NULL;
		}
		goto unlock;
	}
	embedded.opens++;
	*handle = file;
unlock:
	pthread_mutex_unlock(&embedded.lock);
	return ret;
}

static void embedded_close(void *handle)
{
	wdi_heir_stop(handle);
	pthread_mutex_lock(&embedded.lock);
	sdev_close(handle);
	if (--embedded.opens == 0) {
		sdev_destroy(embedded.dev);
		embedded.dev = NULL;
	}
	pthread_mutex_unlock(&embedded.lock);
}

static int embedded_ioctl(void *handle, unsigned long cmd, void *arg)
{
	return sdev_ioctl(handle, cmd, arg);
}

static ssize_t embedded_read(void *handle, void *buf, size_t len, uint64_t off)
{
	return sdev_read(handle, buf, len, off);
}

static ssize_t embedded_write(void *handle, const void *buf, size_t len, uint64_t off)
{
	return sdev_write(handle, buf, len, off);
}

static int embedded_map(void *handle, uint64_t off, size_t len, void **out)
{
	return sdev_map(handle, off, len, out);
}

static void embedded_kick(void *handle)
{
	sdev_kick(handle);
}

static unsigned int embedded_step(void *handle, unsigned int queue)
{
	return sdev_step(handle, queue);
}

static bool embedded_direct(void *handle, unsigned int queue, const void *desc, void *cpl)
{
	return sdev_direct(handle, queue, desc, cpl);
}

/* The files go with the device; see embedded_forked(). */
static void embedded_forget(void *handle)
{
	(void)handle;
}

static int embedded_admin(void *handle, struct sdev_admin *cmd)
{
	return sdev_admin(handle, cmd);
}

static int embedded_share(void *handle, unsigned int queue, int *fd)
{
	return sdev_queue_share(handle, queue, fd);
}

static void embedded_heir(void *handle, int fd);

static const struct wdi_transport_ops embedded_transport = {
	.open = embedded_open,
	.close = embedded_close,
	.ioctl = embedded_ioctl,
	.read = embedded_read,
	.write = embedded_write,
	.map = embedded_map,
	.kick = embedded_kick,
	.step = embedded_step,
	.direct = embedded_direct,
	.forget = embedded_forget,
	.heir = embedded_heir,
	.admin = embedded_admin,
	.share = embedded_share,
};

static void embedded_heir(void *handle, int fd)
{
	wdi_heir_serve(&embedded_transport, handle, fd);
}

static int embedded_bus_scan(struct wdi_bus_info *list, unsigned int max)
{
	if (max) {
		list->bus = &wdi_bus_embedded;
		list->numa_id = 0;
		snprintf(list->name, sizeof(list->name), "weft_sdev-0");
		snprintf(list->api, sizeof(list->api), "weft_sdev_v1");
	}
	return 1;
}

static int embedded_bus_open(const struct wdi_bus_info *info, const struct wdi_bus_config *config,
			     struct wdi_bus_dev **out)
{
	return wdi_bus_vfio_open(&embedded_transport, info, config, out);
}

/* Devices come and go under a lock that is held over the fork. */
static void embedded_bus_fork_hold(void)
{
	if (embedded.dev)
		sdev_fork_hold(embedded.dev);
}

static void embedded_bus_fork_go_on(void)
{
	if (embedded.dev)
		sdev_fork_go_on(embedded.dev);
}

/* Only the forking thread exists here; the lock may have been held by another. */
static void embedded_bus_forked(void)
{
	pthread_mutex_init(&embedded.lock, NULL);
	if (embedded.dev)
		sdev_forget(embedded.dev);
	embedded.dev = NULL;
	embedded.opens = 0;
}

const struct wdi_bus wdi_bus_embedded = {
	.name = "embedded",
	.scan = embedded_bus_scan,
	.open = embedded_bus_open,
	.fork_hold = embedded_bus_fork_hold,
	.fork_go_on = embedded_bus_fork_go_on,
	.forked = embedded_bus_forked,
};
