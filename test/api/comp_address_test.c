/* SPDX-License-Identifier: MIT */
/*
 * Pointers that lead nowhere, or where they should not, under each guard: the
 * request ends with WD_ADDR_ERR, the report has the address, the process lives.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

static const char *const guards[] = { "copy", "signal" };

/* A memory checker takes each of our faults for a mistake of the program's. */
static int guard_count(void)
{
	return on_valgrind() ? 1 : (int)ARRAY_SIZE(guards);
}

/* Sessions of both directions; at level 1 and at 6 other engines do the work. */
static handle_t c[2], d;
static uint8_t *good, *packed;
static size_t packed_len;
#define GOOD_LEN	100000u

static void begin(int guard)
{
	env("WEFT_GUARD", guards[guard]);
	start();
	c[0] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	c[1] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 6, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	good = data_new(DATA_MIXED, 1, GOOD_LEN);
	packed = malloc(2 * GOOD_LEN);
	packed_len = oracle_encode(WD_ZLIB, NULL, good, GOOD_LEN, packed, 2 * GOOD_LEN);
	assert_good(WAY_SYNC, WD_ZLIB, c[1], d);
}

static void end(void)
{
	assert_works();
	for (int i = 0; i < 2; i++) {
		assert_good(WAY_ASYNC, WD_ZLIB, c[i], d);
		wd_comp_free_sess(c[i]);
	}
	wd_comp_free_sess(d);
	finish();
	free(good);
	free(packed);
}

enum { WAY_STREAM = WAYS, ALL_WAYS };

static int run(int way, handle_t sess, struct wd_comp_req *req)
{
	if (way != WAY_STREAM)
		return run_block((enum way)way, sess, req);
	req->last = 1;
	return wd_do_comp_strm(sess, req);
}

/* Through every way and level: @req ends with WD_ADDR_ERR at @address. */
static void assert_bad(const struct wd_comp_req *req, const void *address, const char *what)
{
	bool compress = req->op_type == WD_DIR_COMPRESS;

	for (int way = 0; way < ALL_WAYS; way++) {
		for (int i = 0; i <= compress; i++) {
			struct weft_report report = { .size = sizeof(report) };
			handle_t sess = compress ? c[i] : d;
			struct wd_comp_req sent = *req;
			int ret = run(way, sess, &sent);

			ck_assert_int_eq(weft_sess_report(sess, &report), 0);
			if (ret != -WD_ADDR_ERR || sent.status != WD_ADDR_ERR ||
			    report.status != WD_ADDR_ERR ||
			    report.fault_addr != (uintptr_t)address)
				ck_abort_msg("%s, way %d, level %d: returned %d, %u, at %#lx", what,
					     way, i, ret, sent.status,
					     (unsigned long)report.fault_addr);
			ck_assert_int_eq(wd_comp_reset_sess(sess), 0);
			assert_good(WAY_SYNC, WD_ZLIB, c[i], d);
		}
	}
}

/* ---- nothing there --------------------------------------------------------- */

static const struct {
	const char *name;
	uintptr_t address;
} nowhere[] = {
	{ "first page", 0x10 },
	{ "low", 0x8000 },
	{ "kernel", 0xffff800000000000 },
	{ "kernel text", 0xffffffff81000000 },
	{ "not canonical", 0x0000900000000000 },
	{ "not canonical, high", 0xfff0000000000000 },
	{ "last byte", UINTPTR_MAX },
	{ "wraps", UINTPTR_MAX - 100 },
};

START_TEST(no_memory_at_all)
{
	uint8_t *out = malloc(2 * GOOD_LEN);
	struct wd_comp_req req;

	begin(_i);
	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
		void *bad = (void *)nowhere[i].address;

		req = new_req(WD_DIR_COMPRESS, bad, 1000, out, 2 * GOOD_LEN);
		assert_bad(&req, bad, nowhere[i].name);
		req = new_req(WD_DIR_COMPRESS, good, GOOD_LEN, bad, 2 * GOOD_LEN);
		assert_bad(&req, bad, nowhere[i].name);
		req = new_req(WD_DIR_DECOMPRESS, bad, 1000, out, GOOD_LEN);
		assert_bad(&req, bad, nowhere[i].name);
		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, bad, GOOD_LEN);
		assert_bad(&req, bad, nowhere[i].name);
	}
	end();
	free(out);
}
END_TEST

/* Memory that was there: unmapped, without access, or behind the end of its file. */
enum absence {
	UNMAPPED,
	NO_ACCESS,
	NO_FILE,
	ABSENCES,
};

struct half {
	uint8_t *map;
	size_t there, len;
};

/* @there bytes of memory, a multiple of the page size, and as much that is not. */
static struct half half_there(enum absence absence, size_t there)
{
	struct half h = { .there = there, .len = 2 * there };
	int fd = -1;

	if (absence == NO_FILE) {
		fd = memfd_create("half", MFD_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(ftruncate(fd, (off_t)there), 0);
	}
	h.map = mmap(far_away(), h.len, PROT_READ | PROT_WRITE,
		     fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(h.map, MAP_FAILED);
	if (fd >= 0)
		close(fd);
	if (absence == NO_ACCESS)
		ck_assert_int_eq(mprotect(h.map + there, there, PROT_NONE), 0);
	else if (absence == UNMAPPED)
		ck_assert_int_eq(munmap(h.map + there, there), 0);
	return h;
}

static void half_free(const struct half *h)
{
	munmap(h->map, h->len);
}

START_TEST(half_of_it)
{
	const enum absence absence = (enum absence)(_i % ABSENCES);
	static const char *const names[] = { "unmapped", "no access", "no file" };
	size_t whole = 16 * page_size();
	struct half h = half_there(absence, whole);
	uint8_t *edge = h.map + whole, *out = malloc(2 * GOOD_LEN);
	struct wd_comp_req req;

	begin(_i / ABSENCES);
	data_fill(DATA_RANDOM, 2, h.map, whole);
	/* The source goes on where nothing is: by a byte, by pages; from a byte, from pages. */
	for (size_t in = 1; in <= whole; in += page_size() * 15 / 2) {
		for (size_t beyond = 1; beyond <= whole; beyond += page_size() * 15 / 2) {
			req = new_req(WD_DIR_COMPRESS, edge - in, in + beyond, out, 2 * GOOD_LEN);
			assert_bad(&req, edge, names[absence]);
		}
	}
	/* Compressed data that is cut off by the end of memory. */
	memcpy(edge - packed_len + 10, packed, packed_len - 10);
	req = new_req(WD_DIR_DECOMPRESS, edge - packed_len + 10, packed_len, out, 2 * GOOD_LEN);
	assert_bad(&req, edge, names[absence]);
	/* The output does: these do not fit into what is there. */
	for (size_t room = 1; room <= whole / 2; room += page_size() * 7 / 2) {
		req = new_req(WD_DIR_COMPRESS, good, GOOD_LEN, edge - room, 2 * GOOD_LEN);
		assert_bad(&req, edge, names[absence]);
		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, edge - room, GOOD_LEN);
		assert_bad(&req, edge, names[absence]);
	}
	end();
	half_free(&h);
	free(out);
}
END_TEST

START_TEST(destination_is_read_only)
{
	size_t room = 2 * GOOD_LEN, page = page_size();
	uint8_t *map = mmap(NULL, room, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *edge;
	struct wd_comp_req req;

	ck_assert_ptr_ne(map, MAP_FAILED);
	begin(_i);
	req = new_req(WD_DIR_COMPRESS, good, GOOD_LEN, map + 5, room - 5);
	assert_bad(&req, map + 5, "read only");
	req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, map, GOOD_LEN);
	assert_bad(&req, map, "read only");

	/* Writable in front: what fits there is good, what does not meets the edge. */
	ck_assert_int_eq(mprotect(map, 2 * page, PROT_READ | PROT_WRITE), 0);
	edge = map + 2 * page;
	req = new_req(WD_DIR_COMPRESS, good, GOOD_LEN, edge - 1000, room - 2 * page + 1000);
	assert_bad(&req, edge, "read only");
	req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, map, GOOD_LEN);
	assert_bad(&req, edge, "read only");
	req = new_req(WD_DIR_COMPRESS, good, page, map, room);
	assert_result(&req, 0, wd_do_comp_sync(c[1], &req), 0);
	/* To read from it is allowed. */
	req = new_req(WD_DIR_DECOMPRESS, map, req.dst_len, packed, page);
	ck_assert_int_eq(mprotect(map, 2 * page, PROT_READ), 0);
	assert_result(&req, 0, wd_do_comp_sync(d, &req), 0);
	ck_assert_mem_eq(packed, good, page);
	end();
	munmap(map, room);
}
END_TEST

/* Through every way: a list from @src to @dst ends with @ret. */
static void assert_list(struct wd_datalist *src, struct wd_datalist *dst, int ret)
{
	for (int way = 0; way < WAYS; way++) {
		struct wd_comp_req req = new_req(WD_DIR_COMPRESS, src, 2000, dst, GOOD_LEN + 100);

		req.data_fmt = WD_SGL_BUF;
		assert_result(&req, ret, run_block((enum way)way, c[way & 1], &req), -ret);
	}
}

/* Lists: the list itself, or what it points at. */
START_TEST(lists_that_lead_nowhere)
{
	uint8_t *gone = fenced(0), *out = malloc(2 * GOOD_LEN);
	struct wd_datalist *tail = (struct wd_datalist *)fenced(sizeof(*tail));
	struct wd_datalist from[2], to[2], *nowhere_list = (struct wd_datalist *)gone;

	begin(_i);
	from[0] = (struct wd_datalist){ good, 1000, &from[1] };
	from[1] = (struct wd_datalist){ gone, 1000, NULL };
	to[0] = (struct wd_datalist){ out, 100, &to[1] };
	to[1] = (struct wd_datalist){ out + 100, GOOD_LEN, NULL };
	assert_list(from, to, -WD_ADDR_ERR);
	from[0].next = nowhere_list;
	assert_list(from, to, -WD_ADDR_ERR);
	from[0].next = &from[1];
	from[1].data = good + 1000;
	to[1].data = gone;
	assert_list(from, to, -WD_ADDR_ERR);
	to[1].data = out + 100;
	assert_list(nowhere_list, to, -WD_ADDR_ERR);
	assert_list(from, nowhere_list, -WD_ADDR_ERR);
	/* The last piece may stand at the end of memory. */
	*tail = from[1];
	from[0].next = tail;
	assert_list(from, to, 0);
	end();
	fenced_free(gone, 0);
	fenced_free((uint8_t *)tail, sizeof(*tail));
	free(out);
}
END_TEST

/* ---- lengths --------------------------------------------------------------- */

/* Nearly 4 GiB of source: zero pages that take no memory. */
START_TEST(four_gigabytes)
{
	size_t len = 0xffffffff;
	uint8_t *zeros = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			      0);
	uint8_t out[100], *room = fenced(GOOD_LEN);
	struct wd_comp_req req;

	ck_assert_ptr_ne(zeros, MAP_FAILED);
	begin(_i);
	for (int way = 0; way < ALL_WAYS; way++) {
		for (int i = 0; i < 2; i++) {
			req = new_req(WD_DIR_COMPRESS, zeros, len, out, sizeof(out));
			ck_assert_int_eq(run(way, c[i], &req), 0);
			ck_assert_uint_eq(req.status, way == WAY_STREAM ? WD_EAGAIN : WD_IN_EPARA);
			ck_assert_uint_le(req.dst_len, sizeof(out));
			ck_assert_int_eq(wd_comp_reset_sess(c[i]), 0);
		}
		req = new_req(WD_DIR_DECOMPRESS, zeros, len, out, sizeof(out));
		assert_result(&req, 0, run(way, d, &req), WD_IN_EPARA);
		ck_assert_int_eq(wd_comp_reset_sess(d), 0);

		/* A promise of as much room, of which there is just enough. */
		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, room, len);
		ck_assert_int_eq(run(way, d, &req), 0);
		ck_assert_uint_eq(req.status, way == WAY_STREAM ? WD_STREAM_END : 0);
		ck_assert_uint_eq(req.dst_len, GOOD_LEN);
		ck_assert(!memcmp(room, good, GOOD_LEN));
		memset(room, 0, GOOD_LEN);
	}
	end();
	munmap(zeros, len);
	fenced_free(room, GOOD_LEN);
}
END_TEST

/* ---- overlapping ----------------------------------------------------------- */

START_TEST(overlap)
{
	enum { LEN = 5000 };
	uint8_t buf[3 * LEN];
	struct wd_comp_req req;

	begin(_i);
	for (int way = 0; way < ALL_WAYS; way++) {
		data_fill(DATA_RANDOM, 1, buf, sizeof(buf));
		for (size_t in = 0; in < LEN; in += in * 3 + 1) {
			req = new_req(WD_DIR_COMPRESS, buf, LEN, buf + in, LEN);
			ck_assert_int_eq(run(way, c[way & 1], &req), -WD_EINVAL);
			ck_assert_uint_eq(req.status, UNTOUCHED);
		}
		req = new_req(WD_DIR_COMPRESS, buf, LEN, buf + LEN - 1, LEN);
		ck_assert_int_eq(run(way, c[way & 1], &req), -WD_EINVAL);
		/* Side by side is no overlap. */
		req = new_req(WD_DIR_COMPRESS, buf, LEN, buf + LEN, 2 * LEN);
		ck_assert_int_eq(run(way, c[way & 1], &req), 0);
		ck_assert(!req.status || req.status == WD_STREAM_END);

		/* Output in front of the input: refused when it has run into it. */
		data_fill(DATA_RANDOM, 1, buf, sizeof(buf));
		req = new_req(WD_DIR_COMPRESS, buf + 100, LEN, buf, 2 * LEN);
		assert_result(&req, 0, run(way, c[way & 1], &req), WD_IN_EPARA);
		ck_assert_int_eq(wd_comp_reset_sess(c[way & 1]), 0);
		data_fill(DATA_TEXT, 1, buf, sizeof(buf));
		req = new_req(WD_DIR_COMPRESS, buf + LEN, LEN, buf, 3 * LEN);
		ck_assert_int_eq(run(way, c[way & 1], &req), 0);
		ck_assert(!req.status || req.status == WD_STREAM_END);
	}
	end();
}
END_TEST

/* ---- memory that comes and goes --------------------------------------------- */

struct flicker {
	uint8_t *p;
	size_t len;
	bool stop;
};

static void *flicker(void *arg)
{
	struct flicker *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		mprotect(f->p, f->len, PROT_NONE);
		mprotect(f->p, f->len, PROT_READ | PROT_WRITE);
		sched_yield();
	}
	return NULL;
}

/* Pages lose and regain their access while requests use them: each ends one way or the other. */
START_TEST(flickering)
{
	size_t len = 32 * page_size();
	uint8_t *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *out = malloc(2 * GOOD_LEN);
	struct flicker f = { .p = map + len / 4, .len = len / 4 };
	unsigned int rounds = slow() ? 40 : 300, done = 0, failed = 0;
	pthread_t thread;

	ck_assert_ptr_ne(map, MAP_FAILED);
	begin(_i);
	memcpy(map, good, GOOD_LEN);
	ck_assert_int_eq(pthread_create(&thread, NULL, flicker, &f), 0);
	for (unsigned int i = 0; i < rounds; i++) {
		bool as_source = i & 1;
		struct wd_comp_req req;
		int ret;

		if (as_source)
			req = new_req(WD_DIR_COMPRESS, map, GOOD_LEN, out, 2 * GOOD_LEN);
		else
			req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, map, GOOD_LEN);
		ret = run_block((enum way)(i % WAYS), as_source ? c[i / 2 & 1] : d, &req);
		done += !ret && !req.status;
		failed += ret == -WD_ADDR_ERR && req.status == WD_ADDR_ERR;
	}
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(done + failed, rounds);
	end();
	munmap(map, len);
	free(out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("comp_address");
	TCase *tcase = add_case(suite, "nothing there");
	int count = guard_count();

	tcase_add_loop_test(tcase, no_memory_at_all, 0, count);
	tcase_add_loop_test(tcase, half_of_it, 0, count * ABSENCES);
	tcase_add_loop_test(tcase, destination_is_read_only, 0, count);
	tcase_add_loop_test(tcase, lists_that_lead_nowhere, 0, count);

	tcase = add_case(suite, "extremes");
	tcase_add_loop_test(tcase, four_gigabytes, 0, count);
	tcase_add_loop_test(tcase, overlap, 0, count);
	tcase_add_loop_test(tcase, flickering, 0, count);
	return run_suite(suite);
}
