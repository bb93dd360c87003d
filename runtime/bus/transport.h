/* SPDX-License-Identifier: MIT */
/*
 * What carries VFIO to a device: the same process, later a socket or the
 * kernel. vfio.c speaks through this table only.
 */
#ifndef WEFT_BUS_TRANSPORT_H
#define WEFT_BUS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sdev_admin;
struct wdi_bus_config;
struct wdi_bus_info;

struct wdi_transport_ops {
	int (*open)(const struct wdi_bus_info *info, const struct wdi_bus_config *config,
		    void **handle);
	void (*close)(void *handle);
	int (*ioctl)(void *handle, unsigned long cmd, void *arg);
	ssize_t (*read)(void *handle, void *buf, size_t len, uint64_t off);
	ssize_t (*write)(void *handle, const void *buf, size_t len, uint64_t off);
	int (*map)(void *handle, uint64_t off, size_t len, void **out);
	void (*kick)(void *handle);
	unsigned int (*step)(void *handle, unsigned int queue);
	/* As wdi_bus_dev.direct; may be NULL. */
	bool (*direct)(void *handle, unsigned int queue, const void *desc, void *cpl);
	void (*forget)(void *handle);

	/*
	 * For children that inherit the device (bus/inherit.h); NULL where that cannot
	 * be. heir() has the one at the other end of @fd served and takes @fd; admin()
	 * and share() are what serving takes: a command, and the memory of a queue as a
	 * descriptor. alive(): NULL where the device cannot go away.
	 */
	void (*heir)(void *handle, int fd);
	int (*admin)(void *handle, struct sdev_admin *cmd);
	int (*share)(void *handle, unsigned int queue, int *fd);
	bool (*alive)(void *handle);
};

struct wdi_bus_dev;

/* Open a device through a transport and read its VFIO info. */
int wdi_bus_vfio_open(const struct wdi_transport_ops *transport, const struct wdi_bus_info *info,
		      const struct wdi_bus_config *config, struct wdi_bus_dev **out);

#endif
