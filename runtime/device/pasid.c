/* SPDX-License-Identifier: MIT */
/*
 * PASIDs and what is bound under them. A PASID comes back only when nothing can
 * be under way for it any more: no step, no page request, no stop marker. Until
 * then it is quarantined, and one that nobody vouched for is retired for ever.
 *
 * A bond is held once by its file, once by each of its page requests and once by
 * its stop marker; who lets go last gives the PASID back.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "weft/vfio_svm.h"

#include "util/log.h"

/* Freed PASIDs rest until so many are there, while there are some never used. */
#define REST_MIN	4096u

/* They name no bond and are not to be given out: not yet, and never. */
static struct sdev_as quarantined, retired;

/* ---- the space ------------------------------------------------------------------ */

int sdev_pasids_init(struct sdev_pasids *pasids, unsigned int bits)
{
	pasids->count = 1u << bits;
	pasids->fresh = 1;	/* 0 is no PASID */
	pasids->table = sdev_map_pages(pasids->count * sizeof(*pasids->table));
	pasids->rest = sdev_map_pages(pasids->count * sizeof(*pasids->rest));
	if (pasids->table && pasids->rest)
		return 0;
	sdev_pasids_exit(pasids);
	return -ENOMEM;
}

void sdev_pasids_exit(struct sdev_pasids *pasids)
{
	if (pasids->table)
		munmap(pasids->table, pasids->count * sizeof(*pasids->table));
	if (pasids->rest)
		munmap(pasids->rest, pasids->count * sizeof(*pasids->rest));
}

/* The one that has rested longest, or one that was never used. 0: none is left. */
static uint32_t pasid_alloc(struct sdev_pasids *p)
{
	uint32_t pasid = 0, resting;

	wdi_spin_lock(&p->lock);
	resting = p->rest_tail - p->rest_head;
	if (resting >= REST_MIN || (resting && p->fresh == p->count))
		pasid = p->rest[p->rest_head++ & (p->count - 1)];
	else if (p->fresh < p->count)
		pasid = p->fresh++;
	wdi_spin_unlock(&p->lock);
	return pasid;
}

static void pasid_free(struct sdev_pasids *p, uint32_t pasid)
{
	wdi_spin_lock(&p->lock);
	atomic_store(&p->table[pasid], NULL);
	p->rest[p->rest_tail++ & (p->count - 1)] = pasid;
	wdi_spin_unlock(&p->lock);
}

/* ---- holding a bond --------------------------------------------------------------- */

/* @dev: NULL when the device has gone before its last page request. */
void sdev_as_put(struct sdev *dev, struct sdev_as *as)
{
	if (atomic_fetch_sub(&as->holds, 1) != 1)
		return;
	if (as->kind != SDEV_AS_PROCESS) {
		;	/* no PASID of the device is in use for it */
	} else if (dev && as->keep) {
		atomic_store(&dev->pasids.table[as->pasid], &retired);
		sdev_count(dev, SDEV_COUNTER_RETIRED);
	} else if (dev) {
		pasid_free(&dev->pasids, as->pasid);
	}
	free(as);
}

static void as_quiesce(struct sdev *dev, struct sdev_as *as);

/* sdev_as_new() - a space that takes no PASID of the device; under sdev.lock. */
struct sdev_as *sdev_as_new(struct sdev_file *file, enum sdev_as_kind kind, uint32_t pasid)
{
	struct sdev_as *as = calloc(1, sizeof(*as));

	if (!as)
		return NULL;
	as->kind = kind;
	as->pasid = pasid;
	as->owner = file;
	as->life = ++file->dev->pasids.lives;
	atomic_store(&as->holds, 1);
	atomic_store(&as->user, file);
	return as;
}

/* sdev_as_drop() - its end, with the lock held; steps that use it are waited for. */
void sdev_as_drop(struct sdev *dev, struct sdev_as *as)
{
	as_quiesce(dev, as);
	sdev_objects_destroy(dev, as);
	sdev_as_put(dev, as);
}

/* ---- bind ------------------------------------------------------------------------- */

static int as_new(struct sdev_file *file, struct sdev_as **out)
{
	struct sdev_pasids *pasids = &file->dev->pasids;
	struct sdev_as *as = calloc(1, sizeof(*as));

	if (!as)
		return -ENOMEM;
	as->pasid = pasid_alloc(pasids);
	if (!as->pasid) {
		wdi_err("sdev: no PASID is left");
		free(as);
		return -ENOSPC;
	}
	as->owner = file;
	as->life = ++pasids->lives;
	atomic_store(&as->holds, 1);
	atomic_store(&as->user, file);
	atomic_store(&pasids->table[as->pasid], as);
	*out = as;
	return 0;
}

int sdev_bind(struct sdev_file *file, uint32_t *pasid)
{
	struct sdev *dev = file->dev;
	int rc = 0;

	if (!sdev_has_svm(dev))
		return -EOPNOTSUPP;
	pthread_mutex_lock(&dev->lock);
	if (atomic_load(&dev->state) == SDEV_DEV_ISOLATED)
		rc = -EIO;
	else if (file->guest)
		rc = -EBUSY;	/* its PASIDs are the guest's */
	else if (file->as && (file->as->stopping || !atomic_load(&file->as->user)))
		rc = -EBUSY;	/* it is about to be unbound */
	else if (!file->as)
		rc = as_new(file, &file->as);
	if (!rc) {
		file->as->refs++;
		*pasid = file->as->pasid;
	}
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/* ---- stop ------------------------------------------------------------------------- */

/*
 * Nothing of the bond runs any more, and nothing will: afterwards only page
 * requests may be under way. The lock is dropped while steps run out; the bond
 * is marked, so that nobody ends it meanwhile.
 */
static void as_quiesce(struct sdev *dev, struct sdev_as *as)
{
	as->stopping = true;
	atomic_store(&as->user, NULL);
	pthread_mutex_unlock(&dev->lock);
	for (uint32_t i = 0; i < dev->max_queues && i < dev->open_words * 64; i++) {
		struct sdev_queue *q = &dev->queues[i];

		if (!__atomic_load_n(&q->dev, __ATOMIC_ACQUIRE) ||
		    atomic_load(&q->pasid) != as->pasid)
			continue;	/* never made, or another's */
		sdev_queue_drain(q);
		sdev_parked_cancel(q, as, SDEV_ST_NO_PASID);
	}
	pthread_mutex_lock(&dev->lock);
	as->stopping = false;
}

/* The device's own ways to stop: it waits for its responses, or it sends a marker. */
static enum sdev_stopped stop_by_waiting(struct sdev *dev, struct sdev_as *as)
{
	as->stopping = true;
	pthread_mutex_unlock(&dev->lock);
	sdev_pri_wait(dev->pri, as);
	pthread_mutex_lock(&dev->lock);
	as->stopping = false;
	return SDEV_STOPPED_CLEAN;
}

static enum sdev_stopped stop_by_marker(struct sdev *dev, struct sdev_as *as)
{
	sdev_pri_mark(dev->pri, as);
	return SDEV_STOPPED_FLUSHED;
}

static enum sdev_stopped stop_at_once(struct sdev *dev, struct sdev_as *as)
{
	return sdev_pri_outstanding(dev->pri, as) ? stop_by_marker(dev, as) : SDEV_STOPPED_CLEAN;
}

static enum sdev_stopped (*const stops[])(struct sdev *dev, struct sdev_as *as) = {
	[SDEV_STOP_ANY] = stop_at_once,
	[SDEV_STOP_WAIT] = stop_by_waiting,
	[SDEV_STOP_MARK] = stop_by_marker,
};
static_assert(wdi_array_size(stops) == SDEV_STOP_COUNT, "every way to stop is there");

/*
 * Platform devices have no message of their own to say that they are done. Their
 * invalidate callback is looked up by what they are compatible with.
 */
static const struct {
	const char *compatible;
	enum sdev_stopped (*invalidate)(struct sdev *dev, struct sdev_as *as);
} platforms[] = {
	{ "weft,sdev-wait", stop_by_waiting },
	{ "weft,sdev-mark", stop_by_marker },
};

/* sdev_has_svm() - whether anything can be bound: not without a way to end it. */
bool sdev_has_svm(const struct sdev *dev)
{
	for (size_t i = 0; i < wdi_array_size(platforms) && dev->platform; i++) {
		if (!strcmp(platforms[i].compatible, dev->platform))
			return true;
	}
	return !dev->platform;
}

static enum sdev_stopped platform_invalidate(struct sdev *dev, struct sdev_as *as)
{
	for (size_t i = 0; i < wdi_array_size(platforms); i++) {
		if (!strcmp(platforms[i].compatible, dev->platform))
			return platforms[i].invalidate(dev, as);
	}
	return SDEV_STOPPED_CLEAN;	/* not reached: without a callback there is no bond */
}

/* The bond that @file may act on, with the lock held. */
static int as_owned(struct sdev_file *file, uint32_t pasid, struct sdev_as **out)
{
	struct sdev_pasids *pasids = &file->dev->pasids;
	struct sdev_as *as = pasid < pasids->count ? atomic_load(&pasids->table[pasid]) : NULL;

	if (!as || as == &retired || as == &quarantined)
		return -ENOENT;
	if (as->owner != file)
		return -EPERM;
	if (as->stopping)
		return -EBUSY;
	*out = as;
	return 0;
}

/* sdev_pasid_stop() - the driver asks the device to stop a PASID. */
int sdev_pasid_stop(struct sdev_file *file, struct sdev_admin *cmd)
{
	struct sdev *dev = file->dev;
	struct sdev_as *as;
	int rc;

	if (cmd->stop >= SDEV_STOP_COUNT)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	rc = as_owned(file, cmd->pasid, &as);
	if (!rc && as->refs > 1)
		rc = -EBUSY;
	if (!rc) {
		as_quiesce(dev, as);
		cmd->stop = stops[cmd->stop](dev, as);
	}
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/* ---- unbind ------------------------------------------------------------------------ */

/*
 * The end of a bond, with the lock held. No step may find it any more before
 * those that have are waited for, because then it can go.
 */
static void as_end(struct sdev *dev, struct sdev_as *as, uint32_t flags)
{
	atomic_store(&dev->pasids.table[as->pasid], &quarantined);
	as_quiesce(dev, as);
	if (!flags && dev->platform && as->refs == 0)
		flags = platform_invalidate(dev, as) == SDEV_STOPPED_CLEAN ?
			VFIO_SVM_PASID_RELEASE_CLEAN : VFIO_SVM_PASID_RELEASE_FLUSHED;
	/* A client that says "flushed" has had the marker sent; one that forgot is helped. */
	if (flags & VFIO_SVM_PASID_RELEASE_FLUSHED)
		sdev_pri_mark(dev->pri, as);
	as->keep = !flags;
	as->owner->as = NULL;
	sdev_objects_destroy(dev, as);
	sdev_as_put(dev, as);
}

int sdev_unbind(struct sdev_file *file, uint32_t pasid, uint32_t flags)
{
	const uint32_t known = VFIO_SVM_PASID_RELEASE_FLUSHED | VFIO_SVM_PASID_RELEASE_CLEAN;
	struct sdev *dev = file->dev;
	struct sdev_as *as;
	int rc;

	if ((flags & ~known) || flags == known)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	rc = as_owned(file, pasid, &as);
	if (!rc && --as->refs == 0)
		as_end(dev, as, flags);
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/* The file is closed without an unbind: nobody has said that the PASID is clean. */
void sdev_unbind_exit(struct sdev_file *file)
{
	struct sdev *dev = file->dev;

	pthread_mutex_lock(&dev->lock);
	if (file->as)
		as_end(dev, file->as, 0);
	pthread_mutex_unlock(&dev->lock);
}
