/* SPDX-License-Identifier: MIT */
/* What the fuzzers share: reading the input, and a device with one queue. */
#ifndef WEFT_TEST_FUZZ_H
#define WEFT_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "hw/sdev_hw.h"
#include "util/io.h"
#include "weft/vfio_svm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_assert(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* ---- input --------------------------------------------------------------- */

struct fuzz_in {
	const uint8_t *p;
	size_t left;
};

/* The next bytes; zeros where the input has ended. */
static inline void fuzz_bytes(struct fuzz_in *in, void *to, size_t len)
{
	size_t n = len < in->left ? len : in->left;

	memset(to, 0, len);
	memcpy(to, in->p, n);
	in->p += n;
	in->left -= n;
}

static inline uint64_t fuzz_uint(struct fuzz_in *in, unsigned int bytes)
{
	uint64_t v = 0;

	fuzz_bytes(in, &v, bytes);
	return v;
}

/* A small generator for what the input has no bytes to spare for. */
static inline uint32_t fuzz_random(uint32_t *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

/* ---- a queue of the device ----------------------------------------------- */

struct fuzz_queue {
	struct sdev_file *file;
	struct sdev_doorbell *db;
	struct sdev_slot *sq;
	struct sdev_cpl *cq;
	uint32_t index;
	uint32_t depth;
	uint32_t tail;
	uint32_t head;
};

#define FUZZ_REGION(r)	((uint64_t)(r) << 40)

static inline uint32_t fuzz_reg32(struct sdev_file *file, uint64_t reg)
{
	uint32_t v;

	fuzz_assert(sdev_read(file, &v, sizeof(v), reg) == (ssize_t)sizeof(v));
	return v;
}

static inline int fuzz_admin(struct sdev_file *file, struct sdev_admin *cmd)
{
	fuzz_assert(sdev_write(file, cmd, sizeof(*cmd), SDEV_REG_ADMIN) == (ssize_t)sizeof(*cmd));
	fuzz_assert(sdev_read(file, cmd, sizeof(*cmd), SDEV_REG_ADMIN) == (ssize_t)sizeof(*cmd));
	return cmd->status;
}

static inline int fuzz_bind(struct sdev_file *file, uint32_t *pasid)
{
	struct vfio_device_svm svm = { .argsz = sizeof(svm) };
	int rc = sdev_ioctl(file, VFIO_DEVICE_BIND_TASK, &svm);

	*pasid = svm.pasid;
	return rc;
}

/* 0, or why there is no queue. */
static inline int fuzz_queue_open(struct fuzz_queue *q, struct sdev_file *file, uint32_t pasid,
				  uint32_t depth)
{
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_QUEUE_CREATE, .pasid = pasid, .depth = depth,
	};
	uint32_t max = fuzz_reg32(file, SDEV_REG_MAX_DEPTH);
	void *db, *dus;
	int rc = fuzz_admin(file, &cmd);

	if (rc)
		return rc;
	*q = (struct fuzz_queue){ .file = file, .index = cmd.queue, .depth = depth };
	fuzz_assert(!sdev_map(file, SDEV_DB_PAGE((uint64_t)q->index), SDEV_PAGE_SIZE, &db));
	fuzz_assert(!sdev_map(file, FUZZ_REGION(SDEV_REGION_DUS) + q->index * SDEV_DUS_STRIDE(max),
			      SDEV_DUS_STRIDE(max), &dus));
	q->db = db;
	q->sq = dus;
	q->cq = (void *)((char *)dus + SDEV_DUS_CQ_OFF(max));
	return 0;
}

static inline void fuzz_queue_close(struct fuzz_queue *q)
{
	struct sdev_admin cmd = { .op = SDEV_ADMIN_QUEUE_DESTROY, .queue = q->index };

	fuzz_assert(!fuzz_admin(q->file, &cmd));
}

static inline void fuzz_push(struct fuzz_queue *q, const struct sdev_desc *d)
{
	q->sq[q->tail++ & (q->depth - 1)].desc = *d;
	wdi_io_store32_release(&q->db->sq_tail, q->tail);
}

/* The next completion, which is given back. */
static inline bool fuzz_pop(struct fuzz_queue *q, struct sdev_cpl *cpl)
{
	const struct sdev_cpl *entry = &q->cq[q->head & (q->depth - 1)];
	uint32_t phase = q->head & q->depth ? 0 : 1;

	if (SDEV_CPL_PHASE(wdi_io_load32_acquire(&entry->end)) != phase)
		return false;
	*cpl = *entry;
	wdi_io_store32_release(&q->db->cq_head, ++q->head);
	return true;
}

/* One descriptor from push to completion, in a device without engine threads. */
static inline struct sdev_cpl fuzz_run(struct fuzz_queue *q, const struct sdev_desc *d)
{
	struct sdev_cpl cpl;

	fuzz_push(q, d);
	fuzz_assert(sdev_step(q->file, q->index) == 1);
	fuzz_assert(fuzz_pop(q, &cpl));
	fuzz_assert(cpl.tag == d->tag);
	return cpl;
}

#endif
