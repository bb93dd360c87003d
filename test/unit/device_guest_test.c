/* SPDX-License-Identifier: MIT */
/*
 * Virtual SVM: a guest's PASID table and page tables, in memory that the test
 * plays the monitor and the guest for; descriptors go through them end to end.
 */
#include <errno.h>
#include <stddef.h>

#include "device_rig.h"

#define PAGE	UINT64_C(4096)
#define MIB	(UINT64_C(1) << 20)
#define GIB	(UINT64_C(1) << 30)
#define MEMORY	(3 * GIB)		/* of the guest, almost all of it never touched */
#define RW	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

#define P	UINT64_C(0x01)
#define W	UINT64_C(0x02)
#define U	UINT64_C(0x04)
#define A	UINT64_C(0x20)
#define D	UINT64_C(0x40)
#define PS	UINT64_C(0x80)
#define G	UINT64_C(0x100)
#define XD	(UINT64_C(1) << 63)
#define USER	(P | W | U)

#define TABLE	UINT64_C(0x1000)	/* the PASID table */
#define PASIDS	64u
#define OUT	UINT64_C(0x600000)	/* where results go, in every PASID: one page */
#define IN	UINT64_C(0x400000)	/* what is read */

struct vm {
	struct rig rig;
	struct rig_queue q[4];		/* by PASID; 0: untagged, in guest-physical addresses */
	uint8_t *mem;
	uint64_t next;			/* free pages for tables */
	uint64_t pml4[4];
};

static uint64_t *at(struct vm *vm, uint64_t gpa)
{
	return (uint64_t *)(vm->mem + gpa);
}

static uint64_t page_new(struct vm *vm)
{
	vm->next += PAGE;
	memset(at(vm, vm->next), 0, PAGE);
	return vm->next;
}

/* The entry of @va at a level (39, 30, 21, 12), tables made on the way. */
static uint64_t *entry(struct vm *vm, uint64_t pml4, uint64_t va, unsigned int shift)
{
	uint64_t table = pml4;

	for (unsigned int s = 39;; s -= 9) {
		uint64_t *e = at(vm, table) + (va >> s & 511);

		if (s == shift)
			return e;
		if (!(*e & P))
			*e = page_new(vm) | USER;
		table = *e & UINT64_C(0x000ffffffffff000);
	}
}

static void map(struct vm *vm, uint64_t pml4, uint64_t va, uint64_t gpa, unsigned int shift,
		uint64_t flags)
{
	*entry(vm, pml4, va, shift) = gpa | flags | (shift > 12 ? PS : 0);
}

static int svm(struct sdev_file *file, uint32_t flags, const void *data, uint32_t len)
{
	_Alignas(8) uint8_t bytes[128];
	struct vfio_device_svm_data *op = (void *)bytes;

	op->argsz = (uint32_t)offsetof(struct vfio_device_svm_data, data) + len;
	op->flags = flags;
	op->length = len;
	if (len)
		memcpy(op->data, data, len);
	return sdev_ioctl(file, VFIO_DEVICE_SVM, op);
}

static int bind_table(struct sdev_file *file, uint64_t ptr, uint32_t size)
{
	struct iommu_svm_pasid_table t = { .ptr = ptr, .size = size };

	return svm(file, VFIO_SVM_BIND_PASIDTP, &t, sizeof(t));
}

static int passdown(struct vm *vm, uint32_t type, uint32_t granularity, uint32_t flags,
		    uint32_t pasid, uint64_t addr, uint64_t size)
{
	struct iommu_svm_tlb_invalidate_info info = {
		.type = type, .granularity = granularity, .flags = flags, .pasid = pasid,
		.addr = addr, .size = size,
	};

	return svm(vm->rig.file, VFIO_SVM_PASSDOWN_INVALIDATE, &info, sizeof(info));
}

static void flush(struct vm *vm)
{
	for (uint32_t type = 0; type < IOMMU_SVM_INV_TYPE_COUNT; type++)
		ck_assert_int_eq(passdown(vm, type, IOMMU_SVM_INV_DEFAULT, 0, 0, 0, 0), 0);
}

/* Guests with PASIDs 1 to 3, in which OUT and IN are 4 KiB pages of their own. */
static void vm_open(struct vm *vm, const struct sdev_config *config)
{
	memset(vm, 0, sizeof(*vm));
	ck_assert_int_eq(sdev_create(config, &vm->rig.dev), 0);
	ck_assert_int_eq(sdev_open(vm->rig.dev, &vm->rig.file), 0);
	vm->mem = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(vm->mem, MAP_FAILED);
	madvise(vm->mem, MEMORY, MADV_NOHUGEPAGE);
	ck_assert_int_eq(rig_map(vm->rig.file, vm->mem, 0, MEMORY, RW), 0);
	vm->next = TABLE;
	ck_assert_int_eq(bind_table(vm->rig.file, TABLE, PASIDS * 8), 0);
	for (uint32_t pasid = 0; pasid < 4; pasid++) {
		if (pasid) {
			vm->pml4[pasid] = page_new(vm);
			at(vm, TABLE)[pasid] = vm->pml4[pasid] | P;
			map(vm, vm->pml4[pasid], OUT, 16 * MIB + pasid * PAGE, 12, USER);
			map(vm, vm->pml4[pasid], IN, 17 * MIB + pasid * PAGE, 12, USER);
		}
		ck_assert_int_eq(rig_queue_make(vm->rig.file, pasid, 16, &vm->q[pasid]), 0);
	}
}

static void vm_close(struct vm *vm)
{
	munmap(vm->mem, MEMORY);
	rig_close(&vm->rig);
}

static void vm_open_mode(struct vm *vm, int mode)
{
	const struct sdev_config config = {
		.max_queues = 8, .max_depth = 128, .guard = rig_modes[mode].guard,
		.engine_threads = rig_modes[mode].threads,
	};

	vm_open(vm, &config);
}

/* Read 64 bytes at @va. */
static struct sdev_desc reading(uint64_t va)
{
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_DEFLATE, NULL, 64, NULL, PAGE);

	d.src_va = va;
	d.dst_va = OUT;
	return d;
}

/* Write some bytes at @va. */
static struct sdev_desc writing(uint64_t va)
{
	struct sdev_desc d = reading(IN);

	d.dst_va = va;
	return d;
}

/* A page full of one letter. */
static void letter(struct vm *vm, uint64_t gpa, char c)
{
	memset(at(vm, gpa), c, PAGE);
}

/* Which letter PASID finds at @va. */
static char read_letter(struct vm *vm, uint32_t pasid, uint64_t va)
{
	struct sdev_desc d = reading(va), back;
	struct sdev_cpl cpl;
	uint8_t *out = vm->mem + 20 * MIB;

	cpl = rig_run(&vm->q[pasid], &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	back = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_DEFLATE, NULL, cpl.produced, NULL, 64);
	back.src_va = 16 * MIB + pasid * PAGE;
	back.dst_va = 20 * MIB;
	memset(out, 0, 64);
	rig_assert(rig_run(&vm->q[0], &back), SDEV_ST_DONE, SDEV_DONE_ALL);
	for (unsigned int i = 1; i < 64; i++)
		ck_assert_uint_eq(out[i], out[0]);
	return (char)out[0];
}

/* ---- translation --------------------------------------------------------------------- */

/* Pages of every size, the last bytes of one and the first of the next in one operand. */
START_TEST(page_sizes)
{
	static const unsigned int shifts[] = { 12, 21, 30 };
	unsigned int shift = shifts[_i / RIG_MODES];
	uint64_t size = UINT64_C(1) << shift, va = 4 * GIB, off = size - 3000;
	uint64_t gpas[2] = { GIB, shift == 30 ? 2 * GIB : GIB + 4 * size };
	static uint8_t raw[6000], want[8192];
	struct sdev_desc d;
	struct sdev_cpl cpl, ref;
	struct vm vm;

	if (rig_skip(_i % RIG_MODES))
		return;
	vm_open_mode(&vm, _i % RIG_MODES);
	rig_fill(raw, sizeof(raw));
	map(&vm, vm.pml4[1], va, gpas[0], shift, USER | XD);
	map(&vm, vm.pml4[1], va + size, gpas[1], shift, USER);
	memcpy(vm.mem + gpas[0] + off, raw, 3000);
	memcpy(vm.mem + gpas[1], raw + 3000, 3000);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, NULL, 6000, NULL, 8192);
	d.src_va = va + off;
	d.dst_va = va + size - 100;	/* the output crosses, too; the source has been read */
	cpl = rig_run(&vm.q[1], &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(cpl.consumed, 6000);

	memcpy(vm.mem + 30 * MIB, raw, 6000);
	d.src_va = 30 * MIB;
	d.dst_va = 31 * MIB;
	ref = rig_run(&vm.q[0], &d);
	ck_assert_uint_eq(cpl.produced, ref.produced);
	memcpy(want, vm.mem + gpas[0] + size - 100, 100);
	memcpy(want + 100, vm.mem + gpas[1], ref.produced - 100);
	ck_assert_mem_eq(want, vm.mem + 31 * MIB, ref.produced);
	vm_close(&vm);
}
END_TEST

/* What each level may say, and what becomes of a read and of a write. */
static const struct perm_row {
	unsigned int shift;	/* of the entry that is changed */
	unsigned int leaf;
	uint64_t clear;
	uint64_t set;
	enum sdev_comp_status read, write;
} perm_rows[] = {
	{ 12, 12, 0, 0, SDEV_ST_DONE, SDEV_ST_DONE },
	{ 12, 12, P, 0, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },
	{ 21, 12, P, 0, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },
	{ 30, 12, P, 0, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },
	{ 39, 12, P, 0, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },
	{ 12, 12, W, 0, SDEV_ST_DONE, SDEV_ST_ACCESS_DENIED },
	{ 21, 12, W, 0, SDEV_ST_DONE, SDEV_ST_ACCESS_DENIED },
	{ 30, 12, W, 0, SDEV_ST_DONE, SDEV_ST_ACCESS_DENIED },
	{ 39, 12, W, 0, SDEV_ST_DONE, SDEV_ST_ACCESS_DENIED },
	{ 12, 12, U, 0, SDEV_ST_ACCESS_DENIED, SDEV_ST_ACCESS_DENIED },
	{ 21, 12, U, 0, SDEV_ST_ACCESS_DENIED, SDEV_ST_ACCESS_DENIED },
	{ 30, 12, U, 0, SDEV_ST_ACCESS_DENIED, SDEV_ST_ACCESS_DENIED },
	{ 39, 12, U, 0, SDEV_ST_ACCESS_DENIED, SDEV_ST_ACCESS_DENIED },
	{ 39, 12, 0, PS, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },	/* reserved */
	{ 12, 12, 0, PS, SDEV_ST_DONE, SDEV_ST_DONE },			/* memory type */
	{ 12, 12, 0, XD, SDEV_ST_DONE, SDEV_ST_DONE },			/* nothing is executed */
	{ 21, 21, W, 0, SDEV_ST_DONE, SDEV_ST_ACCESS_DENIED },
	{ 21, 21, U, 0, SDEV_ST_ACCESS_DENIED, SDEV_ST_ACCESS_DENIED },
	{ 21, 21, P, 0, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },
	{ 21, 21, 0, 1 << 12, SDEV_ST_DONE, SDEV_ST_DONE },		/* memory type */
	{ 21, 21, 0, 1 << 13, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },	/* reserved */
	{ 30, 30, W, 0, SDEV_ST_DONE, SDEV_ST_ACCESS_DENIED },
	{ 30, 30, U, 0, SDEV_ST_ACCESS_DENIED, SDEV_ST_ACCESS_DENIED },
	{ 30, 30, 0, 1 << 21, SDEV_ST_BAD_ADDRESS, SDEV_ST_BAD_ADDRESS },	/* reserved */
};

START_TEST(permissions)
{
	const uint64_t va = 1024 * GIB;	/* under an entry of its own on every level */
	struct vm vm;

	if (rig_skip(_i))
		return;
	vm_open_mode(&vm, _i);
	for (size_t i = 0; i < wdi_array_size(perm_rows); i++) {
		const struct perm_row *row = &perm_rows[i];
		struct sdev_desc r = reading(va), w = writing(va);
		struct sdev_cpl cpl;
		uint64_t *e;

		*entry(&vm, vm.pml4[1], va, 39) = 0;
		map(&vm, vm.pml4[1], va, GIB, row->leaf, USER);
		e = entry(&vm, vm.pml4[1], va, row->shift);
		*e = (*e & ~row->clear) | row->set;
		flush(&vm);
		cpl = rig_run(&vm.q[1], &r);
		ck_assert_msg(rig_status(&cpl) == row->read, "row %zu: read %u", i, rig_status(&cpl));
		ck_assert(!row->read || cpl.fault_va == va);
		cpl = rig_run(&vm.q[1], &w);
		ck_assert_msg(rig_status(&cpl) == row->write, "row %zu: write %u", i,
			      rig_status(&cpl));
		ck_assert(!row->write || cpl.fault_va == va);
	}
	vm_close(&vm);
}
END_TEST

/* Accessed on the way, dirty at its end and only for a write; other bits stay. */
START_TEST(accessed_dirty)
{
	static const unsigned int leaves[] = { 12, 21, 30 };
	unsigned int leaf = leaves[_i / RIG_MODES];
	const uint64_t va = 64 * GIB, other = UINT64_C(0x3f) << 52 | UINT64_C(0xe00);
	struct sdev_desc r = reading(va), w = writing(va);
	struct vm vm;

	if (rig_skip(_i % RIG_MODES))
		return;
	vm_open_mode(&vm, _i % RIG_MODES);
	map(&vm, vm.pml4[1], va, GIB, leaf, USER | other);
	for (unsigned int s = 39; s >= leaf; s -= 9)
		ck_assert_uint_eq(*entry(&vm, vm.pml4[1], va, s) & (A | D), 0);
	rig_assert(rig_run(&vm.q[1], &r), SDEV_ST_DONE, 0);
	for (unsigned int s = 39; s >= leaf; s -= 9)
		ck_assert_uint_eq(*entry(&vm, vm.pml4[1], va, s) & (A | D), A);
	/* it is cached now, and a write has to go and set the bit all the same */
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_DONE, 0);
	for (unsigned int s = 39; s > leaf; s -= 9)
		ck_assert_uint_eq(*entry(&vm, vm.pml4[1], va, s) & (A | D), A);
	ck_assert_uint_eq(*entry(&vm, vm.pml4[1], va, leaf),
			  GIB | USER | other | A | D | (leaf > 12 ? PS : 0));
	/* cleared by the guest and not invalidated: they stay clear */
	*entry(&vm, vm.pml4[1], va, leaf) &= ~(A | D);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_DONE, 0);
	ck_assert_uint_eq(*entry(&vm, vm.pml4[1], va, leaf) & (A | D), 0);
	flush(&vm);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_DONE, 0);
	ck_assert_uint_eq(*entry(&vm, vm.pml4[1], va, leaf) & (A | D), A | D);
	vm_close(&vm);
}
END_TEST

/* Tables that make no sense, and memory that the monitor does not give. */
START_TEST(bad_tables)
{
	const uint64_t va = 64 * GIB;
	struct sdev_desc r = reading(IN), w = writing(va);
	struct rig_queue q;
	struct sdev_cpl cpl;
	struct vm vm;

	if (rig_skip(_i))
		return;
	vm_open_mode(&vm, _i);
	/* no entry, one that is not there, one with reserved bits, beyond the table */
	ck_assert_int_eq(rig_queue_make(vm.rig.file, 5, 16, &q), 0);
	rig_assert(rig_run(&q, &r), SDEV_ST_NO_PASID, 0);
	at(&vm, TABLE)[5] = vm.pml4[1];
	rig_assert(rig_run(&q, &r), SDEV_ST_NO_PASID, 0);
	at(&vm, TABLE)[5] = vm.pml4[1] | P | 2;
	rig_assert(rig_run(&q, &r), SDEV_ST_NO_PASID, 0);
	at(&vm, TABLE)[5] = vm.pml4[1] | P;
	rig_assert(rig_run(&q, &r), SDEV_ST_DONE, 0);
	ck_assert_int_eq(rig_queue_op(&q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	ck_assert_int_eq(rig_queue_make(vm.rig.file, PASIDS, 16, &q), 0);
	rig_assert(rig_run(&q, &r), SDEV_ST_NO_PASID, 0);

	/* tables and pages where there is no memory */
	at(&vm, TABLE)[2] = (MEMORY + PAGE) | P;
	rig_assert(rig_run(&vm.q[2], &r), SDEV_ST_BAD_ADDRESS, 0);
	map(&vm, vm.pml4[1], va, MEMORY, 12, USER);
	cpl = rig_run(&vm.q[1], &w);
	rig_assert(cpl, SDEV_ST_BAD_ADDRESS, 0);
	ck_assert_uint_eq(cpl.fault_va, va);
	*entry(&vm, vm.pml4[1], va, 21) = (MEMORY + PAGE) | USER;
	flush(&vm);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_BAD_ADDRESS, 0);

	/* not canonical */
	w.dst_va = UINT64_C(1) << 47;
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_BAD_ADDRESS, 0);
	w.dst_va = UINT64_C(0xffff800000000000);
	map(&vm, vm.pml4[1], w.dst_va, 18 * MIB, 12, USER);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_DONE, 0);

	/* the monitor's memory is gone, or read-only: no A bit can be set there */
	if (rig_modes[_i].guard != SDEV_GUARD_OFF) {
		mprotect(vm.mem + (vm.pml4[3] & ~(PAGE - 1)), PAGE, PROT_READ);
		rig_assert(rig_run(&vm.q[3], &r), SDEV_ST_ACCESS_DENIED, 0);
		mprotect(vm.mem + (vm.pml4[3] & ~(PAGE - 1)), PAGE, PROT_NONE);
		cpl = rig_run(&vm.q[3], &r);
		ck_assert_uint_eq(rig_status(&cpl), SDEV_ST_ACCESS_DENIED);
		ck_assert_uint_eq(cpl.fault_va, IN);
	}
	vm_close(&vm);
}
END_TEST

/* The guest's own page faults: reported to who asks for it. */
START_TEST(guest_faults)
{
	const uint64_t va = 64 * GIB;
	struct sdev_desc r = reading(va);
	struct sdev_cpl cpl;
	struct vm vm;

	vm_open_mode(&vm, 2);
	r.flags = SDEV_F_FAULT_REPORT;
	memset(vm.mem + 16 * MIB, 0, 8 * PAGE);
	cpl = rig_run(&vm.q[1], &r);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, va);
	ck_assert_uint_eq(cpl.faults, 1);
	map(&vm, vm.pml4[1], va, GIB, 12, USER);
	memset(vm.mem + GIB, 'x', PAGE);
	rig_assert(rig_run(&vm.q[1], &r), SDEV_ST_DONE, 0);
	vm_close(&vm);
}
END_TEST

/* The monitor's page faults are the host's: the descriptor parks. */
START_TEST(monitor_faults)
{
	const struct sdev_config config = {
		.max_queues = 8, .max_depth = 128, .guard = SDEV_GUARD_COPY,
		.fault_mode = SDEV_FAULT_PRI,
	};
	const uint64_t va = 64 * GIB;
	struct sdev_desc r = reading(va);
	struct sdev_cpl cpl;
	struct vm vm;

	vm_open(&vm, &config);
	map(&vm, vm.pml4[1], va, GIB + 7 * MIB, 12, USER);
	r.src_va = va;
	cpl = rig_run(&vm.q[1], &r);
	rig_assert(cpl, SDEV_ST_DONE, 0);
	ck_assert_uint_ge(cpl.faults, 2);
	ck_assert_uint_ge(rig_counter(vm.rig.file, SDEV_COUNTER_SUCCESS), 2);
	vm_close(&vm);
}
END_TEST

/* One PASID does not reach another's pages or streams. */
START_TEST(apart)
{
	struct sdev_desc open = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 1,
	}, d = reading(IN);
	struct vm vm;

	vm_open_mode(&vm, 2);
	letter(&vm, 17 * MIB + PAGE, 'a');
	letter(&vm, 17 * MIB + 2 * PAGE, 'b');
	ck_assert_int_eq(read_letter(&vm, 1, IN), 'a');
	ck_assert_int_eq(read_letter(&vm, 2, IN), 'b');
	ck_assert_int_eq(read_letter(&vm, 1, IN), 'a');
	d.object = rig_run(&vm.q[1], &open).object;
	rig_assert(rig_run(&vm.q[2], &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	rig_assert(rig_run(&vm.q[1], &d), SDEV_ST_DONE, 0);
	vm_close(&vm);
}
END_TEST

/* ---- invalidation ----------------------------------------------------------------------- */

/* Four translations; X and Y in PASID 1, X in 2, and a global one made by 1. */
#define X	UINT64_C(0x10000000)
#define Y	UINT64_C(0x10200000)
#define Z	UINT64_C(0x10400000)
#define T_1X	0x1u
#define T_1Y	0x2u
#define T_2X	0x4u
#define T_1Z	0x8u
#define T_ALL	0xfu

static const struct {
	uint32_t bit, pasid;
	uint64_t va, flags;
} cached[] = {
	{ T_1X, 1, X, USER }, { T_1Y, 1, Y, USER }, { T_2X, 2, X, USER }, { T_1Z, 1, Z, USER | G },
};

#define DEFAULT_	IOMMU_SVM_INV_DEFAULT
#define PAGE_		IOMMU_SVM_INV_PAGE
#define PASID_		IOMMU_SVM_INV_PASID
#define DRAIN		(IOMMU_SVM_INV_DRAIN_READ | IOMMU_SVM_INV_DRAIN_WRITE)
#define HINT		IOMMU_SVM_INV_HINT
#define GLOBAL		IOMMU_SVM_INV_GLOBAL_HINT

static const struct inv_row {
	uint32_t type, granularity, flags, pasid;
	uint64_t addr, size;
	uint32_t gone;
} inv_rows[] = {
	{ IOMMU_SVM_INV_IOTLB, DEFAULT_, 0, 0, 0, 0, T_ALL },
	{ IOMMU_SVM_INV_IOTLB, DEFAULT_, HINT | GLOBAL | DRAIN, 0, 0, 0, T_ALL },
	{ IOMMU_SVM_INV_IOTLB, PAGE_, 0, 0, X, PAGE, T_1X | T_2X },
	{ IOMMU_SVM_INV_IOTLB, PAGE_, HINT, 0, X + PAGE, PAGE, 0 },
	{ IOMMU_SVM_INV_IOTLB, PAGE_, DRAIN, 0, X, Y - X + PAGE, T_1X | T_1Y | T_2X },
	{ IOMMU_SVM_INV_IOTLB, PAGE_, 0, 0, Z, PAGE, 0 },
	{ IOMMU_SVM_INV_IOTLB, PAGE_, GLOBAL, 0, Z, PAGE, T_1Z },
	{ IOMMU_SVM_INV_EXT_IOTLB, DEFAULT_, 0, 0, 0, 0, T_ALL },
	{ IOMMU_SVM_INV_EXT_IOTLB, PASID_, 0, 1, 0, 0, T_1X | T_1Y },
	{ IOMMU_SVM_INV_EXT_IOTLB, PASID_, GLOBAL, 1, 0, 0, T_1X | T_1Y | T_1Z },
	{ IOMMU_SVM_INV_EXT_IOTLB, PASID_, HINT | DRAIN, 2, 0, 0, T_2X },
	{ IOMMU_SVM_INV_EXT_IOTLB, PASID_, 0, 3, 0, 0, 0 },
	{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, 0, 1, X, PAGE, T_1X },
	{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, IOMMU_SVM_INV_DRAIN_READ, 2, X, PAGE, T_2X },
	{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, 0, 2, Y, PAGE, 0 },
	{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, GLOBAL, 2, Z, PAGE, T_1Z },
	{ IOMMU_SVM_INV_DEV_IOTLB, DEFAULT_, 0, 0, 0, 0, T_ALL },
	{ IOMMU_SVM_INV_DEV_IOTLB, PAGE_, 0, 0, X, PAGE, T_1X | T_2X },
	{ IOMMU_SVM_INV_DEV_IOTLB, PAGE_, IOMMU_SVM_INV_DRAIN_WRITE, 0, Z, PAGE, T_1Z },
	{ IOMMU_SVM_INV_EXT_DEV_IOTLB, DEFAULT_, 0, 0, 0, 0, T_ALL },
	{ IOMMU_SVM_INV_EXT_DEV_IOTLB, PASID_, 0, 1, 0, 0, T_1X | T_1Y | T_1Z },
	{ IOMMU_SVM_INV_EXT_DEV_IOTLB, PASID_, 0, 2, 0, 0, T_2X },
	{ IOMMU_SVM_INV_EXT_DEV_IOTLB, PAGE_, 0, 1, X, PAGE, T_1X },
	{ IOMMU_SVM_INV_EXT_DEV_IOTLB, PAGE_, IOMMU_SVM_INV_DEVTLB_GLOBAL, 1, X, PAGE, T_1X | T_2X },
	{ IOMMU_SVM_INV_EXT_DEV_IOTLB, PAGE_, DRAIN, 1, Y, Z - Y, T_1Y },
	{ IOMMU_SVM_INV_PASID_CACHE, DEFAULT_, 0, 0, 0, 0, 0 },
	{ IOMMU_SVM_INV_PASID_CACHE, PASID_, DRAIN, 1, 0, 0, 0 },
};

/*
 * Everything is cached with one page behind it, then the tables name another.
 * What is invalidated is seen anew, and nothing else. The cache that the row is
 * not about is emptied first, because either alone keeps a translation.
 */
START_TEST(invalidate)
{
	const struct inv_row *row = &inv_rows[_i];
	bool device = row->type == IOMMU_SVM_INV_DEV_IOTLB ||
		      row->type == IOMMU_SVM_INV_EXT_DEV_IOTLB;
	uint32_t other = device ? IOMMU_SVM_INV_IOTLB : IOMMU_SVM_INV_DEV_IOTLB;
	struct vm vm;

	vm_open_mode(&vm, 2);
	letter(&vm, GIB, 'o');
	letter(&vm, GIB + PAGE, 'n');
	for (unsigned int i = 0; i < 4; i++) {
		map(&vm, vm.pml4[cached[i].pasid], cached[i].va, GIB, 12, cached[i].flags);
		ck_assert_int_eq(read_letter(&vm, cached[i].pasid, cached[i].va), 'o');
		map(&vm, vm.pml4[cached[i].pasid], cached[i].va, GIB + PAGE, 12, cached[i].flags);
	}
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_int_eq(read_letter(&vm, cached[i].pasid, cached[i].va), 'o');
	ck_assert_int_eq(passdown(&vm, row->type, row->granularity, row->flags, row->pasid, row->addr,
				  row->size), 0);
	/* one cache is not enough */
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_int_eq(read_letter(&vm, cached[i].pasid, cached[i].va), 'o');

	ck_assert_int_eq(passdown(&vm, other, DEFAULT_, 0, 0, 0, 0), 0);
	if (device) {	/* the look above has filled it from the other */
		ck_assert_int_eq(passdown(&vm, row->type, row->granularity, row->flags, row->pasid,
					  row->addr, row->size), 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		char want = row->gone & cached[i].bit ? 'n' : 'o';

		ck_assert_msg(read_letter(&vm, cached[i].pasid, cached[i].va) == want,
			      "translation %u", i);
	}
	vm_close(&vm);
}
END_TEST

/* A global translation is every PASID's. */
START_TEST(global)
{
	struct vm vm;

	vm_open_mode(&vm, 2);
	letter(&vm, GIB, 'g');
	letter(&vm, GIB + PAGE, 'p');
	map(&vm, vm.pml4[1], Z, GIB, 12, USER | G);
	map(&vm, vm.pml4[2], Z, GIB + PAGE, 12, USER);
	ck_assert_int_eq(read_letter(&vm, 1, Z), 'g');
	ck_assert_int_eq(read_letter(&vm, 2, Z), 'g');
	flush(&vm);
	ck_assert_int_eq(read_letter(&vm, 2, Z), 'p');
	vm_close(&vm);
}
END_TEST

/* An entry of the PASID table is cached, too. */
START_TEST(pasid_cache)
{
	uint64_t fresh;
	struct vm vm;

	vm_open_mode(&vm, 2);
	letter(&vm, GIB, 'o');
	letter(&vm, GIB + PAGE, 'n');
	fresh = page_new(&vm);
	map(&vm, fresh, OUT, 16 * MIB + PAGE, 12, USER);
	map(&vm, vm.pml4[1], X, GIB, 12, USER);
	map(&vm, vm.pml4[1], Y, GIB, 12, USER);
	map(&vm, fresh, X, GIB + PAGE, 12, USER);
	map(&vm, fresh, Y, GIB + PAGE, 12, USER);
	ck_assert_int_eq(read_letter(&vm, 1, X), 'o');
	at(&vm, TABLE)[1] = fresh | P;
	/* a page that no TLB has: walked through the old table */
	ck_assert_int_eq(read_letter(&vm, 1, Y), 'o');
	ck_assert_int_eq(passdown(&vm, IOMMU_SVM_INV_EXT_IOTLB, PASID_, 0, 1, 0, 0), 0);
	ck_assert_int_eq(passdown(&vm, IOMMU_SVM_INV_EXT_DEV_IOTLB, PASID_, 0, 1, 0, 0), 0);
	ck_assert_int_eq(read_letter(&vm, 1, X), 'o');
	ck_assert_int_eq(passdown(&vm, IOMMU_SVM_INV_PASID_CACHE, PASID_, 0, 2, 0, 0), 0);
	flush(&vm);
	ck_assert_int_eq(read_letter(&vm, 1, X), 'n');
	/* gone from the table, and known until it is said */
	at(&vm, TABLE)[1] = 0;
	ck_assert_int_eq(read_letter(&vm, 1, Y), 'n');
	ck_assert_int_eq(passdown(&vm, IOMMU_SVM_INV_PASID_CACHE, PASID_, 0, 1, 0, 0), 0);
	ck_assert_int_eq(read_letter(&vm, 1, Y), 'n');	/* the TLBs still know it */
	flush(&vm);
	rig_assert(rig_run(&vm.q[1], &(struct sdev_desc){ .opcode = SDEV_OP_COMPRESS, .src_va = X,
		   .src_len = 64, .dst_va = OUT, .dst_len = 4096, .comp.level = 1 }),
		   SDEV_ST_NO_PASID, 0);
	vm_close(&vm);
}
END_TEST

/* A write through a translation that was cached when it was read-only, and the reverse. */
START_TEST(stale_permission)
{
	struct sdev_desc w = writing(X);
	struct vm vm;

	vm_open_mode(&vm, 2);
	map(&vm, vm.pml4[1], X, GIB, 12, P | U);
	read_letter(&vm, 1, X);
	map(&vm, vm.pml4[1], X, GIB, 12, USER);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_ACCESS_DENIED, 0);
	flush(&vm);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_DONE, 0);
	map(&vm, vm.pml4[1], X, GIB, 12, P | U);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_DONE, 0);
	flush(&vm);
	rig_assert(rig_run(&vm.q[1], &w), SDEV_ST_ACCESS_DENIED, 0);
	vm_close(&vm);
}
END_TEST

/* ---- commands --------------------------------------------------------------------------- */

START_TEST(command_errors)
{
	struct iommu_svm_tlb_invalidate_info info = { 0 };
	struct iommu_svm_pasid_table table = { .ptr = TABLE, .size = 8 };
	struct vfio_device_svm_data op = { .argsz = 11 };
	struct sdev_file *other;
	uint32_t pasid;
	struct vm vm;

	vm_open_mode(&vm, 2);
	ck_assert_int_eq(sdev_ioctl(vm.rig.file, VFIO_DEVICE_SVM, &op), -EINVAL);
	op.argsz = 12;
	op.length = 1;
	ck_assert_int_eq(sdev_ioctl(vm.rig.file, VFIO_DEVICE_SVM, &op), -EINVAL);
	op.length = UINT32_MAX;
	ck_assert_int_eq(sdev_ioctl(vm.rig.file, VFIO_DEVICE_SVM, &op), -EINVAL);
	ck_assert_int_eq(svm(vm.rig.file, 0, &table, sizeof(table)), -EINVAL);
	ck_assert_int_eq(svm(vm.rig.file, 8, &table, sizeof(table)), -EINVAL);
	ck_assert_int_eq(svm(vm.rig.file, 3, &table, sizeof(table)), -EINVAL);

	/* a table there is already, and with it no other bond */
	ck_assert_int_eq(bind_table(vm.rig.file, TABLE, 8), -EBUSY);
	ck_assert_int_eq(rig_bind(vm.rig.file, &pasid), -EBUSY);

	ck_assert_int_eq(sdev_open(vm.rig.dev, &other), 0);
	ck_assert_int_eq(bind_table(other, TABLE, 8), -EFAULT);		/* nothing is mapped */
	ck_assert_int_eq(rig_map(other, vm.mem, 0, MIB, RW), 0);
	ck_assert_int_eq(svm(other, VFIO_SVM_BIND_PASIDTP, &table, 12), -EINVAL);
	ck_assert_int_eq(bind_table(other, TABLE + 8, 8), -EINVAL);
	ck_assert_int_eq(bind_table(other, TABLE, 0), -EINVAL);
	ck_assert_int_eq(bind_table(other, TABLE, 12), -EINVAL);
	ck_assert_int_eq(bind_table(other, TABLE, (8 << 20) + 8), -EINVAL);
	table.reserved = 1;
	ck_assert_int_eq(svm(other, VFIO_SVM_BIND_PASIDTP, &table, sizeof(table)), -EINVAL);
	ck_assert_int_eq(svm(other, VFIO_SVM_UNBIND_PASIDTP, NULL, 0), -ENOENT);
	ck_assert_int_eq(svm(other, VFIO_SVM_PASSDOWN_INVALIDATE, &info, sizeof(info)), -ENOENT);
	ck_assert_int_eq(rig_bind(other, &pasid), 0);
	ck_assert_int_eq(bind_table(other, TABLE, 8), -EBUSY);
	ck_assert_int_eq(rig_unbind(other, pasid, 0), 0);
	ck_assert_int_eq(bind_table(other, TABLE, 8), 0);
	sdev_close(other);
	vm_close(&vm);
}
END_TEST

START_TEST(passdown_errors)
{
	static const struct {
		uint32_t type, granularity, flags, pasid;
		uint64_t addr, size;
		uint32_t mip, pfsid;
	} bad[] = {
		{ IOMMU_SVM_INV_TYPE_COUNT, 0, 0, 0, 0, 0, 0, 0 },
		{ UINT32_MAX, 0, 0, 0, 0, 0, 0, 0 },
		{ 0, IOMMU_SVM_INV_GRANULARITY_COUNT, 0, 0, 0, 0, 0, 0 },
		{ 0, UINT32_MAX, 0, 0, 0, 0, 0, 0 },
		{ 0, 0, 0x20, 0, 0, 0, 0, 0 },
		{ IOMMU_SVM_INV_IOTLB, PASID_, 0, 1, 0, 0, 0, 0 },
		{ IOMMU_SVM_INV_DEV_IOTLB, PASID_, 0, 1, 0, 0, 0, 0 },
		{ IOMMU_SVM_INV_PASID_CACHE, PAGE_, 0, 1, 0, PAGE, 0, 0 },
		{ IOMMU_SVM_INV_PASID_CACHE, 0, HINT, 1, 0, 0, 0, 0 },
		{ IOMMU_SVM_INV_DEV_IOTLB, 0, GLOBAL, 0, 0, 0, 0, 0 },
		{ IOMMU_SVM_INV_IOTLB, 0, IOMMU_SVM_INV_DEVTLB_GLOBAL, 0, 0, 0, 0, 0 },
		{ IOMMU_SVM_INV_EXT_DEV_IOTLB, PASID_, IOMMU_SVM_INV_DEVTLB_GLOBAL, 1, 0, 0, 0, 0 },
		{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, 0, 1, X, 0, 0, 0 },
		{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, 0, 1, X + 1, PAGE, 0, 0 },
		{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, 0, 1, X, PAGE + 1, 0, 0 },
		{ IOMMU_SVM_INV_EXT_IOTLB, PAGE_, 0, 1, 0 - PAGE, 2 * PAGE, 0, 0 },
		{ IOMMU_SVM_INV_EXT_IOTLB, PASID_, 0, 1 << 20, 0, 0, 0, 0 },
		{ 0, 0, 0, 0, 0, 0, 32, 0 },
		{ 0, 0, 0, 0, 0, 0, 0, 1 },
	};
	struct iommu_svm_tlb_invalidate_info info;
	struct vm vm;

	vm_open_mode(&vm, 2);
	for (size_t i = 0; i < wdi_array_size(bad); i++) {
		info = (struct iommu_svm_tlb_invalidate_info){
			.type = bad[i].type, .granularity = bad[i].granularity, .flags = bad[i].flags,
			.pasid = bad[i].pasid, .addr = bad[i].addr, .size = bad[i].size,
			.mip = bad[i].mip, .pfsid = bad[i].pfsid,
		};
		ck_assert_msg(svm(vm.rig.file, VFIO_SVM_PASSDOWN_INVALIDATE, &info, sizeof(info)) ==
			      -EINVAL, "row %zu", i);
	}
	info = (struct iommu_svm_tlb_invalidate_info){ .mip = 31 };
	ck_assert_int_eq(svm(vm.rig.file, VFIO_SVM_PASSDOWN_INVALIDATE, &info, sizeof(info) - 1),
			 -EINVAL);
	ck_assert_int_eq(svm(vm.rig.file, VFIO_SVM_PASSDOWN_INVALIDATE, &info, sizeof(info)), 0);
	vm_close(&vm);
}
END_TEST

/* The table goes: its PASIDs are nobody's, and its streams are gone; the file can be used anew. */
START_TEST(unbind_table)
{
	struct sdev_desc open = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 1,
	}, r = reading(IN);
	uint32_t pasid, stream;
	struct rig_queue q;
	struct vm vm;

	vm_open_mode(&vm, 2 + _i);
	stream = rig_run(&vm.q[1], &open).object;
	rig_assert(rig_run(&vm.q[1], &r), SDEV_ST_DONE, 0);
	ck_assert_int_eq(svm(vm.rig.file, VFIO_SVM_UNBIND_PASIDTP, NULL, 0), 0);
	rig_assert(rig_run(&vm.q[1], &r), SDEV_ST_NO_PASID, 0);
	ck_assert_int_eq(bind_table(vm.rig.file, TABLE, PASIDS * 8), 0);
	/* the queue was made for the life before */
	rig_assert(rig_run(&vm.q[1], &r), SDEV_ST_NO_PASID, 0);
	ck_assert_int_eq(rig_queue_make(vm.rig.file, 1, 16, &q), 0);
	rig_assert(rig_run(&q, &r), SDEV_ST_DONE, 0);
	r.object = stream;
	rig_assert(rig_run(&q, &r), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	ck_assert_int_eq(svm(vm.rig.file, VFIO_SVM_UNBIND_PASIDTP, NULL, 0), 0);
	ck_assert_int_eq(rig_bind(vm.rig.file, &pasid), 0);
	vm_close(&vm);
}
END_TEST

static Suite *guest_suite(void)
{
	Suite *suite = suite_create("device_guest");
	TCase *tc = tcase_create("translation");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, page_sizes, 0, 3 * RIG_MODES);
	tcase_add_loop_test(tc, permissions, 0, RIG_MODES);
	tcase_add_loop_test(tc, accessed_dirty, 0, 3 * RIG_MODES);
	tcase_add_loop_test(tc, bad_tables, 0, RIG_MODES);
	tcase_add_test(tc, guest_faults);
	tcase_add_test(tc, monitor_faults);
	tcase_add_test(tc, apart);
	suite_add_tcase(suite, tc);
	tc = tcase_create("invalidation");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, invalidate, 0, (int)wdi_array_size(inv_rows));
	tcase_add_test(tc, global);
	tcase_add_test(tc, pasid_cache);
	tcase_add_test(tc, stale_permission);
	suite_add_tcase(suite, tc);
	tc = tcase_create("commands");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, command_errors);
	tcase_add_test(tc, passdown_errors);
	tcase_add_loop_test(tc, unbind_table, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return rig_main(guest_suite());
}
