/* SPDX-License-Identifier: MIT */
/*
 * Objects: what lives in the device from one descriptor to the next, and belongs
 * to an address space. A place in the table never moves and never goes, so a
 * handle is checked without a lock: one word holds the generation of the place,
 * how many descriptors are at the object, and whether it has been closed.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>

/* A handle is generation << INDEX_BITS | index; no generation is 0. */
#define INDEX_BITS	20
#define INDEX_MASK	((1u << INDEX_BITS) - 1)
#define GEN_MAX		((1u << (32 - INDEX_BITS)) - 1)
#define CHUNK_BITS	8
#define CHUNK_PLACES	(1u << CHUNK_BITS)
#define CHUNKS		(1u << (INDEX_BITS - CHUNK_BITS))

/* Low half of the word; the high half is the generation. */
#define WORD_USERS	UINT64_C(0x0fffffff)
#define WORD_ALONE	(UINT64_C(1) << 28)	/* the one user does not share it */
#define WORD_CLOSED	(UINT64_C(1) << 29)	/* the last user destroys it */
#define WORD_LIVE	(UINT64_C(1) << 30)

struct sdev_object_chunk {
	struct sdev_object places[CHUNK_PLACES];
};

static uint64_t word_make(uint32_t gen, uint64_t low)
{
	return (uint64_t)gen << 32 | low;
}

static uint32_t word_gen(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

int sdev_objects_init(struct sdev *dev)
{
	struct sdev_objects *t = &dev->objects;

	/* In the heap, where leak checkers follow the pointers: whatever lives is reached by it. */
	t->chunks = calloc(CHUNKS, sizeof(*t->chunks));
	if (!t->chunks)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	return 0;
}

/* ---- places ----------------------------------------------------------------- */

static struct sdev_object *place_at(struct sdev_objects *t, uint32_t index)
{
	struct sdev_object_chunk *chunk = atomic_load(&t->chunks[index >> CHUNK_BITS]);

	return chunk ? &chunk->places[index & (CHUNK_PLACES - 1)] : NULL;
}

static struct sdev_object *place_new(struct sdev_objects *t)
{
	struct sdev_object_chunk *chunk;
	struct sdev_object *o;

	if (t->used == 1u << INDEX_BITS)
		return NULL;
	if (t->used % CHUNK_PLACES == 0) {
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return NULL;
		atomic_store(&t->chunks[t->used >> CHUNK_BITS], chunk);
	}
	o = place_at(t, t->used);
	o->index = t->used++;
	atomic_store(&o->word, word_make(1, 0));
	return o;
}

static struct sdev_object *place_alloc(struct sdev_objects *t)
{
	struct sdev_object *o;

	pthread_mutex_lock(&t->lock);
	o = t->free_head;
	if (o)
		t->free_head = o->next;
	else
		o = place_new(t);
	pthread_mutex_unlock(&t->lock);
	return o;
}

/* The place that waited longest is used first, so that old handles stay wrong for long. */
static void place_free(struct sdev_objects *t, struct sdev_object *o)
{
	uint32_t gen = word_gen(atomic_load(&o->word));

	atomic_store(&o->word, word_make(gen == GEN_MAX ? 1 : gen + 1, 0));
	o->next = NULL;
	pthread_mutex_lock(&t->lock);
	if (t->free_head)
		t->free_tail->next = o;
	else
		t->free_head = o;
	t->free_tail = o;
	pthread_mutex_unlock(&t->lock);
}

/* Nobody is at the object, and nobody can come. */
static void object_destroy(struct sdev *dev, struct sdev_object *o)
{
	struct sdev_as *as = atomic_exchange(&o->as, NULL);

	atomic_load(&o->kind)->destroy(o->body);
	o->body = NULL;
	atomic_fetch_sub(&as->objects, 1);
	place_free(&dev->objects, o);
}

/*
 * Objects that no step has; @as: only those of this address space. Under
 * sdev.lock, which bonds need to go away.
 */
void sdev_objects_destroy(struct sdev *dev, const struct sdev_as *as)
{
	struct sdev_objects *t = &dev->objects;
	uint32_t used;

	pthread_mutex_lock(&t->lock);
	used = t->used;
	pthread_mutex_unlock(&t->lock);
	for (uint32_t i = 0; i < used; i++) {
		struct sdev_object *o = place_at(t, i);
		const struct sdev_as *owner = atomic_load(&o->as);

		if (owner && (!as || owner == as))
			object_destroy(dev, o);
	}
}

static void chunks_free(struct sdev_objects *t)
{
	for (uint32_t i = 0; i < CHUNKS && atomic_load(&t->chunks[i]); i++)
		free(atomic_load(&t->chunks[i]));
	free(t->chunks);
}

void sdev_objects_exit(struct sdev *dev)
{
	chunks_free(&dev->objects);
	pthread_mutex_destroy(&dev->objects.lock);
}

/*
 * In a forked child. An object that was in use at that moment is left alone: the
 * library whose state it has may have been anywhere. So is one that another thread was
 * destroying: that one has no user any more, but it is closed, or belongs to nobody.
 */
static bool object_rests(const struct sdev_object *o)
{
	uint64_t word = atomic_load(&o->word);

	return (word & (WORD_LIVE | WORD_CLOSED | WORD_USERS)) == WORD_LIVE &&
	       atomic_load(&o->as);
}

void sdev_objects_forget(struct sdev *dev)
{
	struct sdev_objects *t = &dev->objects;
	struct sdev_object *o;

	for (uint32_t i = 0; i < t->used && (o = place_at(t, i)); i++) {
		if (object_rests(o))
			atomic_load(&o->kind)->destroy(o->body);
	}
	chunks_free(t);
}

/* ---- life ---------------------------------------------------------------------- */

/*
 * sdev_object_new() - give the job's address space an object around @body, and
 * the completion its handle. 0 or -ENOMEM; @body is the object's on success only.
 */
int sdev_object_new(struct sdev_job *job, const struct sdev_object_kind *kind, void *body)
{
	struct sdev_object *o = NULL;

	if (atomic_fetch_add(&job->as->objects, 1) < SDEV_MAX_OBJECTS)
		o = place_alloc(&job->dev->objects);
	if (!o) {
		atomic_fetch_sub(&job->as->objects, 1);
		return -ENOMEM;
	}
	atomic_store(&o->kind, kind);
	o->body = body;
	job->cpl->object = word_gen(atomic_load(&o->word)) << INDEX_BITS | o->index;
	atomic_store(&o->as, job->as);
	/* Whole before its word says that it lives. */
	atomic_fetch_or(&o->word, WORD_LIVE);
	return 0;
}

static struct sdev_object *object_bad(struct sdev_job *job, unsigned int detail)
{
	sdev_job_end(job, SDEV_ST_MALFORMED, detail);
	return NULL;
}

/*
 * The object that the job's descriptor names, with @add in its word. NULL: the
 * job has been ended.
 */
static struct sdev_object *object_enter(struct sdev_job *job, const struct sdev_object_kind *kind,
					uint64_t add, uint64_t forbids)
{
	uint32_t handle = job->desc->object, gen = handle >> INDEX_BITS;
	struct sdev_object *o = place_at(&job->dev->objects, handle & INDEX_MASK);
	uint64_t word = o ? atomic_load(&o->word) : 0;

	do {
		/* What the word vouches for is steady while the word is. */
		if (word_gen(word) != gen || (word & (WORD_LIVE | WORD_CLOSED)) != WORD_LIVE ||
		    atomic_load(&o->as) != job->as || atomic_load(&o->kind) != kind)
			return object_bad(job, SDEV_BAD_OBJECT);
		if (word & forbids)
			return object_bad(job, SDEV_OBJECT_BUSY);
	} while (!atomic_compare_exchange_weak(&o->word, &word, word + add));
	return o;
}

/* The kind of what the descriptor names; who takes or shares it checks again. */
const struct sdev_object_kind *sdev_object_named(const struct sdev_job *job)
{
	struct sdev_object *o = place_at(&job->dev->objects, job->desc->object & INDEX_MASK);

	return o ? atomic_load(&o->kind) : NULL;
}

/* A job that was parked at it has never let go. */
static struct sdev_object *object_held(struct sdev_job *job)
{
	struct sdev_object *o = job->held;

	job->held = NULL;
	return o;
}

/* sdev_object_take() - for a kind that serves one descriptor at a time. */
struct sdev_object *sdev_object_take(struct sdev_job *job, const struct sdev_object_kind *kind)
{
	if (wdi_unlikely(job->held))
		return object_held(job);
	return object_enter(job, kind, WORD_ALONE + 1, WORD_USERS);
}

/* sdev_object_share() - for a kind that serves any number at once. */
struct sdev_object *sdev_object_share(struct sdev_job *job, const struct sdev_object_kind *kind)
{
	if (wdi_unlikely(job->held))
		return object_held(job);
	return object_enter(job, kind, 1, WORD_ALONE);
}

/* sdev_object_doom() - to be closed, whoever is at it: see sdev_object_close(). */
struct sdev_object *sdev_object_doom(struct sdev_job *job, const struct sdev_object_kind *kind)
{
	return object_enter(job, kind, 1, 0);
}

/* sdev_object_again() - one share more, by who has one. */
void sdev_object_again(struct sdev_object *o)
{
	atomic_fetch_add(&o->word, 1);
}

/* sdev_object_put() - the end of a take or share. */
void sdev_object_put(struct sdev *dev, struct sdev_object *o)
{
	uint64_t word = atomic_load_explicit(&o->word, memory_order_relaxed);

	while (!atomic_compare_exchange_weak(&o->word, &word, (word & ~WORD_ALONE) - 1))
		;
	if (wdi_unlikely((word & (WORD_CLOSED | WORD_USERS)) == (WORD_CLOSED | 1)))
		object_destroy(dev, o);
}

/*
 * sdev_object_done() - as put, for a job that has been ended: one that is going
 * to park keeps the object until it goes on.
 */
void sdev_object_done(struct sdev_job *job, struct sdev_object *o)
{
	if (wdi_unlikely(SDEV_CPL_STATUS(job->cpl->end) == SDEV_ST_PAGE_FAULT) &&
	    sdev_job_parks(job))
		job->held = o;
	else
		sdev_object_put(job->dev, o);
}

/* sdev_object_close() - nobody gets it any more; it goes when the last user puts it. */
void sdev_object_close(struct sdev *dev, struct sdev_object *o)
{
	atomic_fetch_or(&o->word, WORD_CLOSED);
	sdev_object_put(dev, o);
}
