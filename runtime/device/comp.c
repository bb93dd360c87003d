/* SPDX-License-Identifier: MIT */
/*
 * COMPRESS and DECOMPRESS of a whole job in one descriptor. A codec that needs
 * all of the input at once is faster and comes first; where memory or a fault
 * is in its way, a stream codec does the job piece by piece.
 */
#include "device/device_internal.h"

#include <errno.h>

/* Decompressed data is not often longer than this many times the compressed. */
#define EXPANDS	4u

struct block_call {
	const struct codec_row *row;
	struct codec_lane *lane;
	const struct codec_params *params;
	struct codec_io io;
	enum codec_rc rc;
	size_t there;		/* so much of the destination has been looked at */
};

static void block_call(void *arg)
{
	struct block_call *c = arg;

	c->rc = codec_block(c->row, c->lane, c->params, &c->io);
}

/* How a codec's word is said in a completion. END has its own meaning in each place. */
void sdev_job_codec(struct sdev_job *job, enum codec_rc rc)
{
	static const struct {
		uint8_t status;
		uint8_t detail;
	} ends[] = {
		[CODEC_OK] = { SDEV_ST_CORRUPT, SDEV_CORRUPT_TRUNCATED },
		[CODEC_END] = { SDEV_ST_DONE, SDEV_DONE_ALL },
		[CODEC_FULL] = { SDEV_ST_OUTPUT_FULL, 0 },
		[CODEC_CORRUPT] = { SDEV_ST_CORRUPT, SDEV_CORRUPT_DATA },
		[CODEC_CHECKSUM] = { SDEV_ST_CORRUPT, SDEV_CORRUPT_CHECKSUM },
		[CODEC_TRUNCATED] = { SDEV_ST_CORRUPT, SDEV_CORRUPT_TRUNCATED },
		[CODEC_NOMEM] = { SDEV_ST_NO_MEMORY, 0 },
	};
	static_assert(wdi_array_size(ends) == CODEC_NOMEM + 1, "every codec_rc has its status");

	sdev_job_end(job, ends[rc].status, ends[rc].detail);
}

/*
 * sdev_comp_params() - what the codecs are asked for, without level and window
 * where they mean nothing, so that equal jobs are equal.
 * @op: SDEV_OP_COMPRESS or SDEV_OP_DECOMPRESS
 */
struct codec_params sdev_comp_params(const struct sdev_desc *d, uint8_t op)
{
	struct codec_params p = {
		.dir = sdev_comp_dir(op),
		.format = d->comp.format,
	};

	if (p.dir == CODEC_COMPRESS) {
		p.level = d->comp.level ? d->comp.level : SDEV_LEVEL_DEFAULT;
		p.window = d->comp.window;
		p.open = op == d->opcode && !d->object && d->comp.flags & SDEV_COMP_OPEN;
	}
	return p;
}

/* Where a pump came to an end. What it leaves behind is the caller's. */
static void pieces_end(struct sdev_job *job, struct sdev_pump *pump, enum sdev_pump_end end)
{
	switch (end) {
	case SDEV_PUMP_LOST:
	case SDEV_PUMP_SRC:
	case SDEV_PUMP_DST:
		sdev_job_fault(job, &pump->fault);
		break;
	case SDEV_PUMP_FULL:
		sdev_job_codec(job, CODEC_FULL);
		break;
	case SDEV_PUMP_CUT:
		sdev_job_end(job, sdev_job_cut(job), 0);
		break;
	case SDEV_PUMP_ALL:	/* all input is used, and the data has not ended */
		sdev_job_codec(job, pump->sync ? CODEC_END : pump->rc);
		break;
	case SDEV_PUMP_END:
	case SDEV_PUMP_CODEC:
		sdev_job_codec(job, pump->rc);
		break;
	}
}

/*
 * The job is going to park in the middle: with the codec that it has, and what
 * its destination has not got. False: no memory for that.
 */
static bool pieces_keep(struct sdev_job *job, const struct sdev_pump *pump, enum sdev_pump_end end)
{
	struct sdev_kept *kept = sdev_job_keep(job, pump->left,
					       end == SDEV_PUMP_DST ? pump->left_len : 0);

	if (!kept)
		return false;
	kept->rc = end == SDEV_PUMP_DST ? pump->rc : CODEC_OK;
	/* What was to end on a byte has, and must not be asked to once more. */
	if (end == SDEV_PUMP_DST && pump->sync && kept->rc == CODEC_OK && !pump->full &&
	    !job->src.left)
		kept->rc = CODEC_END;
	kept->row = pump->row;
	kept->state = pump->state;
	return true;
}

static bool pieces_park(struct sdev_job *job, const struct sdev_pump *pump, enum sdev_pump_end end)
{
	return (end == SDEV_PUMP_SRC || end == SDEV_PUMP_DST) &&
	       pump->fault.status == SDEV_ST_PAGE_FAULT && sdev_job_parks(job);
}

/* Piece by piece, through a stream that the lane keeps for the purpose. */
static void comp_pieces(struct sdev_job *job, const struct codec_params *p)
{
	struct sdev_pump pump = {
		.row = codec_pick_stream(p, job->dev->codecs),
		.last = p->dir == CODEC_COMPRESS && !p->open,
		.sync = p->open,
		.whole = true,
	};
	enum sdev_pump_end end;
	int rc;

	rc = sdev_lane_stream(job->lane, pump.row, p, &pump.state);
	if (rc) {
		sdev_job_errno(job, rc);
		return;
	}
	job->cpl->engine = (uint8_t)codec_row_engine(pump.row);
	end = sdev_pump(job, &pump);
	if (wdi_unlikely(pieces_park(job, &pump, end))) {
		if (!pieces_keep(job, &pump, end)) {
			sdev_job_errno(job, -ENOMEM);
			return;
		}
		sdev_lane_give(job->lane, pump.state);
	} else if (end == SDEV_PUMP_LOST) {
		sdev_lane_lost(job->lane, pump.state);
	}
	pieces_end(job, &pump, end);
}

/* What the destination has not got goes out first. False: the job has been ended. */
static bool kept_deliver(struct sdev_job *job, struct sdev_kept *kept)
{
	size_t len = wdi_min(kept->len - kept->off, job->dst.left), put;
	struct sdev_fault fault;

	put = sdev_operand_put(job, &job->dst, kept->p + kept->off, len, &fault);
	kept->off += put;
	if (put < len)
		sdev_job_fault(job, &fault);
	else if (kept->off < kept->len)
		sdev_job_codec(job, CODEC_FULL);
	else if (kept->rc != CODEC_OK || !kept->state)
		sdev_job_codec(job, kept->rc);
	else
		return true;
	return false;
}

/* A job goes on that was parked in the middle. */
static void comp_resume(struct sdev_job *job, const struct codec_params *p)
{
	struct sdev_kept *kept = job->kept;
	struct sdev_pump pump = {
		.row = kept->row,
		.state = kept->state,
		.last = p->dir == CODEC_COMPRESS && !p->open,
		.sync = p->open,
		.whole = true,
	};
	enum sdev_pump_end end;

	if (!kept_deliver(job, kept))
		return;
	end = sdev_pump(job, &pump);
	if (pieces_park(job, &pump, end)) {
		job->kept = NULL;
		if (!pieces_keep(job, &pump, end)) {
			job->kept = kept;
			sdev_job_errno(job, -ENOMEM);
			return;
		}
		kept->state = NULL;
		sdev_kept_free(kept);
	}
	pieces_end(job, &pump, end);
}

/* Room for whatever a block codec can make of the job, or NULL. */
static uint8_t *block_room(struct sdev_job *job, const struct codec_params *p, size_t *room)
{
	const struct sdev_desc *d = job->desc;

	if (d->src_len > SDEV_BLOCK_MAX)
		return NULL;
	if (p->dir == CODEC_COMPRESS) {
		*room = codec_bound(d->src_len);
		return sdev_buf_get(&job->lane->out, *room);
	}
	/*
	 * Memory that a lane does not keep costs more to get than the faster codec wins: a
	 * job that is likely to need more had better not start here.
	 */
	*room = wdi_min(job->dst.left, SDEV_BUF_KEEP);
	if (job->dst.left > SDEV_BUF_KEEP && d->src_len > SDEV_BUF_KEEP / EXPANDS)
		return NULL;
	return sdev_buf_get(&job->lane->out, *room);
}

/* All of the output is there. A job that parks takes along what its destination has not got. */
static void block_put(struct sdev_job *job, const struct block_call *c)
{
	const struct codec_io *io = &c->io;
	struct sdev_fault fault;
	struct sdev_kept *kept;
	size_t done;

	/* What was there when the job began is not asked for again: the job would be lost. */
	if (io->produced <= c->there)
		job->nowait = false;

	done = sdev_operand_put(job, &job->dst, io->out, io->produced, &fault);
	if (wdi_likely(done == io->produced)) {
		sdev_job_codec(job, CODEC_END);
		return;
	}
	if (fault.status == SDEV_ST_PAGE_FAULT && sdev_job_parks(job)) {
		kept = sdev_job_keep(job, io->out + done, io->produced - done);
		if (!kept) {
			sdev_job_errno(job, -ENOMEM);
			return;
		}
		kept->rc = CODEC_END;
	}
	sdev_job_fault(job, &fault);
}

/* The codec has seen all of the input. False: it has to be done in pieces. */
static bool block_end(struct sdev_job *job, const struct block_call *c)
{
	const struct codec_io *io = &c->io;

	if (c->params->dir == CODEC_DECOMPRESS && c->rc == CODEC_FULL &&
	    io->out_len < job->dst.left)
		return false;
	job->cpl->engine = (uint8_t)codec_row_engine(c->row);
	if (c->rc != CODEC_END) {
		sdev_job_codec(job, c->rc);
		return true;
	}
	if (wdi_unlikely(sdev_job_cancelled(job))) {
		sdev_job_end(job, SDEV_ST_CANCELLED, 0);
		return true;
	}
	job->cpl->consumed = (uint32_t)io->consumed;
	if (io->produced > job->dst.left)
		sdev_job_codec(job, CODEC_FULL);
	else
		block_put(job, c);
	return true;
}

/*
 * What a job that is given back has made is lost, so one whose output has no page to go
 * to yet had better not begin. False: the job has been ended.
 */
static bool output_is_there(struct sdev_job *job, struct block_call *c)
{
	size_t src = job->desc->src_len;
	size_t likely = c->params->dir == CODEC_COMPRESS ? src : EXPANDS * src + SDEV_PAGE_SIZE;
	struct sdev_fault fault;

	if (wdi_likely(!job->nowait) || sdev_job_parks(job))
		return true;
	if (!sdev_operand_absent(job, &job->dst, likely, &fault)) {
		c->there = likely;
		return true;
	}
	sdev_job_fault(job, &fault);
	return false;
}

/* False: no codec here can do the job in one go, or not as it is. */
static bool comp_block(struct sdev_job *job, const struct codec_params *p)
{
	size_t len = job->desc->src_len;
	struct block_call c = {
		.row = codec_pick_block(p, len, job->dev->codecs),
		.params = p,
	};
	struct sdev_fault fault;

	if (!c.row)
		return false;
	c.io.out = block_room(job, p, &c.io.out_len);
	c.lane = sdev_lane_codec(job->lane);
	if (!c.io.out || !c.lane)
		return false;
	c.io.in = sdev_operand_all(job, &job->src, &fault);
	c.io.in_len = len;
	c.io.last = true;
	if (!c.io.in) {
		/* Compressed data may end before the byte that faults. */
		bool wait = fault.status == SDEV_ST_PAGE_FAULT && sdev_job_parks(job);

		if (!wait && (p->dir == CODEC_DECOMPRESS || fault.status == SDEV_ST_NO_MEMORY))
			return false;
		sdev_job_fault(job, &fault);
		return true;
	}
	if (!output_is_there(job, &c))
		return true;
	if (!job->guard->call(job->lane, (uintptr_t)c.io.in, len, block_call, &c, &fault)) {
		sdev_lane_lost(job->lane, NULL);
		sdev_job_fault(job, &fault);
		return true;
	}
	return block_end(job, &c);
}

void sdev_comp_run(struct sdev_job *job)
{
	const struct sdev_desc *d = job->desc;
	struct codec_params p;

	if (d->object) {
		sdev_stream_run(job);
		return;
	}
	p = sdev_comp_params(d, d->opcode);
	if (!sdev_job_operands(job))
		return;
	if (wdi_unlikely(job->kept))
		comp_resume(job, &p);
	else if (!comp_block(job, &p))
		comp_pieces(job, &p);
	/* Who resolves the fault cannot go on from here: the job begins anew. */
	if (wdi_unlikely(SDEV_CPL_STATUS(job->cpl->end) == SDEV_ST_PAGE_FAULT) &&
	    !sdev_job_parks(job))
		job->cpl->consumed = 0;
	sdev_lane_trim(job->lane);
}
