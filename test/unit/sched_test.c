/* SPDX-License-Identifier: MIT */
/* The built-in schedulers: core/sched.c. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "util/bits.h"

#define SYNC	CTX_MODE_SYNC
#define ASYNC	CTX_MODE_ASYNC

/* ---- what the schedulers poll -------------------------------------------- */

#define CALLS_MAX	256
#define CTXS		32

static struct {
	struct {
		__u32 pos, expect;
	} calls[CALLS_MAX];
	unsigned int count;
	__u32 ready[CTXS];	/* what a context has to give */
	int error[CTXS];
} polled;

static int poll_ctx(__u32 pos, __u32 expect, __u32 *count)
{
	ck_assert_uint_lt(pos, CTXS);
	ck_assert_uint_lt(polled.count, CALLS_MAX);
	polled.calls[polled.count].pos = pos;
	polled.calls[polled.count++].expect = expect;
	*count = wdi_min(polled.ready[pos], expect);
	polled.ready[pos] -= *count;
	if (polled.error[pos])
		return polled.error[pos];
	return *count < expect ? -WD_EAGAIN : 0;
}

static void assert_polled(unsigned int count, const __u32 *pos)
{
	ck_assert_uint_eq(polled.count, count);
	for (unsigned int i = 0; i < count; i++)
		ck_assert_uint_eq(polled.calls[i].pos, pos[i]);
	polled.count = 0;
}

#define assert_polls(...) \
	assert_polled(wdi_array_size(((const __u32[]){ __VA_ARGS__ })), \
		      (const __u32[]){ __VA_ARGS__ })

/* ---- schedulers ---------------------------------------------------------- */

static struct wd_sched *new_sched(uint8_t policy, uint8_t types, uint16_t places)
{
	struct wd_sched *s = wdi_core_sched_alloc(policy, types, places, poll_ctx);

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(s->sched_policy, policy);
	ck_assert_ptr_nonnull(s->name);
	ck_assert(s->sched_init && s->pick_next_ctx && s->poll_policy && s->h_sched_ctx);
	return s;
}

/* Place is node and device at once. */
static struct sched_params params(uint32_t place, uint8_t type, uint8_t mode, uint32_t begin,
				  uint32_t end)
{
	return (struct sched_params){
		.numa_id = (int)place,
		.type = type,
		.mode = mode,
		.begin = begin,
		.end = end,
		.dev_id = place,
	};
}

static void add(struct wd_sched *s, uint32_t place, uint8_t type, uint8_t mode, uint32_t begin,
		uint32_t end)
{
	struct sched_params p = params(place, type, mode, begin, end);

	ck_assert_int_eq(wdi_core_sched_instance(s, &p), 0);
}

static void *key_at(struct wd_sched *s, uint32_t place, uint8_t type)
{
	struct sched_params p = params(place, type, 0, 0, 0);
	void *key = (void *)s->sched_init(s->h_sched_ctx, &p);

	ck_assert(!WD_IS_ERR(key));
	return key;
}

static int init_error(struct wd_sched *s, struct sched_params *p)
{
	void *key = (void *)s->sched_init(s->h_sched_ctx, p);

	ck_assert(WD_IS_ERR(key));
	return (int)WD_PTR_ERR(key);
}

static uint32_t pick(struct wd_sched *s, void *key, int mode)
{
	return s->pick_next_ctx(s->h_sched_ctx, key, mode);
}

static int poll_sched(struct wd_sched *s, __u32 expect, __u32 *count)
{
	return s->poll_policy(s->h_sched_ctx, expect, count);
}

/* ---- making -------------------------------------------------------------- */

START_TEST(alloc_errors)
{
	static const struct {
		uint8_t policy, types;
		uint16_t places;
	} rows[] = {
		{ SCHED_POLICY_BUTT, 1, 1 }, { 255, 1, 1 }, { SCHED_POLICY_RR, 0, 1 },
		{ SCHED_POLICY_RR, 1, 0 }, { SCHED_POLICY_NONE, 0, 0 }, { SCHED_POLICY_DEV, 2, 0 },
	};

	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		errno = 0;
		ck_assert_ptr_null(wdi_core_sched_alloc(rows[i].policy, rows[i].types,
							rows[i].places, poll_ctx));
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

/* More nodes than any machine has, and more operations than any class. */
START_TEST(alloc_lenient)
{
	struct wd_sched *s = new_sched((uint8_t)_i, 10, 4096);

	add(s, 4095, 9, ASYNC, 3, 3);
	wdi_core_sched_release(s);
}
END_TEST

START_TEST(release_what_is_none)
{
	static uint64_t memory[64];
	struct wd_sched none = { 0 }, foreign = { .h_sched_ctx = (handle_t)memory };

	wdi_core_sched_release(NULL);
	wdi_core_sched_release(&none);
	wdi_core_sched_release(&foreign);
}
END_TEST

/* The class works on a copy of the struct, and the program renames its own. */
START_TEST(copy_and_name)
{
	struct wd_sched *s = new_sched(SCHED_POLICY_RR, 1, 1), copy;
	char name[] = "mine";
	void *key;

	s->name = name;
	copy = *s;
	add(&copy, 0, 0, SYNC, 4, 4);
	key = key_at(&copy, 0, 0);
	ck_assert_uint_eq(pick(&copy, key, SYNC), 4);
	free(key);
	wdi_core_sched_release(&copy);
	ck_assert_str_eq(name, "mine");
}
END_TEST

START_TEST(instance_errors)
{
	static uint64_t memory[64];
	struct wd_sched *s = new_sched((uint8_t)_i, 2, 3);
	struct wd_sched none = { 0 }, foreign = { .h_sched_ctx = (handle_t)memory };
	const struct sched_params good = params(2, 1, ASYNC, 5, 5);
	struct sched_params p = good;

	ck_assert_int_eq(wdi_core_sched_instance(s, &p), 0);
	ck_assert_int_eq(wdi_core_sched_instance(NULL, &p), -WD_EINVAL);
	ck_assert_int_eq(wdi_core_sched_instance(&none, &p), -WD_EINVAL);
	ck_assert_int_eq(wdi_core_sched_instance(&foreign, &p), -WD_EINVAL);
	ck_assert_int_eq(wdi_core_sched_instance(s, NULL), -WD_EINVAL);

#define REFUSED(change) \
	do { \
		p = good; \
		change; \
		ck_assert_int_eq(wdi_core_sched_instance(s, &p), -WD_EINVAL); \
	} while (0)
	REFUSED(p.numa_id = 3; p.dev_id = 3);
	REFUSED(p.numa_id = -1; p.dev_id = UINT32_MAX);
	REFUSED(p.type = 2);
	REFUSED(p.type = 255);
	REFUSED(p.mode = CTX_MODE_MAX);
	REFUSED(p.begin = 6);
#undef REFUSED

	/* Only the number that names the place in this policy matters. */
	p = good;
	if (_i == SCHED_POLICY_DEV)
		p.numa_id = -1;
	else
		p.dev_id = 1000;
	ck_assert_int_eq(wdi_core_sched_instance(s, &p), 0);
	wdi_core_sched_release(s);
}
END_TEST

/* ---- dealing ------------------------------------------------------------- */

static const uint8_t rr_policies[] = { SCHED_POLICY_RR, SCHED_POLICY_DEV };

START_TEST(deals_in_turn)
{
	struct wd_sched *s = new_sched(rr_policies[_i], 2, 2);

	add(s, 0, 0, SYNC, 0, 3);
	add(s, 0, 0, ASYNC, 4, 6);
	add(s, 0, 1, SYNC, 7, 7);
	add(s, 0, 1, ASYNC, 8, 9);
	add(s, 1, 0, SYNC, 10, 11);
	for (uint32_t i = 0; i < 13; i++) {
		void *a = key_at(s, 0, 0), *b = key_at(s, 0, 1), *c = key_at(s, 1, 0);

		ck_assert_uint_eq(pick(s, a, SYNC), i % 4);
		ck_assert_uint_eq(pick(s, a, ASYNC), 4 + i % 3);
		ck_assert_uint_eq(pick(s, b, SYNC), 7);
		ck_assert_uint_eq(pick(s, b, ASYNC), 8 + i % 2);
		ck_assert_uint_eq(pick(s, c, SYNC), 10 + i % 2);
		/* A session stays where it is. */
		ck_assert_uint_eq(pick(s, a, SYNC), i % 4);
		/* No asynchronous contexts there. */
		ck_assert_uint_eq(pick(s, c, ASYNC), INVALID_POS);
		free(a);
		free(b);
		free(c);
	}
	wdi_core_sched_release(s);
}
END_TEST

START_TEST(instance_again)
{
	struct wd_sched *s = new_sched(SCHED_POLICY_RR, 1, 1);
	void *key;

	add(s, 0, 0, SYNC, 0, 3);
	add(s, 0, 0, SYNC, 8, 8);
	key = key_at(s, 0, 0);
	ck_assert_uint_eq(pick(s, key, SYNC), 8);
	free(key);
	wdi_core_sched_release(s);
}
END_TEST

START_TEST(bad_keys)
{
	struct wd_sched *s = new_sched(rr_policies[_i], 2, 2);
	struct sched_params p = params(0, 2, 0, 0, 0);
	void *key;

	/* Nothing there yet. */
	ck_assert_int_eq(init_error(s, NULL), -WD_EINVAL);
	add(s, 0, 0, SYNC, 0, 0);
	ck_assert_int_eq(init_error(s, &p), -WD_EINVAL);
	p.type = 255;
	ck_assert_int_eq(init_error(s, &p), -WD_EINVAL);
	/* No contexts for this operation at all. */
	p.type = 1;
	ck_assert_int_eq(init_error(s, &p), -WD_EINVAL);

	key = (void *)s->sched_init(s->h_sched_ctx, NULL);
	ck_assert(!WD_IS_ERR(key));
	ck_assert_uint_eq(pick(s, key, SYNC), 0);
	ck_assert_uint_eq(pick(s, key, CTX_MODE_MAX), INVALID_POS);
	ck_assert_uint_eq(pick(s, NULL, SYNC), INVALID_POS);
	free(key);
	key = (void *)s->sched_init(0, NULL);
	ck_assert(WD_IS_ERR(key));
	wdi_core_sched_release(s);
}
END_TEST

/* A session that asks for a node without contexts gets the nearest that has some. */
START_TEST(nearest_node)
{
	static const int nodes[] = { -1, -100, 0, 1, 2, 3, 4, 1000000 };
	struct wd_sched *s = new_sched(SCHED_POLICY_RR, 1, 4);

	add(s, 1, 0, SYNC, 10, 10);
	add(s, 3, 0, SYNC, 30, 30);
	for (size_t i = 0; i < wdi_array_size(nodes); i++) {
		struct sched_params p = { .numa_id = nodes[i], .dev_id = 77 };
		void *key = (void *)s->sched_init(s->h_sched_ctx, &p);
		uint32_t pos;

		ck_assert(!WD_IS_ERR(key));
		pos = pick(s, key, SYNC);
		if (nodes[i] == 1 || nodes[i] == 3)
			ck_assert_uint_eq(pos, (uint32_t)nodes[i] * 10);
		else
			ck_assert(pos == 10 || pos == 30);
		free(key);
	}
	wdi_core_sched_release(s);
}
END_TEST

/* A device is meant as it is said. */
START_TEST(no_other_device)
{
	struct wd_sched *s = new_sched(SCHED_POLICY_DEV, 1, 3);
	struct sched_params p = params(1, 0, 0, 0, 0);

	add(s, 1, 0, SYNC, 1, 1);
	free(key_at(s, 1, 0));
	for (uint32_t dev = 0; dev < 5; dev += 2) {
		p.dev_id = dev;
		ck_assert_int_eq(init_error(s, &p), -WD_EINVAL);
	}
	/* Without parameters it is the first. */
	ck_assert_int_eq(init_error(s, NULL), -WD_EINVAL);
	wdi_core_sched_release(s);
}
END_TEST

#define DEALERS	4
#define DEALS	4001u

struct dealer {
	struct wd_sched *s;
	unsigned int got[3];
};

static void *deal(void *arg)
{
	struct dealer *d = arg;

	for (unsigned int i = 0; i < DEALS; i++) {
		void *key = (void *)d->s->sched_init(d->s->h_sched_ctx, NULL);
		uint32_t pos = pick(d->s, key, SYNC);

		free(key);
		if (pos < 3)
			d->got[pos]++;
	}
	return NULL;
}

/* Fair to the one, however many threads make sessions. */
START_TEST(deals_to_threads)
{
	struct wd_sched *s = new_sched(SCHED_POLICY_RR, 1, 1);
	struct dealer dealers[DEALERS] = { { s, { 0 } }, { s, { 0 } }, { s, { 0 } }, { s, { 0 } } };
	unsigned int sum[3] = { 0 };

	add(s, 0, 0, SYNC, 0, 2);
	unit_threads(DEALERS, deal, dealers, sizeof(dealers[0]));
	for (unsigned int i = 0; i < DEALERS * 3; i++)
		sum[i % 3] += dealers[i / 3].got[i % 3];
	for (unsigned int pos = 0; pos < 3; pos++)
		ck_assert_uint_eq(sum[pos], (DEALERS * DEALS + 2 - pos) / 3);
	wdi_core_sched_release(s);
}
END_TEST

/* ---- fixed contexts ------------------------------------------------------ */

START_TEST(fixed)
{
	struct wd_sched *none = new_sched(SCHED_POLICY_NONE, 1, 1);
	struct wd_sched *single = new_sched(SCHED_POLICY_SINGLE, 2, 1);
	__u32 count = 0;

	ck_assert(!none->sched_init(none->h_sched_ctx, NULL));
	ck_assert(!single->sched_init(single->h_sched_ctx, NULL));
	ck_assert_uint_eq(pick(none, NULL, SYNC), 0);
	ck_assert_uint_eq(pick(none, NULL, ASYNC), 0);
	ck_assert_uint_eq(pick(single, NULL, SYNC), 0);
	ck_assert_uint_eq(pick(single, NULL, ASYNC), 1);

	polled.ready[0] = 3;
	polled.ready[1] = 2;
	ck_assert_int_eq(poll_sched(none, 2, &count), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(poll_sched(none, 2, &count), 0);
	ck_assert_uint_eq(count, 3);
	assert_polls(0, 0);
	ck_assert_int_eq(poll_sched(single, 8, &count), 0);
	ck_assert_uint_eq(count, 5);
	assert_polls(1);
	polled.error[1] = -WD_HW_EACCESS;
	ck_assert_int_eq(poll_sched(single, 8, &count), -WD_HW_EACCESS);
	ck_assert_uint_eq(count, 5);
	wdi_core_sched_release(none);
	wdi_core_sched_release(single);
}
END_TEST

/* ---- polling ------------------------------------------------------------- */

START_TEST(no_poll_function)
{
	struct wd_sched *s = wdi_core_sched_alloc((uint8_t)_i, 1, 1, NULL);
	__u32 count = 9;

	ck_assert_ptr_nonnull(s);
	add(s, 0, 0, ASYNC, 0, 0);
	ck_assert_int_eq(poll_sched(s, 1, &count), -WD_EINVAL);
	ck_assert_uint_eq(count, 9);
	wdi_core_sched_release(s);
}
END_TEST

/* Regions of contexts 0..1 (synchronous), 2..4, 5, 6..7. */
static struct wd_sched *three_regions(uint8_t policy)
{
	struct wd_sched *s = new_sched(policy, 2, 3);

	add(s, 0, 0, SYNC, 0, 1);
	add(s, 0, 0, ASYNC, 2, 4);
	add(s, 0, 1, ASYNC, 5, 5);
	add(s, 2, 1, ASYNC, 6, 7);
	return s;
}

START_TEST(polls_all_once)
{
	struct wd_sched *s = three_regions(rr_policies[_i]);
	__u32 count = 0;

	ck_assert_int_eq(poll_sched(s, 10, &count), 0);
	ck_assert_uint_eq(count, 0);
	assert_polls(2, 3, 4, 5, 6, 7);

	/* One that has little does not end the round. */
	polled.ready[2] = 1;
	polled.ready[4] = 3;
	polled.ready[7] = 2;
	count = 100;
	ck_assert_int_eq(poll_sched(s, 10, &count), 0);
	ck_assert_uint_eq(count, 106);
	ck_assert_uint_eq(polled.calls[0].expect, 10);
	ck_assert_uint_eq(polled.calls[1].expect, 9);
	ck_assert_uint_eq(polled.calls[2].expect, 9);
	ck_assert_uint_eq(polled.calls[3].expect, 6);
	assert_polls(2, 3, 4, 5, 6, 7);
	wdi_core_sched_release(s);
}
END_TEST

/* Never more than was asked for, and nobody is polled after that. */
START_TEST(polls_until_enough)
{
	struct wd_sched *s = three_regions(rr_policies[_i]);
	__u32 count = 0;

	polled.ready[3] = 2;
	polled.ready[5] = 5;
	ck_assert_int_eq(poll_sched(s, 4, &count), 0);
	ck_assert_uint_eq(count, 4);
	assert_polls(2, 3, 4, 5);
	ck_assert_uint_eq(polled.ready[5], 3);
	wdi_core_sched_release(s);
}
END_TEST

START_TEST(poll_error)
{
	struct wd_sched *s = three_regions(rr_policies[_i]);
	__u32 count = 0;

	polled.ready[2] = 1;
	polled.ready[5] = 1;
	polled.error[4] = -WD_HW_EACCESS;
	ck_assert_int_eq(poll_sched(s, 4, &count), -WD_HW_EACCESS);
	ck_assert_uint_eq(count, 1);
	assert_polls(2, 3, 4);
	wdi_core_sched_release(s);
}
END_TEST

/*
 * Contexts that always have more than is asked for do not keep it from the others:
 * regions take turns of some rounds, and so do the contexts of each.
 */
START_TEST(poll_is_fair)
{
	const unsigned int rounds = 3 * 6 * 2 * WDI_POLL_STAY;
	struct wd_sched *s = three_regions(rr_policies[_i]);

	for (unsigned int pos = 0; pos < CTXS; pos++)
		polled.ready[pos] = 1000;
	for (unsigned int i = 0; i < rounds; i++) {
		__u32 count = 0;

		polled.count = 0;
		ck_assert_int_eq(poll_sched(s, 5, &count), 0);
		ck_assert_uint_eq(count, 5);
	}
	for (unsigned int pos = 2; pos <= 4; pos++)
		ck_assert_uint_eq(1000 - polled.ready[pos], rounds * 5 / 3 / 3);
	ck_assert_uint_eq(1000 - polled.ready[5], rounds * 5 / 3);
	for (unsigned int pos = 6; pos <= 7; pos++)
		ck_assert_uint_eq(1000 - polled.ready[pos], rounds * 5 / 3 / 2);
	wdi_core_sched_release(s);
}
END_TEST

/* One region only, as a class with one operation on one node has it. */
START_TEST(poll_is_fair_in_one_region)
{
	struct wd_sched *s = new_sched(rr_policies[_i], 1, 1);

	add(s, 0, 0, ASYNC, 0, 3);
	for (unsigned int pos = 0; pos < 4; pos++)
		polled.ready[pos] = 1000;
	for (unsigned int i = 0; i < 8 * WDI_POLL_STAY; i++) {
		__u32 count = 0;

		polled.count = 0;
		ck_assert_int_eq(poll_sched(s, 1 + i % 3, &count), 0);
		ck_assert_uint_eq(polled.count, 1);
		ck_assert_uint_eq(polled.calls[0].pos, i / WDI_POLL_STAY % 4);
	}
	wdi_core_sched_release(s);
}
END_TEST

static struct wd_sched *shared;

static void *poll_often(void *arg)
{
	unsigned int *sum = arg;

	for (unsigned int i = 0; i < 2000; i++) {
		__u32 count = 0;

		if (!poll_sched(shared, 3, &count))
			*sum += count;
	}
	return NULL;
}

static int poll_two(__u32 pos, __u32 expect, __u32 *count)
{
	(void)pos;
	*count = wdi_min(expect, 2u);
	return *count < expect ? -WD_EAGAIN : 0;
}

START_TEST(poll_from_threads)
{
	unsigned int sums[DEALERS] = { 0 };

	shared = wdi_core_sched_alloc(SCHED_POLICY_RR, 1, 1, poll_two);
	add(shared, 0, 0, ASYNC, 0, 3);
	unit_threads(DEALERS, poll_often, sums, sizeof(sums[0]));
	for (unsigned int i = 0; i < DEALERS; i++)
		ck_assert_uint_eq(sums[i], 2000 * 3);
	wdi_core_sched_release(shared);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sched");
	TCase *making = tcase_create("making");
	TCase *dealing = tcase_create("dealing");
	TCase *polling = tcase_create("polling");
	const int rr = wdi_array_size(rr_policies);

	tcase_add_test(making, alloc_errors);
	tcase_add_loop_test(making, alloc_lenient, 0, SCHED_POLICY_BUTT);
	tcase_add_test(making, release_what_is_none);
	tcase_add_test(making, copy_and_name);
	tcase_add_loop_test(making, instance_errors, 0, SCHED_POLICY_BUTT);
	suite_add_tcase(suite, making);

	tcase_add_loop_test(dealing, deals_in_turn, 0, rr);
	tcase_add_test(dealing, instance_again);
	tcase_add_loop_test(dealing, bad_keys, 0, rr);
	tcase_add_test(dealing, nearest_node);
	tcase_add_test(dealing, no_other_device);
	tcase_add_test(dealing, deals_to_threads);
	suite_add_tcase(suite, dealing);

	tcase_add_test(polling, fixed);
	tcase_add_loop_test(polling, no_poll_function, 0, SCHED_POLICY_BUTT);
	tcase_add_loop_test(polling, polls_all_once, 0, rr);
	tcase_add_loop_test(polling, polls_until_enough, 0, rr);
	tcase_add_loop_test(polling, poll_error, 0, rr);
	tcase_add_loop_test(polling, poll_is_fair, 0, rr);
	tcase_add_loop_test(polling, poll_is_fair_in_one_region, 0, rr);
	tcase_add_test(polling, poll_from_threads);
	suite_add_tcase(suite, polling);
	return unit_run(suite);
}
