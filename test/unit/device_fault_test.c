/* SPDX-License-Identifier: MIT */
/* Pages that are not there: reported, or waited for. */
#include <errno.h>

#include "device_rig.h"

#define RAW	(256 << 10)
#define ROOM	(512 << 10)

static uint8_t raw[RAW], packed[ROOM];
static size_t page, packed_len;

static void prepare(void)
{
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, raw, RAW, packed, ROOM);
	struct rig rig;

	page = (size_t)sysconf(_SC_PAGESIZE);
	rig_fill(raw, RAW);
	memset(packed, 0, ROOM);
	rig_open(&rig, rig_valgrind() ? 2 : 0);
	packed_len = rig_run(&rig.q, &d).produced;
	ck_assert_uint_gt(packed_len, 8 * page);
	rig_close(&rig);
}

/* How the kernel is asked: the better way, and the one without /proc. */
static void open_without(struct rig *rig, int mode, unsigned int without)
{
	const struct sdev_config config = {
		.max_queues = 8,
		.max_depth = 128,
		.guard = rig_modes[mode].guard,
		.engine_threads = rig_modes[mode].threads,
		.without = without,
	};

	rig_open_config(rig, &config, 64);
}

/* A whole job says where, and that it has to begin anew. */
START_TEST(report_block)
{
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint8_t *src = rig_cold(RAW), *dst = rig_cold(ROOM);

	if (rig_skip(_i % RIG_SAFE_MODES))
		return;
	open_without(&rig, _i % RIG_SAFE_MODES, _i < RIG_SAFE_MODES ? 0 : SDEV_WITHOUT_PAGEMAP);
	memcpy(src, raw, 3 * page);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, src, RAW, dst, ROOM);
	d.flags = SDEV_F_FAULT_REPORT;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)src + 3 * page);
	ck_assert_uint_eq(cpl.consumed, 0);
	ck_assert_uint_eq(cpl.produced, 0);
	ck_assert_uint_eq(cpl.faults, 1);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_REPORTS), 1);

	memcpy(src, raw, RAW);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)dst);
	ck_assert_uint_eq(cpl.consumed, 0);

	memset(dst, 0, ROOM);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(cpl.consumed, RAW);
	ck_assert_uint_eq(cpl.faults, 0);
	ck_assert_uint_eq(cpl.produced, packed_len);
	ck_assert_mem_eq(dst, packed, packed_len);
	rig_close(&rig);
}
END_TEST

/* Resolve what is reported and go on: the same bytes as without a fault. */
START_TEST(report_stream)
{
	struct sdev_desc open = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_DECOMPRESS,
		.comp.format = SDEV_FMT_ZLIB,
	};
	uint32_t in = 0, out = 0, reports = 0, stream;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint8_t *src, *dst;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	src = rig_cold(ROOM);
	dst = rig_cold(RAW);
	cpl = rig_run(&rig.q, &open);
	stream = cpl.object;
	for (;;) {
		d = rig_comp(SDEV_OP_DECOMPRESS, 0, src + in, packed_len - in, dst + out,
			     RAW - out);
		d.object = stream;
		d.flags = SDEV_F_FAULT_REPORT;
		cpl = rig_run(&rig.q, &d);
		in += cpl.consumed;
		out += cpl.produced;
		if (rig_status(&cpl) != SDEV_ST_PAGE_FAULT)
			break;
		reports++;
		/* exactly as far as there was memory */
		if (cpl.fault_va - (uintptr_t)src < ROOM) {
			uint64_t at = cpl.fault_va - (uintptr_t)src;

			ck_assert_uint_eq(at, in);
			memcpy(src + at, packed + at, wdi_min(page, (size_t)(packed_len - at)));
		} else {
			ck_assert_uint_eq(cpl.fault_va, (uintptr_t)dst + out);
			dst[out] = 1;
		}
	}
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
	ck_assert_uint_eq(out, RAW);
	ck_assert_mem_eq(dst, raw, RAW);
	ck_assert_uint_ge(reports, packed_len / page + RAW / page);
	rig_close(&rig);
}
END_TEST

/* Each element of a chain, and the chain itself. */
START_TEST(report_chain)
{
	struct sdev_sge *head;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint8_t *a, *b;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	a = rig_cold(page);
	b = rig_cold(page);
	head = (void *)rig_cold(page);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, head, 2 * page, packed, ROOM);
	d.flags = SDEV_F_FAULT_REPORT | SDEV_F_SRC_SGL;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)head);

	head[0] = (struct sdev_sge){ .va = (uintptr_t)a, .len = (uint32_t)page,
				     .next = (uintptr_t)&head[1] };
	head[1] = (struct sdev_sge){ .va = (uintptr_t)b, .len = (uint32_t)page };
	memcpy(a, raw, page);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)b);

	memcpy(b, raw + page, page);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);

	/* destinations: the second element of two */
	head[0].va = (uintptr_t)packed;
	head[1].va = (uintptr_t)rig_cold(ROOM);
	head[1].len = ROOM;
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, raw, RAW, head, ROOM);
	d.flags = SDEV_F_FAULT_REPORT | SDEV_F_DST_SGL;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, head[1].va);
	/* It was not begun: what is given back has made nothing in vain. */
	ck_assert_uint_eq(cpl.produced, 0);
	rig_close(&rig);
}
END_TEST

/* What can never come is no page fault. */
START_TEST(report_bad)
{
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint8_t *p;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	p = rig_pages(2, RIG_HOLE);
	memcpy(p, raw, 2 * page);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, p, 3 * page, packed, ROOM);
	d.flags = SDEV_F_FAULT_REPORT;
	cpl = rig_run(&rig.q, &d);
	if (!rig_valgrind())
		rig_assert(cpl, SDEV_ST_BAD_ADDRESS, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)p + 2 * page);
	/* beyond what a client can have */
	d.src_va = UINT64_C(1) << 62;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_BAD_ADDRESS, 0);
	/* and what does not take data does not take the flag */
	d = (struct sdev_desc){ .opcode = SDEV_OP_NOOP, .flags = SDEV_F_FAULT_REPORT };
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_FLAGS);
	rig_close(&rig);
}
END_TEST

START_TEST(registers)
{
	const struct sdev_config config = { .guard = -1, .fault_mode = SDEV_FAULT_PRI };
	struct sdev_config wrong = { .guard = -1, .fault_mode = SDEV_FAULT_COUNT };
	uint64_t all[SDEV_COUNTER_COUNT + 1];
	struct sdev *dev;
	struct rig rig;

	ck_assert_int_eq(sdev_create(&wrong, &dev), -EINVAL);
	rig_open_config(&rig, &config, 64);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_FAULT_MODE), SDEV_FAULT_PRI);
	ck_assert_int_eq(sdev_read(rig.file, all, 8 * SDEV_COUNTER_COUNT, SDEV_REG_COUNTER(0)),
			 8 * SDEV_COUNTER_COUNT);
	ck_assert_int_eq(sdev_read(rig.file, all, sizeof(all), SDEV_REG_COUNTER(0)), -EINVAL);
	ck_assert_int_eq(sdev_read(rig.file, all, 4, SDEV_REG_COUNTER(0)), -EINVAL);
	ck_assert_int_eq(sdev_write(rig.file, all, 8, SDEV_REG_COUNTER(0)), -EINVAL);
	rig_close(&rig);
}
END_TEST

static Suite *fault_suite(void)
{
	Suite *suite = suite_create("device_fault");
	TCase *tc = tcase_create("report");

	tcase_add_unchecked_fixture(tc, prepare, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, report_block, 0, 2 * RIG_SAFE_MODES);
	tcase_add_loop_test(tc, report_stream, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tc, report_chain, 0, RIG_SAFE_MODES);
	tcase_add_loop_test(tc, report_bad, 0, RIG_SAFE_MODES);
	tcase_add_test(tc, registers);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return rig_main(fault_suite());
}
