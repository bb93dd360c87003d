/* SPDX-License-Identifier: MIT */
/*
 * Stream objects. A slot never moves and never goes, so a handle is checked
 * without a lock: one word holds the slot's generation and who has it.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A handle is generation << INDEX_BITS | index; no generation is 0. */
#define INDEX_BITS	20
#define INDEX_MASK	((1u << INDEX_BITS) - 1)
#define GEN_MAX		((1u << (32 - INDEX_BITS)) - 1)
#define CHUNK_BITS	8
#define CHUNK_SLOTS	(1u << CHUNK_BITS)
#define CHUNKS		(1u << (INDEX_BITS - CHUNK_BITS))

enum slot_state {
	SLOT_FREE,
	SLOT_IDLE,
	SLOT_BUSY,	/* a descriptor has it */
};

struct sdev_stream {
	_Atomic uint32_t word;		/* generation << 2 | enum slot_state */
	uint32_t index;
	_Atomic(struct sdev_as *) as;	/* whose it is; steady while the generation is */
	struct sdev_stream *next;	/* in the free list */
	/* by who has it */
	const struct codec_row *row;
	struct codec_params params;
	void *state;
	bool dead;			/* lost its place in the data */
	bool void_state;		/* thrown out of the codec: state is to be made anew */
	bool ended;
	uint8_t *pending;		/* produced, and the destination faulted */
	size_t pending_len;
	size_t pending_off;
};

struct sdev_stream_chunk {
	struct sdev_stream slots[CHUNK_SLOTS];
};

static uint32_t slot_word(uint32_t gen, enum slot_state state)
{
	return gen << 2 | state;
}

static uint32_t word_gen(uint32_t word)
{
	return word >> 2;
}

int sdev_streams_init(struct sdev *dev)
{
	struct sdev_streams *t = &dev->streams;

	t->chunks = sdev_map_pages(CHUNKS * sizeof(*t->chunks));
	if (!t->chunks)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	return 0;
}

/* ---- slots ------------------------------------------------------------------ */

static struct sdev_stream *slot_at(struct sdev_streams *t, uint32_t index)
{
	struct sdev_stream_chunk *chunk = atomic_load(&t->chunks[index >> CHUNK_BITS]);

	return chunk ? &chunk->slots[index & (CHUNK_SLOTS - 1)] : NULL;
}

static struct sdev_stream *slot_new(struct sdev_streams *t)
{
	struct sdev_stream_chunk *chunk;
	struct sdev_stream *s;

	if (t->used == 1u << INDEX_BITS)
		return NULL;
	if (t->used % CHUNK_SLOTS == 0) {
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return NULL;
		atomic_store(&t->chunks[t->used >> CHUNK_BITS], chunk);
	}
	s = slot_at(t, t->used);
	s->index = t->used++;
	atomic_store(&s->word, slot_word(1, SLOT_FREE));
	return s;
}

static struct sdev_stream *slot_alloc(struct sdev_streams *t)
{
	struct sdev_stream *s;

	pthread_mutex_lock(&t->lock);
	s = t->free_head;
	if (s)
		t->free_head = s->next;
	else
		s = slot_new(t);
	pthread_mutex_unlock(&t->lock);
	return s;
}

/* The slot that waited longest is used first, so that old handles stay wrong for long. */
static void slot_free(struct sdev_streams *t, struct sdev_stream *s)
{
	uint32_t gen = word_gen(atomic_load(&s->word));

	atomic_store(&s->word, slot_word(gen == GEN_MAX ? 1 : gen + 1, SLOT_FREE));
	s->next = NULL;
	pthread_mutex_lock(&t->lock);
	if (t->free_head)
		t->free_tail->next = s;
	else
		t->free_head = s;
	t->free_tail = s;
	pthread_mutex_unlock(&t->lock);
}

static void codec_drop(struct sdev_stream *s)
{
	free(s->pending);
	s->pending = NULL;
	if (s->state)
		codec_stream_close(s->row, s->state);
	s->state = NULL;
}

/* The caller has the stream, or nobody can. */
static void stream_destroy(struct sdev *dev, struct sdev_stream *s)
{
	struct sdev_as *as = atomic_exchange(&s->as, NULL);

	codec_drop(s);
	atomic_fetch_sub(&as->streams, 1);
	slot_free(&dev->streams, s);
}

/*
 * Streams that no step has; @as: only those of this address space. Under
 * sdev.lock, which bonds need to go away.
 */
void sdev_streams_destroy(struct sdev *dev, const struct sdev_as *as)
{
	struct sdev_streams *t = &dev->streams;
	uint32_t used;

	pthread_mutex_lock(&t->lock);
	used = t->used;
	pthread_mutex_unlock(&t->lock);
	for (uint32_t i = 0; i < used; i++) {
		struct sdev_stream *s = slot_at(t, i);
		const struct sdev_as *owner = atomic_load(&s->as);

		if (owner && (!as || owner == as))
			stream_destroy(dev, s);
	}
}

static void chunks_free(struct sdev_streams *t)
{
	for (uint32_t i = 0; i < CHUNKS && atomic_load(&t->chunks[i]); i++)
		free(atomic_load(&t->chunks[i]));
	munmap(t->chunks, CHUNKS * sizeof(*t->chunks));
}

void sdev_streams_exit(struct sdev *dev)
{
	chunks_free(&dev->streams);
	pthread_mutex_destroy(&dev->streams.lock);
}

/*
 * In a forked child. A stream that was in use at that moment is left alone: its
 * codec may have been anywhere.
 */
void sdev_streams_forget(struct sdev *dev)
{
	struct sdev_streams *t = &dev->streams;
	struct sdev_stream *s;

	for (uint32_t i = 0; i < t->used && (s = slot_at(t, i)); i++) {
		if ((atomic_load(&s->word) & 3) == SLOT_IDLE)
			codec_drop(s);
	}
	chunks_free(t);
}

/* ---- one descriptor at a time ------------------------------------------------- */

/* Take the stream that the descriptor names. NULL: the job has been ended. */
static struct sdev_stream *stream_get(struct sdev_job *job)
{
	uint32_t handle = job->desc->object, gen = handle >> INDEX_BITS;
	struct sdev_stream *s = slot_at(&job->dev->streams, handle & INDEX_MASK);
	uint32_t idle = slot_word(gen, SLOT_IDLE);

	if (!s || word_gen(atomic_load(&s->word)) != gen || atomic_load(&s->as) != job->as) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
		return NULL;
	}
	/* The generation is in the word: success means that it is still the same stream. */
	if (!atomic_compare_exchange_strong(&s->word, &idle, slot_word(gen, SLOT_BUSY))) {
		bool busy = idle == slot_word(gen, SLOT_BUSY);

		sdev_job_end(job, SDEV_ST_MALFORMED, busy ? SDEV_OBJECT_BUSY : SDEV_BAD_OBJECT);
		return NULL;
	}
	return s;
}

static void stream_put(struct sdev_stream *s)
{
	atomic_store(&s->word, slot_word(word_gen(atomic_load(&s->word)), SLOT_IDLE));
}

void sdev_stream_open(struct sdev_job *job)
{
	const struct sdev_desc *d = job->desc;
	struct sdev_streams *t = &job->dev->streams;
	struct codec_params p = sdev_comp_params(d, d->dir);
	struct sdev_stream *s;
	int rc = -ENOMEM;

	if (atomic_fetch_add(&job->as->streams, 1) >= SDEV_MAX_STREAMS)
		goto uncount;
	s = slot_alloc(t);
	if (!s)
		goto uncount;
	s->row = codec_pick_stream(&p, job->dev->codecs);
	s->params = p;
	rc = codec_stream_open(s->row, &s->params, &s->state);
	if (rc)
		goto free_slot;
	s->dead = false;
	s->void_state = false;
	s->ended = false;
	job->cpl->object = word_gen(atomic_load(&s->word)) << INDEX_BITS | s->index;
	job->cpl->engine = (uint8_t)codec_row_engine(s->row);
	atomic_store(&s->as, job->as);
	stream_put(s);
	sdev_job_errno(job, 0);
	return;

free_slot:
	s->state = NULL;
	slot_free(t, s);
uncount:
	atomic_fetch_sub(&job->as->streams, 1);
	sdev_job_errno(job, rc);
}

void sdev_stream_reset(struct sdev_job *job)
{
	struct sdev_stream *s = stream_get(job);
	int rc;

	if (!s)
		return;
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
	stream_put(s);
}

void sdev_stream_close(struct sdev_job *job)
{
	struct sdev_stream *s = stream_get(job);

	if (!s)
		return;
	stream_destroy(job->dev, s);
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
static void pending_keep(struct sdev_stream *s, const struct sdev_pump *pump)
{
	s->pending = malloc(pump->left_len);
	if (!s->pending) {
		s->dead = true;
		return;
	}
	memcpy(s->pending, pump->left, pump->left_len);
	s->pending_len = pump->left_len;
	s->pending_off = 0;
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
		s->dead = pump.rc != CODEC_END && pump.rc != CODEC_OK;
		pending_keep(s, &pump);
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
	struct sdev_stream *s = stream_get(job);

	if (!s)
		return;
	job->cpl->engine = (uint8_t)codec_row_engine(s->row);
	if (s->params.dir != sdev_comp_dir(job->desc->opcode)) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	} else if (s->dead) {
		sdev_job_end(job, SDEV_ST_MALFORMED, SDEV_OBJECT_DEAD);
	} else if (sdev_job_operands(job) && pending_deliver(job, s)) {
		if (s->ended)
			sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
		else if (!job->dst.left)
			sdev_job_end(job, SDEV_ST_DONE, SDEV_DONE_MORE_OUT);
		else
			stream_data(job, s);
	}
	stream_put(s);
}
