/* SPDX-License-Identifier: MIT */
/* The device as its driver meets it: rings, binding, reset, sleeping. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "device_rig.h"
#include "util/futex.h"

static const struct sdev_config plain = { .max_queues = 4, .max_depth = 128, .guard = -1 };

/* A job that takes long enough to be caught at it. */
static uint8_t long_src[8 << 20];
static uint8_t long_dst[16 << 20];

static struct sdev_desc long_job(uint32_t tag)
{
	struct sdev_desc d = rig_comp(SDEV_OP_COMPRESS, SDEV_FMT_DEFLATE, long_src,
				      sizeof(long_src), long_dst, sizeof(long_dst));

	rig_fill(long_src, sizeof(long_src));
	d.comp.level = 9;
	d.tag = tag;
	return d;
}

static void wait_value(const uint32_t *p, uint32_t value)
{
	while (wdi_io_load32_acquire(p) != value)
		sched_yield();
}

struct stepper {
	pthread_t thread;
	struct rig_queue *q;
	unsigned int steps;		/* 0: until stop */
	atomic_bool stop;
	unsigned int done;
};

static void *stepper_main(void *arg)
{
	struct stepper *s = arg;

	for (unsigned int i = 0; s->steps ? i < s->steps : !atomic_load(&s->stop); i++) {
		unsigned int n = sdev_step(s->q->file, s->q->index);

		s->done += n;
		if (!n)
			sched_yield();
	}
	return NULL;
}

static void stepper_start(struct stepper *s, struct rig_queue *q, unsigned int steps)
{
	*s = (struct stepper){ .q = q, .steps = steps };
	ck_assert_int_eq(pthread_create(&s->thread, NULL, stepper_main, s), 0);
}

static void stepper_join(struct stepper *s)
{
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
}

/* ---- queues ----------------------------------------------------------------------------- */

START_TEST(queue_errors)
{
	struct sdev_admin cmd = { .op = SDEV_ADMIN_QUEUE_CREATE, .depth = 64 };
	struct sdev_file *other;
	struct rig_queue q[4];
	struct sdev_admin bad;
	struct rig rig;

	rig_open_config(&rig, &plain, 64);
	for (uint32_t depth = 0; depth < 300; depth++) {
		bad = cmd;
		bad.depth = depth;
		if (depth < 2 || depth > 128 || !wdi_is_pow2(depth))
			ck_assert_int_eq(rig_admin(rig.file, &bad), -EINVAL);
	}
	bad = cmd;
	bad.pasid = 1 << 20;
	ck_assert_int_eq(rig_admin(rig.file, &bad), -EINVAL);
	for (unsigned int i = 0; i < 2; i++) {
		bad = cmd;
		bad.reserved[i] = 1;
		ck_assert_int_eq(rig_admin(rig.file, &bad), -EINVAL);
	}
	bad = cmd;
	bad.stop = SDEV_STOP_WAIT;
	ck_assert_int_eq(rig_admin(rig.file, &bad), -EINVAL);
	bad = (struct sdev_admin){ .op = 0 };
	ck_assert_int_eq(rig_admin(rig.file, &bad), -EOPNOTSUPP);
	bad.op = SDEV_ADMIN_QUEUE_POLLED + 1;
	ck_assert_int_eq(rig_admin(rig.file, &bad), -EOPNOTSUPP);
	ck_assert_int_eq(sdev_write(rig.file, &cmd, sizeof(cmd) - 4, SDEV_REG_ADMIN), -EINVAL);

	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(rig_queue_make(rig.file, 0, 2, &q[i]), 0);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_FREE_QUEUES), 0);
	ck_assert_int_eq(rig_queue_make(rig.file, 0, 2, &q[3]), -ENOSPC);
	ck_assert_int_eq(rig_queue_op(&q[1], SDEV_ADMIN_QUEUE_DESTROY), 0);
	ck_assert_int_eq(rig_queue_op(&q[1], SDEV_ADMIN_QUEUE_DESTROY), -ENOENT);
	ck_assert_int_eq(rig_queue_make(rig.file, 0, 2, &q[3]), 0);
	ck_assert_uint_eq(q[3].index, q[1].index);

	ck_assert_int_eq(sdev_open(rig.dev, &other), 0);
	q[3].file = other;
	ck_assert_int_eq(rig_queue_op(&q[3], SDEV_ADMIN_QUEUE_DESTROY), -ENOENT);
	ck_assert_int_eq(rig_queue_op(&q[3], SDEV_ADMIN_QUEUE_STOP), -ENOENT);
	ck_assert_uint_eq(sdev_step(other, q[3].index), 0);
	ck_assert_uint_eq(sdev_step(other, 4), 0);
	ck_assert_uint_eq(sdev_step(other, UINT32_MAX), 0);
	sdev_close(other);
	rig_close(&rig);
}
END_TEST

START_TEST(many_laps)
{
	static const uint32_t depths[] = { 2, 8, 64, 128 };
	struct rig rig;
	struct rig_queue q;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (size_t i = 0; i < wdi_array_size(depths); i++) {
		bool seen[11 * 128] = { false };
		uint32_t sent = 0, got = 0;

		ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, depths[i], &q), 0);
		while (got < 10 * depths[i]) {
			struct sdev_desc d;
			struct sdev_cpl cpl;

			while (sent - got < depths[i]) {
				d = rig_noop(sent++);
				rig_put(&q, &d);
			}
			rig_ring(&q);
			cpl = rig_wait(&q);
			rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
			/* In any order, and one may be overtaken by many; each once. */
			ck_assert_uint_lt(cpl.tag, sent);
			ck_assert(!seen[cpl.tag]);
			seen[cpl.tag] = true;
			got++;
		}
	}
	rig_close(&rig);
}
END_TEST

/* Completions that nobody takes hold the device back; nothing is overwritten. */
START_TEST(ring_full)
{
	struct rig rig;
	struct sdev_cpl cpl;
	unsigned int n, done = 0;

	rig_open_config(&rig, &plain, 8);
	for (uint32_t i = 0; i < 16; i++) {
		struct sdev_desc d = rig_noop(i);

		rig_put(&rig.q, &d);
		if (i == 7 || i == 15)
			rig_ring(&rig.q);
		while (i == 7 && (n = sdev_step(rig.file, rig.q.index)))
			done += n;
	}
	ck_assert_uint_eq(done, 8);
	ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 0);
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->sq_head), 8);
	for (uint32_t i = 0; i < 16; i++) {
		cpl = rig_wait(&rig.q);
		ck_assert_uint_eq(cpl.tag, i);
	}
	ck_assert(!rig_peek(&rig.q, &cpl));
	rig_close(&rig);
}
END_TEST

START_TEST(hostile_tail)
{
	struct rig rig;
	struct rig_queue q;
	struct sdev_desc d = rig_noop(1);
	struct sdev_cpl cpl;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &q), 0);
	rig_run(&q, &d);
	q.tail += 9;
	rig_ring(&q);
	while (wdi_io_load32(&q.db->state) != SDEV_QUEUE_BROKEN) {
		ck_assert_uint_eq(sdev_step(q.file, q.index), 0);
		sched_yield();
	}
	q.tail -= 8;
	rig_ring(&q);
	ck_assert_uint_eq(sdev_step(q.file, q.index), 0);
	ck_assert(!rig_peek(&q, &cpl));
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_int_eq(rig_queue_op(&q, SDEV_ADMIN_QUEUE_STOP), 0);
	ck_assert_int_eq(rig_queue_op(&q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

START_TEST(hostile_head)
{
	static const uint32_t heads[] = { 1, 9, 0x80000000u, UINT32_MAX };
	struct rig rig;
	struct rig_queue q;
	struct sdev_desc d = rig_noop(1);

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (size_t i = 0; i < wdi_array_size(heads); i++) {
		ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &q), 0);
		wdi_io_store32_release(&q.db->cq_head, heads[i]);
		rig_submit(&q, &d);
		for (unsigned int k = 0; k < 100; k++)
			sdev_step(q.file, q.index);
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert_int_eq(rig_queue_op(&q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(fence)
{
	struct stepper s;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;

	rig_open_config(&rig, &plain, 64);
	for (uint32_t i = 0; i < 3; i++) {
		d = rig_noop(i);
		d.flags = i == 1 ? SDEV_F_FENCE : 0;
		rig_put(&rig.q, &d);
	}
	rig_ring(&rig.q);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 1);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(rig_wait(&rig.q).tag, i);

	/* one thread is at a long job; the fence behind it has to wait for it */
	d = long_job(3);
	rig_submit(&rig.q, &d);
	stepper_start(&s, &rig.q, 1);
	wait_value(&rig.q.db->sq_head, 4);
	d = rig_noop(4);
	d.flags = SDEV_F_FENCE;
	rig_submit(&rig.q, &d);
	cpl = rig_wait(&rig.q);
	ck_assert_uint_eq(cpl.tag, 3);
	rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_uint_eq(rig_wait(&rig.q).tag, 4);
	stepper_join(&s);
	rig_close(&rig);
}
END_TEST

/* Two threads and the poller on one queue: each descriptor once. */
START_TEST(shared_queue)
{
	enum { TOTAL = 20000 };
	static uint8_t seen[TOTAL];
	struct stepper s[2];
	struct rig rig;
	uint32_t sent = 0;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	stepper_start(&s[0], &rig.q, 0);
	stepper_start(&s[1], &rig.q, 0);
	for (uint32_t got = 0; got < TOTAL; got++) {
		struct sdev_cpl cpl;

		while (sent < TOTAL && sent - got < rig.q.depth) {
			struct sdev_desc d = rig_noop(sent);

			d.flags = sent % 100 == 99 ? SDEV_F_FENCE : 0;
			rig_put(&rig.q, &d);
			sent++;
		}
		rig_ring(&rig.q);
		cpl = rig_wait(&rig.q);
		rig_assert(cpl, SDEV_ST_DONE, SDEV_DONE_ALL);
		ck_assert_uint_lt(cpl.tag, sent);
		ck_assert_uint_eq(seen[cpl.tag]++, 0);
		if (cpl.tag % 100 == 99)	/* nothing before the fence comes after it */
			ck_assert_uint_ge(got, cpl.tag);
	}
	stepper_join(&s[0]);
	stepper_join(&s[1]);
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->sq_head), TOTAL);
	rig_close(&rig);
}
END_TEST

START_TEST(stop)
{
	struct rig rig;
	struct sdev_cpl cpl;

	rig_open_config(&rig, &plain, 8);
	for (uint32_t i = 0; i < 12; i++) {
		struct sdev_desc d = rig_noop(i);

		rig_put(&rig.q, &d);
		if (i == 3) {
			rig_ring(&rig.q);
			ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 4);
		}
	}
	rig_ring(&rig.q);
	ck_assert_int_eq(rig_queue_op(&rig.q, SDEV_ADMIN_QUEUE_STOP), 0);
	ck_assert_int_eq(rig_queue_op(&rig.q, SDEV_ADMIN_QUEUE_STOP), 0);
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->state), SDEV_QUEUE_STOPPED);
	for (uint32_t i = 0; i < 12; i++) {
		cpl = rig_wait(&rig.q);
		ck_assert_uint_eq(cpl.tag, i);
		rig_assert(cpl, i < 4 ? SDEV_ST_DONE : SDEV_ST_CANCELLED, 0);
	}
	rig_submit(&rig.q, &(struct sdev_desc){ .opcode = SDEV_OP_NOOP });
	ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 0);
	ck_assert_int_eq(rig_queue_op(&rig.q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	rig_close(&rig);
}
END_TEST

/* Stopping cuts a long job between two of its pieces. */
START_TEST(stop_running)
{
	struct stepper s;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;

	rig_open_config(&rig, &plain, 8);
	/* A stream takes pieces by nature. */
	d = (struct sdev_desc){
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 9,
		.comp.window = SDEV_WIN_32K,
	};
	cpl = rig_run(&rig.q, &d);
	d = long_job(1);
	d.object = cpl.object;
	rig_submit(&rig.q, &d);
	stepper_start(&s, &rig.q, 1);
	wait_value(&rig.q.db->sq_head, 2);
	ck_assert_int_eq(rig_queue_op(&rig.q, SDEV_ADMIN_QUEUE_STOP), 0);
	cpl = rig_wait(&rig.q);
	rig_assert(cpl, SDEV_ST_CANCELLED, 0);
	ck_assert_uint_lt(cpl.consumed, sizeof(long_src));
	stepper_join(&s);
	rig_close(&rig);
}
END_TEST

/* ---- binding -------------------------------------------------------------------------- */

START_TEST(binding)
{
	const uint32_t clean = VFIO_SVM_PASID_RELEASE_CLEAN;
	const uint32_t flushed = VFIO_SVM_PASID_RELEASE_FLUSHED;
	struct vfio_device_svm svm = { .argsz = sizeof(svm) - 1 };
	struct sdev_file *other;
	struct rig_queue foreign;
	struct sdev_desc d = rig_noop(1);
	struct rig rig;
	uint32_t pasid;

	rig_open_config(&rig, &plain, 8);
	ck_assert_uint_ge(rig.pasid, 1);
	ck_assert_uint_lt(rig.pasid, 1 << 20);

	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_BIND_TASK, &svm), -EINVAL);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_UNBIND_TASK, &svm), -EINVAL);
	svm.argsz = sizeof(svm);
	svm.flags = 1;
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_BIND_TASK, &svm), -EINVAL);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, clean | flushed), -EINVAL);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, 4), -EINVAL);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid + 1, clean), -ENOENT);
	ck_assert_int_eq(rig_unbind(rig.file, 0, clean), -ENOENT);
	ck_assert_int_eq(rig_unbind(rig.file, 1 << 20, clean), -ENOENT);
	ck_assert_int_eq(rig_unbind(rig.file, UINT32_MAX, clean), -ENOENT);

	/* the same again, counted */
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	ck_assert_uint_eq(pasid, rig.pasid);
	ck_assert_int_eq(rig_unbind(rig.file, pasid, clean), 0);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);

	/* another file: another PASID, and no use of the first one's */
	ck_assert_int_eq(sdev_open(rig.dev, &other), 0);
	ck_assert_int_eq(rig_unbind(other, rig.pasid, clean), -EPERM);
	ck_assert_int_eq(rig_bind(other, &pasid), 0);
	ck_assert_uint_ne(pasid, rig.pasid);
	ck_assert_int_eq(rig_queue_make(other, rig.pasid, 8, &foreign), 0);
	rig_assert(rig_run(&foreign, &d), SDEV_ST_NO_PASID, 0);
	sdev_close(other);

	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, flushed), 0);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_NO_PASID, 0);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, clean), -ENOENT);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	rig_close(&rig);
}
END_TEST

/* Until a stream's owner unbinds; its handle is good for nobody else afterwards. */
START_TEST(unbind_ends_streams)
{
	struct sdev_desc d = {
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 1,
	};
	struct rig rig;
	struct rig_queue q;
	struct sdev_cpl cpl;
	uint32_t pasid;

	rig_open_config(&rig, &plain, 8);
	cpl = rig_run(&rig.q, &d);
	rig_assert(cpl, SDEV_ST_DONE, 0);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, VFIO_SVM_PASID_RELEASE_CLEAN), 0);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), 0);
	ck_assert_int_eq(rig_queue_make(rig.file, pasid, 8, &q), 0);
	d = (struct sdev_desc){ .opcode = SDEV_OP_STREAM_RESET, .object = cpl.object };
	rig_assert(rig_run(&q, &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	rig_close(&rig);
}
END_TEST

/* A clean one comes back; one that nobody vouched for does not. */
START_TEST(pasids_used_up)
{
	const uint32_t count = (1 << 20) - 1;
	static uint8_t seen[1 << 20];
	struct sdev *dev;
	struct sdev_file *f, *g;
	uint32_t pasid, none;

	if (rig_valgrind())
		return;
	ck_assert_int_eq(sdev_create(&plain, &dev), 0);
	ck_assert_int_eq(sdev_open(dev, &f), 0);
	ck_assert_int_eq(sdev_open(dev, &g), 0);
	for (uint32_t i = 0; i < count - 1; i++) {
		ck_assert_int_eq(rig_bind(f, &pasid), 0);
		if (seen[pasid]++)
			ck_abort_msg("PASID %u given out twice", pasid);
		ck_assert_int_eq(rig_unbind(f, pasid, 0), 0);
	}
	for (unsigned int i = 0; i < 10; i++) {
		uint32_t flag = i % 2 ? VFIO_SVM_PASID_RELEASE_CLEAN :
					VFIO_SVM_PASID_RELEASE_FLUSHED;

		ck_assert_int_eq(rig_bind(f, &pasid), 0);
		ck_assert_int_eq(rig_bind(g, &none), -ENOSPC);
		ck_assert_int_eq(rig_unbind(f, pasid, flag), 0);
	}
	ck_assert_int_eq(rig_bind(f, &pasid), 0);
	sdev_close(f);		/* nobody has vouched for it */
	ck_assert_int_eq(rig_bind(g, &none), -ENOSPC);
	sdev_close(g);
	sdev_destroy(dev);
}
END_TEST

/* Unbinding waits for the job that is at it, and what follows finds no bond. */
START_TEST(unbind_while_running)
{
	struct stepper s;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;

	rig_open_config(&rig, &plain, 8);
	d = long_job(1);
	rig_submit(&rig.q, &d);
	stepper_start(&s, &rig.q, 1);
	wait_value(&rig.q.db->sq_head, 1);
	d = rig_noop(2);
	rig_submit(&rig.q, &d);
	ck_assert_int_eq(rig_unbind(rig.file, rig.pasid, VFIO_SVM_PASID_RELEASE_CLEAN), 0);
	ck_assert(rig_take(&rig.q, &cpl));
	rig_assert(cpl, SDEV_ST_DONE, 0);
	rig_assert(rig_wait(&rig.q), SDEV_ST_NO_PASID, 0);
	stepper_join(&s);
	rig_close(&rig);
}
END_TEST

/* ---- reset and isolation ---------------------------------------------------------------- */

static void *reset_main(void *arg)
{
	struct rig *rig = arg;

	ck_assert_int_eq(sdev_ioctl(rig->file, VFIO_DEVICE_RESET, NULL), 0);
	return NULL;
}

/* A long job is under way, the ring is full; every descriptor has its completion. */
START_TEST(reset_full_ring)
{
	pthread_t thread;
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	bool seen[64] = { false };
	unsigned int resets = 0;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	for (uint32_t i = 0; i < 64; i++) {
		d = i ? rig_noop(i) : long_job(i);
		d.flags = i == 1 ? SDEV_F_FENCE : 0;
		rig_put(&rig.q, &d);
	}
	rig_ring(&rig.q);
	ck_assert_int_eq(pthread_create(&thread, NULL, reset_main, &rig), 0);
	for (uint32_t i = 0; i < 64; i++) {
		cpl = rig_wait(&rig.q);
		ck_assert_uint_lt(cpl.tag, 64);
		ck_assert(!seen[cpl.tag]);
		seen[cpl.tag] = true;
		if (rig_status(&cpl) == SDEV_ST_RESET)
			resets++;
		else
			rig_assert(cpl, SDEV_ST_DONE, 0);
	}
	pthread_join(thread, NULL);
	ck_assert_uint_eq(rig.q.status->reset_count, 1);
	ck_assert_uint_eq(rig.q.status->state, SDEV_DEV_RUNNING);
	ck_assert_int_eq(resets <= 64, 1);
	d = rig_noop(99);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	rig_close(&rig);
}
END_TEST

/* With nobody at work the outcome is exact; credit for completions is not exceeded. */
START_TEST(reset_waiting)
{
	struct rig rig;
	struct sdev_desc d;
	struct sdev_cpl cpl;
	uint32_t object;

	rig_open_config(&rig, &plain, 8);
	d = (struct sdev_desc){
		.opcode = SDEV_OP_STREAM_OPEN, .dir = SDEV_OP_COMPRESS, .comp.level = 1,
	};
	object = rig_run(&rig.q, &d).object;
	for (uint32_t i = 0; i < 12; i++) {
		d = rig_noop(i);
		rig_put(&rig.q, &d);
		if (i == 5) {
			rig_ring(&rig.q);
			ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 6);
		}
	}
	rig_ring(&rig.q);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_RESET, NULL), 0);
	d = rig_noop(12);
	for (uint32_t i = 0; i < 13; i++) {
		cpl = rig_wait(&rig.q);
		if (!i)
			rig_submit(&rig.q, &d);
		ck_assert_uint_eq(cpl.tag, i);
		rig_assert(cpl, i >= 6 && i < 12 ? SDEV_ST_RESET : SDEV_ST_DONE, 0);
	}
	d = (struct sdev_desc){ .opcode = SDEV_OP_STREAM_RESET, .object = object };
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_MALFORMED, SDEV_BAD_OBJECT);
	rig_close(&rig);
}
END_TEST

START_TEST(isolation)
{
	struct sdev_config config = plain;
	struct sdev_desc d = rig_noop(1);
	struct rig rig;
	struct rig_queue q;
	uint32_t pasid, limit = 2;

	config.isolate = 2;
	rig_open_config(&rig, &config, 8);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_RESET, NULL), 0);
		rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	}
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_RESET, NULL), 0);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_STATE), SDEV_DEV_ISOLATED);
	ck_assert_uint_eq(rig.q.status->state, SDEV_DEV_ISOLATED);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_FAILURES), 3);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_RESET, 0);
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &q), -EIO);
	ck_assert_int_eq(rig_bind(rig.file, &pasid), -EIO);
	ck_assert_int_eq(sdev_ioctl(rig.file, VFIO_DEVICE_RESET, NULL), 0);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_STATE), SDEV_DEV_ISOLATED);

	/* taken back into service */
	ck_assert_int_eq(sdev_write(rig.file, &limit, 4, SDEV_REG_ISOLATE), 4);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_FAILURES), 0);
	rig_assert(rig_run(&rig.q, &d), SDEV_ST_DONE, SDEV_DONE_ALL);
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &q), 0);
	rig_close(&rig);
}
END_TEST

/* ---- engine threads -------------------------------------------------------------------- */

START_TEST(park_and_kick)
{
	const struct sdev_config config = {
		.max_queues = 4, .guard = -1, .engine_threads = _i, .spin_ns = 1000,
	};
	struct rig rig;
	struct sdev_cpl cpl;

	rig_open_config(&rig, &config, 8);
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_ENGINES), (uint32_t)_i);
	for (uint32_t i = 0; i < 200; i++) {
		struct sdev_desc d = rig_noop(i);

		/* nobody polls here: the kick alone has to do it */
		if (i % 10 == 0)
			wait_value(&rig.q.status->need_kick, 1);
		rig_submit(&rig.q, &d);
		while (!rig_take(&rig.q, &cpl))
			sched_yield();
		ck_assert_uint_eq(cpl.tag, i);
	}
	wait_value(&rig.q.status->need_kick, 1);
	rig_close(&rig);
}
END_TEST

/* Sleep on the eventfd as a waiter would. */
START_TEST(sleep_on_irq)
{
	const struct sdev_config config = {
		.max_queues = 4, .guard = -1, .engine_threads = 2,
	};
	int fd = eventfd(0, EFD_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct rig rig;
	struct sdev_cpl cpl;

	rig_open_config(&rig, &config, 8);
	ck_assert_int_eq(rig_irq_set(&rig, rig.q.index, 1, fd, -1), 0);
	for (uint32_t i = 0; i < 300; i++) {
		struct sdev_desc d = rig_noop(i);

		rig_submit(&rig.q, &d);
		while (!rig_take(&rig.q, &cpl)) {
			wdi_io_store32(&rig.q.db->irq_arm, 1);
			wdi_io_sleep_barrier();
			if (rig_peek(&rig.q, &cpl))
				continue;
			ck_assert_int_eq(poll(&p, 1, -1), 1);
			rig_fd_ready(fd);
		}
		ck_assert_uint_eq(cpl.tag, i);
	}
	rig_close(&rig);
	close(fd);
}
END_TEST

/* The same on the word in the doorbell. */
START_TEST(sleep_on_word)
{
	const struct sdev_config config = {
		.max_queues = 4, .guard = -1, .engine_threads = 2,
	};
	struct rig rig;
	struct sdev_cpl cpl;

	rig_open_config(&rig, &config, 8);
	for (uint32_t i = 0; i < 300; i++) {
		struct sdev_desc d = rig_noop(i);

		rig_submit(&rig.q, &d);
		while (!rig_take(&rig.q, &cpl)) {
			wdi_io_store32(&rig.q.db->wake_arm, 1);
			wdi_io_sleep_barrier();
			if (rig_peek(&rig.q, &cpl))
				continue;
			ck_assert(wdi_futex_wait(&rig.q.db->wake_arm, 1, WDI_NEVER, false));
		}
		ck_assert_uint_eq(cpl.tag, i);
	}
	rig_close(&rig);
}
END_TEST

/* An engine that parks with a fence in front of it is woken when the fence opens. */
START_TEST(fence_wakes)
{
	const struct sdev_config config = { .max_queues = 4, .guard = -1, .engine_threads = 1 };
	struct stepper s;
	struct rig rig;
	struct sdev_desc d;

	rig_open_config(&rig, &config, 8);
	wait_value(&rig.q.status->need_kick, 1);
	d = long_job(1);
	rig_put(&rig.q, &d);
	wdi_io_store32_release(&rig.q.db->sq_tail, rig.q.tail);
	stepper_start(&s, &rig.q, 1);
	wait_value(&rig.q.db->sq_head, 1);
	d = rig_noop(2);
	d.flags = SDEV_F_FENCE;
	rig_submit(&rig.q, &d);
	for (uint32_t i = 1; i <= 2; i++) {
		struct sdev_cpl cpl;

		while (!rig_take(&rig.q, &cpl))
			sched_yield();
		ck_assert_uint_eq(cpl.tag, i);
	}
	stepper_join(&s);
	rig_close(&rig);
}
END_TEST

static int set_polled(struct rig_queue *q, uint32_t on, uint32_t reserved)
{
	struct sdev_admin cmd = {
		.op = SDEV_ADMIN_QUEUE_POLLED, .queue = q->index,
		.polled = { .on = on, .reserved = { 0, 0, 0, reserved } },
	};

	return rig_admin(q->file, &cmd);
}

/* Threads that are awake take what stands in other queues, and leave this one to its client. */
START_TEST(polled_queue)
{
	const struct sdev_config config = { .max_queues = 4, .guard = -1, .engine_threads = 2 };
	struct sdev_desc d = rig_noop(7);
	struct rig_queue other;
	struct sdev_cpl cpl;
	struct rig rig;

	rig_open_config(&rig, &config, 8);
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &other), 0);
	ck_assert_int_eq(set_polled(&rig.q, 2, 0), -EINVAL);
	ck_assert_int_eq(set_polled(&rig.q, 1, 1), -EINVAL);
	ck_assert_int_eq(set_polled(&rig.q, 1, 0), 0);
	rig_submit(&rig.q, &d);
	for (uint32_t i = 0; i < 50; i++) {
		d = rig_noop(i);
		rig_submit(&other, &d);
		while (!rig_take(&other, &cpl))
			sched_yield();
	}
	ck_assert(!rig_peek(&rig.q, &cpl));
	ck_assert_uint_eq(wdi_io_load32(&rig.q.db->sq_head), 0);
	ck_assert_uint_eq(sdev_step(rig.file, rig.q.index), 1);
	ck_assert(rig_take(&rig.q, &cpl));
	ck_assert_uint_eq(cpl.tag, 7);
	/* What stands there when it ends is begun. */
	rig_submit(&rig.q, &d);
	ck_assert_int_eq(set_polled(&rig.q, 0, 0), 0);
	while (!rig_take(&rig.q, &cpl))
		sched_yield();
	/* The next queue of this number knows nothing of it. */
	ck_assert_int_eq(set_polled(&rig.q, 1, 0), 0);
	ck_assert_int_eq(rig_queue_op(&rig.q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	ck_assert_int_eq(set_polled(&rig.q, 1, 0), -ENOENT);
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 8, &rig.q), 0);
	rig_submit(&rig.q, &d);
	while (!rig_take(&rig.q, &cpl))
		sched_yield();
	rig_close(&rig);
}
END_TEST

/*
 * A child of fork() gets the locks of libcrypto as they are: whatever a thread has begun when the
 * fork is announced is complete when it may happen, and nothing begins until it is over.
 */
START_TEST(fork_held)
{
	const struct sdev_config config = { .max_queues = 4, .guard = -1, .engine_threads = 2 };
	static const uint8_t key[16] = "sixteen bytes, s";
	struct sdev_cpl cpl;
	struct rig rig;

	rig_open_config(&rig, &config, 8);
	for (uint32_t i = 0; i < 100; i++) {
		struct sdev_slot slot = { .desc = {
			.opcode = SDEV_OP_SESSION_OPEN, .tag = i, .src_va = (uintptr_t)key,
			.src_len = sizeof(key), .session = { .alg = SDEV_ALG_AES_CBC },
		} };
		bool there;

		rig.q.sq[rig.q.tail % rig.q.depth] = slot;
		rig.q.tail++;
		rig_ring(&rig.q);
		sdev_fork_hold(rig.dev);
		there = rig_peek(&rig.q, &cpl);
		for (int turns = 0; turns < 20; turns++)
			sched_yield();
		ck_assert(there == rig_peek(&rig.q, &cpl));
		sdev_fork_go_on(rig.dev);
		while (!rig_take(&rig.q, &cpl))
			sched_yield();
		ck_assert_uint_eq(SDEV_CPL_STATUS(cpl.end), SDEV_ST_DONE);
		slot.desc = (struct sdev_desc){ .opcode = SDEV_OP_SESSION_CLOSE, .object = cpl.object };
		rig_run(&rig.q, &slot.desc);
	}
	rig_close(&rig);
}
END_TEST

static void *client_main(void *arg)
{
	struct rig_queue *q = arg;

	for (uint32_t i = 0; i < 3000; i++) {
		struct sdev_desc d = rig_noop(i);
		struct sdev_cpl cpl;

		rig_submit(q, &d);
		while (!rig_take(q, &cpl))
			sched_yield();
		ck_assert_uint_eq(cpl.tag, i);
	}
	return NULL;
}

/* Clients that never step: whatever threads park and wake, no doorbell is lost. */
START_TEST(no_doorbell_lost)
{
	const struct sdev_config config = {
		.max_queues = 100, .guard = -1, .engine_threads = 3, .spin_ns = 2000,
	};
	struct rig_queue q[3];
	pthread_t thread[3];
	struct rig rig;

	rig_open_config(&rig, &config, 8);
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int skip = 0; skip < 30; skip++)
			ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, 4, &q[i]), 0);
		ck_assert_int_eq(pthread_create(&thread[i], NULL, client_main, &q[i]), 0);
	}
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	rig_close(&rig);
}
END_TEST

/* Queues and files come and go under the eyes of engines that scan for work. */
static void *churn_main(void *arg)
{
	struct sdev *dev = arg;

	for (unsigned int i = 0; i < 200; i++) {
		struct sdev_desc d = rig_noop(i);
		struct sdev_file *file;
		struct rig_queue q[2];
		uint32_t pasid;

		ck_assert_int_eq(sdev_open(dev, &file), 0);
		ck_assert_int_eq(rig_bind(file, &pasid), 0);
		for (unsigned int k = 0; k < 2; k++) {
			ck_assert_int_eq(rig_queue_make(file, pasid, 2u << i % 4, &q[k]), 0);
			rig_submit(&q[k], &d);
		}
		rig_run(&q[0], &d);
		if (i % 2)
			ck_assert_int_eq(rig_queue_op(&q[0], SDEV_ADMIN_QUEUE_DESTROY), 0);
		if (i % 3 == 0)
			ck_assert_int_eq(rig_unbind(file, pasid, VFIO_SVM_PASID_RELEASE_CLEAN), 0);
		sdev_close(file);
	}
	return NULL;
}

START_TEST(churn)
{
	const struct sdev_config config = { .guard = -1, .engine_threads = 2, .spin_ns = 5000 };
	pthread_t thread[3];
	struct sdev *dev;

	ck_assert_int_eq(sdev_create(&config, &dev), 0);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, churn_main, dev), 0);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	sdev_destroy(dev);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device");
	TCase *tcase = tcase_create("device");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, queue_errors);
	tcase_add_loop_test(tcase, many_laps, 0, RIG_MODES);
	tcase_add_test(tcase, ring_full);
	tcase_add_loop_test(tcase, hostile_tail, 0, RIG_MODES);
	tcase_add_loop_test(tcase, hostile_head, 0, RIG_MODES);
	tcase_add_test(tcase, fence);
	tcase_add_loop_test(tcase, shared_queue, 0, RIG_MODES);
	tcase_add_test(tcase, stop);
	tcase_add_test(tcase, stop_running);
	tcase_add_test(tcase, binding);
	tcase_add_test(tcase, unbind_ends_streams);
	tcase_add_test(tcase, pasids_used_up);
	tcase_add_test(tcase, unbind_while_running);
	tcase_add_loop_test(tcase, reset_full_ring, 0, RIG_MODES);
	tcase_add_test(tcase, reset_waiting);
	tcase_add_test(tcase, isolation);
	tcase_add_loop_test(tcase, park_and_kick, 1, 4);
	tcase_add_test(tcase, sleep_on_irq);
	tcase_add_test(tcase, sleep_on_word);
	tcase_add_test(tcase, fence_wakes);
	tcase_add_test(tcase, polled_queue);
	tcase_add_test(tcase, fork_held);
	tcase_add_test(tcase, no_doorbell_lost);
	tcase_add_test(tcase, churn);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
