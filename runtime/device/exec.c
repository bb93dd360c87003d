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
/* Words are reserved where others have data; see data_reserved(). */
#define HAS_RESERVED	0x40

struct op_row {
	uint8_t flags;		/* SDEV_F_* that it takes */
	uint8_t need;
	void (*exec)(struct sdev_job *job);
	/* Instead of exec: those of a batch together, in any order. */
	void (*exec_many)(struct sdev_job *jobs, unsigned int n);
};

static void noop(struct sdev_job *job)
{
	sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_ALL);
}

#define F_CONTROL	(SDEV_F_IRQ | SDEV_F_FENCE)

static const struct op_row op_rows[] = {
	[SDEV_OP_NOOP] = { F_CONTROL, IS_QUICK, noop, NULL },
	[SDEV_OP_COMPRESS] = { SDEV_F_ALL, NEED_PARAMS | NEED_DATA, sdev_comp_run, NULL },
	[SDEV_OP_DECOMPRESS] = { SDEV_F_ALL, NEED_PARAMS | NEED_DATA, sdev_comp_run, NULL },
	[SDEV_OP_STREAM_OPEN] = { F_CONTROL, NEED_PARAMS | NEED_DIR, sdev_stream_open, NULL },
	[SDEV_OP_STREAM_RESET] = { F_CONTROL, NEED_OBJECT | IS_QUICK, sdev_stream_reset, NULL },
	[SDEV_OP_STREAM_CLOSE] = { F_CONTROL, NEED_OBJECT | IS_QUICK, sdev_stream_close, NULL },
	[SDEV_OP_SESSION_OPEN] = { F_CONTROL, HAS_RESERVED, sdev_session_open, NULL },
	[SDEV_OP_SESSION_CLOSE] = { F_CONTROL, NEED_OBJECT | IS_QUICK, sdev_session_close, NULL },
	[SDEV_OP_CIPHER] = { SDEV_F_ALL, NEED_OBJECT | USES_IV, NULL, sdev_sym_run },
	[SDEV_OP_DIGEST] = { SDEV_F_ALL, NEED_OBJECT | USES_IV, NULL, sdev_sym_run },
	[SDEV_OP_AEAD] = { SDEV_F_ALL, NEED_OBJECT | USES_IV | HAS_RESERVED, NULL, sdev_sym_run },
	[SDEV_OP_PK] = { F_CONTROL | SDEV_F_FAULT_REPORT, NEED_OBJECT | HAS_RESERVED, sdev_pk_run,
			 NULL },
	[SDEV_OP_STREAM_TELL] = { F_CONTROL | SDEV_F_FAULT_REPORT, NEED_OBJECT, sdev_stream_tell,
				  NULL },
};
static_assert(wdi_array_size(op_rows) == SDEV_OP_COUNT, "every opcode has a row");

/* ---- checks ------------------------------------------------------------------ */

/* The reserved words of an opcode, in the second half of a slot, too. */
static uint64_t data_reserved(const struct sdev_desc *d, const struct sdev_ext *ext)
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

static inline bool reserved_set(const struct op_row *row, const struct sdev_desc *d,
				const struct sdev_ext *ext)
{
	uint64_t dir;	/* and the seven bytes of reserved1 above it */

	static_assert(offsetof(struct sdev_desc, dir) % 8 == 0 &&
		      offsetof(struct sdev_desc, reserved1) % 8 == 1, "dir begins a word");
	memcpy(&dir, &d->dir, sizeof(dir));
	if (!(row->need & USES_IV) && (d->reserved2[0] | d->reserved2[1]))
		return true;
	if ((dir & ~UINT64_C(0xff)) | d->reserved0)
		return true;
	return (row->need & HAS_RESERVED) && data_reserved(d, ext);
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
static inline unsigned int desc_check(const struct op_row *row, const struct sdev_desc *d,
				      const struct sdev_ext *ext)
{
	unsigned int bad = 0;
	uint8_t op = d->opcode;

	if (d->flags & ~row->flags)
		return SDEV_BAD_FLAGS;
	if (reserved_set(row, d, ext))
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

__attribute__((noinline, cold))
static const struct op_row *job_malformed(struct sdev_job *job, unsigned int bad)
{
	wdi_dbg("sdev queue %u: descriptor tag %#x opcode %u malformed, detail %u",
		job->queue->index, job->desc->tag, job->desc->opcode, bad);
	sdev_job_end(job, SDEV_ST_MALFORMED, bad);
	return NULL;
}

/* The row that executes the job, or NULL: it is malformed, and has been ended. */
static inline const struct op_row *job_row(struct sdev_job *job)
{
	const struct sdev_desc *d = job->desc;
	const struct op_row *row = &op_rows[d->opcode < SDEV_OP_COUNT ? d->opcode : 0];
	unsigned int bad = d->opcode < SDEV_OP_COUNT ? desc_check(row, d, job->ext) :
						       SDEV_BAD_OPCODE;

	if (wdi_likely(!bad))
		return row;
	return job_malformed(job, bad);
}

/* Why this descriptor is not to be run, or DONE. */
static inline enum sdev_comp_status job_verdict(const struct sdev_job *job, bool flushed)
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

/* Codecs cannot use addresses of another space where they lie. */
static const struct sdev_guard_ops *guard_apart(const struct sdev_guard_ops *guard)
{
	if (!guard->in_place)
		return guard;
	return guard == &sdev_guard_signal ? &sdev_guard_signal_apart : &sdev_guard_off_apart;
}

/* The lane matters to jobs with memory; a thread that cannot have one runs no others. */
static inline bool job_lane_plain(struct sdev_job *job)
{
	job->lane = sdev_lane_get();
	if (wdi_unlikely(!job->lane)) {
		sdev_job_end(job, SDEV_ST_NO_MEMORY, 0);
		return false;
	}
	job->guard = job->dev->guard;
	if (wdi_unlikely(job->lane->deaf && job->dev->guard_kind == SDEV_GUARD_SIGNAL))
		job->guard = &sdev_guard_copy;
	if (wdi_unlikely(job->as->kind != SDEV_AS_PROCESS))
		job->guard = guard_apart(job->guard);
	return true;
}

/* And what is injected into the job. */
static inline bool job_lane(struct sdev_job *job)
{
	if (!job_lane_plain(job))
		return false;
	if (wdi_unlikely(atomic_load_explicit(&job->queue->inject, memory_order_relaxed))) {
		enum sdev_comp_status status = sdev_inject_begin(job);

		if (status)
			sdev_job_end(job, status, 0);
		return !status;
	}
	return true;
}

/* The job has ended. True: it is to be completed; false: it waits for a page. */
static inline bool job_settle(struct sdev_job *job)
{
	if (wdi_likely(SDEV_CPL_STATUS(job->cpl->end) != SDEV_ST_PAGE_FAULT))
		return true;
	if (sdev_job_parks(job) && sdev_park(job))
		return false;
	if (SDEV_CPL_STATUS(job->cpl->end) == SDEV_ST_PAGE_FAULT)
		sdev_count(job->dev, SDEV_COUNTER_REPORTS);
	return true;
}

static void row_exec(const struct op_row *row, struct sdev_job *job)
{
	if (row->exec_many)
		row->exec_many(job, 1);
	else
		row->exec(job);
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
		row_exec(&op_rows[p->desc.opcode], job);
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

/* Jobs of a batch that wait to be run together. */
struct together {
	void (*exec)(struct sdev_job *jobs, unsigned int n);
	struct sdev_job *jobs;
	unsigned int count;
};

/*
 * Run them. One that parks has no completion: returns how many of @n are left,
 * without gaps.
 */
static unsigned int together_run(struct together *t, struct sdev_cpl *cpl, unsigned int n)
{
	unsigned int left = 0;
	uint64_t parked = 0;

	static_assert(SDEV_BATCH_MAX <= 64, "a bit a completion");
	if (t->count)
		t->exec(t->jobs, t->count);
	for (unsigned int i = 0; i < t->count; i++) {
		if (wdi_unlikely(!job_settle(&t->jobs[i])))
			parked |= UINT64_C(1) << (t->jobs[i].cpl - cpl);
	}
	t->count = 0;
	if (wdi_likely(!parked))
		return n;
	for (unsigned int i = 0; i < n; i++) {
		if (!(parked >> i & 1))
			cpl[left++] = cpl[i];
	}
	return left;
}

/*
 * The job's place in the list if it is one of those, so that it need not be copied there; it
 * is not in the list before together_add().
 */
static inline struct sdev_job *together_place(const struct sdev_desc *d, const struct together *t,
					      struct sdev_job *single)
{
	bool many = d->opcode < SDEV_OP_COUNT && op_rows[d->opcode].exec_many;

	return many && t->jobs ? &t->jobs[t->count] : single;
}

/*
 * @n: completions with that of the job. @alone: there is no other. Returns how many there
 * are then.
 */
static inline unsigned int together_add(struct together *t, const struct op_row *row,
					struct sdev_job *job, struct sdev_cpl *cpl, unsigned int n,
					bool alone)
{
	t->exec = row->exec_many;
	if (alone) {
		t->jobs = job;
		t->count = 1;
		return together_run(t, cpl, n);
	}
	if (wdi_unlikely(!t->jobs)) {
		t->jobs = sdev_lane_jobs(job->lane);
		if (!t->jobs) {
			sdev_job_end(job, SDEV_ST_NO_MEMORY, 0);
			return n;
		}
	}
	/* Its operands are not known yet. */
	if (wdi_unlikely(job != &t->jobs[t->count]))
		memcpy(&t->jobs[t->count], job, offsetof(struct sdev_job, src));
	t->count++;
	/* Its guard knows of no other job. */
	return wdi_unlikely(job->guard->apart) ? together_run(t, cpl, n) : n;
}

/* Execute and complete. True: a descriptor wants the interrupt. */
bool sdev_batch_exec(struct sdev_queue *q, struct sdev_batch *b)
{
	struct together together = { .jobs = sdev_lane_tls ? sdev_lane_tls->jobs : NULL };
	struct sdev_cpl cpl[SDEV_BATCH_MAX];
	unsigned int posted = 0, n = 0;	/* completions posted, and made */
	struct sdev_as *as = sdev_as_of(q);
	const struct op_row *row;
	struct sdev_job single;
	bool irq = false;

	if (wdi_unlikely(b->resumed)) {
		single.dev = q->dev;
		single.queue = q;
		single.as = as;
		irq = resumed_exec_all(q, b, &single);
	}
	for (unsigned int i = 0; i < b->count; i++) {
		const struct sdev_desc *d = &b->desc[i];
		struct sdev_job *job = together_place(d, &together, &single);
		enum sdev_comp_status verdict;

		job->dev = q->dev;
		job->queue = q;
		job->as = as;
		job->desc = d;
		verdict = job_verdict(job, i < b->flushed);
		job->ext = &b->ext[i];
		job->cpl = &cpl[n];
		*job->cpl = (struct sdev_cpl){ .tag = d->tag };
		irq |= d->flags & SDEV_F_IRQ;
		if (wdi_unlikely(verdict)) {
			sdev_job_end(job, verdict, 0);
			n++;
			continue;
		}
		if (desc_quick(d)) {
			row = job_row(job);
			job->held = NULL;
			if (row)
				row->exec(job);
			n++;
			continue;
		}
		job_begin(job);
		row = job_lane(job) ? job_row(job) : NULL;
		if (!row) {
			n++;
			continue;
		}
		if (row->exec_many) {
			n = together_add(&together, row, job, cpl, n + 1, b->count == 1);
			continue;
		}
		/* Finished ones do not wait for one that takes its time. */
		n = together_run(&together, cpl, n);
		if (posted < n || !i)
			sdev_queue_post(q, &cpl[posted], n - posted);
		posted = n;
		if (job->cpl != &cpl[n])
			cpl[n] = *job->cpl;
		job->cpl = &cpl[n];
		row->exec(job);
		n += job_settle(job);
	}
	n = together_run(&together, cpl, n);
	sdev_queue_post(q, &cpl[posted], n - posted);
	return irq;
}

/*
 * sdev_direct_exec() - one descriptor that is in no ring. Nothing can be injected, so no
 * step has to be ended first, and nothing parks where there are no page requests.
 */
void sdev_direct_exec(struct sdev_queue *q, const struct sdev_slot *slot, struct sdev_cpl *cpl)
{
	enum sdev_comp_status verdict;
	const struct op_row *row;
	struct sdev_job job;

	job.dev = q->dev;
	job.queue = q;
	job.as = sdev_as_of(q);
	job.desc = &slot->desc;
	job.ext = &slot->ext;
	job.cpl = cpl;
	*cpl = (struct sdev_cpl){ .tag = slot->desc.tag };
	verdict = job_verdict(&job, false);
	if (wdi_unlikely(verdict)) {
		sdev_job_end(&job, verdict, 0);
		return;
	}
	job_begin(&job);
	if (!desc_quick(job.desc) && !job_lane_plain(&job))
		return;
	row = job_row(&job);
	if (wdi_unlikely(!row))
		return;
	row_exec(row, &job);
	job_settle(&job);
}
