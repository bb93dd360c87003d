/* SPDX-License-Identifier: MIT */
/*
 * What the device tests share: a device with one file, one bond and one queue,
 * driven through device.h the way a driver would.
 */
#ifndef WEFT_TEST_DEVICE_RIG_H
#define WEFT_TEST_DEVICE_RIG_H

#include <check.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../sanitizers.h"
#include "device/device.h"
#include "hw/sdev_hw.h"
#include "util/bits.h"
#include "util/io.h"
#include "weft/vfio_svm.h"

#define REGION(r)	((uint64_t)(r) << 40)

struct rig_queue {
	struct sdev_file *file;
	struct sdev_doorbell *db;
	struct sdev_slot *sq;
	struct sdev_cpl *cq;
	const struct sdev_status *status;
	uint32_t index;
	uint32_t depth;
	uint32_t tail;
	uint32_t head;
};

struct rig {
	struct sdev *dev;
	struct sdev_file *file;
	uint32_t pasid;
	struct rig_queue q;
};

/* Every way to run the device: each guard, by pollers and by engine threads. */
static const struct rig_mode {
	int guard;
	int threads;
} rig_modes[] = {
	{ SDEV_GUARD_SIGNAL, 0 },
	{ SDEV_GUARD_SIGNAL, 2 },
	{ SDEV_GUARD_COPY, 0 },
	{ SDEV_GUARD_COPY, 2 },
	{ SDEV_GUARD_OFF, 0 },
};
#define RIG_MODES	((int)wdi_array_size(rig_modes))
#define RIG_SAFE_MODES	(RIG_MODES - 1)		/* those that survive a bad pointer */

/* A sanitizer that keeps what is freed, and one that lets no forked child start threads. */
#define RIG_HOARDS	ADDRESS_SANITIZER
#define RIG_ALONE	THREAD_SANITIZER

static inline bool rig_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && (strstr(preload, "vgpreload") || strstr(preload, "/valgrind/"));
}

/* Valgrind takes every fault for an error, and finds the copy guard's not at all. */
static inline bool rig_skip(int mode)
{
	return rig_valgrind() && rig_modes[mode].guard != SDEV_GUARD_COPY;
}

static inline uint32_t rig_reg32(struct sdev_file *file, uint64_t reg)
{
	uint32_t value;

	ck_assert_int_eq(sdev_read(file, &value, sizeof(value), reg), sizeof(value));
	return value;
}

static inline uint64_t rig_counter(struct sdev_file *file, enum sdev_counter c)
{
	uint64_t value;

	ck_assert_int_eq(sdev_read(file, &value, sizeof(value), SDEV_REG_COUNTER(c)), 8);
	return value;
}

static inline int rig_admin(struct sdev_file *file, struct sdev_admin *cmd)
{
	ck_assert_int_eq(sdev_write(file, cmd, sizeof(*cmd), SDEV_REG_ADMIN), sizeof(*cmd));
	ck_assert_int_eq(sdev_read(file, cmd, sizeof(*cmd), SDEV_REG_ADMIN), sizeof(*cmd));
	return cmd->status;
}

static inline int rig_queue_make(struct sdev_file *file, uint32_t pasid, uint32_t depth,
				 struct rig_queue *q)
{
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_QUEUE_CREATE, .pasid = pasid, .depth = depth,
	};
	uint32_t max = rig_reg32(file, SDEV_REG_MAX_DEPTH);
	void *db, *dus, *status;
	int rc = rig_admin(file, &cmd);

	if (rc)
		return rc;
	*q = (struct rig_queue){ .file = file, .index = cmd.queue, .depth = depth };
	ck_assert_int_eq(sdev_map(file, SDEV_DB_PAGE(q->index), SDEV_PAGE_SIZE, &db), 0);
	ck_assert_int_eq(sdev_map(file, SDEV_STATUS_PAGE, SDEV_PAGE_SIZE, &status), 0);
	ck_assert_int_eq(sdev_map(file, REGION(SDEV_REGION_DUS) + q->index * SDEV_DUS_STRIDE(max),
				  SDEV_DUS_STRIDE(max), &dus), 0);
	q->db = db;
	q->status = status;
	q->sq = dus;
	q->cq = (void *)((char *)dus + SDEV_DUS_CQ_OFF(max));
	return 0;
}

static inline int rig_queue_op(struct rig_queue *q, uint32_t op)
{
	struct sdev_admin cmd = { .op = op, .queue = q->index };

	return rig_admin(q->file, &cmd);
}

static inline struct sdev_desc rig_noop(uint32_t tag)
{
	return (struct sdev_desc){ .opcode = SDEV_OP_NOOP, .tag = tag };
}

/* struct vfio_irq_set, with room for two descriptors. */
struct rig_irq {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
	int32_t fd[2];
};

static inline int rig_irq_set(struct rig *rig, uint32_t start, uint32_t count, int fd0, int fd1)
{
	struct rig_irq set = {
		.argsz = (uint32_t)(20 + 4 * count),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.start = start, .count = count, .fd = { fd0, fd1 },
	};

	return sdev_ioctl(rig->file, VFIO_DEVICE_SET_IRQS, &set);
}

static inline bool rig_fd_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n;

	if (poll(&p, 1, 0) != 1)
		return false;
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	return true;
}

static inline int rig_bind(struct sdev_file *file, uint32_t *pasid)
{
	struct vfio_device_svm svm = { .argsz = sizeof(svm) };
	int rc = sdev_ioctl(file, VFIO_DEVICE_BIND_TASK, &svm);

	*pasid = svm.pasid;
	return rc;
}

static inline int rig_unbind(struct sdev_file *file, uint32_t pasid, uint32_t flags)
{
	struct vfio_device_svm svm = { .argsz = sizeof(svm), .flags = flags, .pasid = pasid };

	return sdev_ioctl(file, VFIO_DEVICE_UNBIND_TASK, &svm);
}

static inline int rig_map(struct sdev_file *file, const void *p, uint64_t iova, size_t size,
			  uint32_t flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .vaddr = (uintptr_t)p, .iova = iova,
		.size = size,
	};

	return sdev_ioctl(file, VFIO_IOMMU_MAP_DMA, &map);
}

static inline int rig_unmap(struct sdev_file *file, uint64_t iova, size_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = size,
	};

	return sdev_ioctl(file, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

static inline void rig_open_config(struct rig *rig, const struct sdev_config *config,
				   uint32_t depth)
{
	ck_assert_int_eq(sdev_create(config, &rig->dev), 0);
	ck_assert_int_eq(sdev_open(rig->dev, &rig->file), 0);
	ck_assert_int_eq(rig_bind(rig->file, &rig->pasid), 0);
	ck_assert_int_eq(rig_queue_make(rig->file, rig->pasid, depth, &rig->q), 0);
}

static inline void rig_open(struct rig *rig, int mode)
{
	const struct sdev_config config = {
		.max_queues = 8,
		.max_depth = 128,
		.guard = rig_modes[mode].guard,
		.engine_threads = rig_modes[mode].threads,
	};

	rig_open_config(rig, &config, 64);
}

static inline void rig_close(struct rig *rig)
{
	sdev_close(rig->file);
	sdev_destroy(rig->dev);
}

/* ---- rings ------------------------------------------------------------------ */

/* As the manual wants it: the tail, a barrier, a look whether anybody is awake. */
static inline void rig_ring(struct rig_queue *q)
{
	wdi_io_store32_release(&q->db->sq_tail, q->tail);
	wdi_io_sleep_barrier();
	if (wdi_io_load32(&q->status->need_kick))
		sdev_kick(q->file);
}

static inline void rig_put(struct rig_queue *q, const struct sdev_desc *d)
{
	q->sq[q->tail++ & (q->depth - 1)].desc = *d;
}

static inline void rig_submit(struct rig_queue *q, const struct sdev_desc *d)
{
	rig_put(q, d);
	rig_ring(q);
}

/* The next completion, if it is there; it stays in the ring. */
static inline bool rig_peek(const struct rig_queue *q, struct sdev_cpl *cpl)
{
	const struct sdev_cpl *slot = &q->cq[q->head & (q->depth - 1)];
	uint32_t phase = (q->head / q->depth & 1) ^ 1;

	if (SDEV_CPL_PHASE(wdi_io_load32_acquire(&slot->end)) != phase)
		return false;
	*cpl = *slot;
	return true;
}

static inline bool rig_take(struct rig_queue *q, struct sdev_cpl *cpl)
{
	if (!rig_peek(q, cpl))
		return false;
	wdi_io_store32_release(&q->db->cq_head, ++q->head);
	return true;
}

/* Poll as a runtime would: run what nobody has taken, give way otherwise. */
static inline struct sdev_cpl rig_wait(struct rig_queue *q)
{
	struct sdev_cpl cpl;

	while (!rig_take(q, &cpl)) {
		if (!sdev_step(q->file, q->index))
			sched_yield();
	}
	return cpl;
}

static inline struct sdev_cpl rig_run(struct rig_queue *q, const struct sdev_desc *d)
{
	struct sdev_cpl cpl;

	rig_submit(q, d);
	cpl = rig_wait(q);
	ck_assert_uint_eq(cpl.tag, d->tag);
	return cpl;
}

static inline unsigned int rig_status(const struct sdev_cpl *cpl)
{
	return SDEV_CPL_STATUS(cpl->end);
}

static inline unsigned int rig_detail(const struct sdev_cpl *cpl)
{
	return SDEV_CPL_DETAIL(cpl->end);
}

#define rig_assert(cpl, status, detail) \
	do { \
		const struct sdev_cpl c_ = (cpl); \
		ck_assert_uint_eq(rig_status(&c_), (status)); \
		ck_assert_uint_eq(rig_detail(&c_), (detail)); \
	} while (0)

/* ---- data -------------------------------------------------------------------- */

/* Compressible, and different from place to place. */
static inline void rig_fill(uint8_t *p, size_t len)
{
	uint32_t x = 12345;

	for (size_t i = 0; i < len; i++) {
		x = x * 1103515245 + 12345;
		p[i] = i % 64 < 40 ? "the quick brown fox jumps over the lazy dog"[i % 43] :
				     (uint8_t)(x >> 24) & 0x3f;
	}
}

/* Memory of which no page is there; each comes alone. */
static inline uint8_t *rig_cold(size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

/* The same with a content: a file that nobody has looked at through this mapping. */
static inline uint8_t *rig_cold_copy(const void *from, size_t len)
{
	int fd = memfd_create("cold", MFD_CLOEXEC);
	uint8_t *p;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, from, len), (ssize_t)len);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	madvise(p, len, MADV_RANDOM);	/* no page comes along with another */
	close(fd);
	return p;
}

#define RIG_HOLE	-1

/*
 * @pages readable and writable pages with one behind that has @prot. RIG_HOLE:
 * nothing is mapped there, for so long a way that what is mapped next takes the
 * other end of it. Valgrind begins at this end; it gets a page without access.
 */
static inline uint8_t *rig_pages(size_t pages, int prot)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), behind = page;
	uint8_t *p;

	if (prot == RIG_HOLE && rig_valgrind())
		prot = PROT_NONE;
	if (prot == RIG_HOLE)
		behind = (size_t)64 << 20;
	p = mmap(NULL, pages * page + behind, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	if (prot == RIG_HOLE)
		munmap(p + pages * page, behind);
	else
		mprotect(p + pages * page, behind, prot);
	return p;
}

/* What an access to a hole ends with. */
static inline unsigned int rig_hole_status(void)
{
	return rig_valgrind() ? SDEV_ST_ACCESS_DENIED : SDEV_ST_BAD_ADDRESS;
}

static inline struct sdev_desc rig_comp(uint8_t op, unsigned int format, const void *src,
					size_t src_len, void *dst, size_t dst_len)
{
	return (struct sdev_desc){
		.opcode = op,
		.tag = 0xc0de,
		.src_va = (uintptr_t)src,
		.src_len = (uint32_t)src_len,
		.dst_va = (uintptr_t)dst,
		.dst_len = (uint32_t)dst_len,
		.comp = { .format = (uint8_t)format, .level = 1, .window = SDEV_WIN_32K },
	};
}

static inline int rig_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
