/* SPDX-License-Identifier: MIT */
/*
 * Parked descriptors: what a job leaves behind when it has to wait for a page,
 * and how it goes on. A parked descriptor is in one list of its queue, the
 * waiting or the ready one, or in the hands of the step that took it from
 * there; whoever takes it out completes it, so that happens once.
 */
#include "device/device_internal.h"

#include <stdlib.h>
#include <string.h>

#include "util/io.h"

/* So many times a descriptor parks at one place before its step waits. */
#define TRIES_MAX	8u
/* Of a source, at most so much is asked for at once. */
#define SPAN_MAX	((uint64_t)32 << 20)
#define RESUME_MAX	4u

void sdev_kept_free(struct sdev_kept *kept)
{
	if (!kept)
		return;
	if (kept->state)
		codec_stream_close(kept->row, kept->state);
	free(kept->p);
	free(kept);
}

/*
 * sdev_job_keep() - the job is going to park with @len bytes produced that its
 * destination has not got. NULL: no memory.
 */
struct sdev_kept *sdev_job_keep(struct sdev_job *job, const uint8_t *left, size_t len)
{
	struct sdev_kept *kept = calloc(1, sizeof(*kept));

	if (!kept)
		return NULL;
	kept->p = malloc(len + 1);
	if (!kept->p) {
		free(kept);
		return NULL;
	}
	if (len)
		memcpy(kept->p, left, len);
	kept->len = len;
	job->kept = kept;
	return kept;
}

/* ---- the ranges that a job misses --------------------------------------------------- */

static bool range_add(struct sdev_parked *p, uint64_t va, uint64_t len, enum sdev_access access,
		      uint64_t *room)
{
	len = wdi_min(len, *room);
	if (!len || p->ranges_count == SDEV_GROUP_MAX)
		return false;
	p->ranges[p->ranges_count++] = (struct sdev_range){ .va = va, .len = len,
							    .access = access };
	*room -= len;
	return true;
}

/*
 * All of the source that is left will be read, so all of it is asked for. Of a
 * destination only what was about to be written: the client may not have the rest.
 */
static void ranges_find(const struct sdev_job *job, struct sdev_parked *p)
{
	const struct sdev_range *miss = &job->miss;
	const struct sdev_operand *op = &job->src;
	uint64_t room = SPAN_MAX, left, end;
	const struct sdev_seg *seg;

	p->ranges_count = 0;
	if (miss->access == SDEV_READ && job->walked && job->as->kind == SDEV_AS_PROCESS &&
	    op->left && miss->va >= op->seg->va && miss->va - op->seg->va < op->seg->len) {
		seg = op->seg;
		left = op->left;
		end = wdi_min((uint64_t)seg->len, op->off + left);
		left -= end - op->off;
		range_add(p, miss->va, seg->va + end - miss->va, SDEV_READ, &room);
		while (left) {
			uint64_t len = wdi_min((uint64_t)(++seg)->len, left);

			left -= len;
			if (!range_add(p, seg->va, len, SDEV_READ, &room))
				break;
		}
	}
	if (!p->ranges_count)
		range_add(p, miss->va, miss->len, miss->access, &room);
}

/* ---- parking -------------------------------------------------------------------------- */

void sdev_parked_free(struct sdev_parked *p)
{
	free(p->segs[0]);
	free(p->segs[1]);
	free(p);
}

/* The part of an operand that is left, in memory of the parked descriptor. */
static bool operand_save(const struct sdev_operand *op, struct sdev_operand *to,
			 struct sdev_seg **segs)
{
	struct sdev_seg *copy;
	uint64_t covered = 0;
	size_t n = 0;

	*to = *op;
	to->seg = NULL;
	if (op->seg == &op->flat)
		return true;
	to->flat = (struct sdev_seg){ 0 };
	to->off = op->left ? op->off : 0;
	if (op->left)
		covered = op->seg[n++].len - op->off;
	while (covered < op->left)
		covered += op->seg[n++].len;
	if (!n)
		return true;
	copy = malloc(n * sizeof(*copy));
	if (!copy)
		return false;
	memcpy(copy, op->seg, n * sizeof(*copy));
	free(*segs);	/* of the last time; what is left may have been in it */
	*segs = copy;
	to->seg = copy;
	return true;
}

static bool job_save(const struct sdev_job *job, struct sdev_parked *p)
{
	p->walked = job->walked;
	return !job->walked || (operand_save(&job->src, &p->src, &p->segs[SDEV_READ]) &&
				operand_save(&job->dst, &p->dst, &p->segs[SDEV_WRITE]));
}

static void job_restore(struct sdev_job *job, const struct sdev_parked *p)
{
	job->walked = p->walked;
	if (!job->walked)
		return;
	job->src = p->src;
	job->dst = p->dst;
	if (!job->src.seg)
		job->src.seg = &job->src.flat;
	if (!job->dst.seg)
		job->dst.seg = &job->dst.flat;
}

static void list_add(struct sdev_parked **list, struct sdev_parked *p)
{
	p->next = *list;
	p->at = list;
	if (p->next)
		p->next->at = &p->next;
	*list = p;
}

void sdev_parked_unlist(struct sdev_parked *p)
{
	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	p->at = NULL;
}

/* Under pri.lock. Clients and scans look at it without. */
static void resumable_add(struct sdev_queue *q, int n)
{
	uint32_t now = atomic_load(&q->resumable) + (uint32_t)n;

	atomic_store(&q->resumable, now);
	wdi_io_store32_release(&q->db->resumable, now);
}

static void parked_count(struct sdev_queue *q, int n)
{
	atomic_fetch_add(&q->parked, (uint32_t)n);
	atomic_fetch_add(&q->dev->parked, (uint32_t)n);
}

/* What parks with the job moves over; what does not is let go. */
static void job_drop(struct sdev_job *job)
{
	if (job->held)
		sdev_object_put(job->dev, job->held);
	job->held = NULL;
	sdev_kept_free(job->kept);
	job->kept = NULL;
}

/*
 * sdev_park() - the job, which has ended with PAGE_FAULT, waits for its page.
 * False: it is to be completed after all, as its completion now says.
 */
bool sdev_park(struct sdev_job *job)
{
	struct sdev_parked *p = job->resume ? job->resume : calloc(1, sizeof(*p));
	struct sdev_pri *pri = job->dev->pri;
	enum sdev_comp_status cut = sdev_job_cut(job);

	if (cut)
		sdev_job_end(job, cut, 0);
	if (p)
		ranges_find(job, p);	/* while the chain is where it was */
	if (!p || cut || !job_save(job, p)) {
		if (p && !job->resume)
			sdev_parked_free(p);
		job_drop(job);
		return false;
	}
	p->queue = job->queue;
	p->as = job->as;
	p->desc = *job->desc;
	p->ext = *job->ext;
	p->cpl = *job->cpl;
	p->held = job->held;
	p->kept = job->kept;
	p->miss_va = job->cpl->fault_va;
	p->tries = p->tries_at == job->cpl->consumed + job->cpl->produced ? p->tries + 1 : 0;
	p->tries_at = job->cpl->consumed + job->cpl->produced;
	sdev_pri_lock(pri);
	list_add(&job->queue->waiting, p);
	parked_count(job->queue, 1);
	sdev_count(job->dev, SDEV_COUNTER_PARKS);
	sdev_pri_send(pri, p);
	sdev_pri_unlock(pri);
	return true;
}

/* sdev_parked_ready() - its response is here. Under pri.lock. */
void sdev_parked_ready(struct sdev *dev, struct sdev_parked *p)
{
	struct sdev_queue *q = p->queue;

	sdev_parked_unlist(p);
	list_add(&q->ready, p);
	resumable_add(q, 1);
	/* Who polls goes on with it, and who sleeps has to be told that there is something to do. */
	if (atomic_load(&dev->engines.running) && !atomic_load(&q->polled))
		sdev_engines_kick(dev);
	else
		sdev_queue_announce(q, true);
}

/* ---- going on ------------------------------------------------------------------------------ */

/* sdev_parked_take() - some descriptors of the queue that can go on, or NULL. */
struct sdev_parked *sdev_parked_take(struct sdev_queue *q, unsigned int *count)
{
	struct sdev_parked *list = NULL, *p;
	unsigned int n = 0;

	sdev_pri_lock(q->dev->pri);
	while (n < RESUME_MAX && (p = q->ready)) {
		sdev_parked_unlist(p);
		p->next = list;
		list = p;
		n++;
	}
	resumable_add(q, -(int)n);
	sdev_pri_unlock(q->dev->pri);
	parked_count(q, -(int)n);
	*count = n;
	return list;
}

/* The end of what was parked: it leaves nothing behind. */
static void parked_end(struct sdev *dev, struct sdev_parked *p)
{
	if (p->held)
		sdev_object_put(dev, p->held);
	sdev_kept_free(p->kept);
	sdev_parked_free(p);
}

/* sdev_parked_resume() - make the job of a parked descriptor, as it was. */
void sdev_parked_resume(struct sdev_parked *p, struct sdev_job *job)
{
	job->desc = &p->desc;
	job->ext = &p->ext;
	*job->cpl = p->cpl;
	job->cpl->fault_va = 0;
	job->cpl->end = 0;
	job->resume = p;
	job->held = p->held;
	job->kept = p->kept;
	p->held = NULL;
	p->kept = NULL;
	job_restore(job, p);
	job->refused = p->response == SDEV_RESPONSE_INVALID ? p->refused : SDEV_NO_PAGE;
	if (p->tries >= TRIES_MAX)
		job->nowait = false;
}

/* Whether the device could not bring the page, and the job ends as it is. */
bool sdev_parked_failed(const struct sdev_parked *p)
{
	return p->response == SDEV_RESPONSE_FAILURE;
}

/* sdev_parked_done() - the job has come to its end. */
void sdev_parked_done(struct sdev_job *job)
{
	job_drop(job);
	parked_end(job->dev, job->resume);
}

static bool parked_matches(const struct sdev_queue *q, const struct sdev_parked *p,
			   const struct sdev_as *as, bool by_tag)
{
	if (by_tag)
		return sdev_tag_cancelled(q, p->desc.tag);
	return !as || p->as == as;
}

/* Take what matches out of one of the queue's lists. Under pri.lock. */
static void list_extract(struct sdev_queue *q, struct sdev_parked **list, const struct sdev_as *as,
			 bool by_tag, struct sdev_parked **out)
{
	struct sdev_parked *p, *next;

	for (p = *list; p; p = next) {
		next = p->next;
		if (!parked_matches(q, p, as, by_tag))
			continue;
		if (list == &q->ready)
			resumable_add(q, -1);
		sdev_parked_unlist(p);
		p->next = *out;
		*out = p;
	}
}

/* Whether there were any. */
static bool cancel_matching(struct sdev_queue *q, const struct sdev_as *as, bool by_tag,
			    enum sdev_comp_status status)
{
	struct sdev_parked *p, *next, *gone = NULL;
	struct sdev *dev = q->dev;
	bool force = false, any;

	sdev_pri_lock(dev->pri);
	list_extract(q, &q->waiting, as, by_tag, &gone);
	list_extract(q, &q->ready, as, by_tag, &gone);
	any = gone != NULL;
	for (p = gone; p; p = next) {
		struct sdev_cpl cpl = p->cpl;

		next = p->next;
		cpl.fault_va = 0;
		cpl.end = SDEV_CPL_END(status, 0, 0);
		force |= p->desc.flags & SDEV_F_IRQ;
		if (p->held)
			sdev_object_put(dev, p->held);
		sdev_kept_free(p->kept);
		p->held = NULL;
		p->kept = NULL;
		parked_count(q, -1);
		if (sdev_pri_cancel(dev->pri, p))
			sdev_parked_free(p);
		sdev_queue_post(q, &cpl, 1);
	}
	sdev_pri_unlock(dev->pri);
	if (any) {
		wdi_io_sleep_barrier();
		sdev_queue_announce(q, force);
	}
	return any;
}

/*
 * sdev_parked_cancel() - complete what is parked in the queue with @status, all
 * or what belongs to @as. No step is at the queue, or none of that bond.
 */
void sdev_parked_cancel(struct sdev_queue *q, const struct sdev_as *as,
			enum sdev_comp_status status)
{
	if (q->dev && atomic_load(&q->parked))
		cancel_matching(q, as, false, status);
}

/* sdev_parked_sweep() - complete what the client no longer wants. Whether there was any. */
bool sdev_parked_sweep(struct sdev_queue *q)
{
	return cancel_matching(q, NULL, true, SDEV_ST_CANCELLED);
}

/*
 * sdev_parked_unwanted() - would a sweep find anything? Who parks asks this with
 * the engines' lock, which whoever has this one may be waiting for: then the
 * answer is to come and look.
 */
bool sdev_parked_unwanted(struct sdev_queue *q)
{
	struct sdev_parked *p;

	if (!sdev_pri_trylock(q->dev->pri))
		return true;
	for (p = q->waiting; p && !sdev_tag_cancelled(q, p->desc.tag); p = p->next)
		;
	sdev_pri_unlock(q->dev->pri);
	return p;
}
