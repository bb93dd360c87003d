/* SPDX-License-Identifier: MIT */
/* Memory pools and block pools of wd.h. */
#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "uadk/wd.h"
#include "util/bits.h"

#define UNIT	4096u

static handle_t new_mempool(size_t size)
{
	handle_t mp = wd_mempool_create(size, NUMA_NO_NODE);

	ck_assert(mp && !WD_IS_ERR(mp));
	return mp;
}

static handle_t new_blockpool(handle_t mp, size_t size, size_t num)
{
	handle_t bp = wd_blockpool_create(mp, size, num);

	ck_assert_msg(bp && !WD_IS_ERR(bp), "%zu blocks of %zu bytes", num, size);
	return bp;
}

#define assert_error(h, err) \
	do { \
		handle_t h_; \
		\
		errno = 0; \
		h_ = (h); \
		ck_assert_msg(WD_IS_ERR(h_), #h " is a handle"); \
		ck_assert_int_eq(WD_HANDLE_ERR(h_), -(err)); \
		ck_assert_int_eq(errno, err); \
	} while (0)

static unsigned long units_free(handle_t mp)
{
	struct wd_mempool_stats stats;

	wd_mempool_stats(mp, &stats);
	return stats.free_blk_num;
}

static unsigned long blocks_free(handle_t bp)
{
	struct wd_blockpool_stats stats;

	wd_blockpool_stats(bp, &stats);
	return stats.free_block_num;
}

static int by_address(const void *a, const void *b)
{
	char *const *left = a, *const *right = b;

	return (*left > *right) - (*left < *right);
}

/* Take every block: exactly @num, in ascending order, at least @size apart. */
static void take_all(handle_t bp, char **blocks, size_t num, size_t size)
{
	for (size_t i = 0; i < num; i++) {
		blocks[i] = wd_block_alloc(bp);
		ck_assert_ptr_nonnull(blocks[i]);
	}
	errno = 0;
	ck_assert_ptr_null(wd_block_alloc(bp));
	ck_assert_int_eq(errno, WD_ENOMEM);
	ck_assert_uint_eq(blocks_free(bp), 0);
	qsort(blocks, num, sizeof(*blocks), by_address);
	for (size_t i = 1; i < num; i++)
		ck_assert_uint_ge((size_t)(blocks[i] - blocks[i - 1]), size);
}

static void give_all(handle_t bp, char **blocks, size_t num)
{
	for (size_t i = 0; i < num; i++)
		wd_block_free(bp, blocks[i]);
	ck_assert_uint_eq(blocks_free(bp), num);
}

START_TEST(mempool_sizes)
{
	static const struct {
		size_t size, units;
	} rows[] = {
		{ 1, 1 }, { UNIT - 1, 1 }, { UNIT, 1 }, { UNIT + 1, 2 }, { 100 * UNIT, 100 },
		{ 3 * 1024 * 1024 + 5, 769 },
	};

	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		handle_t mp = new_mempool(rows[i].size);
		struct wd_mempool_stats stats;

		wd_mempool_stats(mp, &stats);
		ck_assert_uint_eq(stats.blk_size, UNIT);
		ck_assert_uint_eq(stats.blk_num, rows[i].units);
		ck_assert_uint_eq(stats.free_blk_num, rows[i].units);
		ck_assert_uint_eq(stats.blk_usage_rate, 0);
		ck_assert(stats.page_type == WD_HUGE_PAGE || stats.page_type == WD_NORMAL_PAGE);
		ck_assert_uint_ge(stats.page_size * stats.page_num, rows[i].size);
		ck_assert_uint_lt(stats.page_size * (stats.page_num - 1), rows[i].units * UNIT);
		wd_mempool_destroy(mp);
	}
	assert_error(wd_mempool_create(0, NUMA_NO_NODE), WD_EINVAL);
	assert_error(wd_mempool_create(SIZE_MAX, NUMA_NO_NODE), WD_ENOMEM);
	assert_error(wd_mempool_create(SIZE_MAX - UNIT, NUMA_NO_NODE), WD_ENOMEM);
	assert_error(wd_mempool_create((size_t)1 << 60, NUMA_NO_NODE), WD_ENOMEM);
}
END_TEST

START_TEST(mempool_nodes)
{
	static const int none[] = { -2, INT_MIN, 1023, 1024, 1000000, INT_MAX };
	handle_t mp = wd_mempool_create(UNIT, 0);
	handle_t bp;
	char *block;

	for (size_t i = 0; i < wdi_array_size(none); i++)
		assert_error(wd_mempool_create(UNIT, none[i]), WD_EINVAL);

	ck_assert(!WD_IS_ERR(mp));
	bp = new_blockpool(mp, UNIT, 1);
	block = wd_block_alloc(bp);
	ck_assert_ptr_nonnull(block);
	memset(block, 0x5a, UNIT);
	wd_block_free(bp, block);
	wd_blockpool_destroy(bp);
	wd_mempool_destroy(mp);
}
END_TEST

START_TEST(blockpool_arguments)
{
	handle_t mp = new_mempool(16 * UNIT);
	handle_t bp = new_blockpool(mp, 64, 1);
	struct wd_blockpool_stats blocks = { .block_size = 77 };
	struct wd_mempool_stats units = { .blk_size = 77 };
	const handle_t no_pool[] = { 0, (handle_t)-WD_ENOMEM, mp + 1, bp + 8, bp };

	assert_error(wd_blockpool_create(mp, 0, 1), WD_EINVAL);
	assert_error(wd_blockpool_create(mp, 1, 0), WD_EINVAL);
	assert_error(wd_blockpool_create(mp, 1, UINT32_MAX), WD_EINVAL);
	assert_error(wd_blockpool_create(mp, 1, SIZE_MAX), WD_EINVAL);
	assert_error(wd_blockpool_create(mp, SIZE_MAX, 1), WD_ENOMEM);
	assert_error(wd_blockpool_create(mp, SIZE_MAX - 2 * UNIT, 1), WD_ENOMEM);
	assert_error(wd_blockpool_create(mp, SIZE_MAX / 2, 4), WD_ENOMEM);
	assert_error(wd_blockpool_create(mp, 1, UINT32_MAX - 1), WD_ENOMEM);
	assert_error(wd_blockpool_create(mp, UNIT, 16), WD_ENOMEM);
	assert_error(wd_blockpool_create(mp, 16 * UNIT, 1), WD_ENOMEM);
	ck_assert_uint_eq(units_free(mp), 15);

	for (size_t i = 0; i < wdi_array_size(no_pool); i++) {
		assert_error(wd_blockpool_create(no_pool[i], 64, 1), WD_EINVAL);
		wd_mempool_stats(no_pool[i], &units);
		wd_mempool_destroy(no_pool[i]);
	}
	for (size_t i = 0; i < wdi_array_size(no_pool) - 1; i++) {
		errno = 0;
		ck_assert_ptr_null(wd_block_alloc(no_pool[i]));
		ck_assert_int_eq(errno, WD_EINVAL);
		wd_block_free(no_pool[i], &units);
		wd_blockpool_stats(no_pool[i], &blocks);
		wd_blockpool_destroy(no_pool[i]);
	}
	ck_assert_uint_eq(units.blk_size, 77);
	ck_assert_uint_eq(blocks.block_size, 77);
	wd_mempool_stats(mp, NULL);
	wd_blockpool_stats(bp, NULL);
	wd_block_free(bp, NULL);

	wd_blockpool_destroy(bp);
	ck_assert_uint_eq(units_free(mp), 16);
	wd_mempool_destroy(mp);
}
END_TEST

/* How blocks of odd sizes lie, and that every one is the holder's alone. */
static const struct {
	size_t size, num, units, align;
	unsigned long waste;
} layouts[] = {
	{ 1, 512, 1, 8, 87 },
	{ 7, 513, 2, 8, 56 },
	{ 8, 512, 1, 8, 0 },
	{ 9, 4, 1, 8, 99 },
	{ 15, 256, 1, 8, 6 },
	{ 16, 256, 1, 16, 0 },
	{ 24, 128, 1, 16, 25 },
	{ 100, 36, 1, 16, 12 },
	{ 100, 37, 2, 16, 54 },
	{ 1000, 9, 3, 16, 26 },
	{ 2049, 3, 3, 16, 49 },
	{ 4080, 2, 2, 16, 0 },
	{ 4095, 3, 3, 4096, 0 },
	{ 4096, 5, 5, 4096, 0 },
	{ 4097, 3, 6, 4096, 49 },
	{ 12289, 2, 8, 4096, 24 },
	{ 65536, 4, 64, 4096, 0 },
};

START_TEST(layout)
{
	size_t size = layouts[_i].size, num = layouts[_i].num;
	handle_t mp = new_mempool((layouts[_i].units + 3) * UNIT);
	handle_t bp = new_blockpool(mp, size, num);
	char **blocks = calloc(num, sizeof(*blocks));
	struct wd_blockpool_stats stats;

	ck_assert_uint_eq(units_free(mp), 3);
	wd_blockpool_stats(bp, &stats);
	ck_assert_uint_eq(stats.block_size, size);
	ck_assert_uint_eq(stats.block_num, num);
	ck_assert_uint_eq(stats.free_block_num, num);
	ck_assert_uint_eq(stats.block_usage_rate, 0);
	ck_assert_uint_eq(stats.mem_waste_rate, layouts[_i].waste);

	for (int round = 0; round < 2; round++) {
		take_all(bp, blocks, num, size);
		for (size_t i = 0; i < num; i++) {
			ck_assert_uint_eq((uintptr_t)blocks[i] % layouts[_i].align, 0);
			if (size <= UNIT)
				ck_assert_uint_eq((uintptr_t)blocks[i] / UNIT,
						  ((uintptr_t)blocks[i] + size - 1) / UNIT);
			memset(blocks[i], (int)i, size);
		}
		for (size_t i = 0; i < num; i++) {
			ck_assert_int_eq(blocks[i][0], (char)i);
			ck_assert_int_eq(blocks[i][size - 1], (char)i);
		}
		wd_blockpool_stats(bp, &stats);
		ck_assert_uint_eq(stats.block_usage_rate, 100);
		give_all(bp, blocks, num);
	}
	free(blocks);
	wd_blockpool_destroy(bp);
	ck_assert_uint_eq(units_free(mp), layouts[_i].units + 3);
	wd_mempool_destroy(mp);
}
END_TEST

START_TEST(usage_rates)
{
	handle_t mp = new_mempool(8 * UNIT);
	handle_t bp = new_blockpool(mp, 2048, 6);
	struct wd_blockpool_stats blocks;
	struct wd_mempool_stats units;
	void *held[2];

	wd_mempool_stats(mp, &units);
	ck_assert_uint_eq(units.free_blk_num, 5);
	ck_assert_uint_eq(units.blk_usage_rate, 37);
	for (int i = 0; i < 2; i++)
		held[i] = wd_block_alloc(bp);
	wd_blockpool_stats(bp, &blocks);
	ck_assert_uint_eq(blocks.free_block_num, 4);
	ck_assert_uint_eq(blocks.block_usage_rate, 33);
	for (int i = 0; i < 2; i++)
		wd_block_free(bp, held[i]);
	wd_blockpool_destroy(bp);
	wd_mempool_destroy(mp);
}
END_TEST

/* A pool with a hole at every second unit, over more than one word of the bitmap. */
START_TEST(fragmentation)
{
	enum { UNITS = 150 };
	handle_t mp = new_mempool(UNITS * UNIT);
	handle_t pools[UNITS], bp;
	char *blocks[UNITS];

	for (int i = 0; i < UNITS; i++)
		pools[i] = new_blockpool(mp, UNIT, 1);
	ck_assert_uint_eq(units_free(mp), 0);
	assert_error(wd_blockpool_create(mp, 1, 1), WD_ENOMEM);
	for (int i = 0; i < UNITS; i += 2) {
		wd_blockpool_destroy(pools[i]);
		pools[i] = 0;
	}
	ck_assert_uint_eq(units_free(mp), UNITS / 2);

	/* Half is free, but no two units side by side. */
	assert_error(wd_blockpool_create(mp, UNIT + 1, 1), WD_ENOMEM);
	assert_error(wd_blockpool_create(mp, UNIT, UNITS / 2 + 1), WD_ENOMEM);
	ck_assert_uint_eq(units_free(mp), UNITS / 2);

	/* Blocks that fit into the holes: every hole is a zone of its own. */
	bp = new_blockpool(mp, UNIT / 2, UNITS);
	take_all(bp, blocks, UNITS, UNIT / 2);
	for (int i = 1; i < UNITS; i += 2) {
		char *next = blocks[i] + UNIT / 2;

		memset(blocks[i], i, UNIT / 2);
		/* The unit behind is another pool's, whoever's block begins there. */
		wd_block_free(bp, next);
		wd_block_free(bp, next + UNIT / 2);
	}
	ck_assert_uint_eq(blocks_free(bp), 0);
	give_all(bp, blocks, UNITS);
	wd_blockpool_destroy(bp);

	/* Three units side by side: one large block has its place again. */
	wd_blockpool_destroy(pools[71]);
	pools[71] = 0;
	bp = new_blockpool(mp, 3 * UNIT, 1);
	ck_assert_uint_eq(units_free(mp), UNITS / 2 - 2);
	wd_blockpool_destroy(bp);

	for (int i = 0; i < UNITS; i++) {
		if (pools[i])
			wd_blockpool_destroy(pools[i]);
	}
	ck_assert_uint_eq(units_free(mp), UNITS);
	wd_mempool_destroy(mp);
}
END_TEST

START_TEST(wrong_frees)
{
	enum { NUM = 37, SIZE = 100 };
	handle_t mp = new_mempool(4 * UNIT);
	handle_t bp = new_blockpool(mp, SIZE, NUM);
	handle_t other = new_blockpool(mp, SIZE, NUM);
	char *blocks[NUM], *foreign = wd_block_alloc(other);
	char local[SIZE];

	take_all(bp, blocks, NUM, SIZE);

	/* Not the beginning of a block: inside, between, before, behind, elsewhere. */
	wd_block_free(bp, blocks[0] + 1);
	wd_block_free(bp, blocks[0] + 16);
	wd_block_free(bp, blocks[0] + SIZE);
	wd_block_free(bp, blocks[0] - UNIT);
	wd_block_free(bp, blocks[NUM - 1] + 112);
	wd_block_free(bp, blocks[0] + UNIT - 64);
	wd_block_free(bp, blocks[0] + 2 * UNIT);
	wd_block_free(bp, foreign);
	wd_block_free(bp, local);
	wd_block_free(bp, (void *)8);
	wd_block_free(bp, (void *)UINTPTR_MAX);
	ck_assert_uint_eq(blocks_free(bp), 0);
	ck_assert_ptr_null(wd_block_alloc(bp));

	/* Twice. */
	wd_block_free(bp, blocks[3]);
	wd_block_free(bp, blocks[3]);
	ck_assert_uint_eq(blocks_free(bp), 1);
	ck_assert_ptr_eq(wd_block_alloc(bp), blocks[3]);
	ck_assert_ptr_null(wd_block_alloc(bp));
	for (int i = 0; i < 3; i++)
		give_all(bp, blocks, NUM);
	take_all(bp, blocks, NUM, SIZE);

	/* A write behind the holder's back harms no other block. */
	wd_block_free(bp, blocks[5]);
	memset(blocks[5], 0xff, SIZE);
	ck_assert_ptr_eq(wd_block_alloc(bp), blocks[5]);
	give_all(bp, blocks, NUM);

	ck_assert_uint_eq(blocks_free(other), NUM - 1);
	wd_block_free(other, foreign);
	wd_blockpool_destroy(other);
	wd_blockpool_destroy(bp);
	wd_mempool_destroy(mp);
}
END_TEST

START_TEST(destroy_in_use)
{
	handle_t mp = new_mempool(4 * UNIT);
	handle_t bp = new_blockpool(mp, 1024, 8);
	struct wd_blockpool_stats stats = { .block_size = 77 };
	char *a = wd_block_alloc(bp), *b = wd_block_alloc(bp);

	/* The handle is gone, the blocks are not. */
	wd_blockpool_destroy(bp);
	ck_assert_ptr_null(wd_block_alloc(bp));
	wd_blockpool_stats(bp, &stats);
	ck_assert_uint_eq(stats.block_size, 77);
	wd_blockpool_destroy(bp);
	memset(a, 1, 1024);
	wd_block_free(bp, a);
	wd_block_free(bp, a);
	wd_block_free(bp, b + 1);
	ck_assert_uint_eq(units_free(mp), 2);
	memset(b, 2, 1024);
	wd_block_free(bp, b);
	ck_assert_uint_eq(units_free(mp), 4);

	/* The same, one level higher. */
	bp = new_blockpool(mp, 1024, 8);
	a = wd_block_alloc(bp);
	wd_mempool_destroy(mp);
	assert_error(wd_blockpool_create(mp, 1024, 1), WD_EINVAL);
	wd_mempool_destroy(mp);
	b = wd_block_alloc(bp);
	ck_assert_ptr_nonnull(b);
	memset(a, 3, 1024);
	wd_blockpool_destroy(bp);
	wd_block_free(bp, a);
	memset(b, 4, 1024);
	wd_block_free(bp, b);
}
END_TEST

/* ---- threads --------------------------------------------------------------- */

enum { THREADS = 4, BLOCKS = 16, FEW = 3, BLOCK_SIZE = 64, TURNS = 20000, POOLS_TURNS = 300 };

struct hammer {
	handle_t mp, bp;
	size_t num;			/* blocks of @bp */
	_Atomic(char *) mailbox;	/* blocks that another thread will free */
	atomic_uint ids;
	atomic_uint wrong;		/* ck_assert is not for these threads */
};

/* Nobody else may write to a block between the two loops. */
static void fill_and_look(struct hammer *h, char *block, unsigned int mark)
{
	volatile char *at = block;

	for (int i = 0; i < BLOCK_SIZE; i++)
		at[i] = (char)mark;
	for (int i = 0; i < BLOCK_SIZE; i++) {
		if (at[i] != (char)mark)
			h->wrong++;
	}
}

static void *hammer_blocks(void *arg)
{
	struct hammer *h = arg;
	unsigned int id = atomic_fetch_add(&h->ids, 1);
	char *held[3] = { NULL };

	for (unsigned int turn = 0; turn < TURNS; turn++) {
		char **place = &held[turn % 3];

		if (*place) {
			fill_and_look(h, *place, id + turn);
			if (turn % 5 == 0)
				*place = atomic_exchange(&h->mailbox, *place);
			wd_block_free(h->bp, *place);
		}
		*place = wd_block_alloc(h->bp);
		if (*place)
			fill_and_look(h, *place, id);
		if (turn % 8 == 0)
			h->wrong += blocks_free(h->bp) > h->num;
	}
	for (int i = 0; i < 3; i++)
		wd_block_free(h->bp, held[i]);
	return NULL;
}

static void *hammer_pools(void *arg)
{
	struct hammer *h = arg;
	unsigned int id = atomic_fetch_add(&h->ids, 1);

	for (unsigned int turn = 0; turn < POOLS_TURNS; turn++) {
		size_t size = 1 + (turn * 7919 + id * 104729) % 20000;
		handle_t bp = wd_blockpool_create(h->mp, size, 3);
		char *block;

		if (WD_IS_ERR(bp)) {
			h->wrong += WD_HANDLE_ERR(bp) != -WD_ENOMEM;
			continue;
		}
		block = wd_block_alloc(bp);
		memset(block, (int)id, size);
		if (turn & 1)
			wd_blockpool_destroy(bp);
		h->wrong += block[size - 1] != (char)id;
		wd_block_free(bp, block);
		if (!(turn & 1))
			wd_blockpool_destroy(bp);
	}
	return NULL;
}

static void run_threads(void *(*work)(void *), struct hammer *h)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, h), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(h->wrong, 0);
}

/* Four threads that hold up to three blocks each, and one that is on its way. */
START_TEST(threads_blocks)
{
	struct hammer h = { .mp = new_mempool(UNIT), .num = BLOCKS };
	char *blocks[BLOCKS];

	h.bp = new_blockpool(h.mp, BLOCK_SIZE, BLOCKS);
	run_threads(hammer_blocks, &h);
	wd_block_free(h.bp, h.mailbox);
	ck_assert_uint_eq(blocks_free(h.bp), BLOCKS);
	take_all(h.bp, blocks, BLOCKS, BLOCK_SIZE);
	give_all(h.bp, blocks, BLOCKS);
	wd_blockpool_destroy(h.bp);
	wd_mempool_destroy(h.mp);
}
END_TEST

/* Fewer blocks than the threads want at once. */
START_TEST(threads_exhausted)
{
	struct hammer h = { .mp = new_mempool(UNIT), .num = FEW };
	char *blocks[FEW];

	h.bp = new_blockpool(h.mp, BLOCK_SIZE, FEW);
	run_threads(hammer_blocks, &h);
	wd_block_free(h.bp, h.mailbox);
	take_all(h.bp, blocks, FEW, BLOCK_SIZE);
	give_all(h.bp, blocks, FEW);
	wd_blockpool_destroy(h.bp);
	wd_mempool_destroy(h.mp);
}
END_TEST

START_TEST(threads_pools)
{
	struct hammer h = { .mp = new_mempool(40 * UNIT) };

	run_threads(hammer_pools, &h);
	ck_assert_uint_eq(units_free(h.mp), 40);
	wd_mempool_destroy(h.mp);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mempool");
	TCase *pools = tcase_create("pools");
	TCase *threads = tcase_create("threads");
	SRunner *runner;
	int failed;

	tcase_add_test(pools, mempool_sizes);
	tcase_add_test(pools, mempool_nodes);
	tcase_add_test(pools, blockpool_arguments);
	tcase_add_loop_test(pools, layout, 0, wdi_array_size(layouts));
	tcase_add_test(pools, usage_rates);
	tcase_add_test(pools, fragmentation);
	tcase_add_test(pools, wrong_frees);
	tcase_add_test(pools, destroy_in_use);
	suite_add_tcase(suite, pools);
	tcase_add_test(threads, threads_blocks);
	tcase_add_test(threads, threads_exhausted);
	tcase_add_test(threads, threads_pools);
	suite_add_tcase(suite, threads);

	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
