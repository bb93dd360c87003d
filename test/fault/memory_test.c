/* SPDX-License-Identifier: MIT */
/*
 * Memory of every kind, and memory that others take away meanwhile, under each
 * guard and fault mode and by each way of sending.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rig.h"

#define LEN	200000u
#define ROOM	(2 * LEN)

static handle_t c[2], d;
static uint8_t *good, *packed;
static size_t packed_len;

enum { WAY_STREAM = WAYS, ALL_WAYS };

static void begin(int config)
{
	config_set(config);
	start();
	c[0] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 1, WD_COMP_WS_32K);
	c[1] = new_sess(WD_ZLIB, WD_DIR_COMPRESS, 6, WD_COMP_WS_32K);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	good = data_new(DATA_MIXED, 1, LEN);
	packed = malloc(ROOM);
	packed_len = oracle_encode(WD_ZLIB, NULL, good, LEN, packed, ROOM);
}

static void end(void)
{
	assert_works();
	for (int i = 0; i < 2; i++)
		wd_comp_free_sess(c[i]);
	wd_comp_free_sess(d);
	finish();
	free(good);
	free(packed);
}

static int run(int way, handle_t sess, struct wd_comp_req *req)
{
	int ret;

	if (way != WAY_STREAM)
		return run_block((enum way)way, sess, req);
	req->last = 1;
	ret = wd_do_comp_strm(sess, req);
	if (req->status == WD_STREAM_END)
		req->status = 0;
	wd_comp_reset_sess(sess);
	return ret;
}

/* @src has @len bytes of @good, @dst has room for what becomes of them, in each direction. */
static void assert_there(uint8_t *src, size_t len, uint8_t *dst, size_t room)
{
	uint8_t *back = malloc(LEN);
	struct wd_comp_req req;

	for (int way = 0; way < ALL_WAYS; way++) {
		for (int i = 0; i < 2; i++) {
			req = new_req(WD_DIR_COMPRESS, src, len, dst, room);
			assert_result(&req, 0, run(way, c[i], &req), 0);
			ck_assert_uint_eq(req.src_len, len);
			ck_assert_uint_eq(oracle_decode(WD_ZLIB, dst, req.dst_len, back, LEN, NULL),
					  len);
			ck_assert(!memcmp(back, src, len));
		}
		req = new_req(WD_DIR_DECOMPRESS, dst, req.dst_len, back, LEN);
		memset(back, 0, LEN);
		assert_result(&req, 0, run(way, d, &req), 0);
		ck_assert_uint_eq(req.dst_len, len);
		ck_assert(!memcmp(back, src, len));
	}
	free(back);
}

static void *map(size_t len, int flags, int fd)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* ---- kinds of memory --------------------------------------------------------- */

static uint8_t global_in[10000], global_out[20000];

START_TEST(stack_and_globals)
{
	uint8_t in[10000], out[20000];
	static uint8_t touched_by_nobody[20000];

	begin(_i);
	memcpy(in, good, sizeof(in));
	memcpy(global_in, good, sizeof(global_in));
	assert_there(in, sizeof(in), out, sizeof(out));
	assert_there(global_in, sizeof(global_in), global_out, sizeof(global_out));
	assert_there(global_in, sizeof(global_in), touched_by_nobody, sizeof(touched_by_nobody));
	end();
}
END_TEST

START_TEST(huge_pages)
{
	const size_t huge = (size_t)2 << 20;
	uint8_t *in = map(2 * huge, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1), *base, *out;

	begin(_i);
	if (in) {
		memcpy(in + huge - LEN / 2, good, LEN);
		assert_there(in + huge - LEN / 2, LEN, in, huge - LEN / 2);
		munmap(in, 2 * huge);
	}
	/* Transparent ones: as the kernel likes. */
	base = map(4 * huge, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	ck_assert_ptr_nonnull(base);
	in = base + huge - (uintptr_t)base % huge;
	out = in + huge;
	madvise(in, 2 * huge, MADV_HUGEPAGE);
	memcpy(in, good, LEN);
	assert_there(in, LEN, out, ROOM);
	munmap(base, 4 * huge);
	end();
}
END_TEST

/* Neither side of it was ever touched, nor is it where nobody uses it. */
START_TEST(never_touched)
{
	size_t room = 16 * ROOM;
	unsigned char resident[16 * ROOM / 4096 + 1];
	struct wd_comp_req req;

	begin(_i);
	for (int way = 0; way < ALL_WAYS; way++) {
		uint8_t *dst = map(room, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		uint8_t *src = map(LEN, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		uint8_t back[1000];

		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, dst, room);
		assert_result(&req, 0, run(way, d, &req), 0);
		ck_assert_uint_eq(req.dst_len, LEN);
		ck_assert(!memcmp(dst, good, LEN));
		/* What was not needed is not there (but for what came with huge pages). */
		ck_assert_int_eq(mincore(dst, room, resident), 0);
		if (!on_valgrind())
			ck_assert(!(resident[room / page_size() - 1] & 1));
		munmap(dst, room);

		dst = map(room, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		req = new_req(WD_DIR_COMPRESS, src, LEN, dst + 4095, room - 4095);
		assert_result(&req, 0, run(way, c[way & 1], &req), 0);
		ck_assert_uint_lt(req.dst_len, sizeof(back));
		memcpy(back, dst + 4095, req.dst_len);
		munmap(src, LEN);
		munmap(dst, room);
	}
	end();
}
END_TEST

START_TEST(last_byte_before_nothing)
{
	uint8_t *in = fenced(LEN), *out;
	struct wd_comp_req req;

	begin(_i);
	memcpy(in, good, LEN);
	for (int way = 0; way < ALL_WAYS; way++) {
		req = new_req(WD_DIR_COMPRESS, in, LEN, packed, ROOM);
		assert_result(&req, 0, run(way, c[0], &req), 0);
		packed_len = req.dst_len;
		/* Exactly as much room as it takes, and one byte at the edge. */
		out = fenced(packed_len);
		req = new_req(WD_DIR_COMPRESS, in, LEN, out, packed_len);
		assert_result(&req, 0, run(way, c[0], &req), 0);
		ck_assert(!memcmp(out, packed, packed_len));
		fenced_free(out, packed_len);
		out = fenced(LEN);
		req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, LEN);
		assert_result(&req, 0, run(way, d, &req), 0);
		ck_assert(!memcmp(out, good, LEN));
		fenced_free(out, LEN);
		req = new_req(WD_DIR_COMPRESS, in + LEN - 1, 1, packed, ROOM);
		assert_result(&req, 0, run(way, c[1], &req), 0);
	}
	fenced_free(in, LEN);
	end();
}
END_TEST

/* ---- limits ---------------------------------------------------------------------- */

static size_t address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	size_t pages = 0;

	if (f && fscanf(f, "%zu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * page_size();
}

/* No more address space for anybody: requests work or say that there is no memory. */
static int nothing_to_be_had(void *arg)
{
	struct rlimit limit = { address_space() + 64 * 1024, RLIM_INFINITY };
	uint8_t *out = arg;

	expect(wd_comp_init2("zlib", SCHED_POLICY_RR, TASK_MIX) == 0);
	d = new_sess(WD_ZLIB, WD_DIR_DECOMPRESS, 0, 0);
	limit.rlim_cur = address_space() + 64 * 1024;
	expect(setrlimit(RLIMIT_AS, &limit) == 0);
	for (int i = 0; i < 20; i++) {
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, LEN);
		int ret = wd_do_comp_sync(d, &req);

		expect(ret == 0 || ret == -WD_ENOMEM);
		expect(ret || (!req.status && !memcmp(out, good, LEN)));
	}
	limit.rlim_cur = RLIM_INFINITY;
	expect(setrlimit(RLIMIT_AS, &limit) == 0);
	for (int i = 0; i < 5; i++) {
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, LEN);

		expect(wd_do_comp_sync(d, &req) == 0 && !req.status);
		expect(!memcmp(out, good, LEN));
	}
	wd_comp_free_sess(d);
	wd_comp_uninit2();
	return 0;
}

START_TEST(address_space_used_up)
{
	static uint8_t *out;	/* the child leaves it behind */

	/* The sanitizers' own memory counts, and they cannot do without more. */
	if (slow())
		return;
	out = malloc(LEN);
	config_set(_i);
	env("WEFT_ENGINE_THREADS", "0");
	good = data_new(DATA_MIXED, 1, LEN);
	packed = malloc(ROOM);
	packed_len = oracle_encode(WD_ZLIB, NULL, good, LEN, packed, ROOM);
	ck_assert_int_eq(in_child(nothing_to_be_had, out), 0);
	free(out);
	free(good);
	free(packed);
}
END_TEST

/* ---- taken away and given back ------------------------------------------------------ */

static void discard(struct pest *pest)
{
	size_t pages = pest->len / page_size();
	size_t first = rng_below(&pest->rng, pages);
	size_t count = 1 + rng_below(&pest->rng, pages - first);

	madvise((uint8_t *)pest->base + first * page_size(), count * page_size(), MADV_DONTNEED);
}

static unsigned int storm_rounds(void)
{
	return in_full() ? 2000 : slow() ? 20 : 100;
}

/* Pages of a private file come back as they were, so every result must be right. */
START_TEST(discarded_source)
{
	int fd = memfd_create("source", MFD_CLOEXEC);
	uint8_t *in, *out = malloc(ROOM), *back = malloc(LEN);
	unsigned int rounds = storm_rounds();
	struct pest pest;

	begin(_i);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, good, LEN), LEN);
	in = map(LEN, MAP_PRIVATE, fd);
	ck_assert_ptr_nonnull(in);
	pest_start(&pest, discard, in, LEN & ~(page_size() - 1));
	for (unsigned int i = 0; i < rounds; i++) {
		struct wd_comp_req req = new_req(WD_DIR_COMPRESS, in, LEN, out, ROOM);

		assert_result(&req, 0, run((int)(i % ALL_WAYS), c[i & 1], &req), 0);
		ck_assert_uint_eq(oracle_decode(WD_ZLIB, out, req.dst_len, back, LEN, NULL), LEN);
		ck_assert(!memcmp(back, good, LEN));
	}
	pest_stop(&pest);
	munmap(in, LEN);
	close(fd);
	free(out);
	free(back);
	end();
}
END_TEST

/* Of a destination what was written is lost; of the request nothing is. */
START_TEST(discarded_destination)
{
	size_t room = (LEN + page_size()) & ~(page_size() - 1);
	uint8_t *out = map(room, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned int rounds = storm_rounds();
	struct pest pest;

	begin(_i);
	ck_assert_ptr_nonnull(out);
	pest_start(&pest, discard, out, room);
	for (unsigned int i = 0; i < rounds; i++) {
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, LEN);

		assert_result(&req, 0, run((int)(i % ALL_WAYS), d, &req), 0);
		ck_assert_uint_eq(req.dst_len, LEN);
	}
	pest_stop(&pest);
	munmap(out, room);
	end();
}
END_TEST

static void protect(struct pest *pest)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	size_t half = pest->len / 2 / page_size() * page_size();

	mprotect((uint8_t *)pest->base + half, pest->len - half,
		 prots[rng_below(&pest->rng, ARRAY_SIZE(prots))]);
	sched_yield();
}

static void replace(struct pest *pest)
{
	size_t half = pest->len / 2 / page_size() * page_size();
	void *at = (uint8_t *)pest->base + half;

	/*
	 * Nobody else gets the place in between. Past thread sanitizer, for which it
	 * would be a write beside the device's.
	 */
	syscall(SYS_mmap, at, pest->len - half,
		rng_below(&pest->rng, 2) ? PROT_NONE : PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0L);
	sched_yield();
}

static void move(struct pest *pest)
{
	size_t half = pest->len / 2 / page_size() * page_size();
	uint8_t *at = (uint8_t *)pest->base + half, *away = at + pest->len;

	if (mremap(at, pest->len - half, pest->len - half, MREMAP_MAYMOVE | MREMAP_FIXED, away) ==
	    MAP_FAILED)
		return;
	sched_yield();
	mremap(away, pest->len - half, pest->len - half, MREMAP_MAYMOVE | MREMAP_FIXED, at);
	sched_yield();
}

static void (*const pests[])(struct pest *pest) = { protect, replace, move };

/* Done or refused with the address; what is done in spite of it has the right length. */
START_TEST(unsteady_destination)
{
	size_t room = (LEN + page_size()) & ~(page_size() - 1);
	uint8_t *out = mmap(far_away(), 3 * room, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int rounds = storm_rounds(), done = 0, refused = 0;
	struct pest pest;

	ck_assert_ptr_ne(out, MAP_FAILED);
	/* What moves leaves holes, which others may fill elsewhere. */
	if (out != far_away() && pests[_i % (int)ARRAY_SIZE(pests)] == move) {
		munmap(out, 3 * room);
		return;
	}
	begin(_i / (int)ARRAY_SIZE(pests));
	munmap(out + room, 2 * room);
	pest_start(&pest, pests[_i % (int)ARRAY_SIZE(pests)], out, room);
	for (unsigned int i = 0; i < rounds; i++) {
		struct wd_comp_req req = new_req(WD_DIR_DECOMPRESS, packed, packed_len, out, LEN);
		int ret = run((int)(i % ALL_WAYS), d, &req);

		if (ret) {
			uint64_t at = report_of(d).fault_addr - (uintptr_t)out;

			ck_assert_int_eq(ret, -WD_ADDR_ERR);
			ck_assert_uint_eq(req.status, WD_ADDR_ERR);
			ck_assert_uint_lt(at, room);
			ck_assert_uint_ge(at, room / 2 / page_size() * page_size());
		} else {
			ck_assert_uint_eq(req.status, 0);
			ck_assert_uint_eq(req.dst_len, LEN);
		}
		done += !ret;
		refused += ret != 0;
	}
	pest_stop(&pest);
	ck_assert_uint_eq(done + refused, rounds);
	/* What came to lie behind it, where others map memory too, is theirs. */
	munmap(out, out == far_away() ? 3 * room : room);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = add_case(suite, "kinds");
	int count = config_count(), all = count * (int)ARRAY_SIZE(pests);

	tcase_add_loop_test(tcase, stack_and_globals, 0, count);
	tcase_add_loop_test(tcase, huge_pages, 0, count);
	tcase_add_loop_test(tcase, never_touched, 0, count);
	tcase_add_loop_test(tcase, last_byte_before_nothing, 0, count);
	tcase_add_loop_test(tcase, address_space_used_up, 0, count);

	tcase = add_case(suite, "unsteady");
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, discarded_source, 0, count);
	tcase_add_loop_test(tcase, discarded_destination, 0, count);
	tcase_add_loop_test(tcase, unsteady_destination, 0, all);
	return run_suite(suite);
}
