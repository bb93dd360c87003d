/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU: which address spaces are bound under which PASID, and what a job
 * may reach through its own. The device shares the process with its clients,
 * so a bound address space is this one and translation is a look whether the
 * page is there: sdev_guard_ops.touch.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "weft/vfio_svm.h"

#include "util/log.h"

/* A PASID that names no bond and is not to be given out. */
static struct sdev_as retired;

/*
 * sdev_va_bits() - width of an address of this process. Beyond it an access
 * would not even report where it failed.
 */
unsigned int sdev_va_bits(void)
{
#if defined(__x86_64__)
	/* Five-level page tables are given out only to who asks for a high address. */
	void *high = (void *)(UINT64_C(1) << 47);
	void *p = mmap(high, SDEV_PAGE_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool five = p != MAP_FAILED && p >= high;

	if (p != MAP_FAILED)
		munmap(p, SDEV_PAGE_SIZE);
	return five ? 56 : 47;
#else
	return 55;	/* bit 55 is the kernel's side */
#endif
}

int sdev_pasids_init(struct sdev_pasids *pasids)
{
	pasids->table = sdev_map_pages(SDEV_PASID_COUNT * sizeof(*pasids->table));
	pasids->next = 1;
	return pasids->table ? 0 : -ENOMEM;
}

void sdev_pasids_exit(struct sdev_pasids *pasids)
{
	munmap(pasids->table, SDEV_PASID_COUNT * sizeof(*pasids->table));
}

/* From the last one on, so that a PASID rests before it comes again. 0: used up. */
static uint32_t pasid_alloc(struct sdev_pasids *pasids, struct sdev_as *as)
{
	uint32_t pasid = pasids->next;

	for (uint32_t i = 0; i < SDEV_PASID_COUNT; i++, pasid++) {
		pasid &= SDEV_PASID_COUNT - 1;
		if (!pasid || atomic_load_explicit(&pasids->table[pasid], memory_order_relaxed))
			continue;
		as->pasid = pasid;
		atomic_store(&pasids->table[pasid], as);
		pasids->next = pasid + 1;
		return pasid;
	}
	return 0;
}

int sdev_bind(struct sdev_file *file, uint32_t *pasid)
{
	struct sdev *dev = file->dev;
	struct sdev_as *as;
	int rc = 0;

	pthread_mutex_lock(&dev->lock);
	if (atomic_load(&dev->state) == SDEV_DEV_ISOLATED) {
		rc = -EIO;
		goto unlock;
	}
	as = file->as;
	if (!as) {
		as = calloc(1, sizeof(*as));
		if (!as) {
			rc = -ENOMEM;
			goto unlock;
		}
		as->file = file;
		as->life = ++dev->pasids.lives;
		if (!pasid_alloc(&dev->pasids, as)) {
			wdi_err("sdev: no PASID is left");
			free(as);
			rc = -ENOSPC;
			goto unlock;
		}
		file->as = as;
	}
	as->refs++;
	*pasid = as->pasid;
unlock:
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/*
 * The bond's last moments, with the lock held on entry and dropped while steps
 * run out. Its PASID is kept from others until then, and for ever if @keep.
 */
static void as_destroy(struct sdev *dev, struct sdev_as *as, bool keep)
{
	_Atomic(struct sdev_as *) *entry = &dev->pasids.table[as->pasid];

	atomic_store(entry, &retired);
	as->file->as = NULL;
	pthread_mutex_unlock(&dev->lock);
	for (uint32_t i = 0; i < dev->open_words * 64; i++) {
		struct sdev_queue *q = &dev->queues[i];

		if (i < dev->max_queues && atomic_load(&q->pasid) == as->pasid)
			sdev_queue_drain(q);
	}
	pthread_mutex_lock(&dev->lock);
	sdev_objects_destroy(dev, as);
	if (!keep)
		atomic_store(entry, NULL);
	free(as);
}

/*
 * There is no page request queue, so when the last step has ended no message of
 * the PASID is under way: FLUSHED ends where CLEAN does.
 */
int sdev_unbind(struct sdev_file *file, uint32_t pasid, uint32_t flags)
{
	const uint32_t known = VFIO_SVM_PASID_RELEASE_FLUSHED | VFIO_SVM_PASID_RELEASE_CLEAN;
	struct sdev *dev = file->dev;
	struct sdev_as *as;
	int rc = 0;

	if ((flags & ~known) || flags == known)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	as = pasid < SDEV_PASID_COUNT ? atomic_load(&dev->pasids.table[pasid]) : NULL;
	if (!as || as == &retired)
		rc = -ENOENT;
	else if (as->file != file)
		rc = -EPERM;
	else if (--as->refs == 0)
		as_destroy(dev, as, !flags);
	pthread_mutex_unlock(&dev->lock);
	return rc;
}

/* The file is closed without an unbind: nobody has said that the PASID is clean. */
void sdev_unbind_exit(struct sdev_file *file)
{
	pthread_mutex_lock(&file->dev->lock);
	if (file->as)
		as_destroy(file->dev, file->as, true);
	pthread_mutex_unlock(&file->dev->lock);
}

/* ---- translation ---------------------------------------------------------------- */

/* What of the range a client can have at all. */
static size_t va_clip(const struct sdev *dev, uint64_t va, size_t len, struct sdev_fault *fault)
{
	uint64_t plain = sdev_va_plain(va);

	if (wdi_likely(plain < dev->va_limit && len <= dev->va_limit - plain))
		return len;
	fault->va = plain < dev->va_limit ? dev->va_limit : va;
	fault->status = SDEV_ST_BAD_ADDRESS;
	return plain < dev->va_limit ? dev->va_limit - plain : 0;
}

/*
 * What of the range is there now, for a job that must not wait. What cannot
 * come is not waited for either: the guard says what is wrong with it.
 */
static size_t look(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		   struct sdev_fault *fault)
{
	const struct sdev_lookup *lookup = &job->dev->lookup;
	size_t n = sdev_atc_look(job->lane, lookup, job->as->life, va, len, access);

	if (wdi_likely(n == len) || !sdev_mapped(lookup, va + n))
		return len;
	fault->va = sdev_va_plain(va) + n;
	fault->status = SDEV_ST_PAGE_FAULT;
	if (job->cpl->faults < UINT16_MAX)
		job->cpl->faults++;
	return n;
}

/* The bytes that the guard may be asked for. */
static inline size_t range_room(struct sdev_job *job, uint64_t va, size_t len,
				enum sdev_access access, struct sdev_fault *fault)
{
	size_t room = va_clip(job->dev, va, len, fault);

	return wdi_likely(!job->nowait) || !room ? room : look(job, va, room, access, fault);
}

size_t sdev_translate(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		      struct sdev_fault *fault)
{
	size_t room = range_room(job, va, len, access, fault);

	return room ? job->guard->touch(job->lane, va, room, access, fault) : 0;
}

size_t sdev_fetch(struct sdev_job *job, void *to, uint64_t va, size_t len,
		  struct sdev_fault *fault)
{
	size_t room = range_room(job, va, len, SDEV_READ, fault);

	return room ? job->guard->get(job->lane, to, va, room, fault) : 0;
}

size_t sdev_store(struct sdev_job *job, uint64_t va, const void *from, size_t len,
		  struct sdev_fault *fault)
{
	size_t room = range_room(job, va, len, SDEV_WRITE, fault);

	return room ? job->guard->put(job->lane, va, from, room, fault) : 0;
}
