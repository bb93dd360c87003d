/* SPDX-License-Identifier: MIT */
/*
 * A cache of translations of guest addresses. What is in it stays, however the
 * tables change, until it is invalidated or its place is needed.
 */
#ifndef WEFT_DEVICE_TLB_H
#define WEFT_DEVICE_TLB_H

#include <stdbool.h>
#include <stdint.h>

struct sdev_tlb_entry {
	uint32_t pasid;
	uint8_t shift;		/* log2 of the page; 0: unused */
	bool writable;		/* every level says so */
	bool dirty;		/* the leaf has its D bit, so that a write needs no walk */
	bool global;		/* the leaf says that it is the same in every PASID */
	uint64_t page;		/* guest address >> shift */
	uint64_t gpa;		/* of the page */
};

#define SDEV_TLB_ENTRIES	1024u
/* Under which a global translation is found by every PASID. */
#define SDEV_TLB_GLOBAL		UINT32_MAX

struct sdev_tlb {
	struct sdev_tlb_entry entries[SDEV_TLB_ENTRIES];
};

/* Which entries go. */
struct sdev_tlb_match {
	bool any_pasid;
	uint32_t pasid;
	bool any_address;
	uint64_t first;		/* guest addresses */
	uint64_t last;
	bool globals;		/* global ones, too */
};

const struct sdev_tlb_entry *sdev_tlb_find(const struct sdev_tlb *tlb, uint32_t pasid, uint64_t va);
void sdev_tlb_add(struct sdev_tlb *tlb, const struct sdev_tlb_entry *e);
void sdev_tlb_invalidate(struct sdev_tlb *tlb, const struct sdev_tlb_match *match);

#endif
