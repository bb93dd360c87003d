/* SPDX-License-Identifier: MIT */
/* The spin lock of util/spin.h. */
#include "unit.h"

#include "util/bits.h"
#include "util/spin.h"

#define THREADS	4
#define TURNS	20000u

static struct {
	struct wdi_spin lock;
	unsigned int count;	/* plain: only the lock protects it */
	unsigned int inside;
} shared;

struct worker {
	unsigned int tried;
	bool try;
};

static void enter(void)
{
	ck_assert_uint_eq(shared.inside++, 0);
	shared.count++;
	shared.inside--;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned int i = 0; i < TURNS; i++) {
		if (!w->try) {
			wdi_spin_lock(&shared.lock);
		} else if (!wdi_spin_trylock(&shared.lock)) {
			continue;
		}
		w->tried++;
		enter();
		wdi_spin_unlock(&shared.lock);
	}
	return NULL;
}

START_TEST(increments)
{
	struct worker workers[THREADS] = { 0 };

	unit_threads(THREADS, work, workers, sizeof(workers[0]));
	ck_assert_uint_eq(shared.count, THREADS * TURNS);
}
END_TEST

/* Those that only try get in as often as they were told. */
START_TEST(trying)
{
	struct worker workers[THREADS] = { { .try = true }, { 0 }, { .try = true }, { 0 } };
	unsigned int sum = 0;

	unit_threads(THREADS, work, workers, sizeof(workers[0]));
	for (unsigned int i = 0; i < THREADS; i++)
		sum += workers[i].tried;
	ck_assert_uint_eq(shared.count, sum);
	ck_assert_uint_ge(sum, 2 * TURNS);
}
END_TEST

START_TEST(try_held)
{
	struct wdi_spin lock = { 0 };

	ck_assert(wdi_spin_trylock(&lock));
	ck_assert(!wdi_spin_trylock(&lock));
	ck_assert(!wdi_spin_trylock(&lock));
	wdi_spin_unlock(&lock);
	ck_assert(wdi_spin_trylock(&lock));
	wdi_spin_unlock(&lock);
	wdi_spin_lock(&lock);
	ck_assert(!wdi_spin_trylock(&lock));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spin");
	TCase *tc = tcase_create("spin");

	tcase_add_test(tc, increments);
	tcase_add_test(tc, trying);
	tcase_add_test(tc, try_held);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
