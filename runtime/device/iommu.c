/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU: what a job may reach through the address space it is bound to. The device shares the process with its clients,
 * so a bound address space is this one and translation is a look whether the
 * page is there: sdev_guard_ops.touch.
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

	uint64_t at = sdev_va_plain(va) + n;

	if (wdi_likely(n == len) || (at & ~(uint64_t)(lookup->page - 1)) == job->refused ||
	    !sdev_mapped(lookup, at))
		return len;
	fault->va = at;
	fault->status = SDEV_ST_PAGE_FAULT;
	job->miss = (struct sdev_range){ .va = at, .len = len - n, .access = access };
	if (job->cpl->faults < UINT16_MAX)
		job->cpl->faults++;
	return n;
}

/* The bytes that the guard may be asked for. */
size_t sdev_range_room(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		       struct sdev_fault *fault)
{
	size_t room = va_clip(job->dev, va, len, fault);

	return wdi_likely(!job->nowait) || !room ? room : look(job, va, room, access, fault);
}

/* A guard may say so, too: the injected one does. */
static inline size_t range_done(struct sdev_job *job, uint64_t va, size_t room, size_t n,
				enum sdev_access access, const struct sdev_fault *fault)
{
	if (wdi_unlikely(n < room) && fault->status == SDEV_ST_PAGE_FAULT)
		job->miss = (struct sdev_range){ .va = sdev_va_plain(va) + n, .len = room - n,
						 .access = access };
	return n;
}

size_t sdev_translate(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		      struct sdev_fault *fault)
{
	size_t room = sdev_range_room(job, va, len, access, fault), n;

	n = room ? job->guard->touch(job->lane, va, room, access, fault) : 0;
	return range_done(job, va, room, n, access, fault);
}

size_t sdev_fetch(struct sdev_job *job, void *to, uint64_t va, size_t len,
		  struct sdev_fault *fault)
{
	size_t room = sdev_range_room(job, va, len, SDEV_READ, fault), n;

	n = room ? job->guard->get(job->lane, to, va, room, fault) : 0;
	return range_done(job, va, room, n, SDEV_READ, fault);
}

size_t sdev_store(struct sdev_job *job, uint64_t va, const void *from, size_t len,
		  struct sdev_fault *fault)
{
	size_t room = sdev_range_room(job, va, len, SDEV_WRITE, fault), n;

	n = room ? job->guard->put(job->lane, va, from, room, fault) : 0;
	return range_done(job, va, room, n, SDEV_WRITE, fault);
}
