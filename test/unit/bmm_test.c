/* SPDX-License-Identifier: MIT */
/* Block memory of wd_bmm.h, over contexts that are made up below. */
#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "uadk/wd_bmm.h"
#include "util/bits.h"

/* ---- contexts: what bmm.c asks about them --------------------------------- */

static struct fake_ctx {
	char name[MAX_DEV_NAME_LEN];
	int sva;
	int node;
} contexts[] = {
	{ "weft_sdev-7", 1, 0 },
	{ "weft-no-number", 1, -1 },
	{ "far-12", 1, 1000 },		/* a node that does not exist */
	{ "nosva-1", 0, 0 },
};

enum { CTX, CTX_UNNUMBERED, CTX_FAR, CTX_NO_SVA };

static handle_t ctx(unsigned int which)
{
	return (handle_t)&contexts[which];
}

static struct fake_ctx *fake(handle_t h_ctx)
{
	bool known = h_ctx >= ctx(0) && h_ctx < ctx(wdi_array_size(contexts));

	return known ? (struct fake_ctx *)h_ctx : NULL;
}

int wd_is_sva(handle_t h_ctx)
{
	return fake(h_ctx) ? fake(h_ctx)->sva : -WD_EINVAL;
}

int wd_get_numa_id(handle_t h_ctx)
{
	return fake(h_ctx) ? fake(h_ctx)->node : -WD_EINVAL;
}

char *wd_ctx_get_dev_name(handle_t h_ctx)
{
	return fake(h_ctx) ? fake(h_ctx)->name : NULL;
}

/* ---------------------------------------------------------------------------- */

static struct wd_mempool_setup setup_of(__u32 size, __u32 num, __u32 align)
{
	struct wd_mempool_setup setup;

	/* Programs leave the callbacks as they find them. */
	memset(&setup, 0xa5, sizeof(setup));
	setup.block_size = size;
	setup.block_num = num;
	setup.align_size = align;
	return setup;
}

static void *new_pool(unsigned int which, __u32 size, __u32 num, __u32 align)
{
	struct wd_mempool_setup setup = setup_of(size, num, align);
	void *pool = wd_mempool_alloc(ctx(which), &setup);

	ck_assert_msg(pool && !WD_IS_ERR(pool), "%u blocks of %u", num, size);
	return pool;
}

static __u32 free_num(void *pool)
{
	__u32 n = UINT_MAX;

	ck_assert_int_eq(wd_get_free_num(pool, &n), 0);
	return n;
}

static __u32 fail_num(void *pool)
{
	__u32 n = UINT_MAX;

	ck_assert_int_eq(wd_get_fail_num(pool, &n), 0);
	return n;
}

#define assert_refused(call, err) \
	do { \
		errno = 0; \
		ck_assert_ptr_null(call); \
		ck_assert_int_eq(errno, err); \
	} while (0)

START_TEST(bad_setups)
{
	static const struct {
		__u32 size, num, align;
		int err;
	} rows[] = {
		{ 0, 1, 64, WD_EINVAL },
		{ 1, 0, 64, WD_EINVAL },
		{ 1, UINT_MAX, 64, WD_EINVAL },
		{ 64, 1, 3, WD_EINVAL },
		{ 64, 1, 96, WD_EINVAL },
		{ 64, 1, 8192, WD_EINVAL },
		{ 64, 1, 0xa5a5a5a5, WD_EINVAL },
		/* 2^64 - 2^33 bytes: more than an address space. */
		{ UINT_MAX, UINT_MAX - 1, 0, WD_ENOMEM },
	};
	struct wd_mempool_setup setup = setup_of(64, 1, 64);

	assert_refused(wd_mempool_alloc(ctx(CTX), NULL), WD_EINVAL);
	assert_refused(wd_mempool_alloc(0, &setup), WD_EINVAL);
	assert_refused(wd_mempool_alloc((handle_t)&setup, &setup), WD_EINVAL);
	assert_refused(wd_mempool_alloc(ctx(CTX_NO_SVA), &setup), ENOTSUP);
	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		setup = setup_of(rows[i].size, rows[i].num, rows[i].align);
		assert_refused(wd_mempool_alloc(ctx(CTX), &setup), rows[i].err);
	}
}
END_TEST

static const struct {
	__u32 size, num, align;
} layouts[] = {
	{ 1, 1, 0 }, { 1, 1000, 1 }, { 1, 1000, 2 }, { 1, 1000, 64 }, { 1, 17, 4096 },
	{ 100, 36, 0 }, { 100, 37, 128 }, { 4096, 5, 4096 }, { 5000, 5, 16 }, { 5000, 5, 4096 },
	{ 65537, 3, 128 },
};

START_TEST(layout)
{
	__u32 size = layouts[_i].size, num = layouts[_i].num;
	__u32 align = wdi_max(layouts[_i].align, 1u);
	void *pool = new_pool(CTX, size, num, layouts[_i].align);
	char **blocks = calloc(num, sizeof(*blocks));

	ck_assert_uint_eq(wd_get_bufsize(pool), size);
	ck_assert_uint_eq(free_num(pool), num);
	for (__u32 i = 0; i < num; i++) {
		blocks[i] = wd_mem_alloc(pool, 1 + i % size);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % align, 0);
		memset(blocks[i], (int)i, size);
	}
	for (__u32 i = 0; i < num; i++) {
		ck_assert_int_eq(blocks[i][0], (char)i);
		ck_assert_int_eq(blocks[i][size - 1], (char)i);
	}
	ck_assert_uint_eq(free_num(pool), 0);
	ck_assert_uint_eq(fail_num(pool), 0);
	assert_refused(wd_mem_alloc(pool, size), WD_ENOMEM);
	ck_assert_uint_eq(fail_num(pool), 1);
	for (__u32 i = 0; i < num; i++)
		wd_mem_free(pool, blocks[i]);
	ck_assert_uint_eq(free_num(pool), num);
	free(blocks);
	wd_mempool_free(ctx(CTX), pool);
}
END_TEST

/* The product is beyond 32 bits. */
START_TEST(large_pool)
{
	enum { NUM = 300, SIZE = 16 << 20 };
	struct wd_mempool_setup setup = setup_of(SIZE, NUM, 4096);
	void *pool = wd_mempool_alloc(ctx(CTX), &setup);
	char *blocks[NUM];

	if (!pool) {
		ck_assert_int_eq(errno, WD_ENOMEM);
		return;
	}
	for (int i = 0; i < NUM; i++) {
		blocks[i] = wd_mem_alloc(pool, SIZE);
		ck_assert_ptr_nonnull(blocks[i]);
		blocks[i][SIZE - 1] = (char)i;
	}
	ck_assert_ptr_null(wd_mem_alloc(pool, 1));
	for (int i = 0; i < NUM; i++) {
		ck_assert_int_eq(blocks[i][SIZE - 1], (char)i);
		wd_mem_free(pool, blocks[i]);
	}
	ck_assert_uint_eq(free_num(pool), NUM);
	wd_mempool_free(ctx(CTX), pool);
}
END_TEST

START_TEST(requests)
{
	void *pool = new_pool(CTX, 100, 2, 0);
	char *a, *b;

	assert_refused(wd_mem_alloc(pool, 0), WD_EINVAL);
	assert_refused(wd_mem_alloc(pool, 101), WD_EINVAL);
	assert_refused(wd_mem_alloc(pool, SIZE_MAX), WD_EINVAL);
	ck_assert_uint_eq(fail_num(pool), 3);
	a = wd_mem_alloc(pool, 1);
	b = wd_mem_alloc(pool, 100);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	assert_refused(wd_mem_alloc(pool, 1), WD_ENOMEM);
	ck_assert_uint_eq(fail_num(pool), 4);

	wd_mem_free(pool, a + 1);
	wd_mem_free(pool, &pool);
	wd_mem_free(pool, NULL);
	ck_assert_uint_eq(free_num(pool), 0);
	wd_mem_free(pool, a);
	wd_mem_free(pool, a);
	ck_assert_uint_eq(free_num(pool), 1);
	wd_mem_free(pool, b);
	ck_assert_uint_eq(free_num(pool), 2);
	wd_mempool_free(ctx(CTX), pool);
}
END_TEST

START_TEST(mapping)
{
	void *pool = new_pool(CTX, 100, 2, 0);
	char *a = wd_mem_alloc(pool, 100);
	char local;

	ck_assert_ptr_eq(wd_mem_map(pool, a, 100), a);
	ck_assert_ptr_eq(wd_mem_map(pool, a + 7, 1), a + 7);
	ck_assert_ptr_eq(wd_mem_map(pool, &local, 1), &local);
	assert_refused(wd_mem_map(pool, NULL, 1), WD_EINVAL);
	assert_refused(wd_mem_map(NULL, a, 1), WD_EINVAL);
	wd_mem_unmap(pool, a, a, 100);
	ck_assert_uint_eq(free_num(pool), 1);
	wd_mem_free(pool, a);
	wd_mempool_free(ctx(CTX), pool);
}
END_TEST

START_TEST(devices)
{
	static const struct {
		unsigned int ctx;
		__u32 id;
	} rows[] = { { CTX, 7 }, { CTX_UNNUMBERED, 0 }, { CTX_FAR, 12 } };

	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		void *pool = new_pool(rows[i].ctx, 64, 1, 0);

		ck_assert_uint_eq(wd_get_dev_id(pool), rows[i].id);
		/* The context may be gone when the pool goes. */
		wd_mempool_free(0, pool);
	}
}
END_TEST

START_TEST(no_pool)
{
	char local[256] __attribute__((aligned(64))) = { 0 };
	void *const none[] = { NULL, (void *)-WD_ENOMEM, local + 1, local };
	__u32 n = 77;

	for (size_t i = 0; i < wdi_array_size(none); i++) {
		assert_refused(wd_mem_alloc(none[i], 1), WD_EINVAL);
		assert_refused(wd_mem_map(none[i], local, 1), WD_EINVAL);
		ck_assert_int_eq(wd_get_free_num(none[i], &n), -WD_EINVAL);
		ck_assert_int_eq(wd_get_fail_num(none[i], &n), -WD_EINVAL);
		ck_assert_uint_eq(wd_get_bufsize(none[i]), 0);
		ck_assert_uint_eq(wd_get_dev_id(none[i]), 0);
		wd_mem_free(none[i], local);
		wd_mem_unmap(none[i], local, local, 1);
		wd_mempool_free(ctx(CTX), none[i]);
	}
	ck_assert_uint_eq(n, 77);
}
END_TEST

START_TEST(free_in_use)
{
	void *pool = new_pool(CTX, 5000, 4, 64);
	char *a = wd_mem_alloc(pool, 5000), *b = wd_mem_alloc(pool, 5000);
	__u32 n = 77;

	wd_mempool_free(ctx(CTX), pool);
	assert_refused(wd_mem_alloc(pool, 1), WD_EINVAL);
	ck_assert_int_eq(wd_get_free_num(pool, &n), -WD_EINVAL);
	wd_mempool_free(ctx(CTX), pool);
	memset(a, 1, 5000);
	wd_mem_free(pool, a);
	wd_mem_free(pool, a);
	memset(b, 2, 5000);
	wd_mem_free(pool, b);
}
END_TEST

/* ---- threads ----------------------------------------------------------------- */

enum { THREADS = 4, TURNS = 20000 };

static void *hammer(void *pool)
{
	for (int turn = 0; turn < TURNS; turn++) {
		char *a = wd_mem_alloc(pool, 32);
		char *b = wd_mem_alloc(pool, 32);

		if (a)
			memset(a, turn, 32);
		if (b)
			memset(b, turn, 32);
		wd_mem_free(pool, a);
		wd_mem_free(pool, b);
	}
	return NULL;
}

START_TEST(threads)
{
	void *pool = new_pool(CTX, 32, 5, 0);
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&ids[i], NULL, hammer, pool), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	ck_assert_uint_eq(free_num(pool), 5);
	wd_mempool_free(ctx(CTX), pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bmm");
	TCase *tcase = tcase_create("bmm");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, bad_setups);
	tcase_add_loop_test(tcase, layout, 0, wdi_array_size(layouts));
	tcase_add_test(tcase, large_pool);
	tcase_add_test(tcase, requests);
	tcase_add_test(tcase, mapping);
	tcase_add_test(tcase, devices);
	tcase_add_test(tcase, no_pool);
	tcase_add_test(tcase, free_in_use);
	tcase_add_test(tcase, threads);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
