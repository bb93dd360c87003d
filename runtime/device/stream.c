/* SPDX-License-Identifier: MIT */
/* Streams: objects that hold the state of a codec. */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sdev_stream {
	const struct codec_row *row;
	struct codec_params params;
	void *state;
	bool dead;			/* lost its place in the data */
	bool void_state;		/* thrown out of the codec: state is to be made anew */
	bool ended;
	uint8_t *pending;		/* produced, and the destination faulted */
	size_t pending_len;
	size_t pending_off;
	enum codec_rc pending_rc;	/* what the codec said with it */
	bool pending_all;		/* and it has no more to say to that piece: */
	uint8_t pending_flags;		/* SDEV_COMP_* */
};

static void codec_drop(struct sdev_stream *s)
{
	free(s->pending);
	s->pending = NULL;
	if (s->state)
		codec_stream_close(s->row, s->state);
	s->state = NULL;
}

static void stream_destroy(void *body)
{
	codec_drop(body);
	free(body);
}

static const struct sdev_object_kind stream_kind = { .destroy = stream_destroy };

void sdev_stream_open(struct sdev_job *job)
{
	const struct sdev_desc *d = job->desc;
	struct sdev_stream *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (!s)
		goto end;
	s->params = sdev_comp_params(d, d->dir);
	s->row = codec_pick_stream(&s->params, job->dev->codecs);
	rc = codec_stream_open(s->row, &s->params, &s->state);
	if (rc) {
		free(s);
		goto end;
	}
	job->cpl->engine = (uint8_t)codec_row_engine(s->row);
	rc = sdev_object_new(job, &stream_kind, s);
	if (rc)
		stream_destroy(s);
end:
	sdev_job_errno(job, rc);
}

void sdev_stream_reset(struct sdev_job *job)
{
	struct sdev_object *o = sdev_object_take(job, &stream_kind);
	struct sdev_stream *s;
	int rc;

	if (!o)
		return;
	s = o->body;
	free(s->pending);
	s->pending = NULL;
	s->ended = false;
	if (s->void_state)
		codec_drop(s);
	rc = s->state ? codec_stream_reset(s->row, s->state) :
			codec_stream_open(s->row, &s->params, &s->state);
	s->void_state = !!rc;
	s->dead = !!rc;
	sdev_job_errno(job, rc);
	sdev_object_put(job->dev, o);
}

void sdev_stream_tell(struct sdev_job *job)
{
	struct sdev_object *o = sdev_object_take(job, &stream_kind);
	struct sdev_place place;
	struct sdev_fault fault;
	struct sdev_stream *s;
	int rc;

	if (!o)
		return;
	s = o->body;
	memset(&place, 0, sizeof(place));
	job->cpl->engine = (uint8_t)codec_row_engine(s->row);
	if (s->params.dir != CODEC_DECOMPRESS || job->desc->src_len) {
		sdev_job_end(job, SDEV_ST_MALFORMED,
			     job->desc->src_len ? SDEV_BAD_LENGTH : SDEV_BAD_OBJECT);
	} else if (s->dead) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_OBJECT_DEAD);
	} else if (sdev_job_operands(job)) {
		rc = s->pending || s->ended ? -EAGAIN :
		     codec_stream_tell(s->row, s->state, &place);
		if (rc == -EAGAIN)
			sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_MORE_OUT);
		else if (rc)
			sdev_job_errno(job, rc);
		else if (job->dst.left < sizeof(place))
			sdev_job_end(job, SDEV_ST_OUTPUT_FULL, 0);
		else if (sdev_operand_put(job, &job->dst, (const uint8_t *)&place, sizeof(place),
					  &fault) < sizeof(place))
			sdev_job_fault(job, &fault);
		else
			sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_ALL);
	}
	sdev_object_done(job, o);
}

void sdev_stream_close(struct sdev_job *job)
{
	struct sdev_object *o = sdev_object_doom(job, &stream_kind);

	if (!o)
		return;
	sdev_object_close(job->dev, o);
	sdev_job_errno(job, 0);
}

/* ---- data -------------------------------------------------------------------------- */

/*
 * What an earlier destination did not take goes out first. False: the job has
 * been ended.
 */
static bool pending_deliver(struct sdev_job *job, struct sdev_stream *s)
{
	struct sdev_fault fault;
	size_t n, put;

	if (wdi_likely(!s->pending))
		return true;
	n = wdi_min(s->pending_len - s->pending_off, job->dst.left);
	put = sdev_operand_put(job, &job->dst, s->pending + s->pending_off, n, &fault);
	s->pending_off += put;
	if (put < n) {
		sdev_job_fault(job, &fault);
		return false;
	}
	if (s->pending_off < s->pending_len) {
		sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_MORE_OUT);
		return false;
	}
	free(s->pending);
	s->pending = NULL;
	return true;
}

/* The destination faulted: the codec does not produce these bytes twice. */
static void pending_keep(struct sdev_job *job, struct sdev_stream *s, const struct sdev_pump *pump)
{
	s->pending_rc = pump->rc;
	s->pending_all = !pump->full && !job->src.left;
	s->pending_flags = job->desc->comp.flags;
	s->pending = malloc(pump->left_len);
	if (!s->pending) {
		s->dead = true;
		return;
	}
	memcpy(s->pending, pump->left, pump->left_len);
	s->pending_len = pump->left_len;
	s->pending_off = 0;
}

/*
 * The piece goes on after a fault of its destination, and what was left is out
 * now. True: that was all, so the codec must not be asked once more.
 */
static bool pending_was_all(struct sdev_job *job, struct sdev_stream *s)
{
	if (s->pending_rc != CODEC_OK && s->pending_rc != CODEC_END) {
		s->dead = true;
		sdev_job_codec(job, s->pending_rc);
		return true;
	}
	if (!s->pending_all || job->src.left || s->pending_flags != job->desc->comp.flags)
		return false;
	sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_ALL);
	return true;
}

static void stream_data(struct sdev_job *job, struct sdev_stream *s)
{
	uint8_t flags = s->params.dir == CODEC_COMPRESS ? job->desc->comp.flags : 0;
	struct sdev_pump pump = {
		.row = s->row,
		.state = s->state,
		.last = flags & SDEV_COMP_LAST,
		.sync = flags & SDEV_COMP_SYNC,
		.rc = CODEC_OK,
	};

	switch (sdev_pump(job, &pump)) {
	case SDEV_PUMP_ALL:
		sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_ALL);
		break;
	case SDEV_PUMP_FULL:
		sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_MORE_OUT);
		break;
	case SDEV_PUMP_END:
		s->ended = true;
		sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
		break;
	case SDEV_PUMP_DST:
		s->ended = pump.rc == CODEC_END;
		pending_keep(job, s, &pump);
		sdev_job_fault(job, &pump.fault);
		break;
	case SDEV_PUMP_SRC:
		sdev_job_fault(job, &pump.fault);
		break;
	case SDEV_PUMP_LOST:
		s->dead = true;
		s->void_state = true;
		sdev_job_fault(job, &pump.fault);
		break;
	case SDEV_PUMP_CODEC:
		s->dead = true;
		sdev_job_codec(job, pump.rc);
		break;
	case SDEV_PUMP_CUT:
		sdev_job_end(job, sdev_job_cut(job), 0);
		break;
	}
}

void sdev_stream_run(struct sdev_job *job)
{
	struct sdev_object *o = sdev_object_take(job, &stream_kind);
	struct sdev_stream *s;
	bool late;

	if (!o)
		return;
	s = o->body;
	late = s->pending;
	job->cpl->engine = (uint8_t)codec_row_engine(s->row);
	if (s->params.dir != sdev_comp_dir(job->desc->opcode)) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	} else if (s->dead) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_OBJECT_DEAD);
	} else if (sdev_job_operands(job) && pending_deliver(job, s)) {
		if (s->ended)
			sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
		else if (wdi_unlikely(late) && pending_was_all(job, s))
			;	/* it has been ended */
		else if (!job->dst.left)
			sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_MORE_OUT);
		else
			stream_data(job, s);
	}
	sdev_object_done(job, o);
}
