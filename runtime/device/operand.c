/* SPDX-License-Identifier: MIT */
/*
 * Source and destination of a descriptor, flat or a chain. A chain is walked
 * once, to its end, into the lane's own array: what the client changes later is
 * not seen, and a loop is found by its length.
 */
#include "device/device_internal.h"

/*
 * Returns the number of segments, -1 with @fault set, or -2 for a chain without
 * an end. @total: bytes in all of them.
 */
static int chain_walk(struct sdev_job *job, uint64_t va, struct sdev_seg *segs, uint64_t *total,
		      struct sdev_fault *fault)
{
	struct sdev_sge sge;
	unsigned int seen = 0;
	int n = 0;

	segs[0] = (struct sdev_seg){ 0 };
	*total = 0;
	do {
		if (++seen > SDEV_SGE_MAX)
			return -2;
		if (sdev_fetch(job, &sge, va, sizeof(sge), fault) < sizeof(sge))
			return -1;
		if (!sge.len)
			continue;
		segs[n++] = (struct sdev_seg){ .va = sge.va, .len = sge.len };
		*total += sge.len;
	} while ((va = sge.next));
	return n;
}

/* False: the job has been ended. */
static bool operand_init(struct sdev_job *job, struct sdev_operand *op, uint64_t va,
			 uint32_t len, enum sdev_access access)
{
	uint8_t sgl = access == SDEV_READ ? SDEV_F_SRC_SGL : SDEV_F_DST_SGL;
	struct sdev_fault fault;
	struct sdev_seg *segs;
	uint64_t total;
	int n;

	op->off = 0;
	op->left = len;
	if (wdi_likely(!(job->desc->flags & sgl) || !len)) {
		op->flat = (struct sdev_seg){ .va = va, .len = len };
		op->seg = &op->flat;
		return true;
	}
	segs = sdev_lane_segs(job->lane, access);
	if (!segs) {
		sdev_job_end(job, SDEV_ST_NO_MEMORY, 0);
		return false;
	}
	n = chain_walk(job, va, segs, &total, &fault);
	if (n == -1) {
		sdev_job_fault(job, &fault);
		return false;
	}
	/* A destination may be smaller than it claims, as a flat one may. */
	if (n < 0 || (access == SDEV_READ && total < len)) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_SGL);
		return false;
	}
	op->seg = segs;
	op->left = wdi_min(op->left, total);
	return true;
}

bool sdev_job_operands(struct sdev_job *job)
{
	const struct sdev_desc *d = job->desc;

	if (wdi_unlikely(job->walked))	/* it was parked, and goes on from where it was */
		return true;
	job->walked = operand_init(job, &job->src, d->src_va, d->src_len, SDEV_READ) &&
		      operand_init(job, &job->dst, d->dst_va, d->dst_len, SDEV_WRITE);
	return job->walked;
}

void sdev_operand_advance(struct sdev_operand *op, size_t n)
{
	op->off += (uint32_t)n;
	op->left -= n;
	if (op->off == op->seg->len && op->left) {
		op->seg++;
		op->off = 0;
	}
}

/* What is left of the segment in use. */
static size_t seg_room(const struct sdev_operand *op)
{
	size_t room = op->seg->len - op->off;

	return wdi_min(room, op->left);
}

static uint64_t seg_va(const struct sdev_operand *op)
{
	return op->seg->va + op->off;
}

/*
 * To compress, a window with a page that is only not there yet is nothing at all:
 * codecs have to see the same windows as without the fault, because some make
 * other output of others. Decompressed data is the same in any case.
 */
static size_t whole_or_nothing(const struct sdev_job *job, size_t got, size_t len,
			       const struct sdev_fault *fault)
{
	if (wdi_likely(got == len) || fault->status != SDEV_ST_PAGE_FAULT ||
	    job->desc->opcode != SDEV_OP_COMPRESS)
		return got;
	return 0;
}

/*
 * sdev_operand_window() - the next bytes of a source, at most @max, in one
 * piece at *@p: the client's memory, or a copy of it. Does not advance. 0: the
 * source has ended, or its next byte faults.
 */
size_t sdev_operand_window(struct sdev_job *job, struct sdev_operand *op, size_t max,
			   const uint8_t **p, struct sdev_fault *fault)
{
	size_t len = seg_room(op), got;
	uint8_t *copy;

	len = wdi_min(len, max);
	if (!len)
		return 0;
	if (job->guard->in_place) {
		*p = (const uint8_t *)(uintptr_t)seg_va(op);
		got = sdev_translate(job, seg_va(op), len, SDEV_READ, fault);
		return whole_or_nothing(job, got, len, fault);
	}
	copy = sdev_buf_get(&job->lane->in, len);
	if (!copy) {
		*fault = (struct sdev_fault){ .status = SDEV_ST_NO_MEMORY };
		return 0;
	}
	*p = copy;
	got = sdev_fetch(job, copy, seg_va(op), len, fault);
	return whole_or_nothing(job, got, len, fault);
}

/*
 * sdev_operand_all() - the whole source in one piece, or NULL with @fault set.
 * Does not advance.
 */
const uint8_t *sdev_operand_all(struct sdev_job *job, struct sdev_operand *op,
				struct sdev_fault *fault)
{
	struct sdev_operand walk = *op;
	size_t len = op->left;
	const uint8_t *p;
	uint8_t *copy;

	if (!len)
		return (const uint8_t *)"";
	if (seg_room(op) == len && job->guard->in_place)
		return sdev_operand_window(job, op, len, &p, fault) == len ? p : NULL;
	copy = sdev_buf_get(&job->lane->in, len);
	if (!copy) {
		*fault = (struct sdev_fault){ .status = SDEV_ST_NO_MEMORY };
		return NULL;
	}
	if (sdev_operand_get(job, &walk, copy, len, fault) < len)
		return NULL;
	return copy;
}

/*
 * sdev_operand_get() - the next @len bytes of a source, of which there are as
 * many, and advance. Returns how many were copied; if not all, @fault says why.
 */
size_t sdev_operand_get(struct sdev_job *job, struct sdev_operand *op, uint8_t *to, size_t len,
			struct sdev_fault *fault)
{
	size_t done = 0;

	while (done < len) {
		size_t n = seg_room(op), got;

		n = wdi_min(n, len - done);
		got = sdev_fetch(job, to + done, seg_va(op), n, fault);
		sdev_operand_advance(op, got);
		done += got;
		if (got < n)
			break;
	}
	return done;
}

/* sdev_operand_skip() - go on @n bytes, of which there are as many. */
void sdev_operand_skip(struct sdev_operand *op, size_t n)
{
	while (n) {
		size_t step = wdi_min(seg_room(op), n);

		sdev_operand_advance(op, step);
		n -= step;
	}
}

/*
 * sdev_operand_put() - write to a destination that has room for @len bytes.
 * Returns how many were; if not all, @fault says why.
 */
size_t sdev_operand_put(struct sdev_job *job, struct sdev_operand *op, const uint8_t *from,
			size_t len, struct sdev_fault *fault)
{
	size_t done = 0;

	while (done < len) {
		size_t n = seg_room(op), put;

		n = wdi_min(n, len - done);
		put = sdev_store(job, seg_va(op), from + done, n, fault);
		sdev_operand_advance(op, put);
		done += put;
		if (put < n)
			break;
	}
	job->cpl->produced += (uint32_t)done;
	return done;
}

/*
 * sdev_operand_absent() - is a page of the next @len bytes of a destination only not
 * there yet? Asks and does not touch, because nobody may ever write there. Does not advance.
 */
bool sdev_operand_absent(struct sdev_job *job, const struct sdev_operand *op, size_t len,
			 struct sdev_fault *fault)
{
	struct sdev_operand walk = *op;

	if (op->seg == &op->flat)
		walk.seg = &walk.flat;
	len = wdi_min(len, op->left);
	while (len) {
		size_t n = wdi_min(seg_room(&walk), len);

		if (sdev_range_room(job, seg_va(&walk), n, SDEV_WRITE, fault) < n)
			return fault->status == SDEV_ST_PAGE_FAULT;
		sdev_operand_advance(&walk, n);
		len -= n;
	}
	return false;
}

/*
 * sdev_operand_writable() - translate the first @len bytes of a destination that has
 * as many. For jobs that cannot begin again once they have written. Does not advance.
 */
bool sdev_operand_writable(struct sdev_job *job, const struct sdev_operand *op, size_t len,
			   struct sdev_fault *fault)
{
	struct sdev_operand walk = *op;

	/* The one segment of a flat operand lies in the operand itself. */
	if (op->seg == &op->flat)
		walk.seg = &walk.flat;
	while (len) {
		size_t n = wdi_min(seg_room(&walk), len);

		if (sdev_translate(job, seg_va(&walk), n, SDEV_WRITE, fault) < n)
			return false;
		sdev_operand_advance(&walk, n);
		len -= n;
	}
	return true;
}
