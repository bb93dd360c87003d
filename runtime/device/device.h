/* SPDX-License-Identifier: MIT */
/*
 * The software device, seen from its transport. It is a VFIO-shaped device:
 * one ioctl-shaped entry for info, regions, irqs, reset and binding, region
 * access by read and write for registers, and mappings for doorbells and
 * rings. Nothing here knows the layers above.
 */
#ifndef WEFT_DEVICE_DEVICE_H
#define WEFT_DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sdev;
struct sdev_admin;
struct sdev_file;
struct sdev_slot;		/* hw/sdev_hw.h */
struct sdev_cpl;

/* What the kernel may lack: behave as if it did. */
#define SDEV_WITHOUT_PAGEMAP	0x1	/* /proc/self/pagemap; mincore() tells less exactly */
#define SDEV_WITHOUT_POPULATE	0x2	/* MADV_POPULATE_READ and _WRITE */

struct sdev_config {
	unsigned int max_queues;	/* 1..65536; 0: 1024 */
	unsigned int max_depth;		/* ring entries, power of two; 0: 1024 */
	int engine_threads;		/* -1: one per usable CPU; 0: pollers do all the work */
	int guard;			/* enum sdev_guard, or -1: SIGNAL unless valgrind or a
					 * foreign handler owns the signals, then COPY */
	unsigned int fault_mode;	/* enum sdev_fault_mode */
	uint32_t codecs;		/* bit a library as codec.h has it; 0: all built in */
	uint32_t crypto;		/* 0: all that there are; bit 1: OpenSSL (always there),
					 * bit 2: ipsec-mb */
	uint32_t isolate;		/* initial SDEV_REG_ISOLATE */
	uint64_t spin_ns;		/* how long an idle engine thread spins before it parks */
	unsigned int without;		/* SDEV_WITHOUT_* */
	unsigned int pasid_bits;	/* 1..20, width of a PASID; 0: 20 */
	unsigned int prq_depth;		/* page-request queue, power of two, 32 or more; 0: 256 */
	int page_workers;		/* most threads that bring pages; -1: 16; 0: pollers do it */
	/*
	 * What the device is compatible with if it is a platform device, which has no
	 * stop marker of its own to say; NULL: it is none.
	 */
	const char *platform;
	/*
	 * Who brings pages instead of the kernel: 0, -EFAULT (there is no such page) or
	 * any other error (it cannot be done). Called from any thread; it may wait.
	 */
	int (*resolve)(void *arg, uint64_t va, size_t len, bool write);
	void *resolve_arg;
};

/* Create and destroy. Engine threads start at the first queue. Destroy needs all files closed. */
int sdev_create(const struct sdev_config *config, struct sdev **out);
void sdev_destroy(struct sdev *dev);

/*
 * One open of the device, as one fd of a kernel device: it owns queues, bonds
 * and irqs; sdev_close() stops and releases them. Thread-safe.
 */
int sdev_open(struct sdev *dev, struct sdev_file **out);
void sdev_close(struct sdev_file *file);

/*
 * The VFIO face: VFIO_DEVICE_GET_INFO, _GET_REGION_INFO, _GET_IRQ_INFO,
 * _SET_IRQS, _RESET, _BIND_TASK, _UNBIND_TASK. 0 or a negative errno; -ENOTTY
 * for any other command.
 */
int sdev_ioctl(struct sdev_file *file, unsigned long cmd, void *arg);

/* Region access at the offsets that GET_REGION_INFO reports. Bytes or negative errno. */
ssize_t sdev_read(struct sdev_file *file, void *buf, size_t len, uint64_t off);
ssize_t sdev_write(struct sdev_file *file, const void *buf, size_t len, uint64_t off);

/*
 * sdev_map() - address of a mappable range, page-aligned, valid until
 * sdev_close(). A doorbell page or a ring must belong to a queue of this file.
 * The memory is not inherited over fork().
 */
int sdev_map(struct sdev_file *file, uint64_t off, size_t len, void **out);

/*
 * sdev_admin() - a command at once, beside the mailbox, so that it waits for nobody
 * else's. The answer's status is returned too.
 */
int sdev_admin(struct sdev_file *file, struct sdev_admin *cmd);

/*
 * sdev_queue_share() - give queue @index, in which nothing has been submitted, memory
 * that another process can map: its doorbell page and then its rings. *@fd is the
 * caller's to close. The memory is of this life of the queue alone: once it has been
 * destroyed, nobody looks at what such a process still writes there. -EOPNOTSUPP: pages
 * are larger than that.
 */
int sdev_queue_share(struct sdev_file *file, uint32_t index, int *fd);

/* Wake a parked engine thread, if any. For clients that saw need_kick. */
void sdev_kick(struct sdev_file *file);

/*
 * sdev_step() - run one engine step for a queue of this file in the calling
 * thread: take a batch that nobody has claimed, execute, complete. Returns the
 * number of descriptors completed; 0: nothing to claim.
 */
unsigned int sdev_step(struct sdev_file *file, uint32_t queue);

/*
 * sdev_direct() - run one descriptor of a queue in the calling thread, past its rings.
 * @slot stays as it is until the call returns; its second half is read for the
 * opcodes that have one. True: it has ended, and @cpl is its completion (without a
 * phase). False: nothing was done, and it has to go through the ring: the queue is not
 * a running one of @file, the device is not running or answers faults with page
 * requests, something is injected into the queue, or the descriptor has FENCE or IRQ.
 *
 * It is a step of the queue: whoever waits for steps waits for it, or cuts it. It has no
 * place in the order of the ring's descriptors, and no fence waits for it.
 */
bool sdev_direct(struct sdev_file *file, uint32_t queue, const struct sdev_slot *slot,
		 struct sdev_cpl *cpl);

/*
 * Around a fork(): engine threads are in none of the libraries that have locks (libcrypto), which
 * nobody would give back in the child. Hold waits for the batches that they are at, though not for
 * more than a second: one may be waiting for the caller itself, for a page.
 */
void sdev_fork_hold(struct sdev *dev);
void sdev_fork_go_on(struct sdev *dev);

/*
 * In a forked child the device has no engine threads and its mappings are
 * gone: sdev_forget() frees what can be freed without touching them. The
 * parent is not disturbed.
 */
void sdev_forget(struct sdev *dev);

#endif
