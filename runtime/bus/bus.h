/* SPDX-License-Identifier: MIT */
/*
 * How a device is reached. The layer above opens a device by what scan() found
 * and then uses one table of operations; it never asks which bus it is on.
 * Functions return 0 (or a count) or a negative errno.
 */
#ifndef WEFT_BUS_BUS_H
#define WEFT_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WDI_BUS_NAME_LEN	64

/* What the embedded device is made with; other buses take what concerns them. */
struct wdi_bus_config {
	uint32_t queues;
	uint32_t depth;
	int32_t engine_threads;		/* -1: one per usable CPU */
	int32_t guard;			/* enum sdev_guard, -1: automatic */
	uint32_t fault_mode;		/* enum sdev_fault_mode */
	uint32_t codecs;		/* bit a library, 0: all */
	uint32_t crypto;		/* 0: all; bit 1: OpenSSL, bit 2: ipsec-mb */
	uint32_t isolate;
	uint64_t spin_ns;
};

struct wdi_bus;

struct wdi_bus_info {
	const struct wdi_bus *bus;
	char name[WDI_BUS_NAME_LEN];	/* ends in "-N" */
	char api[WDI_BUS_NAME_LEN];	/* which driver speaks to it */
	int numa_id;
};

struct wdi_bus_dev;

struct wdi_bus_ops {
	void (*close)(struct wdi_bus_dev *dev);

	/* Registers: accesses with side effects. */
	int (*read)(struct wdi_bus_dev *dev, unsigned int region, uint64_t off, void *buf,
		    size_t len);
	int (*write)(struct wdi_bus_dev *dev, unsigned int region, uint64_t off, const void *buf,
		     size_t len);

	/* Doorbells and rings. The mapping lives until close() and is not inherited by fork(). */
	int (*map)(struct wdi_bus_dev *dev, unsigned int region, uint64_t off, size_t len,
		   void **out);

	/* Signal @efd when queue @queue raises its interrupt; -1 takes it away. The fd stays the caller's. */
	int (*irq)(struct wdi_bus_dev *dev, unsigned int queue, int efd);

	int (*reset)(struct wdi_bus_dev *dev);

	/* The caller's address space; flags as in weft/vfio_svm.h. */
	int (*bind)(struct wdi_bus_dev *dev, uint32_t *pasid);
	int (*unbind)(struct wdi_bus_dev *dev, uint32_t pasid, uint32_t flags);

	/* The device may be parked: make it look at its doorbells. */
	void (*kick)(struct wdi_bus_dev *dev);

	/*
	 * In a forked child: free what the parent left, touching no mapping.
	 * @dev is gone afterwards. The parent's device is not disturbed.
	 */
	void (*forget)(struct wdi_bus_dev *dev);

	/*
	 * Around a fork() whose child goes on with @dev, which stays its parent's: in the
	 * parent before (0 or a negative errno) and after it, and in the child. After
	 * fork_child(), which takes the place of forget(), @dev is the parent's device as
	 * the child has it: it makes queues for bonds of the parent's and nothing else.
	 */
	int (*fork_prepare)(struct wdi_bus_dev *dev);
	void (*fork_parent)(struct wdi_bus_dev *dev);
	void (*fork_child)(struct wdi_bus_dev *dev);
	/* Whether a device that was inherited is still there. Slow: two system calls. */
	bool (*alive)(struct wdi_bus_dev *dev);
};

struct wdi_bus_dev {
	const struct wdi_bus_ops *ops;
	bool has_svm;

	/*
	 * Let the device use this thread for work of one queue that it has not
	 * begun. Completions posted; 0 where devices work on their own. Both are on
	 * the data path, so they stand here and go straight to the transport.
	 */
	unsigned int (*step)(void *handle, unsigned int queue);
	/*
	 * Run one descriptor of a queue in this thread, past its rings. @desc and @cpl
	 * are as the device lays them out. False: nothing was done; submit it. NULL
	 * where devices work on their own.
	 */
	bool (*direct)(void *handle, unsigned int queue, const void *desc, void *cpl);
	void *step_handle;
};

struct wdi_bus {
	const char *name;
	int (*scan)(struct wdi_bus_info *list, unsigned int max);
	int (*open)(const struct wdi_bus_info *info, const struct wdi_bus_config *config,
		    struct wdi_bus_dev **out);
	/* Before a fork, and after it in the parent. May be NULL. */
	void (*fork_hold)(void);
	void (*fork_go_on)(void);
	/* In a forked child, after all devices of the bus were forgotten. May be NULL. */
	void (*forked)(void);
};

/* Devices of all buses, best first. How many there are; at most @max are stored. */
int wdi_bus_scan(struct wdi_bus_info *list, unsigned int max);

/*
 * Around fork(), after the fork_prepare() of the last device and before the first
 * fork_parent(). In the child instead of the second: every bus drops what belongs to the
 * parent.
 */
void wdi_bus_fork_hold(void);
void wdi_bus_fork_go_on(void);
void wdi_bus_forked(void);

#endif
