/* SPDX-License-Identifier: MIT */
/* Page requests: descriptors park, go on, and end exactly once. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../quiet_fork.h"
#include "device_rig.h"

#define RAW	((size_t)3 << 20)
#define ROOM	((size_t)4 << 20)

static uint8_t raw[RAW];
static size_t page;

static void prepare(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	rig_fill(raw, RAW);
}

/* ---- who brings pages, under the test's control ------------------------------------ */

static struct gate {
	sem_t arrived;		/* one for each request that waits */
	sem_t go;
	atomic_int rc;
	atomic_uint calls;
	uint64_t last_va;
	size_t last_len;
} gate;

static void gate_init(void)
{
	sem_init(&gate.arrived, 0, 0);
	sem_init(&gate.go, 0, 0);
	atomic_store(&gate.rc, 0);
	atomic_store(&gate.calls, 0);
}

static void touch_all(uint64_t va, size_t len, bool write)
{
	for (uint64_t at = va; at < va + len; at += page) {
		if (write)
			__atomic_fetch_or((uint8_t *)(uintptr_t)at, 0, __ATOMIC_RELAXED);
		else
			(void)*(volatile uint8_t *)(uintptr_t)at;
	}
}

/* Waits for the test, then does what it says. */
static int gated(void *arg, uint64_t va, size_t len, bool write)
{
	int rc;

	(void)arg;
	sem_post(&gate.arrived);
	while (sem_wait(&gate.go))
		;
	rc = atomic_load(&gate.rc);
	if (!rc)
		touch_all(va, len, write);
	return rc;
}

/* Answers at once. */
static int scripted(void *arg, uint64_t va, size_t len, bool write)
{
	int rc = atomic_load(&gate.rc);

	(void)arg;
	atomic_fetch_add(&gate.calls, 1);
	gate.last_va = va;
	gate.last_len = len;
	if (!rc)
		touch_all(va, len, write);
	return rc;
}

static void arrived(unsigned int n)
{
	while (n--) {
		while (sem_wait(&gate.arrived))
			;
	}
}

static void go(unsigned int n)
{
	while (n--)
		sem_post(&gate.go);
}

/* ---- the ways to run ------------------------------------------------------------------ */

static const struct way {
	int guard;
	int threads;
	int workers;
	unsigned int without;
} ways[] = {
	{ SDEV_GUARD_COPY, 0, -1, 0 },
	{ SDEV_GUARD_COPY, 2, 2, SDEV_WITHOUT_POPULATE },
	{ SDEV_GUARD_COPY, 0, 0, SDEV_WITHOUT_PAGEMAP },
	{ SDEV_GUARD_SIGNAL, 0, 0, 0 },
	{ SDEV_GUARD_SIGNAL, 0, 2, SDEV_WITHOUT_POPULATE },
	{ SDEV_GUARD_SIGNAL, 2, -1, 0 },
	{ SDEV_GUARD_SIGNAL, 2, 0, SDEV_WITHOUT_POPULATE },
	{ SDEV_GUARD_OFF, 2, -1, 0 },
};
#define WAYS	((int)wdi_array_size(ways))

static struct sdev_config config_of(int way)
{
	return (struct sdev_config){
		.max_queues = 8, .max_depth = 128, .guard = ways[way].guard,
		.engine_threads = ways[way].threads, .fault_mode = SDEV_FAULT_PRI,
		.page_workers = ways[way].workers, .without = ways[way].without,
	};
}

static bool skip(int way)
{
	return rig_valgrind() && ways[way].guard != SDEV_GUARD_COPY;
}

/* One poller, no worker but what the gate gives. */
static void open_gated(struct rig *rig, int threads, int (*resolve)(void *, uint64_t, size_t, bool),
		       int workers, unsigned int prq)
{
	const struct sdev_config config = {
		.max_queues = 8, .max_depth = 128, .guard = SDEV_GUARD_COPY,
		.engine_threads = threads, .fault_mode = SDEV_FAULT_PRI, .resolve = resolve,
		.page_workers = workers, .prq_depth = prq,
	};

	gate_init();
	rig_open_config(rig, &config, 64);
}

/* A descriptor that has to wait for its source. */
static struct sdev_desc cold_job(uint32_t tag)
{
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, rig_cold_copy(raw, page),
				      page, rig_cold(2 * page), 2 * page);

	memset((void *)(uintptr_t)d.dst_va, 0, 2 * page);
	d.tag = tag;
	return d;
}

/* ---- the same results as without page requests ------------------------------------------ */

struct result {
	struct sdev_cpl cpl;
	uint8_t *dst;
};

/* What a job of the row comes to when all of its memory is there. */
static void reference(const struct sdev_desc *d, size_t room, struct result *r)
{
	const struct sdev_config config = { .guard = SDEV_GUARD_COPY, .engine_threads = 0 };
	struct sdev_desc warm = *d;
	struct rig rig;

	rig_open_config(&rig, &config, 8);
	r->dst = calloc(1, room);
	warm.dst_va = (uintptr_t)r->dst;
	warm.flags &= (uint8_t)~SDEV_F_DST_SGL;
	r->cpl = rig_run(&rig.q, &warm);
	rig_close(&rig);
}

static void same_end(const struct sdev_cpl *cpl, const struct result *want)
{
	ck_assert_uint_eq(rig_status(cpl), rig_status(&want->cpl));
	ck_assert_uint_eq(rig_detail(cpl), rig_detail(&want->cpl));
	ck_assert_uint_eq(cpl->consumed, want->cpl.consumed);
	ck_assert_uint_eq(cpl->produced, want->cpl.produced);
}

/* Block codecs, and those that go in pieces and park in the middle. */
static const struct cold_row {
	size_t len;
	unsigned int level;
	unsigned int window;
} cold_rows[] = {
	{ 70000, 1, SDEV_WIN_32K },
	{ 3 << 20, 6, SDEV_WIN_32K },
	{ 2 << 20, 1, SDEV_WIN_8K },
	{ 2 << 20, 6, SDEV_WIN_4K },
};
#define COLD_ROWS	((int)wdi_array_size(cold_rows))

START_TEST(cold_whole)
{
	const struct cold_row *row = &cold_rows[_i % COLD_ROWS];
	struct sdev_config config = config_of(_i / COLD_ROWS);
	struct result packed, back;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint8_t *dst;

	if (skip(_i / COLD_ROWS))
		return;
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_GZIP, raw, row->len, NULL, ROOM);
	d.comp.level = (uint8_t)row->level;
	d.comp.window = (uint8_t)row->window;
	reference(&d, ROOM, &packed);

	rig_open_config(&rig, &config, 64);
	d.src_va = (uintptr_t)rig_cold_copy(raw, row->len);
	dst = rig_cold(ROOM);
	d.dst_va = (uintptr_t)dst;
	cpl = rig_run(&rig.q, &d);
	same_end(&cpl, &packed);
	ck_assert_uint_ge(cpl.faults, ways[_i / COLD_ROWS].without & SDEV_WITHOUT_PAGEMAP ? 1 : 2);
	ck_assert_mem_eq(dst, packed.dst, packed.cpl.produced);

	d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_GZIP, packed.dst, packed.cpl.produced, NULL, ROOM);
	reference(&d, ROOM, &back);
	ck_assert_mem_eq(back.dst, raw, row->len);
	d.src_va = (uintptr_t)rig_cold_copy(packed.dst, packed.cpl.produced);
	dst = rig_cold(ROOM);
	d.dst_va = (uintptr_t)dst;
	cpl = rig_run(&rig.q, &d);
	same_end(&cpl, &back);
	ck_assert_uint_ge(cpl.faults, 1);
	ck_assert_mem_eq(dst, raw, row->len);

	/* once there, nothing parks */
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_PARKED), 0);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_PARKS),
			  rig_counter(rig.file, SDEV_COUNTER_SUCCESS));
	ck_assert_uint_ge(rig_counter(rig.file, SDEV_COUNTER_REQUESTS),
			  rig_counter(rig.file, SDEV_COUNTER_SUCCESS));
	ck_assert_uint_eq(rig_run(&rig.q, &d).faults, 0);
	rig_close(&rig);
	free(packed.dst);
	free(back.dst);
}
END_TEST

/* A chain as source and destination, itself cold. */
START_TEST(cold_chain)
{
	struct sdev_config config = config_of(_i);
	struct sdev_sge src[20], dst[20];
	uint8_t *out[20], *all;
	struct result want;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	size_t at = 0, n;

	if (skip(_i))
		return;
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, raw, 20 * 3000, NULL, ROOM);
	reference(&d, ROOM, &want);
	for (unsigned int i = 0; i < 20; i++) {
		src[i] = (struct sdev_sge){ .va = (uintptr_t)rig_cold_copy(raw + i * 3000, 3000),
					    .len = 3000 };
		out[i] = rig_cold(2 * page);
		dst[i] = (struct sdev_sge){ .va = (uintptr_t)out[i] + 5,
					    .len = (uint32_t)(2 * page - 5) };
	}
	d.src_va = (uintptr_t)rig_cold_copy(src, sizeof(src));
	d.dst_va = (uintptr_t)rig_cold_copy(dst, sizeof(dst));
	for (unsigned int i = 0; i < 19; i++) {
		src[i].next = d.src_va + (i + 1) * sizeof(src[0]);
		dst[i].next = d.dst_va + (i + 1) * sizeof(dst[0]);
	}
	/* now that the addresses are known */
	d.src_va = (uintptr_t)mremap((void *)(uintptr_t)d.src_va, page, page, 0);
	memcpy((void *)(uintptr_t)d.src_va, src, sizeof(src));
	memcpy((void *)(uintptr_t)d.dst_va, dst, sizeof(dst));
	d.flags = SDEV_F_SRC_SGL | SDEV_F_DST_SGL;

	rig_open_config(&rig, &config, 64);
	cpl = rig_run(&rig.q, &d);
	same_end(&cpl, &want);
	ck_assert_uint_ge(cpl.faults, 2);
	all = malloc(want.cpl.produced);
	for (unsigned int i = 0; at < want.cpl.produced; i++, at += n) {
		n = wdi_min((size_t)dst[i].len, want.cpl.produced - at);
		memcpy(all + at, out[i] + 5, n);
	}
	ck_assert_mem_eq(all, want.dst, want.cpl.produced);
	rig_close(&rig);
	free(all);
	free(want.dst);
}
END_TEST

/* Pieces of a stream, each of which parks; with SYNC, which must not be said twice. */
static size_t stream_run(struct rig *rig, uint8_t op, const uint8_t *src, size_t len, uint8_t *out,
			 bool cold)
{
	struct sdev_desc d = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = op, .comp.format = SDEV_FMT_ZLIB,
		.comp.level = 1, .comp.window = SDEV_WIN_32K,
	};
	uint32_t stream = rig_run(&rig->q, &d).object;
	size_t in = 0, got = 0, piece = len / 5 + 1;
	struct sdev_cpl cpl;
	uint8_t *dst;

	for (;;) {
		size_t n = wdi_min(piece, len - in);

		dst = cold ? rig_cold(ROOM) : calloc(1, ROOM);
		d = rig_comp(op, 0, cold && n ? rig_cold_copy(src + in, n) : src + in, n, dst, ROOM);
		d.object = stream;
		d.comp.flags = op != SDEV_OP_COMPRESS ? 0 : in + n == len ? SDEV_COMP_LAST :
			       SDEV_COMP_SYNC;
		cpl = rig_run(&rig->q, &d);
		ck_assert_uint_eq(rig_status(&cpl), SDEV_ST_DONE);
		ck_assert(cold || !cpl.faults);
		memcpy(out + got, dst, cpl.produced);
		got += cpl.produced;
		in += cpl.consumed;
		if (cold)
			munmap(dst, ROOM);
		else
			free(dst);
		if (rig_detail(&cpl) == SDEV_DONE_STREAM_END)
			return got;
	}
}

START_TEST(cold_stream)
{
	struct sdev_config config = config_of(_i);
	const struct sdev_config stall = { .guard = SDEV_GUARD_COPY };
	struct rig rig, warm;
	uint8_t *a, *b;
	size_t n;

	if (skip(_i))
		return;
	a = malloc(ROOM);
	b = malloc(ROOM);
	rig_open_config(&warm, &stall, 8);
	n = stream_run(&warm, SDEV_OP_COMPRESS, raw, 1 << 20, a, false);
	rig_close(&warm);
	rig_open_config(&rig, &config, 64);
	ck_assert_uint_eq(stream_run(&rig, SDEV_OP_COMPRESS, raw, 1 << 20, b, true), n);
	ck_assert_mem_eq(a, b, n);
	/* mincore() finds the pages of a file though nobody has mapped them */
	if (!(ways[_i].without & SDEV_WITHOUT_PAGEMAP))
		ck_assert_uint_ge(rig_counter(rig.file, SDEV_COUNTER_PARKS), 5);
	ck_assert_uint_eq(stream_run(&rig, SDEV_OP_DECOMPRESS, a, n, b, true), 1 << 20);
	ck_assert_mem_eq(b, raw, 1 << 20);
	rig_close(&rig);
	free(a);
	free(b);
}
END_TEST

/* What is really bad is found as ever, with the same address. */
START_TEST(bad_pointers)
{
	struct sdev_config config = config_of(_i);
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	uint8_t *p, *out;
	int fd;

	if (skip(_i) || ways[_i].guard == SDEV_GUARD_OFF)
		return;
	rig_open_config(&rig, &config, 64);
	out = rig_cold(ROOM);

	/* nothing there */
	p = rig_pages(3, RIG_HOLE);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, p, 4 * page, out, ROOM);
	cpl = rig_run(&rig.q, &d);
	ck_assert_uint_eq(rig_status(&cpl), rig_hole_status());
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)p + 3 * page);

	/* there, but not for us; cold before it */
	p = rig_pages(3, PROT_NONE);
	d.src_va = (uintptr_t)p;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)p + 3 * page);

	/* a destination that is read-only in its second page */
	p = rig_pages(1, PROT_READ);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, raw, RAW, p, 2 * page);
	d.dst_len = ROOM;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)p + page);

	/* a file that ends before its mapping */
	fd = memfd_create("short", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, (off_t)page), 0);
	p = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 0);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, p, 2 * page, out, ROOM);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_BAD_ADDRESS, 0);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)p + page);
	close(fd);

	/* compressed data that ends before the hole needs nothing of it */
	p = rig_pages(1, PROT_NONE);
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, raw, 100, p, page);
	ck_assert_uint_lt(rig_run(&rig.q, &d).produced, page);
	d = rig_comp(SDEV_OP_DECOMPRESS, SDEV_FMT_ZLIB, p, 2 * page, out, ROOM);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

/* ---- responses ------------------------------------------------------------------------------ */

/* A group has a request for each range, and its response is the worst of theirs. */
START_TEST(response_success)
{
	struct sdev_desc d = cold_job(1);
	struct sdev_cpl cpl;
	struct rig rig;

	open_gated(&rig, 0, scripted, 0, 0);
	cpl = rig_run(&rig.q, &(struct sdev_desc){ .opcode = SDEV_OP_NOOP });
	d.tag = 0;
	rig_submit(&rig.q, &d);
	ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 1);		/* parks */
	ck_assert(!rig_peek(&rig.q, &cpl));
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_PARKED), 1);
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->resumable), 0);
	ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 1);		/* brings the page */
	ck_assert_uint_eq(atomic_load(&gate.calls), 1);
	ck_assert_uint_eq(gate.last_va, d.src_va);
	ck_assert_uint_eq(gate.last_len, page);
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->resumable), 1);
	ck_assert(!rig_peek(&rig.q, &cpl));
	ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 1);		/* goes on */
	ck_assert(rig_take(&rig.q, &cpl));
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(cpl.faults, 1);
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->resumable), 0);
	ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 0);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_SUCCESS), 1);
	rig_close(&rig);
}
END_TEST

/* "Invalid" does not decide by itself: the access does, and says what is wrong. */
START_TEST(response_invalid)
{
	struct sdev_desc d = cold_job(1);
	struct sdev_cpl cpl;
	struct rig rig;

	open_gated(&rig, 0, scripted, 0, 0);
	atomic_store(&gate.rc, -EFAULT);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_INVALID), 1);
	d.src_va = (uintptr_t)mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_ACCESS_DENIED, 0);
	ck_assert_uint_eq(cpl.fault_va, d.src_va);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_INVALID), 2);
	rig_close(&rig);
}
END_TEST

/* "Failure" gives the descriptor back as a fault that others may resolve. */
START_TEST(response_failure)
{
	struct sdev_desc d = cold_job(1), open = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 1,
	};
	struct sdev_cpl cpl;
	struct rig rig;

	open_gated(&rig, 0, scripted, 0, 0);
	atomic_store(&gate.rc, -EIO);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_PAGE_FAULT, 0);
	ck_assert_uint_eq(cpl.fault_va, d.src_va);
	ck_assert_uint_eq(cpl.consumed, 0);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_FAILURE), 1);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_REPORTS), 1);

	/* a stream is free again, and has lost nothing */
	d.object = rig_run(&rig.q, &open).object;
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_PAGE_FAULT, 0);
	atomic_store(&gate.rc, 0);
	d.comp.flags = SDEV_COMP_LAST;
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_STREAM_END);
	ck_assert_uint_eq(cpl.consumed, page);
	rig_close(&rig);
}
END_TEST

/* Others go on while one waits, in one queue and one thread. */
START_TEST(others_go_on)
{
	struct sdev_desc d = cold_job(7), n;
	struct sdev_cpl cpl;
	struct rig rig;

	open_gated(&rig, 2 * _i, gated, 4, 0);
	rig_submit(&rig.q, &d);
	while (!rig_reg32(rig.file, SDEV_REG_PARKED))
		sdev_step(rig.file, rig.q.index);
	arrived(1);
	for (uint32_t i = 0; i < 1000; i++) {
		n = rig_noop(100 + i);
		ck_assert_uint_eq(rig_run(&rig.q, &n).tag, 100 + i);
	}
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_PARKED), 1);
	go(1);
	cpl = rig_wait(&rig.q);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(cpl.tag, 7);
	rig_close(&rig);
}
END_TEST

/* A fence waits for what is parked before it. */
START_TEST(fence_waits)
{
	struct sdev_desc d = cold_job(1), f = rig_noop(2);
	struct sdev_cpl cpl;
	struct rig rig;

	open_gated(&rig, 2 * _i, gated, 1, 0);
	f.flags = SDEV_F_FENCE;
	rig_put(&rig.q, &d);
	rig_submit(&rig.q, &f);
	while (!rig_reg32(rig.file, SDEV_REG_PARKED))
		sdev_step(rig.file, rig.q.index);
	arrived(1);
	while (sdev_step(rig.file, rig.q.index))
		;
	ck_assert(!rig_peek(&rig.q, &cpl));
	go(1);
	ck_assert_uint_eq(rig_wait(&rig.q).tag, 1);
	ck_assert_uint_eq(rig_wait(&rig.q).tag, 2);
	rig_close(&rig);
}
END_TEST

/* More page requests than workers: one that never comes does not hold up the others. */
START_TEST(stuck_worker)
{
	struct sdev_desc d = cold_job(1);
	struct rig rig;

	open_gated(&rig, 2, gated, 3, 0);
	for (uint32_t i = 1; i <= 3; i++) {
		d = cold_job(i);
		rig_submit(&rig.q, &d);
		while (rig_reg32(rig.file, SDEV_REG_PARKED) < i)
			sdev_step(rig.file, rig.q.index);
	}
	arrived(3);		/* all three at once: each has a worker */
	go(3);
	for (uint32_t i = 1; i <= 3; i++)
		rig_assert(rig_wait(&rig.q), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

/* The queue is full: the group is answered by itself, and tried again. */
START_TEST(overflow)
{
	struct sdev_desc d[24];
	bool seen[24] = { false };
	struct sdev_cpl cpl;
	struct rig rig;

	open_gated(&rig, 2 * _i, scripted, 0, 32);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_PRQ_DEPTH), 32);
	for (uint32_t i = 0; i < 24; i++) {
		struct sdev_sge chain[16];
		uint8_t *parts = rig_cold(32 * page);

		for (unsigned int k = 0; k < 16; k++)
			chain[k] = (struct sdev_sge){ .va = (uintptr_t)parts + 2 * k * page,
						      .len = (uint32_t)page };
		d[i] = cold_job(i);
		d[i].src_va = (uintptr_t)malloc(sizeof(chain));
		for (unsigned int k = 0; k < 15; k++)
			chain[k].next = d[i].src_va + (k + 1) * sizeof(chain[0]);
		memcpy((void *)(uintptr_t)d[i].src_va, chain, sizeof(chain));
		d[i].src_len = (uint32_t)(16 * page);
		d[i].flags = SDEV_F_SRC_SGL;
		rig_put(&rig.q, &d[i]);
	}
	rig_ring(&rig.q);
	for (uint32_t i = 0; i < 24; i++) {
		cpl = rig_wait(&rig.q);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert(!seen[cpl.tag]);
		seen[cpl.tag] = true;
	}
	if (!_i)
		ck_assert_uint_gt(rig_counter(rig.file, SDEV_COUNTER_OVERFLOWS), 0);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_REQUESTS), 24 * 16);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_SUCCESS), 24);
	rig_close(&rig);
	for (uint32_t i = 0; i < 24; i++)
		free((void *)(uintptr_t)d[i].src_va);
}
END_TEST

/* ---- ends, each exactly once ----------------------------------------------------------------- */

enum ending { END_STOP, END_RESET, END_UNBIND, END_DESTROY, END_CLOSE, ENDINGS };
enum moment { WAITING, AWAY, READY, MOMENTS };

static void *late_main(void *arg)
{
	(void)arg;
	go(64);
	return NULL;
}

/*
 * Three parked descriptors, one of them at a stream, end with their queue,
 * device, bond or file; before anybody has looked at their requests, while a
 * worker is away for them, and when they could just go on.
 */
START_TEST(parked_ends)
{
	const enum ending end = (enum ending)(_i % ENDINGS);
	const enum moment when = (enum moment)(_i / ENDINGS);
	static const enum sdev_comp_status statuses[] = {
		[END_STOP] = SDEV_ST_CANCELLED, [END_RESET] = SDEV_ST_RESET,
		[END_UNBIND] = SDEV_ST_NO_PASID,
	};
	struct sdev_desc open = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 1,
	}, d;
	bool seen[3] = { false };
	struct sdev_cpl cpl;
	uint32_t stream;
	pthread_t late;
	struct rig rig;

	open_gated(&rig, 0, when == WAITING ? scripted : gated, when == WAITING ? 0 : 4, 0);
	stream = rig_run(&rig.q, &open).object;
	for (uint32_t i = 0; i < 3; i++) {
		d = cold_job(i);
		d.object = i == 1 ? stream : 0;
		rig_submit(&rig.q, &d);
		ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 1);
	}
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_PARKED), 3);
	if (when != WAITING)
		arrived(3);
	if (when == READY)
		go(3);
	while (when == READY && wdi_io_load32(&rig.q.db->resumable) < 3)
		sched_yield();

	switch (end) {
	case END_STOP:
		ck_assert_int_eq(rig_queue_op(&rig.q, SDEV_ADMIN_QUEUE_STOP), 0);
		break;
	case END_RESET:
		ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_RESET, NULL), 0);
		break;
	case END_UNBIND:
		ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, 0), 0);
		break;
	case END_DESTROY:
		ck_assert_int_eq(rig_queue_op(&rig.q, SDEV_ADMIN_QUEUE_DESTROY), 0);
		break;
	default:
		break;
	}
	if (end <= END_UNBIND) {
		ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_PARKED), 0);
		for (unsigned int i = 0; i < 3; i++) {
			ck_assert(rig_take(&rig.q, &cpl));
			rig_assert(cpl, statuses[end], 0);
			ck_assert(!seen[cpl.tag]);
			seen[cpl.tag] = true;
		}
		ck_assert_uint_eq(wdi_io_load32(&rig.q.db->resumable), 0);
	}
	if (when == AWAY)	/* the responses come while and after the device goes */
		ck_assert_int_eq(pthread_create(&late, NULL, late_main, NULL), 0);
	if (end <= END_UNBIND)
		ck_assert(!rig_take(&rig.q, &cpl));
	if (end == END_RESET) {
		d = rig_noop(9);
		ck_assert_uint_eq(rig_run(&rig.q, &d).tag, 9);
	}
	rig_close(&rig);
	if (when == AWAY)
		pthread_join(late, NULL);
}
END_TEST

/* The client takes its word back while the descriptor waits; a fence behind it goes on. */
START_TEST(cancelled_by_tag)
{
	struct sdev_desc d = cold_job(5), f = rig_noop(6);
	struct sdev_cpl cpl;
	struct rig rig;

	open_gated(&rig, 2 * _i, gated, 1, 0);
	for (size_t i = 0; i < wdi_array_size(rig.q.db->cancel); i++)
		wdi_io_store32(&rig.q.db->cancel[i], SDEV_TAG_DRAIN);
	f.flags = SDEV_F_FENCE;
	rig_put(&rig.q, &d);
	rig_submit(&rig.q, &f);
	while (!rig_reg32(rig.file, SDEV_REG_PARKED))
		sdev_step(rig.file, rig.q.index);
	arrived(1);
	wdi_io_store32(&rig.q.db->cancel[0], 5);
	wdi_io_store32_release(&rig.q.db->cancel_on, 1);
	rig_ring(&rig.q);
	cpl = rig_wait(&rig.q);
	ck_assert_uint_eq(cpl.tag, 5);
	rig_assert(cpl, SDEV_ST_CANCELLED, 0);
	ck_assert_uint_eq(rig_wait(&rig.q).tag, 6);
	go(1);
	rig_close(&rig);
}
END_TEST

/* The injector's full queue and its missing pages go the same way as real ones. */
START_TEST(injected)
{
	struct sdev_config config = config_of(_i);
	struct sdev_admin rule = {
		.op = SDEV_ADMIN_INJECT,
		.inject = { .what = SDEV_INJECT_FAULT, .every = 10, .arg = 2 },
	};
	struct result want;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	struct rig rig;
	unsigned int faults = 0;
	uint8_t *dst;

	if (skip(_i))
		return;
	d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_ZLIB, raw, 1 << 20, NULL, ROOM);
	reference(&d, ROOM, &want);
	rig_open_config(&rig, &config, 64);
	rule.queue = rig.q.index;
	ck_assert_int_eq(rig_admin(rig.file, &rule), 0);
	rule = (struct sdev_admin){ .op = SDEV_ADMIN_INJECT, .queue = rig.q.index,
				    .inject = { .what = SDEV_INJECT_PRQ_FULL, .every = 3 } };
	ck_assert_int_eq(rig_admin(rig.file, &rule), 0);
	dst = calloc(1, ROOM);
	d.dst_va = (uintptr_t)dst;
	for (unsigned int i = 0; i < 5; i++) {
		cpl = rig_run(&rig.q, &d);
		same_end(&cpl, &want);
		ck_assert_mem_eq(dst, want.dst, want.cpl.produced);
		faults += cpl.faults;
	}
	/* Pages that have had their fault are left alone for a while: how many in which job varies. */
	ck_assert_uint_ge(faults, 10);
	ck_assert_uint_ge(rig_counter(rig.file, SDEV_COUNTER_PARKS), 10);
	ck_assert_uint_ge(rig_counter(rig.file, SDEV_COUNTER_OVERFLOWS), 3);
	rig_close(&rig);
	free(dst);
	free(want.dst);
}
END_TEST

/*
 * A child has no worker and none of the parked descriptors; it makes a device of
 * its own. The parent's go on.
 */
START_TEST(forked)
{
	const struct sdev_config own = {
		.guard = SDEV_GUARD_COPY, .fault_mode = SDEV_FAULT_PRI,
		.page_workers = RIG_ALONE ? 0 : 2,
	};
	struct sdev_desc d;
	struct rig rig, mine;
	int status;
	pid_t pid;

	open_gated(&rig, 0, gated, 4, 0);
	for (uint32_t i = 0; i < 3; i++) {
		d = cold_job(i);
		rig_submit(&rig.q, &d);
		ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 1);
	}
	arrived(3);
	go(1);
	while (!wdi_io_load32(&rig.q.db->resumable))
		sched_yield();
	pid = quiet_fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		sdev_forget(rig.dev);
		rig_open_config(&mine, &own, 8);
		d = cold_job(1);
		status = SDEV_CPL_STATUS(rig_run(&mine.q, &d).end);
		rig_close(&mine);
		_exit(status);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), SDEV_ST_DONE);
	go(2);
	for (uint32_t i = 0; i < 3; i++)
		rig_assert(rig_wait(&rig.q), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

/* Nothing of a device is open in a program that the process executes. */
START_TEST(executed)
{
	struct sdev_desc d;
	bool before[64];
	struct rig rig;

	for (int fd = 0; fd < 64; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	open_gated(&rig, 2, scripted, 2, 0);
	d = cold_job(1);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	for (int fd = 0; fd < 64; fd++) {
		int flags = fcntl(fd, F_GETFD);

		ck_assert(flags < 0 || before[fd] || (flags & FD_CLOEXEC));
	}
	rig_close(&rig);
}
END_TEST

/* A worker that never comes back does not keep the device from going. */
START_TEST(worker_never_returns)
{
	struct sdev_desc d = cold_job(1);
	struct rig rig;

	open_gated(&rig, 0, gated, 1, 0);
	rig_submit(&rig.q, &d);
	sdev_step(rig.file, rig.q.index);
	arrived(1);
	rig_close(&rig);
	go(1);
}
END_TEST

static Suite *pri_suite(void)
{
	Suite *suite = suite_create("device_pri");
	TCase *tc = tcase_create("cold");

	tcase_add_unchecked_fixture(tc, prepare, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, cold_whole, 0, COLD_ROWS * WAYS);
	tcase_add_loop_test(tc, cold_chain, 0, WAYS);
	tcase_add_loop_test(tc, cold_stream, 0, WAYS);
	tcase_add_loop_test(tc, bad_pointers, 0, WAYS);
	suite_add_tcase(suite, tc);
	tc = tcase_create("responses");
	tcase_add_unchecked_fixture(tc, prepare, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, response_success);
	tcase_add_test(tc, response_invalid);
	tcase_add_test(tc, response_failure);
	tcase_add_loop_test(tc, others_go_on, 0, 2);
	tcase_add_loop_test(tc, fence_waits, 0, 2);
	tcase_add_test(tc, stuck_worker);
	tcase_add_loop_test(tc, overflow, 0, 2);
	suite_add_tcase(suite, tc);
	tc = tcase_create("ends");
	tcase_add_unchecked_fixture(tc, prepare, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, parked_ends, 0, ENDINGS * MOMENTS);
	tcase_add_loop_test(tc, cancelled_by_tag, 0, 2);
	tcase_add_loop_test(tc, injected, 0, WAYS);
	tcase_add_test(tc, forked);
	tcase_add_test(tc, executed);
	tcase_add_test(tc, worker_never_returns);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return rig_main(pri_suite());
}
