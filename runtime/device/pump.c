/* SPDX-License-Identifier: MIT */
/*
 * Moves bytes from a source through a codec stream to a destination, in pieces:
 * translate a piece of source, run, copy out what was produced. Progress is
 * exact at every end but LOST: consumed is what the codec took, produced is
 * what the client has.
 */
#include "device/device_internal.h"

static_assert(SDEV_CHUNK == SDEV_STREAM_UNIT, "a unit is what one window has");

struct stream_call {
	const struct codec_row *row;
	void *state;
	struct codec_io io;
	enum codec_rc rc;
};

static void stream_call(void *arg)
{
	struct stream_call *c = arg;

	c->rc = codec_stream_run(c->row, c->state, &c->io);
}

/* Run the codec on a window of the source. False: the window went away. */
static bool pump_run(struct sdev_job *job, struct sdev_pump *pump, struct stream_call *call)
{
	call->io.consumed = 0;
	call->io.produced = 0;
	if (!job->guard->call(job->lane, (uintptr_t)call->io.in, call->io.in_len, stream_call,
			      call, &pump->fault))
		return false;
	pump->rc = call->rc;
	if (wdi_unlikely(call->io.consumed > call->io.in_len ||
			 call->io.produced > call->io.out_len)) {
		sdev_fail(job->dev, "a codec left its bounds");
		pump->rc = CODEC_CORRUPT;
		call->io.consumed = 0;
		call->io.produced = 0;
	}
	return true;
}

/* Hand out what the codec produced. False: the destination faults. */
static bool pump_deliver(struct sdev_job *job, struct sdev_pump *pump, const uint8_t *from,
			 size_t len)
{
	size_t done = sdev_operand_put(job, &job->dst, from, len, &pump->fault);

	pump->left = from + done;
	pump->left_len = len - done;
	return done == len;
}

/* After a run, with its output delivered: is the job at an end? */
static bool pump_ended(struct sdev_job *job, struct sdev_pump *pump, enum sdev_pump_end *end)
{
	if (pump->rc == CODEC_END)
		*end = SDEV_PUMP_END;
	else if (pump->rc != CODEC_OK)
		*end = SDEV_PUMP_CODEC;
	else if (!pump->full && !job->src.left)
		*end = SDEV_PUMP_ALL;
	else if (pump->full && !job->dst.left && !pump->whole)
		*end = SDEV_PUMP_FULL;
	else
		return false;
	return true;
}

/* A codec that neither takes nor gives, with both at hand, would run for ever. */
static void pump_check_progress(struct sdev_job *job, struct sdev_pump *pump,
				const struct codec_io *io)
{
	if (wdi_likely(pump->rc != CODEC_OK || io->consumed || io->produced || !io->in_len ||
		       !io->out_len))
		return;
	sdev_fail(job->dev, "a codec makes no progress");
	pump->rc = CODEC_CORRUPT;
}

/* A window that is copied should not be much larger than what one run takes of it. */
static size_t window_size(const struct sdev_job *job, size_t room)
{
	size_t copied = wdi_max(room, job->lane->page);

	return job->guard->in_place || copied > SDEV_CHUNK / 4 ? SDEV_CHUNK : copied * 4;
}

enum sdev_pump_end sdev_pump(struct sdev_job *job, struct sdev_pump *pump)
{
	struct stream_call call = { .row = pump->row, .state = pump->state };
	struct codec_io *io = &call.io;
	enum sdev_pump_end end;

	pump->full = false;
	io->out = sdev_buf_get(&job->lane->out, SDEV_BOUNCE);
	if (!io->out) {
		pump->rc = CODEC_NOMEM;
		return SDEV_PUMP_CODEC;
	}
	for (;;) {
		size_t room = job->dst.left + pump->whole, given;

		if (wdi_unlikely(sdev_job_cut(job)))
			return SDEV_PUMP_CUT;
		io->in = (const uint8_t *)"";
		io->in_len = sdev_operand_window(job, &job->src, window_size(job, room),
						 &io->in, &pump->fault);
		if (!io->in_len && job->src.left &&
		    (!pump->full || pump->fault.status == SDEV_ST_PAGE_FAULT))
			return SDEV_PUMP_SRC;
		io->out_len = wdi_min(room, SDEV_BOUNCE);
		io->last = pump->last && io->in_len == job->src.left;
		io->sync = pump->sync && io->in_len == job->src.left;
		if (!pump_run(job, pump, &call))
			return SDEV_PUMP_LOST;
		sdev_operand_advance(&job->src, io->consumed);
		job->cpl->consumed += (uint32_t)io->consumed;

		given = wdi_min(io->produced, job->dst.left);
		pump->full = io->produced == io->out_len;
		if (!pump_deliver(job, pump, io->out, given))
			return SDEV_PUMP_DST;
		if (given < io->produced)
			return SDEV_PUMP_FULL;
		pump_check_progress(job, pump, io);
		if (pump_ended(job, pump, &end))
			return end;
	}
}
