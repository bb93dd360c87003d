/* SPDX-License-Identifier: MIT */
/* Sessions and their handles: alg/session.c, under a class that is made up here. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alg/class_internal.h"
#include "fake_driver.h"
#include "util/bits.h"

/* More than one piece of the table. */
#define MANY	5000u

struct my_sess {
	struct wdi_sess base;
	uintptr_t self;
	unsigned int closed;
};

static unsigned int closes;	/* atomic */
static const struct wdi_queue *closed_on;
static handle_t next_key;	/* what the scheduler answers; 0: memory */

static void close_objects(struct wdi_sess *sess, const struct wdi_route *route)
{
	struct my_sess *my = wdi_container_of(sess, struct my_sess, base);

	my->closed++;
	closed_on = route->q;
	__atomic_fetch_add(&closes, 1, __ATOMIC_SEQ_CST);
}

static const struct wdi_class_ops my_ops = {
	.name = "mine",
	.op_types = 1,
	.sess_size = sizeof(struct my_sess),
	.close_objects = close_objects,
};

static handle_t make_key(handle_t h_sched_ctx, void *param)
{
	ck_assert_uint_eq(h_sched_ctx, 99);
	ck_assert_ptr_eq(param, &next_key);
	return next_key ? next_key : (handle_t)malloc(8);
}

static struct wdi_class mine = WDI_CLASS_INIT(&my_ops), other = WDI_CLASS_INIT(&my_ops);

static void class_up(struct wdi_class *c)
{
	c->state = WDI_CLASS_UP;
	c->owner = WDI_OWNER_PROGRAM;
	c->epoch = 7;
	c->sessions = 0;
	c->sched.sched_init = make_key;
	c->sched.h_sched_ctx = 99;
}

static void set_up(void)
{
	class_up(&mine);
	class_up(&other);
}

static struct my_sess *new_sess(struct wdi_class *c)
{
	struct wdi_sess *sess = wdi_sess_new(c, &next_key);
	struct my_sess *my;

	ck_assert_ptr_nonnull(sess);
	my = wdi_container_of(sess, struct my_sess, base);
	ck_assert(sess->handle && sess->class == c && sess->epoch == 7 && !my->self);
	my->self = sess->handle;
	return my;
}

static uintptr_t new_handle(struct wdi_class *c)
{
	return new_sess(c)->base.handle;
}

/* The session behind a handle, not held; NULL if there is none. */
static struct my_sess *find(struct wdi_class *c, uintptr_t handle)
{
	struct wdi_sess *sess = wdi_sess_get(c, handle);

	if (!sess)
		return NULL;
	wdi_sess_put(sess);
	return wdi_container_of(sess, struct my_sess, base);
}

/* ---- life ---------------------------------------------------------------- */

START_TEST(one)
{
	struct my_sess *my = new_sess(&mine);
	uintptr_t handle = my->base.handle;

	ck_assert_ptr_nonnull(my->base.sched_key);
	ck_assert_uint_eq(mine.sessions, 1);
	for (unsigned int i = 0; i < 100; i++)
		ck_assert_ptr_eq(find(&mine, handle), my);
	wdi_sess_free(&mine, handle);
	ck_assert_uint_eq(mine.sessions, 0);
	ck_assert_ptr_null(find(&mine, handle));
	/* Freed twice, and what was never there. */
	wdi_sess_free(&mine, handle);
	wdi_sess_free(&mine, 0);
	ck_assert_uint_eq(mine.sessions, 0);
}
END_TEST

START_TEST(refused)
{
	static const int states[] = { WDI_CLASS_DOWN, WDI_CLASS_LEAVING };

	for (size_t i = 0; i < wdi_array_size(states); i++) {
		mine.state = (uint32_t)states[i];
		errno = 0;
		ck_assert_ptr_null(wdi_sess_new(&mine, &next_key));
		ck_assert_int_eq(errno, EINVAL);
	}
	mine.state = WDI_CLASS_UP;
	next_key = (handle_t)-WD_ENOMEM;
	ck_assert_ptr_null(wdi_sess_new(&mine, &next_key));
	ck_assert_int_eq(errno, ENOMEM);
	next_key = (handle_t)-WD_EINVAL;
	ck_assert_ptr_null(wdi_sess_new(&mine, &next_key));
	ck_assert_int_eq(errno, EINVAL);
	next_key = 0;
	ck_assert_uint_eq(mine.sessions, 0);
	/* A scheduler that needs no key. */
	mine.sched.sched_init = NULL;
	wdi_sess_free(&mine, new_handle(&mine));
}
END_TEST

/* Another class's session is none of this one, and is not harmed. */
START_TEST(wrong_class)
{
	uintptr_t handle = new_handle(&mine);

	ck_assert_ptr_null(find(&other, handle));
	wdi_sess_free(&other, handle);
	ck_assert_ptr_nonnull(find(&mine, handle));
	wdi_sess_free(&mine, handle);
}
END_TEST

/* ---- handles ------------------------------------------------------------- */

/* The place is used again and again, and no old handle comes to life. */
START_TEST(stale)
{
	static uintptr_t old[1000];

	for (size_t i = 0; i < wdi_array_size(old); i++) {
		old[i] = new_handle(&mine);
		for (size_t k = 0; k < i; k += 7)
			ck_assert_uint_ne(old[k], old[i]);
		wdi_sess_free(&mine, old[i]);
	}
	new_handle(&mine);
	for (size_t i = 0; i < wdi_array_size(old); i++)
		ck_assert_ptr_null(find(&mine, old[i]));
	wdi_sess_free(&mine, old[0]);
	ck_assert_uint_eq(mine.sessions, 1);
}
END_TEST

/* A good handle with every bit wrong in turn, and numbers that were never handles. */
START_TEST(garbage)
{
	uintptr_t good = new_handle(&mine), first = new_handle(&mine);
	const uintptr_t bad[] = {
		0, 1, 2, 0xfffff, 0x100000, 0x100001, (uintptr_t)-1, (uintptr_t)-WD_EINVAL,
		(uintptr_t)&mine, (uintptr_t)&good, UINTPTR_MAX / 2, UINTPTR_MAX / 2 + 1,
	};

	for (unsigned int bit = 0; bit < sizeof(good) * 8; bit++) {
		uintptr_t wrong = good ^ (uintptr_t)1 << bit;

		if (wrong != first)
			ck_assert_ptr_null(find(&mine, wrong));
	}
	for (size_t i = 0; i < wdi_array_size(bad); i++) {
		if (bad[i] == good || bad[i] == first)
			continue;
		ck_assert_ptr_null(find(&mine, bad[i]));
		wdi_sess_free(&mine, bad[i]);
	}
	ck_assert_uint_eq(mine.sessions, 2);
	ck_assert_ptr_nonnull(find(&mine, good));
	ck_assert_ptr_nonnull(find(&mine, first));
}
END_TEST

START_TEST(many)
{
	static uintptr_t handles[MANY];
	unsigned int good = 0;

	for (unsigned int i = 0; i < MANY; i++)
		handles[i] = new_handle(i % 3 ? &mine : &other);
	ck_assert_uint_eq(mine.sessions + other.sessions, MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		struct my_sess *my = find(i % 3 ? &mine : &other, handles[i]);

		good += my && my->self == handles[i];
	}
	ck_assert_uint_eq(good, MANY);
	/* Every other one goes, and new ones come. */
	for (unsigned int i = 0; i < MANY; i += 2)
		wdi_sess_free(i % 3 ? &mine : &other, handles[i]);
	ck_assert_uint_eq(mine.sessions + other.sessions, MANY / 2);
	for (unsigned int i = 0; i < MANY; i++) {
		struct my_sess *my = find(i % 3 ? &mine : &other, handles[i]);

		good -= i % 2 ? my && my->self == handles[i] : !my;
		if (i % 2 == 0)
			handles[i] = new_handle(i % 3 ? &mine : &other);
	}
	ck_assert_uint_eq(good, 0);
	for (unsigned int i = 0; i < MANY; i++)
		wdi_sess_free(i % 3 ? &mine : &other, handles[i]);
	ck_assert_uint_eq(mine.sessions + other.sessions, 0);
}
END_TEST

/* ---- holding ------------------------------------------------------------- */

START_TEST(freed_while_held)
{
	struct my_sess *my = new_sess(&mine);
	uintptr_t handle = my->base.handle;

	for (unsigned int i = 0; i < 3; i++)
		ck_assert_ptr_eq(wdi_sess_get(&mine, handle), &my->base);
	wdi_sess_free(&mine, handle);
	/* The handle has ended, the session has not. */
	ck_assert_ptr_null(find(&mine, handle));
	wdi_sess_free(&mine, handle);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(mine.sessions, 1);
		ck_assert_uint_eq(my->self, handle);
		wdi_sess_put(&my->base);
	}
	ck_assert_uint_eq(mine.sessions, 0);
}
END_TEST

/*
 * A class that waits for its last session ends when somebody settles it after
 * the last hold, and not inside a poll, whose queue would go with it.
 */
START_TEST(last_of_a_leaving_class)
{
	struct my_sess *a = new_sess(&mine), *b = new_sess(&mine);

	mine.owner = WDI_OWNER_INIT2;
	ck_assert_ptr_nonnull(wdi_sess_get(&mine, b->base.handle));
	mine.state = WDI_CLASS_LEAVING;
	wdi_sess_free(&mine, b->base.handle);
	wdi_sess_free(&mine, a->base.handle);
	ck_assert_uint_eq(mine.state, WDI_CLASS_LEAVING);
	wdi_sess_put(&b->base);
	ck_assert_uint_eq(mine.state, WDI_CLASS_LEAVING);
	wdi_class_settle(&mine);
	ck_assert_uint_eq(mine.state, WDI_CLASS_DOWN);
}
END_TEST

/* A session of an initialisation that has ended is freed, and counts for nobody. */
START_TEST(of_an_older_epoch)
{
	uintptr_t handle = new_handle(&mine);

	class_up(&mine);
	mine.epoch = 8;
	mine.sessions = 5;
	wdi_sess_free(&mine, handle);
	ck_assert_uint_eq(mine.sessions, 5);
	ck_assert_ptr_null(find(&mine, handle));
}
END_TEST

/* ---- what the device holds for them -------------------------------------- */

START_TEST(objects_are_closed)
{
	struct fake dev;
	struct wdi_ctx ctx = { .magic = WDI_CTX_MAGIC };
	struct wdi_class_ctx cc = { .ctx = &ctx };
	struct my_sess *a = new_sess(&mine), *b = new_sess(&mine), *c = new_sess(&other);
	uintptr_t early = new_handle(&mine);

	wdi_sess_free(&mine, early);
	ck_assert_uint_eq(closes, 0);	/* there was no queue to do it on */
	fake_init(&dev, 16);
	fake_open(&dev);
	ctx.queue = dev.q;
	mine.ctxs = &cc;
	mine.ctx_num = 1;

	wdi_sess_free(&mine, a->base.handle);
	ck_assert_uint_eq(closes, 1);
	ck_assert_ptr_eq(closed_on, dev.q);
	a = new_sess(&mine);
	wdi_sess_close_all(&mine);
	ck_assert_uint_eq(closes, 3);
	ck_assert(a->closed == 1 && b->closed == 1 && c->closed == 0);
	ck_assert_ptr_eq(find(&mine, a->base.handle), a);
	wdi_sess_free(&mine, a->base.handle);
	wdi_sess_free(&mine, b->base.handle);
	wdi_sess_free(&other, c->base.handle);
	ck_assert_uint_eq(closes, 5);
	mine.ctx_num = 0;
	fake_close(&dev);
}
END_TEST

/* ---- reports ------------------------------------------------------------- */

START_TEST(report)
{
	uintptr_t handle = new_handle(&mine);
	struct {
		struct weft_report r;
		char more[64];
	} big;
	struct weft_report r = { .size = sizeof(r) };

	ck_assert_int_eq(weft_sess_report(handle, NULL), -EINVAL);
	ck_assert_int_eq(weft_sess_report(0, &r), -EINVAL);
	ck_assert_int_eq(weft_sess_report(handle + 1, &r), -EINVAL);
	for (uint32_t size = 0; size < 8; size++) {
		r.size = size;
		ck_assert_int_eq(weft_sess_report(handle, &r), -EINVAL);
	}
	for (uint32_t size = 8; size <= sizeof(r); size += 8) {
		memset(&r, 0x5a, sizeof(r));
		r.size = size;
		ck_assert_int_eq(weft_sess_report(handle, &r), 0);
		ck_assert_uint_eq(r.size, size);
		ck_assert_uint_eq(r.path, WEFT_PATH_NONE);
		for (uint32_t i = size; i < sizeof(r); i++)
			ck_assert_int_eq(((char *)&r)[i], 0x5a);
	}
	/* A program that knows more than this library. */
	memset(&big, 0x5a, sizeof(big));
	big.r.size = sizeof(big);
	ck_assert_int_eq(weft_sess_report(handle, &big.r), 0);
	ck_assert_uint_eq(big.r.size, sizeof(big.r));
	ck_assert_int_eq(big.more[0], 0x5a);
	wdi_sess_free(&mine, handle);
	ck_assert_int_eq(weft_sess_report(handle, &r), -EINVAL);
}
END_TEST

/* ---- several threads ----------------------------------------------------- */

#define THREADS	4
#define TURNS	20000u
#define SHARED	8u

static uintptr_t shared[SHARED];	/* atomic */

struct worker {
	unsigned int seed;
	unsigned int found, bad;
};

/* Look up what others may be freeing, and now and then put a new one in its place. */
static void *replace_and_find(void *arg)
{
	struct worker *w = arg;

	for (unsigned int i = 0; i < TURNS; i++) {
		uintptr_t *at = &shared[unit_random(&w->seed) % SHARED];
		uintptr_t handle = __atomic_load_n(at, __ATOMIC_ACQUIRE);
		struct wdi_sess *sess = handle ? wdi_sess_get(&mine, handle) : NULL;

		if (sess) {
			w->found++;
			w->bad += wdi_container_of(sess, struct my_sess, base)->self != handle;
		}
		if (unit_random(&w->seed) % 4 == 0) {
			struct wdi_sess *fresh = wdi_sess_new(&mine, &next_key);

			wdi_container_of(fresh, struct my_sess, base)->self = fresh->handle;
			handle = __atomic_exchange_n(at, fresh->handle, __ATOMIC_ACQ_REL);
			wdi_sess_free(&mine, handle);
			/* Nobody brings it back. */
			if (handle)
				w->bad += find(&mine, handle) != NULL;
		}
		if (sess)
			wdi_sess_put(sess);
	}
	return NULL;
}

START_TEST(threads_replace)
{
	struct worker workers[THREADS];

	for (unsigned int i = 0; i < THREADS; i++)
		workers[i] = (struct worker){ .seed = i };
	unit_threads(THREADS, replace_and_find, workers, sizeof(workers[0]));
	for (unsigned int i = 0; i < SHARED; i++)
		wdi_sess_free(&mine, shared[i]);
	for (unsigned int i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(workers[i].bad, 0);
		ck_assert_uint_gt(workers[i].found, 0);
	}
	ck_assert_uint_eq(mine.sessions, 0);
}
END_TEST

static void *free_shared(void *arg)
{
	struct worker *w = arg;

	for (unsigned int i = 0; i < SHARED; i++) {
		w->found += find(&mine, shared[i]) != NULL;
		wdi_sess_free(&mine, shared[i]);
		w->bad += find(&mine, shared[i]) != NULL;
	}
	return NULL;
}

/* All free the same ones; each goes once. */
START_TEST(threads_free)
{
	for (unsigned int round = 0; round < 200; round++) {
		struct worker workers[THREADS] = { { 0 } };

		for (unsigned int i = 0; i < SHARED; i++)
			shared[i] = new_handle(&mine);
		unit_threads(THREADS, free_shared, workers, sizeof(workers[0]));
		ck_assert_uint_eq(mine.sessions, 0);
		for (unsigned int i = 0; i < THREADS; i++)
			ck_assert_uint_eq(workers[i].bad, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *single = tcase_create("one thread");
	TCase *several = tcase_create("several threads");

	tcase_add_checked_fixture(single, set_up, NULL);
	tcase_add_test(single, one);
	tcase_add_test(single, refused);
	tcase_add_test(single, wrong_class);
	tcase_add_test(single, stale);
	tcase_add_test(single, garbage);
	tcase_add_test(single, many);
	tcase_add_test(single, freed_while_held);
	tcase_add_test(single, last_of_a_leaving_class);
	tcase_add_test(single, of_an_older_epoch);
	tcase_add_test(single, objects_are_closed);
	tcase_add_test(single, report);
	suite_add_tcase(suite, single);

	tcase_add_checked_fixture(several, set_up, NULL);
	tcase_add_test(several, threads_replace);
	tcase_add_test(several, threads_free);
	suite_add_tcase(suite, several);
	return unit_run(suite);
}
