/* SPDX-License-Identifier: MIT */
/*
 * Virtual SVM: PASIDs of a guest. Translation is nested: the guest's PASID table
 * gives a page table, that gives guest-physical addresses, and the file's DMA
 * maps say where those are in this process. The IOMMU caches what it finds, the
 * device again, and both believe it until they are told otherwise.
 *
 * The tables are the guest's and may be anything. They are read through the
 * guard, and every address out of them goes through the maps.
 */
#include "device/device_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/tlb.h"
#include "weft/vfio_svm.h"

/* An entry of the guest's PASID table. */
#define PASID_P		UINT64_C(1)
/* Entries of x86-64 page tables; Intel SDM volume 3, 4.5 */
#define PTE_P		(UINT64_C(1) << 0)
#define PTE_W		(UINT64_C(1) << 1)
#define PTE_U		(UINT64_C(1) << 2)
#define PTE_A		(UINT64_C(1) << 5)
#define PTE_D		(UINT64_C(1) << 6)
#define PTE_PS		(UINT64_C(1) << 7)
#define PTE_G		(UINT64_C(1) << 8)
#define ADDR_MASK	UINT64_C(0x000ffffffffff000)

#define LEVELS		4u
#define WALKS_MAX	16u	/* while the guest changes entries under the walk */
#define PASID_SLOTS	256u

struct pasid_slot {
	bool valid;
	uint32_t pasid;
	uint64_t pml4;
};

struct sdev_guest {
	pthread_mutex_t lock;
	uint64_t table;			/* guest-physical */
	uint32_t entries;
	uint64_t generation;		/* invalidations so far */
	struct sdev_as *spaces;
	struct pasid_slot pasids[PASID_SLOTS];
	struct sdev_tlb iotlb;
	struct sdev_tlb devtlb;
};

/* ---- the guest's memory ------------------------------------------------------------ */

static const struct sdev_guard_ops *table_guard(const struct sdev_job *job)
{
	if (job->lane->deaf && job->dev->guard_kind == SDEV_GUARD_SIGNAL)
		return &sdev_guard_copy;
	return job->dev->guard;
}

/* Where an entry is in this process. False: @fault. */
static bool entry_host(struct sdev_job *job, uint64_t gpa, enum sdev_access access, uint64_t *host,
		       struct sdev_fault *fault)
{
	return sdev_dma_find(&job->as->owner->maps, gpa, 8, access, host, fault) == 8;
}

static bool entry_read(struct sdev_job *job, uint64_t gpa, uint64_t *value,
		       struct sdev_fault *fault)
{
	uint64_t host;

	return entry_host(job, gpa, SDEV_READ, &host, fault) &&
	       table_guard(job)->get(job->lane, value, host, 8, fault) == 8;
}

struct or_call {
	uint64_t *entry;
	uint64_t bits;
};

static void or_call(void *arg)
{
	const struct or_call *c = arg;

	__atomic_fetch_or(c->entry, c->bits, __ATOMIC_RELAXED);
}

/* Atomically, because the guest may be changing other bits. */
static bool entry_or(struct sdev_job *job, uint64_t gpa, uint64_t bits, struct sdev_fault *fault)
{
	const struct sdev_guard_ops *guard = table_guard(job);
	uint64_t host;
	struct or_call c = { .bits = bits };

	if (!entry_host(job, gpa, SDEV_WRITE, &host, fault))
		return false;
	if (guard->in_place) {
		c.entry = (uint64_t *)(uintptr_t)host;
		return guard->call(job->lane, host, 8, or_call, &c, fault);
	}
	fault->status = sdev_mapped(&job->dev->lookup, host) ? SDEV_ST_ACCESS_DENIED :
							       SDEV_ST_BAD_ADDRESS;
	return !sdev_kernel_or(host, (uint32_t)bits);
}

/* ---- the walk ------------------------------------------------------------------------ */

struct walk {
	uint64_t gpa[LEVELS];		/* of the entries used */
	uint64_t value[LEVELS];
	unsigned int depth;
	unsigned int shift;		/* of the page */
	bool writable;
	bool user;
};

/* A page that is not there: who reports faults can have it brought by the guest. */
static bool walk_absent(struct sdev_job *job, struct sdev_fault *fault)
{
	fault->status = SDEV_ST_BAD_ADDRESS;
	if (job->desc->flags & SDEV_F_FAULT_REPORT) {
		fault->status = SDEV_ST_PAGE_FAULT;
		job->cpl->faults += job->cpl->faults < UINT16_MAX;
	}
	return false;
}

static bool walk_reserved(const struct walk *w, uint64_t value)
{
	uint64_t low = (UINT64_C(1) << w->shift) - 1;

	if (!(value & PTE_PS) || w->shift == 12)
		return false;
	/* Bit 12 of a large page is its memory type; no page has 512 GiB. */
	return w->shift == 39 || (value & ADDR_MASK & low & ~(UINT64_C(1) << 12));
}

static bool walk_tables(struct sdev_job *job, uint64_t pml4, uint64_t va, struct walk *w,
			struct sdev_fault *fault)
{
	uint64_t table = pml4, value;

	*w = (struct walk){ .writable = true, .user = true };
	for (w->shift = 39;; w->shift -= 9) {
		w->gpa[w->depth] = table + (va >> w->shift & 511) * 8;
		if (!entry_read(job, w->gpa[w->depth], &value, fault))
			return false;
		if (!(value & PTE_P))
			return walk_absent(job, fault);
		if (walk_reserved(w, value)) {
			fault->status = SDEV_ST_BAD_ADDRESS;
			return false;
		}
		w->value[w->depth++] = value;
		w->writable &= !!(value & PTE_W);
		w->user &= !!(value & PTE_U);
		if (w->shift == 12 || (value & PTE_PS))
			return true;
		table = value & ADDR_MASK;
	}
}

/* Accessed everywhere, dirty in the leaf. False with DONE: an entry has changed meanwhile. */
static bool walk_mark(struct sdev_job *job, const struct walk *w, enum sdev_access access,
		      struct sdev_fault *fault)
{
	for (unsigned int i = 0; i < w->depth; i++) {
		bool leaf = i == w->depth - 1;
		uint64_t bits = PTE_A | (leaf && access == SDEV_WRITE ? PTE_D : 0), now;

		if ((w->value[i] & bits) == bits)
			continue;
		if (!entry_or(job, w->gpa[i], bits, fault) ||
		    !entry_read(job, w->gpa[i], &now, fault))
			return false;
		if ((now ^ w->value[i]) & ~(PTE_A | PTE_D)) {
			fault->status = SDEV_ST_DONE;
			return false;
		}
	}
	return true;
}

static bool walk_allows(const struct walk *w, enum sdev_access access, struct sdev_fault *fault)
{
	if (w->user && (w->writable || access == SDEV_READ))
		return true;
	fault->status = SDEV_ST_ACCESS_DENIED;
	return false;
}

static bool va_is_canonical(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

static bool walk(struct sdev_job *job, uint64_t pml4, uint64_t va, enum sdev_access access,
		 struct sdev_tlb_entry *e, struct sdev_fault *fault)
{
	struct walk w;
	uint64_t leaf;

	fault->status = SDEV_ST_BAD_ADDRESS;
	if (!va_is_canonical(va))
		return false;
	for (unsigned int i = 0; i < WALKS_MAX; i++) {
		if (!walk_tables(job, pml4, va, &w, fault) || !walk_allows(&w, access, fault))
			return false;
		if (walk_mark(job, &w, access, fault)) {
			leaf = w.value[w.depth - 1];
			*e = (struct sdev_tlb_entry){
				.pasid = job->as->pasid,
				.shift = (uint8_t)w.shift,
				.writable = w.writable,
				.dirty = access == SDEV_WRITE || (leaf & PTE_D),
				.global = leaf & PTE_G,
				.page = va >> w.shift,
				.gpa = leaf & ADDR_MASK & ~((UINT64_C(1) << w.shift) - 1),
			};
			return true;
		}
		if (fault->status)
			return false;
	}
	fault->status = SDEV_ST_BAD_ADDRESS;
	return false;
}

/* ---- caches: under guest.lock ------------------------------------------------------------ */

static struct pasid_slot *pasid_slot(struct sdev_guest *g, uint32_t pasid)
{
	return &g->pasids[pasid % PASID_SLOTS];
}

/* What is known of @va. False: nothing, or a write needs the D bit set first. */
static bool cached(struct sdev_guest *g, uint32_t pasid, uint64_t va, enum sdev_access access,
		   struct sdev_tlb_entry *out)
{
	const struct sdev_tlb_entry *e = sdev_tlb_find(&g->devtlb, pasid, va);
	bool device = e;

	if (!e)
		e = sdev_tlb_find(&g->iotlb, pasid, va);
	if (!e || (access == SDEV_WRITE && e->writable && !e->dirty))
		return false;
	*out = *e;
	if (!device) {
		out->pasid = pasid;
		out->global = false;	/* the device keeps them by PASID */
		sdev_tlb_add(&g->devtlb, out);
	}
	return true;
}

static void cache(struct sdev_guest *g, uint32_t pasid, const struct sdev_tlb_entry *e)
{
	struct sdev_tlb_entry copy = *e;

	if (e->global)
		copy.pasid = SDEV_TLB_GLOBAL;
	sdev_tlb_add(&g->iotlb, &copy);
	copy.pasid = pasid;
	copy.global = false;
	sdev_tlb_add(&g->devtlb, &copy);
}

/* ---- nested translation ------------------------------------------------------------------- */

/* The page table of the job's PASID. */
static bool pasid_find(struct sdev_job *job, struct sdev_guest *g, uint64_t *pml4,
		       uint64_t *generation, struct sdev_fault *fault)
{
	uint32_t pasid = job->as->pasid;
	struct pasid_slot *slot = pasid_slot(g, pasid);
	uint64_t entry;
	bool hit;

	pthread_mutex_lock(&g->lock);
	*generation = g->generation;
	hit = slot->valid && slot->pasid == pasid;
	*pml4 = slot->pml4;
	pthread_mutex_unlock(&g->lock);
	if (hit)
		return true;
	fault->status = SDEV_ST_NO_PASID;
	if (pasid >= g->entries || !entry_read(job, g->table + pasid * UINT64_C(8), &entry, fault))
		return false;
	if (!(entry & PASID_P) || (entry & ~(ADDR_MASK | PASID_P))) {
		fault->status = SDEV_ST_NO_PASID;
		return false;
	}
	*pml4 = entry & ADDR_MASK;
	pthread_mutex_lock(&g->lock);
	if (*generation == g->generation)
		*slot = (struct pasid_slot){ .valid = true, .pasid = pasid, .pml4 = *pml4 };
	pthread_mutex_unlock(&g->lock);
	return true;
}

/*
 * What is walked while something is invalidated is used, as an access that was
 * under way would have been, but it is not cached.
 */
static bool translate(struct sdev_job *job, struct sdev_guest *g, uint64_t va,
		      enum sdev_access access, struct sdev_tlb_entry *e, struct sdev_fault *fault)
{
	uint32_t pasid = job->as->pasid;
	uint64_t pml4, generation;
	bool hit;

	pthread_mutex_lock(&g->lock);
	hit = cached(g, pasid, va, access, e);
	pthread_mutex_unlock(&g->lock);
	if (!hit) {
		if (!pasid_find(job, g, &pml4, &generation, fault) ||
		    !walk(job, pml4, va, access, e, fault))
			return false;
		pthread_mutex_lock(&g->lock);
		if (generation == g->generation)
			cache(g, pasid, e);
		pthread_mutex_unlock(&g->lock);
	}
	if (access == SDEV_WRITE && !e->writable) {
		fault->status = SDEV_ST_ACCESS_DENIED;
		return false;
	}
	return true;
}

/* sdev_guest_find() - as sdev_dma_find(), for an address of the guest's process. */
size_t sdev_guest_find(struct sdev_job *job, uint64_t va, size_t len, enum sdev_access access,
		       uint64_t *host, struct sdev_fault *fault)
{
	struct sdev_guest *g = atomic_load(&job->as->owner->guest);
	struct sdev_tlb_entry e;
	uint64_t in;
	size_t n = 0;

	*fault = (struct sdev_fault){ .status = SDEV_ST_NO_PASID };
	if (g && translate(job, g, va, access, &e, fault)) {
		in = va & ((UINT64_C(1) << e.shift) - 1);
		n = sdev_dma_find(&job->as->owner->maps, e.gpa + in,
				  wdi_min((uint64_t)len, (UINT64_C(1) << e.shift) - in), access,
				  host, fault);
	}
	fault->va = va;
	return n;
}

/* ---- invalidation --------------------------------------------------------------------------- */

enum cache {
	CACHE_IOTLB,
	CACHE_DEVTLB,
	CACHE_PASIDS,
};

#define GRAN(g)		(1u << IOMMU_SVM_INV_##g)
#define DRAIN		(IOMMU_SVM_INV_DRAIN_READ | IOMMU_SVM_INV_DRAIN_WRITE)

static const struct inv_row {
	enum cache cache;
	bool tagged;		/* it is about one PASID, unless DEFAULT */
	uint32_t granularities;
	uint32_t flags;
} inv_rows[] = {
	[IOMMU_SVM_INV_IOTLB] = { CACHE_IOTLB, false, GRAN(DEFAULT) | GRAN(PAGE),
		IOMMU_SVM_INV_HINT | IOMMU_SVM_INV_GLOBAL_HINT | DRAIN },
	[IOMMU_SVM_INV_EXT_IOTLB] = { CACHE_IOTLB, true, GRAN(DEFAULT) | GRAN(PAGE) | GRAN(PASID),
		IOMMU_SVM_INV_HINT | IOMMU_SVM_INV_GLOBAL_HINT | DRAIN },
	[IOMMU_SVM_INV_DEV_IOTLB] = { CACHE_DEVTLB, false, GRAN(DEFAULT) | GRAN(PAGE), DRAIN },
	[IOMMU_SVM_INV_EXT_DEV_IOTLB] = { CACHE_DEVTLB, true,
		GRAN(DEFAULT) | GRAN(PAGE) | GRAN(PASID), DRAIN | IOMMU_SVM_INV_DEVTLB_GLOBAL },
	[IOMMU_SVM_INV_PASID_CACHE] = { CACHE_PASIDS, true, GRAN(DEFAULT) | GRAN(PASID), DRAIN },
};
static_assert(wdi_array_size(inv_rows) == IOMMU_SVM_INV_TYPE_COUNT, "every type has a row");

static bool inv_valid(const struct iommu_svm_tlb_invalidate_info *info, uint32_t pasids)
{
	const struct inv_row *row = &inv_rows[info->type % IOMMU_SVM_INV_TYPE_COUNT];

	if (info->type >= IOMMU_SVM_INV_TYPE_COUNT ||
	    info->granularity >= IOMMU_SVM_INV_GRANULARITY_COUNT ||
	    !(row->granularities & (1u << info->granularity)) || (info->flags & ~row->flags) ||
	    info->pasid >= pasids || info->mip > 31 || info->pfsid)
		return false;
	if ((info->flags & IOMMU_SVM_INV_DEVTLB_GLOBAL) && info->granularity != IOMMU_SVM_INV_PAGE)
		return false;
	return info->granularity != IOMMU_SVM_INV_PAGE ||
	       (info->size && !((info->addr | info->size) % SDEV_PAGE_SIZE) &&
		info->addr + (info->size - 1) >= info->addr);
}

static void inv_pasids(struct sdev_guest *g, const struct iommu_svm_tlb_invalidate_info *info)
{
	for (unsigned int i = 0; i < PASID_SLOTS; i++) {
		if (info->granularity == IOMMU_SVM_INV_DEFAULT || g->pasids[i].pasid == info->pasid)
			g->pasids[i].valid = false;
	}
}

static void invalidate(struct sdev_guest *g, const struct iommu_svm_tlb_invalidate_info *info)
{
	const struct inv_row *row = &inv_rows[info->type];
	bool all = info->granularity == IOMMU_SVM_INV_DEFAULT;
	struct sdev_tlb_match match = {
		.any_pasid = all || !row->tagged || (info->flags & IOMMU_SVM_INV_DEVTLB_GLOBAL),
		.pasid = info->pasid,
		.any_address = info->granularity != IOMMU_SVM_INV_PAGE,
		.first = info->addr,
		.last = info->addr + (info->size - 1),
		.globals = all || (info->flags & IOMMU_SVM_INV_GLOBAL_HINT),
	};

	pthread_mutex_lock(&g->lock);
	g->generation++;
	if (row->cache == CACHE_PASIDS)
		inv_pasids(g, info);
	else
		sdev_tlb_invalidate(row->cache == CACHE_IOTLB ? &g->iotlb : &g->devtlb, &match);
	pthread_mutex_unlock(&g->lock);
}

/* ---- commands ---------------------------------------------------------------------------------- */

static int table_bind(struct sdev_file *file, const void *data, size_t len)
{
	struct sdev *dev = file->dev;
	struct iommu_svm_pasid_table table;
	struct sdev_fault fault;
	struct sdev_guest *g;
	uint64_t host;
	int rc = 0;

	if (len < sizeof(table))
		return -EINVAL;
	memcpy(&table, data, sizeof(table));
	if (table.ptr % SDEV_PAGE_SIZE || !table.size || table.size % 8 || table.reserved ||
	    table.size / 8 > dev->pasids.count || table.ptr & ~ADDR_MASK)
		return -EINVAL;
	if (sdev_dma_find(&file->maps, table.ptr, 8, SDEV_READ, &host, &fault) < 8)
		return -EFAULT;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	pthread_mutex_init(&g->lock, NULL);
	g->table = table.ptr;
	g->entries = table.size / 8;
	pthread_mutex_lock(&dev->lock);
	if (file->as || atomic_load(&file->guest))
		rc = -EBUSY;
	else
		atomic_store(&file->guest, g);
	pthread_mutex_unlock(&dev->lock);
	if (rc)
		sdev_guest_free(g);
	return rc;
}

static int table_unbind(struct sdev_file *file, const void *data, size_t len)
{
	int rc;

	(void)data;
	if (len)
		return -EINVAL;
	pthread_mutex_lock(&file->dev->lock);
	rc = atomic_load(&file->guest) ? 0 : -ENOENT;
	sdev_guest_end(file);
	pthread_mutex_unlock(&file->dev->lock);
	return rc;
}

static int passdown(struct sdev_file *file, const void *data, size_t len)
{
	struct iommu_svm_tlb_invalidate_info info;
	struct sdev_guest *g;

	if (len < sizeof(info))
		return -EINVAL;
	memcpy(&info, data, sizeof(info));
	if (!inv_valid(&info, file->dev->pasids.count))
		return -EINVAL;
	pthread_mutex_lock(&file->dev->lock);
	g = atomic_load(&file->guest);
	if (g)
		invalidate(g, &info);
	pthread_mutex_unlock(&file->dev->lock);
	if (g && (info.flags & DRAIN))
		sdev_file_drain(file);
	return g ? 0 : -ENOENT;
}

static const struct {
	uint32_t flag;
	int (*fn)(struct sdev_file *file, const void *data, size_t len);
} svm_ops[] = {
	{ VFIO_SVM_BIND_PASIDTP, table_bind },
	{ VFIO_SVM_UNBIND_PASIDTP, table_unbind },
	{ VFIO_SVM_PASSDOWN_INVALIDATE, passdown },
};

int sdev_svm_op(struct sdev_file *file, void *arg)
{
	const struct vfio_device_svm_data *op = arg;

	if (op->length > op->argsz - offsetof(struct vfio_device_svm_data, data))
		return -EINVAL;
	for (size_t i = 0; i < wdi_array_size(svm_ops); i++) {
		if (op->flags == svm_ops[i].flag)
			return svm_ops[i].fn(file, op->data, op->length);
	}
	return -EINVAL;
}

/* ---- spaces ------------------------------------------------------------------------------------- */

/* sdev_guest_bind() - the space of a guest's PASID, for a queue; under sdev.lock. */
struct sdev_as *sdev_guest_bind(struct sdev_file *file, uint32_t pasid)
{
	struct sdev_guest *g = atomic_load(&file->guest);
	struct sdev_as *as;

	pthread_mutex_lock(&g->lock);
	for (as = g->spaces; as && as->pasid != pasid; as = as->next)
		;
	if (!as) {
		as = sdev_as_new(file, SDEV_AS_GUEST, pasid);
		if (as) {
			as->next = g->spaces;
			g->spaces = as;
		}
	}
	pthread_mutex_unlock(&g->lock);
	return as;
}

/* sdev_guest_as() - for a step. NULL: that life is over. */
struct sdev_as *sdev_guest_as(struct sdev_guest *g, uint32_t pasid, uint64_t life)
{
	struct sdev_as *as;

	pthread_mutex_lock(&g->lock);
	for (as = g->spaces; as && (as->pasid != pasid || as->life != life); as = as->next)
		;
	pthread_mutex_unlock(&g->lock);
	return as;
}

void sdev_guest_free(struct sdev_guest *g)
{
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* sdev_guest_end() - with the lock held. Afterwards no step has the guest's tables. */
void sdev_guest_end(struct sdev_file *file)
{
	struct sdev_guest *g = atomic_exchange(&file->guest, NULL);
	struct sdev_as *as, *next;

	if (!g)
		return;
	sdev_queues_drain(file);
	for (as = g->spaces; as; as = next) {
		next = as->next;
		sdev_as_drop(file->dev, as);
	}
	sdev_guest_free(g);
}

void sdev_guest_forget(struct sdev_guest *g)
{
	struct sdev_as *next;

	if (!g)
		return;
	for (struct sdev_as *as = g->spaces; as; as = next) {
		next = as->next;
		free(as);
	}
	free(g);
}
