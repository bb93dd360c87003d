/* SPDX-License-Identifier: MIT */
/*
 * The address-translation cache: which pages are there now, so that a job that
 * must not wait can be turned away before it touches one that is not. A miss
 * asks the kernel, 64 pages at a time, and never waits for a page.
 *
 * Nobody tells a process when the kernel takes a page away, as it would tell an
 * IOMMU. So an entry is believed for a short time only, and it is a hint: what
 * it is wrong about, the guard still catches, or the access waits for.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/ownfd.h"

#define BLOCK_PAGES	64u
#define ATC_BLOCKS	256u		/* a power of two */
#define ATC_LIFE_NS	(10 * WDI_NSEC_PER_MSEC)

/* Documentation/admin-guide/mm/pagemap.rst of the kernel */
#define PM_WRITE_PROTECTED	(UINT64_C(1) << 57)	/* by userfaultfd: a write waits */
#define PM_PRESENT		(UINT64_C(1) << 63)

struct sdev_atc_block {
	uint64_t life;			/* of the bond; 0: unused */
	uint64_t number;		/* address / (BLOCK_PAGES * page) */
	uint64_t until;			/* ns */
	uint64_t present[2];		/* bit a page, by enum sdev_access */
};

struct sdev_atc {
	struct sdev_atc_block blocks[ATC_BLOCKS];
};

/* ---- asking the kernel ---------------------------------------------------------- */

/* In its place where there is none: mincore() instead. */
static struct wdi_own_fd no_pagemap = { .fd = -1 };

void sdev_lookup_init(struct sdev_lookup *lookup, unsigned int without)
{
	lookup->page = (size_t)sysconf(_SC_PAGESIZE);
	atomic_store(&lookup->pagemap, without & SDEV_WITHOUT_PAGEMAP ? &no_pagemap : NULL);
}

static void pagemap_close(struct wdi_own_fd *pagemap)
{
	if (!pagemap || pagemap == &no_pagemap)
		return;
	wdi_own_fd_close(pagemap);
	free(pagemap);
}

void sdev_lookup_exit(struct sdev_lookup *lookup)
{
	pagemap_close(atomic_exchange(&lookup->pagemap, &no_pagemap));
}

static struct wdi_own_fd *pagemap_new(void)
{
	struct wdi_own_fd *pagemap = malloc(sizeof(*pagemap));
	int fd = pagemap ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && !wdi_own_fd_set(pagemap, fd))
		return pagemap;
	if (fd >= 0)
		close(fd);
	free(pagemap);
	return &no_pagemap;
}

static struct wdi_own_fd *pagemap_open(struct sdev_lookup *lookup)
{
	struct wdi_own_fd *pagemap = pagemap_new(), *now = NULL;

	if (atomic_compare_exchange_strong(&lookup->pagemap, &now, pagemap))
		return pagemap;
	pagemap_close(pagemap);		/* another thread was first */
	return now;
}

static bool pagemap_fill(struct sdev_lookup *lookup, uint64_t number,
			 struct sdev_atc_block *b)
{
	uint64_t words[BLOCK_PAGES] = { 0 };
	off_t at = (off_t)(number * BLOCK_PAGES * sizeof(words[0]));
	struct wdi_own_fd *pagemap = atomic_load_explicit(&lookup->pagemap, memory_order_acquire);

	if (!pagemap)
		pagemap = pagemap_open(lookup);
	/* The program may have closed it, and another file may have its number. */
	if (!wdi_own_fd_is(pagemap) || pread(pagemap->fd, words, sizeof(words), at) <= 0)
		return false;
	for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
		uint64_t there = words[i] & PM_PRESENT ? 1 : 0;

		b->present[SDEV_READ] |= there << i;
		b->present[SDEV_WRITE] |= (words[i] & PM_WRITE_PROTECTED ? 0 : there) << i;
	}
	return true;
}

/* A hole fails the whole call, so then it is asked page by page. */
static void mincore_fill(const struct sdev_lookup *lookup, uint64_t number,
			 struct sdev_atc_block *b)
{
	uint8_t *p = (uint8_t *)(uintptr_t)(number * BLOCK_PAGES * lookup->page);
	unsigned char in[BLOCK_PAGES] = { 0 };

	if (mincore(p, BLOCK_PAGES * lookup->page, in)) {
		for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
			if (mincore(p + i * lookup->page, lookup->page, &in[i]))
				in[i] = 0;
		}
	}
	for (unsigned int i = 0; i < BLOCK_PAGES; i++)
		b->present[SDEV_READ] |= (uint64_t)(in[i] & 1) << i;
	b->present[SDEV_WRITE] = b->present[SDEV_READ];
}

/* sdev_mapped() - is there anything at this address that a page could come to? */
bool sdev_mapped(const struct sdev_lookup *lookup, uint64_t va)
{
	void *page = (void *)(uintptr_t)(va & ~(uint64_t)(lookup->page - 1));
	unsigned char in;

	return !mincore(page, lookup->page, &in) || errno != ENOMEM;
}

/* ---- the cache ------------------------------------------------------------------ */

static struct sdev_atc *lane_atc(struct sdev_lane *lane)
{
	if (wdi_unlikely(!lane->atc))
		lane->atc = calloc(1, sizeof(*lane->atc));
	return lane->atc;
}

static void block_fill(struct sdev_lookup *lookup, uint64_t life, uint64_t number,
		       uint64_t now, struct sdev_atc_block *b)
{
	*b = (struct sdev_atc_block){ .life = life, .number = number, .until = now + ATC_LIFE_NS };
	if (!pagemap_fill(lookup, number, b))
		mincore_fill(lookup, number, b);
}

/* The pages of a block from @first on, @count of them. */
static uint64_t pages_mask(unsigned int first, unsigned int count)
{
	return (count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1) << first;
}

/*
 * sdev_atc_look() - how many of the @len bytes at @va lie in pages that are
 * there for @access. Does not wait, and does not touch them.
 * @life: of the bond, so that no entry outlives it
 */
size_t sdev_atc_look(struct sdev_lane *lane, struct sdev_lookup *lookup, uint64_t life,
		     uint64_t va, size_t len, enum sdev_access access)
{
	uint64_t plain = sdev_va_plain(va), page = plain / lookup->page;
	uint64_t last = (plain + len - 1) / lookup->page, now = wdi_now_ns();
	struct sdev_atc *atc = lane_atc(lane);
	struct sdev_atc_block once, *b;

	while (page <= last) {
		uint64_t number = page / BLOCK_PAGES, need, lack;
		unsigned int first = (unsigned int)(page % BLOCK_PAGES);
		uint64_t count = wdi_min((uint64_t)(BLOCK_PAGES - first), last - page + 1);

		b = atc ? &atc->blocks[number & (ATC_BLOCKS - 1)] : &once;
		need = pages_mask(first, (unsigned int)count);
		if (!atc || b->life != life || b->number != number || b->until < now ||
		    (need & ~b->present[access]))
			block_fill(lookup, life, number, now, b);
		lack = need & ~b->present[access];
		if (wdi_unlikely(lack)) {
			page = number * BLOCK_PAGES + (uint64_t)__builtin_ctzll(lack);
			return page * lookup->page <= plain ? 0 : page * lookup->page - plain;
		}
		page += count;
	}
	return len;
}

void sdev_atc_free(struct sdev_atc *atc)
{
	free(atc);
}
