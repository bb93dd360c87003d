/* SPDX-License-Identifier: MIT */
/* What a descriptor has to look like, and who executes it: one row an opcode. */
#include "device/device_internal.h"

#include <errno.h>
#include <string.h>

#include "util/log.h"

/* Fields that have to make sense. */
#define NEED_PARAMS	0x01	/* format; level and window to compress; in block jobs and OPEN */
#define NEED_DATA	0x02	/* lengths, comp.flags */
#define NEED_OBJECT	0x04
#define NEED_DIR	0x08
/* iv_va and total have a meaning; otherwise they are reserved. */
#define USES_IV		0x20
/* Answers at once: its completion may wait for the next one. */
#define IS_QUICK	0x10

struct op_row {
	uint8_t flags;		/* SDEV_F_* that it takes */
	uint8_t need;
	void (*exec)(struct sdev_job *job);
};

static void noop(struct sdev_job *job)
{
	sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_ALL);
}

#define F_CONTROL	(SDEV_F_IRQ | SDEV_F_FENCE)

static const struct op_row op_rows[] = {
	[SDEV_OP_NOOP] = { F_CONTROL, IS_QUICK, noop },
	[SDEV_OP_COMPRESS] = { SDEV_F_ALL, NEED_PARAMS | NEED_DATA, sdev_comp_run },
	[SDEV_OP_DECOMPRESS] = { SDEV_F_ALL, NEED_PARAMS | NEED_DATA, sdev_comp_run },
	[SDEV_OP_STREAM_OPEN] = { F_CONTROL, NEED_PARAMS | NEED_DIR, sdev_stream_open },
	[SDEV_OP_STREAM_RESET] = { F_CONTROL, NEED_OBJECT | IS_QUICK, sdev_stream_reset },
	[SDEV_OP_STREAM_CLOSE] = { F_CONTROL, NEED_OBJECT | IS_QUICK, sdev_stream_close },
	[SDEV_OP_SESSION_OPEN] = { F_CONTROL, 0, sdev_session_open },
	[SDEV_OP_SESSION_CLOSE] = { F_CONTROL, NEED_OBJECT | IS_QUICK, sdev_session_close },
	[SDEV_OP_CIPHER] = { SDEV_F_ALL, NEED_OBJECT | USES_IV, sdev_session_run },
	[SDEV_OP_DIGEST] = { SDEV_F_ALL, NEED_OBJECT | USES_IV, sdev_session_run },
	[SDEV_OP_AEAD] = { SDEV_F_ALL, NEED_OBJECT | USES_IV, sdev_session_run },
	[SDEV_OP_PK] = { F_CONTROL | SDEV_F_FAULT_REPORT, NEED_OBJECT, sdev_pk_run },
};
static_assert(wdi_array_size(op_rows) == SDEV_OP_COUNT, "every opcode has a row");

/* ---- checks ------------------------------------------------------------------ */

/* The reserved words in the second half of a slot. */
static uint64_t ext_reserved(const struct sdev_desc *d, const struct sdev_ext *ext)
{
	unsigned int from = 8;
	uint64_t set = 0;

	switch (d->opcode) {
	case SDEV_OP_SESSION_OPEN:
		from = offsetof(struct sdev_ext, session.reserved) / 8;
		set = d->session.reserved[0] | d->session.reserved[1] | d->session.reserved[2];
		break;
	case SDEV_OP_AEAD:
		from = offsetof(struct sdev_ext, aead.reserved) / 8;
		set = ext->aead.reserved0;
		break;
	case SDEV_OP_PK:
		set = d->pk.reserved;
		break;
	}
	for (; from < wdi_array_size(ext->words); from++)
		set |= ext->words[from];
	return set;
}

static bool reserved_set(const struct sdev_desc *d, const struct sdev_ext *ext)
{
	uint64_t dir;	/* and the seven bytes of reserved1 above it */

	static_assert(offsetof(struct sdev_desc, dir) % 8 == 0 &&
		      offsetof(struct sdev_desc, reserved1) % 8 == 1, "dir begins a word");
	memcpy(&dir, &d->dir, sizeof(dir));
	if (!(op_rows[d->opcode].need & USES_IV) && (d->reserved2[0] | d->reserved2[1]))
		return true;
	return (dir & ~UINT64_C(0xff)) | d->reserved0 | ext_reserved(d, ext);
}

static unsigned int params_check(const struct sdev_desc *d, uint8_t op)
{
	if (d->comp.format >= SDEV_FMT_COUNT)
		return SDEV_BAD_FORMAT;
	if (op != SDEV_OP_COMPRESS)
		return 0;
	if (d->comp.level > SDEV_LEVEL_MAX)
		return SDEV_BAD_LEVEL;
	return d->comp.window < SDEV_WIN_COUNT ? 0 : SDEV_BAD_WINDOW;
}

/*
 * A stream's piece may be empty; a block has something to decompress. Known
 * flags are harmless where they mean nothing.
 */
static unsigned int data_check(const struct sdev_desc *d)
{
	if (d->comp.flags & ~SDEV_COMP_ALL)
		return SDEV_BAD_FLAGS;
	if (d->comp.flags & SDEV_COMP_OPEN && !d->object && d->opcode == SDEV_OP_COMPRESS &&
	    d->comp.format != SDEV_FMT_DEFLATE)
		return SDEV_BAD_FORMAT;
	if (!d->dst_len || (!d->src_len && !d->object && d->opcode == SDEV_OP_DECOMPRESS))
		return SDEV_BAD_LENGTH;
	return 0;
}

/* 0 or enum sdev_malformed. */
static unsigned int desc_check(const struct sdev_desc *d, const struct sdev_ext *ext)
{
	const struct op_row *row = &op_rows[d->opcode];
	unsigned int bad = 0;
	uint8_t op = d->opcode;

	if (d->flags & ~row->flags)
		return SDEV_BAD_FLAGS;
	if (reserved_set(d, ext))
		return SDEV_BAD_RESERVED;
	if ((row->need & NEED_OBJECT) && !d->object)
		return SDEV_BAD_OBJECT;
	if (row->need & NEED_DIR) {
		op = d->dir;
		if (op != SDEV_OP_COMPRESS && op != SDEV_OP_DECOMPRESS)
			return SDEV_BAD_OPCODE;
	}
	if (row->need & NEED_DATA)
		bad = data_check(d);
	if (!bad && (row->need & NEED_PARAMS) && !((row->need & NEED_DATA) && d->object))
		bad = params_check(d, op);
	return bad;
}

/* ---- ends ---------------------------------------------------------------------- */

void sdev_job_fault(struct sdev_job *job, const struct sdev_fault *fault)
{
	job->cpl->fault_va = fault->va;
	sdev_job_end(job, fault->status, 0);
}

void sdev_job_errno(struct sdev_job *job, int rc)
{
	sdev_job_end(job, !rc ? SDEV_ST_DONE :
			  rc == -ENOMEM ? SDEV_ST_NO_MEMORY : SDEV_ST_UNSUPPORTED, 0);
}

/* ---- a batch --------------------------------------------------------------------- */

static void job_exec(struct sdev_job *job)
{
	const struct sdev_desc *d = job->desc;
	unsigned int bad = d->opcode < SDEV_OP_COUNT ? desc_check(d, job->ext) : SDEV_BAD_OPCODE;

	if (wdi_unlikely(bad)) {
		wdi_dbg("sdev queue %u: descriptor tag %#x opcode %u malformed, detail %u",
			job->queue->index, d->tag, d->opcode, bad);
		sdev_job_end(job, SDEV_ST_MALFORMED, bad);
		return;
	}
	op_rows[d->opcode].exec(job);
}

/* Why this descriptor is not to be run, or DONE. */
static enum sdev_comp_status job_verdict(const struct sdev_job *job, bool flushed)
{
	if (wdi_unlikely(flushed))
		return atomic_load(&job->queue->flush_status);
	if (wdi_unlikely(!job->as))
		return sdev_job_cut(job) == SDEV_ST_RESET ? SDEV_ST_RESET : SDEV_ST_NO_PASID;
	return sdev_job_cut(job);
}

static bool desc_quick(const struct sdev_desc *d)
{
	return d->opcode >= SDEV_OP_COUNT || (op_rows[d->opcode].need & IS_QUICK);
}

/* What a job with memory begins with; the rest of it is written when it is needed. */
static void job_begin(struct sdev_job *job)
{
	job->nowait = job->dev->fault_mode == SDEV_FAULT_PRI ||
		      (job->desc->flags & SDEV_F_FAULT_REPORT);
	job->walked = false;
	job->refused = SDEV_NO_PAGE;
	job->resume = NULL;
	job->held = NULL;
	job->kept = NULL;
}

/* The lane matters to jobs with memory; a thread that cannot have one runs no others. */
static bool job_lane(struct sdev_job *job)
{
	job->lane = sdev_lane_get();
	if (wdi_unlikely(!job->lane)) {
		sdev_job_end(job, SDEV_ST_NO_MEMORY, 0);
		return false;
	}
	job->guard = job->dev->guard;
	if (wdi_unlikely(job->lane->deaf && job->dev->guard_kind == SDEV_GUARD_SIGNAL))
		job->guard = &sdev_guard_copy;
	if (wdi_unlikely(atomic_load_explicit(&job->queue->inject, memory_order_relaxed))) {
		enum sdev_comp_status status = sdev_inject_begin(job);

		if (status)
			sdev_job_end(job, status, 0);
		return !status;
	}
	return true;
}

/* The job has ended. True: it is to be completed; false: it waits for a page. */
static bool job_settle(struct sdev_job *job)
{
	if (wdi_likely(SDEV_CPL_STATUS(job->cpl->end) != SDEV_ST_PAGE_FAULT))
		return true;
	if (sdev_job_parks(job) && sdev_park(job))
		return false;
	if (SDEV_CPL_STATUS(job->cpl->end) == SDEV_ST_PAGE_FAULT)
		sdev_count(job->dev, SDEV_COUNTER_REPORTS);
	return true;
}

/* A parked descriptor goes on. */
static void resumed_exec(struct sdev_queue *q, struct sdev_parked *p, struct sdev_job *job)
{
	enum sdev_comp_status verdict;
	struct sdev_cpl cpl;

	job->cpl = &cpl;
	job->desc = &p->desc;
	job_begin(job);
	sdev_parked_resume(p, job);
	verdict = job_verdict(job, false);
	if (wdi_unlikely(!verdict && job->as != p->as))
		verdict = SDEV_ST_NO_PASID;
	if (wdi_unlikely(verdict)) {
		sdev_job_end(job, verdict, 0);
	} else if (wdi_unlikely(sdev_parked_failed(p))) {
		cpl.fault_va = p->miss_va;
		job->nowait = false;	/* it does not park again */
		sdev_job_end(job, SDEV_ST_PAGE_FAULT, 0);
	} else if (job_lane(job)) {
		op_rows[p->desc.opcode].exec(job);
	}
	if (!job_settle(job))
		return;
	sdev_parked_done(job);
	sdev_queue_post(q, &cpl, 1);
}

/* True: a descriptor wants the interrupt. */
static bool resumed_exec_all(struct sdev_queue *q, struct sdev_batch *b, struct sdev_job *job)
{
	struct sdev_parked *p = b->resumed, *next;
	bool irq = false;

	for (; p; p = next) {
		next = p->next;
		irq |= p->desc.flags & SDEV_F_IRQ;
		resumed_exec(q, p, job);
	}
	return irq;
}

/* Execute and complete. True: a descriptor wants the interrupt. */
bool sdev_batch_exec(struct sdev_queue *q, struct sdev_batch *b)
{
	struct sdev_cpl cpl[SDEV_BATCH_MAX];
	unsigned int posted = 0, n = 0;	/* completions posted, and made */
	struct sdev_job job;
	bool irq = false;

	job.dev = q->dev;
	job.queue = q;
	job.as = sdev_as_of(q);
	if (wdi_unlikely(b->resumed))
		irq = resumed_exec_all(q, b, &job);
	for (unsigned int i = 0; i < b->count; i++) {
		enum sdev_comp_status verdict;

		job.desc = &b->desc[i];
		verdict = job_verdict(&job, i < b->flushed);
		job.ext = &b->ext[i];
		job.cpl = &cpl[n];
		*job.cpl = (struct sdev_cpl){ .tag = job.desc->tag };
		irq |= job.desc->flags & SDEV_F_IRQ;
		if (wdi_unlikely(verdict)) {
			sdev_job_end(&job, verdict, 0);
			n++;
			continue;
		}
		if (desc_quick(job.desc)) {
			job.held = NULL;
			job_exec(&job);
			n++;
			continue;
		}
		/* Finished ones do not wait for one that takes its time. */
		if (posted < n || !i)
			sdev_queue_post(q, &cpl[posted], n - posted);
		posted = n;
		job_begin(&job);
		if (job_lane(&job))
			job_exec(&job);
		n += job_settle(&job);
	}
	sdev_queue_post(q, &cpl[posted], n - posted);
	return irq;
}
