/* SPDX-License-Identifier: MIT */
/*
 * The way past the rings, sdev_direct(): the same results and the same errors as
 * through them, what it says no to, and that whoever waits for steps waits for it.
 */
#include "crypto_rig.h"

#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"

#define LEN	1000u
#define LONG	(16u << 20)	/* many pieces: there is time to cut it */

static uint8_t key[64];

static struct sdev_cpl direct(struct rig_queue *q, const struct sdev_slot *slot)
{
	struct sdev_cpl cpl;

	memset(&cpl, 0xa5, sizeof(cpl));
	ck_assert(sdev_direct(q->file, q->index, slot, &cpl));
	ck_assert_uint_eq(cpl.tag, slot->desc.tag);
	return cpl;
}

/* A phase is the ring's, not the completion's. */
static void assert_same(const struct sdev_cpl *a, const struct sdev_cpl *b)
{
	ck_assert_uint_eq(SDEV_CPL_STATUS(a->end), SDEV_CPL_STATUS(b->end));
	ck_assert_uint_eq(SDEV_CPL_DETAIL(a->end), SDEV_CPL_DETAIL(b->end));
	ck_assert_uint_eq(a->consumed, b->consumed);
	ck_assert_uint_eq(a->produced, b->produced);
	ck_assert_uint_eq(a->faults, b->faults);
	ck_assert_uint_eq(a->engine, b->engine);
	if (SDEV_CPL_STATUS(a->end) != SDEV_ST_DONE)
		ck_assert_uint_eq(a->fault_va, b->fault_va);
}

static const struct set_row {
	uint8_t alg, key, key2;
} sets[] = {
	{ SDEV_ALG_AES_ECB, 16, 0 }, { SDEV_ALG_AES_CBC, 16, 0 }, { SDEV_ALG_AES_CTR, 32, 0 },
	{ SDEV_ALG_AES_XTS, 32, 0 }, { SDEV_ALG_AES_CFB, 16, 0 }, { SDEV_ALG_SM4_CBC, 16, 0 },
	{ SDEV_ALG_DES_CBC, 8, 0 }, { SDEV_ALG_SHA256, 0, 0 }, { SDEV_ALG_HMAC_SHA512, 32, 0 },
	{ SDEV_ALG_AES_CMAC, 16, 0 }, { SDEV_ALG_AES_GCM, 16, 0 }, { SDEV_ALG_AES_CCM, 16, 0 },
	{ SDEV_ALG_AES_CBC_HMAC_SHA256, 16, 32 },
};
#define SETS	((int)wdi_array_size(sets))

/* What one of the jobs works on; all that it writes is in here. */
struct work {
	uint8_t in[LEN], out[LEN], iv[16], mac[64];
};

static void work_fill(struct work *w)
{
	memset(w, 0, sizeof(*w));
	for (unsigned int i = 0; i < LEN; i++)
		w->in[i] = (uint8_t)(i * 7 + i / 251);
	memcpy(w->iv, w->in + 100, 16);
}

static struct sdev_slot slot_of(const struct ref_alg *alg, uint32_t session, struct work *w,
				uint32_t len)
{
	struct sdev_slot slot = crypto_slot(alg->op, session, false, w->in, w->out, len);

	slot.desc.tag = 17;
	if (alg->iv)
		crypto_iv(&slot, w->iv, alg->iv);
	if (alg->op == SDEV_OP_DIGEST) {
		slot.desc.dst_va = (uintptr_t)w->mac;
		slot.desc.dst_len = alg->mac;
	} else if (alg->op == SDEV_OP_AEAD) {
		crypto_aead(&slot, NULL, 0, w->mac, alg->mac);
	}
	return slot;
}

static uint32_t session_of(struct rig *rig, const struct set_row *row)
{
	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 29 + 1);
	return crypto_session(rig, row->alg, key, row->key, key, row->key2);
}

/* ---- the same ------------------------------------------------------------------------ */

/* Each algorithm at lengths that are good and such that are not. */
START_TEST(as_through_the_ring)
{
	static const uint32_t lens[] = { 16, 992, 0, 7, 999 };
	struct work a, b;
	struct rig rig;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (int i = 0; i < SETS; i++) {
		const struct ref_alg *alg = ref_find(sets[i].alg);
		uint32_t session = session_of(&rig, &sets[i]);

		for (size_t k = 0; k < wdi_array_size(lens); k++) {
			struct sdev_cpl have, want;
			struct sdev_slot slot;

			work_fill(&a);
			slot = slot_of(alg, session, &a, lens[k]);
			want = crypto_run(&rig.q, &slot);
			work_fill(&b);
			slot = slot_of(alg, session, &b, lens[k]);
			have = direct(&rig.q, &slot);
			assert_same(&have, &want);
			ck_assert_mem_eq(&a, &b, sizeof(a));
		}
	}
	ck_assert_uint_eq(rig.q.tail, wdi_io_load32(&rig.q.db->sq_head));
	rig_close(&rig);
}
END_TEST

/* Of what is no job at all, and of sessions that are not there. */
START_TEST(errors_as_through_the_ring)
{
	struct sdev_slot slots[5];
	struct rig rig;
	struct work w;

	rig_open(&rig, 2);
	work_fill(&w);
	slots[0] = slot_of(ref_find(SDEV_ALG_AES_CBC), session_of(&rig, &sets[1]), &w, 64);
	for (int i = 1; i < 5; i++)
		slots[i] = slots[0];
	slots[0].desc.opcode = SDEV_OP_NOOP;
	slots[0].desc.object = 0;
	slots[1].desc.opcode = SDEV_OP_COUNT;
	slots[2].desc.reserved0 = 1;
	slots[3].desc.object ^= 1u << 20;
	slots[4].desc.sym.iv_len = 12;
	for (int i = 0; i < 5; i++) {
		struct sdev_cpl want = crypto_run(&rig.q, &slots[i]), have = direct(&rig.q, &slots[i]);

		assert_same(&have, &want);
	}
	rig_close(&rig);
}
END_TEST

/* A hole under each operand, in the guards that survive one. */
START_TEST(bad_pointers)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *hole = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	struct work w;
	struct rig rig;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	ck_assert_int_eq(mprotect(hole + page, page, PROT_NONE), 0);
	for (int i = 0; i < SETS; i++) {
		const struct ref_alg *alg = ref_find(sets[i].alg);
		uint32_t session = session_of(&rig, &sets[i]);

		for (int where = 0; where < 3; where++) {
			struct sdev_cpl have, want;
			struct sdev_slot slot;

			work_fill(&w);
			slot = slot_of(alg, session, &w, 64);
			if (where == 0)
				slot.desc.src_va = (uintptr_t)hole + page - 32;
			else if (where == 1)
				slot.desc.dst_va = (uintptr_t)hole + page - 4;
			else if (alg->iv)
				slot.desc.iv_va = (uintptr_t)hole + page - 4;
			else
				continue;
			want = crypto_run(&rig.q, &slot);
			have = direct(&rig.q, &slot);
			assert_same(&have, &want);
			ck_assert(SDEV_CPL_STATUS(have.end) == SDEV_ST_BAD_ADDRESS ||
				  SDEV_CPL_STATUS(have.end) == SDEV_ST_ACCESS_DENIED);
			ck_assert_uint_eq(have.fault_va, (uintptr_t)hole + page);
			/* And the next one is none the worse. */
			slot = slot_of(alg, session, &w, 64);
			have = direct(&rig.q, &slot);
			ck_assert_uint_eq(SDEV_CPL_STATUS(have.end), SDEV_ST_DONE);
		}
	}
	rig_close(&rig);
	munmap(hole, 2 * page);
}
END_TEST

/* A descriptor that wants to hear of a page hears of it, and it counts. */
START_TEST(reported_fault)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *cold = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sdev_slot slot;
	struct sdev_cpl cpl;
	struct work w;
	struct rig rig;

	rig_open(&rig, 2);
	work_fill(&w);
	slot = slot_of(ref_find(SDEV_ALG_AES_CBC), session_of(&rig, &sets[1]), &w, 64);
	slot.desc.flags |= SDEV_F_FAULT_REPORT;
	slot.desc.dst_va = (uintptr_t)cold;
	cpl = direct(&rig.q, &slot);
	ck_assert_uint_eq(SDEV_CPL_STATUS(cpl.end), SDEV_ST_PAGE_FAULT);
	ck_assert_uint_eq(cpl.fault_va, (uintptr_t)cold);
	ck_assert_uint_eq(cpl.faults, 1);
	ck_assert_uint_eq(rig_counter(rig.file, SDEV_COUNTER_REPORTS), 1);
	cold[0] = 1;
	cpl = direct(&rig.q, &slot);
	ck_assert_uint_eq(SDEV_CPL_STATUS(cpl.end), SDEV_ST_DONE);
	rig_close(&rig);
	munmap(cold, page);
}
END_TEST

/* ---- no ------------------------------------------------------------------------------ */

static bool says_no(struct sdev_file *file, uint32_t queue, const struct sdev_slot *slot)
{
	struct sdev_cpl cpl;

	return !sdev_direct(file, queue, slot, &cpl);
}

START_TEST(says_no_to)
{
	struct sdev_admin inject = { .op = SDEV_ADMIN_INJECT,
				     .inject = { .what = SDEV_INJECT_LOSE, .every = 1000 } };
	struct sdev_file *other;
	struct sdev_slot slot;
	struct rig_queue q;
	struct rig rig;
	struct work w, was;

	rig_open(&rig, 2);
	work_fill(&w);
	was = w;
	slot = slot_of(ref_find(SDEV_ALG_AES_CBC), session_of(&rig, &sets[1]), &w, 64);
	for (int i = 0; i < 2; i++) {
		slot.desc.flags = i ? SDEV_F_IRQ : SDEV_F_FENCE;
		ck_assert(says_no(rig.file, rig.q.index, &slot));
	}
	slot.desc.flags = 0;
	ck_assert(says_no(rig.file, 8, &slot));
	ck_assert(says_no(rig.file, rig.q.index + 1, &slot));
	ck_assert_int_eq(sdev_open(rig.dev, &other), 0);
	ck_assert(says_no(other, rig.q.index, &slot));
	sdev_close(other);

	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 64, &q), 0);
	inject.queue = q.index;
	ck_assert_int_eq(rig_admin(rig.file, &inject), 0);
	ck_assert(says_no(rig.file, q.index, &slot));
	ck_assert_int_eq(rig_queue_op(&q, SDEV_ADMIN_QUEUE_STOP), 0);
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 64, &q), 0);
	ck_assert_int_eq(rig_queue_op(&q, SDEV_ADMIN_QUEUE_STOP), 0);
	ck_assert(says_no(rig.file, q.index, &slot));
	ck_assert_int_eq(rig_queue_op(&q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	ck_assert(says_no(rig.file, q.index, &slot));
	ck_assert_mem_eq(&w, &was, sizeof(w));
	ck_assert_uint_eq(SDEV_CPL_STATUS(direct(&rig.q, &slot).end), SDEV_ST_DONE);
	rig_close(&rig);
}
END_TEST

START_TEST(says_no_with_page_requests)
{
	const struct sdev_config config = { .max_queues = 8, .max_depth = 128,
					    .fault_mode = SDEV_FAULT_PRI };
	struct sdev_slot slot;
	struct rig rig;
	struct work w;

	rig_open_config(&rig, &config, 64);
	work_fill(&w);
	slot = slot_of(ref_find(SDEV_ALG_AES_CBC), session_of(&rig, &sets[1]), &w, 64);
	ck_assert(says_no(rig.file, rig.q.index, &slot));
	ck_assert_uint_eq(SDEV_CPL_STATUS(crypto_run(&rig.q, &slot).end), SDEV_ST_DONE);
	rig_close(&rig);
}
END_TEST

/* The bond ends and the queue stays: as a descriptor in the ring would be told. */
START_TEST(without_a_bond)
{
	struct sdev_admin stop = { .op = SDEV_ADMIN_PASID_STOP, .stop = SDEV_STOP_ANY };
	struct sdev_slot slot;
	struct sdev_cpl cpl;
	struct rig rig;
	struct work w;

	rig_open(&rig, 2);
	work_fill(&w);
	slot = slot_of(ref_find(SDEV_ALG_AES_CBC), session_of(&rig, &sets[1]), &w, 64);
	stop.pasid = rig.pasid;
	ck_assert_int_eq(rig_admin(rig.file, &stop), 0);
	cpl = direct(&rig.q, &slot);
	ck_assert_uint_eq(SDEV_CPL_STATUS(cpl.end), SDEV_ST_NO_PASID);
	rig_close(&rig);
}
END_TEST

/* ---- beside others ---------------------------------------------------------------------- */

/* A thread that is at jobs which take long, one after the other. */
struct busy {
	struct rig *rig;
	struct sdev_slot slot;
	atomic_bool stop;
	atomic_uint begun;	/* calls, and what became of them: */
	atomic_uint done, cut, dead, refused;
};

static void *busy_run(void *arg)
{
	struct busy *b = arg;
	struct rig_queue *q = &b->rig->q;

	while (!atomic_load(&b->stop)) {
		struct sdev_cpl cpl;

		atomic_fetch_add(&b->begun, 1);
		if (!sdev_direct(q->file, q->index, &b->slot, &cpl)) {
			atomic_fetch_add(&b->refused, 1);
			sched_yield();
			continue;
		}
		switch (SDEV_CPL_STATUS(cpl.end)) {
		case SDEV_ST_DONE:
			atomic_fetch_add(&b->done, 1);
			break;
		case SDEV_ST_RESET:
		case SDEV_ST_CANCELLED:
		case SDEV_ST_NO_PASID:
			atomic_fetch_add(&b->cut, 1);
			break;
		case SDEV_ST_MALFORMED:
			ck_assert_uint_eq(SDEV_CPL_DETAIL(cpl.end), SDEV_BAD_OBJECT);
			atomic_fetch_add(&b->dead, 1);
			break;
		default:
			ck_abort_msg("status %u", SDEV_CPL_STATUS(cpl.end));
		}
	}
	return NULL;
}

/* Reset, stop, destroy and unbind in the middle of a job: each waits for it, or cuts it. */
static void end_reset(struct rig *rig)
{
	ck_assert_int_eq(sdev_ioctl(rig->file, VFIO_DEVICE_RESET, NULL), 0);
}

static void end_stop(struct rig *rig)
{
	ck_assert_int_eq(rig_queue_op(&rig->q, SDEV_ADMIN_QUEUE_STOP), 0);
}

static void end_destroy(struct rig *rig)
{
	ck_assert_int_eq(rig_queue_op(&rig->q, SDEV_ADMIN_QUEUE_DESTROY), 0);
}

static void end_unbind(struct rig *rig)
{
	ck_assert_int_eq(rig_unbind(rig->file, rig->pasid, VFIO_SVM_PASID_RELEASE_CLEAN), 0);
}

static void (*const ends[])(struct rig *rig) = { end_reset, end_stop, end_destroy, end_unbind };

START_TEST(ended_by_others)
{
	struct busy b = { 0 };
	pthread_t thread;
	struct rig rig;
	unsigned int done;
	uint8_t *memory;
	struct work w;

	if (rig_skip(0))
		return;
	rig_open(&rig, 0);
	memory = mmap(NULL, LONG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	work_fill(&w);
	b.rig = &rig;
	b.slot = slot_of(ref_find(SDEV_ALG_AES_CBC), session_of(&rig, &sets[1]), &w, 64);
	b.slot.desc.src_va = b.slot.desc.dst_va = (uintptr_t)memory;
	b.slot.desc.src_len = b.slot.desc.dst_len = LONG;
	/* In place it would be ABORTED: what it reads is what it wrote. */
	b.slot.desc.dst_va += LONG / 2;
	b.slot.desc.src_len = b.slot.desc.dst_len = LONG / 2;
	ck_assert_int_eq(pthread_create(&thread, NULL, busy_run, &b), 0);
	while (!atomic_load(&b.begun))
		sched_yield();
	ends[_i](&rig);
	/* Nothing touches the memory from here on, or the thread would be caught at it. */
	done = atomic_load(&b.done);
	munmap(memory, LONG);
	for (unsigned int begun = atomic_load(&b.begun); atomic_load(&b.begun) < begun + 3;)
		sched_yield();
	atomic_store(&b.stop, true);
	pthread_join(thread, NULL);
	ck_assert_uint_le(atomic_load(&b.done), done + 1);
	ck_assert_uint_gt(atomic_load(&b.cut) + atomic_load(&b.dead) + atomic_load(&b.refused), 0);
	rig_close(&rig);
}
END_TEST

/* Several threads at one queue and one session, past the ring, while the test goes through it. */
#define THREADS	3
#define JOBS	200

struct crowd {
	struct rig *rig;
	uint32_t session;
	uint8_t want[LEN];
	atomic_uint right, dead, left;
};

static void *crowd_run(void *arg)
{
	const struct ref_alg *alg = ref_find(SDEV_ALG_AES_CBC);
	struct crowd *c = arg;

	for (int i = 0; i < JOBS; i++) {
		struct work *w = malloc(sizeof(*w));
		struct sdev_slot slot;
		struct sdev_cpl cpl;

		memset(w, 0, sizeof(*w));
		memset(w->in, 1, LEN);
		slot = slot_of(alg, c->session, w, 992);
		cpl = direct(&c->rig->q, &slot);
		if (SDEV_CPL_STATUS(cpl.end) == SDEV_ST_DONE) {
			ck_assert_mem_eq(w->out, c->want, 992);
			atomic_fetch_add(&c->right, 1);
		} else {
			rig_assert(cpl, SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
			atomic_fetch_add(&c->dead, 1);
		}
		free(w);
	}
	atomic_fetch_sub(&c->left, 1);
	return NULL;
}

/* @_i odd: the session is closed meanwhile. */
START_TEST(many_at_one_queue)
{
	struct crowd c = { 0 };
	pthread_t threads[THREADS];
	struct sdev_slot slot;
	struct rig rig;
	struct work w;

	rig_open(&rig, _i < 2 ? 2 : 3);
	c.rig = &rig;
	c.session = session_of(&rig, &sets[1]);
	memset(&w, 0, sizeof(w));
	memset(w.in, 1, LEN);
	slot = slot_of(ref_find(SDEV_ALG_AES_CBC), c.session, &w, 992);
	rig_assert(crypto_run(&rig.q, &slot), SDEV_ST_DONE, 0);
	memcpy(c.want, w.out, LEN);
	atomic_store(&c.left, THREADS);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, crowd_run, &c), 0);
	while (atomic_load(&c.right) < THREADS)
		sched_yield();
	if (_i & 1)
		crypto_session_close(&rig, c.session);
	for (int i = 0; i < JOBS; i++) {
		memset(w.iv, 0, sizeof(w.iv));
		rig_assert(crypto_run(&rig.q, &slot), _i & 1 ? SDEV_ST_MALFORMED : SDEV_ST_DONE,
			   _i & 1 ? SDEV_BAD_OBJECT : 0);
		ck_assert_mem_eq(w.out, c.want, LEN);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(atomic_load(&c.right) + atomic_load(&c.dead), THREADS * JOBS);
	if (!(_i & 1))
		ck_assert_uint_eq(atomic_load(&c.dead), 0);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device, past the rings");
	TCase *same = tcase_create("same");
	TCase *no = tcase_create("no");
	TCase *beside = tcase_create("beside others");

	tcase_set_timeout(same, 60);
	tcase_add_loop_test(same, as_through_the_ring, 0, RIG_MODES);
	tcase_add_test(same, errors_as_through_the_ring);
	tcase_add_loop_test(same, bad_pointers, 0, RIG_SAFE_MODES);
	tcase_add_test(same, reported_fault);
	suite_add_tcase(suite, same);
	tcase_set_timeout(no, 60);
	tcase_add_test(no, says_no_to);
	tcase_add_test(no, says_no_with_page_requests);
	tcase_add_test(no, without_a_bond);
	suite_add_tcase(suite, no);
	tcase_set_timeout(beside, 60);
	tcase_add_loop_test(beside, ended_by_others, 0, (int)wdi_array_size(ends));
	tcase_add_loop_test(beside, many_at_one_queue, 0, 4);
	suite_add_tcase(suite, beside);
	return rig_main(suite);
}
