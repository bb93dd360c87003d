/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU: what a job may reach through the address space it is bound to. The
 * device shares the process with its clients, so a process's address space is
 * this one, and translation is a look whether the page is there
 * (sdev_guard_ops.touch). Untagged accesses and those of a guest come to an
 * address of this process first, piece by piece.
 */
#include "device/device_internal.h"

#include <sys/mman.h>

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

/* sdev_as_other() - a space that is not in the device's own PASID table. */
struct sdev_as *sdev_as_other(struct sdev_queue *q)
{
	uint32_t pasid = atomic_load(&q->pasid);
	struct sdev_guest *guest;

	if (!pasid)
		return q->file->untagged;
	guest = atomic_load(&q->file->guest);
	return guest ? sdev_guest_as(guest, pasid, q->life) : NULL;
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
static size_t look(struct sdev_job *job, uint64_t host, size_t len, enum sdev_access access,
		   struct sdev_fault *fault)
{
	struct sdev_lookup *lookup = &job->dev->lookup;
	size_t n = sdev_atc_look(job->lane, lookup, job->as->life, host, len, access);
	uint64_t at = sdev_va_plain(host) + n;

	if (wdi_likely(n == len) || (at & ~(uint64_t)(lookup->page - 1)) == job->refused ||
	    !sdev_mapped(lookup, at))
		return len;
	*fault = (struct sdev_fault){ .va = at, .status = SDEV_ST_PAGE_FAULT };
	job->miss = (struct sdev_range){ .va = at, .len = len - n, .access = access };
	if (job->cpl->faults < UINT16_MAX)
		job->cpl->faults++;
	return n;
}

/* What is done with memory once it is known where it is. */
struct access_op {
	enum sdev_access access;
	void *to;		/* fetch */
	const void *from;	/* store; neither: touch */
};

/*
 * Through the guard, memory of this process. The guard may say PAGE_FAULT, too:
 * the injected one does.
 */
static inline size_t host_access(struct sdev_job *job, uint64_t host, size_t len,
				 const struct access_op *op, struct sdev_fault *fault)
{
	size_t room = wdi_likely(!job->nowait) ? len : look(job, host, len, op->access, fault), n;

	if (!room)
		return 0;
	if (op->to)
		n = job->guard->get(job->lane, op->to, host, room, fault);
	else if (op->from)
		n = job->guard->put(job->lane, host, op->from, room, fault);
	else
		n = job->guard->touch(job->lane, host, room, op->access, fault);
	if (wdi_unlikely(n < room) && fault->status == SDEV_ST_PAGE_FAULT)
		job->miss = (struct sdev_range){ .va = sdev_va_plain(host) + n, .len = room - n,
						 .access = op->access };
	return n;
}

/* The part at the beginning of a range that is one piece of this process. */
static size_t piece_find(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
			 uint64_t *host, struct sdev_fault *fault)
{
	if (job->as->kind == SDEV_AS_GUEST)
		return sdev_guest_find(job, va, len, access, host, fault);
	return sdev_dma_find(&job->as->owner->maps, va, len, access, host, fault);
}

/* Addresses that are not those of this process. Faults are said in the job's. */
__attribute__((noinline))
static size_t mapped_access(struct sdev_job *job, uint64_t va, size_t len,
			    const struct access_op *op, struct sdev_fault *fault)
{
	struct access_op part = *op;
	size_t done = 0, room, n;
	uint64_t host;

	while (done < len) {
		room = piece_find(job, va + done, len - done, op->access, &host, fault);
		if (!room)
			break;
		n = host_access(job, host, room, &part, fault);
		done += n;
		if (n < room) {
			fault->va = va + done;
			break;
		}
		if (part.to)
			part.to = (uint8_t *)part.to + n;
		if (part.from)
			part.from = (const uint8_t *)part.from + n;
	}
	return done;
}

static inline size_t job_access(struct sdev_job *job, uint64_t va, size_t len,
				const struct access_op *op, struct sdev_fault *fault)
{
	size_t room;

	if (wdi_unlikely(job->as->kind != SDEV_AS_PROCESS))
		return mapped_access(job, va, len, op, fault);
	room = va_clip(job->dev, va, len, fault);
	return room ? host_access(job, va, room, op, fault) : 0;
}

/* The bytes that the guard may be asked for. */
size_t sdev_range_room(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		       struct sdev_fault *fault)
{
	size_t done = 0, room, n;
	uint64_t host;

	if (wdi_likely(job->as->kind == SDEV_AS_PROCESS)) {
		room = va_clip(job->dev, va, len, fault);
		return wdi_likely(!job->nowait) || !room ? room : look(job, va, room, access, fault);
	}
	while (done < len) {
		room = piece_find(job, va + done, len - done, access, &host, fault);
		n = room && job->nowait ? look(job, host, room, access, fault) : room;
		done += n;
		if (n < room)
			fault->va = va + done;
		if (!n || n < room)
			break;
	}
	return done;
}

size_t sdev_translate(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		      struct sdev_fault *fault)
{
	return job_access(job, va, len, &(struct access_op){ .access = access }, fault);
}

size_t sdev_fetch(struct sdev_job *job, void *to, uint64_t va, size_t len,
		  struct sdev_fault *fault)
{
	return job_access(job, va, len, &(struct access_op){ .access = SDEV_READ, .to = to }, fault);
}

size_t sdev_store(struct sdev_job *job, uint64_t va, const void *from, size_t len,
		  struct sdev_fault *fault)
{
	return job_access(job, va, len, &(struct access_op){ .access = SDEV_WRITE, .from = from },
			  fault);
}
