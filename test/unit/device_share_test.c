/* SPDX-License-Identifier: MIT */
/*
 * Queues whose client is another process: memory that it can map, of one life of the
 * queue and no other. The other process's mapping is a second one of this process here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "device_rig.h"
#include "util/clock.h"
#include "util/futex.h"

#define DEPTH	64u
#define JOBS	200u

/* The client's side: @q through memory of its own. */
struct client {
	struct rig_queue q;
	uint8_t *base;
	size_t len;
};

static int share(struct sdev_file *file, uint32_t queue)
{
	int fd = -1;

	ck_assert_int_eq(sdev_queue_share(file, queue, &fd), 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	return fd;
}

static void client_open(struct client *c, struct sdev_file *file, uint32_t pasid)
{
	uint32_t max = rig_reg32(file, SDEV_REG_MAX_DEPTH);
	struct stat st;
	int fd;

	ck_assert_int_eq(rig_queue_make(file, pasid, DEPTH, &c->q), 0);
	fd = share(file, c->q.index);
	ck_assert_int_eq(fstat(fd, &st), 0);
	c->len = (size_t)st.st_size;
	ck_assert_uint_eq(c->len, SDEV_PAGE_SIZE + SDEV_DUS_STRIDE(max));
	c->base = mmap(NULL, c->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(c->base, MAP_FAILED);
	close(fd);
	c->q.db = (void *)c->base;
	c->q.sq = (void *)(c->base + SDEV_PAGE_SIZE);
	c->q.cq = (void *)(c->base + SDEV_PAGE_SIZE + SDEV_DUS_CQ_OFF(max));
	ck_assert_uint_eq(wdi_io_load32(&c->q.db->state), SDEV_QUEUE_RUNNING);
}

static void client_runs(struct client *c, uint32_t jobs)
{
	for (uint32_t tag = 1; tag <= jobs; tag++) {
		struct sdev_desc d = { .opcode = SDEV_OP_NOOP, .tag = tag };

		rig_assert(rig_run(&c->q, &d), SDEV_ST_DONE, 0);
	}
}

START_TEST(works_through_it)
{
	struct client c[2];
	struct rig rig;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	client_open(&c[0], rig.file, rig.pasid);
	client_open(&c[1], rig.file, rig.pasid);
	client_runs(&c[0], JOBS);
	client_runs(&c[1], JOBS);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_queue_op(&c[i].q, SDEV_ADMIN_QUEUE_DESTROY), 0);
		munmap(c[i].base, c[i].len);
	}
	rig_close(&rig);
}
END_TEST

/* Who sleeps on the word of such a doorbell need not be of the device's process. */
START_TEST(word_of_both)
{
	struct client c;
	struct rig rig;
	struct sdev_cpl cpl;

	rig_open(&rig, 3);
	client_open(&c, rig.file, rig.pasid);
	for (uint32_t i = 0; i < JOBS; i++) {
		struct sdev_desc d = { .opcode = SDEV_OP_NOOP, .tag = i };

		rig_submit(&c.q, &d);
		while (!rig_take(&c.q, &cpl)) {
			wdi_io_store32(&c.q.db->wake_arm, 1);
			wdi_io_sleep_barrier();
			if (!rig_peek(&c.q, &cpl))
				ck_assert(wdi_futex_wait(&c.q.db->wake_arm, 1, WDI_NEVER, true));
		}
		ck_assert_uint_eq(cpl.tag, i);
	}
	munmap(c.base, c.len);
	rig_close(&rig);
}
END_TEST

/*
 * A client that does not know yet that its queue is gone reads what was there last, and
 * writes where nobody looks, also when a queue of the same number is somebody else's.
 */
START_TEST(late_client)
{
	struct client old, next;
	struct rig_queue own;
	struct rig rig;
	uint8_t *was;

	if (rig_skip(_i))
		return;
	rig_open(&rig, _i);
	client_open(&old, rig.file, rig.pasid);
	client_runs(&old, JOBS);
	was = malloc(old.len);
	ck_assert_ptr_nonnull(was);
	memcpy(was, old.base, old.len);
	ck_assert_int_eq(rig_queue_op(&old.q, SDEV_ADMIN_QUEUE_DESTROY), 0);
	ck_assert_uint_eq(wdi_io_load32(&old.q.db->state), SDEV_QUEUE_FREE);
	ck_assert(!memcmp(was + SDEV_PAGE_SIZE, old.base + SDEV_PAGE_SIZE,
			  old.len - SDEV_PAGE_SIZE));

	/* The device's own client has the number, and then another process. */
	ck_assert_int_eq(rig_queue_make(rig.file, rig.pasid, DEPTH, &own), 0);
	ck_assert_uint_eq(own.index, old.q.index);
	memset(old.base, 0xff, old.len);
	for (uint32_t tag = 0; tag < JOBS; tag++) {
		struct sdev_desc d = { .opcode = SDEV_OP_NOOP, .tag = tag };

		rig_assert(rig_run(&own, &d), SDEV_ST_DONE, 0);
	}
	ck_assert_int_eq(rig_queue_op(&own, SDEV_ADMIN_QUEUE_DESTROY), 0);
	client_open(&next, rig.file, rig.pasid);
	ck_assert_uint_eq(next.q.index, old.q.index);
	client_runs(&next, JOBS);
	for (size_t i = 0; i < old.len; i++)
		ck_assert_uint_eq(old.base[i], 0xff);
	free(was);
	munmap(old.base, old.len);
	munmap(next.base, next.len);
	rig_close(&rig);
}
END_TEST

START_TEST(refused)
{
	struct sdev_file *other;
	struct client c;
	struct rig rig;
	int fd = -1;

	rig_open(&rig, 2);
	client_open(&c, rig.file, rig.pasid);
	ck_assert_int_eq(sdev_queue_share(rig.file, c.q.index, &fd), -EBUSY);
	ck_assert_int_eq(sdev_queue_share(rig.file, 7, &fd), -ENOENT);
	ck_assert_int_eq(sdev_queue_share(rig.file, 8, &fd), -ENOENT);
	ck_assert_int_eq(sdev_open(rig.dev, &other), 0);
	ck_assert_int_eq(sdev_queue_share(other, c.q.index, &fd), -ENOENT);
	ck_assert_int_eq(fd, -1);
	sdev_close(other);
	munmap(c.base, c.len);
	rig_close(&rig);
}
END_TEST

/* Queues come and go; the device ends up as it was. */
START_TEST(nothing_is_kept)
{
	uint32_t before;
	struct client c;
	struct rig rig;

	rig_open(&rig, 2);
	before = rig_reg32(rig.file, SDEV_REG_FREE_QUEUES);
	for (int i = 0; i < 2000; i++) {
		client_open(&c, rig.file, rig.pasid);
		client_runs(&c, 1);
		ck_assert_int_eq(rig_queue_op(&c.q, SDEV_ADMIN_QUEUE_DESTROY), 0);
		munmap(c.base, c.len);
	}
	ck_assert_uint_eq(rig_reg32(rig.file, SDEV_REG_FREE_QUEUES), before);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_share");
	TCase *tcase = tcase_create("share");

	/* Where the kernel's pages are larger than a doorbell's nothing can be shared. */
	if (sysconf(_SC_PAGESIZE) > SDEV_PAGE_SIZE) {
		printf("1..0 # SKIP pages are larger than a doorbell's\n");
		return 0;
	}
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, works_through_it, 0, RIG_MODES);
	tcase_add_test(tcase, word_of_both);
	tcase_add_loop_test(tcase, late_client, 0, RIG_MODES);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, nothing_is_kept);
	suite_add_tcase(suite, tcase);
	return rig_main(suite);
}
