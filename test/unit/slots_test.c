/* SPDX-License-Identifier: MIT */
/* The tag pool of util/slots.h. */
#include "unit.h"

#include <stdatomic.h>

#include "util/slots.h"

#define TRANSFERS	100000u

static struct wdi_slots pool(uint32_t count)
{
	struct wdi_slots s;

	ck_assert_int_eq(wdi_slots_init(&s, count), 0);
	ck_assert_uint_eq(wdi_slots_used(&s), 0);
	return s;
}

/* Take all of them: each once, then none. */
static void take_all(struct wdi_slots *s, uint32_t count, uint32_t *tags)
{
	bool seen[65536] = { false };
	uint32_t good = 0;

	for (uint32_t i = 0; i < count; i++) {
		bool used = wdi_slots_used(s) == i;

		tags[i] = wdi_slots_take(s);
		good += used && tags[i] < count && !seen[tags[i]];
		if (tags[i] < count)
			seen[tags[i]] = true;
	}
	ck_assert_uint_eq(good, count);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_uint_eq(wdi_slots_take(s), WDI_SLOTS_NONE);
	ck_assert_uint_eq(wdi_slots_used(s), count);
}

static const uint32_t counts[] = { 1, 2, 8, 1024, 65536 };
static uint32_t tags[65536];

START_TEST(sizes)
{
	static const uint32_t bad[] = { 0, 3, 6, 1000, 65535, 65537, 131072, UINT32_MAX };
	struct wdi_slots s;

	for (size_t i = 0; i < wdi_array_size(bad); i++)
		ck_assert_int_eq(wdi_slots_init(&s, bad[i]), -EINVAL);
}
END_TEST

START_TEST(exhaustion)
{
	uint32_t count = counts[_i];
	struct wdi_slots s = pool(count);

	take_all(&s, count, tags);
	/* One comes back, one goes out, whichever it is. */
	wdi_slots_give(&s, tags[count / 2]);
	ck_assert_uint_eq(wdi_slots_used(&s), count - 1);
	ck_assert_uint_eq(wdi_slots_take(&s), tags[count / 2]);
	ck_assert_uint_eq(wdi_slots_take(&s), WDI_SLOTS_NONE);
	for (uint32_t i = count; i--; )
		wdi_slots_give(&s, tags[i]);
	take_all(&s, count, tags);
	wdi_slots_exit(&s);
	ck_assert_ptr_null(s.free);
}
END_TEST

/* Only as many go round as are out at a time. */
START_TEST(few_go_round)
{
	uint32_t count = counts[_i], most = wdi_min(count, 3u), good = 0;
	struct wdi_slots s = pool(count);

	for (uint32_t turn = 0; turn < 10; turn++) {
		for (uint32_t i = 0; i < most; i++) {
			tags[i] = wdi_slots_take(&s);
			good += tags[i] < most;
		}
		for (uint32_t i = 0; i < most; i++)
			wdi_slots_give(&s, tags[i]);
	}
	ck_assert_uint_eq(good, 10 * most);
	take_all(&s, count, tags);
	wdi_slots_exit(&s);
}
END_TEST

/* A pool with nothing out whose indices stand just below 2^32. */
static struct wdi_slots pool_near_wrap(uint32_t count, uint32_t below)
{
	struct wdi_slots s = pool(count);

	s.take = s.give = 0u - below;
	ck_assert_uint_eq(wdi_slots_used(&s), 0);
	return s;
}

START_TEST(index_wrap)
{
	uint32_t count = counts[_i];
	struct wdi_slots s = pool_near_wrap(count, 2 * count);
	uint32_t state = 1;

	for (uint32_t turn = 0; turn < 4; turn++) {
		uint32_t good = 0;

		take_all(&s, count, tags);
		for (uint32_t i = count; i--; ) {
			uint32_t other = unit_random(&state) % (i + 1), tag = tags[other];

			tags[other] = tags[i];
			wdi_slots_give(&s, tag);
			good += wdi_slots_used(&s) == i;
		}
		ck_assert_uint_eq(good, count);
	}
	/* The indices have passed 0; the first turn was of tags that had never been out. */
	ck_assert_uint_eq(s.take, count);
	wdi_slots_exit(&s);
}
END_TEST

/* ---- one taker, one giver ---------------------------------------------------- */

#define THREAD_DEPTH	64u

static struct {
	struct wdi_slots slots;
	atomic_uint out[THREAD_DEPTH];	/* 1: taken and on its way to the giver */
	unsigned int payload[THREAD_DEPTH];	/* plain: handed over with the tag */
	atomic_bool failed;
} two;

static void *taker(void *arg)
{
	unsigned int taken = 0;

	(void)arg;
	while (taken < TRANSFERS && !atomic_load(&two.failed)) {
		uint32_t tag = wdi_slots_take(&two.slots);

		if (tag == WDI_SLOTS_NONE) {
			sched_yield();
			continue;
		}
		if (tag >= THREAD_DEPTH || atomic_load(&two.out[tag])) {
			atomic_store(&two.failed, true);
			break;
		}
		two.payload[tag] = taken++;
		atomic_store_explicit(&two.out[tag], 1, memory_order_release);
	}
	return NULL;
}

static void *giver(void *arg)
{
	unsigned int given = 0, state = 7;

	(void)arg;
	while (given < TRANSFERS && !atomic_load(&two.failed)) {
		unsigned int from = unit_random(&state), i;

		for (i = 0; i < THREAD_DEPTH; i++) {
			uint32_t tag = (from + i * 5) % THREAD_DEPTH;

			if (!atomic_load_explicit(&two.out[tag], memory_order_acquire))
				continue;
			if (two.payload[tag] >= TRANSFERS)
				atomic_store(&two.failed, true);
			two.payload[tag] = UINT32_MAX;
			atomic_store_explicit(&two.out[tag], 0, memory_order_relaxed);
			wdi_slots_give(&two.slots, tag);
			given++;
			break;
		}
		if (i == THREAD_DEPTH)
			sched_yield();
	}
	return NULL;
}

static void *take_or_give(void *arg)
{
	void *(*const *fn)(void *) = arg;

	return (*fn)(NULL);
}

START_TEST(two_threads)
{
	void *(*sides[])(void *) = { taker, giver };

	two.slots = pool_near_wrap(THREAD_DEPTH, TRANSFERS / 2 / THREAD_DEPTH * THREAD_DEPTH);
	unit_threads(2, take_or_give, sides, sizeof(sides[0]));
	ck_assert(!atomic_load(&two.failed));
	ck_assert_uint_eq(wdi_slots_used(&two.slots), 0);
	take_all(&two.slots, THREAD_DEPTH, tags);
	wdi_slots_exit(&two.slots);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slots");
	TCase *tc = tcase_create("slots");

	tcase_add_test(tc, sizes);
	tcase_add_loop_test(tc, exhaustion, 0, wdi_array_size(counts));
	tcase_add_loop_test(tc, few_go_round, 0, (int)wdi_array_size(counts));
	tcase_add_loop_test(tc, index_wrap, 0, wdi_array_size(counts));
	tcase_add_test(tc, two_threads);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
