/* SPDX-License-Identifier: MIT */
/* Accesses without a PASID go through maps, beside those that have one. */
#include <errno.h>

#include "device_rig.h"

#define MIB	((size_t)1 << 20)
#define IOVA	UINT64_C(0x7000000000)
#define RW	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

static uint8_t raw[MIB];
static size_t page;

static void prepare(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	rig_fill(raw, MIB);
}

static uint8_t *memory(size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	return p;
}

/* A queue without a PASID beside the rig's own. */
static void untagged(struct rig *rig, struct rig_queue *q)
{
	ck_assert_int_eq(rig_queue_make(rig->file, 0, 16, q), 0);
}

START_TEST(map_errors)
{
	static const struct {
		uint32_t argsz, flags;
		uint64_t off, iova, size;
		int rc;
	} rows[] = {
		{ 31, RW, 0, IOVA, 4096, -EINVAL },		/* short */
		{ 32, 0, 0, IOVA, 4096, -EINVAL },		/* good for nothing */
		{ 32, RW | 4, 0, IOVA, 4096, -EINVAL },		/* a flag that is not known */
		{ 32, RW, 0, IOVA, 0, -EINVAL },
		{ 32, RW, 0, IOVA, 100, -EINVAL },
		{ 32, RW, 0, IOVA + 1, 4096, -EINVAL },
		{ 32, RW, 1, IOVA, 4096, -EINVAL },
		{ 32, RW, 0, UINT64_MAX - 4095, 8192, -EINVAL },	/* wraps */
		{ 32, RW, UINT64_C(1) << 60, IOVA, 4096, -EFAULT },
		{ 32, RW, 0, IOVA, 8192, 0 },
		{ 40, RW, 0, IOVA + 8192, 4096, 0 },		/* longer is fine */
		{ 32, RW, 0, IOVA + 4096, 4096, -EEXIST },
		{ 32, RW, 0, IOVA - 4096, 8192, -EEXIST },
		{ 32, RW, 0, IOVA - 4096, 65536, -EEXIST },
		{ 32, RW, 0, IOVA - 4096, 4096, 0 },
	};
	static const struct {
		uint32_t argsz, flags;
		uint64_t iova, size;
		int rc;
		uint64_t removed;
	} cuts[] = {
		{ 23, 0, IOVA, 8192, -EINVAL, 0 },
		{ 24, 1, IOVA, 8192, -EINVAL, 0 },		/* dirty bitmap */
		{ 24, 0, IOVA, 0, -EINVAL, 0 },
		{ 24, 0, IOVA, 4096, -EINVAL, 0 },		/* would cut one in two */
		{ 24, 0, IOVA + 4096, 8192, -EINVAL, 0 },
		{ 24, VFIO_DMA_UNMAP_FLAG_ALL, IOVA, 0, -EINVAL, 0 },
		{ 24, 0, IOVA + 65536, 4096, 0, 0 },		/* nothing there is no error */
		{ 24, 0, IOVA, 8192, 0, 8192 },
		{ 24, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0, 0, 8192 },
		{ 24, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0, 0, 0 },
	};
	uint8_t *p = memory(65536);
	struct rig rig;

	rig_open(&rig, 2);
	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		struct vfio_iommu_type1_dma_map map = {
			.argsz = rows[i].argsz, .flags = rows[i].flags,
			.vaddr = (uintptr_t)p + rows[i].off, .iova = rows[i].iova, .size = rows[i].size,
		};

		ck_assert_msg(sdev_ioctl(rig.file, VFIO_IOMMU_MAP_DMA, &map) == rows[i].rc, "row %zu", i);
	}
	for (size_t i = 0; i < wdi_array_size(cuts); i++) {
		struct vfio_iommu_type1_dma_unmap unmap = {
			.argsz = cuts[i].argsz, .flags = cuts[i].flags, .iova = cuts[i].iova,
			.size = cuts[i].size,
		};

		ck_assert_msg(sdev_ioctl(rig.file, VFIO_IOMMU_UNMAP_DMA, &unmap) == cuts[i].rc,
			      "row %zu", i);
		if (!cuts[i].rc)
			ck_assert_uint_eq(unmap.size, cuts[i].removed);
	}
	rig_close(&rig);
}
END_TEST

/* Both kinds of access, neither affected by the other's maps. */
START_TEST(side_by_side)
{
	uint8_t *src = memory(MIB), *dst = memory(2 * MIB), *tagged = memory(2 * MIB);
	struct sdev_desc d;
	struct sdev_cpl cpl, want;
	struct rig_queue q;
	struct rig rig;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	untagged(&rig, &q);
	memcpy(src, raw, MIB);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, src, MIB, tagged, 2 * MIB);
	want = rig_run(&rig.q, &d);
	rig_assert(want, SDEV_ST_DONE, SDEV_DONE_ALL);

	/* an address of the process means nothing there */
	rig_assert(rig_run(&q, &d), SDEV_ST_BAD_ADDRESS, 0);

	/* the source in three pieces that are not together in the process */
	ck_assert_int_eq(rig_map(rig.file, src, IOVA, 64 * page, VFIO_DMA_MAP_FLAG_READ), 0);
	memcpy(dst, src + 64 * page, 64 * page);
	ck_assert_int_eq(rig_map(rig.file, dst, IOVA + 64 * page, 64 * page, RW), 0);
	ck_assert_int_eq(rig_map(rig.file, src + 128 * page, IOVA + 128 * page, MIB - 128 * page,
				 RW), 0);
	ck_assert_int_eq(rig_map(rig.file, dst + 64 * page, 0, MIB, VFIO_DMA_MAP_FLAG_WRITE), 0);
	d.src_va = IOVA;
	d.dst_va = 0;
	d.dst_len = MIB;
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(cpl.produced, want.produced);
	ck_assert_mem_eq(dst + 64 * page, tagged, want.produced);

	/* what maps do not allow */
	d.src_va = 0;
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
	ck_assert_uint_eq(cpl.fault_va, 0);
	d.src_va = IOVA;
	d.dst_va = IOVA;
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
	ck_assert_uint_eq(cpl.fault_va, IOVA);

	/* and where they end, to the byte */
	d.dst_va = 0;
	d.src_va = IOVA + MIB - 5000;
	d.src_len = 5001;
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_BAD_ADDRESS, 0);
	ck_assert_uint_eq(cpl.fault_va, IOVA + MIB);
	d.src_len = 5000;
	rig_assert(rig_run(&q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);

	/* unmapped is gone; the PASID does not notice */
	ck_assert_int_eq(rig_unmap(rig.file, IOVA + 128 * page, MIB - 128 * page), 0);
	d.src_va = IOVA + 127 * page;
	d.src_len = (uint32_t)(2 * page);
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_BAD_ADDRESS, 0);
	ck_assert_uint_eq(cpl.fault_va, IOVA + 128 * page);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, src, MIB, tagged, 2 * MIB);
	ck_assert_uint_eq(rig_run(&rig.q, &d).produced, want.produced);
	rig_close(&rig);
}
END_TEST

/* What is mapped may itself be bad, and then it is one request's error, in its own address. */
START_TEST(bad_behind)
{
	uint8_t *p = memory(16 * page);
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig_queue q;
	struct rig rig;

	if (rig_skip(_i) || rig_modes[_i].guard == SDEV_GUARD_OFF)
		return;
	rig_open(&rig, _i);
	untagged(&rig, &q);
	ck_assert_int_eq(rig_map(rig.file, p, IOVA, 16 * page, RW), 0);
	memset(p, 1, 16 * page);
	mprotect(p + 5 * page, page, PROT_NONE);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, NULL, 8 * page, NULL, 4 * page);
	d.src_va = IOVA;
	d.dst_va = IOVA + 12 * page;
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
	ck_assert_uint_eq(cpl.fault_va, IOVA + 5 * page);
	mprotect(p + 5 * page, page, PROT_READ);
	rig_assert(rig_run(&q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

/* Streams of untagged queues are theirs alone; chains are walked in their addresses, too. */
START_TEST(objects_and_chains)
{
	struct sdev_desc open = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 1,
	}, d;
	uint8_t *p = memory(16 * page);
	struct sdev_sge *chain = (void *)p;
	struct rig_queue q;
	struct sdev_cpl cpl;
	struct rig rig;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	untagged(&rig, &q);
	ck_assert_int_eq(rig_map(rig.file, p, IOVA, 16 * page, RW), 0);
	chain[0] = (struct sdev_sge){ .va = IOVA + page, .len = 100, .next = IOVA + 24 };
	chain[1] = (struct sdev_sge){ .va = IOVA + 3 * page, .len = 200 };
	memcpy(p + page, raw, 100);
	memcpy(p + 3 * page, raw + 100, 200);
	d = rig_comp(SDEV_OP_COMPRESS, 0, NULL, 300, NULL, page);
	d.src_va = IOVA;
	d.dst_va = IOVA + 8 * page;
	d.flags = SDEV_F_SRC_SGL;
	d.comp.flags = SDEV_COMP_LAST;
	d.object = rig_run(&q, &open).object;
	ck_assert_uint_ne(d.object, 0);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
	ck_assert_uint_eq(cpl.consumed, 300);
	d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_DEFLATE, p + 8 * page, cpl.produced, p + 12 * page,
		     page);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_mem_eq(p + 12 * page, raw, 300);
	rig_close(&rig);
}
END_TEST

/* Pages behind a map that are not there: in PRI mode the descriptor parks. */
START_TEST(cold)
{
	const struct sdev_config config = {
		.max_queues = 8, .max_depth = 128, .guard = SDEV_GUARD_COPY, .engine_threads = 0,
		.fault_mode = SDEV_FAULT_PRI,
	};
	uint8_t *src = rig_cold_copy(raw, 8 * page), *dst = rig_cold(16 * page);
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig_queue q;
	struct rig rig;

	rig_open_config(&rig, &config, 16);
	untagged(&rig, &q);
	ck_assert_int_eq(rig_map(rig.file, src, IOVA, 8 * page, RW), 0);
	ck_assert_int_eq(rig_map(rig.file, dst, IOVA + MIB, 16 * page, RW), 0);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, NULL, 8 * page, NULL, 16 * page);
	d.src_va = IOVA;
	d.dst_va = IOVA + MIB;
	d.flags = SDEV_F_FAULT_REPORT;
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, IOVA);
	d.flags = 0;
	cpl = rig_run(&q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_ge(cpl.faults, 2);
	rig_close(&rig);
}
END_TEST

static Suite *dma_suite(void)
{
	Suite *suite = suite_create("device_dma");
	TCase *tc = tcase_create("dma");

	tcase_add_unchecked_fixture(tc, prepare, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, map_errors);
	tcase_add_loop_test(tc, side_by_side, 0, RIG_MODES);
	tcase_add_loop_test(tc, bad_behind, 0, RIG_MODES);
	tcase_add_loop_test(tc, objects_and_chains, 0, RIG_MODES);
	tcase_add_test(tc, cold);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return rig_main(dma_suite());
}
