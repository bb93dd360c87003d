/* SPDX-License-Identifier: MIT */
#include "device/tlb.h"

#include "util/bits.h"

#define WAYS	4u

static const uint8_t shifts[] = { 12, 21, 30 };

/* The set that a page of this size and address belongs into; sizes do not mix. */
static uint32_t set_of(uint32_t pasid, unsigned int shift, uint64_t page)
{
	uint64_t x = (page ^ (uint64_t)pasid << 40 ^ (uint64_t)shift << 56) *
		     UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(x >> 40) % (SDEV_TLB_ENTRIES / WAYS) * WAYS;
}

static bool entry_is(const struct sdev_tlb_entry *e, uint32_t pasid, unsigned int shift,
		     uint64_t page)
{
	return e->shift == shift && e->page == page && e->pasid == pasid;
}

static const struct sdev_tlb_entry *find(const struct sdev_tlb *tlb, uint32_t pasid, uint64_t va)
{
	for (unsigned int s = 0; s < wdi_array_size(shifts); s++) {
		uint64_t page = va >> shifts[s];
		uint32_t set = set_of(pasid, shifts[s], page);

		for (unsigned int i = 0; i < WAYS; i++) {
			if (entry_is(&tlb->entries[set + i], pasid, shifts[s], page))
				return &tlb->entries[set + i];
		}
	}
	return NULL;
}

const struct sdev_tlb_entry *sdev_tlb_find(const struct sdev_tlb *tlb, uint32_t pasid, uint64_t va)
{
	const struct sdev_tlb_entry *e = find(tlb, pasid, va);

	return e ? e : find(tlb, SDEV_TLB_GLOBAL, va);
}

/* The same page again replaces what was known of it; otherwise the oldest goes. */
void sdev_tlb_add(struct sdev_tlb *tlb, const struct sdev_tlb_entry *e)
{
	struct sdev_tlb_entry *set = &tlb->entries[set_of(e->pasid, e->shift, e->page)];
	unsigned int i;

	for (i = 0; i < WAYS - 1 && set[i].shift && !entry_is(&set[i], e->pasid, e->shift, e->page);
	     i++)
		;
	for (; i; i--)
		set[i] = set[i - 1];
	set[0] = *e;
}

void sdev_tlb_invalidate(struct sdev_tlb *tlb, const struct sdev_tlb_match *match)
{
	for (unsigned int i = 0; i < SDEV_TLB_ENTRIES; i++) {
		struct sdev_tlb_entry *e = &tlb->entries[i];
		uint64_t first = e->page << e->shift, last = first + ((UINT64_C(1) << e->shift) - 1);

		/* A global entry is every PASID's: with @globals, whoever made it. */
		if (e->global ? !match->globals : !match->any_pasid && e->pasid != match->pasid)
			continue;
		if (match->any_address || (first <= match->last && last >= match->first))
			e->shift = 0;
	}
}
